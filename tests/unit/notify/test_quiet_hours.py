from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain import plan
from services.notify.people.case_facts import CaseFacts
from services.notify.people.entitlements import ENTITLEMENTS
from services.notify.people.preferences import CHANNELS
from services.notify.people.quiet_hours import (
    HELD_CHANNELS,
    NO_QUIET_HOURS,
    SPREAD,
    URGENT,
    QuietHours,
    is_urgent,
)
from shared.civil_time import MAINLAND_TIME
from shared.settings import SettingsError
from tests.builders.notices import SESSION, an_event, some_recipients

NIGHT = QuietHours.parse("22-8")


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    """This time of a November day in the mainland."""
    return datetime(2026, 11, day, hour, minute, tzinfo=MAINLAND_TIME).astimezone(UTC)


def a_message(identity="0" * 40, channel="sms", *, urgent=False, expires_at=None):
    return {"_id": identity, "channel": channel, "urgent": urgent, "expires_at": expires_at}


@pytest.mark.parametrize(
    "moment, allowed",
    [
        (at(21, 59), at(21, 59)),
        (at(22), at(8, day=3)),
        (at(23, 30), at(8, day=3)),
        (at(0, day=3), at(8, day=3)),
        (at(7, 59, day=3), at(8, day=3)),
        (at(8, day=3), at(8, day=3)),
        (at(12), at(12)),
    ],
)
def test_no_phone_rings_at_night(moment, allowed):
    assert NIGHT.allow(a_message(), moment) == allowed


def test_the_morning_is_no_stampede_and_the_same_message_always_gets_the_same_minute():
    ids = [f"{n * 0x0FEDCBA9 % 2**32:08x}{'0' * 32}" for n in range(500)]
    times = [NIGHT.allow(a_message(i), at(23)) for i in ids]
    assert times == [NIGHT.allow(a_message(i), at(2, day=3)) for i in ids]
    assert at(8, day=3) <= min(times) < max(times) <= at(8, day=3) + SPREAD
    minutes = {int((t - at(8, day=3)).total_seconds() // 60) for t in times}
    assert minutes == set(range(20))


def test_what_is_urgent_and_what_makes_no_noise_is_not_held():
    assert NIGHT.allow(a_message(urgent=True), at(23)) == at(23)
    for channel in set(CHANNELS) - HELD_CHANNELS:
        assert NIGHT.allow(a_message(channel=channel), at(23)) == at(23)


def test_what_would_be_too_late_in_the_morning_goes_at_once_rather_than_never():
    early = a_message(expires_at=at(7, day=3))
    assert NIGHT.allow(early, at(23)) == at(23)
    assert NIGHT.allow(a_message(expires_at=at(9, day=3)), at(23)) == at(8, day=3)


@given(
    st.integers(0, 23), st.integers(0, 23),
    st.integers(0, 400_000).map(lambda minutes: at(0) + timedelta(minutes=minutes)),
    st.from_regex("[0-9a-f]{40}", fullmatch=True),
)  # fmt: skip
def test_what_is_held_is_held_once_and_less_than_a_day(begin, end, moment, identity):
    quiet = QuietHours(begin, end)
    message = a_message(identity)
    allowed = quiet.allow(message, moment)
    assert moment <= allowed < moment + timedelta(days=1) + SPREAD
    if (begin - end) % 24 > 1 or begin == end:  # else the spread reaches the next night
        assert quiet.allow(message, allowed) == allowed


@pytest.mark.parametrize("text, hours", [("22-8", (22, 8)), (" 0-6 ", (0, 6)), ("21-07", (21, 7))])
def test_hours_are_read(text, hours):
    read = QuietHours.parse(text)
    assert (read.begin, read.end) == hours


def test_no_hours_hold_nothing():
    assert QuietHours.parse("") == NO_QUIET_HOURS
    assert all(NO_QUIET_HOURS.allow(a_message(), at(hour)) == at(hour) for hour in range(24))


@pytest.mark.parametrize("text", ["22", "22-25", "22:00-8:00", "-", "a-b", "22-8-9", "２２-8"])
def test_other_texts_are_named_as_faults(text):
    with pytest.raises(SettingsError, match="TIAOJIE_QUIET_HOURS"):
        QuietHours.parse(text)


def test_urgent_are_events_that_somebody_is_told_of():
    assert set(URGENT) <= {name for name, told in ENTITLEMENTS.items() if told}


def test_a_session_is_urgent_when_it_begins_within_a_day():
    event = an_event("case.session_scheduled")
    begins = datetime.fromisoformat(SESSION["starts_at"])
    for name in ("case.session_scheduled", "case.session_cancelled"):
        for ahead, urgent in ((timedelta(hours=23), True), (timedelta(hours=25), False)):
            starts_at = (event.time + ahead).isoformat()
            changed = {"session": {**SESSION, "starts_at": starts_at}} if "sched" in name else {}
            facts = CaseFacts(sessions={SESSION["id"]: starts_at})
            assert is_urgent(an_event(name, **changed), facts) == urgent
    assert begins - event.time > timedelta(days=1)
    assert not is_urgent(an_event("case.session_cancelled"), CaseFacts(sessions={}))


def test_the_serial_number_just_given_may_ring_at_any_hour_and_a_step_of_staff_may_not():
    for name, urgent in (("application.submitted", True), ("case.mediator_assigned", False)):
        messages = plan(an_event(name), some_recipients())
        assert isinstance(messages, list)
        assert {m.urgent for m in messages} == {urgent}
