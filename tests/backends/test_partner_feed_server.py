"""Streams of events behind a real gunicorn and the real gateway: what only connections show."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from deploy.local.composition import CADDYFILE
from deploy.local.ports import free_ports
from services.notify.partners.cursors import cursor_of
from tests.builders.partner_log import a_partner_event, as_logged, logged, many
from tests.server import Server, head
from tests.web import Web, running

CHANNEL = "app_pocket_12333"
STREAM = "/v1/events/stream"


@pytest.fixture
def server(mongo_url: str, tmp_path: Path) -> Iterator[Server]:
    with running("notify", mongo_url, tmp_path) as web:
        server = Server(web, tmp_path, {"TIAOJIE_FEED_READERS": "2"}, stall_seconds=0.3)
        try:
            server.wait()
            yield server
        finally:
            with contextlib.suppress(ProcessLookupError):
                server.stop()


@contextlib.contextmanager
def gateway(server: Server, folder: Path) -> Iterator[str]:
    """The address of a gateway whose notify this is."""
    (port,) = free_ports(1)
    nobody = {f"{name}_UPSTREAM": "127.0.0.1:1" for name in ("INTAKE", "ROUTING", "QUERY")}
    environment = {
        **os.environ,
        **nobody,
        "NOTIFY_UPSTREAM": f"127.0.0.1:{server.port}",
        "GATEWAY_PORT": str(port),
        "GATEWAY_BIND": "127.0.0.1",
        "XDG_CONFIG_HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
    }
    caddy = Path(sys.executable).with_name("caddy")
    with (folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen(
            [caddy, "run", "--config", CADDYFILE, "--adapter", "caddyfile"],
            env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        answered(f"{url}/notify/readyz", {}, 200)
        yield url
    finally:
        process.kill()
        process.wait(10)


def answered(url: str, headers: dict[str, str], status: int) -> None:
    """Ask until the answer has this status."""
    ends = time.monotonic() + 20
    while True:
        with (
            contextlib.suppress(requests.ConnectionError),
            requests.get(url, headers=headers, timeout=10, stream=True) as answer,
        ):
            if answer.status_code == status:
                return
        assert time.monotonic() < ends, "it was not answered so in time"
        time.sleep(0.1)


def partner(web: Web) -> dict[str, str]:
    return web.token("partner", channel=CHANNEL)


def lines(answer: Any) -> Iterator[str]:
    """The lines of a stream as they arrive, without those that end a block."""
    found = answer.iter_lines(chunk_size=1, decode_unicode=True)
    return (line for line in found if line)


def test_through_the_gateway_each_event_arrives_when_it_happens(
    server: Server, tmp_path: Path
) -> None:
    with (
        gateway(server, tmp_path) as url,
        requests.get(f"{url}{STREAM}", headers=partner(server.web), stream=True, timeout=20) as got,
    ):
        assert got.headers["Content-Type"] == "text/event-stream"
        assert got.headers["Cache-Control"] == "no-store"
        stream = lines(got)
        assert next(stream).startswith("retry:")
        for position in (1, 2):
            (wanted,) = logged(server.web.database, a_partner_event())
            assert next(stream) == f"id: {cursor_of(position)}"
            assert next(stream) == "event: cn.tiaojie.case.accepted.v1"
            assert orjson.loads(next(stream).removeprefix("data: "))["id"] == wanted


def test_through_the_gateway_who_waits_is_answered_when_something_happens(
    server: Server, tmp_path: Path
) -> None:
    headers = partner(server.web)
    with gateway(server, tmp_path) as url, ThreadPoolExecutor(1) as pool:
        now = requests.get(f"{url}/v1/events?after=now", headers=headers, timeout=20).json()
        waiting = pool.submit(
            requests.get,
            f"{url}/v1/events?wait=20&after={now['next']}",
            headers=headers,
            timeout=30,
        )
        wanted = logged(server.web.database, a_partner_event())
        assert [event["id"] for event in waiting.result(30).json()["items"]] == wanted


def test_a_stopping_server_ends_its_streams_whole_and_waits_for_none(server: Server) -> None:
    logged(server.web.database, *many(2))
    with requests.get(
        f"{server.url}{STREAM}", headers=partner(server.web), stream=True, timeout=20
    ) as got:
        stream = lines(got)
        found = [next(stream) for _ in range(7)]
        os.kill(server.process.pid, signal.SIGTERM)
        *_, retry, last = [*found, *stream]  # raises if it was cut off
    assert retry.startswith("retry:")
    assert last == f"id: {cursor_of(2)}"
    assert server.process.wait(15) == 0  # the limit is 20 s, the stream's own end 300 s


def test_a_reader_that_takes_nothing_loses_its_place(server: Server) -> None:
    headers = partner(server.web)
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(("127.0.0.1", server.port))
            sock.sendall(head("GET", STREAM, f"Authorization: {headers['Authorization']}"))
            assert sock.recv(500).startswith(b"HTTP/1.1 200")  # it has its place, and reads no more
        answered(f"{server.url}{STREAM}", headers, 503)
        big = as_logged(a_partner_event(), 0)["body"] + b" " * 50_000
        server.web.database.partner_events.insert_many(
            [{**as_logged(a_partner_event(), n), "body": big} for n in range(1, 300)]
        )
        answered(f"{server.url}{STREAM}", headers, 200)
    assert "Traceback" not in server.log.read_text()
