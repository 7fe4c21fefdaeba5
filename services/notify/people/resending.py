"""A message sent again because somebody asks for it: a new message that names the first.

Two clicks send one: while the last one is on its way, or has just been taken over, asking again gives
that one. Its id is made of the first message's and its number, so that of two who ask at the same
moment one makes it. It goes to where the person can be reached now, with the words of the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import DuplicateKeyError

from services.notify.people.addresses import masked
from services.notify.people.messages import Document, open_body, seal_body
from services.notify.people.persons import read_recipients
from services.notify.people.preferences import address_on
from services.notify.people.quiet_hours import QuietHours
from services.notify.people.statuses import FAILED, OPEN
from shared.errors import Refused, Text
from shared.log import logger
from shared.sealing import Keyring
from shared.store import backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

PAUSE: Final = timedelta(minutes=10)
"""For so long after one was sent again, asking once more is taken for a second click."""

RESENT_MOST: Final = 20
"""Times one message is sent again."""

_KEPT: Final = (
    "serial_number", "division", "event_id", "event_name", "sequence", "topic", "party", "index",
    "channel", "language", "urgent", "template", "template_version", "expires_at",
)  # fmt: skip


def refusal(message: Mapping[str, Any], now: datetime, *, confirmed: bool) -> Refused | None:
    """Why a message may not be sent again, if so."""
    status = message["status"]
    if message["channel"] == "inbox":
        why = Text("该消息仅在站内信中", "It lies in the inbox: there is no address to send it to")
    elif status in OPEN:
        why = Text("该消息尚在发送中", "It has not ended yet")
    elif message["expires_at"] is not None and message["expires_at"] <= now:
        why = Text("该消息已过有效期", "Its time is over")
    elif status == "uncertain" and not confirmed:
        return Refused("confirmation_needed")
    else:
        return None
    return Refused("resend_not_allowed", why)


class Resending:
    """Makes the new messages, durable when made; BackendAway when the database is away."""

    def __init__(
        self,
        database: Database[Document],
        keyring: Keyring,
        clock: Callable[[], datetime],
        quiet: QuietHours,
    ) -> None:
        self._messages = database["messages"]
        self._recipients = database["recipients"]
        self._keyring = keyring
        self._clock = clock
        self._quiet = quiet

    def resend(self, message: Document, *, by: str, confirmed: bool) -> Document:
        """The new message, or the one that a moment ago was made of the same; Refused:
        resend_not_allowed, confirmation_needed (it may have arrived)."""
        first = self._first(message)
        earlier = self._earlier(first)
        now = self._clock()
        if earlier and _is_the_same_click(earlier[-1], now):
            return earlier[-1]
        if refused := refusal(message, now, confirmed=confirmed):
            raise refused
        if len(earlier) >= RESENT_MOST:
            raise Refused("resend_not_allowed", Text("重发次数已达上限", "Sent again too often"))
        document = self._made(first, len(earlier) + 1, by, now)
        try:
            with backend_errors():
                self._messages.insert_one(document)
        except DuplicateKeyError:
            with backend_errors():
                found = self._messages.find_one({"_id": document["_id"]})
            return found or document
        logger().info(
            "message_resent",
            serial_number=document["serial_number"],
            event_name=document["event_name"],
            channel=document["channel"],
        )
        return document

    def _first(self, message: Document) -> Document:
        if not message.get("resend_of"):
            return message
        with backend_errors():
            return self._messages.find_one({"_id": message["resend_of"]}) or message

    def _earlier(self, first: Document) -> list[Document]:
        with backend_errors():
            return list(self._messages.find({"resend_of": first["_id"]}).sort("created_at", 1))

    def _made(self, first: Document, number: int, by: str, now: datetime) -> Document:
        identity = hashlib.sha256(f"{first['_id']}|again|{number}".encode()).hexdigest()[:40]
        body = open_body(first, self._keyring)
        body = replace(body, to=self._address(first) or body.to)
        document: Document = {
            "_id": identity,
            **{name: first[name] for name in _KEPT},
            "rank": 0,
            "next": None,
            "resend_of": first["_id"],
            "resent_by": by,
            "to_masked": masked(first["channel"], body.to),
            "body_sealed": seal_body(body, identity, self._keyring),
            "status": "planned",
            "attempts": 0,
            "history": [],
            "handing_over": False,
            "lease_until": None,
            "lease_holder": None,
            "created_at": now,
            "sent_at": None,
            "settled_at": None,
            "provider": None,
            "provider_reference": None,
            "last_error": None,
        }
        return document | {"next_attempt_at": self._quiet.allow(document, now)}

    def _address(self, message: Document) -> str | None:
        """Where the person can be reached on this channel by now, if it is one of a case."""
        with backend_errors():
            kept = self._recipients.find_one({"_id": message["serial_number"]}, {"contacts": True})
        if not kept or "contacts" not in kept:
            return None
        opened = self._keyring.open(kept["contacts"], f"contacts:{message['serial_number']}")
        place = message["party"], message["index"]
        for person in read_recipients(opened).persons:
            if (person.party, person.index) == place:
                return address_on(message["channel"], person)
        return None


def _is_the_same_click(last: Mapping[str, Any], now: datetime) -> bool:
    if last["status"] in OPEN:
        return True
    return last["status"] not in FAILED and now - last["created_at"] < PAUSE
