"""Sending against a real MongoDB: once, whoever competes and whoever dies."""

from __future__ import annotations

import signal
import subprocess
import sys
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
from services.notify.people.claiming import Budget, LeaseLost
from services.notify.people.messages import Body, present
from services.notify.people.schedules import SCHEDULES
from services.notify.people.sending import Sender
from services.notify.settings import NotifySettings
from tests.builders.notices import NOW, SERIAL, SESSION, a_person, an_event, some_recipients
from tests.builders.outbound import (
    KEYS,
    LEASE,
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


class Killed(BaseException):
    """The process ends here: nothing after this line runs, as with kill -9."""


def killed(one: Sender) -> None:
    with pytest.raises(Killed):
        one.send_due()


def test_a_crash_after_the_hand_over_is_uncertain_and_never_sent_again(messages, sender, clock):
    record(messages)
    gateway = Gateway(Killed())
    killed(sender(gateway))
    assert the_message(messages)["status"] == "sending"
    other = sender(gateway)
    assert other.sweep() == 0, "its lease still runs"
    clock.advance(LEASE + 1)
    assert other.sweep() == 1
    assert other.send_due() == 0
    assert the_message(messages)["status"] == "uncertain"
    assert len(gateway.handed_over) == 1


KILLED_WHILE_HANDING_OVER = """
import sys, time
import pymongo
from services.notify.channels.sms import Sms
from services.notify.people.sending import Sender
from shared.sealing import Keyring
from tests.builders.notices import NOW

class Provider:
    def send(self, to, text, reference):
        print(reference, flush=True)  # the provider has it; its answer never comes
        time.sleep(60)

url, database, keys = sys.argv[1:]
messages = pymongo.MongoClient(url, tz_aware=True)[database]["messages"]
Sender(
    messages, {"sms": Sms(Provider())}, Keyring.parse(keys), clock=lambda: NOW, lease_seconds=120
).send_due()
"""


def test_a_process_killed_while_handing_over_leaves_an_uncertain_message(
    mongo_url, database, messages, sender, clock
):
    record(messages)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED_WHILE_HANDING_OVER, mongo_url, database.name, KEYS],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        reference = process.stdout.readline().strip()
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert reference == the_message(messages)["_id"]
    clock.advance(LEASE + 1)
    gateway = Gateway()
    other = sender(gateway)
    assert (other.sweep(), other.send_due()) == (1, 0)
    assert the_message(messages)["status"] == "uncertain"
    assert gateway.handed_over == []


class BeforeHandOver:
    """A channel that ends or waits before anything was handed over."""

    def __init__(self, act) -> None:
        self.act = act
        self.sent: list[str] = []

    def send(self, reference, _body, handing_over, /) -> Accepted:
        self.act()
        handing_over()
        self.sent.append(reference)
        return Accepted()


def test_a_crash_before_the_hand_over_is_sent_by_another(messages, sender, clock):
    def die() -> None:
        raise Killed

    record(messages)
    killed(sender(sms=BeforeHandOver(die)))
    clock.advance(LEASE + 1)
    gateway = Gateway()
    other = sender(gateway)
    assert other.sweep() == 1
    assert other.send_due() == 1
    assert len(gateway.handed_over) == 1


def test_crashing_again_and_again_before_the_hand_over_comes_to_an_end(messages, sender, clock):
    def die() -> None:
        raise Killed

    record(messages)
    for _ in range(SCHEDULES["sms"].tries):
        killed(sender(sms=BeforeHandOver(die)))
        clock.advance(LEASE + 1)
        sender().sweep()
    assert the_message(messages)["status"] == "temporary_failure"


def test_a_process_that_was_paused_past_its_lease_sends_nothing(messages, sender, clock):
    """Paused, its message swept and sent by another: the fence before the hand-over holds."""
    reached, resume = threading.Event(), threading.Event()

    def pause() -> None:
        reached.set()
        assert resume.wait(10)

    record(messages)
    paused_channel, gateway = BeforeHandOver(pause), Gateway()
    paused, other = sender(sms=paused_channel), sender(gateway)
    with ThreadPoolExecutor(1) as pool:
        turn = pool.submit(paused.send_due)
        assert reached.wait(10)
        clock.advance(LEASE + 1)
        assert other.sweep() == 1
        assert other.send_due() == 1
        resume.set()
        turn.result(10)
    assert paused_channel.sent == []
    assert len(gateway.handed_over) == 1
    assert the_message(messages)["status"] == "accepted"


