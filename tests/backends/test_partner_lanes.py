"""The life of a subscription's lane: paused, stopped, replayed, limited, and what the API asks of it."""

from __future__ import annotations

import io
import secrets
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from pymongo.database import Database

from services.notify.partners.deliveries import delivery_id, document_of_test_event, due_again
from services.notify.partners.dispatcher import DUE_SECONDS
from services.notify.partners.schedule import Pauses
from services.notify.partners.shards import shard_of
from services.notify.partners.subscriptions import new_secret
from shared.sealing import Keyring, new_key
from tests.builders.endpoints import Endpoints
from tests.builders.webhooks import (
    KEYRING,
    a_subscription,
    change,
    dispatching,
    log_events,
    provided,
)
from tests.waiting import eventually

Db = Database[dict[str, Any]]
NO = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
GONE = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
SOON = Pauses((0.05,) * 50)
"""Retries that a test can wait for."""


@pytest.fixture
def db(database: Db) -> Db:
    provided(database)
    return database


def subscribed(db: Db, partners: Endpoints, path: str = "/ok", **fields: Any) -> str:
    document = a_subscription(partners.url(path), **fields)
    db["subscriptions"].insert_one(document)
    return str(document["_id"])


def of(db: Db, key: str) -> dict[str, Any]:
    return db["subscriptions"].find_one({"_id": key}) or {}


def statuses(db: Db, key: str) -> list[str]:
    found = db["deliveries"].find({"subscription": key}).sort("position", 1)
    return [each["status"] for each in found]


def a_lane_that_fails(key: str, hours: float) -> dict[str, Any]:
    """The place of a subscription whose endpoint has taken nothing for so long."""
    return {
        "_id": key,
        "shard": shard_of(key),
        "holder": None,
        "cursor": 0,
        "epoch": 0,
        "rewound_to": 0,
        "replay_to": 0,
        "failures": 50,
        "failing_since": datetime.now(UTC) - timedelta(hours=hours),
        "last_error": "http_500",
        "last_success_at": None,
        "not_before": None,
        "put_down": None,
    }


def test_410_stops_the_subscription_and_cancels_what_waits(db: Db, partners: Endpoints) -> None:
    key = subscribed(db, partners)
    partners.answers["/ok"] = NO
    log_events(db, 3, subjects=["a"])
    with dispatching(db, schedule=SOON):
        eventually(lambda: statuses(db, key) == ["retrying"] * 3)
        partners.answers["/ok"] = GONE
        eventually(lambda: of(db, key)["status"] == "stopped")
        eventually(lambda: statuses(db, key) == ["cancelled"] * 3)
        calls = len(partners.ids("/ok"))
        log_events(db, 3)
        time.sleep(0.3)
    assert of(db, key)["reason"] == "gone"
    assert len(partners.ids("/ok")) == calls


def test_a_day_of_failures_pauses_and_resuming_delivers_everything_in_order(
    db: Db, partners: Endpoints
) -> None:
    key = subscribed(db, partners)
    ids = log_events(db, 12, subjects=["a", "b"])
    db["lanes"].insert_one(a_lane_that_fails(key, hours=25))
    partners.answers["/ok"] = NO
    with dispatching(db, schedule=SOON):
        eventually(lambda: of(db, key)["status"] == "paused")
        eventually(lambda: set(statuses(db, key)) == {"held"})
        assert of(db, key)["reason"] == "failing"
        assert (db["lanes"].find_one() or {})["last_error"] == "http_500"
        assert of(db, key)["failing_since"] is not None
        later = log_events(db, 4, subjects=["a", "b"])
        time.sleep(0.3)
        partners.received.clear()
        del partners.answers["/ok"]
        change(db, key, status="active", failing_since=None, reason=None)
        eventually(lambda: statuses(db, key) == ["delivered"] * 16)
    for subject in (0, 1):
        mine = [*ids[subject::2], *later[subject::2]]
        assert [each for each in partners.ids("/ok") if each in set(mine)] == mine


