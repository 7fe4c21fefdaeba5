"""The clamd adapter speaks INSTREAM to a real socket and never mistakes silence for "clean"."""

from __future__ import annotations

import io
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.intake.scanning import ClamdScanner, NullScanner, scanner_from
from services.intake.settings import IntakeSettings
from shared.errors import Permanent, Transient

SIGNATURE = b"this-is-an-invented-virus"

Answer = Callable[[bytes], bytes]


class _Clamd(socketserver.StreamRequestHandler):
    """INSTREAM and PING as clamd(8) describes them; `answer` decides the verdict."""

    timeout = 10

    def handle(self) -> None:
        command = b""
        while not command.endswith(b"\0"):
            command += self.rfile.read(1)
        if command == b"zPING\0":
            self.wfile.write(b"PONG\0")
            return
        assert command == b"zINSTREAM\0"
        content = b""
        while length := int.from_bytes(self.rfile.read(4), "big"):
            content += self.rfile.read(length)
            if len(content) > self.server.stream_max_length:  # type: ignore[attr-defined]
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.wfile.write(self.server.answer(content))  # type: ignore[attr-defined]


def _by_signature(content: bytes) -> bytes:
    return b"stream: Invented.Test FOUND\0" if SIGNATURE in content else b"stream: OK\0"


class _Server:
    def __init__(self, server: socketserver.BaseServer) -> None:
        self.server = server
        self.answering(_by_signature)

    def answering(self, answer: Answer, stream_max_length: int = 100_000_000) -> None:
        self.server.answer = answer  # type: ignore[attr-defined]
        self.server.stream_max_length = stream_max_length  # type: ignore[attr-defined]


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True


class _Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@pytest.fixture(params=["tcp", "unix"])
def clamd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[_Server, str]]:
    if request.param == "tcp":
        server: socketserver.BaseServer = _Tcp(("127.0.0.1", 0), _Clamd)
        address = f"127.0.0.1:{server.server_address[1]}"  # type: ignore[attr-defined]
    else:
        server = _Unix(str(tmp_path / "c"), _Clamd)
        address = f"unix:{tmp_path / 'c'}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield _Server(server), address
    server.shutdown()
    server.server_close()


def test_a_clean_file_is_clean_and_an_infected_one_is_named(clamd):
    scanner = ClamdScanner(clamd[1], 5)
    assert scanner.scan(io.BytesIO(b"words")).clean
    verdict = scanner.scan(io.BytesIO(b"words " + SIGNATURE))
    assert not verdict.clean
    assert verdict.threat == "Invented.Test"


def test_files_larger_than_the_socket_buffers_arrive_whole(clamd):
    server, address = clamd
    server.answering(lambda content: b"stream: OK\0" if len(content) == 5_000_001 else b"no\0")
    assert ClamdScanner(address, 10).scan(io.BytesIO(bytes(5_000_001))).clean


def test_scanning_starts_where_the_stream_stands_and_ends_at_its_end(clamd):
    stream = io.BytesIO(SIGNATURE + b"words")
    stream.seek(len(SIGNATURE))
    assert ClamdScanner(clamd[1], 5).scan(stream).clean


@pytest.mark.parametrize("reply", [b"", b"\0", b"stream: ERROR\0", b"UNKNOWN COMMAND\0", b"OK"[:1]])
def test_anything_but_a_verdict_is_tried_again_later(clamd, reply):
    server, address = clamd
    server.answering(lambda _: reply)
    with pytest.raises(Transient):
        ClamdScanner(address, 5).scan(io.BytesIO(b"words"))


def test_a_scanner_set_for_smaller_files_is_an_operators_fault(clamd):
    server, address = clamd
    server.answering(_by_signature, stream_max_length=1000)
    with pytest.raises(Permanent, match="StreamMaxLength"):
        ClamdScanner(address, 5).scan(io.BytesIO(bytes(3000)))


def test_a_scanner_that_never_answers_is_given_up_in_time(clamd):
    server, address = clamd
    server.answering(lambda _: time.sleep(4) or b"stream: OK\0")
    started = time.monotonic()
    with pytest.raises(Transient):
        ClamdScanner(address, 0.3).scan(io.BytesIO(b"words"))
    assert time.monotonic() - started < 3


def test_a_scanner_that_trickles_its_answer_cannot_stretch_the_time():
    listener = socket.create_server(("127.0.0.1", 0))

    def trickle() -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                for _ in range(100):
                    connection.sendall(b"s")
                    time.sleep(0.05)
            except OSError:
                return

    thread = threading.Thread(target=trickle, daemon=True)
    thread.start()
    started = time.monotonic()
    with pytest.raises(Transient):
        ClamdScanner(f"127.0.0.1:{listener.getsockname()[1]}", 0.4).scan(io.BytesIO(b"words"))
    assert time.monotonic() - started < 4
    thread.join(5)
    listener.close()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "[::1]:1", "unix:/nowhere/clamd.sock"])
def test_a_scanner_that_is_away_is_an_outage(address):
    scanner = ClamdScanner(address, 1)
    assert not scanner.ready()
    with pytest.raises(Transient):
        scanner.scan(io.BytesIO(b"words"))


def test_readiness_asks_the_scanner(clamd):
    assert ClamdScanner(clamd[1], 5).ready()


def test_the_setting_chooses_the_scanner():
    assert isinstance(scanner_from(IntakeSettings()), NullScanner)
    assert isinstance(scanner_from(IntakeSettings(scanner="clamd")), ClamdScanner)
    assert NullScanner().scan(io.BytesIO(SIGNATURE)).clean
