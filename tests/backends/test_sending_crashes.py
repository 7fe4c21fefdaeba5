"""Sending against a real MongoDB: once, whoever dies, is paused or lost its lease."""

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
)
from services.notify.people.claiming import Budget, LeaseLost
from services.notify.people.schedules import SCHEDULES
from services.notify.people.sending import Sender
from tests.builders.outbound import (
    KEYS,
    LEASE,
    Clock,
    Gateway,
    record,
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
from tests.builders.plain_sms import Sms
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
