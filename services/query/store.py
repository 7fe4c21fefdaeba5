"""The read models in MongoDB: `progress` (with the history and the facts of each case),
`organisations`, and what `policies` keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from pymongo import IndexModel
from pymongo.errors import ExecutionTimeout, OperationFailure

from services.query.progress.paging import Place
from shared.batching import Batcher
from shared.errors import BackendAway
from shared.store import QUERY_PLAN_KILLED, Document, backend_errors

if TYPE_CHECKING:
    from pymongo.collection import Collection
    from pymongo.database import Database

ORGANISATIONS_LIMIT = 100
AGGREGATION_MILLISECONDS = 5000
_ROWS_AT_ONCE = 10_000
_NO_SUCH_INDEX = 2
"""BadValue: what the server says of a hint to an index that is not there."""

STATISTICS_INDEX = (
    "facts.place", "facts.received_day", "facts.month", "facts.category", "facts.flags",
    "facts.organisation.id", "facts.standing.status", "facts.result.outcome",
    "facts.organisation_day", "facts.mediator_day", "facts.consent_day", "facts.accepted_day",
    "facts.session_day", "facts.ended_day", "facts.closed_day",
)  # fmt: skip
"""All that statistics read, so that they read the index alone."""

_FORMER_INDEXES = {
    "statistics",  # of fewer facts, before 0021
    "holder_hashes_1_received_at_-1",  # without the order of a page, before 0018
    "respondent_hashes_1_received_at_-1",
}

_SHOWN = {"history": 0, "facts": 0}
"""What progress is made from: not the chain, which is the larger part of a document."""


Answer = TypeVar("Answer")


class TooWide(Exception):
    """More was asked for than can be counted while somebody waits."""


def index_progress(progress: Collection[Document]) -> None:
    facts = IndexModel([(name, 1) for name in STATISTICS_INDEX], name="facts")
    holders = IndexModel([("holder_hashes", 1), ("received_at", -1), ("_id", -1)])
    respondents = IndexModel([("respondent_hashes", 1), ("received_at", -1), ("_id", -1)])
    progress.create_indexes([holders, respondents, facts])


def index_organisations(organisations: Collection[Document]) -> None:
    organisations.create_index([("divisions", 1), ("_id", 1)])


def read_again(read: Callable[[], Answer]) -> Answer:
    """What `read` gives; asked once more if meanwhile a rebuilt collection took the place of its own."""
    try:
        return read()
    except OperationFailure as error:
        if error.code != QUERY_PLAN_KILLED:
            raise
        return read()


class ReadModels:
    """Reads of the projections; lookups that wait at the same moment share one query."""

    def __init__(self, database: Database[Document]) -> None:
        self._progress = database["progress"]
        self._organisations = database["organisations"]
        self._lookups: Batcher[str, Document | None] = Batcher(self._find_many)

    def ensure_indexes(self) -> None:
        for former in _FORMER_INDEXES & self._progress.index_information().keys():
            self._progress.drop_index(former)
        index_progress(self._progress)
        index_organisations(self._organisations)

    def progress(self, serial_number: str) -> Document | None:
        return self._lookups.submit(serial_number)

    def of_party(self, identity_hash: str, after: Place | None, limit: int) -> list[Document]:
        """A person's own cases, newest first, behind a place; those against it once its consent was
        sought."""
        told = {"respondent_hashes": identity_hash, "consent_sought_at": {"$exists": True}}
        wanted: Document = {"$or": [{"holder_hashes": identity_hash}, told]}
        if after is not None:
            earlier = {"received_at": {"$lt": after.received_at}}
            beside = {"received_at": after.received_at, "_id": {"$lt": after.number}}
            behind = {"$or": [earlier, beside], "received_at": {"$lte": after.received_at}}
            wanted = {"$and": [wanted, behind]}
        with backend_errors():
            newest_first = [("received_at", -1), ("_id", -1)]
            found = self._progress.find(wanted, _SHOWN, sort=newest_first, limit=limit)
            return read_again(lambda: list(found.clone()))

    def history(self, serial_number: str) -> Document:
        """The links of a known case's chains, by key."""
        with backend_errors():
            found = self._progress.find_one({"_id": serial_number}, {"history": 1})
        return dict((found or {}).get("history") or {})

    def counted(self, pipeline: Sequence[Document]) -> Iterator[Document]:
        """What an aggregation over the facts gives; TooWide if that takes more than 5 seconds."""
        with backend_errors():
            try:
                yield from self._progress.aggregate(
                    list(pipeline),
                    hint="facts",
                    maxTimeMS=AGGREGATION_MILLISECONDS,
                    batchSize=_ROWS_AT_ONCE,
                )
            except ExecutionTimeout as error:
                raise TooWide from error
            except OperationFailure as error:
                if error.code == _NO_SUCH_INDEX:  # dropped, and not rebuilt yet
                    raise BackendAway("mongodb: the facts have no index") from error
                raise

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
            documents = read_again(lambda: list(self._progress.find(wanted, _SHOWN)))
            found = {document["_id"]: document for document in documents}
        return [found.get(key) for key in keys]
