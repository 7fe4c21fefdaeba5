"""Events reach partners' endpoints over real HTTP, in order, once, whatever one of them does."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.database import Database
from standardwebhooks.webhooks import Webhook

from services.notify.partners.deliveries import (
    delivery_id,
)
from services.notify.partners.resolving import NoAddress
from services.notify.partners.schedule import Pauses
from services.notify.partners.subscriptions import new_secret
from tests.builders.endpoints import Endpoints
from tests.builders.webhooks import (
    a_subscription,
    dispatching,
    log_events,
    provided,
)
from tests.waiting import eventually

SOON = Pauses((0.3,) * 50)
"""Retries that a test can wait for."""

Db = Database[dict[str, Any]]


@pytest.fixture
def db(database: Db) -> Db:
    provided(database)
    return database


def subscribed(db: Db, partners: Endpoints, path: str = "/ok", **fields: Any) -> str:
    document = a_subscription(partners.url(path), **fields)
    db["subscriptions"].insert_one(document)
    return str(document["_id"])


def statuses(db: Db, key: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in db["deliveries"].find({"subscription": key}):
        found[each["status"]] = found.get(each["status"], 0) + 1
    return found


def lane(db: Db, key: str) -> dict[str, Any]:
    return db["lanes"].find_one({"_id": key}) or {}


def test_every_event_arrives_once_signed_as_it_is_in_the_log(db: Db, partners: Endpoints) -> None:
    secret = new_secret()
    key = subscribed(db, partners, secret=secret)
    ids = log_events(db, 300)
    with dispatching(db):
        eventually(lambda: statuses(db, key) == {"delivered": 300})
    assert sorted(partners.ids("/ok")) == sorted(ids)
    bodies = {d["_id"]: d["body"] for d in db["partner_events"].find()}
    for call in partners.received["/ok"]:
        assert call.body == bodies[call.event_id]
        Webhook(secret).verify(call.body, call.headers)
        assert call.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert lane(db, key)["cursor"] == 300


def test_a_delivery_says_what_was_sent_and_what_came_of_it(db: Db, partners: Endpoints) -> None:
    key = subscribed(db, partners)
    (event_id,) = log_events(db, 1, subjects=["2634626885086477"])
    with dispatching(db):
        eventually(lambda: statuses(db, key) == {"delivered": 1})
    found = db["deliveries"].find_one() or {}
    (attempt,) = found["attempts"]
    assert found["_id"] == delivery_id(key, event_id)
    assert (found["event_type"], found["subject"]) == (
        "cn.tiaojie.case.accepted.v1",
        "2634626885086477",
    )
    assert (found["channel"], found["position"], found["tries"]) == ("app_example", 1, 1)
    assert (attempt["status_code"], attempt["error"]) == (200, None)
    assert 0 <= attempt["latency_ms"] < 5000
    assert found["settled_at"] is not None
    assert found["next_attempt_at"] is None
    assert "body" not in found


def test_only_what_matches_is_sent_and_the_rest_is_passed(db: Db, partners: Endpoints) -> None:
    key = subscribed(db, partners, event_types=["cn.tiaojie.case.accepted.v1"], divisions=["3701"])
    wanted = log_events(db, 3, division="370102")
    log_events(db, 3, division="110101")
    log_events(db, 3, name="case.closed")
    with dispatching(db):
        eventually(lambda: len(partners.ids("/ok")) == 3)
        wanted += log_events(db, 1, division="3701")
        eventually(lambda: len(partners.ids("/ok")) == 4)
        eventually(lambda: lane(db, key).get("cursor", 0) == 10)
    assert sorted(partners.ids("/ok")) == sorted(wanted)


def test_events_of_one_case_arrive_in_their_order(db: Db, partners: Endpoints) -> None:
    key = subscribed(db, partners)
    ids = log_events(db, 200, subjects=["a", "b", "c"])
    with dispatching(db):
        eventually(lambda: statuses(db, key) == {"delivered": 200})
    for number in range(3):
        mine = ids[number::3]
        assert [each for each in partners.ids("/ok") if each in set(mine)] == mine


def test_a_failed_event_keeps_back_its_case_alone_and_is_tried_again(
    db: Db, partners: Endpoints
) -> None:
    key = subscribed(db, partners)
    partners.answers["/ok"] = b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"
    first, second, third, other = log_events(db, 4, subjects=["a", "a", "a", "b"])
    with dispatching(db, schedule=SOON):
        eventually(lambda: statuses(db, key) == {"retrying": 4})
        assert set(partners.ids("/ok")) == {first, other}
        assert lane(db, key).get("cursor") in {None, 0, 4}
        del partners.answers["/ok"]
        eventually(lambda: statuses(db, key) == {"delivered": 4}, seconds=15)
    own = [each for each in partners.ids("/ok") if each != other]
    assert own == [first] * (len(own) - 2) + [second, third]
    found = db["deliveries"].find_one({"event_id": first}) or {}
    errors = [a["error"] for a in found["attempts"]]
    assert errors == ["http_503"] * (len(errors) - 1) + [None]


BAD = {
    "/status/500": ("http_500", 500),
    "/status/404": ("http_404", 404),
    "/status/429?60": ("http_429", 429),
    "/redirect": ("redirect", 302),
    "/hang": ("timeout", None),
    "/drip": ("timeout", 200),
    "/stream": ("response_too_large", 200),
    "/flood": ("response_too_large", 200),
    "/early": ("closed_early", 200),
    "/nothing": ("closed_early", None),
    "/garbage": ("not_http", None),
}


ELSEWHERE = {
    "https://nowhere.invalid/": "dns",
    "https://inside.example.com/": "address_not_allowed",
    "http://10.0.0.1/": "address_not_allowed",
    "http://127.0.0.1:1/": "connection",
}


def test_each_bad_endpoint_has_its_clear_state_and_a_good_one_beside_it_gets_everything(
    db: Db, partners: Endpoints
) -> None:
    bad = {subscribed(db, partners, path): ended for path, ended in BAD.items()}
    for url, code in ELSEWHERE.items():
        document = a_subscription(url)
        db["subscriptions"].insert_one(document)
        bad[document["_id"]] = (code, None)
    good = subscribed(db, partners)
    with dispatching(db, seconds=3.0, lookup=_lookup):
        ids = log_events(db, 100)
        eventually(lambda: statuses(db, good) == {"delivered": 100})
        eventually(lambda: all(lane(db, key).get("failures") for key in bad))
    assert sorted(partners.ids("/ok")) == sorted(ids)  # and nothing that was redirected there
    for key, ended in bad.items():
        attempt = _first_attempt(db, key)
        assert (attempt["error"], attempt["status_code"]) == ended
        assert lane(db, key)["last_error"] == ended[0]
        assert lane(db, key)["failing_since"] is not None


def _lookup(host: str, _: int) -> list[str]:
    if host == "nowhere.invalid":
        raise NoAddress(host)
    return ["10.1.2.3"] if host == "inside.example.com" else ["127.0.0.1"]


def _first_attempt(db: Db, key: str) -> dict[str, Any]:
    for each in db["deliveries"].find({"subscription": key}):
        for attempt in each["attempts"]:
            return dict(attempt)
    return {}
