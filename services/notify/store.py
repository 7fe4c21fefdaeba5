"""Recipients and messages in MongoDB; the message document is described in `messages`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.notify.channels.development import DevelopmentOutbox
from services.notify.people.messages import present
from services.notify.people.sending import INDEXES
from shared.access import Query
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

PAGE_SIZE = 100


class Messages:
    """The collection `messages` as staff look at it."""

    def __init__(self, database: Database[Document], outbox: DevelopmentOutbox | None) -> None:
        self.collection = database["messages"]
        self._outbox = outbox

    def ensure_indexes(self) -> None:
        self.collection.create_indexes(list(INDEXES))

    def listed(self, serial_number: str | None, within: Query) -> list[dict[str, Any]]:
        """The newest first of those `within` finds; in development with the words that would have
        been sent."""
        wanted = {**within, **({"serial_number": serial_number} if serial_number else {})}
        with backend_errors():
            found = list(self.collection.find(wanted).sort("created_at", -1).limit(PAGE_SIZE))
        shown = [present(document) for document in found]
        if self._outbox is not None:
            texts = self._outbox.texts([document["_id"] for document in found])
            for each in shown:
                each["development_text"] = texts.get(each["message_id"], {}).get("text")
        return shown
