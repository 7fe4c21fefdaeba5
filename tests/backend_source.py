"""Where the tests get their real back-ends from: given URLs, containers, or local processes.

`TIAOJIE_TEST_BACKENDS` forces one of `url`, `containers`, `processes`. Without it: URLs when they
are given, else a running Docker engine that has the images, else local processes. Nothing is
skipped when none can be had: the test fails and says what to do.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from deploy.local import mongodb
from deploy.local.backends import LocalMongo, LocalRabbit

KINDS = ("url", "containers", "processes")
MONGO_IMAGE = "mongo:6.0"
RABBIT_IMAGE = "rabbitmq:3-management"
MANAGEMENT_PORT = 15672


def kind() -> str:
    """The source of back-ends that this run uses: one of KINDS."""
    forced = os.environ.get("TIAOJIE_TEST_BACKENDS", "")
    if forced and forced not in KINDS:
        raise ValueError(f"TIAOJIE_TEST_BACKENDS: one of {', '.join(KINDS)}, not {forced!r}")
    if forced:
        return forced
    if "TIAOJIE_TEST_MONGO_URL" in os.environ and "TIAOJIE_TEST_AMQP_URL" in os.environ:
        return "url"
    return "containers" if images_are_there() else "processes"


def images_are_there() -> bool:
    """Whether a Docker engine answers and has both images; nothing is ever pulled."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    found = subprocess.run(
        [docker, "image", "inspect", "--format", "{{.Id}}", MONGO_IMAGE, RABBIT_IMAGE],
        capture_output=True,
        timeout=20,
        check=False,
    )
    return found.returncode == 0


@contextlib.contextmanager
def mongo() -> Iterator[str]:
    """The URL of a MongoDB replica set whose primary is writable."""
    source = kind()
    if source == "url":
        yield os.environ["TIAOJIE_TEST_MONGO_URL"]
    elif source == "containers":
        with _mongo_container() as url:
            yield url
    else:
        with temporary_folder() as folder, LocalMongo(folder) as server:
            yield server.url


@contextlib.contextmanager
def rabbit() -> Iterator[tuple[str, str]]:
    """The AMQP URL of a RabbitMQ node and the URL of its management interface."""
    source = kind()
    if source == "url":
        amqp_url = os.environ["TIAOJIE_TEST_AMQP_URL"]
        management_url = os.environ.get("TIAOJIE_TEST_AMQP_MANAGEMENT_URL")
        yield amqp_url, management_url or usual_management_url(amqp_url)
    elif source == "containers":
        with _rabbit_container() as urls:
            yield urls
    else:
        with temporary_folder() as folder, LocalRabbit(folder) as node:
            yield node.url, node.management_url
            node.kill()  # an orderly end takes six seconds, and its files are thrown away


def usual_management_url(amqp_url: str) -> str:
    """The management interface of the same node and user at its usual port."""
    parts = urlsplit(amqp_url)
    user, _, _ = parts.netloc.rpartition("@")
    return urlunsplit(("http", f"{user}@{parts.hostname}:{MANAGEMENT_PORT}", "", "", ""))


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder removed afterwards, whatever is left in it."""
    folder = Path(tempfile.mkdtemp(prefix="tiaojie-test-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _use_engine_of_this_machine() -> None:
    # Before testcontainers is imported: it reads them then. Ryuk would be one more image to pull;
    # the fixtures end the containers.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")


@contextlib.contextmanager
def _mongo_container() -> Iterator[str]:
    _use_engine_of_this_machine()
    from testcontainers.core.container import DockerContainer

    # Both the official image and others add that it listens on all addresses of the container.
    container = DockerContainer(MONGO_IMAGE).with_command(f"mongod --replSet {mongodb.REPLICA_SET}")
    with container.with_exposed_ports(27017) as server:

        def runs() -> bool:
            wrapped = server.get_wrapped_container()
            wrapped.reload()
            return bool(wrapped.status == "running")

        address = f"{server.get_container_host_ip()}:{server.get_exposed_port(27017)}"
        # Inside, the server knows itself by another address than we do: connect directly.
        url = f"mongodb://{address}/?directConnection=true"
        mongodb.make_primary(url, member="localhost:27017", alive=runs)
        yield url


@contextlib.contextmanager
def _rabbit_container() -> Iterator[tuple[str, str]]:
    _use_engine_of_this_machine()
    from testcontainers.community.rabbitmq import RabbitMqContainer

    with RabbitMqContainer(RABBIT_IMAGE).with_exposed_ports(MANAGEMENT_PORT) as node:
        host = node.get_container_host_ip()
        account = f"{node.username}:{node.password}"
        yield (
            f"amqp://{account}@{host}:{node.get_exposed_port(node.port)}/%2F",
            f"http://{account}@{host}:{node.get_exposed_port(MANAGEMENT_PORT)}",
        )
