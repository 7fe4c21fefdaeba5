"""Which messages staff look for: filters, and pages from the newest to the oldest.

Every question is read from an index that is named (`index_of`), in the order of the page. What an index cannot narrow (an event,
a channel) is looked for among the newest, for SECONDS_MOST at most: a question that finds too little in
that time is refused rather than answered in part (`search_too_wide`).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.notify.people.entitlements import AUDIENCES, ENTITLEMENTS
from services.notify.people.preferences import CHANNELS
from services.notify.people.statuses import STATUSES, TROUBLED
from shared.asking import typed_serial_number
from shared.contracts.faults import fault
from shared.contracts.fields import Choice, Count, Moment, Str
from shared.contracts.schema import Body
from shared.errors import Refused
from shared.store import Document

SECONDS_MOST: Final = 2.0
PAGE, LARGEST_PAGE = 100, 100

_UNKNOWN_PAGE: Final = Refused("validation_failed", errors=[fault("unknown_value").at("/before")])


class MessageList(Body):
    """Filters, combined; `before` is `next` of the page before."""

    serial = Str("流水号", 64)
    status = Choice("状态", STATUSES)
    channel = Choice("渠道", CHANNELS)
    party = Choice("接收人", AUDIENCES)
    event = Choice("事项", tuple(ENTITLEMENTS))
    since = Moment("起始时间")
    until = Moment("截止时间")
    before = Str("上页末项", 128)
    size = Count("每页条数", least=1, most=LARGEST_PAGE)


def query_of(stated: Mapping[str, Any]) -> Document:
    """The filters as a query; Refused: serial_checksum, validation_failed for what is no page."""
    names = {"status": "status", "channel": "channel", "party": "party", "event": "event_name"}
    query: Document = {field: stated[name] for name, field in names.items() if stated.get(name)}
    if stated.get("serial"):
        query["serial_number"] = typed_serial_number(stated["serial"])
    moments = {
        word: datetime.fromisoformat(stated[name])
        for name, word in (("since", "$gte"), ("until", "$lt"))
        if stated.get(name)
    }
    conditions: list[Document] = [{"created_at": moments}] if moments else []
    if stated.get("before"):
        at, key = place_of(stated["before"])
        # The first bound is what the index is entered by; the second tells apart those of a moment.
        conditions += [
            {"created_at": {"$lte": at}},
            {"$or": [{"created_at": {"$lt": at}}, {"_id": {"$lt": key}}]},
        ]
    return {**query, "$and": conditions} if conditions else query


def index_of(query: Mapping[str, Any]) -> str:
    """The index that answers a question: a page costs what it shows, or the messages of one case."""
    if "serial_number" in query:
        return "serial_number"
    return "troubled" if query.get("status") in TROUBLED else "newest"


def cursor_of(document: Mapping[str, Any]) -> str:
    """Where a page ended: `before` of the next one."""
    at: datetime = document["created_at"]
    return base64.urlsafe_b64encode(f"{at.isoformat()} {document['_id']}".encode()).decode()


def place_of(cursor: str) -> tuple[datetime, str]:
    """Where the page before ended; Refused("validation_failed") for what is no cursor."""
    try:
        moment, key = base64.urlsafe_b64decode(cursor).decode().split(" ")
        at = datetime.fromisoformat(moment)
    except (ValueError, binascii.Error):
        raise _UNKNOWN_PAGE from None
    if at.tzinfo is None:
        raise _UNKNOWN_PAGE
    return at, key
