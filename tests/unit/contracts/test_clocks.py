"""How long each clock runs, against days counted by hand on the calendar of 2026."""

from __future__ import annotations

from datetime import date

import pytest

from shared.contracts.clocks import CLOCKS, due
from shared.working_days import is_working_day


@pytest.mark.parametrize(
    "clock, start, last",
    [
        # Friday: the first day is not counted, nor is the weekend.
        ("acceptance_decision", date(2026, 11, 20), date(2026, 11, 25)),
        # The eve of National Day (1 to 7 October 2026, Saturday 10 October is worked).
        ("mediator_assignment", date(2026, 9, 30), date(2026, 10, 8)),
        ("acceptance_decision", date(2026, 9, 30), date(2026, 10, 10)),
        # 15 days end on a Saturday: forward to Monday.
        ("mediation_end", date(2026, 11, 20), date(2026, 12, 7)),
        ("right_to_arbitrate", date(2026, 11, 19), date(2026, 12, 4)),
        # 30 days end within the holiday.
        ("judicial_confirmation", date(2026, 9, 3), date(2026, 10, 8)),
        ("arbitration_review", date(2026, 11, 20), date(2026, 12, 4)),
    ],
)
def test_a_clock_ends_on_the_day_counted_by_hand(clock, start, last):
    assert due(clock, start).on == last


def test_a_clock_of_a_date_ends_there_or_on_the_next_working_day():
    assert due("performance", date(2026, 11, 20), date(2026, 12, 1)).on == date(2026, 12, 1)
    assert due("performance", date(2026, 11, 20), date(2026, 12, 5)).on == date(2026, 12, 7)


def test_a_clock_of_a_date_needs_the_date():
    with pytest.raises(ValueError, match="performance"):
        due("performance", date(2026, 11, 20))


def test_a_last_day_beyond_the_announced_plans_is_provisional():
    assert due("mediation_end", date(2026, 12, 20)).provisional
    assert not due("mediation_end", date(2026, 11, 20)).provisional


@pytest.mark.parametrize("clock", [name for name, c in CLOCKS.items() if c.unit != "date"])
@pytest.mark.parametrize("start", [date(2026, 2, 13), date(2026, 4, 30), date(2026, 9, 30)])
def test_no_clock_ends_on_a_day_off(clock, start):
    assert is_working_day(due(clock, start).on)
