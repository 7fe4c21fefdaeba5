"""Every index of the collection of messages, and what asks for it."""

from __future__ import annotations

from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.notify.people.statuses import TROUBLED

INDEXES: Final = [
    IndexModel(  # a sender's next messages
        [("channel", ASCENDING), ("next_attempt_at", ASCENDING)],
        name="due",
        partialFilterExpression={"status": "planned"},
    ),
    IndexModel(  # the sweep of senders that died
        [("lease_until", ASCENDING)],
        name="leases",
        partialFilterExpression={"status": "sending"},
    ),
    IndexModel(  # the sweep of those that decide on the next one
        [("follow_at", ASCENDING)],
        name="follow_at",
        partialFilterExpression={"follow_at": {"$exists": True}},
    ),
    IndexModel(  # receipts
        [("provider_reference", ASCENDING), ("provider", ASCENDING)],
        name="provider_reference",
        partialFilterExpression={"provider_reference": {"$gt": ""}},
    ),
    # what staff and parties look for
    IndexModel([("serial_number", ASCENDING), ("created_at", ASCENDING)], name="serial_number"),
    IndexModel([("created_at", DESCENDING), ("_id", DESCENDING)], name="newest"),
    IndexModel(
        [("status", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
        name="troubled",
        partialFilterExpression={"status": {"$in": list(TROUBLED)}},
    ),
    IndexModel(
        [("resend_of", ASCENDING)],
        name="resend_of",
        partialFilterExpression={"resend_of": {"$exists": True}},
    ),
]
