"""Streams of a case behind a real gunicorn: what only connections show."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import requests

from tests.builders.histories import HANDED, NUMBER
from tests.builders.parties import BEFORE_CONSENT, learn
from tests.server import Server
from tests.web import running


@pytest.fixture
def server(mongo_url: str, tmp_path: Path) -> Iterator[Server]:
    with running("query", mongo_url, tmp_path) as web:
        server = Server(web, tmp_path, {"TIAOJIE_PROGRESS_STREAMS": "1"})
        try:
            server.wait()
            yield server
        finally:
            with contextlib.suppress(ProcessLookupError):
                server.stop()


def states(response: requests.Response) -> Iterator[str]:
    """The statuses that a stream sends; it ends when its process is told to stop."""
    for line in response.iter_lines():
        if line.startswith(b"data: "):
            yield orjson.loads(line[6:])["status"]


def test_a_stream_brings_changes_at_once_gives_its_thread_back_and_ends_with_its_process(
    server: Server,
) -> None:
    url = f"{server.url}/v1/progress/{NUMBER}/stream"
    learn(server.web, HANDED[:1])
    with requests.get(url, stream=True, timeout=10) as response:
        seen = states(response)
        assert next(seen) == "organisation_assigned"
        assert requests.get(url, timeout=10).status_code == 503
        learn(server.web, HANDED)
        assert next(seen) == "mediator_assigned"
    learn(server.web, BEFORE_CONSENT)
    ends = time.monotonic() + 10
    while (again := requests.get(url, stream=True, timeout=10)).status_code == 503:
        assert time.monotonic() < ends
        time.sleep(0.05)
    with again as response:
        seen = states(response)
        assert next(seen) == "under_examination"
        server.process.terminate()
        assert list(seen) == []
    assert server.process.wait(10) == 0
