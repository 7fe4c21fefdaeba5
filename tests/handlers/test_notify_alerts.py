"""What notify makes of trouble with partners' channels, and of events that partners may know."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.database import Database

from services.notify.handlers import Planning, handlers
from services.notify.partners.amqp_bodies import sealed_alert
from services.notify.partners.log import LOG
from services.notify.people.messages import open_body
from services.notify.people.templates import Templates
from shared.contracts.envelope import Event
from shared.contracts.events import consumed_by
from shared.contracts.partner_events import OFFERED
from shared.decision import Decision
from shared.errors import Permanent
from shared.runner import Deciding, Recording, Runner
from shared.sealing import Keyring, new_key
from tests.builders.events import an_event
from tests.builders.notices import CASE_FACTS, NOW, some_staff
from tests.builders.partner_log import a_partner_event

KEYRING = Keyring.parse(f"c1:{new_key()}")
OWNER = "zhao@example.com"
TROUBLES = ["subscription.paused", "subscription.stopped", "partner_queue.overflowed"]


class Staff:
    """Whoever is registered, the same for every batch."""

    def concerned(self, *_: Any) -> Any:
        return some_staff()


PLANNING = Planning(Templates("http://localhost:8000"), KEYRING, Staff())
TABLE = handlers(PLANNING)


def trouble(name: str, *, language: str = "zh", email: str | None = OWNER) -> Event:
    sealed = sealed_alert(KEYRING, "sub_1", email, language)
    return an_event(name, serial="sub_1", **{**CASE_FACTS[name], "contacts": sealed})


def decided(event: Event) -> Decision:
    handler = TABLE[event.name][0]
    assert isinstance(handler, Deciding)
    return handler.for_batch([event], {})(event, None, NOW)


def told(event: Event) -> dict[str, list[dict[str, Any]]]:
    """The messages planned for an event, by whom they are for."""
    decision = decided(event)
    assert decision.only_records
    found: dict[str, list[dict[str, Any]]] = {}
    for record in decision.records:
        found.setdefault(record.document["party"], []).append(dict(record.document))
    return found


# --- who is told ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TROUBLES)
def test_trouble_reaches_its_owner_by_email_and_the_platforms_staff(name: str) -> None:
    messages = told(trouble(name))
    assert {*messages} == {"partner", "platform"}
    (mail,) = messages["partner"]
    assert (mail["channel"], mail["to_masked"]) == ("email", "z***@example.com")
    assert (mail["event_name"], mail["serial_number"]) == (name, None)
    assert mail["next_attempt_at"] is not None
    assert {m["channel"] for m in messages["platform"]} >= {"email"}


@pytest.mark.parametrize("name", TROUBLES)
def test_its_owner_reads_it_in_the_language_that_was_asked_for(name: str) -> None:
    words = {}
    for language in ("zh", "en"):
        (mail,) = told(trouble(name, language=language))["partner"]
        assert mail["language"] == language
        words[language] = open_body(mail, KEYRING).text
        assert "sub_1" in words[language]
    assert words["zh"] != words["en"]
    assert words["en"].isascii() or "—" in words["en"]


@pytest.mark.parametrize("name", TROUBLES)
def test_where_no_address_was_named_the_platforms_staff_alone_is_told(name: str) -> None:
    assert {*told(trouble(name, email=None))} == {"platform"}


@pytest.mark.parametrize("name", TROUBLES)
def test_the_address_is_kept_sealed(name: str) -> None:
    assert OWNER not in str(told(trouble(name)))


def test_an_address_that_was_sealed_for_another_is_a_fault_that_quotes_nothing() -> None:
    event = an_event("subscription.stopped", serial="sub_2", **trouble("subscription.stopped").data)
    with pytest.raises(Permanent) as caught:
        decided(event)
    assert caught.value.reason == "sealed_unreadable"


def test_the_same_event_is_told_once() -> None:
    event = trouble("subscription.paused")
    ids = [[r.document["_id"] for r in decided(event).records] for _ in range(2)]
    assert ids[0] == ids[1]


# --- what partners may know ----------------------------------------------------------------------


def test_what_is_offered_is_recorded_and_nothing_else() -> None:
    recording = {
        name for name, rows in TABLE.items() if any(isinstance(row, Recording) for row in rows)
    }
    assert recording == {*OFFERED}
    assert {event.name for event in consumed_by("notify")} == {*TABLE}


def test_an_event_is_recorded_once_however_often_it_comes(
    database: Database[dict[str, Any]],
) -> None:
    runner = Runner("notify", database, TABLE, tries=3)
    offered, other = a_partner_event(), a_partner_event("case.archived")
    alert = trouble("subscription.stopped")
    for _ in range(2):
        runner.apply([event.to_json() for event in (offered, offered, alert)])
    runner.apply([other.to_json(), offered.to_json()])
    found = list(database[LOG].find())
    assert sorted(d["_id"] for d in found) == sorted([offered.id, other.id])
    assert all(d["unplaced"] for d in found)
    assert database.set_aside.count_documents({}) == 0
    assert database.messages.count_documents({"party": "partner"}) == 1
