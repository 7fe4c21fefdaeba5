"""How long documents are kept: an index of MongoDB forgets them, and follows the setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pymongo.collection import Collection

NAME: Final = "kept"


def keep_for(collection: Collection[dict[str, Any]], field: str, days: float) -> None:
    """Forget documents so many days after the moment in `field`. Another length of time takes the
    place of the one before: creating the same index with other options would be refused."""
    seconds = int(days * 86_400)
    there = collection.index_information().get(NAME, {})
    if there.get("expireAfterSeconds", seconds) != seconds:
        collection.drop_index(NAME)
    collection.create_index(field, name=NAME, expireAfterSeconds=seconds)
