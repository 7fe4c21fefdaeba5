"""The clocks of one case: which run, what is next to be told, and that it is told once.

`clocks` in a case document: [{name, due_on, provisional, told}] of those that run, `told` being the
tellings done. Two fields follow from them and are indexed: `next_tick_at`, the moment at which the
case must next be looked at, and `next_due_on`, the first last day of a clock that is ours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal

from shared.civil_time import MAINLAND_TIME, civil_day
from shared.contracts.clocks import CLOCKS, Clock, due
from shared.contracts.lifecycle import Transition, running_after
from shared.working_days import is_working_day

ClockState = Mapping[str, Any]
Telling = Literal["approaching", "missed", "escalated", "over"]
"""What is told of a clock: that it approaches, that it was missed (to the organisation, then to the
platform), or that it is over and the case moves by itself."""

ESCALATION_WORKING_DAYS: Final = 2
"""Working days after a missed last day until the platform administrator hears of it."""

_MORNING = time(9)


@dataclass(frozen=True, slots=True)
class Tick:
    """Something due to be told of a clock, since `at`."""

    clock: str
    telling: Telling
    at: datetime


def start(name: str, at: datetime, on: date | None = None) -> dict[str, Any]:
    """A clock started at this moment; `on` is the last day of a clock of a date."""
    found = due(name, civil_day(at), on)
    return {
        "name": name,
        "due_on": found.on.isoformat(),
        "provisional": found.provisional,
        "told": [],
    }


def after_step(
    clocks: Sequence[ClockState],
    row: Transition,
    flags: Collection[str],
    at: datetime,
    days: Mapping[str, date | None],
) -> list[dict[str, Any]]:
    """The clocks that run once a row of the lifecycle was taken at `at`.

    A clock that runs already keeps its last day. `days` names the last day of clocks of a date;
    without one such a clock does not start.
    """
    kept = {clock["name"]: dict(clock) for clock in clocks}
    running: list[dict[str, Any]] = []
    for name in running_after(row, kept):
        clock = CLOCKS[name]
        if name in kept:
            running.append(kept[name])
        elif clock.flag and clock.flag not in flags:
            continue
        elif clock.unit != "date":
            running.append(start(name, at))
        elif (on := days.get(name)) is not None:
            running.append(start(name, at, on))
    return running


def follow_from(clocks: Iterable[ClockState]) -> dict[str, Any]:
    """`clocks` with the two fields that follow from them, as they are stored."""
    running = [dict(clock) for clock in clocks]
    ticks = [tick.at for clock in running for tick in _left(clock)]
    ours = [clock["due_on"] for clock in running if CLOCKS[clock["name"]].is_ours]
    return {
        "clocks": running,
        "next_tick_at": min(ticks, default=None),
        "next_due_on": min(ours, default=None),
    }


def deadlines(clocks: Iterable[ClockState]) -> list[dict[str, Any]]:
    """The running clocks as events and answers name them, the nearest first."""
    shown = [{n: clock[n] for n in ("name", "due_on", "provisional")} for clock in clocks]
    return sorted(shown, key=lambda clock: (clock["due_on"], clock["name"]))


def due_now(clocks: Iterable[ClockState], at: datetime) -> list[Tick]:
    """Everything to be told by now and not told yet, the oldest first; of a clock that approached
    while nobody was looking and is missed by now, only that it was missed."""
    found: list[Tick] = []
    for clock in clocks:
        waiting = [tick for tick in _left(clock) if tick.at <= at]
        if len(waiting) > 1 and waiting[0].telling == "approaching":
            waiting = waiting[1:]
        found += waiting
    return sorted(found, key=lambda tick: (tick.at, tick.clock))


def told(clocks: Iterable[ClockState], tick: Tick) -> list[dict[str, Any]]:
    """The clocks once this was told; earlier tellings of the same clock are done with it."""
    return [
        {**clock, "told": _through(clock, tick.telling)}
        if clock["name"] == tick.clock
        else {**clock}
        for clock in clocks
    ]


def is_overdue(clocks: Iterable[ClockState], today: date) -> bool:
    """Whether the last day of a clock that is ours has passed."""
    return any(
        CLOCKS[clock["name"]].is_ours and date.fromisoformat(clock["due_on"]) < today
        for clock in clocks
    )


def _through(clock: ClockState, telling: Telling) -> list[Telling]:
    names = [name for name, _ in _schedule(CLOCKS[clock["name"]], clock)]
    return names[: names.index(telling) + 1]


def _left(clock: ClockState) -> list[Tick]:
    return [
        Tick(clock["name"], telling, moment)
        for telling, moment in _schedule(CLOCKS[clock["name"]], clock)
        if telling not in clock["told"]
    ]


def _schedule(rule: Clock, clock: ClockState) -> list[tuple[Telling, datetime]]:
    """When each telling of a clock is due, in order."""
    last = date.fromisoformat(clock["due_on"])
    day_after = _midnight(last + timedelta(days=1))
    if rule.nature == "automatic":
        return [("over", day_after)]
    told: list[tuple[Telling, datetime]] = [
        ("approaching", _morning(_before(last, rule.warn_days)))
    ]
    if rule.is_ours:
        told.append(("missed", day_after))
        told.append(("escalated", _morning(_later(last, ESCALATION_WORKING_DAYS))))
    else:
        told.append(("over", day_after))
    return told


def _before(last: date, working_days: int) -> date:
    day = last
    while working_days:
        day -= timedelta(days=1)
        working_days -= is_working_day(day)
    return day


def _later(last: date, working_days: int) -> date:
    day = last
    while working_days:
        day += timedelta(days=1)
        working_days -= is_working_day(day)
    return day


def _morning(day: date) -> datetime:
    return datetime.combine(day, _MORNING, MAINLAND_TIME)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), MAINLAND_TIME)
