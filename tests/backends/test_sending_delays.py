"""What keeps a message from being tried now, against a real MongoDB: limits and the quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.notify.channels import NotNow, OursToMend, RefusedForGood
from services.notify.people.messages import HISTORY_MOST
from services.notify.people.quiet_hours import QuietHours
from shared.civil_time import MAINLAND_TIME
from tests.builders.notices import NOW, a_person, an_event, some_recipients
from tests.builders.outbound import (
    Clock,
    Gateway,
    Told,
    record,
    record_event,
    senders,
    the_collection,
)

NIGHT = QuietHours(22, 8)


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


def the_message(messages):
    (message,) = messages.find()
    return message


def test_a_limit_moves_a_message_and_costs_no_try(messages, sender, clock):
    record(messages)
    one = sender(Gateway(NotNow("number_limit", 600)))
    one.send_due()
    waiting = the_message(messages)
    assert (waiting["status"], waiting["attempts"], waiting["history"]) == ("planned", 0, [])
    assert waiting["next_attempt_at"] == NOW + timedelta(seconds=600)
    assert (waiting["last_error"], waiting["lease_holder"]) == ("number_limit", None)
    clock.advance(599)
    assert one.send_due() == 0
    clock.advance(1)
    one.send_due()
    sent = the_message(messages)
    assert (sent["status"], sent["attempts"]) == ("accepted", 1)
    assert "deferred_since" not in sent


def test_a_limit_that_never_ends_ends_the_message(messages, sender, clock):
    record(messages)
    one = sender(Gateway(*[NotNow("day_limit", 7200)] * 30))
    for _ in range(30):
        one.send_due()
        clock.advance(hours=2)
    ended = the_message(messages)
    assert (ended["status"], ended["last_error"]) == ("temporary_failure", "day_limit")
    assert ended["settled_at"] - NOW <= timedelta(days=1)


def test_a_message_that_became_due_at_night_waits_for_the_morning(messages, sender, clock):
    """However that came about: planned by day, the worker stood still until the night."""
    record(messages, "case.withdrawn")
    clock.now = datetime(2026, 11, 2, 23, tzinfo=MAINLAND_TIME).astimezone(UTC)
    gateway = Gateway()
    one = sender(gateway, quiet=NIGHT)
    one.send_due()
    held = the_message(messages)
    assert (held["status"], held["attempts"], gateway.handed_over) == ("planned", 0, [])
    assert held["next_attempt_at"].astimezone(MAINLAND_TIME).hour == 8
    clock.now = held["next_attempt_at"]
    one.send_due()
    assert the_message(messages)["status"] == "accepted"


def test_an_urgent_one_goes_out_at_night_and_mail_does_too(messages, sender, clock):
    clock.now = datetime(2026, 11, 2, 23, tzinfo=MAINLAND_TIME).astimezone(UTC)
    gateway, mail = Gateway(), Told()
    people = some_recipients(a_person(email=None), a_person("agent", phone=None))
    for name in ("application.submitted", "case.withdrawn"):
        record_event(messages, an_event(name), people, at=clock.now, quiet=NIGHT)
    sender(gateway, email=mail, quiet=NIGHT).send_due()
    assert (len(gateway.handed_over), len(mail.handed_over)) == (1, 2)
    (held,) = messages.find({"status": "planned"})
    assert (held["event_name"], held["channel"]) == ("case.withdrawn", "sms")


def test_attempts_are_remembered_with_their_provider_the_last_twelve(messages, sender, clock):
    refused = OursToMend("balance")
    refused.provider = "aliyun"
    record(messages)
    one = sender(Gateway(refused))
    one.send_due()
    (entry,) = the_message(messages)["history"]
    assert entry == {
        "at": NOW, "provider": "aliyun", "outcome": "technical_failure", "code": "balance",
    }  # fmt: skip
    messages.update_one(
        {}, {"$set": {"status": "planned", "next_attempt_at": NOW, "history": [entry] * 12}}
    )
    sender(Gateway(RefusedForGood("number_unknown"))).send_due()
    history = the_message(messages)["history"]
    assert len(history) == HISTORY_MOST
    assert history[-1]["code"] == "number_unknown"
