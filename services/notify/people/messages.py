"""One message as it is kept: nothing personal in clear, recorded before anybody sends it.

{_id, serial_number, division, event_id, event_name, sequence, topic, party, index, channel, language,
template, template_version, to_masked, body_sealed, status, attempts, next_attempt_at, expires_at,
handing_over, lease_until, lease_holder, created_at, sent_at, provider_reference, last_error}

    planned ─▶ sending ─▶ sent
       ▲          ├─────▶ failed             refused for good
       │          ├─────▶ cancelled          became untrue before it was sent
       │          ├─────▶ uncertain          handed over, answer unknown: never sent again by itself
       └──────────┴─────▶ temporary_failure  tried to the end of the schedule
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from services.notify.domain import PlannedMessage
from services.notify.people.addresses import masked
from services.notify.people.templates import Templates
from shared.sealing import Keyring

Document = dict[str, Any]

STATUSES: Final = (
    "planned", "sending", "sent", "temporary_failure", "failed", "uncertain", "cancelled",
)  # fmt: skip

URGENT: Final = frozenset({"phone.code_requested"})
"""Events somebody waits for in front of a screen: their messages overtake whatever is due."""

_HEAD_START: Final = timedelta(hours=1)

_SHOWN: Final = (
    "serial_number", "event_id", "event_name", "party", "index", "channel", "language", "template",
    "template_version", "status", "attempts", "next_attempt_at", "expires_at", "created_at", "sent_at",
    "provider_reference", "last_error",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Body:
    """What leaves the house: the address and the words."""

    to: str
    subject: str
    text: str


def to_document(
    message: PlannedMessage, templates: Templates, keyring: Keyring, now: datetime
) -> Document:
    """The document to record: rendered now with the newest template, its words and address sealed.

    `_id` is the message's identity: inserting it a second time must fail and changes nothing.
    """
    words = templates.render(message.template, message.channel, message.language, message.values)
    body = {"to": message.address, "subject": words.subject, "text": words.text}
    due = now - _HEAD_START if message.event_name in URGENT else now
    return {
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
        "language": message.language,
        "template": words.template,
        "template_version": words.version,
        "to_masked": masked(message.channel, message.address),
        "body_sealed": keyring.seal_binary(orjson.dumps(body), _context(message.id)),
        "status": "planned",
        "attempts": 0,
        "next_attempt_at": due,
        "expires_at": message.expires_at,
        "handing_over": False,
        "lease_until": None,
        "lease_holder": None,
        "created_at": now,
        "sent_at": None,
        "provider_reference": None,
        "last_error": None,
    }


def open_body(document: Mapping[str, Any], keyring: Keyring) -> Body:
    """Address and words of a recorded message; Permanent if they cannot be opened."""
    body = orjson.loads(keyring.open(document["body_sealed"], _context(document["_id"])))
    return Body(body["to"], body["subject"], body["text"])


def present(document: Mapping[str, Any]) -> Document:
    """A message as staff may see it: what, when, with what result, to whom masked."""
    shown = {name: document[name] for name in _SHOWN}
    return {"message_id": document["_id"], "to": document["to_masked"], **shown}


def _context(identity: str) -> str:
    return f"message:{identity}"
