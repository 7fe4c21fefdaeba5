"""Passes over the served read models and their shadows, side by side in the order of `_id`.

Both change meanwhile: what looks different is read again, the served document first, since a worker
writes the shadow first. Reads no more than a batch of either at a time.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from bson import decode
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from services.query.rebuild import carrying
from services.query.rebuild.bars import bar
from services.query.rebuild.comparing import differences, gaps, paired
from services.query.rebuild.opening import SHADOWS
from shared.projection import write_all
from shared.store import backend_errors

if TYPE_CHECKING:
    from pymongo.collection import Collection
    from pymongo.database import Database

Document = dict[str, Any]

SHOWN: Final = 100
"""Differences that are printed; all are counted."""

LOOKS: Final = 4
LOOK_SECONDS: Final = 0.5
"""How often, and how long apart, a document is read again before it counts as different."""

_AT_ONCE = 500
_RAW: Final = CodecOptions(document_class=RawBSONDocument)

KNOWN: Final[Mapping[str, Sequence[Document]]] = {
    "progress": [
        {"$sort": {"_id": 1}},
        {
            "$project": {
                "known": {
                    "$map": {"input": {"$objectToArray": {"$ifNull": ["$history", {}]}},
                             "in": "$$this.k"}
                }
            }
        },
    ],
    "organisations": [
        {"$sort": {"_id": 1}},
        {"$project": {"known": ["$sequence"]}},
    ],
}  # fmt: skip
"""What tells how far a document goes: the keys of its events, or the last one's sequence."""


@dataclass
class Found:
    """What a pass found: {key of a document: what is the matter}, the first of them."""

    documents: int = 0
    count: int = 0
    first: list[str] = field(default_factory=list)
    gap_count: int = 0
    gaps: list[str] = field(default_factory=list)

    def note(self, key: str, matters: Iterable[str]) -> None:
        self.count += 1
        for matter in matters:
            if len(self.first) < SHOWN:
                self.first.append(f"{key}: {matter}")

    def note_gaps(self, key: str, missing: Iterable[str]) -> None:
        for each in missing:
            self.gap_count += 1
            if len(self.gaps) < SHOWN:
                self.gaps.append(f"{key}: {each}")


def carry_over(database: Database[Document], collection: str, opened_at: datetime) -> Found:
    """Write to the shadow what only the served model knows; found is what was told before the
    rebuild was opened and nobody told again."""
    served, shadow = database[collection], database[SHADOWS[collection]]
    pipeline = list(KNOWN[collection])
    found = Found()

    def behind() -> Iterator[str]:
        pairs = paired(served.aggregate(pipeline), shadow.aggregate(pipeline))
        total = shadow.estimated_document_count()
        for key, one, other in bar(f"{collection}: last look", "documents", pairs, total):
            found.documents += 1
            if collection == "progress" and other is not None:
                found.note_gaps(key, gaps(other["known"]))
            if one is not None and (other is None or is_ahead(one["known"], other["known"])):
                yield key

    with backend_errors():
        keys = behind()
        while portion := list(islice(keys, _AT_ONCE)):
            ours, theirs = _read(served, portion), _read(shadow, portion)
            carried = [carrying.of(collection, d, theirs.get(k, {})) for k, d in ours.items()]
            write_all(shadow, carried)
            for key, document in ours.items():
                if untold := list(_untold(document, theirs.get(key), opened_at)):
                    found.note(key, untold)
    return found


def is_ahead(served: Sequence[Any], told: Sequence[Any]) -> bool:
    """Whether the served document knows an event that the other does not."""
    if served and isinstance(served[0], int):
        return bool(served[0] > told[0])
    return not set(served) <= set(told)


def _untold(served: Document, told: Document | None, opened_at: datetime) -> Iterator[str]:
    """Events, by key, that had happened before the rebuild and were not told again."""
    if "history" not in served:
        if told is None or told.get("sequence", 0) < served.get("sequence", 0):
            yield "the entry"
        return
    known = (told or {}).get("history", {})
    before = opened_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    for key, link in sorted(served["history"].items()):
        if key not in known and link["time"] < before:
            yield key


def compare(database: Database[Document], collection: str) -> Found:
    """Every difference between the served read model and its shadow."""
    served, shadow = database[collection], database[SHADOWS[collection]]
    found = Found()
    with backend_errors():
        differing: list[str] = []
        pairs = paired(_raw(served), _raw(shadow))
        total = shadow.estimated_document_count()
        for key, one, other in bar(f"{collection} compared", "documents", pairs, total):
            found.documents += 1
            if collection == "progress" and other is not None:
                found.note_gaps(key, gaps(other.get("history", ())))
            if not _is_same(one, other):
                differing.append(key)
        keys = iter(differing)
        while portion := list(islice(keys, _AT_ONCE)):
            _tell_apart(served, shadow, portion, found)
    return found


def _raw(collection: Collection[Document]) -> Iterator[RawBSONDocument]:
    """All documents in order, not yet decoded."""
    undecoded = collection.with_options(codec_options=_RAW)
    return iter(undecoded.find().sort("_id", 1))


def _is_same(one: Any, other: Any) -> bool:
    """Mostly they are the same bytes; fields may also stand in another order."""
    if one is None or other is None:
        return False
    return bool(one.raw == other.raw or decode(one.raw) == decode(other.raw))


def _tell_apart(
    served: Collection[Document], shadow: Collection[Document], keys: Sequence[str], found: Found
) -> None:
    ours, theirs = _read(served, keys), _read(shadow, keys)
    for _ in range(LOOKS - 1):
        keys = [key for key in keys if ours.get(key) != theirs.get(key)]
        if not keys:
            return
        time.sleep(LOOK_SECONDS)
        ours, theirs = _read(served, keys), _read(shadow, keys)
    for key in [key for key in keys if ours.get(key) != theirs.get(key)]:
        one, other = ours.get(key), theirs.get(key)
        if one is None:
            found.note(key, ["missing in the read model"])
        elif other is None:
            found.note(key, ["told by nobody"])
        else:
            found.note(key, (f"{path} is {what}" for path, what in differences(one, other)))


def _read(collection: Collection[Document], keys: Sequence[str]) -> dict[str, Document]:
    return {d["_id"]: d for d in collection.find({"_id": {"$in": list(keys)}})}
