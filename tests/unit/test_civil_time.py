"""Moments as clients read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from shared.civil_time import rfc3339

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
MOMENTS = st.datetimes(timezones=OFFSETS).filter(lambda moment: 1 < moment.year < 9999)


@given(MOMENTS)
@example(datetime(5, 3, 1, 0, 0, 0, 999_999, tzinfo=UTC))
def test_a_moment_is_told_in_utc_to_the_second_below(moment: datetime) -> None:
    told = rfc3339(moment)
    assert (len(told), told[10], told[-1]) == (20, "T", "Z")
    assert datetime.fromisoformat(told) == moment - timedelta(microseconds=moment.microsecond)
