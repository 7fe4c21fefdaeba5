"""When a phone may ring: what is not urgent waits for the morning.

Text messages, pushes and chat are held; e-mail and the inbox make no noise. What would be too late by the
morning goes at once rather than never. After a night everything held would be due in one moment, so
the messages are spread over some minutes, each by its own id: the same one always gets the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

from services.notify.people.case_facts import CaseFacts
from shared.civil_time import MAINLAND_TIME
from shared.contracts.envelope import Event
from shared.settings import SettingsError

HELD_CHANNELS: Final = frozenset({"sms", "push", "chat"})
SPREAD: Final = timedelta(minutes=20)
SOON: Final = timedelta(days=1)

_HOURS: Final = re.compile(r"([01]?[0-9]|2[0-3])-([01]?[0-9]|2[0-3])", re.ASCII)


def _always(_: Event, __: CaseFacts) -> bool:
    return True


def _begins_soon(event: Event, facts: CaseFacts) -> bool:
    """Whether the session that an event is about begins within a day."""
    session = event.data.get("session")
    known = facts.sessions or {}
    begins = session["starts_at"] if session else known.get(event.data["session_id"])
    return begins is not None and datetime.fromisoformat(begins) - event.time < SOON


URGENT: Final[Mapping[str, Callable[[Event, CaseFacts], bool]]] = {
    "phone.code_requested": _always,  # somebody waits for it in front of a screen
    "application.submitted": _always,  # who has just applied is awake, and needs the number
    "case.session_scheduled": _begins_soon,  # the morning may be too late to get ready, or to come
    "case.session_cancelled": _begins_soon,  # somebody may set out early for nothing
}
"""Events that may ring at night, and when. A step that staff take late in the evening is not among
them: nothing is lost by reading of it in the morning."""


def is_urgent(event: Event, facts: CaseFacts) -> bool:
    """Whether the message of an event may ring at any hour."""
    rule = URGENT.get(event.name)
    return rule is not None and rule(event, facts)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begin` to `end` o'clock in the mainland; none if they are the same."""

    begin: int = 0
    end: int = 0

    @classmethod
    def parse(cls, text: str) -> QuietHours:
        """Read `22-8`, or nothing for none; SettingsError for anything else."""
        if not text.strip():
            return cls()
        found = _HOURS.fullmatch(text.strip())
        if found is None:
            raise SettingsError("TIAOJIE_QUIET_HOURS: `22-8`, hours of a day, or empty for none")
        return cls(int(found[1]), int(found[2]))

    def allow(self, message: Mapping[str, Any], moment: datetime) -> datetime:
        """The first time from `moment` on at which this message may be sent; of it are read _id,
        channel, urgent and expires_at."""
        if message["channel"] not in HELD_CHANNELS or message.get("urgent"):
            return moment
        over = self._end_after(moment)
        if over is None:
            return moment
        held = over + SPREAD * _spread(message["_id"])
        expires = message.get("expires_at")
        return moment if expires is not None and expires <= held else held

    def _end_after(self, moment: datetime) -> datetime | None:
        """When the quiet hours end that a moment lies in; None if it lies in none."""
        local = moment.astimezone(MAINLAND_TIME)
        if not (local.hour - self.begin) % 24 < (self.end - self.begin) % 24:
            return None
        day = local.date() + timedelta(days=local.hour >= self.end)
        return datetime.combine(day, time(self.end), MAINLAND_TIME).astimezone(moment.tzinfo)


NO_QUIET_HOURS: Final = QuietHours()


def _spread(identity: str) -> float:
    """A number from 0 to 1 that an id always gives."""
    return int(identity[:8], 16) / 0xFFFFFFFF
