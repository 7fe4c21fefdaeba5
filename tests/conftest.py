"""Fixtures for all tests: real back-ends, started when the first test asks for them.

`database` and `vhost_url` are fresh for each test, so tests share a server but never state:
the topology (exchanges, queues) has fixed names, and a virtual host of its own is the only
isolation that leaves the names as they are in production.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import pymongo
import pytest
import requests
from pymongo.database import Database

from tests import backend_source


@pytest.fixture(scope="session")
def mongo_url() -> Iterator[str]:
    """A MongoDB replica set (one member, journaled)."""
    with backend_source.mongo() as url:
        yield url


@pytest.fixture(scope="session")
def rabbit_urls() -> Iterator[tuple[str, str]]:
    """A RabbitMQ node: its AMQP URL (virtual host `/`) and its management URL."""
    with backend_source.rabbit() as urls:
        yield urls


@pytest.fixture(scope="session")
def amqp_url(rabbit_urls: tuple[str, str]) -> str:
    """The virtual host `/` of a RabbitMQ node, shared by the whole session."""
    return rabbit_urls[0]


@pytest.fixture(scope="session")
def amqp_management_url(rabbit_urls: tuple[str, str]) -> str:
    """The management interface of that node, with an administrator's name and password in it."""
    return rabbit_urls[1]


@pytest.fixture(scope="session")
def mongo(mongo_url: str) -> Iterator[pymongo.MongoClient[dict[str, Any]]]:
    """A client of the replica set, with time-outs, aware of time zones."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        mongo_url, serverSelectionTimeoutMS=10_000, socketTimeoutMS=30_000, tz_aware=True
    )
    yield client
    client.close()


@pytest.fixture
def database(mongo: pymongo.MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """A fresh database for one test, dropped afterwards."""
    name = f"test_{secrets.token_hex(6)}"
    yield mongo[name]
    mongo.drop_database(name)


@pytest.fixture
def vhost_url(amqp_url: str, amqp_management_url: str) -> Iterator[str]:
    """The AMQP URL of a fresh virtual host for one test, deleted afterwards with its queues."""
    yield from _fresh_vhost(amqp_url, amqp_management_url)


@pytest.fixture(scope="module")
def module_vhost_url(amqp_url: str, amqp_management_url: str) -> Iterator[str]:
    """The same for all tests of one module, which share running processes."""
    yield from _fresh_vhost(amqp_url, amqp_management_url)


@pytest.fixture(scope="session")
def session_vhost_url(amqp_url: str, amqp_management_url: str) -> Iterator[str]:
    """The same for all tests."""
    yield from _fresh_vhost(amqp_url, amqp_management_url)


def _fresh_vhost(amqp_url: str, amqp_management_url: str) -> Iterator[str]:
    vhost = f"test_{secrets.token_hex(6)}"
    parts = urlsplit(amqp_url)
    user = quote(unquote(parts.username or "guest"), safe="")
    _manage("PUT", f"{amqp_management_url}/api/vhosts/{vhost}", json={})
    _manage(
        "PUT",
        f"{amqp_management_url}/api/permissions/{vhost}/{user}",
        json={"configure": ".*", "write": ".*", "read": ".*"},
    )
    yield urlunsplit(parts._replace(path=f"/{vhost}"))
    _manage("DELETE", f"{amqp_management_url}/api/vhosts/{vhost}")


def _manage(method: str, url: str, **arguments: Any) -> None:
    """One call of the management interface; it comes up a moment after the AMQP port does."""
    deadline = time.monotonic() + 30
    while True:
        try:
            requests.request(method, url, timeout=20, **arguments).raise_for_status()
        except requests.ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
