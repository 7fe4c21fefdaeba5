"""Tickets, cursors and calendar files: what programs are given to follow a case with."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from services.query import domain
from services.query.progress import tickets
from services.query.progress.calendar import calendar_file
from services.query.progress.paging import Place, cursor_of, place_of
from services.query.progress.viewer import APPLICANT, Viewer
from shared.errors import Refused
from shared.sealing import Hasher
from tests.builders.events import a_submission
from tests.builders.histories import (
    ACCEPTED,
    CONSENTED,
    EXAMINED,
    HANDED,
    MEDIATED,
    NUMBER,
    SESSION,
    a_history,
)
from tests.builders.notices import MEDIATOR
from tests.handlers.test_query import project

HASHER, AT = Hasher(bytes(32)), 1_795_000_000.0
OTHER_NUMBER = "2612345678901258"


# --- tickets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("viewer", [APPLICANT, Viewer("respondent", 0), Viewer("respondent", 12)])
def test_a_ticket_shows_its_side_of_its_case_for_half_an_hour(viewer: Viewer) -> None:
    ticket = tickets.issue(HASHER, NUMBER, viewer, AT)
    assert len(ticket) <= tickets.LONGEST
    assert tickets.viewer_of(HASHER, NUMBER, ticket, AT + 1799) == viewer
    assert tickets.viewer_of(HASHER, NUMBER, ticket, AT + 1800) is None
    assert tickets.viewer_of(HASHER, OTHER_NUMBER, ticket, AT) is None
    assert tickets.viewer_of(Hasher(b"\1" * 32), NUMBER, ticket, AT) is None


@given(st.integers(0, 200), st.sampled_from("ar0123456789._-Zz"))
def test_a_ticket_with_another_character_is_none(place: int, character: str) -> None:
    ticket = tickets.issue(HASHER, NUMBER, Viewer("respondent", 1), AT)
    place %= len(ticket)
    forged = f"{ticket[:place]}{character}{ticket[place + 1 :]}"
    expected = Viewer("respondent", 1) if forged == ticket else None
    assert tickets.viewer_of(HASHER, NUMBER, forged, AT) == expected


@given(st.text(max_size=80))
def test_no_other_text_is_a_ticket(text: str) -> None:
    assert tickets.viewer_of(HASHER, NUMBER, text, AT) is None


# --- cursors -----------------------------------------------------------------------------------


@given(st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds are given without a zone
def test_a_cursor_is_the_place_it_was_made_of(moment: datetime) -> None:
    place = Place(moment, NUMBER)
    assert place_of(cursor_of(place)) == place
    assert len(cursor_of(place)) <= 80


@given(st.text(max_size=70))
def test_no_other_text_is_a_cursor(text: str) -> None:
    with pytest.raises(Refused, match="validation_failed"):
        place_of(text)


def test_a_moment_that_utc_does_not_have_is_no_place() -> None:
    crafted = f"0001-01-01T00:00:00+23:59 {NUMBER}".encode()
    with pytest.raises(Refused):
        place_of(base64.urlsafe_b64encode(crafted).decode().rstrip("="))


# --- calendars ---------------------------------------------------------------------------------


def calendar(viewer: Viewer = APPLICANT, *more: Any, language: Any = "zh") -> list[Any]:
    steps = (*HANDED, *EXAMINED, *CONSENTED, *ACCEPTED, MEDIATED[0], *more)
    known = project(a_history(steps, (), submission=a_submission()))
    now = datetime(2026, 11, 24, tzinfo=UTC)
    seen = domain.unmasked(known, NUMBER, viewer, language, "http://here", now=now)
    made = calendar_file(seen, domain.revised(known), language, now)
    return list(Calendar.from_ical(made).walk("VEVENT"))


def named(entries: list[Any]) -> dict[str, Any]:
    return {str(entry["uid"]): entry for entry in entries}


def test_a_session_is_at_its_hours_and_its_place() -> None:
    session = named(calendar())[f"{NUMBER}-s1@tiaojie"]
    assert session["dtstart"].dt == datetime.fromisoformat(SESSION["starts_at"])
    assert session["dtend"].dt == datetime.fromisoformat(SESSION["ends_at"])
    assert session["location"] == SESSION["place"]
    assert session["status"] == "CONFIRMED"


def test_a_clock_is_a_whole_day() -> None:
    entries = named(calendar())
    clock = entries[f"{NUMBER}-acceptance_decision@tiaojie"]
    assert (clock["dtstart"].dt, clock["dtend"].dt) == (date(2026, 11, 25), date(2026, 11, 26))
    assert "description" not in clock
    assert "节假日" in entries[f"{NUMBER}-arbitration_limitation@tiaojie"]["description"]


def test_entries_keep_their_names_and_a_session_that_is_cancelled_says_so() -> None:
    cancelled = ("case.session_cancelled", {"status": "mediating", "session_id": "s1", "asks": [], "settles": [], "deadlines": []})  # fmt: skip
    before, after = named(calendar()), named(calendar(APPLICANT, cancelled))
    assert set(after) == {f"{NUMBER}-s1@tiaojie"} < set(before)
    assert after[f"{NUMBER}-s1@tiaojie"]["status"] == "CANCELLED"
    first, then = (entries[f"{NUMBER}-s1@tiaojie"] for entries in (before, after))
    assert then["sequence"] > first["sequence"]
    assert then["last-modified"].dt >= first["last-modified"].dt


def test_a_calendar_names_the_case_and_nobody() -> None:
    for language in ("zh", "en"):
        for entry in calendar(language=language):
            assert "2634 6268 8508 6477" in entry["summary"]
            assert MEDIATOR["name"] not in entry.to_ical().decode()


def test_a_respondents_calendar_has_no_date_of_the_applicant() -> None:
    theirs = named(calendar(Viewer("respondent", 0)))
    assert set(theirs) == {f"{NUMBER}-s1@tiaojie", f"{NUMBER}-acceptance_decision@tiaojie"}
