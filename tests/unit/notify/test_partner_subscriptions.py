"""What becomes of a subscription, decision by decision; and which events it wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo import MongoClient

from services.notify.partners.catalogue import Filter, names_of
from services.notify.partners.subscriptions import (
    OVERLAP,
    Subscriptions,
    changed,
    created,
    new_key,
    new_secret,
    paused_as_asked,
    paused_for_failing,
    resumed,
    rewound,
    same_endpoint,
    sealed_secret,
    stopped,
    verification_failed,
    verified,
    verify_again,
    with_new_secret,
)
from shared.contracts.events import EVENTS, faults
from shared.contracts.partner_events import OFFERED
from shared.decision import NOTHING, Decision
from shared.errors import Refused
from shared.sealing import Keyring
from shared.sealing import new_key as new_sealing_key

AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
KEYRING = Keyring.parse(f"c1:{new_sealing_key()}")
WANTED = {
    "url": "https://app.example.cn/events",
    "event_types": ["cn.tiaojie.case.*"],
    "divisions": ["37"],
    "description": "口袋应用",
    "refuses_unsigned": False,
    "max_per_second": None,
    "concurrency": None,
    "alert_sealed": "sealed",
    "language": "zh",
}
State = dict[str, Any]


def a_state(**fields: Any) -> State:
    state = created(WANTED, "app_example", {"sealed": "s1", "expires_at": None}, 41, AT)
    return {"_id": "sub_1", **state, **fields}


def after(state: State, decision: Decision) -> State:
    return {**state, **decision.set}


def told(decision: Decision) -> list[tuple[str, Mapping[str, Any]]]:
    """The events of a decision, each as its contract wants it."""
    for new in decision.events:
        assert faults(new.name, new.data) == {}
    return [(new.name, new.data) for new in decision.events]


# --- the handshake -------------------------------------------------------------------------------


def test_a_new_one_is_to_be_verified_at_once_and_begins_where_the_log_stands() -> None:
    state = a_state()
    assert state["status"] == "pending"
    assert state["starts_after"] == 41
    assert state["verification"] == {"tries": 0, "next_attempt_at": AT, "last_code": None}
    assert (state["created_at"], state["updated_at"]) == (AT, AT)
    assert {**state, **WANTED} == state


def test_one_that_is_proven_is_active() -> None:
    tried = after(a_state(), verification_failed(a_state(), "timeout", LATER, AT))
    active = after(tried, verified(tried, LATER))
    assert (active["status"], active["reason"]) == ("active", None)
    assert active["verification"] == {"tries": 1, "next_attempt_at": None, "last_code": None}


def test_each_failure_counts_and_the_last_one_ends_it_with_an_event() -> None:
    state = a_state()
    for number in range(1, 4):
        decision = verification_failed(state, "http_500", LATER, AT)
        state = after(state, decision)
        assert told(decision) == []
        assert state["status"] == "pending"
        assert state["verification"]["tries"] == number
    last = verification_failed(state, "timeout", None, LATER)
    assert told(last) == [
        (
            "subscription.stopped",
            {"channel": "app_example", "contacts": "sealed", "reason": "unverified"},
        )
    ]
    state = after(state, last)
    assert (state["status"], state["reason"]) == ("stopped", "unverified")
    assert state["verification"] == {
        "tries": 4,
        "next_attempt_at": None,
        "last_code": "timeout",
    }


def test_what_a_handshake_finds_out_too_late_changes_nothing() -> None:
    for status in ("active", "paused", "stopped"):
        state = a_state(status=status)
        assert verified(state, AT) is NOTHING
        assert verification_failed(state, "timeout", None, AT) is NOTHING


@pytest.mark.parametrize("status", ["pending", "active", "paused", "stopped"])
def test_any_can_be_verified_anew_from_the_beginning(status: str) -> None:
    ended = {"tries": 8, "next_attempt_at": None, "last_code": "timeout"}
    state = a_state(status=status, reason="failing", failing_since=AT, verification=ended)
    again = after(state, verify_again(state, LATER))
    assert (again["status"], again["reason"], again["failing_since"]) == ("pending", None, None)
    assert again["verification"] == {"tries": 0, "next_attempt_at": LATER, "last_code": None}


# --- changes -------------------------------------------------------------------------------------


def test_what_is_changed_to_what_it_was_is_no_change() -> None:
    assert changed(a_state(status="active"), WANTED, LATER) is NOTHING


@pytest.mark.parametrize(
    "change, proven_anew",
    [
        ({"url": "https://other.example.cn/"}, True),
        ({"refuses_unsigned": True}, True),
        ({"event_types": ["cn.tiaojie.case.closed.v1"]}, False),
        ({"divisions": []}, False),
        ({"max_per_second": 5, "concurrency": 2}, False),
    ],
)
def test_another_address_or_promise_is_proven_anew_and_nothing_else(
    change: dict[str, Any], proven_anew: bool
) -> None:
    state = after(a_state(), verified(a_state(), AT))
    now = after(state, changed(state, {**WANTED, **change}, LATER))
    assert {name: now[name] for name in change} == change
    assert now["status"] == ("pending" if proven_anew else "active")
    assert now["updated_at"] == LATER
    assert same_endpoint(state, now) is not proven_anew


# --- pausing and stopping ------------------------------------------------------------------------


def test_an_endpoint_that_fails_for_long_is_paused_and_its_owner_told() -> None:
    state = a_state(status="active")
    decision = paused_for_failing(state, AT, "http_500", LATER)
    assert told(decision) == [
        (
            "subscription.paused",
            {
                "channel": "app_example",
                "contacts": "sealed",
                "failing_since": AT.isoformat(),
                "reason": "http_500",
            },
        )
    ]
    paused = after(state, decision)
    assert (paused["status"], paused["reason"], paused["failing_since"]) == (
        "paused",
        "failing",
        AT,
    )
    resumed_ = after(paused, resumed(paused, LATER))
    assert (resumed_["status"], resumed_["reason"], resumed_["failing_since"]) == (
        "active",
        None,
        None,
    )


@pytest.mark.parametrize("status", ["pending", "paused", "stopped"])
def test_only_an_active_one_is_paused_for_failing(status: str) -> None:
    assert paused_for_failing(a_state(status=status), AT, "timeout", LATER) is NOTHING


def test_pausing_and_resuming_as_asked_tells_nobody_and_may_be_repeated() -> None:
    state = a_state(status="active")
    paused = after(state, paused_as_asked(state, LATER))
    assert (paused["status"], paused["reason"]) == ("paused", "asked")
    assert paused_as_asked(paused, LATER) is NOTHING
    assert told(paused_as_asked(state, LATER)) == []
    active = after(paused, resumed(paused, LATER))
    assert active["status"] == "active"
    assert resumed(active, LATER) is NOTHING


@pytest.mark.parametrize("act", [paused_as_asked, resumed])
@pytest.mark.parametrize("status", ["pending", "stopped"])
def test_what_is_not_proven_is_neither_paused_nor_resumed(
    act: Callable[[State, datetime], Decision], status: str
) -> None:
    with pytest.raises(Refused) as refused:
        act(a_state(status=status), LATER)
    assert refused.value.slug == "subscription_not_ready"
    assert refused.value.extra == {"subscription_status": status}


def test_one_that_is_gone_is_stopped_and_told_once() -> None:
    state = a_state(status="active")
    decision = stopped(state, "gone", LATER)
    assert [name for name, _ in told(decision)] == ["subscription.stopped"]
    ended = after(state, decision)
    assert (ended["status"], ended["reason"]) == ("stopped", "gone")
    assert stopped(ended, "gone", LATER) is NOTHING


def test_who_named_no_address_for_alerts_is_told_of_without_one() -> None:
    decision = stopped(a_state(status="active", alert_sealed=None), "gone", LATER)
    assert [payload["contacts"] for _, payload in told(decision)] == [None]


# --- secrets and replays -------------------------------------------------------------------------


def test_exactly_the_last_two_secrets_sign_while_one_replaces_the_other(
    unconnected: Subscriptions,
) -> None:
    key, words = new_key(), [new_secret() for _ in range(3)]
    state = a_state(_id=key, secrets=[sealed_secret(KEYRING, key, words[0], AT)])
    assert unconnected.open_secrets(state, AT) == [words[0]]
    for number in (1, 2):
        sealed = sealed_secret(KEYRING, key, words[number], LATER)
        state = after(state, with_new_secret(state, sealed, LATER))
        assert unconnected.open_secrets(state, LATER) == [words[number], words[number - 1]]
    just_before = LATER + OVERLAP - timedelta(seconds=1)
    assert unconnected.open_secrets(state, just_before) == [words[2], words[1]]
    assert unconnected.open_secrets(state, LATER + OVERLAP) == [words[2]]
    assert not any(each in str(state) for each in words)


@pytest.fixture
def unconnected() -> Iterator[Subscriptions]:
    """Subscriptions whose secrets can be opened: no database is asked for that."""
    with MongoClient[dict[str, Any]](connect=False) as client:
        yield Subscriptions(client["notify"], KEYRING)


def test_each_replay_is_an_epoch_of_its_own() -> None:
    state = a_state(status="active")
    for epoch, position in enumerate((7, 3, 30), 1):
        state = after(state, rewound(state, position, LATER))
        assert state["rewind"] == {"position": position, "epoch": epoch, "at": LATER}
    assert state["status"] == "active"


# --- what is wanted ------------------------------------------------------------------------------

TYPES = {EVENTS[name].type: name for name in OFFERED}


def test_a_pattern_means_a_type_or_all_that_begin_so() -> None:
    assert names_of(["cn.tiaojie.case.accepted.v1"]) == {"case.accepted"}
    assert names_of(["cn.tiaojie.case.session_*"]) == {
        "case.session_scheduled",
        "case.session_cancelled",
        "case.session_held",
    }
    assert names_of(["cn.tiaojie.*"]) == {*OFFERED}
    assert names_of(["cn.tiaojie.nothing.*", "case.accepted", "cn.tiaojie.case.accepted"]) == set()
    assert names_of(["cn.tiaojie.phone.*", "cn.tiaojie.subscription.*"]) == set()  # not offered


PATTERNS = st.sampled_from(sorted(TYPES)).flatmap(
    lambda type_: st.one_of(
        st.just(type_), st.integers(0, len(type_)).map(lambda length: f"{type_[:length]}*")
    )
)
PLACES = st.sampled_from(["37", "3701", "370102", "370102013", "51", "5101", "11", "110101"])


@given(
    st.lists(PATTERNS, max_size=4),
    st.lists(PLACES, max_size=3),
    st.sampled_from(sorted(TYPES)),
    PLACES,
)
def test_what_is_wanted_is_what_each_pattern_and_place_says(
    patterns: list[str], places: list[str], type_: str, division: str
) -> None:
    matches = any(
        type_[: len(pattern) - 1] == pattern[:-1] if pattern[-1] == "*" else type_ == pattern
        for pattern in patterns
    )
    lies_there = places == [] or any(division[: len(place)] == place for place in places)
    wanted = Filter(names_of(patterns), tuple(places)).wants(TYPES[type_], division)
    assert wanted == (matches and lies_there)
