"""What a party finds when it looks: every message of its case that is for it, whether it arrived or not.

An applicant, the others it represents and their agent share one inbox, which the code of the receipt
opens; each respondent has its own. Of one event there is one entry, in the fullest words that were
recorded for that side. What became untrue before anybody was told is left out.

inboxes: {_id: `<serial number>/<party>:<index>`, read_up_to}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from services.notify.people.fallback import NOT_NEEDED
from services.notify.people.messages import open_body
from shared.errors import Permanent
from shared.sealing import Keyring
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

ENTRIES_MOST: Final = 2_000
"""Messages of one case that are looked at; a whole life with several on each side has some hundreds."""

_FULLEST: Final = ("email", "inbox", "sms", "push")
_LISTED: Final = (
    "event_id", "event_name", "party", "index", "channel", "status", "last_error", "language",
    "created_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """Whose inbox: `party` is applicant or respondent, `index` which respondent."""

    party: str
    index: int = 0

    @property
    def key(self) -> str:
        return f"{self.party}:{self.index}"

    @property
    def messages(self) -> Document:
        """The messages for this side, as a query."""
        if self.party == "respondent":
            return {"party": "respondent", "index": self.index}
        return {"party": {"$in": ["applicant", "agent"]}}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a side was told."""

    message: Mapping[str, Any]
    unread: bool

    @property
    def place(self) -> tuple[datetime, str]:
        return self.message["created_at"], self.message["_id"]


class Inboxes:
    """Reads the messages of a case for its parties; BackendAway when the database is away."""

    def __init__(self, database: Database[Document], keyring: Keyring) -> None:
        self._messages = database["messages"]
        self._read = database["inboxes"]
        self._keyring = keyring

    def entries(self, serial_number: str, side: Side) -> list[Entry]:
        """All entries, the newest first."""
        query = {"serial_number": serial_number, **side.messages, "resend_of": None}
        with backend_errors():
            found = list(
                self._messages.find(query, dict.fromkeys(_LISTED, True))
                .sort("created_at", -1)
                .limit(ENTRIES_MOST)
            )
            kept = self._read.find_one({"_id": _key(serial_number, side)}) or {}
        read_up_to = kept.get("read_up_to")
        return [
            Entry(message, unread=read_up_to is None or message["created_at"] > read_up_to)
            for message in one_of_each(found)
        ]

    def words(self, entries: Sequence[Entry]) -> dict[str, Mapping[str, str]]:
        """{message id: {subject, text}} of these."""
        ids = [entry.message["_id"] for entry in entries]
        with backend_errors():
            found = list(self._messages.find({"_id": {"$in": ids}}, {"body_sealed": True}))
        return {document["_id"]: self._words(document) for document in found}

    def read(self, serial_number: str, side: Side, up_to: datetime) -> None:
        """Everything up to this moment has been read; what was read stays so."""
        with backend_errors():
            self._read.update_one(
                {"_id": _key(serial_number, side)}, {"$max": {"read_up_to": up_to}}, upsert=True
            )

    def _words(self, document: Mapping[str, Any]) -> Mapping[str, str]:
        """None of a body that cannot be opened: it must not hide the others."""
        try:
            body = open_body(document, self._keyring)
        except Permanent:
            return {"subject": "", "text": ""}
        return {"subject": body.subject, "text": body.text}


def one_of_each(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of each event one message, the newest first: that of the first person told, in the channel
    with the fullest words; none of an event whose messages all became untrue."""
    chosen: dict[str, Mapping[str, Any]] = {}
    true: set[str] = set()
    for message in messages:
        event = message["event_id"]
        if message["status"] != "cancelled" or message["last_error"] == NOT_NEEDED:
            true.add(event)
        if event not in chosen or _rank(message) < _rank(chosen[event]):
            chosen[event] = message
    kept = [message for event, message in chosen.items() if event in true]
    return sorted(kept, key=lambda each: (each["created_at"], each["_id"]), reverse=True)


def _rank(message: Mapping[str, Any]) -> tuple[bool, int, int]:
    channel = message["channel"]
    fullness = _FULLEST.index(channel) if channel in _FULLEST else len(_FULLEST)
    return message["party"] != "applicant", message["index"], fullness


def _key(serial_number: str, side: Side) -> str:
    return f"{serial_number}/{side.key}"
