"""Several dispatchers share the subscriptions; what one of them leaves another takes up, once."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from services.notify.partners.deliveries import delivery_id
from services.notify.partners.lane_documents import place_of
from services.notify.partners.shards import LEASE_SECONDS, SHARDS, Shards, shard_of
from shared.errors import BackendAway
from tests.builders.endpoints import Endpoints
from tests.builders.webhooks import a_subscription, dispatching, log_events, provided, stores
from tests.waiting import eventually

Db = Database[dict[str, Any]]


@pytest.fixture
def db(database: Db) -> Db:
    provided(database)
    return database


def subscribed(db: Db, partners: Endpoints, count: int) -> list[str]:
    documents = [a_subscription(partners.url(f"/status/200?{n}")) for n in range(count)]
    db["subscriptions"].insert_many(documents)
    return [d["_id"] for d in documents]


def calls(partners: Endpoints) -> Counter[tuple[str, str]]:
    return Counter(
        (path, call.event_id) for path, found in partners.received.items() for call in found
    )


def delivered(db: Db) -> int:
    return int(db["deliveries"].count_documents({"status": "delivered"}))


def test_two_dispatchers_share_the_lanes_and_none_sends_twice(db: Db, partners: Endpoints) -> None:
    keys = subscribed(db, partners, 40)
    with dispatching(db) as first:
        log_events(db, 20)
        eventually(lambda: delivered(db) == 800)
        with dispatching(db) as second:
            for _ in range(10):
                log_events(db, 4)
                time.sleep(0.05)
            eventually(lambda: len(second.stores.shards.holding.shards) == SHARDS // 2)
            eventually(lambda: len(first.stores.shards.holding.shards) == SHARDS // 2)
            eventually(lambda: first.lanes | second.lanes == set(keys))
            assert not first.lanes & second.lanes
            log_events(db, 20)
            eventually(lambda: delivered(db) == 40 * 80, seconds=20)
            assert second.lanes
        eventually(lambda: first.lanes == set(keys))
        log_events(db, 20)
        eventually(lambda: delivered(db) == 40 * 100, seconds=20)
    found = calls(partners)
    assert len(found) == 40 * 100
    assert set(found.values()) == {1}


def test_who_takes_over_repeats_nothing_that_is_recorded(db: Db, partners: Endpoints) -> None:
    """The holder died after its records and before it wrote where its lane had come to."""
    (key,) = subscribed(db, partners, 1)
    ids = log_events(db, 50)
    with dispatching(db):
        eventually(lambda: delivered(db) == 50)
    before = calls(partners)
    forgotten = ids[40]
    db["lanes"].update_one({"_id": key}, {"$set": {"cursor": 10}})
    db["deliveries"].delete_one({"_id": delivery_id(key, forgotten)})
    with dispatching(db):
        eventually(lambda: delivered(db) == 50)
        log_events(db, 10)
        eventually(lambda: delivered(db) == 60)
    again = {event for (_, event), times in calls(partners).items() if times > 1}
    assert again == {forgotten}
    assert len(before) == 50


def test_after_a_lapse_nothing_is_sent_until_the_lease_is_renewed(
    db: Db, partners: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise BackendAway("mongodb: away")

    subscribed(db, partners, 1)
    with dispatching(db) as running:
        eventually(lambda: running.lanes)
        with monkeypatch.context() as patch:
            patch.setattr(Shards, "turn", away)
            running.stores.shards.holding.until = time.monotonic()
            log_events(db, 5)
            time.sleep(0.3)
            assert not calls(partners)
        eventually(lambda: delivered(db) == 5)


def test_a_lane_that_somebody_else_has_taken_is_left_alone(db: Db, partners: Endpoints) -> None:
    (key,) = subscribed(db, partners, 1)
    with dispatching(db) as running:
        eventually(lambda: running.lanes)
        lease = {"_id": f"shard:{shard_of(key):02}"}
        taken = {"holder": "other", "until": datetime(2100, 1, 1, tzinfo=UTC)}
        db["leases"].update_one(lease, {"$set": taken})
        eventually(lambda: not running.lanes)
        log_events(db, 5)
        time.sleep(0.3)
        assert not calls(partners)
        db["leases"].update_one(lease, {"$set": {"holder": None}})
        eventually(lambda: delivered(db) == 5)


def test_what_a_former_holder_writes_of_its_place_is_not_taken(db: Db) -> None:
    now = datetime.now(UTC)
    document = a_subscription("https://a.example.com/", updated_at=now)
    old, new = stores(db), stores(db)
    (opened,) = old.lanes.open([document])
    new.lanes.take([shard_of(document["_id"])])
    opened.lane.read_to = 77
    old.lanes.keep({document["_id"]: place_of(opened.lane)})
    assert (db["lanes"].find_one() or {})["cursor"] == 0
    new.lanes.keep({document["_id"]: place_of(opened.lane)})
    assert (db["lanes"].find_one() or {})["cursor"] == 77


def test_shards_are_shared_evenly_and_free_again_when_somebody_leaves(db: Db) -> None:
    first, second, third = Shards(db), Shards(db), Shards(db)
    assert len(first.turn().gained) == SHARDS
    assert second.turn().gained == frozenset()
    assert first.turn().surplus == SHARDS // 2
    first.give_up(range(SHARDS // 2))
    assert second.turn().gained == frozenset(range(SHARDS // 2))
    third.turn()
    for each in (first, second):
        change = each.turn()
        assert change.surplus == SHARDS // 2 - 11
        each.give_up(sorted(each.holding.shards)[: change.surplus])
    assert len(third.turn().gained) == 10
    first.leave()
    assert len(second.turn().gained | third.turn().gained) == 11
    held = [second.holding.shards, third.holding.shards]
    assert not held[0] & held[1]
    assert held[0] | held[1] == set(range(SHARDS))


def test_a_lease_that_ran_out_is_anybodys(db: Db) -> None:
    first, second = Shards(db), Shards(db)
    first.turn()
    db["leases"].update_many({}, {"$set": {"until": datetime(2020, 1, 1, tzinfo=UTC)}})
    assert len(second.turn().gained) == SHARDS
    change = first.turn()
    assert len(change.lost) == SHARDS
    assert first.holding.shards == frozenset()
    assert LEASE_SECONDS > 1
