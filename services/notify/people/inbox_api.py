"""The inbox over HTTP: a party reads what it was told, and says up to where it has read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from flask import request

from services.notify.people.entitlements import ENTITLEMENTS
from services.notify.people.inbox import Entry, Inboxes, Side
from services.notify.people.inbox_readers import READER_HEADERS, READER_REFUSALS, Readers
from services.notify.people.message_list import cursor_of, place_of
from services.notify.people.preferences import CHANNELS
from services.notify.people.statuses import STATUSES
from shared.asking import json_bytes
from shared.civil_time import today
from shared.contracts import answers as show
from shared.contracts.answers import Shown
from shared.contracts.fields import Count, Moment, Str
from shared.contracts.schema import Body, parse_json, read
from shared.web import Route

PAGE: Final = 50


class InboxPageAsked(Body):
    """`before` is `next` of the page before."""

    before = Str("上页末项", 128)
    size = Count("每页条数", least=1, most=PAGE)


class ReadUpTo(Body):
    """`at` of the newest message that was read."""

    up_to = Moment("已读至", required=True)


class InboxMessage(Shown):
    """One thing that the party was told."""

    message_id = show.text("its name")
    event_name = show.word("what is told", ENTITLEMENTS)
    at = show.moment("since when it is there")
    subject = show.text("heading; empty if only a text message was written")
    text = show.text("the words")
    language = show.word("of the words", ["zh", "en"])
    channel = show.word("over what these words went, or would have gone", CHANNELS)
    status = show.word("what became of it on that way", STATUSES)
    unread = show.flag("whether it came after what was read")


class Inbox(Shown):
    """What a party was told, the newest first."""

    serial_number = show.serial_number()
    party = show.word("whose inbox", ["applicant", "respondent"])
    index = show.count("which respondent")
    unread = show.count("messages that came after what was read, on all pages")
    items = show.parts(InboxMessage, f"at most {PAGE}")
    next = show.text("`before` of the next page; null if this is the last", null=True)


class InboxRead(Shown):
    """What is left to read."""

    serial_number = show.serial_number()
    unread = show.count("messages that came after what was read")


@dataclass(frozen=True, slots=True)
class InboxDesk:
    """What the views work with; made once per process by `app`."""

    readers: Readers
    inboxes: Inboxes

    def inbox(self, serial_number: str) -> dict[str, Any]:
        number, side = self.readers.side(serial_number)
        stated = read(InboxPageAsked(), request.args.to_dict(), today())
        entries = self.inboxes.entries(number, side)
        size, rest = stated.get("size") or PAGE, entries
        if stated.get("before"):
            place = place_of(stated["before"])
            rest = [entry for entry in entries if entry.place < place]
        return {
            **_whose(number, side),
            "unread": _unread(entries),
            "items": self._items(rest[:size]),
            "next": cursor_of(rest[size - 1].message) if len(rest) > size else None,
        }

    def read(self, serial_number: str) -> dict[str, Any]:
        number, side = self.readers.side(serial_number)
        stated = read(ReadUpTo(), parse_json(json_bytes()), today())
        now = datetime.now(UTC)  # what comes later was not read
        self.inboxes.read(number, side, min(now, datetime.fromisoformat(stated["up_to"])))
        return {"serial_number": number, "unread": _unread(self.inboxes.entries(number, side))}

    def _items(self, entries: Sequence[Entry]) -> list[dict[str, Any]]:
        words = self.inboxes.words(entries)
        return [
            {
                "message_id": entry.message["_id"],
                "event_name": entry.message["event_name"],
                "at": entry.message["created_at"].isoformat(timespec="milliseconds"),
                **words[entry.message["_id"]],
                "language": entry.message["language"],
                "channel": entry.message["channel"],
                "status": entry.message["status"],
                "unread": entry.unread,
            }
            for entry in entries
        ]


def _whose(number: str, side: Side) -> dict[str, Any]:
    return {"serial_number": number, "party": side.party, "index": side.index}


def _unread(entries: Sequence[Entry]) -> int:
    return sum(entry.unread for entry in entries)


def routes(desk: InboxDesk) -> Sequence[Route]:
    """The operations on one's own inbox."""
    path = "/v1/inbox/{serial_number}"
    return (
        Route(
            "GET", path, desk.inbox, "What a party was told", query=InboxPageAsked, answer=Inbox,
            headers=READER_HEADERS, refusals=(*READER_REFUSALS, "validation_failed"),
        ),
        Route(
            "POST", f"{path}/read", desk.read, "Say up to where one has read", body=ReadUpTo,
            answer=InboxRead, headers=READER_HEADERS,
            refusals=(*READER_REFUSALS, "malformed_json", "validation_failed", "body_too_large",
                      "unsupported_media_type"),
        ),
    )  # fmt: skip
