"""Counting cases: what is asked of their facts, and the counts by group. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from services.query.statistics.facts import COUNTED_FLAGS, flags_of
from shared.divisions import prefix

Document = dict[str, Any]

MOST_DAYS: Final = 5 * 366
"""The longest period of one question."""

STEPS: Final[Mapping[str, str]] = {
    "organisation_assigned": "organisation_day",
    "mediator_assigned": "mediator_day",
    "consent_sought": "consent_day",
    "accepted": "accepted_day",
    "session_held": "session_day",
    "ended": "ended_day",
    "closed": "closed_day",
}
"""Step whose days from the submission are told → the field of its day."""

PHASES: Final[Mapping[str, tuple[str, str]]] = {
    "examination": ("mediator_day", "consent_day"),
    "consent": ("consent_day", "accepted_day"),
    "mediation": ("accepted_day", "ended_day"),
    "closing": ("ended_day", "closed_day"),
}
"""Part of a case's life → the fields of the days on which it begins and ends."""

GROUPS: Final[Mapping[str, str]] = {
    "category": "$facts.category",
    "flag": "$facts.flags",
    "outcome": "$facts.result.outcome",
    "organisation": "$facts.organisation.id",
    "month": "$facts.month",
    "division": "$facts.place",
}
"""By what cases are grouped → the field that says it."""

PENDING: Final = "pending"
"""The group of cases without an outcome, and of those nobody has."""


@dataclass(frozen=True, slots=True)
class Question:
    """Cases submitted from `first` to `last` (civil days, both included) in a division (None: the
    country), of one category and with one flag if these are named, grouped."""

    first: date
    last: date
    division: str | None
    by: str
    category: str | None = None
    flag: str | None = None


STATUS: Final = "status"
OUTCOME: Final = "outcome"


@dataclass(slots=True)
class Group:
    """Counts of the cases of one group, by what is told of them: (STATUS, its word), (OUTCOME, its
    word), (a step or phase, days it took)."""

    counts: dict[tuple[str, Any], int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.told(STATUS).values())

    def told(self, what: str) -> dict[Any, int]:
        """Cases by status, by outcome, or by the days that a step or phase took."""
        return {which: cases for (name, which), cases in self.counts.items() if name == what}

    def count(self, row: Mapping[str, Any], cases: int) -> None:
        """So many cases that are alike; a row has a status, an outcome, and days after submission
        by the fields of STEPS."""
        counts = self.counts
        for key in _told_of(row):
            counts[key] = counts.get(key, 0) + cases

    def add(self, other: Group) -> None:
        counts = self.counts
        for key, cases in other.counts.items():
            counts[key] = counts.get(key, 0) + cases


def _told_of(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield STATUS, row.get("status") or "submitted"
    yield OUTCOME, row.get("outcome") or PENDING
    yield from _lasted(row)


def _lasted(row: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """How many days each step and phase took that the row knows of; never below none."""
    for step, name in STEPS.items():
        if row.get(name) is not None:
            yield step, max(0, row[name])
    for phase, (begins, ends) in PHASES.items():
        if row.get(begins) is not None and row.get(ends) is not None:
            yield phase, max(0, row[ends] - row[begins])


def pipeline(question: Question) -> list[Document]:
    """The aggregation that counts alike cases; it reads nothing but the index of the facts."""
    return _counted(question, {"group": _group(question)})


def whole_pipeline(question: Question) -> list[Document]:
    """The same with category and flags of each row, for keeping."""
    return _counted(question, {"category": "$facts.category", "flags": "$facts.flags"})


def _counted(question: Question, alike: Document) -> list[Document]:
    days = {"$gte": question.first.toordinal(), "$lte": question.last.toordinal()}
    match: Document = {"facts.place": {"$gte": ""}, "facts.received_day": days}
    if question.division is not None:
        within = prefix(question.division)
        match["facts.place"] = {"$gte": within, "$lt": f"{within}:"}  # digits end before colon
    if question.category is not None:
        match["facts.category"] = question.category
    if question.flag is not None:
        match["facts.flags"] = {"$bitsAllSet": 1 << COUNTED_FLAGS.index(question.flag)}
    alike |= {"status": "$facts.standing.status", "outcome": "$facts.result.outcome"}
    for name in STEPS.values():
        alike[name] = {"$subtract": [f"$facts.{name}", "$facts.received_day"]}
    return [{"$match": match}, {"$group": {"_id": alike, "count": {"$sum": 1}}}]


def _group(question: Question) -> Any:
    if question.by != "division":
        return GROUPS[question.by]
    return {"$substrBytes": [GROUPS["division"], 0, _digits_below(question.division)]}


def _digits_below(division: str | None) -> int:
    """How many digits tell the divisions right below one apart: 2 for the country's provinces."""
    if division is None:
        return 2
    return {2: 4, 4: 6}.get(len(prefix(division)), 9)


@dataclass(slots=True)
class Counted:
    """All cases asked for together, and by group; a case with several flags is in the group of
    each."""

    whole: Group = field(default_factory=Group)
    groups: dict[str, Group] = field(default_factory=lambda: defaultdict(Group))

    def add(self, other: Counted) -> None:
        self.whole.add(other.whole)
        for key, group in other.groups.items():
            self.groups[key].add(group)

    def largest_first(self) -> list[tuple[str, Group]]:
        return sorted(self.groups.items(), key=lambda item: (-item[1].total, item[0]))


def counted(rows: Iterable[Mapping[str, Any]], by: str) -> Counted:
    """The rows of the aggregation, counted."""
    found = Counted()
    for row in rows:
        alike, cases = row["_id"], row["count"]
        found.whole.count(alike, cases)
        told = alike.get("group")
        for key in flags_of(told or 0) if by == "flag" else (told or PENDING,):
            found.groups[key].count(alike, cases)
    return found
