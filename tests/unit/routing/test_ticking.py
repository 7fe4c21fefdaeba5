"""What clocks tell and do, decided: whom each telling reaches, and that each happens once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.routing import clocking
from services.routing.steps import after
from services.routing.ticking import tick
from shared.civil_time import MAINLAND_TIME
from shared.contracts.clocks import CLOCKS
from shared.contracts.events import faults
from shared.decision import NOTHING, Decision
from shared.errors import Refused, Transient

STARTED = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
PERFORM_BY = date(2026, 12, 1)
LONG_AFTER = datetime(2028, 1, 1, tzinfo=UTC)
AUTOMATIC = {name for name, clock in CLOCKS.items() if clock.nature == "automatic"}
OURS = [name for name, clock in CLOCKS.items() if clock.is_ours]
RIGHTS = [name for name, clock in CLOCKS.items() if clock.nature == "right"]

ORGANISATION = {"id": "org-1", "name": "中心", "kind": "county", "phone": "12333"}
MEDIATOR = {"id": "m1", "name": "安禾"}


def a_clock(name: str) -> dict:
    on = PERFORM_BY if CLOCKS[name].unit == "date" else None
    return clocking.start(name, STARTED, on)


def a_case(*names: str, **changes) -> dict:
    """A case with a mediator, whose clocks were started together."""
    return {
        "_id": "2634626885086477",
        "status": "mediating",
        "organisation": ORGANISATION,
        "mediator": MEDIATOR,
        **clocking.follow_from([a_clock(name) for name in names]),
        **changes,
    }


def on(day: str, hour: int = 12) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(hour), MAINLAND_TIME)


def stop(name: str):
    """What the case does when the clock is over: here only that the clock stops."""

    def act(case, _at):
        left = [clock for clock in case["clocks"] if clock["name"] != name]
        return Decision({**clocking.follow_from(left), "moved": [*case.get("moved", ()), name]})

    return act


STOPPING = {name: stop(name) for name in AUTOMATIC}


def told(decision: Decision) -> list[tuple[str, str, str]]:
    """(event, clock, whom) of what a decision tells, each event keeping its contract."""
    for event in decision.events:
        assert faults(event.name, event.data) == {}
    return [
        (e.name.removeprefix("case."), e.data["clock"], e.data["tells"]) for e in decision.events
    ]


def all_told(case: dict, *moments: datetime) -> list[tuple[str, str, str]]:
    """What is told in turn, looked at in these moments."""
    heard = []
    for at in moments:
        decision = tick(case, at, STOPPING)
        heard += told(decision)
        case = after(case, decision)
    return heard


# --- whom it tells -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OURS)
def test_a_clock_of_ours_tells_the_mediator_then_the_organisation_then_the_platform(name):
    moments = [STARTED + timedelta(hours=6 * n) for n in range(4 * 45)]
    assert all_told(a_case(name), *moments) == [
        ("deadline_approaching", name, "mediator"),
        ("deadline_missed", name, "organisation"),
        ("deadline_missed", name, "platform"),
    ]


@pytest.mark.parametrize(
    "without,hear",
    [
        ({"mediator": None}, ["organisation", "organisation", "platform"]),
        ({"mediator": None, "organisation": None}, ["platform", "platform", "platform"]),
    ],
)
def test_where_nobody_is_in_charge_the_next_above_hears(without, hear):
    moments = [STARTED + timedelta(hours=6 * n) for n in range(4 * 30)]
    heard = all_told(a_case("acceptance_decision", **without), *moments)
    assert [whom for _, _, whom in heard] == hear


@pytest.mark.parametrize("name", RIGHTS)
def test_a_right_is_told_before_it_lapses_and_never_as_missed_by_the_service(name):
    moments = [STARTED - timedelta(days=40) + timedelta(hours=12 * n) for n in range(300)]
    heard = all_told(a_case(name), *moments)
    to_parties = name != "arbitration_review"
    assert heard[0] == ("deadline_approaching", name, "parties" if to_parties else "mediator")
    awaited = name in {"supplement_answer", "consent_answer", "performance"}
    assert heard[1:] == ([("deadline_missed", name, "mediator")] if awaited else [])


@pytest.mark.parametrize("name", sorted(AUTOMATIC))
def test_an_automatic_clock_tells_nobody_and_moves_the_case_once(name):
    case = a_case(name)
    decision = tick(case, LONG_AFTER, STOPPING)
    assert told(decision) == []
    moved = after(case, decision)
    assert (moved["moved"], moved["clocks"], moved["next_tick_at"]) == ([name], [], None)
    assert tick(moved, LONG_AFTER, STOPPING) == NOTHING


def test_the_first_moment_of_the_day_after_is_missed_and_the_last_of_the_day_is_not():
    case = a_case("acceptance_decision")
    (clock,) = case["clocks"]
    assert clock["due_on"] == "2026-11-23"
    evening = tick(case, on("2026-11-23", 23), STOPPING)
    assert told(evening) == [("deadline_approaching", "acceptance_decision", "mediator")]
    midnight = tick(after(case, evening), on("2026-11-24", 0), STOPPING)
    assert told(midnight) == [("deadline_missed", "acceptance_decision", "organisation")]
    assert midnight.events[0].data["due_on"] == "2026-11-23"
    assert midnight.events[0].data["status"] == "mediating"


# --- once, and after downtime --------------------------------------------------------------------


def test_after_downtime_what_approached_is_told_as_missed_alone():
    heard = all_told(a_case("mediation_end"), LONG_AFTER)
    assert heard == [
        ("deadline_missed", "mediation_end", "organisation"),
        ("deadline_missed", "mediation_end", "platform"),
    ]


def test_a_look_before_anything_is_due_changes_nothing():
    assert tick(a_case(*CLOCKS), STARTED - timedelta(days=90), STOPPING) == NOTHING


def test_a_step_that_the_status_no_longer_allows_is_noted_and_not_tried_again():
    def refuse(case, at):
        raise Refused("command_not_allowed")

    case = a_case("closing", "right_to_arbitrate")
    decision = tick(case, LONG_AFTER, {"closing": refuse})
    assert tick(after(case, decision), LONG_AFTER, {}) == NOTHING


def test_a_step_that_cannot_be_taken_now_leaves_everything_to_be_told_later():
    def fail(case, at):
        raise Transient("directory_away")

    with pytest.raises(Transient):
        tick(a_case("closing", "right_to_arbitrate"), LONG_AFTER, {"closing": fail})


moments = st.lists(
    st.integers(min_value=-200, max_value=24 * 80).map(lambda h: STARTED + timedelta(hours=h)),
    max_size=30,
).map(sorted)


@settings(max_examples=150, deadline=None)
@given(names=st.sets(st.sampled_from(sorted(CLOCKS)), min_size=1), looks=moments)
def test_whatever_the_sweeps_each_telling_happens_once_and_in_order(names, looks):
    """And what was told by the last look is what one look at its moment would have told, save
    approaches that a look came in time for."""
    case = a_case(*sorted(names))
    heard = all_told(case, *looks)
    assert max(Counter(heard).values(), default=1) == 1
    for name in names:
        own = [(kind, whom) for kind, clock, whom in heard if clock == name]
        order = [("deadline_approaching", 0), ("deadline_missed", 1)]
        ranks = [dict(order)[kind] for kind, _ in own]
        assert ranks == sorted(ranks)
    at_once = all_told(case, *looks[-1:])
    assert set(at_once) <= set(heard)
    assert {each[0] for each in set(heard) - set(at_once)} <= {"deadline_approaching"}


@settings(max_examples=100, deadline=None)
@given(names=st.sets(st.sampled_from(sorted(CLOCKS)), min_size=1), looks=moments)
def test_the_next_look_is_never_later_than_the_next_thing_to_tell(names, looks):
    case = a_case(*sorted(names))
    for at in looks:
        case = after(case, tick(case, at, STOPPING))
        assert case["next_tick_at"] is None or case["next_tick_at"] > at
        nothing_before = case["next_tick_at"] or LONG_AFTER
        assert tick(case, nothing_before - timedelta(seconds=1), STOPPING) == NOTHING
