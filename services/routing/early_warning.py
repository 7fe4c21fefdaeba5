"""Early warning: cases of an employer, a county or a category within a county grow unusually.

    warnings  aggregates {dimension, key, week, division, category, count, expected, raised_at,
              places, cases: [{serial_number, division_code}]}, one for each key and ISO week

Compared are the last seven days with the mean of the eight weeks before. Cases that come
independently of each other vary by the square root of their mean (Poisson), so a week passes the
mean by three such deviations about once in seven hundred by chance. A mean below one is taken as
one, and fewer than five cases warn of nothing: in small places single cases are no growth.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from services.routing.assigning import serving_codes
from services.routing.store import Cases
from shared.civil_time import civil_day
from shared.contracts.envelope import NewEvent, Trace, new_id, new_traceparent
from shared.decision import Decision
from shared.divisions import find, prefix
from shared.store import Aggregates, AlreadyExists, Document, backend_errors, new_aggregate

if TYPE_CHECKING:
    from pymongo.database import Database

WINDOW: Final = timedelta(days=7)
WEEKS_BEFORE: Final = 8
FEWEST: Final = 5
DEVIATIONS: Final = 3

MOST_CASES: Final = 200
"""Cases that a warning names."""

MOST_EMPLOYERS: Final = 1_000
"""Employers compared at a time: those with the most cases."""

_MOST_MS: Final = 60_000
_COUNTY_DIGITS: Final = 6


def is_unusual(count: int, mean: float) -> bool:
    """Whether so many cases are a warning where `mean` were to be expected."""
    return count >= FEWEST and count > mean + DEVIATIONS * math.sqrt(max(mean, 1.0))


@dataclass(frozen=True, slots=True)
class Growth:
    """Unusually many cases of one thing: `key` is a keyed hash, a county's code, or code and
    category; `wanted` finds the cases."""

    dimension: str
    key: str
    count: int
    expected: float
    wanted: Mapping[str, Any]
    county: str | None = None
    category: str | None = None

    def id_in(self, week: str) -> str:
        """The same for the same thing and week; newer weeks sort behind, and no key is in it."""
        digest = hashlib.sha256(f"{self.dimension}/{self.key}".encode()).hexdigest()
        return f"{week}-{digest[:16]}"


def iso_week(at: datetime) -> str:
    """The mainland's week of a moment: 2026-W47 (ISO 8601)."""
    year, week, _ = civil_day(at).isocalendar()
    return f"{year}-W{week:02}"


def raised(growth: Growth, week: str, at: datetime, cases: Sequence[Document]) -> Decision:
    """The warning and its event; `cases` are those concerned, MOST_CASES at most."""
    county = growth.county or _most_frequent_county(cases)
    found = find(county)
    division = {"code": county, "name": found.name if found else county}
    told = {
        "dimension": growth.dimension,
        "division": division,
        "category": growth.category,
        "count": growth.count,
        "expected": round(growth.expected, 2),
        "window_days": WINDOW.days,
    }
    places = {place for case in cases for place in serving_codes(case["division_code"])}
    stored = {
        **told,
        "key": growth.key,
        "week": week,
        "raised_at": at,
        "division_code": county,
        "places": sorted(places),
        "cases": [
            {"serial_number": case["_id"], "division_code": case["division_code"]} for case in cases
        ],
    }
    return Decision(stored, events=[NewEvent("warning.raised", told)])


def _most_frequent_county(cases: Iterable[Mapping[str, Any]]) -> str:
    counties = Counter(_county(case["division_code"]) for case in cases)
    return min(counties, key=lambda code: (-counties[code], code))


def _county(division_code: str) -> str:
    return prefix(division_code)[:_COUNTY_DIGITS].ljust(_COUNTY_DIGITS, "0")


class Warnings(Aggregates):
    """The collection `warnings`."""

    def __init__(self, database: Database[Document]) -> None:
        super().__init__(database["warnings"])

    def ensure_indexes(self) -> None:
        super().ensure_indexes()
        self.collection.create_index([("places", 1), ("_id", -1)])

    def page(self, places: Sequence[str] | None, behind: str | None, size: int) -> list[Document]:
        """Up to `size` warnings of cases in these places (None for all), the newest week first."""
        wanted: Document = {} if places is None else {"places": {"$in": list(places)}}
        if behind is not None:
            wanted["_id"] = {"$lt": behind}
        with backend_errors():
            found = self.collection.find(wanted, {"outbox": 0, "seen": 0})
            return list(found.sort("_id", -1).limit(size).max_time_ms(_MOST_MS))


