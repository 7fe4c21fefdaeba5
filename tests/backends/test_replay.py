"""An owner tells everything again: whole, in order, in bounded messages, whatever interrupts it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pika
import pytest
from pymongo.database import Database

from services.query.rebuild.opening import Rebuilds
from shared import broker as topology
from shared import replay
from shared.broker import rebuild_queue_name
from shared.contracts.envelope import Event
from shared.replay import Replay
from shared.runner import Runner
from shared.told import keep_told
from shared.worker import AGAIN
from tests.backends.test_relay import queued
from tests.builders.events import an_event
from tests.waiting import eventually

Db = Database[dict[str, Any]]
QUEUE = rebuild_queue_name("query", "routing")
REQUEST = "read_models.rebuild_requested"


@pytest.fixture
def vhost(vhost_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """With query's queues; portions of ten events, some three to a message."""
    topology.provision(vhost_url, "query", 1000)
    monkeypatch.setattr(replay, "PORTION", 10)
    monkeypatch.setattr(replay, "MESSAGE_BYTES", 2000)
    return vhost_url


@pytest.fixture
def made(database: Db) -> Iterator[list[Replay]]:
    """Replays of routing that are at rest afterwards."""
    found: list[Replay] = []
    yield found
    for each in found:
        each._rest()


def kept(database: Db, collection: str, subjects: int) -> list[str]:
    events = [
        an_event(serial=f"{collection}-{subject:03d}", sequence=sequence)
        for subject in range(subjects)
        for sequence in (1, 2, 3)
    ]
    told = database[f"{collection}_told"]
    keep_told(told, ((event.to_document(), event.to_json()) for event in events))
    return [event.id for event in events]


def a_replay(database: Db, vhost: str, made: list[Replay]) -> Replay:
    made.append(Replay("routing", database, ["cases", "organisations"], vhost))
    return made[-1]


def ask(database: Db, rebuild: str) -> None:
    request: Event = an_event(REQUEST, serial=rebuild, rebuild=rebuild)
    runner = Runner("routing", database, {REQUEST: replay.HANDLERS}, tries=1)
    body = orjson.loads(request.to_json()) | {"source": "query"}
    runner.apply([orjson.dumps(body)] * 2)


def messages(vhost: str) -> list[tuple[dict[str, Any], list[str]]]:
    """What is in the queue: first lines, and ids of the events."""
    found = []
    for body in queued(vhost, QUEUE):
        line, _, events = body.partition(b"\n")
        found.append((orjson.loads(line), [event["id"] for event in orjson.loads(events)]))
    return found


def test_everything_is_told_again_in_order_with_how_much_there_is(
    database: Db, vhost: str, made: list[Replay]
) -> None:
    ids = kept(database, "cases", 11) + kept(database, "organisations", 1)
    ask(database, "r1")
    telling = a_replay(database, vhost, made)
    while telling.act() is AGAIN:
        pass
    found = messages(vhost)
    assert [each for _, events in found for each in events] == ids
    assert all(head["total"] == len(ids) and head["rebuild"] == "r1" for head, _ in found)
    assert [head["end"] for head, _ in found] == [False] * (len(found) - 1) + [True]
    assert found[-1][0]["told"] == len(ids)
    assert found[0][0]["first"] == "cases-000"
    assert found[0][0]["told"] == len(found[0][1])
    assert telling.act() is None  # asked twice is told once


def test_another_process_goes_on_where_a_killed_one_had_come_to(
    database: Db, vhost: str, made: list[Replay], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = kept(database, "cases", 20)
    ask(database, "r1")
    killed = a_replay(database, vhost, made)
    for _ in range(3):
        killed.act()
    database.leases.delete_many({})  # as if its time were over
    other = a_replay(database, vhost, made)
    while other.act() is AGAIN:
        pass
    found = [each for _, events in messages(vhost) for each in events]
    assert list(dict.fromkeys(found)) == ids
    assert len(found) == len(ids)


def test_only_one_process_of_a_service_tells(database: Db, vhost: str, made: list[Replay]) -> None:
    kept(database, "cases", 20)
    ask(database, "r1")
    one, other = a_replay(database, vhost, made), a_replay(database, vhost, made)
    assert one.act() is AGAIN
    assert other.act() is None


def test_one_who_was_overtaken_does_not_set_the_other_back(
    database: Db, vhost: str, made: list[Replay], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(database, "cases", 20)
    ask(database, "r1")
    slow, other = a_replay(database, vhost, made), a_replay(database, vhost, made)
    publish = slow._published

    def overtaken(turn: replay._Turn) -> bool:
        database.leases.delete_many({})  # as if its time were over
        for _ in range(3):
            other.act()
        return publish(turn)

    monkeypatch.setattr(slow, "_published", overtaken)
    slow.act()
    assert database["replays"].find_one({}, {"_id": 0, "told": 1}) == {"told": 30}


def test_a_rebuild_asked_for_by_a_clock_that_is_behind_is_newer_all_the_same(
    database: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    rebuilds = Rebuilds(database)
    ahead = time.time() + 86_400
    with monkeypatch.context() as patched:
        patched.setattr("shared.contracts.envelope.time.time", lambda: ahead)
        first = rebuilds.begin("rebuild", {}, datetime.now(UTC))
    rebuilds.close(first["_id"], "abandoned", datetime.now(UTC))
    second = rebuilds.begin("rebuild", {}, datetime.now(UTC))
    assert second["_id"] > first["_id"]
    assert len(second["_id"]) == len(first["_id"])
    assert UUID(second["_id"]).version == 7


def test_a_newer_rebuild_takes_the_place_of_one_under_way(
    database: Db, vhost: str, made: list[Replay]
) -> None:
    ids = kept(database, "cases", 20)
    ask(database, "r1")
    telling = a_replay(database, vhost, made)
    telling.act()
    ask(database, "r2")
    while telling.act() is AGAIN:
        pass
    newer = [e for head, events in messages(vhost) for e in events if head["rebuild"] == "r2"]
    assert newer == ids


def test_a_full_queue_holds_an_owner_up_and_nothing_is_lost(
    database: Db, vhost_url: str, made: list[Replay], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topology, "REBUILD_QUEUE_LENGTH", 5)
    monkeypatch.setattr(replay, "_TURN_SECONDS", 0.1)
    monkeypatch.setattr(replay, "MESSAGE_BYTES", 2000)
    monkeypatch.setattr(replay, "PORTION", 5)
    topology.provision(vhost_url, "query", 1000)
    ids = kept(database, "cases", 16)
    ask(database, "r1")
    telling = a_replay(database, vhost_url, made)
    for _ in range(5):
        assert telling.act() is AGAIN
    assert depth(vhost_url) < 12  # of 48; a quorum queue notices between turns that it is full
    found: list[str] = []
    while telling.act() is AGAIN:
        found += [each for _, events in messages(vhost_url) for each in events]
    found += [each for _, events in messages(vhost_url) for each in events]
    assert sorted(found) == sorted(ids)


def depth(url: str) -> int:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    count: int = connection.channel().queue_declare(QUEUE, passive=True).method.message_count
    connection.close()
    return count


def test_a_connection_is_open_only_while_something_is_told(
    database: Db, vhost: str, made: list[Replay]
) -> None:
    telling = a_replay(database, vhost, made)
    assert telling.act() is None
    assert telling._broker is None
    kept(database, "cases", 1)
    ask(database, "r1")
    while telling.act() is AGAIN:
        assert telling._broker is not None
    eventually(lambda: telling._broker is None)
