"""The person's next address: used when the one before it fails, given up when it is not needed.

All messages of one event to one person are recorded together, `next` leading from each to the one
after it, the first `planned`, the others `standby`. Whatever decides on the next one writes
`follow_at` in the same write that ends the message; whoever comes by after that moment decides:

    failed, or uncertain and no receipt came    the next is planned
    delivered, or accepted and no receipt came  the next is cancelled, `not_needed`
    cancelled                                   the next is cancelled for the same reason

Only then `follow_at` is taken away. So a process may die between any two of these writes: the sweep
finds `follow_at` and does it again, and a second time changes nothing. A receipt that comes later than
all that sets `follow_at` anew: a failure plans what was not needed, a delivery cancels what was not
yet tried.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import Counter
from pymongo import ASCENDING, UpdateOne

from services.notify.people.messages import Document
from services.notify.people.outcomes import uses_next
from services.notify.people.quiet_hours import NO_QUIET_HOURS, QuietHours
from services.notify.people.statuses import OPEN
from shared.store import backend_errors

if TYPE_CHECKING:
    from pymongo.collection import Collection as MongoCollection

NOT_NEEDED: Final = "not_needed"

FALLBACKS = Counter(
    "tiaojie_fallbacks_total", "Messages tried over a person's next address.", ("channel",)
)

_PORTION: Final = 500
_READ: Final = ("status", "last_error", "next", "follow_at")
_READ_OF_NEXT: Final = ("channel", "urgent", "expires_at", "next")


class Followers:
    """Decides on the messages that wait for the one before them; any number may do so at once.

    `collection` must write durably. BackendAway when the database is away.
    """

    def __init__(
        self,
        collection: MongoCollection[Document],
        *,
        clock: Callable[[], datetime],
        quiet: QuietHours = NO_QUIET_HOURS,
    ) -> None:
        self._messages = collection
        self._clock = clock
        self._quiet = quiet

    def sweep(self) -> int:
        """Decide wherever it is time; how many messages decided on the next one."""
        decided = 0
        while found := self._due({}):
            self._decide(found)
            decided += len(found)
        return decided

    def follow(self, ids: Collection[str]) -> None:
        """Decide now on those after these messages, as far as their fate decides."""
        self._decide(self._due({"_id": {"$in": list(ids)}}))

    def _due(self, where: Document) -> list[Document]:
        query = {**where, "follow_at": {"$lte": self._clock()}}
        with backend_errors():
            found = self._messages.find(query, dict.fromkeys(_READ, True))
            return list(found.sort("follow_at", ASCENDING).limit(_PORTION))

    def _decide(self, decided: Sequence[Document]) -> None:
        followed = [
            document
            for document in decided
            if document.get("next") and document["status"] not in OPEN
        ]
        if followed:
            self._write(followed)
        if decided:
            self._take_away(decided)

    def _take_away(self, decided: Sequence[Document]) -> None:
        """The moment of these, unless something has decided anew meanwhile."""
        done = [
            UpdateOne({name: each[name] for name in ("_id", "status", "follow_at")}, _TAKEN_AWAY)
            for each in decided
        ]
        with backend_errors():
            self._messages.bulk_write(done, ordered=False)

    def _write(self, followed: Sequence[Document]) -> None:
        ids = [document["next"] for document in followed]
        with backend_errors():
            fields = dict.fromkeys(_READ_OF_NEXT, True)
            after = {d["_id"]: d for d in self._messages.find({"_id": {"$in": ids}}, fields)}
        now = self._clock()
        writes = [
            self._use(after[each["next"]], now)
            if uses_next(each["status"])
            else _give_up(after[each["next"]], each, now)
            for each in followed
            if each["next"] in after
        ]
        if not writes:
            return
        with backend_errors():
            self._messages.bulk_write(writes, ordered=False)
        for each in followed:
            if uses_next(each["status"]) and each["next"] in after:
                FALLBACKS.labels(after[each["next"]]["channel"]).inc()

    def _use(self, message: Mapping[str, Any], now: datetime) -> UpdateOne:
        unused = [{"status": "standby"}, {"status": "cancelled", "last_error": NOT_NEEDED}]
        due = {"next_attempt_at": self._quiet.allow(message, now), "settled_at": None}
        return UpdateOne(
            {"_id": message["_id"], "$or": unused},
            {"$set": {"status": "planned", "last_error": None, **due}, "$unset": _NO_FOLLOW},
        )


def _give_up(message: Mapping[str, Any], before: Mapping[str, Any], now: datetime) -> UpdateOne:
    """Not needed, or as untrue as the one before; unless it has already been tried."""
    untried = [{"status": "standby"}, {"status": "planned", "attempts": 0}]
    reason = before["last_error"] if before["status"] == "cancelled" else NOT_NEEDED
    ended = {"status": "cancelled", "last_error": reason, "settled_at": now}
    follow = {"follow_at": now} if message.get("next") else {}
    return UpdateOne(
        {"_id": message["_id"], "$or": untried},
        {"$set": {**ended, "next_attempt_at": None, **follow}},
    )


_NO_FOLLOW: Final = {"follow_at": ""}
_TAKEN_AWAY: Final = {"$unset": _NO_FOLLOW}
