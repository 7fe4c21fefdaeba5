"""The whole product as real processes against given back-ends: for flow, chaos and load."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from deploy.local.ports import free_ports
from shared.sealing import new_key

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("intake", "routing", "notify", "query")


class System:
    """Web processes and workers of the four services and a dispatcher of webhooks; each web process on
    a free port of loopback."""

    def __init__(
        self, mongo_url: str, amqp_url: str, folder: Path, *, workers: int = 1, **settings: str
    ) -> None:
        self.folder = folder
        self.prefix = f"flow_{secrets.token_hex(4)}_"
        self._workers = workers
        self.ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {
            **os.environ,
            "TIAOJIE_ENVIRONMENT": "development",
            "TIAOJIE_DATA_DIR": str(folder),
            "TIAOJIE_MONGO_URL": mongo_url,
            "TIAOJIE_MONGO_PREFIX": self.prefix,
            "TIAOJIE_AMQP_URL": amqp_url,
            "TIAOJIE_PUBLIC_URL": "http://localhost:8000",
            "TIAOJIE_SEALING_KEYS": f"k1:{new_key()}",
            "TIAOJIE_CONTACT_KEYS": f"c1:{new_key()}",
            "TIAOJIE_RECORD_KEYS": f"r1:{new_key()}",
            "TIAOJIE_HASHING_KEY": new_key(),
            "TIAOJIE_DEMO_DIRECTORY_SEED": "1",
            "TIAOJIE_PARTNER_ALLOW_LOOPBACK": "true",
            "TIAOJIE_QUIET_HOURS": "",  # a test at night waits for messages too
            **{f"TIAOJIE_{name.upper()}": value for name, value in settings.items()},
        }

    def provision(self) -> None:
        for service in SERVICES:
            self.run(service, "provision")

    def run(self, service: str, *arguments: str) -> str:
        """A command of a service to its end; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", f"services.{service}", *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
        return done.stdout.decode()

    def start(self) -> None:
        for service in SERVICES:
            self.start_web(service)
            for number in range(self._workers):
                self.start_worker(service, number)
        self.start_dispatcher()
        self.wait_ready()

    def start_web(self, service: str, processes: int = 1, threads: int = 16) -> None:
        self._spawn(
            f"{service}-web",
            ["-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"],
            TIAOJIE_SERVICE=service,
            TIAOJIE_WEB_PORT=str(self.ports[service]),
            TIAOJIE_WEB_PROCESSES=str(processes),
            TIAOJIE_WEB_THREADS=str(threads),
        )

    def start_worker(self, service: str, number: int = 0) -> None:
        self._spawn(f"{service}-worker-{number}", ["-m", f"services.{service}", "worker"])

    def start_dispatcher(self, number: int = 0) -> None:
        self._spawn(f"notify-dispatcher-{number}", ["-m", "services.notify", "dispatcher"])

    def _spawn(self, name: str, arguments: list[str], **extra: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            [sys.executable, *arguments],
            env={**self.environment, **extra},
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()

    def kill(self, name: str) -> None:
        """kill -9 of a process and its children, as a crash of the machine would."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def stop(self, seconds: float = 30) -> dict[str, int]:
        """SIGTERM for all; their exit statuses."""
        for process in self.processes.values():
            process.terminate()
        statuses = {}
        for name, process in self.processes.items():
            try:
                statuses[name] = process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                statuses[name] = process.wait(10)
        self.processes = {}
        return statuses

    def url(self, service: str, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}{path}"

    def wait_ready(self, seconds: float = 30) -> None:
        ends = time.monotonic() + seconds
        for service in SERVICES:
            while not self._is_ready(service):
                assert time.monotonic() < ends, f"{service} is not ready: {self.logs(service)}"
                time.sleep(0.05)

    def _is_ready(self, service: str) -> bool:
        try:
            with urlopen(self.url(service, "/readyz"), timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def logs(self, service: str) -> str:
        return "\n".join(
            path.read_text()[-2000:] for path in sorted(self.folder.glob(f"{service}-*.log"))
        )

    def call(
        self,
        method: str,
        service: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Status and JSON (or text) of a request to a service's own port."""
        raw = (
            body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        )
        content_type = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        request = Request(
            self.url(service, path),
            data=raw,
            method=method,
            headers={"Content-Type": content_type, **(headers or {})},
        )
        try:
            with urlopen(request, timeout=20) as answer:
                return answer.status, _parsed(answer.read())
        except URLError as error:
            if not hasattr(error, "read"):
                raise
            return error.code, _parsed(error.read())  # type: ignore[attr-defined]

    def token(self, role: str, *arguments: str) -> dict[str, str]:
        """Headers with a token of the development issuer."""
        done = subprocess.run(
            [sys.executable, "-m", "shared.devtoken", "--role", role, *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            timeout=30,
            check=True,
        )
        return {"Authorization": f"Bearer {done.stdout.decode().strip()}"}


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")
