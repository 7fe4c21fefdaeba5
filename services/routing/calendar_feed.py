"""A mediator's sessions and deadlines as a calendar that other programs subscribe to (RFC 5545).

Calendar programs cannot send bearer tokens, so the address itself is the key: 256 random bits, kept
as a keyed hash in the mediator's document (`calendar_hash`); a new address ends the one before. The
feed names cases by their serial numbers and nobody.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from icalendar import Calendar, Event

from services.routing.store import Directory, case_index
from shared import serial
from shared.contracts.clocks import CLOCKS
from shared.contracts.lifecycle import ENDED, STATUSES
from shared.contracts.vocabulary import SESSION_MODES
from shared.errors import Language, Text
from shared.sealing import Hasher
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.collection import Collection

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"
SUFFIX: Final = ".ics"
CASES_SHOWN: Final = 500
"""Cases of one mediator that a feed shows at most; more than anybody has places for."""

_NAME = Text("调解日程", "Mediation calendar")
_SESSION = Text("调解会", "Session")
_DUE = Text("期限", "Due")
_OPEN: Final = tuple(status for status in STATUSES if status not in ENDED)
_ICALENDAR_STATUS: Final = {
    "scheduled": "CONFIRMED",
    "held": "CONFIRMED",
    "cancelled": "CANCELLED",
}


def feed(cases: Iterable[Mapping[str, Any]], language: Language, at: datetime) -> bytes:
    """The calendar of these cases as text/calendar: sessions at their hours, the last days of the
    clocks that run as whole days. `at` is the moment it was made."""
    calendar = Calendar()
    calendar.add("prodid", "-//Tiaojie//Mediation calendar//ZH")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-calname", _NAME.to(language))
    for case in cases:
        for entry in (*_sessions(case, language), *_deadlines(case, language)):
            entry.add("dtstamp", at)
            entry.add("last-modified", case["updated_at"])
            calendar.add_component(entry)
    written: bytes = calendar.to_ical()
    return written


def _sessions(case: Mapping[str, Any], language: Language) -> Iterator[Event]:
    for session in case["sessions"]:
        title = f"{_SESSION.to(language)} {session['number']}"
        event = _event(case, session["id"], title)
        event.add("dtstart", session["starts_at"])
        event.add("dtend", session["ends_at"])
        event.add("location", session["place"] or SESSION_MODES[session["mode"]].to(language))
        event.add("status", _ICALENDAR_STATUS[session["status"]])
        yield event


def _deadlines(case: Mapping[str, Any], language: Language) -> Iterator[Event]:
    """What the case itself does when a clock is over is nobody's deadline."""
    for clock in case["clocks"]:
        rule = CLOCKS[clock["name"]]
        if rule.nature == "automatic":
            continue
        due_on = date.fromisoformat(clock["due_on"])
        event = _event(case, clock["name"], f"{_DUE.to(language)} {rule.title.to(language)}")
        event.add("dtstart", due_on)
        event.add("dtend", due_on + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        yield event


def _event(case: Mapping[str, Any], name: str, title: str) -> Event:
    event = Event()
    event.add("uid", f"{case['_id']}-{name}@tiaojie")
    event.add("summary", f"{title} · {serial.display(case['_id'])}")
    return event


@dataclass(frozen=True, slots=True)
class Calendars:
    """The secret addresses of mediators' calendars."""

    directory: Directory
    cases: Collection[Document]
    hasher: Hasher

    def renew(self, mediator_id: str) -> str:
        """A new secret of the mediator's calendar; the one before is no address any more."""
        secret = secrets.token_urlsafe(32)
        with backend_errors():
            self.directory.mediators.update_one(
                {"_id": mediator_id}, {"$set": {"calendar_hash": self._hash(secret)}}
            )
        return secret

    def holder(self, secret: str) -> str | None:
        """The active mediator whose calendar it opens, or None."""
        wanted = {"calendar_hash": self._hash(secret), "active": True}
        with backend_errors():
            found = self.directory.mediators.find_one(wanted, {"_id": 1})
        return found["_id"] if found else None

    def cases_of(self, mediator_id: str) -> list[Document]:
        """The mediator's open cases as far as a feed shows them."""
        wanted = {"mediator.id": mediator_id, "status": {"$in": list(_OPEN)}}
        with backend_errors():
            found = self.cases.find(wanted, {"sessions": 1, "clocks": 1, "updated_at": 1})
            found = found.hint(list(case_index("mediator.id", "received_at")))
            return list(found.limit(CASES_SHOWN))

    def _hash(self, secret: str) -> str:
        return self.hasher.hash("calendar", secret)
