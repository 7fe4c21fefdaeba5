"""Real back-ends as local processes for tests and benchmarks: start, stop, kill, start again.

    with LocalMongo(folder) as mongo:      # primary, writable, about 2 s
        mongo.url
        mongo.kill(); mongo.start()        # a crash, and the same data again

Both listen on free ports of the loopback address that stay the same over restarts.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Self

from deploy.local import mongodb, rabbitmq
from deploy.local.failures import LocalFailure
from deploy.local.ports import LOOPBACK, answers, free_ports
from deploy.local.programs import Process

GUEST = rabbitmq.User(name="guest", password="guest", vhost="/", tags=("administrator",))  # noqa: S106


class LocalMongo:
    """A one-member replica set with its database in `folder`; clients sign in if it has a `key`."""

    def __init__(self, folder: Path, *, port: int = 0, key: str = "") -> None:
        self.port = port or free_ports(1)[0]
        self.url = mongodb.url(self.port)
        key_file = mongodb.write_key_file(folder, key) if key else None
        self._program = mongodb.program(folder, self.port, key_file=key_file)
        self._process: Process | None = None

    def start(self) -> Self:
        """Start it and return when it is primary. Raises LocalFailure."""
        self._process = process = Process(self._program)
        address = f"mongodb://{LOOPBACK}:{self.port}/"
        mongodb.make_primary(
            address,
            member=f"{LOOPBACK}:{self.port}",
            log=self._program.log,
            alive=lambda: process.running,
        )
        return self

    def send(self, number: signal.Signals) -> None:
        """Send a signal, for instance SIGSTOP and SIGCONT."""
        _started(self._process).send(number)

    def kill(self) -> None:
        """kill -9, and wait for the end."""
        _started(self._process).kill()

    def stop(self) -> None:
        """Orderly end; idempotent."""
        if self._process:
            self._process.stop()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()


class LocalRabbit:
    """A node with its data in `folder`, user guest (administrator), virtual host `/`."""

    def __init__(self, folder: Path, *, ports: rabbitmq.Ports | None = None) -> None:
        installation = rabbitmq.find()
        if installation is None:
            raise LocalFailure(
                "RabbitMQ is not on this machine.",
                hint="run `make setup`; it installs RabbitMQ, without root too.",
            )
        if ports is None:
            amqp, management, epmd, distribution = free_ports(4)
            ports = rabbitmq.Ports(
                amqp=amqp, management=management, epmd=epmd, distribution=distribution
            )
        self.ports = ports
        self.url = rabbitmq.url(ports.amqp, GUEST.name, GUEST.password, "/")
        self.management_url = f"http://guest:guest@{LOOPBACK}:{ports.management}"
        self._epmd, self._server = rabbitmq.programs(installation, folder, ports, (GUEST,))
        self._epmd_process: Process | None = None
        self._process: Process | None = None

    def start(self) -> Self:
        """Start it and return when it takes connections. Raises LocalFailure."""
        if self._epmd_process is None or not self._epmd_process.running:
            self._epmd_process = Process(self._epmd)
            answers(self.ports.epmd, within_seconds=5)
        self._process = process = Process(self._server)
        rabbitmq.wait_until_ready(self.url, log=self._server.log, alive=lambda: process.running)
        return self

    def send(self, number: signal.Signals) -> None:
        """Send a signal, for instance SIGSTOP and SIGCONT."""
        _started(self._process).send(number)

    def kill(self) -> None:
        """kill -9 of the node, and wait for the end."""
        _started(self._process).kill()

    def stop(self) -> None:
        """Orderly end; idempotent."""
        for process in (self._process, self._epmd_process):
            if process:
                process.stop()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()


def _started(process: Process | None) -> Process:
    if process is None:
        raise RuntimeError("not started")
    return process
