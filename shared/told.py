"""What a service has told, kept by it so that it can be told again: each event once, as published.

    {_id: <subject>-<sequence, six digits>, event: the CloudEvent, JSON text}

in `<collection>_told` beside the aggregates of `<collection>`: stored in the order of `_id`, so that
telling all of it again reads on and on, the events of an aggregate one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from shared.store import Document, insert_records

if TYPE_CHECKING:
    from pymongo.collection import Collection
    from pymongo.database import Database


def told_name(collection: str) -> str:
    return f"{collection}_told"


def ensure_told(database: Database[Document], collections: Iterable[str]) -> None:
    """Make what is not there yet; without it all works too, only slower when there is much."""
    there = set(database.list_collection_names())
    for name in map(told_name, collections):
        if name not in there:
            clustered = {"key": {"_id": 1}, "unique": True}
            database.create_collection(name, clusteredIndex=clustered)


def told_key(event: Mapping[str, Any]) -> str:
    return f"{event['subject']}-{int(event['sequence']):06d}"


def subject_of(kept: Mapping[str, Any]) -> str:
    """Whose event a kept one is."""
    return str(kept["_id"].rpartition("-")[0])


def keep_told(
    told: Collection[Document], published: Iterable[tuple[Mapping[str, Any], bytes]]
) -> None:
    """Durable when it returns; of events that are kept already nothing changes. Each with its
    body."""
    insert_records(
        told, ({"_id": told_key(event), "event": body.decode()} for event, body in published)
    )
