"""Sending against a real MongoDB: what became untrue while it waited is not sent."""

from __future__ import annotations

from typing import Any

import pytest

from services.notify.channels import (
    TryLater,
)
from tests.builders.notices import SESSION, a_person, an_event, some_recipients
from tests.builders.outbound import (
    Clock,
    Gateway,
    record,
    record_event,
    senders,
    the_collection,
)


@pytest.fixture
def messages(database):
    return the_collection(database)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sender(messages, clock):
    with senders(messages, clock) as make:
        yield make


def the_message(messages) -> dict[str, Any]:
    (message,) = messages.find()
    return message


def test_a_message_that_became_untrue_while_it_waited_is_cancelled(messages, sender, clock):
    gateway = Gateway(TryLater("busy"))
    one = sender(gateway)
    record(messages, "case.mediator_assigned", first=2)
    one.send_due()
    record(messages, "case.withdrawn", first=3)
    clock.advance(60)
    one.send_due()
    assert {m["event_name"]: m["status"] for m in messages.find()} == {
        "case.mediator_assigned": "cancelled",
        "case.withdrawn": "accepted",
    }
    assert len(gateway.handed_over) == 2


def test_an_older_event_that_comes_late_does_not_overtake_the_newer(messages, sender):
    one = sender()
    record(messages, "case.mediator_assigned", first=5)
    one.send_due()
    record(messages, "case.organisation_assigned", first=4)
    one.send_due()
    assert {m["event_name"]: m["status"] for m in messages.find()} == {
        "case.mediator_assigned": "accepted",
        "case.organisation_assigned": "cancelled",
    }


def test_what_stays_true_is_sent_whatever_came_later(messages, sender):
    record(messages, "application.submitted", "application.supplemented", "case.withdrawn")
    assert sender().send_due() == 3
    assert {m["status"] for m in messages.find()} == {"accepted"}


def test_an_invitation_to_a_cancelled_session_is_not_sent_and_another_one_is(messages, sender):
    other = {**SESSION, "id": "s2"}
    people = some_recipients(a_person(email=None), sessions={"s1": SESSION["starts_at"]})
    events = [
        an_event("case.session_scheduled", sequence=1),
        an_event("case.session_scheduled", sequence=2, session=other),
        an_event("case.session_cancelled", sequence=3, session_id="s1"),
    ]
    for event in events:
        record_event(messages, event, people)
    assert sender().send_due() == 3
    found = {(m["event_name"], m["topic"]): (m["status"], m["last_error"]) for m in messages.find()}
    assert found == {
        ("case.session_scheduled", "s1"): ("cancelled", "superseded"),
        ("case.session_scheduled", "s2"): ("accepted", None),
        ("case.session_cancelled", "s1"): ("accepted", None),
    }


def test_a_reminder_of_a_clock_that_was_stopped_meanwhile_is_not_sent(messages, sender):
    people = some_recipients(a_person("respondent", email=None), asked_at=1)
    for event in (
        an_event("case.deadline_approaching", sequence=2),
        an_event("case.not_accepted", sequence=3),
    ):
        record_event(messages, event, people)
    assert sender().send_due() == 2
    assert {m["event_name"]: m["status"] for m in messages.find()} == {
        "case.deadline_approaching": "cancelled",
        "case.not_accepted": "accepted",
    }


def test_a_one_time_code_goes_first_and_not_after_its_time(messages, sender, clock):
    record(messages, people=3)
    code = an_event("phone.code_requested", sequence=1)
    record_event(messages, code, some_recipients(a_person(index=9, email=None)))
    gateway = Gateway(TryLater("busy"))
    one = sender(gateway)
    one.send_due(limit=1)
    (waiting,) = messages.find({"event_name": "phone.code_requested"})
    assert (waiting["attempts"], waiting["last_error"]) == (1, "busy")
    clock.advance(600)
    one.send_due()
    (late,) = messages.find({"event_name": "phone.code_requested"})
    assert (late["status"], late["last_error"]) == ("cancelled", "expired")
    assert gateway.handed_over.count(late["_id"]) == 1
