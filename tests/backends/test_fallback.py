"""A person's addresses one after the other, against a real MongoDB: nobody untold, nobody told twice,
whoever dies in between."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.notify.channels import (
    Accepted,
    HandedOverUnknown,
    OursToMend,
    RefusedForGood,
    TryLater,
)
from services.notify.people.fallback import NOT_NEEDED, Followers
from services.notify.people.outcomes import RECEIPT_PATIENCE, UNCERTAIN_PATIENCE
from services.notify.people.quiet_hours import QuietHours
from services.notify.people.settling import Receipt, Settling
from services.notify.people.statuses import RECEIPTS
from tests.builders.notices import NOW, a_person, an_event, some_recipients
from tests.builders.outbound import (
    KEYS,
    Clock,
    Gateway,
    Told,
    record,
    record_event,
    senders,
    the_collection,
)

PHONE_DEAD = RefusedForGood("number_unknown")


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


@pytest.fixture
def followers(messages, clock) -> Followers:
    return Followers(messages, clock=clock)


@pytest.fixture
def settling(messages, followers, clock) -> Settling:
    return Settling(messages, followers, clock)


def ends(messages) -> dict[str, tuple[str, str | None]]:
    return {m["channel"]: (m["status"], m["last_error"]) for m in messages.find()}


def record_three(messages) -> list[str]:
    """Somebody with a phone, a mailbox and an app."""
    person = a_person(push="device-0001-abcdef")
    return record_event(messages, an_event("case.withdrawn"), some_recipients(person))


def by_receipt(message: str, said: Any, at: datetime = NOW, code: str | None = None) -> Receipt:
    return Receipt(said, at, "aliyun", message_id=message, code=code)


# --- failing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [PHONE_DEAD, OursToMend("balance")])
def test_the_next_address_is_due_at_once_when_the_one_before_fails(messages, sender, answer):
    record(messages, email=True)
    mail = Told()
    one = sender(Gateway(answer), email=mail)
    assert (one.send_due(), one.send_due()) == (1, 1)
    assert len(mail.handed_over) == 1
    found = ends(messages)
    assert found["sms"] == (answer.status, answer.code)
    assert found["email"] == ("accepted", None)


def test_after_an_hour_of_failures_the_next_address_is_used(messages, sender, clock):
    record(messages, email=True)
    mail = Told()
    one = sender(Gateway(*[TryLater("busy")] * 9), email=mail)
    while not mail.handed_over:
        one.send_due()
        clock.advance(60)
    assert ends(messages)["sms"] == ("temporary_failure", "busy")
    assert clock.now - NOW < timedelta(minutes=70)


def test_all_addresses_are_tried_in_their_order_and_then_it_ends(messages, sender, followers):
    record_three(messages)
    mail, app = Told(RefusedForGood("smtp_550")), Told(RefusedForGood("device_unknown"))
    one = sender(Gateway(PHONE_DEAD), email=mail, push=app)
    for _ in range(5):
        one.send_due()
        followers.sweep()
    assert {status for status, _ in ends(messages).values()} == {"permanent_failure"}
    assert (len(mail.handed_over), len(app.handed_over)) == (1, 1)
    assert messages.count_documents({"follow_at": {"$exists": True}}) == 0


def test_the_next_address_is_held_by_the_quiet_hours_too(messages, sender, clock, followers):
    night = QuietHours(22, 8)
    clock.now = datetime(2026, 11, 2, 23, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    person = a_person(prefers="email")
    record_event(messages, an_event("case.withdrawn"), some_recipients(person), at=clock.now)
    sender(email=Told(RefusedForGood("smtp_550")), quiet=night).send_due()
    (phone,) = messages.find({"channel": "sms"})
    local = phone["next_attempt_at"].astimezone(ZoneInfo("Asia/Shanghai"))
    assert (phone["status"], local.day, local.hour) == ("planned", 3, 8)


# --- not needed ------------------------------------------------------------------------------


def test_the_others_are_given_up_when_no_receipt_can_come(messages, sender, followers):
    record_three(messages)
    sender(Gateway(Accepted("a", "own", receipt=False))).send_due()
    while followers.sweep():
        pass
    assert ends(messages) == {
        "sms": ("accepted", None),
        "email": ("cancelled", NOT_NEEDED),
        "push": ("cancelled", NOT_NEEDED),
    }


def test_the_others_are_given_up_when_a_receipt_says_delivered(
    messages, sender, followers, settling
):
    first, *_ = record_three(messages)
    sender(Gateway(Accepted("a", "aliyun", receipt=True))).send_due()
    assert followers.sweep() == 0, "a receipt is still to come"
    assert settling.settle([by_receipt(first, "delivered")]) == ["settled"]
    followers.sweep()
    assert Counter(status for status, _ in ends(messages).values()) == {
        "delivered": 1,
        "cancelled": 2,
    }


def test_the_others_are_given_up_when_no_receipt_came_for_three_days(
    messages, sender, clock, followers
):
    record(messages, email=True)
    sender(Gateway(Accepted("a", "aliyun", receipt=True))).send_due()
    clock.now += RECEIPT_PATIENCE - timedelta(seconds=1)
    assert followers.sweep() == 0
    clock.advance(2)
    assert followers.sweep() == 1
    assert ends(messages)["email"] == ("cancelled", NOT_NEEDED)


def test_what_became_untrue_is_untrue_over_every_address(messages, sender, followers):
    people = some_recipients(a_person())
    record_event(messages, an_event("case.organisation_assigned", sequence=1), people)
    record_event(messages, an_event("case.withdrawn", sequence=2), people)
    sender().send_due()
    followers.sweep()
    found = {
        (m["event_name"], m["channel"]): (m["status"], m["last_error"]) for m in messages.find()
    }
    assert found["case.organisation_assigned", "sms"] == ("cancelled", "superseded")
    assert found["case.organisation_assigned", "email"] == ("cancelled", "superseded")


# --- uncertain -------------------------------------------------------------------------------


def test_an_uncertain_message_waits_an_hour_for_a_receipt_and_then_another_way_is_used(
    messages, sender, clock, followers
):
    record(messages, email=True)
    mail = Told()
    one = sender(Gateway(HandedOverUnknown("timeout")), email=mail)
    one.send_due()
    assert (followers.sweep(), one.send_due()) == (0, 0)
    clock.now += UNCERTAIN_PATIENCE
    assert (followers.sweep(), one.send_due()) == (1, 1)
    assert ends(messages)["sms"] == ("uncertain", "timeout"), "never sent again by itself"
    assert len(mail.handed_over) == 1


def test_a_receipt_spares_whoever_was_told_the_second_message(
    messages, sender, clock, followers, settling
):
    record(messages, email=True)
    sender(Gateway(HandedOverUnknown("timeout"))).send_due()
    (first,) = messages.find({"channel": "sms"})
    settling.settle([by_receipt(first["_id"], "delivered")])
    clock.now += UNCERTAIN_PATIENCE
    followers.sweep()
    assert ends(messages) == {"sms": ("delivered", None), "email": ("cancelled", NOT_NEEDED)}


# --- receipts --------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["permanent_failure", "temporary_failure"])
def test_a_receipt_of_failure_uses_the_next_address_at_once(messages, sender, settling, said):
    record(messages, email=True)
    mail = Told()
    one = sender(Gateway(Accepted("r-1", "aliyun", receipt=True)), email=mail)
    one.send_due()
    receipt = Receipt(said, NOW, "aliyun", reference="r-1", code="phone_off")
    assert settling.settle([receipt]) == ["settled"]
    assert one.send_due() == 1
    assert ends(messages)["sms"] == (said, "phone_off")
    assert len(mail.handed_over) == 1
    assert settling.settle([receipt]) == ["repeated"]
    assert one.send_due() == 0


def test_a_failure_told_after_three_days_still_reaches_the_person(
    messages, sender, clock, followers, settling
):
    first, *_ = record_three(messages)
    sender(Gateway(Accepted("a", "aliyun", receipt=True))).send_due()
    clock.now += RECEIPT_PATIENCE
    while followers.sweep():
        pass
    assert ends(messages)["push"] == ("cancelled", NOT_NEEDED)
    settling.settle([by_receipt(first, "permanent_failure", clock.now)])
    assert ends(messages)["email"] == ("planned", None)
    mail = Told(RefusedForGood("smtp_550"))
    app = Told()
    one = sender(email=mail, push=app)
    for _ in range(3):
        one.send_due()
    assert len(app.handed_over) == 1


def test_a_delivery_told_after_a_failure_gives_up_what_was_not_yet_tried(
    messages, sender, settling
):
    record(messages, email=True)
    sender(Gateway(Accepted("a", "aliyun", receipt=True))).send_due()
    (first,) = messages.find({"channel": "sms"})
    settling.settle([by_receipt(first["_id"], "temporary_failure")])
    settling.settle([by_receipt(first["_id"], "delivered")])
    assert ends(messages) == {"sms": ("delivered", None), "email": ("cancelled", NOT_NEEDED)}


def test_a_receipt_that_overtakes_the_providers_own_answer_counts(messages, sender, settling):
    class Fast(Told):
        def send(self, reference, body, handing_over):
            accepted = super().send(reference, body, handing_over)
            assert settling.settle([by_receipt(reference, "delivered")]) == ["settled"]
            return accepted

    record(messages)
    assert sender(sms=Fast()).send_due() == 1
    assert ends(messages) == {"sms": ("delivered", None)}


def test_a_receipt_of_an_earlier_try_ends_what_waits_to_be_tried_again(
    messages, sender, clock, settling
):
    record(messages)
    gateway = Gateway(TryLater("timeout"))  # of a provider that drops repetitions
    one = sender(gateway)
    one.send_due()
    (waiting,) = messages.find()
    settling.settle([by_receipt(waiting["_id"], "delivered")])
    clock.advance(hours=10)
    assert one.send_due() == 0
    assert ends(messages) == {"sms": ("delivered", None)}


def test_a_receipt_of_what_was_never_handed_over_or_of_another_provider_is_unknown(
    messages, sender, settling
):
    ids = record_three(messages)
    assert settling.settle([by_receipt(i, "delivered") for i in ids]) == ["unknown"] * 3
    sender(Gateway(Accepted("r-1", "aliyun"))).send_due()
    strangers = [
        Receipt("delivered", NOW, "tencent", reference="r-1"),
        Receipt("delivered", NOW, "aliyun", reference="r-2"),
        Receipt("delivered", NOW, "aliyun", message_id="0" * 40),
    ]
    assert settling.settle(strangers) == ["unknown"] * 3
    assert ends(messages)["sms"] == ("accepted", None)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.tuples(st.permutations(RECEIPTS), st.integers(1, 3), st.booleans()))
def test_receipts_come_in_any_order_and_together_or_one_by_one(
    messages, sender, settling, receiving
):
    said, count, together = receiving
    messages.delete_many({})
    record(messages, email=True)
    sender(Gateway(Accepted("a", "aliyun", receipt=True))).send_due()
    (first,) = messages.find({"channel": "sms"})
    receipts = [by_receipt(first["_id"], each) for each in said[:count]]
    for portion in [receipts] if together else [[receipt] for receipt in receipts]:
        settling.settle(portion)
    strongest = min(said[:count], key=RECEIPTS.index)
    found = ends(messages)
    assert found["sms"][0] == strongest
    assert found["email"][0] == ("cancelled" if strongest == "delivered" else "planned")


# --- whoever dies ----------------------------------------------------------------------------

KILLED_BETWEEN = """
import os, signal, sys
import pymongo
from services.notify.channels import RefusedForGood
from tests.builders.plain_sms import Sms
from services.notify.people.fallback import Followers
from services.notify.people.sending import Sender
from shared.sealing import Keyring
from tests.builders.notices import NOW

