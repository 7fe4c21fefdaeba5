"""Fixtures of the tests that need back-ends: a service's web application, and its log."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.builders.endpoints import Endpoints, endpoints
from tests.builders.partner_queues import Stand, standing
from tests.web import Web, running


@pytest.fixture
def intake(mongo_url: str, tmp_path: Path) -> Iterator[Web]:
    with running("intake", mongo_url, tmp_path) as web:
        yield web


@pytest.fixture
def query(mongo_url: str, tmp_path: Path) -> Iterator[Web]:
    with running("query", mongo_url, tmp_path) as web:
        yield web


@pytest.fixture
def notify(mongo_url: str, tmp_path: Path) -> Iterator[Web]:
    with running("notify", mongo_url, tmp_path) as web:
        yield web


@pytest.fixture
def stand(
    mongo_url: str, vhost_url: str, amqp_management_url: str, tmp_path: Path
) -> Iterator[Stand]:
    """notify with a broker: partners can have queues of their own."""
    with standing(mongo_url, vhost_url, amqp_management_url, tmp_path) as stand:
        yield stand


@pytest.fixture(scope="session")
def served() -> Iterator[Endpoints]:
    with endpoints() as found:
        yield found


@pytest.fixture
def partners(served: Endpoints) -> Endpoints:
    """A partner's side of webhooks, as if nothing had ever arrived there."""
    served.forget()
    return served


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What is logged from now on, in the form it leaves the process; ask for it after the service."""
    before = structlog.get_config()
    written = io.StringIO()
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(written),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),  # whatever was before
    )
    yield written
    structlog.configure(**before)
