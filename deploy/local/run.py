"""`make run`: the whole system in the foreground, from nothing to ready, and its orderly end."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

from deploy.local import (
    composition,
    containers,
    example,
    keys,
    leftovers,
    machine,
    mongodb,
    rabbitmq,
    readiness,
)
from deploy.local.composition import ROOT, Addresses
from deploy.local.failures import LocalFailure
from deploy.local.keys import OPERATOR, Keys
from deploy.local.ports import LOOPBACK, is_free
from deploy.local.programs import Program
from deploy.local.settings import SERVICES, LocalSettings, urls_are_given
from deploy.local.supervision import Supervisor
from deploy.local.terminal import Step, Terminal

PROVISION_SECONDS = 120.0
WATCH_SECONDS = 1.0
SOCKET_PATH_LENGTH = 100  # the kernel allows 107 bytes


class Stopped(BaseException):
    """A person or the system asked for the end (SIGINT, SIGTERM or SIGHUP)."""


def run(settings: LocalSettings, terminal: Terminal) -> None:
    """Start everything, stay until told to stop, stop everything. Raises LocalFailure."""
    settings = dataclasses.replace(settings, data_dir=settings.data_dir.resolve())
    with _stop_on_signals(), _only_run_of(settings.data_dir):
        terminal.heading("调解 Tiaojie")
        kind = choose_backends(settings)
        _clear_the_way(settings, kind, terminal)
        own_keys = keys.keep(settings.data_dir)
        local = _LocalSystem(settings, own_keys, kind, terminal)
        try:
            local.start()
            _tell_what_next(settings, terminal)
            local.watch()
        except Stopped:
            terminal.line()
        finally:
            local.stop()


def choose_backends(settings: LocalSettings) -> str:
    """`url`, `containers` or `processes`: the one asked for, else the first that is there."""
    if settings.backends:
        return settings.backends
    if urls_are_given():
        return "url"
    return "containers" if containers.available() else "processes"


class _LocalSystem:
    """Everything that runs, in the order in which it starts."""

    def __init__(
        self, settings: LocalSettings, own_keys: Keys, kind: str, terminal: Terminal
    ) -> None:
        self._settings = settings
        self._keys = own_keys
        self._kind = kind
        self._terminal = terminal
        self._logs = settings.data_dir / "logs"
        self._mark = str(settings.data_dir)
        self._supervisor: Supervisor | None = None

    def start(self) -> None:
        backends = self._backend_programs()
        services = composition.service_programs(self._settings, self._keys, self._addresses)
        gateway = composition.gateway_program(self._settings)
        supervisor = Supervisor(
            self._settings.data_dir / "run", (*backends, gateway, *services), ROOT
        )
        self._supervisor = supervisor
        with self._terminal.step("Supervisor") as step:
            supervisor.start(self._mark)
            step.result = "restarts whatever dies"
        if backends:
            self._await_mongo({program.name: program for program in backends})
            self._await_rabbit({program.name: program for program in backends})
        self._provision()
        with self._terminal.step("Services") as step:
            supervisor.begin(program.name for program in services)
            self._await_services(step)
            step.result = f"{len(services)} processes ready"
        with self._terminal.step("Gateway") as step:
            self._await_gateway(step)
            step.result = self._settings.gateway_url

    @property
    def _addresses(self) -> Addresses:
        if self._kind == "url":
            return composition.given_addresses(self._settings.mongo_url, self._settings.amqp_url)
        return composition.own_addresses(self._settings, self._keys)

    def _backend_programs(self) -> tuple[Program, ...]:
        settings, data_dir = self._settings, self._settings.data_dir
        users = composition.rabbit_users(self._keys)
        ports = composition.rabbit_ports(settings)
        mongo_port = settings.port_of("mongo")
        with self._terminal.step("Back-ends") as step:
            if self._kind == "url":
                step.result = "as given in the environment"
                return ()
            if self._kind == "containers":
                containers.remove_leftovers(data_dir)
                step.result = "containers of the Docker engine"
                return (
                    containers.mongo_program(
                        data_dir / "mongo", mongo_port, self._keys.cluster_key
                    ),
                    containers.rabbit_program(data_dir / "rabbitmq", ports, users),
                )
            machine.provide_mongodb(step, self._logs)
            installation = machine.provide_rabbitmq(step, self._logs)
            key_file = mongodb.write_key_file(data_dir / "mongo", self._keys.cluster_key)
            step.result = "processes of this machine"
            return (
                mongodb.program(data_dir / "mongo", mongo_port, key_file=key_file),
                *rabbitmq.programs(installation, data_dir / "rabbitmq", ports, users),
            )

    def _await_mongo(self, backends: dict[str, Program]) -> None:
        port = self._settings.port_of("mongo")
        with self._terminal.step("MongoDB") as step:
            mongodb.make_primary(
                f"mongodb://{LOOPBACK}:{port}/",
                member=f"{LOOPBACK}:{port}",
                log=backends["mongod"].log,
                alive=lambda: self._still_tried("mongod"),
            )
            mongodb.make_accounts(
                port,
                operator=(OPERATOR, self._keys.passwords[OPERATOR]),
                accounts=composition.mongo_accounts(self._settings, self._keys),
            )
            step.result = f"port {port}, one account a service"

    def _await_rabbit(self, backends: dict[str, Program]) -> None:
        port = self._settings.port_of("amqp")
        with self._terminal.step("RabbitMQ") as step:
            rabbitmq.wait_until_ready(
                self._addresses.amqp[SERVICES[0]],
                log=backends["rabbitmq"].log,
                alive=lambda: self._still_tried("rabbitmq"),
            )
            step.result = f"port {port}, one account a service"

    def _provision(self) -> None:
        """Each service sets up its own indexes, queues and reference data, all at once."""
        with self._terminal.step("Provisioning") as step:
            running = {name: self._start_provisioning(name) for name in SERVICES}
            try:
                for name, process in running.items():
                    step.note = name
                    if process.wait(PROVISION_SECONDS):
                        raise LocalFailure(
                            f"The provisioning of {name} failed.",
                            log=self._provision_log(name),
                        )
            finally:
                for process in running.values():
                    process.kill()
                    process.wait()
            step.result = "indexes, queues, reference data"

    def _start_provisioning(self, service: str) -> subprocess.Popen[bytes]:
        environment = composition.service_environment(
            service, self._settings, self._keys, self._addresses
        )
        with self._provision_log(service).open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"services.{service}", "provision"],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _provision_log(self, service: str) -> Path:
        return self._logs / f"{service}-provision.log"

    def _await_services(self, step: Step) -> None:
        def show(names: str) -> None:
            step.note = f"waiting for {names}"

        readiness.wait_until_ready(
            composition.ready_urls(self._settings),
            still_up=self._supervised.check,
            waiting_for=show,
            logs=self._logs,
        )

    def _await_gateway(self, step: Step) -> None:
        address = f"http://{LOOPBACK}:{self._settings.port}"
        readiness.wait_until_ready(
            {"gateway": f"{address}/intake/readyz"},
            still_up=self._supervised.check,
            waiting_for=lambda _: None,
            logs=self._logs,
        )
        step.note = address

    def _still_tried(self, name: str) -> bool:
        self._supervised.check(name)
        return True

    @property
    def _supervised(self) -> Supervisor:
        if self._supervisor is None:
            raise LocalFailure("The supervisor was not started.")
        return self._supervisor

    def watch(self) -> None:
        """Stay while the supervisor does, telling of restarts. Raises LocalFailure if it ends."""
        known = self._starts()
        restarts: Counter[str] = Counter()
        while self._supervised.running:
            time.sleep(WATCH_SECONDS)
            starts = self._starts()
            for name in (name for name, start in starts.items() if known.get(name) != start):
                restarts[name] += 1
                if (
                    restarts[name].bit_count() == 1
                ):  # 1, 2, 4, 8…: a fault that stays fills no screen
                    log = _short(self._supervised.log_of(name))
                    times = f" ({restarts[name]} times)" if restarts[name] > 1 else ""
                    self._terminal.line(f"  ! {name} ended and was started again{times}: {log}")
            known = starts or known
        raise LocalFailure(
            "The supervisor ended by itself.", log=self._settings.data_dir / "run/supervisord.log"
        )

    def _starts(self) -> Mapping[str, int]:
        try:
            return self._supervised.starts()
        except OSError:  # it has just ended; the loop sees that
            return {}

    def stop(self) -> None:
        """Gateway, services, back-ends end in this order; nothing of this run is left."""
        if self._supervisor is None:
            return
        with self._terminal.step("Stopping") as step:
            self._supervisor.stop()
            leftovers.end(self._mark)
            if self._kind == "containers":
                containers.remove_leftovers(self._settings.data_dir)
            step.result = f"all has ended, data stays in {_short(self._settings.data_dir)}"


@contextlib.contextmanager
def _stop_on_signals() -> Iterator[None]:
    """The first signal asks for an orderly end; while that is under way, more change nothing."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def on_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        for other in numbers:
            signal.signal(other, signal.SIG_IGN)
        raise Stopped

    for number in numbers:
        signal.signal(number, on_signal)
    yield


