"""Changes of progress are told on a real MongoDB: each of them, and when anything may have changed."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from services.query.progress.changes import Changes

Documents = Database[dict[str, Any]]
Heard = queue.SimpleQueue[str | None]

NUMBER, OTHER = "2634626885086477", "2612345678901258"


@pytest.fixture
def own(mongo_url: str, database: Documents) -> Iterator[Documents]:
    """The database of a process of its own, which ends with the test."""
    client: MongoClient[dict[str, Any]] = MongoClient(mongo_url, tz_aware=True)
    yield client[database.name]
    client.close()


def listening(changes: Changes) -> Heard:
    """What is told from now on; the stream is open."""
    heard: Heard = queue.SimpleQueue()
    changes.subscribe(heard.put)
    return heard


def opened(heard: Heard) -> None:
    assert heard.get(timeout=10) is None


def streams(database: Documents) -> list[int]:
    """Cursors of the change streams the server has open on the progress of this database."""
    wanted = {"ns": f"{database.name}.progress", "cursor": {"$exists": True}}
    looking = [{"$currentOp": {"idleCursors": True}}, {"$match": wanted}]
    return [each["cursor"]["cursorId"] for each in database.client["admin"].aggregate(looking)]


def test_each_insert_change_and_removal_is_told_with_its_serial_number(own: Documents) -> None:
    heard = listening(Changes(own))
    opened(heard)
    own.progress.insert_one({"_id": NUMBER})
    own.progress.update_one({"_id": NUMBER}, {"$set": {"steps": {}}})
    own.progress.insert_one({"_id": OTHER})
    own.progress.delete_one({"_id": NUMBER})
    assert [heard.get(timeout=10) for _ in range(4)] == [NUMBER, NUMBER, OTHER, NUMBER]


def test_a_document_that_is_read_after_subscribing_never_goes_stale_unheard(own: Documents) -> None:
    """Changes begin before the stream is open: what is read on hearing of them is the last one."""
    changes, last = Changes(own), 50
    own.progress.insert_one({"_id": NUMBER, "version": 0})
    seen = threading.Event()

    def heard(number: str | None) -> None:
        if number in (None, NUMBER) and version() == last:
            seen.set()

    def version() -> int:
        return int((own.progress.find_one({"_id": NUMBER}) or {})["version"])

    changes.subscribe(heard)
    for number in range(1, last + 1):
        own.progress.update_one({"_id": NUMBER}, {"$set": {"version": number}})
    assert seen.wait(10)


def test_all_subscribers_share_one_stream_which_ends_with_the_last(own: Documents) -> None:
    changes = Changes(own)
    first = listening(changes)
    opened(first)
    told: Heard = queue.SimpleQueue()
    unsubscribe = changes.subscribe(told.put)
    own.progress.insert_one({"_id": NUMBER})
    assert first.get(timeout=10) == told.get(timeout=10) == NUMBER
    assert len(streams(own)) == 1
    unsubscribe()
    own.progress.insert_one({"_id": OTHER})
    assert first.get(timeout=10) == OTHER
    assert told.empty()


def test_when_a_rebuilt_collection_takes_the_place_anything_may_have_changed(
    own: Documents,
) -> None:
    own.progress.insert_one({"_id": NUMBER})
    heard = listening(Changes(own))
    opened(heard)
    own.shadow.insert_one({"_id": NUMBER, "rebuilt": True})
    own.shadow.rename("progress", dropTarget=True)
    opened(heard)
    deadline = time.monotonic() + 10
    while heard.get(timeout=10) != OTHER:  # told until the new stream is open, and then each again
        own.progress.replace_one({"_id": OTHER}, {}, upsert=True)
        assert time.monotonic() < deadline


def test_a_change_during_a_loss_is_told_or_that_anything_may_have_changed(own: Documents) -> None:
    heard = listening(Changes(own))
    opened(heard)
    own.command("killCursors", "progress", cursors=streams(own))
    own.progress.insert_one({"_id": NUMBER})
    assert heard.get(timeout=10) in (NUMBER, None)


def test_the_thread_ends_with_the_last_subscription(own: Documents) -> None:
    changes = Changes(own)
    heard: Heard = queue.SimpleQueue()
    unsubscribe = changes.subscribe(heard.put)
    opened(heard)
    unsubscribe()
    deadline = time.monotonic() + 10
    while streams(own):
        assert time.monotonic() < deadline
        time.sleep(0.05)
