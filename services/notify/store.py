"""Messages in MongoDB as staff look at them; the document is described in `messages`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pymongo
from pymongo.errors import ExecutionTimeout

from services.notify.channels.development import DevelopmentOutbox
from services.notify.people.indexes import INDEXES
from services.notify.people.message_list import SECONDS_MOST, index_of
from services.notify.people.messages import present, present_whole
from shared.access import Query
from shared.errors import Refused
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database


class Messages:
    """The collection `messages`; in development with the words that would have been sent."""

    def __init__(self, database: Database[Document], outbox: DevelopmentOutbox | None) -> None:
        self.collection = database["messages"]
        self._outbox = outbox

    def ensure_indexes(self) -> None:
        self.collection.create_indexes(list(INDEXES))

    def found(self, query: Query, within: Query, most: int) -> list[Document]:
        """The newest first of those that both find; Refused("search_too_wide") if that takes long."""
        wanted = {"$and": [query, within]} if within else query
        newest = [("created_at", pymongo.DESCENDING), ("_id", pymongo.DESCENDING)]
        found = self.collection.find(wanted, {"body_sealed": False}).sort(newest).limit(most)
        found = found.hint(index_of(query)).max_time_ms(int(1000 * SECONDS_MOST))
        with backend_errors():
            try:
                return list(found)
            except ExecutionTimeout:
                raise Refused("search_too_wide") from None

    def one(self, identity: str) -> Document | None:
        with backend_errors():
            return self.collection.find_one({"_id": identity})

    def shown(self, documents: list[Document]) -> list[dict[str, Any]]:
        """These as a list shows them."""
        texts = self._texts([document["_id"] for document in documents])
        return [{**present(document), **texts.get(document["_id"], {})} for document in documents]

    def shown_whole(self, document: Mapping[str, Any]) -> dict[str, Any]:
        return {**present_whole(document), **self._texts([document["_id"]])[document["_id"]]}

    def _texts(self, ids: list[str]) -> dict[str, dict[str, Any]]:
        if self._outbox is None:
            return {identity: {} for identity in ids}
        kept = self._outbox.texts(ids)
        return {each: {"development_text": kept.get(each, {}).get("text")} for each in ids}
