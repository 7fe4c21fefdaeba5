"""Months that are over, counted beforehand: what is kept of them and read from it. Pure.

A cell counts the cases of one month in one province, or in the country, of one category or all,
with one flag or with whatever flags: a document each, so that a year of the country is a few hundred
small documents and not four million cases.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from services.query.statistics.counting import OUTCOME, Counted, Group, Question
from services.query.statistics.facts import flags_of
from shared.divisions import children, prefix

Document = dict[str, Any]
Row = Mapping[str, Any]

ALL: Final = "*"
COUNTRY: Final = "00"


def provinces() -> tuple[str, ...]:
    """What the codes of each begin with."""
    return tuple(prefix(division.code) for division in children(None))


def cells(month: str, rows_of: Iterable[tuple[str, Iterable[Row]]]) -> Iterator[Document]:
    """The cells of a month from its alike cases, province by province."""
    country: dict[tuple[str, str], dict[str, Group]] = _groups()
    for province, rows in rows_of:
        found = _groups()
        for (category, bits), outcomes in _alike(rows).items():
            for kind in (category, ALL):
                for flag in (*flags_of(bits), ALL):
                    _add(found[kind, flag], outcomes)
        for cell, outcomes in found.items():
            _add(country[cell], outcomes)
        yield from _documents(month, province, found)
    yield from _documents(month, COUNTRY, country)


def _groups() -> dict[tuple[str, str], dict[str, Group]]:
    return defaultdict(lambda: defaultdict(Group))


def _alike(rows: Iterable[Row]) -> dict[tuple[str, int], dict[str, Group]]:
    """Counts by category and flags, and in these by outcome."""
    alike: dict[tuple[str, int], dict[str, Group]] = defaultdict(lambda: defaultdict(Group))
    for row in rows:
        told = row["_id"]
        outcome = told.get("outcome") or ""
        alike[told["category"], told.get("flags") or 0][outcome].count(told, row["count"])
    return alike


def _add(sums: dict[str, Group], outcomes: Mapping[str, Group]) -> None:
    for outcome, group in outcomes.items():
        sums[outcome].add(group)


def _documents(
    month: str, place: str, found: Mapping[tuple[str, str], Mapping[str, Group]]
) -> Iterator[Document]:
    for (category, flag), outcomes in found.items():
        yield {
            "_id": f"{month}/{place}/{category}/{flag}",
            "month": month,
            "place": place,
            "category": category,
            "flag": flag,
            "groups": [_kept(group) for group in outcomes.values()],
        }


def _kept(group: Group) -> Document:
    """A group whose cases have one outcome: {what is told: [word or days, cases, …]}."""
    kept: Document = defaultdict(list)
    for (what, which), cases in group.counts.items():
        kept[what] += (which, cases)
    return dict(kept)


def _group(kept: Mapping[str, Any]) -> Group:
    return Group(
        {
            (what, which): cases
            for what, flat in kept.items()
            for which, cases in zip(flat[::2], flat[1::2], strict=True)
        }
    )


# --- answering from them -----------------------------------------------------------------------


def can_answer(question: Question) -> bool:
    """Whether cells hold what is asked of whole months: not below a province, nor by body."""
    if question.division is None:
        return question.by != "organisation"
    wide = len(prefix(question.division)) == len(COUNTRY)
    return wide and question.by not in {"organisation", "division"}


def wanted(question: Question, months: Sequence[str]) -> Document:
    """The query for the cells that answer."""
    place: Any = COUNTRY if question.division is None else prefix(question.division)
    if question.by == "division":
        place = {"$ne": COUNTRY}
    category: Any = question.category or ({"$ne": ALL} if question.by == "category" else ALL)
    flag: Any = question.flag or ALL
    if question.by == "flag":
        flag = {"$gte": ALL}  # each, and all cases for the whole
    return {"category": category, "flag": flag, "month": {"$in": list(months)}, "place": place}


def answered(cells_found: Iterable[Mapping[str, Any]], question: Question) -> Counted:
    """The counts that cells tell."""
    found = Counted()
    for cell in cells_found:
        for group in map(_group, cell["groups"]):
            key = _key(cell, group, question.by)
            if key != ALL:
                found.groups[key].add(group)
            if key == ALL or question.by != "flag":
                found.whole.add(group)
    return found


def _key(cell: Mapping[str, Any], group: Group, by: str) -> str:
    if by == "outcome":
        return str(next(iter(group.told(OUTCOME))))
    return str(cell["place" if by == "division" else by])


# --- months ------------------------------------------------------------------------------------


def bounds(month: str) -> tuple[date, date]:
    """The first and the last day of 2026-10."""
    first = date.fromisoformat(f"{month}-01")
    return first, following(first) - timedelta(days=1)


def following(day: date) -> date:
    """The first day of the month after the day's."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def months_within(first: date, last: date) -> list[str]:
    """The months of which every day lies from `first` to `last`."""
    month = first if first.day == 1 else following(first)
    found = []
    while following(month) - timedelta(days=1) <= last:
        found.append(f"{month:%Y-%m}")
        month = following(month)
    return found


def days_left(first: date, last: date, months: Iterable[str]) -> Iterator[tuple[date, date]]:
    """The periods between `first` and `last` that these months leave, in order."""
    begin = first
    for month in sorted(months):
        starts, ends = bounds(month)
        if begin < starts:
            yield begin, starts - timedelta(days=1)
        begin = ends + timedelta(days=1)
    if begin <= last:
        yield begin, last
