"""What a search may be limited to: which filters there are, and which policies they let through."""

from __future__ import annotations

from datetime import date

from services.query.policies.policy import KINDS, NATIONAL, Policy
from services.query.search.question import Filters
from shared import divisions
from shared.errors import FieldError, Refused, Text

MAX_PAGE = 1000
MAX_SIZE = 50
MAX_ISSUER = 100

SORTS = ("relevance", "date")
"""Orders of an answer: the best or the newest first."""


def check(filters: Filters, page: int, size: int, sort: str) -> None:
    """Refuse what no answer can be given for, every fault at once."""
    errors = []
    if filters.kind is not None and filters.kind not in KINDS:
        message = Text("没有这种文件", "There is no such kind of policy")
        errors.append(FieldError("/kind", "unknown_kind", message))
    if filters.issuer is not None and len(filters.issuer) > MAX_ISSUER:
        message = Text("制定机关名称过长", "The issuer's name is too long")
        errors.append(FieldError("/issuer", "too_long", message))
    if filters.region not in (None, NATIONAL) and divisions.find(filters.region or "") is None:
        message = Text("没有这个行政区划代码", "There is no such division code")
        errors.append(FieldError("/region", "unknown_division", message))
    for first, last, name in (
        (filters.effective_from, filters.effective_to, "effective_to"),
        (filters.promulgated_from, filters.promulgated_to, "promulgated_to"),
    ):
        if first and last and last < first:
            message = Text("结束日期早于开始日期", "The last day is before the first")
            errors.append(FieldError(f"/{name}", "before_start", message))
    if sort not in SORTS:
        message = Text("没有这种排序", "There is no such order")
        errors.append(FieldError("/sort", "unknown_sort", message))
    if not 1 <= page <= MAX_PAGE:
        message = Text(f"页码应在 1 至 {MAX_PAGE} 之间", f"Pages run from 1 to {MAX_PAGE}")
        errors.append(FieldError("/page", "out_of_range", message))
    if not 1 <= size <= MAX_SIZE:
        message = Text(f"每页 1 至 {MAX_SIZE} 条", f"1 to {MAX_SIZE} items a page")
        errors.append(FieldError("/size", "out_of_range", message))
    if errors:
        raise Refused("validation_failed", errors=errors)


class Conditions:
    """Filters as one question about a policy, put once a search for each policy there is."""

    def __init__(self, filters: Filters, today: date) -> None:
        self._filters = filters
        self._day = filters.as_of or today
        self._in_force = True if filters.as_of and filters.in_force is None else filters.in_force
        region = filters.region
        self._places = (
            {NATIONAL, *(division.code for division in divisions.chain(region))} if region else None
        )

    def admit(self, policy: Policy) -> bool:
        """Whether an article of the policy may be in the answer."""
        filters = self._filters
        return (
            filters.kind in (None, policy.kind)
            and (filters.issuer is None or filters.issuer in policy.issuers)
            and (self._places is None or policy.region in self._places)
            and _within(policy.effective_on, filters.effective_from, filters.effective_to)
            and _within(policy.promulgated_on, filters.promulgated_from, filters.promulgated_to)
            and (self._in_force is None or self._in_force == policy.holds_on(self._day))
        )


def _within(day: date | None, first: date | None, last: date | None) -> bool:
    """Whether a day lies between two; a day nobody knows lies between none."""
    if first is None and last is None:
        return True
    return day is not None and (first is None or first <= day) and (last is None or day <= last)
