"""Cursors, routing keys, losses and places: what partners' queues and the feed compute by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.partners import amqp
from services.notify.partners.asked_for import places_of
from services.notify.partners.bindings import BINDINGS_MOST, must_be_few, routing_keys
from services.notify.partners.catalogue import Filter, names_of
from services.notify.partners.cursors import cursor_of, position_of
from shared.contracts.envelope import routing_key
from shared.contracts.events import EVENTS, faults
from shared.contracts.partner_events import OFFERED
from shared.errors import Refused
from shared.places import Places

AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


# --- cursors -------------------------------------------------------------------------------------


@given(st.integers(0, (1 << 63) - 1))
def test_a_cursor_names_its_position_and_nothing_else_does(position: int) -> None:
    cursor = cursor_of(position)
    assert position_of(cursor) == position
    assert cursor.isascii()
    assert len(cursor) == 15


@given(st.text(max_size=20))
def test_what_is_no_cursor_is_told_from_one(text: str) -> None:
    assert position_of(text) is None


@given(st.integers(0, 10**12), st.integers(0, 14), st.sampled_from("ABCxyz019-_"))
def test_a_mistyped_cursor_is_none(position: int, place: int, letter: str) -> None:
    cursor = cursor_of(position)
    mistyped = cursor[:place] + letter + cursor[place + 1 :]
    assert (position_of(mistyped) is None) == (mistyped != cursor)


# --- routing keys --------------------------------------------------------------------------------


def test_patterns_and_places_become_few_keys() -> None:
    assert routing_keys(["cn.tiaojie.*"], []) == ["*.*.#"]
    assert routing_keys(["cn.tiaojie.case.*", "cn.tiaojie.case.closed.v1"], ["37"]) == [
        "case.*.37.#"
    ]
    assert routing_keys(["cn.tiaojie.case.closed.v1"], ["3701", "370102"]) == [
        "case.closed.37.01.#",
        "case.closed.37.01.02",
    ]
    assert routing_keys(["cn.tiaojie.case.session_s*"], []) == ["case.session_scheduled.#"]


def test_a_queue_has_so_many_bindings_and_no_more() -> None:
    must_be_few(["key"] * BINDINGS_MOST)
    with pytest.raises(Refused):
        must_be_few(["key"] * (BINDINGS_MOST + 1))


TYPES = sorted(EVENTS[name].type for name in OFFERED)
PATTERNS = st.one_of(
    st.sampled_from(TYPES),
    st.sampled_from(TYPES).flatmap(
        lambda t: st.integers(11, len(t)).map(lambda length: f"{t[:length]}*")
    ),
)
DIVISIONS = st.sampled_from(["37", "3701", "370102", "51", "5101", "110101", "469001"])


@given(
    st.lists(PATTERNS, min_size=1, max_size=4),
    st.lists(DIVISIONS, max_size=3),
    st.sampled_from(sorted(OFFERED)),
    st.sampled_from(["370102", "370100", "370000", "510104", "110101", "469001", "370102013", ""]),
)
def test_a_queue_gets_what_the_same_filter_gets_elsewhere(
    patterns: list[str], divisions: list[str], name: str, division: str
) -> None:
    keys = routing_keys(patterns, divisions)
    wanted = Filter(names_of(patterns), tuple(divisions)).wants(name, division)
    assert any(_matches(key, routing_key(name, division)) for key in keys) == wanted


def _matches(pattern: str, key: str) -> bool:
    """As a topic exchange does: `*` is one word, `#` at the end any number."""
    wanted, words = pattern.split("."), key.split(".")
    if wanted[-1] == "#":
        wanted = wanted[:-1]
        words = words[: len(wanted)]
    return len(wanted) == len(words) and all(
        w in {"*", word} for w, word in zip(wanted, words, strict=True)
    )


# --- places --------------------------------------------------------------------------------------


def test_places_within_others_asked_for_go_without_saying() -> None:
    assert places_of(["370000", "370102", "5101"], [], "/divisions/{}") == ("37", "5101")
    assert places_of([], ["370100", "510000"], "/divisions/{}") == ("3701", "51")
    assert places_of([], [], "/divisions/{}") == ()


@pytest.mark.parametrize(
    "stated,code",
    [
        (["999999"], "unknown_value"),
        (["51"], "division_not_allowed"),
        (["37"], "division_not_allowed"),
    ],
)
def test_a_place_that_is_none_or_out_of_reach_is_refused(stated: list[str], code: str) -> None:
    with pytest.raises(Refused) as refused:
        places_of(stated, ["3701"], "/divisions/{}")
    (error,) = refused.value.errors
    assert (error.pointer, error.code) == ("/divisions/0", code)


# --- losses --------------------------------------------------------------------------------------


def a_state(**changes: Any) -> dict[str, Any]:
    stated = {
        "event_types": ["cn.tiaojie.*"], "divisions": [], "description": None, "language": "zh",
        "max_length": 10, "message_ttl_days": 7, "alert_sealed": "v1.sealed",
    }  # fmt: skip
    made = amqp.created(stated, "essc", amqp.Password.draw(), AT)
    return {**made, "status": "active", **changes}


def after(state: dict[str, Any], count: int, at: datetime, position: int) -> dict[str, Any]:
    loss = amqp.Loss(count, at, at, position)
    return {**state, **amqp.lost(state, loss, at).set}


def test_the_first_loss_is_told_at_once_and_what_follows_within_the_hour_later() -> None:
    loss = amqp.Loss(3, AT, AT, 7)
    decision = amqp.lost(a_state(), loss, AT)
    (event,) = decision.events
    assert event.data == {"channel": "essc", "contacts": "v1.sealed", "dropped": 3}
    assert faults(event.name, event.data) == {}
    state = {**a_state(), **decision.set}
    second = amqp.lost(state, amqp.Loss(2, AT, AT, 10), AT + HOUR / 2)
    assert second.events == ()
    state |= second.set
    assert amqp.told_if_due(state, AT + HOUR / 2).is_nothing
    (later,) = amqp.told_if_due(state, AT + HOUR).events
    assert later.data["dropped"] == 2
    assert amqp.told_if_due({**state, "untold": 0}, AT + HOUR).is_nothing


def test_losses_of_one_period_are_shown_together_with_the_place_of_the_first() -> None:
    state = after(after(a_state(), 2, AT, 12), 3, AT + 20 * HOUR, 40)
    assert state["dropped"] == {
        "count": 5, "total": 5, "since": AT, "latest_at": AT + 20 * HOUR, "from_position": 12,
    }  # fmt: skip


def test_after_a_day_without_loss_the_next_one_begins_a_new_period() -> None:
    later = AT + timedelta(days=2)
    state = after(after(a_state(), 2, AT, 12), 3, later, 400)
    assert state["dropped"] == {
        "count": 3, "total": 5, "since": later, "latest_at": later, "from_position": 400,
    }  # fmt: skip


def test_of_what_is_revoked_nothing_is_counted_or_changed() -> None:
    gone = a_state(status="revoked")
    assert amqp.lost(gone, amqp.Loss(3, AT, AT, 7), AT).is_nothing
    assert amqp.revoked(gone, AT).is_nothing
    for refused in (
        lambda: amqp.changed(gone, {"divisions": ["37"]}, AT),
        lambda: amqp.with_new_password(gone, amqp.Password.draw(), AT),
    ):
        with pytest.raises(Refused):
            refused()


def test_a_change_that_changes_nothing_costs_nothing() -> None:
    assert amqp.changed(a_state(), {"divisions": [], "language": "zh"}, AT).is_nothing
    words = amqp.changed(a_state(), {"description": "口袋"}, AT)
    assert "unsettled" not in words.set  # the broker has nothing to do with it


def test_names_of_queues_lead_back_to_their_owners() -> None:
    key = amqp.new_id()
    assert len(key) == len("amqp_") + 22
    assert amqp.owner_of(amqp.queue_name(key)) == key
    for other in ("tiaojie.partner.dropped", "tiaojie.notify", "amqp_x", ""):
        assert amqp.owner_of(other) is None


def test_a_password_hash_is_the_one_rabbitmq_computes() -> None:
    # The worked example of RabbitMQ's guide "Passwords": salt 908D C60A, password test12.
    salt = bytes.fromhex("908DC60A")
    assert amqp.hashed("test12", salt) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"


# --- places of readers ---------------------------------------------------------------------------


def test_places_are_bounded_in_all_and_for_each_channel_and_given_back_once() -> None:
    places = Places(in_all=3, of_one=2)
    first, _ = places.take("a"), places.take("a")
    with pytest.raises(Refused) as refused:
        places.take("a")
    assert refused.value.slug == "feed_busy"
    places.take("b")
    with pytest.raises(Refused):
        places.take("c")
    first()
    first()
    assert places.taken == 2
    places.take("c")
