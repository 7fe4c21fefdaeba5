"""Back-ends of their own for tests that kill them, and systems on them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from deploy.local.backends import LocalMongo, LocalRabbit
from tests import backend_source
from tests.chaos.proof import Back
from tests.system import System

Say = Callable[[str], None]


@dataclass(frozen=True)
class Stand:
    """A system, what it runs on, and how a test looks at both."""

    system: System
    back: Back
    mongo: LocalMongo
    rabbit: LocalRabbit


Build = Callable[..., Stand]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Say:
    """Print a line of the report, whatever pytest captures."""

    def out(line: str) -> None:
        with capsys.disabled():
            print(f"\n  {request.node.name}: {line}", end="", flush=True)  # noqa: T201

    return out


@pytest.fixture(scope="session")
def own_mongo() -> Iterator[LocalMongo]:
    with backend_source.temporary_folder() as folder, LocalMongo(folder) as mongo:
        yield mongo


@pytest.fixture(scope="session")
def own_rabbit() -> Iterator[LocalRabbit]:
    with backend_source.temporary_folder() as folder, LocalRabbit(folder) as rabbit:
        yield rabbit
        rabbit.kill()


@pytest.fixture(scope="module")
def build(
    own_mongo: LocalMongo, own_rabbit: LocalRabbit, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Build]:
    """Makes a system with settings of its own in a virtual host of its own."""
    with ExitStack() as closing:

        def made(**settings: str) -> Stand:
            amqp_url = fresh_vhost(own_rabbit)
            folder: Path = tmp_path_factory.mktemp("system")
            system = System(own_mongo.url, amqp_url, folder, **settings)
            back = Back(system, own_mongo.url, amqp_url, own_rabbit.management_url)
            closing.callback(back.close)
            closing.callback(system.stop)
            system.provision()
            back.prepare()
            system.start()
            return Stand(system, back, own_mongo, own_rabbit)

        yield made


def fresh_vhost(rabbit: LocalRabbit) -> str:
    name = f"chaos_{secrets.token_hex(4)}"
    for path, body in (
        (f"vhosts/{name}", {}),
        (f"permissions/{name}/guest", dict.fromkeys(("configure", "write", "read"), ".*")),
    ):
        requests.put(
            f"{rabbit.management_url}/api/{path}", json=body, timeout=20
        ).raise_for_status()
    return f"{rabbit.url.removesuffix('%2F').rstrip('/')}/{name}"
