"""A service behind a real gunicorn, with the configuration of every deployment."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import requests

from deploy.local.ports import free_ports
from tests.web import Web

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "deploy" / "gunicorn.conf.py"
STALL_SECONDS = 2
"""As in the configuration, but short."""


class Server:
    """One gunicorn process with few threads; a raw connection to it is `connection()`."""

    def __init__(
        self,
        web: Web,
        folder: Path,
        more: Mapping[str, str] | None = None,
        *,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        """`more` are settings beside those that every service has."""
        self.web = web
        self.log = folder / "gunicorn.log"
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        settings = web.settings
        chosen = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TIAOJIE")},
            "TIAOJIE_SERVICE": web.name,
            "TIAOJIE_WEB_PORT": str(self.port),
            "TIAOJIE_WEB_THREADS": "4",
            "TIAOJIE_ENVIRONMENT": "development",
            "TIAOJIE_DATA_DIR": str(folder),
            "TIAOJIE_MONGO_URL": settings.mongo_url,
            "TIAOJIE_MONGO_PREFIX": settings.mongo_prefix,
            "TIAOJIE_SEALING_KEYS": settings.sealing_keys,
            "TIAOJIE_CONTACT_KEYS": settings.contact_keys,
            "TIAOJIE_RECORD_KEYS": settings.record_keys,
            "TIAOJIE_HASHING_KEY": settings.hashing_key,
            **(more or {}),
        }
        config = folder / "gunicorn.conf.py"
        config.write_text(
            f"{CONFIG.read_text('utf-8')}\nstall_seconds = {stall_seconds}\n", "utf-8"
        )
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--config", str(config)],
                env=chosen,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self) -> None:
        ends = time.monotonic() + 30
        while True:
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return
            assert time.monotonic() < ends, self.log.read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    @contextlib.contextmanager
    def connection(self) -> Iterator[Connection]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=15) as sock:
            yield Connection(sock)


class Connection:
    """A client that writes what it likes and reads answers one after the other."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.file = sock.makefile("rb")

    def send(self, text: bytes) -> None:
        self.sock.sendall(text)

    def answer(self) -> tuple[int, dict[str, str], Any]:
        """Status, headers in lower case and the JSON of the next answer."""
        status = int(self.file.readline().split()[1])
        headers: dict[str, str] = {}
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = self.file.read(int(headers["content-length"]))
        return status, headers, json.loads(body) if body else None


def head(method: str, path: str, *headers: str) -> bytes:
    """A request without a body, as it is written."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()
