"""One event as it travels: CloudEvents 1.0, structured JSON mode, media type
`application/cloudevents+json`, over AMQP 0-9-1.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from shared.errors import Permanent

CONTENT_TYPE = "application/cloudevents+json"
TYPE_PREFIX = "cn.tiaojie."


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What a handler says happened; the store makes it an Event of its aggregate."""

    name: str  # `<aggregate>.<past tense>`, a key of the registry
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trace:
    """Where an event comes from: W3C traceparent, the request that began it all, its direct cause."""

    traceparent: str
    correlation_id: str
    causation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A fact about one aggregate. `sequence` counts the aggregate's events from 1 without gaps;
    `subject` is the serial number (or the id of a directory entry); `division` its division code,
    which ends the routing key so that anyone can subscribe to a place. `hash`, `previous_hash` and
    `salt` link the events of an aggregate, see shared.history.
    """

    id: str
    name: str
    version: int
    source: str
    subject: str
    time: datetime
    sequence: int
    division: str
    data: Mapping[str, Any]
    trace: Trace = field(default_factory=lambda: Trace(new_traceparent(), new_id()))
    hash: str = ""
    previous_hash: str = ""
    salt: str = ""

    @property
    def type(self) -> str:
        return f"{TYPE_PREFIX}{self.name}.v{self.version}"

    @property
    def routing_key(self) -> str:
        return routing_key(self.name, self.division)

    def to_document(self) -> dict[str, Any]:
        """The CloudEvent as a JSON-ready dict; also the form kept in an outbox."""
        document: dict[str, Any] = {
            "specversion": "1.0",
            "id": self.id,
            "type": self.type,
            "source": self.source,
            "subject": self.subject,
            "time": self.time.astimezone(UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "sequence": str(self.sequence),
            "division": self.division,
            "traceparent": self.trace.traceparent,
            "correlationid": self.trace.correlation_id,
            "hash": self.hash,
            "previoushash": self.previous_hash,
            "data": dict(self.data),
        }
        if self.trace.causation_id:
            document["causationid"] = self.trace.causation_id
        if self.salt:
            document["salt"] = self.salt
        return document

    def to_json(self) -> bytes:
        return orjson.dumps(self.to_document())


def from_document(document: Mapping[str, Any]) -> Event:
    """Read an envelope, ignoring attributes it does not know; raise Permanent if it is none."""
    try:
        prefix, _, version = document["type"].rpartition(".v")
        if not prefix.startswith(TYPE_PREFIX):
            raise Permanent("unreadable_event: foreign type")
        return Event(
            id=str(document["id"]),
            name=prefix.removeprefix(TYPE_PREFIX),
            version=int(version),
            source=str(document["source"]),
            subject=str(document["subject"]),
            time=datetime.fromisoformat(document["time"]),
            sequence=int(document["sequence"]),
            division=str(document.get("division", "")),
            data=dict(document["data"]),
            trace=Trace(
                str(document.get("traceparent") or new_traceparent()),
                str(document.get("correlationid") or document["id"]),
                document.get("causationid"),
            ),
            hash=str(document.get("hash", "")),
            previous_hash=str(document.get("previoushash", "")),
            salt=str(document.get("salt", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Permanent(f"unreadable_event: {type(error).__name__}") from error


def from_json(body: bytes) -> Event:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Permanent("unreadable_event: not JSON") from error
    if not isinstance(document, dict):
        raise Permanent("unreadable_event: not an object")
    return from_document(document)


def routing_key(name: str, division: str) -> str:
    """`case.mediator_assigned.37.01.02` for division 370102…; unknown parts are `00`."""
    code = division.ljust(6, "0")
    return f"{name}.{code[0:2]}.{code[2:4]}.{code[4:6]}"


def new_id() -> str:
    """A UUIDv7-like id: sortable by time, 74 random bits."""
    value = (int(time.time() * 1000) << 80) | (0x7 << 76) | secrets.randbits(76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_traceparent() -> str:
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
