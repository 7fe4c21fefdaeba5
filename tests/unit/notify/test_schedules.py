from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.people.preferences import CHANNELS
from services.notify.people.schedules import SCHEDULES

MINUTE, HOUR = 60, 3600


def test_every_channel_that_can_fail_has_a_schedule():
    assert set(SCHEDULES) == set(CHANNELS) - {"inbox"}


@pytest.mark.parametrize(
    "channel, elapsed",
    [
        ("sms", [0, 30, 2 * MINUTE, 6.5 * MINUTE, 20 * MINUTE, HOUR, 3 * HOUR, 9.1 * HOUR]),
        ("email", [0, 90, 6 * MINUTE, 19.5 * MINUTE, HOUR, 3 * HOUR, 9.1 * HOUR, 27.3 * HOUR]),
    ],
)
def test_attempts_happen_when_the_decision_record_says(channel, elapsed):
    assert SCHEDULES[channel].elapsed() == pytest.approx(elapsed, rel=0.02)


@given(st.sampled_from(sorted(SCHEDULES)), st.integers(1, 7), st.floats(0, 1))
def test_a_delay_is_spread_by_a_fifth_and_there_is_one_after_each_attempt_but_the_last(
    channel, attempts, jitter
):
    schedule = SCHEDULES[channel]
    times = schedule.elapsed()
    delay = schedule.delay(attempts, jitter)
    assert delay == pytest.approx(times[attempts] - times[attempts - 1], rel=0.2001)
    assert schedule.delay(schedule.tries, jitter) is None


@pytest.mark.parametrize("channel, hours", [("sms", 1), ("email", 3)])
def test_another_address_is_used_long_before_the_schedule_ends(channel, hours):
    schedule = SCHEDULES[channel]
    last = next(n for n in range(1, 9) if schedule.delay(n, 0.5, several=True) is None)
    assert schedule.elapsed()[last - 1] == pytest.approx(hours * HOUR, rel=0.02)