def test_an_answer_that_comes_late_settles_an_uncertain_message(messages, sender, clock):
    reached, resume = threading.Event(), threading.Event()

    class Slow(Gateway):
        def send(self, to, text, reference):
            reached.set()
            assert resume.wait(10)
            return super().send(to, text, reference)

    record(messages)
    slow, other = sender(Slow(Accepted("late"))), sender()
    with ThreadPoolExecutor(1) as pool:
        turn = pool.submit(slow.send_due)
        assert reached.wait(10)
        clock.advance(LEASE + 1)
        assert other.sweep() == 1
        assert the_message(messages)["status"] == "uncertain"
        resume.set()
        turn.result(10)
    message = the_message(messages)
    assert (message["status"], message["provider_reference"]) == ("accepted", "late")


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


def test_what_was_claimed_ahead_is_due_again_when_its_process_dies(messages, sender, clock):
    record(messages, people=6)
    killed(sender(Gateway(Killed(), Killed())))  # both threads end; four more had been claimed
    clock.advance(LEASE + 1)
    gateway = Gateway()
    other = sender(gateway)
    assert other.sweep() == 6
    assert other.send_due() == 4
    assert Counter(m["status"] for m in messages.find()) == {"accepted": 4, "uncertain": 2}


def test_what_waits_long_for_a_slow_channel_is_left_to_others(messages, sender, clock):
    taken: list[str] = []

    class Slow(Gateway):
        def send(self, to, text, reference):
            taken.append(reference)
            clock.advance(LEASE / 3)
            return super().send(to, text, reference)

    record(messages, people=12)
    slow = Slow()
    one = sender(slow)
    assert one.send_due() == 12
    assert set(Counter(slow.handed_over).values()) == {1}
    assert {(m["status"], m["attempts"]) for m in messages.find()} == {("accepted", 1)}


def test_a_message_lost_and_claimed_anew_by_the_same_process_is_sent_by_one_claim(
    messages, sender, clock
):
    reached, resume = threading.Event(), threading.Event()
    sent: list[str] = []

    class Pausing:
        def send(self, reference, _body, handing_over, /) -> Accepted:
            if not reached.is_set():
                reached.set()
                assert resume.wait(10)
            handing_over()
            sent.append(reference)
            return Accepted()

    record(messages)
    one = sender(sms=Pausing())
    with ThreadPoolExecutor(1) as pool:
        turn = pool.submit(one.send_due)
        assert reached.wait(10)
        clock.advance(LEASE + 1)
        assert one.sweep() == 1
        again = one._claims.next("sms", Budget(1))
        assert again is not None
        resume.set()
        turn.result(10)
    assert sent == [], "the older claim may not send"
    one._claims.fence(again)
    with pytest.raises(LeaseLost):
        one._claims.fence({**again, "lease_holder": "older"})


def test_fences_of_one_moment_tell_the_lost_from_the_held(messages, sender, clock):
    record(messages, people=8)
    claims = sender()._claims
    budget = Budget(8)
    held = [claims.next("sms", budget) for _ in range(8)]
    lost = {m["_id"] for m in held[::3]}
    messages.update_many({"_id": {"$in": list(lost)}}, {"$set": {"lease_holder": "another"}})

    def fence(message) -> bool:
        try:
            claims.fence(message)
        except LeaseLost:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(fence, held)) == [m["_id"] not in lost for m in held]
    fenced = {m["_id"] for m in messages.find({"handing_over": True})}
    assert fenced == {m["_id"] for m in held} - lost


def test_a_body_that_cannot_be_opened_fails_alone(messages, sender):
    record(messages, people=2)
    first = messages.find_one()
    messages.update_one({"_id": first["_id"]}, {"$set": {"body_sealed": "v1.k9.AAAA"}})
    assert sender().send_due() == 2
    assert Counter(m["status"] for m in messages.find()) == {"accepted": 1, "technical_failure": 1}


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
