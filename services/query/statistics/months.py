"""Months that are over, counted in the background and kept as cells (see `rolling`).

A worker counts one month at a time, whichever has waited longest: the latest ones every few minutes,
since their cases still change, the others once a day. No event has to be remembered for that, and
what a fault or a rebuilt read model left wrong is right again after the next count. A month is
answered from its cells only once it was counted whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pymongo import ReplaceOne

from services.query.statistics.counting import MOST_DAYS, Question, whole_pipeline
from services.query.statistics.rolling import bounds, cells, months_within, provinces
from shared.leases import Lease
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

CELLS: Final = "statistics_cells"
MONTHS: Final = "statistics_months"

TURN_SECONDS: Final = 10.0
"""How often a worker looks for a month to count."""

LATEST: Final = 3
"""Months whose cases still change much."""

LATEST_AGE: Final = timedelta(minutes=10)
OTHER_AGE: Final = timedelta(days=1)
LEASE: Final = timedelta(minutes=5)

_WRITES_AT_ONCE: Final = 1000

Count = Callable[[Sequence[Document]], Iterator[Document]]


class Months:
    """The cells in MongoDB: read by web processes, written by workers."""

    def __init__(self, database: Database[Document]) -> None:
        self._cells = database[CELLS]
        self._months = database[MONTHS]
        self._lease = Lease(database, "statistics", LEASE)

    def ensure_indexes(self) -> None:
        self._cells.create_index([("category", 1), ("flag", 1), ("month", 1), ("place", 1)])
        self._cells.create_index([("month", 1), ("counted_at", 1)])

    def counted(self, months: Sequence[str]) -> dict[str, datetime]:
        """Which of these months were counted whole, and when."""
        wanted = {"_id": {"$in": list(months)}, "counted_at": {"$exists": True}}
        with backend_errors():
            return {each["_id"]: each["counted_at"] for each in self._months.find(wanted)}

    def find(self, wanted: Mapping[str, Any]) -> Iterator[Document]:
        with backend_errors():
            yield from self._cells.find(wanted, {"_id": 0}, batch_size=500)

    def count_next(self, count: Count, today: date) -> str | None:
        """Count the month that is due and has waited longest; None if none is due, or another
        process counts."""
        with backend_errors():
            if not self._lease.hold():
                return None
        month = next(iter(self._due(today, datetime.now(UTC))), None)
        if month is not None:
            self.keep(month, count)
        return month

    def keep(self, month: str, count: Count) -> None:
        """Count a month now. Done again after a crash it gives the same."""
        at = datetime.now(UTC)
        first, last = bounds(month)

        def rows_of() -> Iterator[tuple[str, Iterable[Document]]]:
            for province in provinces():
                question = Question(first, last, province, "category")
                yield province, count(whole_pipeline(question))

        writes: list[ReplaceOne[Document]] = []
        for cell in cells(month, rows_of()):
            writes.append(ReplaceOne({"_id": cell["_id"]}, cell | {"counted_at": at}, upsert=True))
            if len(writes) == _WRITES_AT_ONCE:
                self._write(writes)
                writes = []
        self._write(writes)
        with backend_errors():
            self._cells.delete_many({"month": month, "counted_at": {"$lt": at}})
            done = {"$set": {"counted_at": at}, "$unset": {"again": ""}}
            self._months.update_one({"_id": month}, done, upsert=True)

    def count_again(self) -> None:
        """Have every month counted anew, soon; until then it is answered as it was counted."""
        with backend_errors():
            self._months.update_many({}, {"$set": {"again": True}})

    def _write(self, writes: Sequence[ReplaceOne[Document]]) -> None:
        if writes:
            with backend_errors():
                self._cells.bulk_write(writes, ordered=False)

    def _due(self, today: date, now: datetime) -> list[str]:
        """Months over that are to be counted, the one that has waited longest first."""
        over = months_within(today - timedelta(days=MOST_DAYS + 31), today - timedelta(days=1))
        with backend_errors():
            known = {each["_id"]: each for each in self._months.find({"_id": {"$in": over}})}
        never = datetime.min.replace(tzinfo=UTC)
        due = []
        for place, month in enumerate(reversed(over)):
            kept = known.get(month, {})
            counted_at = never if kept.get("again") else kept.get("counted_at", never)
            if counted_at + (LATEST_AGE if place < LATEST else OTHER_AGE) <= now:
                due.append((counted_at, place, month))
        return [month for *_, month in sorted(due)]
