"""Limits are read from settings, and a provider is given no more than its share of a second."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.channels import NotNow
from services.notify.channels.limits import PATIENCE_SECONDS, Bucket, SmsLimits, Window, windows
from shared.settings import SettingsError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Nothing:
    """Counts that are never full."""

    def take(self, *_: str, urgent: bool) -> float:  # noqa: ARG002
        return 0.0

    def give_back(self, *, urgent: bool) -> None:
        """Nothing was taken."""


def test_limits_of_a_number_are_read_from_the_setting():
    assert windows("1/60, 5/3600,10/86400") == (Window(1, 60), Window(5, 3600), Window(10, 86400))
    assert windows("") == ()


@pytest.mark.parametrize("text", ["1", "1/", "0/60", "1/90000", "1/60;5/3600", "x/60", "-1/60"])
def test_a_limit_that_cannot_be_read_is_named(text):
    with pytest.raises(SettingsError, match="TIAOJIE_SMS_PER_NUMBER"):
        windows(text)


def test_messages_leave_at_the_pace_of_the_setting():
    clock = Clock()
    limits = SmsLimits(10, Nothing(), Nothing(), clock=clock, sleep=clock.sleep)
    for _ in range(100):
        limits.pace("aliyun", urgent=False)
    assert clock.now == pytest.approx(9.1)


def test_what_would_wait_too_long_gives_its_place_away_and_each_provider_has_its_own():
    clock = Clock()
    limits = SmsLimits(0.5, Nothing(), Nothing(), clock=clock, sleep=clock.sleep)
    limits.pace("aliyun", urgent=False)
    with pytest.raises(NotNow) as refused:
        limits.pace("aliyun", urgent=False)
    assert (refused.value.code, refused.value.seconds) == ("rate_limit", 2.0)
    limits.pace("tencent", urgent=False)
    assert clock.now == 0


def test_a_tenth_of_a_second_is_kept_for_what_is_urgent():
    bucket = Bucket(20, Clock())
    waits = [bucket.take(urgent=False) for _ in range(19)]
    assert waits == [0.0] * 18 + [pytest.approx(0.05)]
    assert bucket.take(urgent=True) == 0.0


def test_without_a_limit_nobody_waits():
    bucket = Bucket(0, Clock())
    assert {bucket.take(urgent=False) for _ in range(1000)} == {0.0}


@given(st.floats(0.2, 100), st.lists(st.tuples(st.floats(0, 2), st.booleans()), max_size=200))
def test_no_more_than_the_rate_leaves_in_any_stretch_of_time(rate, asked):
    clock = Clock()
    bucket = Bucket(rate, clock)
    left: list[float] = []
    for pause, urgent in asked:
        clock.now += pause
        wait = bucket.take(urgent=urgent)
        if wait <= PATIENCE_SECONDS:
            left.append(clock.now + wait)
    left.sort()
    for first, began in enumerate(left):
        for last in range(first, len(left)):
            allowed = max(1.0, rate) + rate * (left[last] - began) + 1e-6
            assert last - first + 1 <= allowed + 1
