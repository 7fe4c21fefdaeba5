"""The life of a message as pure rules: what an attempt or a receipt makes of it is always lawful."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.people.outcomes import (
    DEFERRED_LONGEST,
    QUIET,
    RECEIPT_PATIENCE,
    UNCERTAIN_PATIENCE,
    Outcome,
    decides_at,
    ending,
    uses_next,
)
from services.notify.people.quiet_hours import NO_QUIET_HOURS, QuietHours
from services.notify.people.schedules import SCHEDULES
from services.notify.people.statuses import (
    ENDED,
    FAILED,
    OPEN,
    RECEIPTS,
    STATUSES,
    TRANSITIONS,
    TROUBLED,
    before,
)
from tests.builders.notices import NOW

NIGHT = QuietHours(22, 8)


def a_message(**changes):
    return {
        "_id": "0" * 40, "channel": "sms", "attempts": 1, "status": "sending", "urgent": False,
        "expires_at": None, "next": None, **changes,
    }  # fmt: skip


def after(message, outcome, **more):
    """The message as the update leaves it."""
    given_ = {"now": NOW, "jitter": 0.5, "quiet": NO_QUIET_HOURS, **more}
    update = ending(message, outcome, **given_)
    assert not set(update["$set"]) & set(update.get("$unset", ()))
    changed = {**message, **update["$set"]}
    for name in update.get("$unset", ()):
        changed.pop(name, None)
    changed["attempts"] += update.get("$inc", {}).get("attempts", 0)
    return changed


# --- the table -------------------------------------------------------------------------------


def test_every_status_has_its_row_and_its_kind():
    assert set(TRANSITIONS) == set(STATUSES) == OPEN | ENDED | {"accepted", "uncertain"}
    assert set(TROUBLED) == FAILED | {"uncertain"}
    assert {target for targets in TRANSITIONS.values() for target in targets} < set(STATUSES)


def test_nothing_is_sent_but_by_a_sender_and_nothing_comes_after_a_delivery():
    assert before("sending") == {"planned"}
    assert TRANSITIONS["delivered"] == set()
    assert before("accepted") == {"sending", "uncertain"}


def test_every_status_is_reached_and_leads_to_an_end():
    reached = {"planned", "standby"}
    while fresh := {t for s in reached for t in TRANSITIONS[s]} - reached:
        reached |= fresh
    assert reached == set(STATUSES)
    for status in STATUSES:
        ends = {status}
        while fresh := {t for s in ends for t in TRANSITIONS[s]} - ends:
            ends |= fresh
        assert ends & ENDED


@pytest.mark.parametrize("begins", [s for s in STATUSES if s != "standby"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_receipts_give_the_same_end_in_any_order(begins, count):
    def settled(order):
        status = begins
        for said in order:
            if status in before(said):
                status = said
        return status

    for said in permutations(RECEIPTS, count):
        assert len({settled(order) for order in permutations(said)}) == 1


# --- what an attempt makes of it -------------------------------------------------------------

outcomes = st.one_of(
    st.builds(
        Outcome,
        st.sampled_from(["accepted", "uncertain", "cancelled", "planned", *sorted(FAILED)]),
        st.none() | st.just("code"),
        provider=st.none() | st.just("aliyun"),
        receipt=st.booleans(),
    ),
    st.builds(Outcome, st.just("planned"), st.just("limit"), seconds=st.floats(0.1, 90_000)),
)
messages = st.builds(
    a_message,
    channel=st.sampled_from(sorted(SCHEDULES)),
    attempts=st.integers(1, 8),
    urgent=st.booleans(),
    next=st.none() | st.just("1" * 40),
    expires_at=st.none() | st.floats(-10, 200_000).map(lambda s: NOW + timedelta(seconds=s)),
    deferred_since=st.none() | st.floats(0, 90_000).map(lambda s: NOW - timedelta(seconds=s)),
)
hours = st.builds(QuietHours, st.integers(0, 23), st.integers(0, 23))


@given(messages, outcomes, hours, st.floats(0, 1))
def test_whatever_comes_of_an_attempt_is_lawful_and_the_claim_is_given_up(
    message, outcome, quiet, jitter
):
    ended = after(message, outcome, quiet=quiet, jitter=jitter)
    assert ended["status"] in TRANSITIONS["sending"]
    assert (ended["lease_holder"], ended["handing_over"]) == (None, False)
    if ended["status"] == "planned":
        assert ended["next_attempt_at"] >= NOW
        assert message["expires_at"] is None or ended["next_attempt_at"] < message["expires_at"]
    else:
        assert ended["next_attempt_at"] is None
    assert ("settled_at" in ended) == (ended["status"] in ENDED)
    decides = ended["status"] != "planned" and message["next"] is not None
    assert ("follow_at" in ended) == decides


@given(messages, st.floats(0.1, 90_000))
def test_what_was_not_tried_costs_no_try(message, seconds):
    waiting = after(message, Outcome("planned", "limit", seconds=seconds))
    assert waiting["attempts"] == message["attempts"] - 1
    update = ending(
        message, Outcome("planned", "limit", seconds=seconds),
        now=NOW, jitter=0, quiet=NO_QUIET_HOURS,
    )  # fmt: skip
    assert "$push" not in update


def test_a_limit_that_stands_against_a_message_for_a_day_ends_it():
    message, now = a_message(), NOW
    for _ in range(1000):
        message = after({**message, "attempts": 1}, Outcome("planned", "limit", seconds=3600), now=now)  # fmt: skip
        if message["status"] != "planned":
            break
        now = message["next_attempt_at"]
    assert message["status"] == "temporary_failure"
    assert timedelta(hours=22) <= now - NOW <= DEFERRED_LONGEST


def test_with_another_address_limits_are_waited_for_an_hour_and_the_morning_as_long_as_it_takes():
    one_of_two = a_message(next="1" * 40)
    limited = after(one_of_two, Outcome("planned", "limit", seconds=3601))
    assert (limited["status"], limited["follow_at"]) == ("temporary_failure", NOW)
    held = after(one_of_two, Outcome("planned", QUIET, seconds=36_000))
    assert held["status"] == "planned"
    assert "deferred_since" not in held


def test_a_try_ends_what_limits_are_counted_from():
    update = ending(
        a_message(deferred_since=NOW), Outcome("planned", "busy"),
        now=NOW, jitter=0, quiet=NO_QUIET_HOURS,
    )  # fmt: skip
    assert "deferred_since" in update["$unset"]


def test_what_cannot_be_tried_again_in_time_leaves_the_time_to_the_next_address():
    soon = a_message(expires_at=NOW + timedelta(seconds=20), next="1" * 40)
    ended = after(soon, Outcome("planned", "busy"))
    assert (ended["status"], ended["follow_at"]) == ("temporary_failure", NOW)


# --- what decides on the next address --------------------------------------------------------


def test_the_next_address_is_used_after_a_failure_and_after_an_uncertain_hour():
    assert {status for status in STATUSES if uses_next(status)} == FAILED | {"uncertain"}
    assert decides_at("uncertain", NOW) == NOW + UNCERTAIN_PATIENCE
    assert all(decides_at(status, NOW) == NOW for status in ENDED)
    assert not any(decides_at(status, NOW) for status in OPEN)


def test_a_late_answer_that_it_may_be_tried_again_takes_the_moment_of_uncertainty_away():
    uncertain = a_message(status="uncertain", next="1" * 40, follow_at=NOW)
    assert "follow_at" not in after(uncertain, Outcome("planned", "busy"))


def test_it_is_given_up_at_once_where_no_receipt_can_come_else_after_three_days():
    assert decides_at("accepted", NOW, receipt=False) == NOW
    assert decides_at("accepted", NOW, receipt=True) == NOW + RECEIPT_PATIENCE
