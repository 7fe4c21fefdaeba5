r"""Virus scanning of evidence files: none, or a clamd daemon over its INSTREAM command.

The protocol is clamd(8): `zINSTREAM\0`, then chunks of a 4-byte big-endian length and that many
bytes, ended by a zero length; one NUL-terminated reply.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import IO, Final, Protocol, Self

from services.intake.settings import IntakeSettings
from shared.errors import Permanent, Transient

_CHUNK_BYTES: Final = 256 * 1024
_REPLY_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a scanner says; `threat` is its name for what it found, None for nothing."""

    threat: str | None = None

    @property
    def clean(self) -> bool:
        return self.threat is None


class Scanner(Protocol):
    """Reads a file from where it stands to its end; Transient when the scanner is away."""

    def scan(self, stream: IO[bytes], /) -> Verdict: ...


class NullScanner:
    """Finds nothing: for installations whose scanner stands elsewhere, or development."""

    def scan(self, _stream: IO[bytes], /) -> Verdict:
        return Verdict()


class ClamdScanner:
    """One connection a scan, so nothing is shared between threads and nothing goes stale.

    `address` is `host:port` or `unix:/path`; `timeout_seconds` bounds the whole scan. A scanner
    that is away, slow or confused is Transient: an unscanned file is never accepted.
    """

    def __init__(self, address: str, timeout_seconds: float) -> None:
        self._address = _parse(address)
        self._timeout_seconds = timeout_seconds

    def scan(self, stream: IO[bytes]) -> Verdict:
        deadline = time.monotonic() + self._timeout_seconds
        try:
            with _Connection(self._address, deadline) as connection:
                return _verdict(_converse(connection, stream))
        except OSError as error:
            raise Transient(f"clamd: {type(error).__name__}") from error

    def ready(self) -> bool:
        """Whether clamd answers, for the readiness check."""
        try:
            with _Connection(self._address, time.monotonic() + 2.0) as connection:
                connection.send(b"zPING\0")
                return connection.reply() == "PONG"
        except OSError:
            return False


def scanner_from(settings: IntakeSettings) -> Scanner:
    """The scanner the settings ask for."""
    if settings.scanner == "clamd":
        return ClamdScanner(settings.clamd_address, settings.scan_timeout_seconds)
    return NullScanner()


def _parse(address: str) -> str | tuple[str, int]:
    if address.startswith("unix:"):
        return address.removeprefix("unix:")
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


class _Connection:
    """A socket every call of which ends by the deadline."""

    def __init__(self, address: str | tuple[str, int], deadline: float) -> None:
        self._deadline = deadline
        if isinstance(address, str):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                self._socket.settimeout(self._left())
                self._socket.connect(address)
            except OSError:
                self._socket.close()
                raise
        else:
            self._socket = socket.create_connection(address, self._left())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, message: bytes) -> None:
        self._socket.settimeout(self._left())
        self._socket.sendall(message)

    def reply(self) -> str:
        """One reply without its terminator; "" when clamd closed the connection without one."""
        received = b""
        while b"\0" not in received and len(received) < _REPLY_BYTES:
            self._socket.settimeout(self._left())
            if not (more := self._socket.recv(_REPLY_BYTES)):
                break
            received += more
        return received.partition(b"\0")[0].decode("utf-8", "replace").strip()

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _converse(connection: _Connection, stream: IO[bytes]) -> str:
    try:
        connection.send(b"zINSTREAM\0")
        while chunk := stream.read(_CHUNK_BYTES):
            connection.send(len(chunk).to_bytes(4, "big") + chunk)
        connection.send(bytes(4))
    except (BrokenPipeError, ConnectionResetError):
        # clamd hangs up in the middle of a file above its StreamMaxLength; its reply says so.
        return connection.reply()
    return connection.reply()


def _verdict(reply: str) -> Verdict:
    answer = reply.removeprefix("stream: ")
    if answer == "OK":
        return Verdict()
    if answer.endswith(" FOUND"):
        return Verdict(answer.removesuffix(" FOUND"))
    if "size limit exceeded" in answer:
        raise Permanent("clamd: its StreamMaxLength is below the largest evidence file")
    raise Transient("clamd: no verdict")
