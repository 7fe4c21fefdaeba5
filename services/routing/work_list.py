"""The work list: which cases the caller may see, by which filters, read from one index in order.

Every search names the index it is read from (`Search.index`), chosen by the narrowest of person,
body, place and flag that it states. Status and category come next in each of those indexes; where
they are not stated all their words are, so that the database merges the few ordered ranges instead
of sorting. A page costs what it shows, however many cases there are.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from services.routing import asked
from services.routing.directory_bodies import DivisionCode
from services.routing.domain import mark
from services.routing.store import ONLY_SET, Index, case_index
from shared.contracts.faults import Fault
from shared.contracts.fields import Choice, Code, Count, Date, Str
from shared.contracts.lifecycle import ENDED, STATUSES
from shared.contracts.policy import Relation
from shared.contracts.schema import Body
from shared.contracts.vocabulary import CATEGORIES, FLAGS
from shared.divisions import is_within, prefix
from shared.errors import FieldError, Refused, Text
from shared.store import Document
from shared.tokens import Principal

Order = Literal["received_at", "next_due_on"]

NOBODY_HAS_IT: Final = ("submitted", "unassigned", "organisation_assigned")
"""Statuses in which no mediator has the case yet."""

UNOPENED: Final = ("mediator_assigned",)
"""Statuses in which the mediator has not begun."""

WAITING: Final[Mapping[str, Sequence[str]]] = {
    "unassigned": NOBODY_HAS_IT,
    "unopened": UNOPENED,
    "overdue": tuple(status for status in STATUSES if status not in ENDED),
}
"""Ways in which a case waits, with the statuses it waits in."""

_ORDERS: Final[Mapping[str, Order]] = {"received": "received_at", "deadline": "next_due_on"}
_RANGES = 200
"""Ordered ranges that the database merges at most (internalQueryMaxScansToExplode)."""

LARGEST_PAGE = 200


class CaseList(Body):
    """Filters of the work list, combined. `waiting` is unassigned (no mediator has it), unopened
    (examination has not begun) or overdue; `division` finds all that lies in the place. By
    `deadline` come the cases whose clock is the service's, the nearest first; with `due_before` or
    overdue that is the only order."""

    status = Choice("状态", tuple(STATUSES))
    organisation = Code("调解组织编号", asked.ID)
    mediator = Code("调解员编号", asked.ID)
    due_before = Date("期限早于")
    category = Choice("争议类型", tuple(CATEGORIES))
    flag = Choice("分类标记", tuple(FLAGS))
    division = DivisionCode("行政区划")
    case_number = Str("案号", 60)
    waiting = Choice("待办情形", tuple(WAITING))
    sort = Choice("排序", tuple(_ORDERS))
    after = Str("上页末项", 512)
    size = Count("每页条数", least=1, most=LARGEST_PAGE)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a case comes in an order: its value there and its serial number."""

    value: Any
    number: str


