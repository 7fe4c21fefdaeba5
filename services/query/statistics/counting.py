"""Statistics of cases: what is asked of the facts, and what may be told of the counts. Pure.

Small numbers name people: for the public a count of 1 to 4 is null, and so are as many of the next
smallest beside it as it takes for the hidden ones to be at least 5 together, or the total would
tell them. Staff and auditors see every count.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from shared.contracts.lifecycle import OUTCOMES
from shared.divisions import prefix

Document = dict[str, Any]

SMALLEST_SHOWN: Final = 5
ITEMS_MOST: Final = 500
MOST_DAYS: Final = 5 * 366
"""The longest period of one question."""

SETTLED: Final = frozenset(OUTCOMES) - {"withdrawn", "not_accepted", "failed"}
"""Outcomes that are agreements."""

STEPS: Final[Mapping[str, str]] = {
    "mediator_assigned": "mediator_day",
    "accepted": "accepted_day",
    "ended": "ended_day",
}
"""Step whose days from the submission are told → the field of its day."""

GROUPS: Final[Mapping[str, str]] = {
    "category": "$facts.category",
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
    country), grouped."""

    first: date
    last: date
    division: str | None
    by: str


@dataclass(slots=True)
class Group:
    """Counts of the cases of one group; `days` are {step: {days: cases}}."""

    statuses: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    days: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    @property
    def total(self) -> int:
        return self.statuses.total()


def pipeline(question: Question) -> list[Document]:
    """The aggregation that counts alike cases; it reads nothing but the index of the facts."""
    days = {"$gte": question.first.toordinal(), "$lte": question.last.toordinal()}
    match: Document = {"facts.place": {"$gte": ""}, "facts.received_day": days}
    if question.division is not None:
        within = prefix(question.division)
        match["facts.place"] = {"$gte": within, "$lt": f"{within}:"}  # digits end before colon
    alike: Document = {"group": _group(question), "status": "$facts.standing.status"}
    alike["outcome"] = "$facts.result.outcome"
    for step, name in STEPS.items():
        alike[step] = {"$subtract": [f"$facts.{name}", "$facts.received_day"]}
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


def groups(rows: Iterable[Mapping[str, Any]]) -> dict[str, Group]:
    """The rows of the aggregation as groups by key, the largest first."""
    found: dict[str, Group] = defaultdict(Group)
    for row in rows:
        alike, count = row["_id"], row["count"]
        group = found[alike.get("group") or PENDING]
        group.statuses[alike.get("status") or "submitted"] += count
        group.outcomes[alike.get("outcome") or PENDING] += count
        for step in STEPS:
            if alike.get(step) is not None:
                group.days[step][max(0, alike[step])] += count
    return dict(sorted(found.items(), key=lambda item: (-item[1].total, item[0])))


def together(parts: Iterable[Group]) -> Group:
    """All groups as one."""
    whole = Group()
    for part in parts:
        whole.statuses += part.statuses
        whole.outcomes += part.outcomes
        for step, days in part.days.items():
            whole.days[step] += days
    return whole


def presented(group: Group, *, everything: bool) -> Document:
    """What may be told of a group; `everything` to staff."""
    ended = group.total - group.outcomes[PENDING]
    settled = sum(group.outcomes[outcome] for outcome in SETTLED)
    share = round(settled / ended, 4) if ended else None
    if not everything and (_is_small(settled) or _is_small(ended - settled)):
        share = None
    outcomes = {name: count for name, count in group.outcomes.items() if name != PENDING}
    rest = {PENDING: group.outcomes[PENDING], **outcomes}
    return {
        "total": group.total if everything or not _is_small(group.total) else None,
        "by_status": dict(group.statuses) if everything else suppressed(group.statuses),
        "by_outcome": dict(rest) if everything else suppressed(rest),
        "share_settled": share,
        "days_to": {
            step: _days(group.days.get(step, Counter()), everything=everything) for step in STEPS
        },
    }


def suppressed(counts: Mapping[str, int]) -> dict[str, int | None]:
    """Counts that may be told beside their sum: small ones null, with as many of the next smallest
    as it takes for the hidden ones to be SMALLEST_SHOWN together, or all if there are no more."""
    ascending = sorted((count, name) for name, count in counts.items() if count)
    hidden: set[str] = set()
    hidden_sum = 0
    for count, name in ascending:
        if not _is_small(count) and (not hidden or hidden_sum >= SMALLEST_SHOWN):
            break
        hidden.add(name)
        hidden_sum += count
    return {name: None if name in hidden else count for name, count in counts.items()}


def _is_small(count: int) -> bool:
    return 0 < count < SMALLEST_SHOWN


def _days(days: Mapping[int, int], *, everything: bool) -> Document:
    """How many cases have come to a step, and in how many days half and nine tenths of them did."""
    count = sum(days.values())
    if not count or (_is_small(count) and not everything):
        return {"cases": None if count else 0, "median": None, "p90": None}
    return {"cases": count, "median": percentile(days, 0.5), "p90": percentile(days, 0.9)}


def percentile(days: Mapping[int, int], share: float) -> int:
    """The fewest days within which at least this share of the cases came (nearest rank)."""
    wanted, reached = share * sum(days.values()), 0
    for day in sorted(days):
        reached += days[day]
        if reached >= wanted:
            return day
    raise ValueError("no cases")


def suppressed_totals(items: Sequence[tuple[str, Group]]) -> set[str]:
    """Groups of which the public learns nothing: the small ones, and those beside them that would
    tell them by difference from the whole."""
    shown = suppressed({key: group.total for key, group in items})
    return {key for key, count in shown.items() if count is None}
