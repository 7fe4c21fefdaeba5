"""Reads what a search of the work list finds: a page in its order, and numbers up to a bound."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from services.routing.work_list import WAITING, Position, Scope, Search, search
from shared.contracts.lifecycle import STATUSES
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.collection import Collection

AT_MOST: Final = 10_000
"""Up to where cases are counted: more are too many to look at one by one."""

_MOST_MS = 5_000
_UNSHOWN: Final = {"outbox": 0, "seen": 0, "history": 0, "records": 0}


def page(
    cases: Collection[Document], searched: Search, position: Position | None, size: int
) -> list[Document]:
    """Up to `size` cases behind a position, in order; what changes meanwhile neither repeats nor
    hides another case."""
    found: list[Document] = []
    for group in searched.queries(position):
        missing = size - len(found)
        if missing <= 0:
            break
        with backend_errors():
            read = [_read(cases, searched, query, missing) for query in group]
        found += _merged(read, searched)[:missing]
    return found


def counts(
    cases: Collection[Document], scope: Scope, stated: dict[str, Any], today: date
) -> dict[str, Any]:
    """How many cases of a scope have each status, wait, and fall due; each AT_MOST at most."""

    def number(more: dict[str, Any], since: date | None = None) -> int:
        searched = search(scope, {**stated, **more}, today)
        if since is not None:
            searched = replace(searched, since=since.isoformat())
        return count(cases, searched, AT_MOST)

    def before(day: date) -> dict[str, Any]:
        return {"due_before": day.isoformat()}

    week_ends = today + timedelta(days=8 - today.isoweekday())
    return {
        "statuses": {status: number({"status": status}) for status in STATUSES},
        **{kind: number({"waiting": kind}) for kind in WAITING},
        "due_today": number(before(today + timedelta(days=1)), today),
        "due_this_week": number(before(week_ends), today),
    }


def count(cases: Collection[Document], searched: Search, most: int) -> int:
    """How many cases a search finds, `most` at most, read from its index alone."""
    total = 0
    for query in searched.counted():
        if total >= most:
            break
        with backend_errors():
            answer = cases.database.command(
                "count",
                cases.name,
                query=query,
                limit=most - total,
                hint=dict(searched.index),
                maxTimeMS=_MOST_MS,
            )
        total += answer["n"]
    return total


def _read(
    cases: Collection[Document], searched: Search, query: Document, size: int
) -> list[Document]:
    found = cases.find(query, _UNSHOWN).hint(list(searched.index)).limit(size)
    if sorting := searched.sorting(query):
        found = found.sort(sorting)
    return list(found.max_time_ms(_MOST_MS))


def _merged(read: Sequence[list[Document]], searched: Search) -> list[Document]:
    """Lists in the same order as one."""
    in_order: Iterator[Document] = heapq.merge(*read, key=itemgetter(searched.order, "_id"))
    return read[0] if len(read) == 1 else list(in_order)
