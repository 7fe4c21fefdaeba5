"""The read models in MongoDB: `progress`, `organisations`, and what `policies` keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.batching import Batcher
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

MY_CASES_LIMIT = 100
ORGANISATIONS_LIMIT = 100


class ReadModels:
    """Reads of the projections; lookups that wait at the same moment share one query."""

    def __init__(self, database: Database[Document]) -> None:
        self._progress = database["progress"]
        self._organisations = database["organisations"]
        self._lookups: Batcher[str, Document | None] = Batcher(self._find_many)

    def ensure_indexes(self) -> None:
        self._progress.create_index([("holder_hashes", 1), ("received_at", -1)])
        self._organisations.create_index([("divisions", 1), ("_id", 1)])

    def progress(self, serial_number: str) -> Document | None:
        return self._lookups.submit(serial_number)

    def held_by(self, holder_hash: str) -> list[Document]:
        """A person's own cases, newest first."""
        with backend_errors():
            return list(
                self._progress.find({"holder_hashes": holder_hash})
                .sort("received_at", -1)
                .limit(MY_CASES_LIMIT)
            )

    def organisations(self, codes: Sequence[str]) -> list[Document]:
        """Active organisations that serve these divisions, those of the first code first."""
        found: dict[str, Document] = {}
        with backend_errors():
            for code in codes:
                wanted = {"divisions": code, "active": True}
                for each in self._organisations.find(wanted).sort("_id").limit(ORGANISATIONS_LIMIT):
                    found.setdefault(each["_id"], each)
        return list(found.values())[:ORGANISATIONS_LIMIT]

    def _find_many(self, keys: Sequence[str]) -> Sequence[Document | None]:
        with backend_errors():
            if len(keys) == 1:
                return [self._progress.find_one({"_id": keys[0]})]
            wanted = {"_id": {"$in": list(set(keys))}}
            found = {d["_id"]: d for d in self._progress.find(wanted)}
        return [found.get(key) for key in keys]