@contextlib.contextmanager
def _only_run_of(data_dir: Path) -> Iterator[None]:
    """Nobody else runs the system with this data folder. Raises LocalFailure."""
    data_dir.mkdir(parents=True, exist_ok=True)
    data_dir.chmod(0o700)
    for folder in ("run", "logs"):
        (data_dir / folder).mkdir(exist_ok=True)
    if len(os.fsencode(data_dir / "run/supervisor.sock")) > SOCKET_PATH_LENGTH:
        raise LocalFailure(
            f"The path of the data folder is too long for a socket: {data_dir}",
            hint="name a shorter one in TIAOJIE_DATA_DIR.",
        )
    with (data_dir / "run" / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise LocalFailure(
                f"The system already runs with this data folder (process {lock.read().strip()}).",
                hint="stop it with Ctrl-C there, or set TIAOJIE_DATA_DIR and TIAOJIE_PORT to run a second.",
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _clear_the_way(settings: LocalSettings, kind: str, terminal: Terminal) -> None:
    """No leftover of an earlier run, and every port free. Raises LocalFailure naming settings."""
    if leftovers.find(str(settings.data_dir)):
        with terminal.step("Earlier run") as step:
            count = leftovers.end(str(settings.data_dir))
            step.result = f"{count} processes had outlived it; ended"
    ports = composition.ports_in_use(settings, own_backends=kind != "url")
    taken = [(port, name) for port, name in sorted(ports.items()) if not is_free(port)]
    if taken:
        listed = "\n".join(f"    {port}  set {name} to another" for port, name in taken)
        raise LocalFailure(
            f"Ports that something else uses:\n{listed}",
            hint="TIAOJIE_PORT=9000 moves all ports at once; `ss -ltnp` shows who uses one.",
        )


def _tell_what_next(settings: LocalSettings, terminal: Terminal) -> None:
    terminal.heading(f"Ready in {terminal.seconds:.0f} s: {settings.gateway_url}")
    for line in example.next_steps(settings.gateway_url, ROOT):
        terminal.line(f"  {line}" if line else "")
    terminal.faint(f"\n  Logs: {_short(settings.data_dir / 'logs')}/    Stop: Ctrl-C\n")


def _short(path: Path) -> str:
    """The path as a person in the repository would type it."""
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)