def test_a_replay_since_a_time_repeats_from_there_with_the_same_ids(
    db: Db, partners: Endpoints
) -> None:
    key = subscribed(db, partners)
    ids = log_events(db, 20)
    with dispatching(db):
        eventually(lambda: statuses(db, key) == ["delivered"] * 20)
        change(db, key, rewind={"position": 12, "epoch": 1, "at": datetime.now(UTC)})
        eventually(lambda: len(partners.ids("/ok")) == 28)
        later = log_events(db, 2)
        eventually(lambda: statuses(db, key) == ["delivered"] * 22)
    counts = {each: partners.ids("/ok").count(each) for each in [*ids, *later]}
    assert [counts[each] for each in ids] == [1] * 12 + [2] * 8
    assert [counts[each] for each in later] == [1, 1]
    attempts = [len(d["attempts"]) for d in db["deliveries"].find().sort("position", 1)]
    assert attempts == [1] * 12 + [2] * 8 + [1] * 2
    assert (db["lanes"].find_one() or {})["epoch"] == 1


def test_a_replay_since_a_time_takes_up_what_was_given_up(db: Db, partners: Endpoints) -> None:
    key = subscribed(db, partners)
    partners.answers["/ok"] = NO
    ids = log_events(db, 3, subjects=["a"])
    with dispatching(db, schedule=Pauses((0.05,))):
        eventually(lambda: statuses(db, key) == ["exhausted"] * 3)
        del partners.answers["/ok"]
        change(db, key, rewind={"position": 0, "epoch": 1, "at": datetime.now(UTC)})
        eventually(lambda: statuses(db, key) == ["delivered"] * 3)
    assert partners.ids("/ok")[-3:] == ids


def test_single_events_are_replayed_as_they_are_asked_for(db: Db, partners: Endpoints) -> None:
    key = subscribed(db, partners)
    ids = log_events(db, 5)
    with dispatching(db):
        eventually(lambda: statuses(db, key) == ["delivered"] * 5)
        db["deliveries"].update_many(
            {"_id": {"$in": [delivery_id(key, each) for each in ids[1:3]]}},
            {"$set": due_again(datetime.now(UTC))},
        )
        eventually(lambda: statuses(db, key) == ["delivered"] * 5 and len(partners.ids("/ok")) == 7)
        time.sleep(2 * DUE_SECONDS)  # asked again, it is not found
    assert sorted(partners.ids("/ok")[5:]) == sorted(ids[1:3])


def test_a_test_event_reaches_its_subscription_alone(db: Db, partners: Endpoints) -> None:
    key, other = subscribed(db, partners), subscribed(db, partners, "/status/200")
    event_id = secrets.token_hex(8)
    with dispatching(db) as running:
        eventually(lambda: running.lanes == {key, other})
        document = document_of_test_event(
            key,
            "app_example",
            event_id=event_id,
            event_type="cn.tiaojie.subscription.test.v1",
            body=b'{"type": "cn.tiaojie.subscription.test.v1"}',
            at=datetime.now(UTC),
        )
        db["deliveries"].insert_one(document)
        eventually(lambda: statuses(db, key) == ["delivered"])
        time.sleep(2 * DUE_SECONDS)  # asked again, it is not found
    (call,) = partners.received["/ok"]
    assert (call.event_id, call.body) == (event_id, document["body"])
    assert partners.ids("/status/200") == []


def test_retry_after_holds_all_events_of_the_subscription(db: Db, partners: Endpoints) -> None:
    key = subscribed(db, partners, "/status/429?30")
    log_events(db, 5)
    with dispatching(db, schedule=SOON):
        eventually(lambda: statuses(db, key) == ["retrying"])
        time.sleep(0.3)
    found = db["deliveries"].find_one() or {}
    assert len(partners.ids("/status/429?30")) == 1
    assert found["next_attempt_at"] - found["created_at"] > timedelta(seconds=28)
    assert (db["lanes"].find_one() or {})["not_before"] is not None


