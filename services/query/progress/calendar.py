"""The dates of a case as a calendar file (RFC 5545): its running clocks and its sessions.

It names the case by its serial number and nobody. An entry keeps its UID from file to file and its
SEQUENCE grows with the case, so that a program that imports a newer one replaces what it had.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from icalendar import Calendar, Event

from shared import serial
from shared.contracts.clocks import CLOCKS
from shared.errors import Language, Text

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"

_NAME: Final = Text("劳动争议调解", "Labour dispute mediation")
_SESSION: Final = Text("调解会", "Mediation session")
_PROVISIONAL: Final = Text(
    "节假日安排公布后可能调整。", "May move once the year's holidays are announced."
)
_STATUSES: Final = {"scheduled": "CONFIRMED", "held": "CONFIRMED", "cancelled": "CANCELLED"}


def calendar_file(
    seen: Mapping[str, Any], revised: tuple[int, datetime], language: Language, at: datetime
) -> bytes:
    """The calendar of what a party sees (`domain.unmasked`, `domain.revised`), made at `at`."""
    sequence, modified = revised
    calendar = Calendar()
    calendar.add("prodid", "-//Tiaojie//Case calendar//ZH")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-calname", f"{_NAME.to(language)} {serial.display(seen['serial_number'])}")
    for entry in (*_sessions(seen, language), *_deadlines(seen, language)):
        entry.add("dtstamp", at)
        entry.add("sequence", sequence)
        entry.add("last-modified", modified)
        calendar.add_component(entry)
    written: bytes = calendar.to_ical()
    return written


def _sessions(seen: Mapping[str, Any], language: Language) -> Iterator[Event]:
    for session in seen["sessions"]:
        title = f"{_SESSION.to(language)} {session['number']}"
        event = _event(seen, session["id"], title)
        event.add("dtstart", datetime.fromisoformat(session["starts_at"]))
        event.add("dtend", datetime.fromisoformat(session["ends_at"]))
        event.add("location", session["place"] or session["mode_text"])
        event.add("status", _STATUSES[session["status"]])
        yield event


def _deadlines(seen: Mapping[str, Any], language: Language) -> Iterator[Event]:
    """What the case itself does when a clock is over is nobody's deadline."""
    for clock in seen["deadlines"]:
        if CLOCKS[clock["name"]].nature == "automatic":
            continue
        event = _event(seen, clock["name"], clock["title"])
        due_on = date.fromisoformat(clock["due_on"])
        event.add("dtstart", due_on)
        event.add("dtend", due_on + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        if clock["provisional"]:
            event.add("description", _PROVISIONAL.to(language))
        yield event


def _event(seen: Mapping[str, Any], name: str, title: str) -> Event:
    event = Event()
    event.add("uid", f"{seen['serial_number']}-{name}@tiaojie")
    event.add("summary", f"{title} · {serial.display(seen['serial_number'])}")
    return event
