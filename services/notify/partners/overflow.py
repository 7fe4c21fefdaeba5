"""What left partners' queues unread is counted for its owner, shown, and told at most once an hour.

A full queue, or one whose events have become too old, hands what it drops to `tiaojie.partner.dropped`;
this takes it from there. Counted before it is acknowledged: a crash in between counts some twice,
none never. That queue is bounded too, so after hours without any worker the count is a lower bound.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pika
import pika.exceptions
from prometheus_client import Counter
from pymongo.collection import Collection

from services.notify.partners.amqp import CREDENTIALS, TOLD_EVERY, Loss, lost, owner_of, told_if_due
from services.notify.partners.cursors import position_of
from shared.broker import parameters
from shared.commands import carry_out
from shared.contracts.envelope import Trace, new_id, new_traceparent
from shared.contracts.partner_events import DROPPED_QUEUE, PARTNER_SERVICE
from shared.errors import Refused, Transient
from shared.store import Aggregates, Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

DROPPED = Counter(
    "tiaojie_partner_events_dropped_total", "Events that left partners' own queues unread."
)

BATCH: Final = 1000
TURN_SECONDS: Final = 5.0
_QUIET_SECONDS: Final = 0.1

_UNREAD: Final = frozenset({"maxlen", "expired", "delivery_limit"})
"""Why an event may have left a queue; one that its reader rejected was read."""


class Overflow:
    """A task of the worker: `turn` counts what waits to be counted and tells what is due."""

    def __init__(self, database: Database[Document], amqp_url: str) -> None:
        self._collection: Collection[Document] = database[CREDENTIALS]
        self._credentials = Aggregates(self._collection)
        self._amqp_url = amqp_url

    def turn(self) -> int:
        """How many lost events were counted; over a short connection of its own. Raises Transient
        when broker or database is away: what is not acknowledged is counted by the next turn."""
        try:
            counted = self._count()
        except (pika.exceptions.AMQPError, OSError) as error:
            raise Transient(f"amqp: {type(error).__name__}") from error
        self._tell_due()
        return counted

    def _count(self) -> int:
        connection = pika.BlockingConnection(parameters(self._amqp_url))
        try:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=BATCH)
            counted, ends_at = 0, time.monotonic() + TURN_SECONDS
            while time.monotonic() < ends_at:
                batch = _taken(channel)
                if not batch:
                    break
                self._note(losses(properties for _, properties in batch))
                channel.basic_ack(batch[-1][0], multiple=True)
                counted += len(batch)
            return counted
        finally:
            if connection.is_open:
                connection.close()

    def _note(self, found: Mapping[str, Loss]) -> None:
        for credentials, loss in found.items():
            DROPPED.inc(loss.count)
            self._change(credentials, lambda state, at, loss=loss: lost(state, loss, at))

    def _tell_due(self) -> None:
        """What was lost within the hour after one was told, once that hour is over."""
        due = {"$or": [{"told_at": None}, {"told_at": {"$lt": datetime.now(UTC) - TOLD_EVERY}}]}
        with backend_errors():
            found = list(self._collection.find({"untold": {"$gt": 0}, **due}, {"_id": 1}))
        for document in found:
            self._change(document["_id"], told_if_due)

    def _change(self, credentials: str, decide: Any) -> None:
        trace = Trace(new_traceparent(), new_id())
        try:
            carry_out(self._credentials, credentials, decide, source=PARTNER_SERVICE, trace=trace)
        except Refused:
            return  # revoked meanwhile: nobody is left to be told


def _taken(channel: Any) -> list[tuple[int, Any]]:
    """Up to BATCH messages that are there now: tags and properties."""
    batch: list[tuple[int, Any]] = []
    for method, properties, _ in channel.consume(DROPPED_QUEUE, inactivity_timeout=_QUIET_SECONDS):
        if method is None:
            break
        batch.append((method.delivery_tag, properties))
        if len(batch) == BATCH:
            break
    return batch


def losses(dropped: Iterable[Any]) -> dict[str, Loss]:
    """By credentials, what these messages' properties tell of queues that dropped them."""
    found: dict[str, Loss] = {}
    for properties in dropped:
        headers = properties.headers or {}
        death: Mapping[str, Any] = next(iter(headers.get("x-death") or ()), {})
        owner = owner_of(str(death.get("queue", "")))
        if owner is None or death.get("reason") not in _UNREAD:
            continue
        at = _moment(death.get("time"))
        loss = Loss(1, at, at, position_of(str(headers.get("cursor", ""))))
        found[owner] = found[owner].with_(loss) if owner in found else loss
    return found


def _moment(stated: Any) -> datetime:
    """When the broker dropped it, by its clock, in whole seconds."""
    if not isinstance(stated, datetime):
        return datetime.now(UTC)
    return stated if stated.tzinfo else stated.replace(tzinfo=UTC)
