"""Applications in MongoDB: one document each, everything personal inside `sealed`.

{_id: serial number, status, open, received_at, division_code, division_name, category, cause,
 flags, claims, deadlines, language, …,
 sealed: the application as submitted and its query code, under the application keyring,
 query_code_hash, query_code_expires_at, holder_hashes, parties_key,
 idempotency: {key, body}, possible_duplicates,
 attachments: [{kind, content_type, size_bytes, state, file_id, sha256, refusal}],
 supplements: [{at, sealed}], withdrawn_at, withdrawal: {sealed}, case_sequence,
 sealed_with: the one key under which all of it is sealed, "" while there are several}
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pymongo.read_concern import ReadConcern

from shared.batching import Batcher
from shared.errors import Transient
from shared.relay import measure_outbox
from shared.store import Aggregates, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

Document = dict[str, Any]

DUPLICATES_SHOWN = 3
"""Open applications of the same parties and cause that a new one is told of."""

LINGER_SECONDS = 0.005
"""How long submissions wait for others while many arrive: about one flush of the journal."""

_FULLNESS_SECONDS = 1.0


class Applications(Aggregates):
    """The collection `applications`."""

    def __init__(self, database: Database[Document]) -> None:
        super().__init__(database["applications"])
        self._submissions: Batcher[Document, None] = Batcher(
            self._submit_many, linger=LINGER_SECONDS
        )

    def ensure_indexes(self) -> None:
        super().ensure_indexes()
        self.collection.create_index(
            "idempotency.key",
            name="idempotency",
            unique=True,
            partialFilterExpression={"idempotency.key": {"$exists": True}},
        )
        self.collection.create_index(
            [("parties_key", 1), ("received_at", -1)],
            name="duplicates",
            partialFilterExpression={"open": True},
        )
        self.collection.create_index("attachments.file_id", name="evidence", sparse=True)
        self.collection.create_index("sealed_with", name="sealed_with")

    def submit(self, document: Document) -> None:
        """Insert an application durably, with the likely duplicates found at that moment.

        Raises AlreadyExists("_id") for a serial number that is taken, AlreadyExists(
        "idempotency.key") for a key that was used, BackendAway when the database is away.
        """
        self._submissions.submit(document)

    def with_idempotency_key(self, key: str) -> Document | None:
        """The application of this key, once it is durable: it may be acknowledged again."""
        durable = self.collection.with_options(read_concern=ReadConcern("majority"))
        with backend_errors():
            return durable.find_one({"idempotency.key": key})

    def referring_to(self, file_ids: Sequence[str]) -> Collection[str]:
        """Those of the evidence files that some application refers to."""
        wanted = set(file_ids)
        with backend_errors():
            found = self.collection.find(
                {"attachments.file_id": {"$in": list(wanted)}}, {"attachments.file_id": 1}
            )
            return wanted & {a.get("file_id") for d in found for a in d["attachments"]}

    def _submit_many(self, documents: Sequence[Document]) -> Sequence[BaseException | None]:
        similar = self._open_by_parties({d["parties_key"] for d in documents})
        for document in documents:
            earlier = similar[document["parties_key"]]
            document["possible_duplicates"] = earlier[:DUPLICATES_SHOWN]
            similar[document["parties_key"]] = [_reference(document), *earlier]
        return self._insert_many(documents)

    def _open_by_parties(self, keys: Collection[str]) -> dict[str, list[Document]]:
        similar: dict[str, list[Document]] = defaultdict(list)
        with backend_errors():
            for found in (
                self.collection.find(
                    {"parties_key": {"$in": list(keys)}, "open": True},
                    {"parties_key": 1, "received_at": 1},
                )
                .sort("received_at", -1)
                .limit(DUPLICATES_SHOWN * len(keys))
            ):
                similar[found["parties_key"]].append(_reference(found))
        return similar


def _reference(document: Mapping[str, Any]) -> Document:
    return {"serial_number": document["_id"], "received_at": document["received_at"]}


class Capacity:
    """Whether more may be accepted: the outbox is bounded, so a broker that is away for long makes
    intake answer 503 instead of filling the disk. Asked at most once a second."""

    def __init__(self, applications: Applications, limit: int) -> None:
        self._applications = applications
        self._limit = limit
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._full = False

    def require(self) -> None:
        """Raise Transient("full") while the outbox is at its limit."""
        if time.monotonic() - self._asked_at > _FULLNESS_SECONDS and self._lock.acquire(False):
            try:
                self._asked_at = time.monotonic()
                with backend_errors():
                    depth = measure_outbox(self._applications.collection, self._limit)
                self._full = depth >= self._limit
            finally:
                self._lock.release()
        if self._full:
            raise Transient("outbox_full", slug="full", retry_after=30)
