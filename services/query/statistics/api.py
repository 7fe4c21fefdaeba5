"""Statistics over HTTP: everybody may ask; small numbers are for staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from time import monotonic
from typing import Any, Final

from flask import request

from services.query.statistics import answers
from services.query.statistics.counting import (
    GROUPS,
    ITEMS_MOST,
    MOST_DAYS,
    PENDING,
    SMALLEST_SHOWN,
    Group,
    Question,
    groups,
    pipeline,
    presented,
    suppressed_totals,
    together,
)
from services.query.store import ReadModels, TooWide
from shared.asking import caller
from shared.civil_time import today
from shared.contracts.fields import Choice, Date, Str
from shared.contracts.lifecycle import OUTCOMES
from shared.contracts.schema import Body, read
from shared.contracts.vocabulary import CATEGORIES
from shared.divisions import find
from shared.errors import FieldError, Language, Refused, Text
from shared.web import Route

KEPT_SECONDS: Final = 60
"""How long the counts of a question are given again without counting anew."""

_KEPT_QUESTIONS: Final = 64
_MONTH: Final = timedelta(days=30)
_YEAR: Final = timedelta(days=365)
_TOLD_ALL: Final = frozenset({"platform_admin", "organisation_admin", "mediator", "auditor"})

RULE = Text(
    f"为保护个人信息，小于{SMALLEST_SHOWN}的数量及可据以推算的数量不予显示（null）；用时按自然日计算。",
    f"To protect people counts below {SMALLEST_SHOWN}, and those that would tell them, are null; days"
    " are civil days.",
)
RULE_FOR_STAFF = Text("用时按自然日计算。", "Days are civil days.")
_PENDING = Text("尚无结果", "Without a result yet")
_NOBODY = Text("尚未分派调解组织", "With no organisation yet")


class StatisticsQuery(Body):
    """`from` and `to` are civil days of submission, both included; by default the last year in a
    division, the last month in the country."""

    first = Date("起始日期", data_key="from")
    last = Date("截止日期", data_key="to")
    division = Str("区划代码", 12)
    by = Choice("分组", GROUPS)


class StatisticsDesk:
    """The view of statistics; counts of a question are kept for a minute, for everybody."""

    def __init__(self, models: ReadModels) -> None:
        self._models = models
        self._kept = lru_cache(_KEPT_QUESTIONS)(self._count)

    def statistics(self) -> dict[str, Any]:
        question = _question(read(StatisticsQuery(), dict(request.args.to_dict()), today()))
        asking = caller()
        everything = asking.principal is not None and asking.principal.role in _TOLD_ALL
        counted = self._kept(question, int(monotonic() // KEPT_SECONDS))
        items = list(counted.items())
        hidden = set() if everything else suppressed_totals(items)
        shown = [(key, group) for key, group in items if key not in hidden]
        names = self._names(question, [key for key, _ in shown[:ITEMS_MOST]], asking.language)
        rule = RULE_FOR_STAFF if everything else RULE
        return {
            "first_day": question.first.isoformat(),
            "last_day": question.last.isoformat(),
            "division": question.division,
            "by": question.by,
            "whole": presented(together(counted.values()), everything=everything),
            "items": [
                {"key": key, "text": names[key], **presented(group, everything=everything)}
                for key, group in shown[:ITEMS_MOST]
            ],
            "groups_left_out": len(items) - len(shown[:ITEMS_MOST]),
            "note": rule.to(asking.language),
        }

    def _count(self, question: Question, _minute: int) -> Mapping[str, Group]:
        try:
            return groups(self._models.counted(pipeline(question)))
        except TooWide:
            message = Text(
                "统计范围过大，请指定地区或者缩短时间",
                "Too many cases to count at once: name a division or a shorter period",
            )
            wide = FieldError("/from", "out_of_range", message)
            raise Refused("validation_failed", errors=[wide]) from None

    def _names(self, question: Question, keys: Sequence[str], language: Language) -> dict[str, str]:
        """What each group is called; by its key if nothing is known of it."""
        texts: Mapping[str, Text] = {"category": CATEGORIES, "outcome": OUTCOMES}.get(
            question.by, {}
        )
        names = {key: texts[key].to(language) if key in texts else key for key in keys}
        if question.by == "organisation":
            names |= self._models.organisation_names(keys)
        elif question.by == "division":
            found = {key: find(key.ljust(6, "0")) for key in keys}
            names |= {key: division.name for key, division in found.items() if division}
        if PENDING in names:
            nobody = question.by == "organisation"
            names[PENDING] = (_NOBODY if nobody else _PENDING).to(language)
        return names


def _question(asked: Mapping[str, Any]) -> Question:
    """What is asked, by category unless it says otherwise."""
    division = asked.get("division")
    usual = _MONTH if division is None else _YEAR
    last = date.fromisoformat(asked["last"]) if asked.get("last") else today()
    first = date.fromisoformat(asked["first"]) if asked.get("first") else last - usual
    if not 0 <= (last - first).days <= MOST_DAYS:
        message = Text("时间范围应为五年以内", "A period of five years at most, from before to")
        raise Refused("validation_failed", errors=[FieldError("/from", "out_of_range", message)])
    by = asked.get("by") or "category"
    if division is not None and find(division) is None:
        message = Text("没有这个行政区划代码", "There is no such division code")
        raise Refused(
            "validation_failed", errors=[FieldError("/division", "unknown_division", message)]
        )
    if division is None and by == "organisation":
        message = Text("按调解组织统计须指定地区", "By organisation only within a division")
        raise Refused("validation_failed", errors=[FieldError("/division", "required", message)])
    return Question(first, last, division, by)


def routes(desk: StatisticsDesk) -> Sequence[Route]:
    """The operation on statistics."""
    return (
        Route(
            "GET", "/v1/statistics", desk.statistics,
            "Cases by status and outcome, share settled, days to each step",
            query=StatisticsQuery, answer=answers.Statistics, refusals=("validation_failed",),
        ),
    )  # fmt: skip
