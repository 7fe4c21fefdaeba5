"""The read models in MongoDB: `progress` (with the history and the facts of each case),
`organisations`, and what `policies` keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pymongo.errors import ExecutionTimeout

from shared.batching import Batcher
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

MY_CASES_LIMIT = 100
ORGANISATIONS_LIMIT = 100
AGGREGATION_MILLISECONDS = 5000

STATISTICS_INDEX = (
    "facts.place", "facts.received_day", "facts.month", "facts.category", "facts.organisation.id",
    "facts.standing.status", "facts.result.outcome", "facts.mediator_day", "facts.accepted_day",
    "facts.ended_day",
)  # fmt: skip
"""All that statistics read, so that they read the index alone."""

_SHOWN = {"history": 0, "facts": 0}
"""What progress is made from: not the chain, which is the larger part of a document."""


class TooWide(Exception):
    """More was asked for than can be counted while somebody waits."""


class ReadModels:
    """Reads of the projections; lookups that wait at the same moment share one query."""

    def __init__(self, database: Database[Document]) -> None:
        self._progress = database["progress"]
        self._organisations = database["organisations"]
        self._lookups: Batcher[str, Document | None] = Batcher(self._find_many)

    def ensure_indexes(self) -> None:
        self._progress.create_index([("holder_hashes", 1), ("received_at", -1)])
        self._progress.create_index([("respondent_hashes", 1), ("received_at", -1)])
        self._progress.create_index([(name, 1) for name in STATISTICS_INDEX], name="statistics")
        self._organisations.create_index([("divisions", 1), ("_id", 1)])

    def progress(self, serial_number: str) -> Document | None:
        return self._lookups.submit(serial_number)

    def of_party(self, identity_hash: str) -> list[Document]:
        """A person's own cases, newest first; those against it once its consent was sought."""
        told = {"respondent_hashes": identity_hash, "consent_sought_at": {"$exists": True}}
        wanted = {"$or": [{"holder_hashes": identity_hash}, told]}
        with backend_errors():
            return list(
                self._progress.find(wanted, _SHOWN).sort("received_at", -1).limit(MY_CASES_LIMIT)
            )

    def history(self, serial_number: str) -> Document:
        """The links of a known case's chains, by key."""
        with backend_errors():
            found = self._progress.find_one({"_id": serial_number}, {"history": 1})
        return dict((found or {}).get("history") or {})

    def counted(self, pipeline: Sequence[Document]) -> list[Document]:
        """What an aggregation over the facts gives; TooWide if that takes more than 5 seconds."""
        with backend_errors():
            try:
                found = self._progress.aggregate(
                    list(pipeline), hint="statistics", maxTimeMS=AGGREGATION_MILLISECONDS
                )
                return list(found)
            except ExecutionTimeout as error:
                raise TooWide from error

    def organisation_names(self, ids: Sequence[str]) -> dict[str, str]:
        with backend_errors():
            found = self._organisations.find({"_id": {"$in": list(ids)}}, {"name": 1})
            return {each["_id"]: each["name"] for each in found}

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
                return [self._progress.find_one({"_id": keys[0]}, _SHOWN)]
            wanted = {"_id": {"$in": list(set(keys))}}
            found = {d["_id"]: d for d in self._progress.find(wanted, _SHOWN)}
        return [found.get(key) for key in keys]
