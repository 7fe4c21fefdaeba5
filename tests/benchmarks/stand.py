"""Where benchmarks run: cores given out on purpose, back-ends of their own, processes under test.

On two cores the process under test has the first to itself; the load generator and the back-ends
share the second. With more, the back-ends get one of their own. Ours and its floor always run on
the same core against the same back-ends.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymongo
import requests

from deploy.local.backends import LocalMongo, LocalRabbit
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.programs import Process, Program
from shared.sealing import new_key

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 30.0

NO_LIMIT = {
    "TIAOJIE_SUBMISSIONS_PER_ADDRESS": "1000000000",
    "TIAOJIE_SUBMISSIONS_PER_PHONE": "0",
}
"""All load comes from one address: it is counted as always, and never too much."""

_CORES = sorted(os.sched_getaffinity(0))
SERVER, LOAD = _CORES[0], _CORES[-1]
BACKENDS = _CORES[len(_CORES) // 2]

Client = pymongo.MongoClient[dict[str, Any]]
_MEBIBYTE = 1 << 20
_TICKS = os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def on_core(core: int) -> Iterator[None]:
    """This thread, and all that it starts meanwhile, run on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True, slots=True)
class Web:
    """A running web service."""

    url: str
    pid: int

    def resident(self) -> float:
        """Memory of the process that serves, MiB."""
        return resident((children(self.pid) or [self.pid])[-1])

    def processor_seconds(self) -> float:
        """Processor time it has used so far, its children included."""
        return processor_seconds(self.pid)


def processor_seconds(pid: int) -> float:
    """Processor time that a process and its children have used so far."""
    return sum(map(_processor_seconds, (pid, *children(pid))))


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS  # utime and stime


def resident(pid: int) -> float:
    """Resident memory of a process, MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MEBIBYTE


def children(pid: int) -> list[int]:
    """Direct children of a process."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


@dataclass(frozen=True, slots=True)
class Stand:
    """Back-ends, keys and a folder for one run."""

    folder: Path
    mongo_url: str
    amqp_url: str
    management_url: str
    client: Client
    keys: Mapping[str, str] = field(
        default_factory=lambda: {
            "TIAOJIE_SEALING_KEYS": f"k1:{new_key()}",
            "TIAOJIE_CONTACT_KEYS": f"c1:{new_key()}",
            "TIAOJIE_RECORD_KEYS": f"r1:{new_key()}",
            "TIAOJIE_HASHING_KEY": new_key(),
        }
    )

    def environment(self, prefix: str) -> dict[str, str]:
        """What processes are told; databases are named by `prefix`."""
        return {
            **self.keys,
            "TIAOJIE_ENVIRONMENT": "development",
            "TIAOJIE_DATA_DIR": str(self.folder),
            "TIAOJIE_MONGO_URL": self.mongo_url,
            "TIAOJIE_MONGO_PREFIX": prefix,
            "TIAOJIE_AMQP_URL": self.amqp_url,
            **NO_LIMIT,
        }

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], within: float = 300
    ) -> str:
        """A Python program to its end on the core of the process under test, `within` so many
        seconds; what it printed."""
        with on_core(SERVER):
            done = subprocess.run(
                [sys.executable, *arguments],
                env={**process_environment(), **environment},
                cwd=ROOT,
                capture_output=True,
                timeout=within,
                check=False,
            )
        if done.returncode:
            raise RuntimeError(done.stdout.decode() + done.stderr.decode())
        return done.stdout.decode()

    @contextlib.contextmanager
    def process(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> Iterator[Process]:
        """A Python program running on the core of the process under test."""
        with self.program(name, [sys.executable, *arguments], environment, SERVER) as process:
            yield process

    @contextlib.contextmanager
    def program(
        self, name: str, argv: Sequence[str], environment: Mapping[str, str], core: int
    ) -> Iterator[Process]:
        """Any program running on this core."""
        program = Program(
            name=name,
            argv=tuple(argv),
            log=self.folder / f"{name}.log",
            environment=environment,
        )
        with on_core(core):
            process = Process(program)
        try:
            yield process
        finally:
            process.stop()

    @contextlib.contextmanager
    def web(
        self, name: str, environment: Mapping[str, str], *, service: str, app: str = ""
    ) -> Iterator[Web]:
        """A service's web process, or another `app`, under the same gunicorn configuration."""
        [port] = free_ports(1)
        arguments = [
            "-m",
            "gunicorn",
            "--config",
            "deploy/gunicorn.conf.py",
            *([app] if app else []),
        ]
        told = {**environment, "TIAOJIE_SERVICE": service, "TIAOJIE_WEB_PORT": str(port)}
        with self.process(name, arguments, told) as process:
            if not ready(port, "/readyz"):
                process.stop()
                raise RuntimeError(
                    f"{name} is not ready: {process.program.log.read_text()[-2000:]}"
                )
            yield Web(f"http://{LOOPBACK}:{port}", process.pid)

    @contextlib.contextmanager
    def vhost(self) -> Iterator[str]:
        """The AMQP URL of a virtual host that is thrown away with its queues."""
        name = f"bench-{time.monotonic_ns()}"
        requests.put(f"{self.management_url}/api/vhosts/{name}", json={}, timeout=20)
        requests.put(
            f"{self.management_url}/api/permissions/{name}/guest",
            json={"configure": ".*", "write": ".*", "read": ".*"},
            timeout=20,
        )
        yield self.amqp_url.rpartition("/")[0] + f"/{name}"
        requests.delete(f"{self.management_url}/api/vhosts/{name}", timeout=20)


@contextlib.contextmanager
def stand() -> Iterator[Stand]:
    """Fresh back-ends on their core; gone afterwards with all they hold."""
    with (
        tempfile.TemporaryDirectory(prefix="tiaojie-bench-", ignore_cleanup_errors=True) as name,
        contextlib.ExitStack() as running,
    ):
        folder = Path(name)
        with on_core(BACKENDS):
            mongo = running.enter_context(LocalMongo(folder / "mongo"))
            rabbit = running.enter_context(LocalRabbit(folder / "rabbit"))
        wait_for_management(rabbit.management_url)
        with pymongo.MongoClient[dict[str, Any]](mongo.url, tz_aware=True) as client:
            yield Stand(folder, mongo.url, rabbit.url, rabbit.management_url, client)
        rabbit.kill()  # an orderly end takes six seconds, and its files are thrown away


def wait_for_management(url: str) -> None:
    ends = time.monotonic() + READY_SECONDS
    while True:
        try:
            requests.get(f"{url}/api/overview", timeout=5).raise_for_status()
        except requests.RequestException:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
        else:
            return


def process_environment() -> dict[str, str]:
    """Ours, with bytecode allowed: without it every process would compile everything anew."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def ready(port: int, path: str, within: float = READY_SECONDS) -> bool:
    """Whether the address answers 200 within the time; asked every 5 ms."""
    ends = time.monotonic() + within
    while time.monotonic() < ends:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return True
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.005)
    return False


def wait_until(met: Any, within: float, every: float = 0.02) -> None:
    """Return when `met()` is true; TimeoutError after `within` seconds."""
    ends = time.monotonic() + within
    waiting = threading.Event()
    while not met():
        if time.monotonic() > ends:
            raise TimeoutError
        waiting.wait(every)