class Provider:
    def send(self, to, text, reference):
        raise RefusedForGood("number_unknown")

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

url, database, keys, where = sys.argv[1:]
setattr(Followers, where, die)
messages = pymongo.MongoClient(url, tz_aware=True)[database]["messages"]
Sender(
    messages, {"sms": Sms(Provider())}, Keyring.parse(keys), clock=lambda: NOW, lease_seconds=120
).send_due()
"""


@pytest.mark.parametrize("where", ["follow", "_write", "_take_away"])
def test_killed_between_the_failure_and_the_next_address_nobody_is_left_untold(
    mongo_url, database, sender, followers, where
):
    messages = database["messages"]
    record(messages, email=True)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_BETWEEN, mongo_url, database.name, KEYS, where], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    (failed,) = messages.find({"channel": "sms"})
    assert (failed["status"], failed["follow_at"]) == ("permanent_failure", NOW)
    assert ends(messages)["email"][0] == ("planned" if where == "_take_away" else "standby")
    mail = Told()
    other = sender(email=mail)
    assert (followers.sweep(), followers.sweep()) == (1, 0)
    other.send_due()
    followers.sweep()
    assert len(mail.handed_over) == 1
    assert ends(messages)["email"] == ("accepted", None)


def test_what_decides_is_found_by_index(messages, settling):
    record(messages, email=True)
    for query in (
        {"follow_at": {"$lte": NOW}},
        {"$or": [{"_id": {"$in": ["0"]}}, {"provider_reference": {"$in": ["a", "b"]}}]},
    ):
        plan = messages.find(query).explain()["queryPlanner"]["winningPlan"]
        assert "COLLSCAN" not in str(plan), plan
