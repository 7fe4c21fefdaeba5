"""The credentials of partners' queues in MongoDB, and what their queues hold right now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import pika
import pika.exceptions
from pymongo import IndexModel

from services.notify.partners.amqp import CREDENTIALS, MOST_OF_A_CHANNEL, queue_name
from shared.broker import parameters
from shared.contracts.envelope import Trace
from shared.contracts.partner_events import PARTNER_SERVICE
from shared.decision import Decision
from shared.errors import Refused
from shared.store import Aggregates, Document, backend_errors, new_aggregate

if TYPE_CHECKING:
    from pymongo.database import Database

LISTED_MOST: Final = 200
INDEXES: Final = (
    IndexModel("unsettled", name="unsettled", sparse=True),
    IndexModel([("channel", 1), ("status", 1)], name="channel"),
)


class Credentials:
    """The collection `amqp_credentials`."""

    def __init__(self, database: Database[Document]) -> None:
        self.collection = database[CREDENTIALS]
        self.aggregates = Aggregates(self.collection)

    def ensure_indexes(self) -> None:
        self.aggregates.ensure_indexes()
        self.collection.create_indexes(list(INDEXES))

    def insert(self, key: str, state: Mapping[str, Any], *, at: datetime, trace: Trace) -> Document:
        """The document, stored; Refused("too_many_queues") when the channel has all it may have."""
        with backend_errors():
            held = self.collection.count_documents(
                {"channel": state["channel"], "status": {"$ne": "revoked"}}
            )
        if held >= MOST_OF_A_CHANNEL:
            raise Refused("too_many_queues")
        document = new_aggregate(
            key, Decision(set=state), source=PARTNER_SERVICE, division="", at=at, trace=trace
        )
        self.aggregates.insert(document)
        return document

    def read(self, key: str) -> Document | None:
        """Credentials that are in use."""
        found = self.aggregates.read(key)
        return found if found is not None and found["status"] == "active" else None

    def listed(self, channel: str | None) -> list[Document]:
        """Those of a channel, or all, newest first."""
        wanted = {"status": "active", **({} if channel is None else {"channel": channel})}
        with backend_errors():
            return list(self.collection.find(wanted).sort("created_at", -1).limit(LISTED_MOST))

    def unsettle_all(self) -> None:
        """The broker is to be made like the documents again: another release may bind more events,
        or the broker was set up anew."""
        with backend_errors():
            self.collection.update_many(
                {"status": "active"}, {"$set": {"unsettled": True}, "$inc": {"version": 1}}
            )


@dataclass(frozen=True, slots=True)
class Depth:
    """Events that wait in a queue (those in a reader's hand not counted) and its readers."""

    waiting: int
    consumers: int


def depths(amqp_url: str, credentials: Sequence[str]) -> Mapping[str, Depth]:
    """By credentials; without those whose queue cannot be asked, or none if the broker cannot."""
    found: dict[str, Depth] = {}
    try:
        connection = pika.BlockingConnection(parameters(amqp_url))
    except (pika.exceptions.AMQPError, OSError):
        return found
    try:
        channel = connection.channel()
        for key in credentials:
            try:
                declared = channel.queue_declare(queue_name(key), passive=True).method
            except pika.exceptions.ChannelClosedByBroker:  # there is none: it is being made
                channel = connection.channel()
            else:
                found[key] = Depth(declared.message_count, declared.consumer_count)
    except (pika.exceptions.AMQPError, OSError):
        return found
    finally:
        if connection.is_open:
            connection.close()
    return found