@dataclass(frozen=True, slots=True)
class Search:
    """Cases to be read in one order from one index: `wanted` holds of all of them, and one of
    `keys` is in the first field of the index; last days from `since` and `before` a day. None is no
    limit, an empty list of keys no case."""

    wanted: Document
    order: Order
    index: Index
    statuses: Sequence[str] | None = None
    categories: Sequence[str] | None = None
    keys: Sequence[str] | None = None
    before: str | None = None
    since: str | None = None

    def sorting(self, query: Document) -> list[tuple[str, int]]:
        """How one of the queries is sorted, in words that the index can serve: by number alone
        within one value of the order, not at all where a case number leaves one case."""
        if len(self.index) == 1:
            return []
        return [("_id", 1)] if "_id" in query else [(self.order, 1), ("_id", 1)]

    def queries(self, position: Position | None) -> Iterator[list[Document]]:
        """The queries behind a position, those of a group to be merged: what shares the place in
        the order with the last one shown, then what comes later."""
        for bounds in self._bounds(position):
            exact = {**self.wanted, **self._ranges(), **bounds}
            yield [{**exact, **keys} for keys in self._portions()]

    def counted(self) -> list[Document]:
        """Queries that together count the cases: unsorted, they need no words but those stated."""
        (bounds,) = self._bounds(None)
        stated: Document = {}
        for field, words in (("status", self.statuses), ("category", self.categories)):
            if words is not None:
                stated[field] = {"$in": list(words)}
        leading = self.index[0][0]
        keys: list[Document] = [{}] if self.keys is None else [{leading: key} for key in self.keys]
        return [{**self.wanted, **stated, **bounds, **key} for key in keys]

    def _bounds(self, position: Position | None) -> Iterator[Document]:
        limits: Document = {} if self.order == "received_at" else dict(ONLY_SET)
        if self.before is not None:
            limits["$lt"] = self.before
        if self.since is not None:
            limits["$gte"] = self.since
        if position is None:
            yield {self.order: limits} if limits else {}
            return
        yield {
            self.order: {**limits, "$eq": position.value},
            "_id": {"$gt": position.number},
        }
        yield {self.order: {**limits, "$gt": position.value}}

    def _ranges(self) -> Document:
        """Status and category in words: what the index has, or what was stated."""
        names = {field for field, _ in self.index}
        ranges: Document = {}
        if "status" in names or self.statuses is not None:
            ranges["status"] = {"$in": list(self._statuses)}
        if "category" in names or self.categories is not None:
            ranges["category"] = {"$in": list(self._categories)}
        return ranges

    def _portions(self) -> list[Document]:
        """The keys in portions small enough for the database to merge their ranges."""
        if not self.keys:
            return [{}] if self.keys is None else []
        size = max(1, _RANGES // (len(self._statuses) * len(self._categories)))
        return [
            {self.index[0][0]: {"$in": list(self.keys[first : first + size])}}
            for first in range(0, len(self.keys), size)
        ]

    @property
    def _statuses(self) -> Sequence[str]:
        """An ended case has no clock of ours, so no place among the last days."""
        every = tuple(STATUSES) if self.order == "received_at" else WAITING["overdue"]
        return every if self.statuses is None else self.statuses

    @property
    def _categories(self) -> Sequence[str]:
        return tuple(CATEGORIES) if self.categories is None else self.categories


def search(scope: Scope, stated: Mapping[str, Any], today: date) -> Search:
    """What of `stated` (a normalised CaseList) the caller may see; Refused("validation_failed")
    for an order that the other filters exclude."""
    order, statuses = _order(stated), _statuses(stated)
    exact = {field: stated[name] for name, field in _EXACT.items() if name in stated}
    wanted: Document = {**scope.wanted, **exact}
    keys: tuple[str, ...] | None = None
    flag, places = stated.get("flag"), scope.places_of(stated.get("division"))
    leading = next((field for field in _NARROWEST if field in wanted), "")
    if leading:
        wanted |= {"flags": flag} if flag else {}
        wanted |= {"places": {"$in": list(places)}} if places is not None else {}
    elif flag or places is not None:
        leading, keys = "marks" if flag else "places", _keys(flag, places)
    if statuses == () or any(wanted[field] != own for field, own in scope.wanted.items()):
        keys = ()  # what excludes each other is true of no case
    categories = (stated["category"],) if "category" in stated else None
    return Search(
        wanted=wanted,
        order=order,
        index=_index(leading, order, plain=statuses is None and categories is None),
        statuses=statuses,
        categories=categories,
        keys=keys,
        before=_before(stated, today),
    )


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of all cases that somebody works with: a query, and the places it is limited to
    (None for no limit), none of which lies in another."""

    wanted: Document
    places: tuple[str, ...] | None = None

    @classmethod
    def of(cls, principal: Principal, relation: Relation) -> Scope:
        """What the policy table lets somebody so related come to."""
        if relation == "own_organisation":
            return cls({"organisation.id": principal.organisation})
        if relation == "own_case":
            return cls({"mediator.id": principal.subject})
        if relation == "own_divisions" and principal.divisions:
            return cls({}, outermost(principal.divisions))
        return cls({})

    def contains(self, division: str) -> bool:
        """Whether a division is within its places."""
        return self.places is None or any(is_within(division, own) for own in self.places)

    def places_of(self, division: str | None) -> tuple[str, ...] | None:
        """What of a division (None: of everywhere) is within it."""
        if division is None:
            return self.places
        place = as_place(division)
        if self.places is None or self.contains(place):
            return (place,)
        return tuple(own for own in self.places if is_within(own, place))


def as_place(division: str) -> str:
    """A division's code as cases hold it among their `places` (assigning.serving_codes)."""
    return prefix(division).ljust(6, "0")


def outermost(divisions: Iterable[str]) -> tuple[str, ...]:
    """The places that lie in none of the others, so that no case lies in two of them."""
    kept: list[str] = []
    for place in sorted({as_place(code) for code in divisions}, key=prefix):
        if not (kept and is_within(place, kept[-1])):
            kept.append(place)
    return tuple(kept)


def cursor(case: Mapping[str, Any], order: Order) -> str:
    """Where a page ended: `after` of the next one."""
    value = case[order]
    text = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(f"{order} {text} {case['_id']}".encode()).decode()


def position(text: str, order: Order) -> Position:
    """Where the page before ended. Refused("validation_failed") for what is no `cursor`."""
    try:
        name, value, number = base64.urlsafe_b64decode(text).decode().split(" ")
        moment = datetime.fromisoformat(value)
    except ValueError:  # of base64, UTF-8 and dates alike
        raise _UNKNOWN_PAGE from None
    if name != order or (order == "received_at" and moment.tzinfo is None):
        raise _UNKNOWN_PAGE
    return Position(moment if order == "received_at" else value, number)


def _order(stated: Mapping[str, Any]) -> Order:
    by_day = "due_before" in stated or stated.get("waiting") == "overdue"
    chosen = stated.get("sort") or ("deadline" if by_day else "received")
    if by_day and chosen != "deadline":
        raise Refused("validation_failed", errors=[_ONLY_BY_DEADLINE.at("/sort")])
    return _ORDERS[chosen]


def _statuses(stated: Mapping[str, Any]) -> tuple[str, ...] | None:
    chosen = {stated["status"]} if "status" in stated else set(STATUSES)
    if "waiting" in stated and stated["waiting"] != "overdue":
        chosen &= set(WAITING[stated["waiting"]])
    elif "status" not in stated:
        return None
    return tuple(status for status in STATUSES if status in chosen)


def _before(stated: Mapping[str, Any], today: date) -> str | None:
    limits = [stated["due_before"]] if "due_before" in stated else []
    if stated.get("waiting") == "overdue":
        limits.append(today.isoformat())
    return min(limits, default=None)


def _keys(flag: str | None, places: Sequence[str] | None) -> tuple[str, ...]:
    """What the first field of the index holds: places, or a flag in them."""
    if flag is None:
        return tuple(places or ())
    return tuple(mark(flag, place) for place in (("",) if places is None else places))


def _index(leading: str, order: Order, *, plain: bool) -> Index:
    if leading == "case_number":
        return case_index(leading)
    return case_index(leading, order, plain=plain and not leading)


_EXACT: Final = {
    "organisation": "organisation.id",
    "mediator": "mediator.id",
    "case_number": "case_number",
}
"""Filters by the field that they are about."""

_NARROWEST: Final = ("case_number", "mediator.id", "organisation.id")
"""Fields by which cases are found, those that leave the fewest first."""

_ONLY_BY_DEADLINE = Fault(
    "not_applicable",
    Text("按期限筛选时只能按期限排序", "Filtered by deadline, cases come by deadline only"),
)
_UNKNOWN_PAGE = Refused(
    "validation_failed",
    errors=[
        FieldError(
            "/after",
            "unknown_value",
            Text("页码无效，请从第一页开始", "Unknown page, begin anew"),
        )
    ],
)
