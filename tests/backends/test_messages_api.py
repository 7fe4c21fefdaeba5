"""Messages as staff look for them, look at them, and have them sent again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from services.notify.domain import plan
from services.notify.people.message_list import index_of, query_of
from services.notify.people.messages import open_body, to_document
from services.notify.people.resending import PAUSE, RESENT_MOST
from services.notify.people.statuses import ENDED, OPEN
from services.notify.people.templates import Templates
from shared.sealing import Keyring
from shared.store import insert_records
from tests.builders.notices import NOW, SERIAL, a_person, an_event, some_recipients
from tests.web import Web, problem

TEMPLATES = Templates("https://tiaojie.example")


@pytest.fixture
def keyring(notify: Web) -> Keyring:
    return Keyring.parse(notify.settings.contact_keys)


@pytest.fixture
def record(notify: Web, keyring: Keyring) -> Callable[..., list[str]]:
    """Record what an event causes; the ids."""

    def recorded(name: str, *, sequence: int = 1, at: datetime = NOW, **changes: Any) -> list[str]:
        event = an_event(name, sequence=sequence, **changes)
        planned = plan(event, some_recipients(a_person(), a_person("agent", email=None)))
        assert isinstance(planned, list)
        documents = [to_document(message, TEMPLATES, keyring, at) for message in planned]
        insert_records(notify.database.messages, documents)
        return [message.id for message in planned]

    return recorded


def asked(web: Web, question: str = "", **claims: Any) -> dict[str, Any]:
    headers = web.token("platform_admin", **claims)
    response = web.call("GET", f"/v1/messages{question}", headers=headers)
    assert response.status_code == 200, response.get_data(as_text=True)
    body: dict[str, Any] = response.get_json()
    return body


def ended(web: Web, identity: str, status: str, **more: Any) -> None:
    web.database.messages.update_one(
        {"_id": identity}, {"$set": {"status": status, "next_attempt_at": None, **more}}
    )


# --- looking for -----------------------------------------------------------------------------


def test_filters_are_combined(notify: Web, record: Any) -> None:
    record("application.submitted")
    (first, *_) = record("case.mediator_assigned", sequence=2, at=NOW + timedelta(hours=1))
    ended(notify, first, "permanent_failure")
    for question, count in [
        ("", 6),
        ("?party=agent", 2),
        ("?channel=email", 2),
        ("?event=case.mediator_assigned", 3),
        ("?status=permanent_failure", 1),
        ("?status=standby", 2),
        ("?status=permanent_failure&party=agent", 0),
        (f"?serial={SERIAL}&channel=sms&party=applicant", 2),
        ("?since=2026-11-02T12:00:00Z", 3),
        ("?until=2026-11-02T12:00:00Z", 3),
        ("?since=2026-11-02T11:41:05Z&until=2026-11-02T11:41:05Z", 0),
    ]:
        assert len(asked(notify, question)["items"]) == count, question


def test_a_question_that_cannot_be_is_refused_at_its_field(notify: Web) -> None:
    headers = notify.token("platform_admin")
    for question in (
        "status=sent",
        "channel=fax",
        "event=x",
        "since=yesterday",
        "before=x",
        "size=101",
    ):
        refused = notify.call("GET", f"/v1/messages?{question}", headers=headers)
        pointer = problem(refused, 422, "validation_failed")["errors"][0]["pointer"]
        assert pointer == f"/{question.partition('=')[0]}"


def test_pages_follow_each_other_without_gap_or_repetition(notify: Web, record: Any) -> None:
    for sequence in range(1, 6):
        record("case.withdrawn", sequence=sequence, at=NOW + timedelta(seconds=sequence // 2))
    everything = [item["message_id"] for item in asked(notify)["items"]]
    seen, question = [], "?size=4"
    while True:
        page = asked(notify, question)
        seen += [item["message_id"] for item in page["items"]]
        if page["next"] is None:
            break
        question = f"?size=4&before={page['next']}"
    assert seen == everything
    assert len(set(seen)) == 15


def test_an_administrator_of_a_place_sees_what_is_of_the_place(notify: Web, record: Any) -> None:
    (identity, *_) = record("case.withdrawn")
    assert asked(notify, "", divisions=["3701"])["items"]
    assert asked(notify, "", divisions=["44"])["items"] == []
    elsewhere = notify.token("platform_admin", divisions=["44"])
    for method, path in (("GET", ""), ("POST", "/resend")):
        refused = notify.call(method, f"/v1/messages/{identity}{path}", headers=elsewhere)
        problem(refused, 404, "not_found")


def test_every_question_is_read_from_an_index_in_its_order(notify: Web, record: Any) -> None:
    record("case.withdrawn")
    newest = [("created_at", -1), ("_id", -1)]
    for stated in ({}, {"status": "uncertain"}, {"party": "agent"}, {"serial": SERIAL}):
        query = query_of(stated)
        found = notify.database.messages.find(query).sort(newest).limit(5).hint(index_of(query))
        shown = str(found.explain()["queryPlanner"]["winningPlan"])
        assert "COLLSCAN" not in shown
        assert ("SORT'" in shown) == ("serial" in stated), "one case has few"


# --- looking at ------------------------------------------------------------------------------


def test_one_message_is_shown_with_its_attempts(notify: Web, record: Any) -> None:
    first, second, _ = record("application.submitted")
    entry = {"at": NOW, "provider": "aliyun", "outcome": "try_later", "code": "busy"}
    ended(notify, first, "accepted", history=[entry], attempts=2, provider="tencent")
    headers = notify.token("platform_admin")
    shown = notify.call("GET", f"/v1/messages/{first}", headers=headers).get_json()
    assert shown["history"] == [{**entry, "at": "2026-11-02T11:41:05.000+00:00"}]
    assert (shown["provider"], shown["attempts"]) == ("tencent", 2)
    assert (shown["next_message"], shown["resend_of"], shown["resent_by"]) == (second, None, None)
    assert "13800000011" not in str(shown)
    problem(notify.call("GET", "/v1/messages/unknown", headers=headers), 404, "not_found")
    problem(notify.call("GET", f"/v1/messages/{first}"), 401, "unauthorised")
    problem(notify.call("GET", f"/v1/messages/{first}", headers=notify.token("mediator")), 403, "forbidden")  # fmt: skip


# --- sending again ---------------------------------------------------------------------------


def resend(web: Web, identity: str, body: Any = None) -> Any:
    headers = web.token("platform_admin", subject="admin-7")
    return web.call("POST", f"/v1/messages/{identity}/resend", body, headers=headers)


def test_what_has_ended_is_sent_again_as_a_message_of_its_own(
    notify: Web, record: Any, keyring: Keyring
) -> None:
    for sequence, status in enumerate(sorted(ENDED | {"accepted"}), start=1):
        (first, *_) = record("application.submitted", sequence=sequence)
        ended(notify, first, status)
        response = resend(notify, first)
        assert response.status_code == 201, response.get_data(as_text=True)
        again = response.get_json()
        assert (again["resend_of"], again["resent_by"]) == (first, "admin-7")
        assert (again["status"], again["attempts"], again["history"]) == ("planned", 0, [])
        old = notify.database.messages.find_one({"_id": first}) or {}
        new = notify.database.messages.find_one({"_id": again["message_id"]}) or {}
        assert (old["status"], new["template_version"]) == (status, old["template_version"])
        assert open_body(new, keyring) == open_body(old, keyring)


def test_what_is_on_its_way_is_not_sent_again(notify: Web, record: Any) -> None:
    (first, *_) = record("application.submitted")
    for status in OPEN:
        ended(notify, first, status)
        problem(resend(notify, first), 409, "resend_not_allowed")
    assert notify.database.messages.count_documents({"resend_of": first}) == 0


def test_what_may_have_arrived_is_sent_again_only_if_that_is_confirmed(
    notify: Web, record: Any
) -> None:
    (first, *_) = record("application.submitted")
    ended(notify, first, "uncertain")
    problem(resend(notify, first), 409, "confirmation_needed")
    problem(resend(notify, first, {"confirm": False}), 409, "confirmation_needed")
    assert resend(notify, first, {"confirm": True}).status_code == 201
    problem(resend(notify, first, {"yes": True}), 422, "validation_failed")


def test_what_lies_in_the_inbox_or_is_over_is_not_sent_again(notify: Web, record: Any) -> None:
    (first, *_) = record("application.submitted")
    ended(notify, first, "delivered", channel="inbox")
    problem(resend(notify, first), 409, "resend_not_allowed")
    ended(notify, first, "cancelled", channel="sms", expires_at=NOW - timedelta(days=400))
    problem(resend(notify, first), 409, "resend_not_allowed")


def test_clicks_at_once_and_soon_after_send_one(notify: Web, record: Any) -> None:
    (first, *_) = record("application.submitted")
    ended(notify, first, "permanent_failure")
    with ThreadPoolExecutor(8) as pool:
        made = {r.get_json()["message_id"] for r in pool.map(lambda _: resend(notify, first), range(8))}  # fmt: skip
    (again,) = made
    ended(notify, again, "accepted")
    assert resend(notify, first).get_json()["message_id"] == again
    assert resend(notify, again).get_json()["message_id"] == again
    assert notify.database.messages.count_documents({"resend_of": first}) == 1


def test_what_failed_again_or_long_ago_is_sent_once_more(notify: Web, record: Any) -> None:
    (first, *_) = record("application.submitted")
    ended(notify, first, "permanent_failure")
    second = resend(notify, first).get_json()["message_id"]
    ended(notify, second, "permanent_failure")
    third = resend(notify, second).get_json()
    assert (third["message_id"] != second, third["resend_of"]) == (True, first)
    ended(notify, third["message_id"], "accepted", created_at=datetime.now(UTC) - 2 * PAUSE)
    assert resend(notify, first).get_json()["message_id"] not in {second, third["message_id"]}


def test_one_message_is_sent_again_a_bounded_number_of_times(notify: Web, record: Any) -> None:
    (first, *_) = record("application.submitted")
    ended(notify, first, "permanent_failure")
    for _ in range(RESENT_MOST):
        ended(notify, resend(notify, first).get_json()["message_id"], "permanent_failure")
    problem(resend(notify, first), 409, "resend_not_allowed")


def test_it_goes_to_where_the_person_can_be_reached_now(
    notify: Web, record: Any, keyring: Keyring
) -> None:
    (first, *_) = record("application.submitted")
    ended(notify, first, "permanent_failure")
    moved = {"party": "applicant", "index": 0, "phone": "+8613900000099", "notify": True}
    contacts = keyring.seal(
        orjson.dumps({"persons": [moved], "query_code": "K7RM2PXA"}), f"contacts:{SERIAL}"
    )
    notify.database.recipients.insert_one({"_id": SERIAL, "contacts": contacts})
    assert resend(notify, first).get_json()["to"] == "139****0099"
