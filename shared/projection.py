"""Writes of read models, many at a time: idempotent, in any order, as few operations as will do.

What a batch sets on one document becomes one write, and documents that do not exist yet are
inserted together: that costs a third of as many upserts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from shared.decision import Latest, Upsert, Write
from shared.store import DUPLICATE_KEY

if TYPE_CHECKING:
    from pymongo.collection import Collection

Document = dict[str, Any]


def write_all(collection: Collection[Document], writes: Iterable[Write]) -> None:
    """Durable when it returns. Doing it again, or in another order, gives the same documents.

    A collection is written either field by field (Upsert) or whole (Latest), not both.
    """
    one_each = _merged(writes)
    inserted = _insert(collection, _fresh(collection, one_each))
    operations = [_operation(w) for w in one_each if w.id not in inserted or _whole(w) is None]
    if operations:
        collection.bulk_write(operations, ordered=False)


def _merged(writes: Iterable[Write]) -> list[Write]:
    """Sets on the same document as one, of whole documents the latest; the rest as it is."""
    fields: dict[str, Upsert] = {}
    whole: dict[str, Latest] = {}
    others: list[Write] = []
    for write in writes:
        if isinstance(write, Latest):
            newest = whole.get(write.id)
            if newest is None or newest.sequence < write.sequence:
                whole[write.id] = write
        elif write.create and not (write.unset or write.pull):
            known = fields.get(write.id)
            fields[write.id] = write if known is None else _together(known, write)
        else:
            others.append(write)
    return [*fields.values(), *whole.values(), *others]


def _together(first: Upsert, second: Upsert) -> Upsert:
    return Upsert(
        first.id,
        {**first.set, **second.set},
        max=_extremes(first.max, second.max, max),
        min=_extremes(first.min, second.min, min),
    )


def _extremes(
    first: Mapping[str, Any], second: Mapping[str, Any], choose: Callable[..., Any]
) -> Document:
    shared = first.keys() & second.keys()
    chosen = {path: choose(first[path], second[path], key=_rank) for path in shared}
    return {**first, **second, **chosen}


def _rank(value: Any) -> Any:
    """What the server compares two values by: of a document its first field."""
    return next(iter(value.values())) if isinstance(value, Mapping) else value


def _fresh(collection: Collection[Document], writes: Sequence[Write]) -> list[Document]:
    """The documents that do not exist yet and that one insert makes."""
    made = {write.id: document for write in writes if (document := _whole(write)) is not None}
    if not made:
        return []
    known = {d["_id"] for d in collection.find({"_id": {"$in": list(made)}}, {"_id": 1})}
    return [document for key, document in made.items() if key not in known]


def _whole(write: Write) -> Document | None:
    """The document this write alone would make, if it may make one."""
    if isinstance(write, Latest):
        return {**write.document, "_id": write.id, "sequence": write.sequence}
    if write.create and not (write.unset or write.pull):
        return {"_id": write.id, **nested({**write.set, **write.max, **write.min})}
    return None


def _insert(collection: Collection[Document], documents: Sequence[Document]) -> set[str]:
    """Insert the documents; the ids of those inserted, the others exist by now."""
    if not documents:
        return set()
    ids = {document["_id"] for document in documents}
    try:
        collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        faults = error.details["writeErrors"]
        if error.details.get("writeConcernErrors") or any(
            fault["code"] != DUPLICATE_KEY for fault in faults
        ):
            raise
        ids -= {documents[fault["index"]]["_id"] for fault in faults}
    return ids


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
        chosen = {"$cond": [newer, {"$literal": _whole(write)}, "$$ROOT"]}
        # only `_id` in the filter: the server then repeats an upsert that lost a race by itself
        return UpdateOne({"_id": write.id}, [{"$replaceWith": chosen}], upsert=True)
    update: Document = {}
    if write.set:
        update["$set"] = dict(write.set)
    if write.max:
        update["$max"] = dict(write.max)
    if write.min:
        update["$min"] = dict(write.min)
    if write.unset:
        update["$unset"] = dict.fromkeys(write.unset, "")
    if write.pull:
        update["$pull"] = dict(write.pull)
    return UpdateOne({"_id": write.id}, update, upsert=write.create)
