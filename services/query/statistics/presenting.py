"""What may be told of counts. Pure.

Small numbers name people: for the public a count of 1 to 4 is null, and so are as many of the next
smallest beside it as it takes for the hidden ones to be at least 5 together, or the total would
tell them. Staff and auditors see every count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.query.statistics.counting import OUTCOME, PENDING, PHASES, STATUS, STEPS, Group
from shared.contracts.lifecycle import OUTCOMES

Document = dict[str, Any]

SMALLEST_SHOWN: Final = 5

SETTLED: Final = frozenset(OUTCOMES) - {"withdrawn", "not_accepted", "failed"}
"""Outcomes that are agreements."""

SHARES: Final[Mapping[str, float]] = {"median": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95}
"""Percentiles told of days."""


def presented(group: Group, *, everything: bool) -> Document:
    """What may be told of a group; `everything` to staff."""
    total, statuses = group.total, group.told(STATUS)
    outcomes = {PENDING: 0, **group.told(OUTCOME)}
    ended = total - outcomes[PENDING]
    settled = sum(count for outcome, count in outcomes.items() if outcome in SETTLED)
    share = round(settled / ended, 4) if ended else None
    if not everything and (
        None in suppressed(outcomes).values() or _is_small(settled) or _is_small(ended - settled)
    ):
        share = None  # it would tell how many of the hidden ones have ended

    def days(name: str) -> Document:
        return _days(group.told(name), total, everything=everything)

    return {
        "total": total if everything or not _is_small(total) else None,
        "by_status": statuses if everything else suppressed(statuses),
        "by_outcome": outcomes if everything else suppressed(outcomes),
        "share_settled": share,
        "days_to": {step: days(step) for step in STEPS},
        "days_in": {phase: days(phase) for phase in PHASES},
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


def hidden_groups(groups: Mapping[str, Group], whole: int, *, apart: bool) -> set[str]:
    """Groups of which the public learns nothing: the small ones, and those beside them that would
    tell them by difference from the whole. Groups that overlap (not `apart`) are hidden where they
    or the rest of the whole are small."""
    if apart:
        shown = suppressed({key: group.total for key, group in groups.items()})
        return {key for key, count in shown.items() if count is None}
    return {
        key
        for key, group in groups.items()
        if _is_small(group.total) or _is_small(whole - group.total)
    }


def _is_small(count: int) -> bool:
    return 0 < count < SMALLEST_SHOWN


def _days(days: Mapping[int, int], total: int, *, everything: bool) -> Document:
    """How many of the cases have come to a step, and within how many days which share of them did;
    not how many where it would tell a small number that has not."""
    count = sum(days.values())
    if not count or (_is_small(count) and not everything):
        return {"cases": None if count else 0, **dict.fromkeys(SHARES)}
    told = count if everything or not _is_small(total - count) else None
    return {"cases": told, **{name: percentile(days, share) for name, share in SHARES.items()}}


def percentile(days: Mapping[int, int], share: float) -> int:
    """The fewest days within which at least this share of the cases came (nearest rank)."""
    wanted, reached = share * sum(days.values()), 0
    for day in sorted(days):
        reached += days[day]
        if reached >= wanted:
            return day
    raise ValueError("no cases")
