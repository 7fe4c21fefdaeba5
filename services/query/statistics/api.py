"""Statistics over HTTP: everybody may ask; small numbers are for staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from flask import request

from services.query.statistics import answers, rolling
from services.query.statistics.counting import (
    GROUPS,
    MOST_DAYS,
    PENDING,
    Counted,
    Question,
    counted,
    pipeline,
)
from services.query.statistics.keeping import Keeping
from services.query.statistics.months import Months
from services.query.statistics.presenting import SMALLEST_SHOWN, hidden_groups, presented
from services.query.statistics.tables import MEDIA_TYPE, table
from services.query.store import ReadModels, TooWide
from shared.asking import caller
from shared.civil_time import rfc3339, today
from shared.contracts.fields import Choice, Date, Str
from shared.contracts.lifecycle import OUTCOMES
from shared.contracts.schema import Body, read
from shared.contracts.vocabulary import CATEGORIES, FLAGS
from shared.divisions import find
from shared.errors import FieldError, Language, Refused, Text
from shared.web import Answer, Route

ITEMS_MOST: Final = 500

_MONTH: Final = timedelta(days=30)
_YEAR: Final = timedelta(days=365)
_EARLIEST: Final = date(2000, 1, 1)
_TOLD_ALL: Final = frozenset({"platform_admin", "organisation_admin", "mediator", "auditor"})
_FORMATS: Final = ("json", "csv")

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
    category = Choice("争议类别", CATEGORIES)
    flag = Choice("标记", FLAGS)
    by = Choice("分组", GROUPS)
    format = Choice("格式", _FORMATS)


class Kept(NamedTuple):
    """Counts, and since when months that are over were not counted anew (None: all just now)."""

    counted: Counted
    since: datetime | None


class StatisticsDesk:
    """The view of statistics."""

    def __init__(self, models: ReadModels, months: Months) -> None:
        self._models = models
        self._months = months
        self._kept = Keeping(self._count)

    def statistics(self) -> Answer | dict[str, Any]:
        asked = read(StatisticsQuery(), dict(request.args.to_dict()), today())
        answer = self._answer(_question(asked))
        if asked.get("format") != "csv":
            return answer
        name = f"statistics-{answer['first_day']}-{answer['last_day']}-{answer['by']}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Answer(table(answer), headers=headers, content_type=MEDIA_TYPE)

    def _answer(self, question: Question) -> dict[str, Any]:
        asking = caller()
        everything = asking.principal is not None and asking.principal.role in _TOLD_ALL
        found, since = self._kept.of(question)
        groups, whole = dict(found.largest_first()), found.whole
        apart = question.by != "flag"
        hidden = set() if everything else hidden_groups(groups, whole.total, apart=apart)
        shown = [key for key in groups if key not in hidden]
        names = self._names(question, shown[:ITEMS_MOST], asking.language)
        rule = RULE_FOR_STAFF if everything else RULE
        return {
            "first_day": question.first.isoformat(),
            "last_day": question.last.isoformat(),
            "division": question.division,
            "category": question.category,
            "flag": question.flag,
            "by": question.by,
            "counted_at": rfc3339(since) if since else None,
            "whole": presented(whole, everything=everything),
            "items": [
                {"key": key, "text": names[key], **presented(groups[key], everything=everything)}
                for key in shown[:ITEMS_MOST]
            ],
            "groups_left_out": len(groups) - len(shown[:ITEMS_MOST]),
            "note": rule.to(asking.language),
        }

    def _count(self, question: Question) -> Kept:
        """Months that were counted beforehand from their cells, other days from the facts."""
        months = _whole_months(question) if rolling.can_answer(question) else []
        known = self._months.counted(months) if months else {}
        found = Counted()
        if known:
            cells = self._months.find(rolling.wanted(question, list(known)))
            found.add(rolling.answered(cells, question))
        for first, last in rolling.days_left(question.first, question.last, known):
            found.add(self._count_days(question, first, last))
        return Kept(found, min(known.values(), default=None))

    def _count_days(self, question: Question, first: date, last: date) -> Counted:
        part = Question(
            first, last, question.division, question.by, question.category, question.flag
        )
        try:
            return counted(self._models.counted(pipeline(part)), question.by)
        except TooWide:
            message = Text(
                "统计范围过大，请指定地区或者缩短时间",
                "Too many cases to count at once: name a division or a shorter period",
            )
            raise _refused("/from", "out_of_range", message) from None

    def _names(self, question: Question, keys: Sequence[str], language: Language) -> dict[str, str]:
        """What each group is called; by its key if nothing is known of it."""
        catalogues = {"category": CATEGORIES, "flag": FLAGS, "outcome": OUTCOMES}
        texts: Mapping[str, Text] = catalogues.get(question.by, {})
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


def _whole_months(question: Question) -> list[str]:
    """The months of a question that are over."""
    yesterday = today() - timedelta(days=1)
    return rolling.months_within(question.first, min(question.last, yesterday))


def _question(asked: Mapping[str, Any]) -> Question:
    """What is asked, by category unless it says otherwise."""
    division = asked.get("division")
    usual = _MONTH if division is None else _YEAR
    last = date.fromisoformat(asked["last"]) if asked.get("last") else today()
    if not _EARLIEST <= last <= today() + _YEAR:
        message = Text("应在2000年至一年以后之间", "From 2000 to a year from now")
        raise _refused("/to", "out_of_range", message)
    first = date.fromisoformat(asked["first"]) if asked.get("first") else last - usual
    by = asked.get("by") or "category"
    if not 0 <= (last - first).days <= MOST_DAYS:
        message = Text("时间范围应为五年以内", "A period of five years at most, from before to")
        raise _refused("/from", "out_of_range", message)
    if division is not None and find(division) is None:
        message = Text("没有这个行政区划代码", "There is no such division code")
        raise _refused("/division", "unknown_division", message)
    if division is None and by == "organisation":
        message = Text("按调解组织统计须指定地区", "By organisation only within a division")
        raise _refused("/division", "required", message)
    if by == "flag" and asked.get("flag"):
        message = Text("按标记分组时不能再指定标记", "Name a flag or group by flag, not both")
        raise _refused("/flag", "not_allowed", message)
    return Question(first, last, division, by, asked.get("category"), asked.get("flag"))


def _refused(pointer: str, code: str, message: Text) -> Refused:
    return Refused("validation_failed", errors=[FieldError(pointer, code, message)])


def routes(desk: StatisticsDesk) -> Sequence[Route]:
    """The operation on statistics."""
    return (
        Route(
            "GET", "/v1/statistics", desk.statistics,
            "Cases by status and outcome, share settled, days to each step; JSON or CSV",
            query=StatisticsQuery, answer=answers.Statistics, refusals=("validation_failed", "full"),
            media_type=("application/json", "text/csv"),
        ),
    )  # fmt: skip