def test_a_slow_partner_sets_its_own_pace(db: Db, partners: Endpoints) -> None:
    slow = subscribed(db, partners, "/slow?0.02", concurrency=1)
    few = subscribed(db, partners, "/status/200", max_per_second=20.0)
    log_events(db, 15)
    with dispatching(db):
        eventually(lambda: statuses(db, slow) == statuses(db, few) == ["delivered"] * 15)
    calls = partners.received["/slow?0.02"]
    assert all(a.answered_at <= b.at for a, b in pairwise(calls))
    times = [call.at for call in partners.received["/status/200"]]
    assert times[-1] - times[0] > 0.5


def test_a_secret_that_is_added_signs_beside_the_old_one_until_that_ends(
    db: Db, partners: Endpoints
) -> None:
    key = subscribed(db, partners)
    with dispatching(db) as running:
        eventually(lambda: running.lanes == {key})
        now = datetime.now(UTC)
        sealed = KEYRING.seal(new_secret().encode(), f"subscription:{key}")
        (old,) = of(db, key)["secrets"]
        old["expires_at"] = now + timedelta(seconds=3)
        new = {"sealed": sealed, "created_at": now, "expires_at": None}
        change(db, key, secrets=[old, new])

        def signatures() -> int:
            log_events(db, 1)
            eventually(lambda: statuses(db, key)[-1:] == ["delivered"])
            last = partners.received["/ok"][-1]
            return len(last.headers["webhook-signature"].split(" "))

        eventually(lambda: signatures() == 2)
        eventually(lambda: signatures() == 1)


def test_another_address_and_another_filter_hold_from_where_the_lane_stands(
    db: Db, partners: Endpoints
) -> None:
    key = subscribed(db, partners)
    with dispatching(db) as running:
        first = log_events(db, 3)
        eventually(lambda: statuses(db, key) == ["delivered"] * 3)
        version = running.dispatcher._settling.running[key].subscription["version"]
        change(db, key, url=partners.url("/status/202"), event_types=["cn.tiaojie.case.closed.v1"])

        def is_open_again() -> bool:
            found = running.dispatcher._settling.running.get(key)
            return found is not None and found.subscription["version"] > version

        eventually(is_open_again)
        log_events(db, 3)
        second = log_events(db, 3, name="case.closed")
        eventually(lambda: statuses(db, key) == ["delivered"] * 6)
    assert sorted(partners.ids("/ok")) == sorted(first)
    assert sorted(partners.ids("/status/202")) == sorted(second)


def test_a_subscription_whose_secrets_cannot_be_read_holds_up_nobody(
    db: Db, partners: Endpoints, logged: io.StringIO
) -> None:
    lost = a_subscription(partners.url("/status/200"), keyring=Keyring.parse(f"x1:{new_key()}"))
    db["subscriptions"].insert_one(lost)
    key = subscribed(db, partners)
    log_events(db, 3)
    with dispatching(db):
        eventually(lambda: statuses(db, key) == ["delivered"] * 3)
    assert partners.ids("/status/200") == []
    assert logged.getvalue().count("lane_not_opened") == 1


def test_a_backlog_longer_than_any_queue_is_worked_off_beside_new_events(
    db: Db, partners: Endpoints
) -> None:
    ids = log_events(db, 1500)
    key = subscribed(db, partners)
    with dispatching(db):
        ids += log_events(db, 100)
        eventually(lambda: len(partners.ids("/ok")) == 1600, seconds=30)
        eventually(lambda: (db["lanes"].find_one() or {}).get("cursor") == 1600)
    assert sorted(partners.ids("/ok")) == sorted(ids)
    assert statuses(db, key) == ["delivered"] * 1600
