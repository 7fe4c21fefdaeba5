"""Every event of the log goes to `tiaojie.partner`, in order, at least once; mostly exactly once.

One process at a time publishes (a lease); the position it has come to is written after the
broker's confirms, so that a crash in between repeats a batch and loses nothing: receivers know a
repetition by its `message_id`. No partner's queue ever refuses (each lets its oldest go when it is
full), so none can hold the others up.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from bson import ObjectId
from pymongo.errors import PyMongoError

from services.notify.partners.cursors import cursor_of
from services.notify.partners.log import Entry, EventLog
from shared import metrics
from shared.backoff import pause
from shared.broker import Broker, Outcome, Outgoing
from shared.contracts.envelope import routing_key
from shared.contracts.partner_events import PARTNER_EXCHANGE
from shared.log import logger
from shared.store import backend_errors, insert_records

if TYPE_CHECKING:
    from pymongo.database import Database

Document = dict[str, Any]

LEASE_SECONDS: Final = 4.0
BATCH: Final = 500
TURN_SECONDS: Final = 2.0
"""A turn ends after so long even if there is more: whoever calls may want to stop."""

_PUBLISH_SECONDS: Final = 10.0
_NAME: Final = "partner_exchange"


class PartnerExchange:
    """The publishing end of partners' queues: call `turn` again and again, `stop` at the end."""

    def __init__(self, database: Database[Document], log: EventLog, amqp_url: str) -> None:
        self._leases = database["leases"]
        self._positions = database["positions"]
        self._log = log
        self._broker = Broker(amqp_url)
        self._holder = str(ObjectId())
        self._lease_until = 0.0
        self._position: int | None = None
        self._failures = 0
        self._not_before = 0.0

    def turn(self) -> int:
        """Publish what is new, if this process leads; the number of events confirmed."""
        if self._broker.thread.ident is None:
            self._broker.start()
        ends_at = time.monotonic() + TURN_SECONDS
        published = 0
        while (now := time.monotonic()) < ends_at:
            if now < self._not_before or not self._broker.ready or not self._leads():
                break
            confirmed, whole = self._publish()
            published += confirmed
            if not whole:
                break
        return published

    def stop(self) -> None:
        """Give the lease back, so that another takes over at once, and close the connection."""
        with suppress(PyMongoError):  # it runs out by itself
            self._leases.update_one(
                {"_id": _NAME, "holder": self._holder}, {"$set": {"holder": None, "until": None}}
            )
        self._lease_until = 0.0
        if self._broker.thread.ident is not None:
            self._broker.stop()

    def _leads(self) -> bool:
        """Renewed at half time; two leaders for a moment would publish twice, never lose."""
        asked = time.monotonic()
        if asked < self._lease_until:
            return True
        until = {"$add": ["$$NOW", int(LEASE_SECONDS * 1000)]}
        free = [{"holder": {"$in": [self._holder, None]}}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]
        with backend_errors():
            if not self._lease_until:
                insert_records(self._leases, [{"_id": _NAME, "holder": None, "until": None}])
            mine = self._leases.update_one(
                {"_id": _NAME, "$or": free},
                [{"$set": {"holder": self._holder, "until": until}}],
            ).matched_count
        if not mine:
            self._lease_until = 0.0
            return False
        if not self._lease_until:
            logger().info("partner_exchange_leads")
        self._lease_until = asked + LEASE_SECONDS / 2
        self._position = None  # read again: in a gap somebody else may have come further
        return True

    def _publish(self) -> tuple[int, bool]:
        """One batch: how many were confirmed, and whether there may be more at once."""
        if self._position is None:
            self._position = self._kept_position()
        entries = self._log.after(self._position, BATCH)
        if not entries:
            return 0, False
        outcomes = self._broker.publish([_outgoing(entry) for entry in entries], _PUBLISH_SECONDS)
        confirmed = 0
        for entry, outcome in zip(entries, outcomes, strict=True):
            if outcome is not Outcome.CONFIRMED:
                break  # what was confirmed behind it goes out again: the order is kept
            self._position = entry.position
            confirmed += 1
        if confirmed:
            self._keep_position(self._position)
        metrics.PUBLISHED.labels("partner").inc(confirmed)
        self._rest_after(refused=len(entries) - confirmed)
        return confirmed, confirmed == len(entries) == BATCH

    def _rest_after(self, *, refused: int) -> None:
        if not refused:
            self._failures = 0
            return
        self._failures += 1
        self._not_before = time.monotonic() + pause(self._failures, first=0.5, longest=10)
        logger().warning("partner_exchange_refused", count=refused)

    def _kept_position(self) -> int:
        with backend_errors():
            kept = self._positions.find_one({"_id": _NAME})
        return int(kept["position"]) if kept else 0

    def _keep_position(self, position: int) -> None:
        """Never back: one who has lost the lease and does not know it changes nothing."""
        with backend_errors():
            self._positions.update_one(
                {"_id": _NAME}, {"$max": {"position": position}}, upsert=True
            )


def position_of_exchange(database: Database[Document]) -> int:
    """How far the log has been published for certain."""
    with backend_errors():
        kept = database["positions"].find_one({"_id": _NAME})
    return int(kept["position"]) if kept else 0


def _outgoing(entry: Entry) -> Outgoing:
    return Outgoing(
        id=entry.id,
        routing_key=routing_key(entry.name, entry.division),
        body=entry.body,
        exchange=PARTNER_EXCHANGE,
        mandatory=False,
        headers={"cursor": cursor_of(entry.position)},
    )
