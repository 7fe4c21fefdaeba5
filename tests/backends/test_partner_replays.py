"""What a partner may count on when it asks for single events while its endpoint has trouble."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from services.notify.partners.catalogue import Filter, names_of
from services.notify.partners.log import EventLog
from services.notify.partners.replaying import single
from services.notify.partners.schedule import Pauses
from services.notify.partners.subscriptions import Subscriptions
from tests.builders.endpoints import Endpoints
from tests.builders.webhooks import KEYRING, a_subscription, dispatching, log_events, provided
from tests.waiting import eventually

Db = Database[dict[str, Any]]
HOURS_LATER = Pauses((3600.0,) * 50)
NO = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def db(database: Db) -> Db:
    provided(database)
    return database


def subscribed(db: Db, partners: Endpoints) -> dict[str, Any]:
    document = a_subscription(partners.url("/ok"))
    db["subscriptions"].insert_one(document)
    return document


def asked_for(db: Db, subscription: dict[str, Any], *event_ids: str) -> dict[str, Any]:
    return single(
        db["deliveries"],
        EventLog(db),
        subscription=subscription,
        wanted=Filter(names_of(subscription["event_types"])),
        event_ids=event_ids,
        at=datetime.now(UTC),
    )


def count(db: Db, **wanted: Any) -> int:
    return db["deliveries"].count_documents(wanted)


def test_an_event_that_waits_for_its_next_try_is_sent_at_once_those_behind_it_in_order(
    db: Db, partners: Endpoints
) -> None:
    subscription = subscribed(db, partners)
    partners.answers["/ok"] = NO
    first, second, third = log_events(db, 3, subjects=["a"])
    with dispatching(db, schedule=HOURS_LATER):
        eventually(lambda: count(db, status="retrying") == 3)
        assert partners.ids("/ok") == [first]
        assert asked_for(db, subscription, third, second)["events"] == 2
        assert count(db, next_attempt_at=None) == 2, "they wait for the first of their case"
        del partners.answers["/ok"]
        assert asked_for(db, subscription, first)["events"] == 1
        eventually(lambda: count(db, status="delivered") == 3)
    assert partners.ids("/ok") == [first, first, second, third]


def test_what_is_held_while_a_subscription_is_paused_stays_held(
    db: Db, partners: Endpoints
) -> None:
    subscription = subscribed(db, partners)
    partners.answers["/ok"] = NO
    (event_id,) = log_events(db, 1)
    with dispatching(db, schedule=HOURS_LATER):
        eventually(lambda: count(db, status="retrying") == 1)
        paused = {"$set": {"status": "paused"}, "$inc": {"version": 1}}
        db["subscriptions"].update_one({}, paused)
        eventually(lambda: count(db, status="held") == 1)
        assert asked_for(db, subscription, event_id)["events"] == 1
        assert count(db, status="held") == 1
    assert partners.ids("/ok") == [event_id]


def test_nothing_is_left_of_the_lane_of_a_subscription_that_is_deleted(
    db: Db, partners: Endpoints
) -> None:
    key = subscribed(db, partners)["_id"]
    log_events(db, 5)
    with dispatching(db) as running:
        eventually(lambda: count(db, status="delivered") == 5)
        Subscriptions(db, KEYRING).delete(key)
        eventually(lambda: key not in running.lanes)
    assert db["lanes"].find_one({"_id": key}) is None
