"""One process at a time does something: a lease in the database, renewed while it is used.

Two holders for a moment are possible (a process that stood still): what is done under a lease must
bear being done twice.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo.errors import DuplicateKeyError, PyMongoError

if TYPE_CHECKING:
    from pymongo.database import Database


class Lease:
    """The lease `name` of a service's database, held for `length` at a time."""

    def __init__(self, database: Database[dict[str, Any]], name: str, length: timedelta) -> None:
        self._leases = database["leases"]
        self._name = name
        self._length = length
        self.holder = str(ObjectId())
        self._until = 0.0

    @property
    def was_held(self) -> bool:
        """Whether it was held when last looked at."""
        return self._until > 0

    def hold(self) -> bool:
        """Whether it is held now: taken if free, renewed at half time."""
        if time.monotonic() < self._until:
            return True
        now = datetime.now(UTC)
        asked = time.monotonic()
        free = [{"holder": self.holder}, {"until": {"$lt": now}}]
        try:
            self._leases.update_one(
                {"_id": self._name, "$or": free},
                {"$set": {"holder": self.holder, "until": now + self._length}},
                upsert=True,
            )
        except DuplicateKeyError:
            self._until = 0.0
            return False
        self._until = asked + self._length.total_seconds() / 2
        return True

    def give_up(self) -> None:
        """Free it at once, for whoever comes next."""
        self._until = 0.0
        try:
            self._leases.delete_one({"_id": self._name, "holder": self.holder})
        except PyMongoError:
            return  # it runs out by itself
