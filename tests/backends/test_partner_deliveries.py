"""From a partner's first call to the last event: a real dispatcher, a real endpoint, the API between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from services.notify.partners import deliveries_api
from services.notify.partners.schedule import Pauses
from shared.sealing import Keyring
from tests.builders.endpoints import Endpoints
from tests.builders.partner_log import a_partner_event, logged, many
from tests.builders.partner_subscriptions import a_delivery, ask, got, make, partner
from tests.builders.webhooks import Dispatching, dispatching
from tests.waiting import eventually
from tests.web import Web, problem, running

SOON = Pauses((0.2,) * 50)
SERIAL = "2634626885086477"


@pytest.fixture(scope="module")
def provisioned(mongo_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder: Path = tmp_path_factory.mktemp("notify")
    with running("notify", mongo_url, folder, partner_allow_loopback=True) as web:
        yield web


@pytest.fixture
def notify(provisioned: Web) -> Web:
    """The service, in which nothing is."""
    for name in provisioned.database.list_collection_names():
        provisioned.database[name].delete_many({})
    return provisioned


@contextmanager
def delivering(web: Web) -> Iterator[Dispatching]:
    keyring = Keyring.parse(web.settings.contact_keys)
    with dispatching(web.database, keyring=keyring, schedule=SOON) as work:
        yield work


def registered(web: Web, partners: Endpoints, path: str = "/handshake", **changes: Any) -> str:
    """A subscription to everything, waiting for its handshake; the endpoint knows its secret."""
    wanted = {"url": partners.url(path), "divisions": [], **changes}
    made = make(web, **wanted)
    partners.secrets.append(made["secret"])
    return str(made["id"])


def status(web: Web, key: str) -> str:
    return str(got(web, "GET", key)["status"])


def listed(web: Web, key: str, query: str = "") -> dict[str, Any]:
    return got(web, "GET", f"{key}/deliveries{query}")


def ids(page: dict[str, Any]) -> list[str]:
    return [each["event_id"] for each in page["items"]]


def delivered(web: Web, key: str, count: int) -> bool:
    return len(listed(web, key, "?status=delivered&size=200")["items"]) == count


def recorded(web: Web, key: str, event_ids: Sequence[str], **fields: Any) -> None:
    web.database.deliveries.insert_many(
        a_delivery(key, event_id, position, **fields)
        for position, event_id in enumerate(event_ids, 1)
    )


# --- from the first call to the last event -----------------------------------------------------


def test_from_the_handshake_to_the_last_event(notify: Web, partners: Endpoints) -> None:
    logged(notify.database, *many(2))  # before there was anybody
    key = registered(notify, partners, refuses_unsigned=True)
    with delivering(notify) as work:
        eventually(lambda: status(notify, key) == "active")
        (event_id,) = logged(notify.database, a_partner_event(serial=SERIAL))
        eventually(lambda: delivered(notify, key, 1))
        shown = got(notify, "GET", key)
        assert shown["verification"]["next_attempt_at"] is None
        eventually(lambda: got(notify, "GET", key)["progress"]["behind"] == 0)
        assert got(notify, "GET", key)["progress"]["last_error"] is None

        tried = got(notify, "POST", f"{key}/test")
        assert (tried["status"], tried["attempts"][0]["status_code"]) == ("delivered", 200)
        assert ids(listed(notify, key)) == [event_id]  # tests lie beside the log
        assert [t["event_id"] for t in listed(notify, key)["tests"]] == [tried["event_id"]]

        assert ask(notify, "DELETE", key).status_code == 204
        eventually(lambda: key not in work.lanes)
        calls = len(partners.received["/handshake"])
        logged(notify.database, *many(3))
        other = registered(notify, partners, "/lenient")
        eventually(lambda: status(notify, other) == "active")
        logged(notify.database, *many(1))
        eventually(lambda: delivered(notify, other, 1))
        assert len(partners.received["/handshake"]) == calls, "the deleted one is left alone"
    _, _, event, test = partners.received["/handshake"]
    assert (event.event_id, test.event_id) == (event_id, tried["event_id"])
    for call in (event, test):
        Webhook(partners.secrets[0]).verify(call.body, call.headers)
    assert test.event["type"] == "cn.tiaojie.subscription.test.v1"
    assert test.event["subject"] == key


def test_a_test_event_tells_what_the_endpoint_says(notify: Web, partners: Endpoints) -> None:
    key = registered(notify, partners)
    with delivering(notify):
        eventually(lambda: status(notify, key) == "active")
        partners.answers["/handshake"] = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
        tried = got(notify, "POST", f"{key}/test")
    assert tried["status"] == "retrying"
    assert tried["attempts"][0]["status_code"] == 500
    assert tried["attempts"][0]["error"] == "http_500"
    assert tried["next_attempt_at"] is not None


def test_a_test_event_that_nobody_answers_is_found_among_the_deliveries(
    notify: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries_api, "_TEST_SECONDS", 0.15)
    key = make(notify)["id"]
    notify.database.subscriptions.update_one({}, {"$set": {"status": "active"}})
    tried = got(notify, "POST", f"{key}/test")
    assert (tried["status"], tried["attempts"]) == ("retrying", [])
    assert listed(notify, key)["tests"] == [tried]
    shown = got(notify, "GET", f"{key}/deliveries/{tried['event_id']}")
    assert shown["request"]["webhook_id"] == tried["event_id"]
    assert shown["request"]["event"]["subject"] == key


# --- replays -------------------------------------------------------------------------------------


def test_a_replay_since_a_moment_brings_everything_again_in_order(
    notify: Web, partners: Endpoints
) -> None:
    key = registered(notify, partners)
    with delivering(notify):
        eventually(lambda: status(notify, key) == "active")
        events = logged(notify.database, *(a_partner_event(serial=SERIAL) for _ in range(6)))
        eventually(lambda: delivered(notify, key, 6))
        first = partners.ids("/handshake")[1:]
        assert first == events
        middle = datetime.now(UTC)
        older = {"$set": {"arrived": middle - timedelta(hours=1)}}
        notify.database.partner_events.update_many({"position": {"$lte": 2}}, older)
        since = (middle - timedelta(minutes=5)).isoformat()
        begun = got(notify, "POST", f"{key}/replay", {"since": since})
        assert begun == {"events": 4, "on_their_way": 0, "not_found": []}
        eventually(lambda: len(partners.ids("/handshake")) == 1 + 6 + 4)
        assert partners.ids("/handshake")[7:] == events[2:]
        eventually(lambda: all(len(d["attempts"]) == 2 for d in listed(notify, key)["items"][:4]))
        later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
        assert got(notify, "POST", f"{key}/replay", {"since": later})["events"] == 0
        logged(notify.database, a_partner_event(serial=SERIAL))
        eventually(lambda: delivered(notify, key, 7))
    assert len(partners.ids("/handshake")) == 1 + 6 + 4 + 1


def test_single_events_are_delivered_again_or_for_the_first_time(
    notify: Web, partners: Endpoints
) -> None:
    before, unwanted = logged(
        notify.database, a_partner_event(), a_partner_event(division="510104")
    )
    key = registered(notify, partners, divisions=["37"])
    with delivering(notify):
        eventually(lambda: status(notify, key) == "active")
        first, second = logged(notify.database, *many(2))
        eventually(lambda: delivered(notify, key, 2))
        eventually(lambda: got(notify, "GET", key)["progress"]["behind"] == 0)
        asked = [second, before, unwanted, "unknown", second]
        begun = got(notify, "POST", f"{key}/replay", {"event_ids": asked})
        assert begun == {"events": 2, "on_their_way": 0, "not_found": [unwanted, "unknown"]}
        eventually(lambda: len(partners.ids("/handshake")) == 1 + 2 + 2)
        eventually(lambda: delivered(notify, key, 3))
        eventually(lambda: len(got(notify, "GET", f"{key}/deliveries/{second}")["attempts"]) == 2)
    assert sorted(partners.ids("/handshake")[1:]) == sorted([first, second, second, before])
    bodies = {call.body for call in partners.received["/handshake"] if call.event_id == second}
    assert len(bodies) == 1


def test_events_that_their_lane_has_not_come_to_are_left_to_it(notify: Web) -> None:
    key = make(notify, divisions=[])["id"]
    notify.database.subscriptions.update_one({}, {"$set": {"status": "paused"}})
    waiting = logged(notify.database, *many(2))
    begun = got(notify, "POST", f"{key}/replay", {"event_ids": waiting})
    assert begun == {"events": 0, "on_their_way": 2, "not_found": []}
    assert notify.database.deliveries.count_documents({}) == 0


@pytest.mark.parametrize(
    "body, pointer",
    [
        ({}, ""),
        ({"since": "2026-11-20T03:00:00Z", "event_ids": ["e"]}, ""),
        ({"since": None, "event_ids": []}, ""),
        ({"since": "gestern"}, "/since"),
        ({"event_ids": ["$gt", "e"]}, "/event_ids/0"),
        ({"event_ids": ["e"] * 1001}, "/event_ids"),
    ],
)
def test_a_replay_says_one_thing(notify: Web, body: dict[str, Any], pointer: str) -> None:
    key = make(notify)["id"]
    notify.database.subscriptions.update_one({}, {"$set": {"status": "active"}})
    for language in ("zh", "en"):
        headers = {**partner(notify), "Accept-Language": language}
        answer = ask(notify, "POST", f"{key}/replay", body, headers=headers)
        errors = problem(answer, 422, "validation_failed")["errors"]
        assert [error["pointer"] for error in errors] == [pointer]


def test_what_is_not_proven_gets_nothing_again(notify: Web) -> None:
    key = make(notify)["id"]
    answer = ask(notify, "POST", f"{key}/replay", {"event_ids": ["e"]})
    refused = problem(answer, 409, "subscription_not_ready")
    assert refused["subscription_status"] == "pending"


# --- what was sent -------------------------------------------------------------------------------


def test_deliveries_are_listed_page_by_page_the_newest_events_first(notify: Web) -> None:
    key, other = (make(notify, url=f"https://app.example.cn/{n}")["id"] for n in range(2))
    events = logged(notify.database, *many(5))
    recorded(notify, key, events)
    recorded(notify, other, events[:1])
    pages, below = [], ""
    for _ in range(3):
        page = listed(notify, key, f"?size=2{below}")
        pages.append(ids(page))
        below = f"&below={page['next']}"
    assert pages == [[events[4], events[3]], [events[2], events[1]], [events[0]]]
    assert page["next"] is None
    assert ids(listed(notify, key)) == events[::-1]
    assert listed(notify, key, "?size=5")["next"] is None


def test_deliveries_are_found_by_what_became_of_them_by_event_and_by_case(notify: Web) -> None:
    key = make(notify)["id"]
    events = logged(notify.database, *many(3))
    recorded(notify, key, events)
    failed = {"status": "exhausted", "subject": "2634626885086493"}
    notify.database.deliveries.update_one({"event_id": events[1]}, {"$set": failed})
    assert ids(listed(notify, key, "?status=exhausted")) == [events[1]]
    assert ids(listed(notify, key, "?status=held")) == []
    assert ids(listed(notify, key, f"?event_id={events[2]}")) == [events[2]]
    assert ids(listed(notify, key, "?event_id=unknown")) == []
    assert ids(listed(notify, key, f"?serial={SERIAL}")) == [events[2], events[0]]
    assert ids(listed(notify, key, "?serial=2634%206268%208508%206477")) == [events[2], events[0]]
    assert ids(listed(notify, key, f"?serial={SERIAL}&status=exhausted")) == []
    for query in ("status=lost", "size=0", "size=201", "below=x", "event_id=$gt"):
        answer = ask(notify, "GET", f"{key}/deliveries?{query}")
        (error,) = problem(answer, 422, "validation_failed")["errors"]
        assert error["pointer"] == f"/{query.partition('=')[0]}"
    answer = ask(notify, "GET", f"{key}/deliveries?serial=2634626885086478")
    problem(answer, 422, "serial_checksum")


def test_one_delivery_is_shown_with_what_is_sent(notify: Web) -> None:
    made = make(notify)
    key = made["id"]
    (event_id,) = logged(notify.database, a_partner_event(serial=SERIAL))
    recorded(notify, key, [event_id])
    shown = got(notify, "GET", f"{key}/deliveries/{event_id}")
    sent = shown.pop("request")
    assert shown == listed(notify, key)["items"][0]
    assert (sent["url"], sent["webhook_id"]) == (made["url"], event_id)
    assert (sent["event"]["id"], sent["event"]["subject"]) == (event_id, SERIAL)
    notify.database.partner_events.delete_many({})
    assert got(notify, "GET", f"{key}/deliveries/{event_id}")["request"]["event"] is None
    problem(ask(notify, "GET", f"{key}/deliveries/unknown"), 404, "not_found")


def test_what_is_on_its_way_is_cancelled_with_the_subscription(notify: Web) -> None:
    key = make(notify)["id"]
    recorded(notify, key, ["open", "held"], status="retrying")
    notify.database.deliveries.update_one({"event_id": "held"}, {"$set": {"status": "held"}})
    assert ask(notify, "DELETE", key).status_code == 204
    assert notify.database.deliveries.count_documents({"status": "cancelled"}) == 2
