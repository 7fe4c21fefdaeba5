"""Writes of read models, many at a time: idempotent, in any order, as few operations as will do.

What a batch sets on one document becomes one write, and documents that do not exist yet are
inserted together: that costs a third of as many upserts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from shared.decision import Latest, Upsert, Write
from shared.store import DUPLICATE_KEY

if TYPE_CHECKING:
    from pymongo.collection import Collection

Document = dict[str, Any]


def write_all(collection: Collection[Document], writes: Iterable[Write]) -> None:
    """Durable when it returns. Doing it again, or in another order, gives the same documents."""
    one_each = _merged(writes)
    fresh = _fresh(collection, one_each)
    taken = _insert(collection, fresh)
    operations = [_operation(w) for w in one_each if w not in fresh or w.id in taken]
    if operations:
        collection.bulk_write(operations, ordered=False)


def _merged(writes: Iterable[Write]) -> list[Write]:
    """Sets on the same document as one; everything else as it is."""
    sets: dict[str, Document] = {}
    others: list[Write] = []
    for write in writes:
        if _only_sets(write):
            sets.setdefault(write.id, {}).update(write.set)  # type: ignore[union-attr]
        else:
            others.append(write)
    return [*(Upsert(key, fields) for key, fields in sets.items()), *others]


def _only_sets(write: Write) -> bool:
    return isinstance(write, Upsert) and write.create and not (write.unset or write.pull)


def _fresh(collection: Collection[Document], writes: Sequence[Write]) -> list[Write]:
    """Those whose document does not exist yet."""
    sets = {write.id: write for write in writes if _only_sets(write)}
    if not sets:
        return []
    known = {d["_id"] for d in collection.find({"_id": {"$in": list(sets)}}, {"_id": 1})}
    return [write for key, write in sets.items() if key not in known]


def _insert(collection: Collection[Document], fresh: Sequence[Write]) -> set[str]:
    """Insert the documents; the ids which somebody else inserted in the meantime."""
    if not fresh:
        return set()
    documents = [{"_id": w.id, **nested(w.set)} for w in fresh]  # type: ignore[union-attr]
    try:
        collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        faults = error.details["writeErrors"]
        if error.details.get("writeConcernErrors") or any(
            fault["code"] != DUPLICATE_KEY for fault in faults
        ):
            raise
        return {documents[fault["index"]]["_id"] for fault in faults}
    return set()


def nested(fields: Mapping[str, Any]) -> Document:
    """`{"a.b": 1, "a.c": 2}` as the document that setting those paths would make."""
    document: Document = {}
    for path, value in fields.items():
        *parents, last = path.split(".")
        inner = document
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = value
    return document


def _operation(write: Write) -> UpdateOne:
    if isinstance(write, Latest):
        newer = {"$lt": [{"$ifNull": ["$sequence", 0]}, write.sequence]}
        document = {**write.document, "_id": write.id, "sequence": write.sequence}
        chosen = {"$cond": [newer, {"$literal": document}, "$$ROOT"]}
        # only `_id` in the filter: the server then repeats an upsert that lost a race by itself
        return UpdateOne({"_id": write.id}, [{"$replaceWith": chosen}], upsert=True)
    update: Document = {}
    if write.set:
        update["$set"] = dict(write.set)
    if write.unset:
        update["$unset"] = dict.fromkeys(write.unset, "")
    if write.pull:
        update["$pull"] = dict(write.pull)
    return UpdateOne({"_id": write.id}, update, upsert=write.create)
