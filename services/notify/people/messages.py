"""One message as it is kept: nothing personal in clear, recorded before anybody sends it.

{_id, serial_number, division, event_id, event_name, sequence, topic, party, index, channel, language,
rank, next, urgent, template, template_version, to_masked, body_sealed, status, attempts, history,
next_attempt_at, expires_at, handing_over, lease_until, lease_holder, created_at, sent_at, settled_at,
provider, provider_reference, last_error}

`statuses` has the words of `status`. `rank` counts a person's addresses for one event from 0, `next`
is the message to the one after it (`fallback`); `history` keeps the last attempts {at, provider,
outcome, code}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from services.notify.domain import PlannedMessage
from services.notify.people.addresses import masked
from services.notify.people.preferences import WORDS_OF
from services.notify.people.quiet_hours import NO_QUIET_HOURS, QuietHours
from services.notify.people.templates import Templates
from shared.errors import Language
from shared.sealing import Keyring

Document = dict[str, Any]

HISTORY_MOST: Final = 12
"""Attempts that a message remembers."""

_AWAITED: Final = frozenset({"phone.code_requested"})
"""Events somebody waits for in front of a screen: their messages overtake whatever is due."""

_HEAD_START: Final = timedelta(hours=1)

_SHOWN: Final = (
    "serial_number", "event_id", "event_name", "party", "index", "channel", "language", "template",
    "template_version", "urgent", "status", "attempts", "next_attempt_at", "expires_at", "created_at",
    "sent_at", "settled_at", "provider", "provider_reference", "last_error",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Body:
    """What leaves the house: the address and the words, in `language`, in large letters if so; limits
    of providers leave a reserve for what is `urgent`."""

    to: str
    subject: str
    text: str
    language: Language = "zh"
    large_print: bool = False
    urgent: bool = False


def to_document(
    message: PlannedMessage,
    templates: Templates,
    keyring: Keyring,
    now: datetime,
    quiet: QuietHours = NO_QUIET_HOURS,
) -> Document:
    """The document to record: rendered now with the newest template, its words and address sealed.

    `_id` is the message's identity: inserting it a second time must fail and changes nothing.
    """
    words = templates.render(
        message.template, WORDS_OF[message.channel], message.language, message.values
    )
    body = Body(
        message.address, words.subject, words.text, message.language, message.large_print,
        message.urgent,
    )  # fmt: skip
    document: Document = {
        "_id": message.id,
        "serial_number": message.serial_number,
        "division": message.division,
        "event_id": message.event_id,
        "event_name": message.event_name,
        "sequence": message.sequence,
        "topic": message.topic,
        "party": message.party,
        "index": message.index,
        "channel": message.channel,
        "rank": message.rank,
        "next": message.next,
        "language": message.language,
        "urgent": message.urgent,
        "template": words.template,
        "template_version": words.version,
        "to_masked": masked(message.channel, message.address),
        "body_sealed": seal_body(body, message.id, keyring),
        "attempts": 0,
        "history": [],
        "expires_at": message.expires_at,
        "handing_over": False,
        "lease_until": None,
        "lease_holder": None,
        "created_at": now,
        "provider": None,
        "provider_reference": None,
        "last_error": None,
    }
    return document | _beginning(document, now, quiet)


def _beginning(document: Document, now: datetime, quiet: QuietHours) -> Document:
    """How the life of a message begins: what is to be sent waits for its time or its turn; what
    lies in the inbox has arrived."""
    never: Document = {"next_attempt_at": None, "sent_at": None, "settled_at": None}
    if document["channel"] == "inbox":
        return never | {"status": "delivered", "sent_at": now, "settled_at": now}
    if document["rank"] > 0:
        return never | {"status": "standby"}
    due = now - _HEAD_START if document["event_name"] in _AWAITED else quiet.allow(document, now)
    return never | {"status": "planned", "next_attempt_at": due}


def seal_body(body: Body, identity: str, keyring: Keyring) -> bytes:
    """What leaves the house, as it is kept: it opens in this message only."""
    return keyring.seal_binary(orjson.dumps(body), _context(identity))


def open_body(document: Mapping[str, Any], keyring: Keyring) -> Body:
    """Address and words of a recorded message; Permanent if they cannot be opened."""
    body = orjson.loads(keyring.open(document["body_sealed"], _context(document["_id"])))
    return Body(**body)


def present(document: Mapping[str, Any]) -> Document:
    """A message as staff may see it: what, when, with what result, to whom masked."""
    shown = {name: document.get(name) for name in _SHOWN}
    return {
        "message_id": document["_id"],
        "to": document["to_masked"],
        **shown,
        "urgent": bool(document.get("urgent")),
        "next_message": document.get("next"),
        "resend_of": document.get("resend_of"),
    }


def present_whole(document: Mapping[str, Any]) -> Document:
    """The same with its attempts, and who asked for it if it was sent again."""
    return {
        **present(document),
        "history": document.get("history", []),
        "resent_by": document.get("resent_by"),
    }


def _context(identity: str) -> str:
    return f"message:{identity}"