class EarlyWarning:
    """Compares and raises; what was raised in a week is not raised again in it."""

    def __init__(self, cases: Cases, warnings: Warnings) -> None:
        self._cases = cases.collection
        self._warnings = warnings

    def look(self, at: datetime | None = None) -> int:
        """The number of warnings raised now."""
        at = at or datetime.now(UTC)
        week = iso_week(at)
        found = {growth.id_in(week): growth for growth in self._growths(at)}
        with backend_errors():
            known = self._warnings.collection.find({"_id": {"$in": list(found)}}, {"_id": 1})
            for warning in known:
                del found[warning["_id"]]
        return sum(self._raise(key, growth, week, at) for key, growth in found.items())

    def _raise(self, key: str, growth: Growth, week: str, at: datetime) -> bool:
        decision = raised(growth, week, at, self._concerned(growth, at))
        document = new_aggregate(
            key,
            decision,
            source="routing",
            division=decision.set["division_code"],
            at=at,
            trace=Trace(new_traceparent(), new_id()),
        )
        try:
            self._warnings.insert(document)
        except AlreadyExists:  # another worker was faster
            return False
        return True

    def _concerned(self, growth: Growth, at: datetime) -> list[Document]:
        wanted = {**growth.wanted, "received_at": {"$gte": at - WINDOW, "$lt": at}}
        with backend_errors():
            found = self._cases.find(wanted, {"division_code": 1}).sort("received_at", -1)
            return list(found.limit(MOST_CASES).max_time_ms(_MOST_MS))

    def _growths(self, at: datetime) -> Iterator[Growth]:
        yield from self._of_places(at)
        yield from self._of_employers(at)

    def _of_places(self, at: datetime) -> Iterator[Growth]:
        """Counties and categories in them, counted in one pass over an index that has it all."""
        recent: Counter[tuple[str, str | None]] = Counter()
        before: Counter[tuple[str, str | None]] = Counter()
        is_recent = {"$gte": ["$received_at", at - WINDOW]}
        group = {
            "_id": {
                "county": {"$substrBytes": ["$division_code", 0, _COUNTY_DIGITS]},
                "category": "$category",
            },
            "recent": {"$sum": {"$cond": [is_recent, 1, 0]}},
            "all": {"$sum": 1},
        }
        since = at - WINDOW * (WEEKS_BEFORE + 1)
        for row in self._aggregate(
            [{"$match": {"received_at": {"$gte": since, "$lt": at}}}, {"$group": group}],
            hint={"received_at": 1, "division_code": 1, "category": 1},
        ):
            county = _county(row["_id"]["county"])
            for key in ((county, None), (county, row["_id"]["category"])):
                recent[key] += row["recent"]
                before[key] += row["all"] - row["recent"]
        for (county, category), count in recent.items():
            mean = before[county, category] / WEEKS_BEFORE
            if is_unusual(count, mean):
                yield _of_place(county, category, count, mean)

    def _of_employers(self, at: datetime) -> Iterator[Growth]:
        """Employers with enough cases for a warning; only theirs of the weeks before are counted."""
        week_ago = at - WINDOW
        enough: list[Document] = [
            {"$match": {"count": {"$gte": FEWEST}}},
            {"$sort": {"count": -1, "_id": 1}},
            {"$limit": MOST_EMPLOYERS},
        ]
        recent = self._by_employer({"received_at": {"$gte": week_ago, "$lt": at}}, enough)
        if not recent:
            return
        keys = list(recent)
        weeks = {"$gte": week_ago - WINDOW * WEEKS_BEFORE, "$lt": week_ago}
        before = self._by_employer(
            {"employer_hashes": {"$in": keys}, "received_at": weeks},
            [{"$match": {"_id": {"$in": keys}}}],
        )
        for key, count in recent.items():
            mean = before.get(key, 0) / WEEKS_BEFORE
            if is_unusual(count, mean):
                yield Growth("employer", key, count, mean, {"employer_hashes": key})

    def _by_employer(self, wanted: Document, narrowed: list[Document]) -> dict[str, int]:
        stages: list[Document] = [
            {"$match": wanted},
            {"$project": {"employer_hashes": 1}},
            {"$unwind": "$employer_hashes"},
            {"$group": {"_id": "$employer_hashes", "count": {"$sum": 1}}},
            *narrowed,
        ]
        return {row["_id"]: row["count"] for row in self._aggregate(stages)}

    def _aggregate(self, stages: list[Document], **options: Any) -> list[Document]:
        with backend_errors():
            return list(self._cases.aggregate(stages, maxTimeMS=_MOST_MS, **options))


def _of_place(county: str, category: str | None, count: int, mean: float) -> Growth:
    wanted = {"places": county}
    if category is None:
        return Growth("division", county, count, mean, wanted, county)
    wanted["category"] = category
    return Growth("category", f"{county}/{category}", count, mean, wanted, county, category)
