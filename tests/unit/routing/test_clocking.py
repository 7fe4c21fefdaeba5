"""Clocks of a case: started and stopped by steps, told once, in order, also after a long silence."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing import clocking
from shared.contracts.clocks import CLOCKS
from shared.contracts.lifecycle import TRANSITIONS, find
from tests.builders.cases import CHINA

FRIDAY = datetime(2026, 11, 20, 11, 0, tzinfo=CHINA)
NAMED_DAY = date(2026, 12, 10)
starts = st.integers(0, 330 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=CHINA) + timedelta(minutes=minutes)
)
names = st.sampled_from(sorted(CLOCKS))


def started(name: str, at: datetime = FRIDAY) -> dict:
    day = NAMED_DAY if CLOCKS[name].unit == "date" else None
    return clocking.start(name, at, day)


def tellings(clock: dict, at: datetime) -> list[str]:
    return [tick.telling for tick in clocking.due_now([clock], at)]


def china(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=CHINA)


def test_a_duty_approaches_is_missed_and_goes_to_the_platform():
    clock = started("acceptance_decision")
    assert clock["due_on"] == "2026-11-25"
    assert tellings(clock, china(24, 8, 59)) == []
    assert tellings(clock, china(24, 9)) == ["approaching"]
    [clock] = clocking.told([clock], clocking.due_now([clock], china(24, 9))[0])
    assert tellings(clock, china(25, 23, 59)) == []
    assert tellings(clock, china(26, 0)) == ["missed"]
    [clock] = clocking.told([clock], clocking.due_now([clock], china(26, 0))[0])
    assert tellings(clock, china(27, 9)) == ["escalated"]
    [clock] = clocking.told([clock], clocking.due_now([clock], china(27, 9))[0])
    assert tellings(clock, china(30, 0)) == []


def test_what_was_missed_while_nobody_looked_is_not_told_to_approach():
    assert tellings(started("acceptance_decision"), china(26, 1)) == ["missed"]
    assert tellings(started("acceptance_decision"), china(30, 0)) == ["missed", "escalated"]


def test_an_automatic_clock_only_runs_out():
    clock = started("mediator_choice")
    assert clock["due_on"] == "2026-11-23"
    assert tellings(clock, china(23, 23, 59)) == []
    assert tellings(clock, china(24, 0)) == ["over"]


def test_the_next_look_is_at_the_earliest_telling():
    clocks = [started("right_to_arbitrate"), started("acceptance_decision")]
    stored = clocking.follow_from(clocks)
    assert stored["next_tick_at"] == china(24, 9)
    assert stored["next_due_on"] == "2026-11-25"


def test_a_right_of_the_parties_makes_no_case_overdue():
    stored = clocking.follow_from([started("right_to_arbitrate")])
    assert stored["next_due_on"] is None
    assert not clocking.is_overdue(stored["clocks"], date(2027, 1, 1))


def test_a_case_is_overdue_from_the_day_after():
    clocks = [started("acceptance_decision")]
    assert not clocking.is_overdue(clocks, date(2026, 11, 25))
    assert clocking.is_overdue(clocks, date(2026, 11, 26))


def test_nothing_to_tell_needs_no_look():
    assert clocking.follow_from([]) == {"clocks": [], "next_tick_at": None, "next_due_on": None}


def test_a_clock_of_the_fast_track_runs_only_there():
    accept = find("accept", "seeking_consent")
    assert accept is not None
    usual = clocking.after_step([], accept, ["women_workers"], FRIDAY, {})
    fast = clocking.after_step([], accept, ["fast_track"], FRIDAY, {})
    assert [clock["name"] for clock in usual] == ["mediation_end"]
    assert [clock["name"] for clock in fast] == ["mediation_end", "fast_track_mediation"]


def test_a_clock_of_a_date_starts_only_when_the_date_is_named():
    conclude = find("conclude", "agreed")
    assert conclude is not None
    without = clocking.after_step([], conclude, [], FRIDAY, {})
    named = clocking.after_step([], conclude, [], FRIDAY, {"performance": NAMED_DAY})
    assert "performance" not in {clock["name"] for clock in without}
    assert {
        "name": "performance",
        "due_on": "2026-12-10",
        "provisional": False,
        "told": [],
    } in named


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.command}-{row.target}")
def test_a_clock_that_goes_on_keeps_its_last_day(row):
    before = [started(name, FRIDAY - timedelta(days=3)) for name in CLOCKS]
    for clock in clocking.after_step(before, row, ["fast_track"], FRIDAY, {}):
        assert clock in before or clock["name"] in row.stops


@given(names, starts, st.lists(st.integers(0, 90 * 24), max_size=12))
def test_whenever_one_looks_everything_is_told_at_most_once_and_in_order(name, start, hours):
    clock, heard = started(name, start), []
    for hour in sorted(hours):
        at = start + timedelta(hours=hour)
        for tick in clocking.due_now([clock], at):
            assert tick.at <= at
            [clock] = clocking.told([clock], tick)
            heard.append(tick.telling)
        assert clocking.due_now([clock], at) == []
    order = ["approaching", "missed", "escalated", "over"]
    assert heard == sorted(set(heard), key=order.index)


@given(names, starts)
def test_in_the_end_all_is_told_and_no_look_is_left(name, start):
    clock = started(name, start)
    for tick in clocking.due_now([clock], start + timedelta(days=400)):
        [clock] = clocking.told([clock], tick)
    assert clocking.follow_from([clock])["next_tick_at"] is None
