"""How many of the messages a provider accepted were not delivered in time, as its receipts tell.

Looked at are those accepted between a quarter of an hour and four minutes ago: by then a phone that is
on has its message. One that was refused for good speaks against its number, not against the provider.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from pymongo import ASCENDING, DESCENDING, IndexModel

from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

IN_TIME: Final = timedelta(minutes=4)
SINCE: Final = timedelta(minutes=15)
MOST: Final = 500
"""The newest are enough for a share."""


class Lateness:
    """Asks the messages of one database; `providers` are those that send receipts."""

    def __init__(
        self,
        database: Database[Document],
        providers: Collection[str],
        clock: Callable[[], datetime],
    ) -> None:
        self._messages = database["messages"]
        self._providers = providers
        self._clock = clock

    def ensure_indexes(self) -> None:
        self._messages.create_indexes(
            [
                IndexModel(
                    [("provider", ASCENDING), ("sent_at", DESCENDING)],
                    name="lateness",
                    partialFilterExpression={"provider": {"$gt": ""}},
                )
            ]
        )

    def shares(self) -> Mapping[str, tuple[int, int]]:
        """Provider → (how many were late, of how many). BackendAway when the database is away."""
        return {name: self._share(name) for name in self._providers}

    def _share(self, provider: str) -> tuple[int, int]:
        now = self._clock()
        window = {"$gte": now - SINCE, "$lt": now - IN_TIME}
        fields = {"_id": False, "status": True, "sent_at": True, "settled_at": True}
        with backend_errors():
            found = self._messages.find({"provider": provider, "sent_at": window}, fields)
            messages = list(found.sort("sent_at", DESCENDING).limit(MOST))
        return sum(map(_is_late, messages)), len(messages)


def _is_late(message: Mapping[str, datetime | str | None]) -> bool:
    sent_at, settled_at = message["sent_at"], message.get("settled_at")
    if message["status"] == "delivered":
        return (
            isinstance(sent_at, datetime)
            and isinstance(settled_at, datetime)
            and settled_at - sent_at > IN_TIME
        )
    return message["status"] in {"accepted", "temporary_failure"}
