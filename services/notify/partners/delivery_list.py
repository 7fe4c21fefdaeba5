"""Which deliveries a partner looks for: filters, and pages from the newest events to the oldest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pymongo import DESCENDING
from pymongo.errors import ExecutionTimeout

from services.notify.partners.deliveries import STATUSES, delivery_id
from shared.asking import typed_serial_number
from shared.contracts.fields import Choice, Code, Count, Str
from shared.contracts.schema import Body
from shared.errors import Refused
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.collection import Collection

EARLIER: Final = "below"
PAGE: Final = 50
_LARGEST_PAGE: Final = 200
_TESTS: Final = 10
_SECONDS_MOST: Final = 2.0


class DeliveryList(Body):
    """Filters, combined; `below` is `next` of the page before."""

    status = Choice("状态", STATUSES)
    event_id = Code("事件编号", "[0-9A-Za-z_-]{1,64}")
    serial = Str("流水号", 64)
    below = Code("上页末项", "[0-9]{1,15}")
    size = Count("每页条数", least=1, most=_LARGEST_PAGE)


def page_of(
    collection: Collection[Document], subscription: str, asked: Mapping[str, Any], most: int
) -> list[Document]:
    """Deliveries of events of the log, the newest first. Refused: serial_checksum, and
    search_too_wide for what is not found in two seconds."""
    position: Document = {"$gt": 0}
    if asked.get(EARLIER):
        position["$lt"] = int(asked[EARLIER])
    wanted: Document = {"subscription": subscription, "position": position}
    if asked.get("status"):
        wanted["status"] = asked["status"]
    if asked.get("event_id"):
        wanted["_id"] = delivery_id(subscription, asked["event_id"])
    if asked.get("serial"):
        wanted["subject"] = typed_serial_number(asked["serial"])
    with backend_errors():
        try:
            return _found(collection, wanted, most)
        except ExecutionTimeout:
            raise Refused("search_too_wide") from None


def tests_of(collection: Collection[Document], subscription: str) -> list[Document]:
    """The latest test events: they lie beside the log."""
    wanted = {"subscription": subscription, "position": None}
    with backend_errors():
        found = list(collection.find(wanted, hint="of_lane").limit(1000))
    return sorted(found, key=lambda d: d["created_at"], reverse=True)[:_TESTS]


def _found(collection: Collection[Document], wanted: Document, most: int) -> list[Document]:
    cursor = collection.find(wanted, max_time_ms=int(_SECONDS_MOST * 1000))
    if "_id" not in wanted:
        cursor = cursor.hint("of_lane")
    return list(cursor.sort("position", DESCENDING).limit(most))
