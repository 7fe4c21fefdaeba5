"""Sending against a real MongoDB: each message once, with its result."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.notify.channels import (
    Accepted,
    HandedOverUnknown,
    OursToMend,
    RefusedForGood,
    TryLater,
    Unconfigured,
)
from services.notify.channels.configured import configured
from services.notify.channels.development import OUTBOX_LIMIT, DevelopmentOutbox, channels_of
from services.notify.people import sending
from services.notify.people.messages import Body, present
from services.notify.people.schedules import SCHEDULES
from services.notify.settings import NotifySettings
from tests.builders.notices import NOW, SERIAL, a_person, an_event, some_recipients
from tests.builders.outbound import (
    Clock,
    Gateway,
    Told,
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


def test_recording_the_same_event_again_changes_nothing(messages, sender):
    record(messages)
    gateway = Gateway()
    assert sender(gateway).send_due() == 1
    record(messages)
    assert sender(gateway).send_due() == 0
    assert len(gateway.handed_over) == 1
    assert the_message(messages)["status"] == "accepted"


def test_an_accepted_message_is_sent_with_the_providers_reference(messages, sender, clock):
    record(messages)
    clock.advance(3)
    sender(Gateway(Accepted("abc"))).send_due()
    message = the_message(messages)
    assert (message["status"], message["provider_reference"]) == ("accepted", "abc")
    assert (message["sent_at"], message["attempts"]) == (clock.now, 1)
    assert message["lease_holder"] is None


def test_a_person_with_two_addresses_is_told_over_the_first_alone(messages, sender):
    record(messages, email=True)
    gateway, mail = Gateway(), Told()
    assert sender(gateway, email=mail).send_due() == 1
    assert (len(gateway.handed_over), mail.handed_over) == (1, [])


def test_many_senders_at_once_never_send_twice(messages, sender):
    record(messages, "application.submitted", "case.mediator_assigned", people=40)
    gateway = Gateway()
    senders = [sender(gateway) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        attempted = sum(pool.map(lambda s: s.send_due(), senders))
    assert attempted == messages.count_documents({"status": "accepted"}) == 80
    assert set(Counter(gateway.handed_over).values()) == {1}


def test_a_limit_bounds_one_turn(messages, sender):
    record(messages, people=10)
    assert sender().send_due(limit=4) == 4
    assert messages.count_documents({"status": "planned"}) == 6


def test_a_temporary_failure_is_tried_on_schedule_and_comes_to_an_end(messages, sender, clock):
    record(messages)
    gateway = Gateway(*[TryLater("busy")] * 20)
    one, moments = sender(gateway), []
    for _ in range(20_000):
        if one.send_due():
            moments.append((clock.now - NOW).total_seconds())
        message = the_message(messages)
        if message["status"] != "planned":
            break
        assert message["last_error"] == "busy"
        clock.now = message["next_attempt_at"]
    assert moments == list(SCHEDULES["sms"].elapsed())
    assert the_message(messages)["status"] == "temporary_failure"
    clock.advance(10**7)
    assert one.send_due() == 0


def test_nothing_is_tried_before_its_time(messages, sender, clock):
    record(messages)
    one = sender(Gateway(TryLater("busy")))
    one.send_due()
    clock.advance(29)
    assert one.send_due() == 0
    clock.advance(2)
    assert one.send_due() == 1
    assert the_message(messages)["status"] == "accepted"


@pytest.mark.parametrize(
    "answer, end",
    [
        (RefusedForGood("number_unknown"), ("permanent_failure", "number_unknown")),
        (OursToMend("balance"), ("technical_failure", "balance")),
        (HandedOverUnknown("timeout"), ("uncertain", "timeout")),
        (RuntimeError("13800000011"), ("uncertain", "RuntimeError")),
    ],
)
def test_other_ends_are_final(messages, sender, clock, answer, end):
    record(messages)
    gateway = Gateway(answer)
    one = sender(gateway)
    one.send_due()
    clock.advance(10**7)
    one.sweep()
    assert one.send_due() == 0
    assert len(gateway.handed_over) == 1
    message = the_message(messages)
    assert (message["status"], message["last_error"]) == end
    assert "13800000011" not in str(message)


def test_a_provider_that_hangs_holds_up_no_other_channel(messages, sender, monkeypatch):
    monkeypatch.setattr(sending, "TURN_SECONDS", 0.5)
    resume = threading.Event()

    class Hanging(Gateway):
        def send(self, to, text, reference):
            assert resume.wait(10)
            return super().send(to, text, reference)

    hanging, mail = Hanging(), Told()
    one = sender(hanging, email=mail)
    for turn in (1, 2):
        record(messages, people=5, first=turn)
        readers = [a_person(index=9 - n, prefers="email", phone=None) for n in range(5)]
        event = an_event("application.submitted", sequence=10 + turn)
        record_event(messages, event, some_recipients(*readers))
        one.send_due()
        assert len(mail.handed_over) == 5 * turn
    assert messages.count_documents({"handing_over": True}) == 2, "no more than its threads"
    resume.set()
    one.stop()
    assert len(hanging.handed_over) == 2
    assert messages.count_documents({"status": "sending"}) == 0
    assert messages.count_documents({"status": "planned", "attempts": 0}) == 8, "given back"


def test_a_body_that_cannot_be_opened_fails_alone(messages, sender):
    record(messages, people=2)
    first = messages.find_one()
    messages.update_one({"_id": first["_id"]}, {"$set": {"body_sealed": "v1.k9.AAAA"}})
    assert sender().send_due() == 2
    assert Counter(m["status"] for m in messages.find()) == {"accepted": 1, "technical_failure": 1}


def test_a_stopped_sender_finishes_and_starts_nothing(messages, sender):
    record(messages, people=3)
    one = sender()
    one.stop()
    assert one.send_due() == 0
    assert messages.count_documents({"status": "planned"}) == 3


def test_due_messages_and_leases_are_found_by_index(messages, sender):
    record(messages, people=3)
    for query in (
        sender()._claims.due("sms"),
        {"status": "sending", "handing_over": True, "lease_until": {"$lt": NOW}},
    ):
        plan_ = messages.find(query).explain()["queryPlanner"]["winningPlan"]
        assert "IXSCAN" in str(plan_), plan_


def test_development_keeps_the_last_thousand_messages_readable(database, messages, sender):
    people = some_recipients(a_person(email=None), a_person("agent", phone=None))
    record_event(messages, an_event("application.submitted"), people)
    channels = channels_of(database)
    sender(**channels).send_due()
    shown = [present(m) for m in messages.find({"serial_number": SERIAL})]
    outbox = DevelopmentOutbox.of(database)
    texts = outbox.texts([m["message_id"] for m in shown])
    assert {t["to"] for t in texts.values()} == {"+8613800000011", "agent0@example.com"}
    assert all("K7RM-2PXA" in t["text"] for t in texts.values())
    for number in range(OUTBOX_LIMIT + 5):
        outbox.keep("sms", str(number), Body("+8613800000011", "", "文"))
    assert database["development_outbox"].count_documents({}) == OUTBOX_LIMIT


def test_production_without_a_provider_fails_visibly_and_keeps_no_clear_text(
    database, messages, sender
):
    channels = configured(NotifySettings(), database)
    assert all(isinstance(channels[name], Unconfigured) for name in ("sms", "email", "push"))
    record(messages)
    sender(**channels).send_due()
    message = the_message(messages)
    assert (message["status"], message["last_error"]) == ("technical_failure", "not_configured")
    assert "development_outbox" not in database.list_collection_names()
