"""A RabbitMQ node as local processes (epmd and the server), on the loopback address.

The node has its own name server port, cookie, folders and plug-ins, so it disturbs no other
RabbitMQ of the machine. Users and virtual hosts come from a definitions file read at every start.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import pika
import pika.exceptions

from deploy.local.failures import LocalFailure
from deploy.local.ports import LOOPBACK
from deploy.local.programs import Program

START_SECONDS = 90.0
FILES = ("definitions.json", "enabled_plugins", "rabbitmq.conf")
WRITTEN_FOLDERS = (
    "HOME",  # the Erlang cookie is kept there
    "RABBITMQ_MNESIA_BASE",
    "RABBITMQ_LOG_BASE",
    "RABBITMQ_UPGRADE_LOG",
    "RABBITMQ_PID_FILE",
)
SYSTEM_ROOT = Path("/")
# Beside the virtual environment's own files: set-up, not data, so `make clean` keeps it.
UNPACKED_ROOT = Path(sys.prefix) / "rabbitmq"


@dataclasses.dataclass(frozen=True)
class Installation:
    """A RabbitMQ and its Erlang, installed in the system (root `/`) or unpacked in a folder."""

    root: Path

    @property
    def server(self) -> Path:
        return self.root / "usr/lib/rabbitmq/bin/rabbitmq-server"

    @property
    def erlang(self) -> Path:
        return self.root / "usr/lib/erlang/bin"

    @property
    def epmd(self) -> Path:
        return next(self.root.glob("usr/lib/erlang/erts-*/bin/epmd"), self.erlang / "epmd")

    @property
    def complete(self) -> bool:
        return self.server.exists() and (self.erlang / "erl").exists() and self.epmd.exists()

    def environment(self) -> dict[str, str]:
        """Lets the scripts find Erlang and, when unpacked, its libraries and their own home."""
        found = {"PATH": f"{self.erlang}:{os.environ.get('PATH', '/usr/bin:/bin')}"}
        if self.root != SYSTEM_ROOT:
            libraries = {path.parent for path in self.root.glob("**/*.so.*")}
            found["LD_LIBRARY_PATH"] = ":".join(sorted(map(str, libraries)))
            found["ERL_ROOTDIR"] = str(self.root / "usr/lib/erlang")
        return found


def make_relocatable(root: Path) -> None:
    """Debian's `erl` knows only its place in the system: let ERL_ROOTDIR name another."""
    erl = root / "usr/lib/erlang/bin/erl"
    erl.write_text(
        erl.read_text().replace(
            "ROOTDIR=/usr/lib/erlang\n", 'ROOTDIR="${ERL_ROOTDIR:-/usr/lib/erlang}"\n'
        )
    )


def find() -> Installation | None:
    """The RabbitMQ of this machine: the system's own, else the one unpacked by set-up."""
    for root in (SYSTEM_ROOT, UNPACKED_ROOT):
        if (installation := Installation(root)).complete:
            return installation
    return None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ports:
    """Where a node listens: AMQP, management, and what Erlang needs for its tools."""

    amqp: int
    management: int
    epmd: int
    distribution: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class User:
    """An account with rights in one virtual host; tags as RabbitMQ knows them.

    `reach` is a regular expression of the exchanges and queues it may configure, write and read.
    """

    name: str
    password: str
    vhost: str
    reach: str = ".*"
    tags: tuple[str, ...] = ()


def programs(
    installation: Installation, folder: Path, ports: Ports, users: tuple[User, ...]
) -> tuple[Program, Program]:
    """The name server and the node, in the order of their start, with their files in `folder`."""
    write_configuration(folder, ports, users)
    common = {**installation.environment(), **node_environment(folder, ports)}
    # Erlang would start a name server that outlives the node; ours is a program like any other.
    common["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] += " -start_epmd false"
    epmd = Program(
        name="epmd",
        argv=(str(installation.epmd), "-port", str(ports.epmd), "-address", LOOPBACK),
        log=folder / "epmd.log",
        environment=common,
        rank=1,
    )
    server = Program(
        name="rabbitmq",
        argv=(str(installation.server),),
        log=folder / "rabbitmq.log",
        environment=common,
        stop_seconds=40.0,
        rank=2,
    )
    return epmd, server


def node_environment(folder: Path, ports: Ports) -> dict[str, str]:
    """Where the node finds its files and keeps its data."""
    return {
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(ports.epmd),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "RABBITMQ_NODENAME": "tiaojie@localhost",
        "RABBITMQ_DIST_PORT": str(ports.distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "db"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_UPGRADE_LOG": str(folder / "rabbitmq-upgrade.log"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "no-rabbitmq-env.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2"
        ),
    }


def write_configuration(
    folder: Path, ports: Ports, users: tuple[User, ...], *, seen_as: Path | None = None
) -> None:
    """The node's three files: configuration, plug-ins, and definitions of users and vhosts.

    `seen_as` is where the node finds the folder, if it sees it elsewhere.
    """
    (folder / "db").mkdir(parents=True, exist_ok=True)
    definitions = folder / "definitions.json"
    definitions.touch(mode=0o600)
    definitions.write_text(json.dumps(account_definitions(users), indent=1))
    (folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = {LOOPBACK}:{ports.amqp}\n"
        f"management.tcp.ip = {LOOPBACK}\n"
        f"management.tcp.port = {ports.management}\n"
        f"load_definitions = {(seen_as or folder) / definitions.name}\n"
        "management_agent.disable_metrics_collector = false\n"
        "log.console = true\n"
        "log.console.level = warning\n"
        "log.file = false\n"
        # A share of a shared machine is enough; publishers are blocked when it is used up.
        "vm_memory_high_watermark.relative = 0.3\n"
        "disk_free_limit.absolute = 500MB\n"
        # Segments of quorum queues are allocated at this size.
        "raft.wal_max_size_bytes = 33554432\n"
    )


def account_definitions(users: tuple[User, ...]) -> Mapping[str, object]:
    """The users, their virtual hosts and rights in RabbitMQ's definitions format."""
    return {
        "vhosts": [{"name": vhost} for vhost in sorted({user.vhost for user in users})],
        "users": [
            {
                "name": user.name,
                "password_hash": password_hash(user.password, secrets.token_bytes(4)),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": ",".join(user.tags),
            }
            for user in users
        ],
        "permissions": [
            {
                "user": user.name,
                "vhost": user.vhost,
                **dict.fromkeys(("configure", "write", "read"), user.reach),
            }
            for user in users
        ],
    }


def password_hash(password: str, salt: bytes) -> str:
    """RabbitMQ's salted SHA-256: base64 of the 4 salt bytes and the digest of salt + password."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def url(port: int, user: str, password: str, vhost: str) -> str:
    """The AMQP address of one virtual host."""
    return f"amqp://{quote(user)}:{quote(password)}@{LOOPBACK}:{port}/{quote(vhost, safe='')}"


def wait_until_ready(
    address: str, *, log: Path | None = None, alive: Callable[[], bool] | None = None
) -> None:
    """The node accepts an AMQP connection; raises LocalFailure after 90 s or when it has ended."""
    parameters = pika.URLParameters(address)
    parameters.connection_attempts = 1
    parameters.socket_timeout = parameters.blocked_connection_timeout = 5
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and (alive is None or alive()):
        try:
            pika.BlockingConnection(parameters).close()
        except (pika.exceptions.AMQPError, OSError):
            time.sleep(0.1)
        else:
            return
    raise LocalFailure(
        "RabbitMQ did not start.",
        log=log,
        hint="the log names the cause: often a full disk, or a data folder of another version.",
    )
