"""Pay for annual leave that was not taken: 职工带薪年休假条例 3, 5; 实施办法 5, 10, 11, 12."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from services.query.guidance.calculators.amounts import PAID_DAYS, ZERO, plain, yuan
from services.query.guidance.calculators.inputs import Input, Values, day, not_in_future
from services.query.guidance.calculators.outcome import (
    Calculator,
    Figure,
    Line,
    Outcome,
    calculator,
    line,
    money,
)
from services.query.guidance.norms import cite
from shared.contracts.faults import Fault, fault
from shared.errors import FieldError, Text
from shared.working_days import one_year_after

DAYS_A_YEAR: Final = 365
_LADDER: Final = ((20, 15), (10, 10), (1, 5), (0, 0))
"""Cumulated years from which so many days are due (条例 3)."""

YEAR = Input("year", Text("哪一年的年休假", "Year of the leave"), "year", 2008, 2100)
CUMULATED = Input(
    "cumulated_years", Text("累计工作满几年，不限于本单位", "Full years worked, with all employers"),
    "years", 0, 60, source=cite("ALR 3"),
)  # fmt: skip
TAKEN = Input("days_taken", Text("当年已休年休假天数", "Days taken that year"), "days", 0, 60)
WAGE_WITHOUT_OVERTIME = Input(
    "monthly_wage",
    Text("前12个月剔除加班工资后的月平均工资", "Average wage of 12 months, overtime pay left out"),
    "CNY/month", 1, source=cite("ALM 11"),
)  # fmt: skip
JOINED = Input(
    "started_on", Text("当年新入职的，入职之日", "First day, if it lies in that year"), "date",
    required=False, source=cite("ALM 5"),
)  # fmt: skip
LEFT = Input(
    "ended_on", Text("当年离职的，离职之日", "Last day, if it lies in that year"), "date",
    required=False, source=cite("ALM 12"),
)  # fmt: skip

OUTSIDE_YEAR: Final = Fault(
    "out_of_range", Text("应在所填的年度之内", "Must lie in the year stated")
)
BEFORE_JOINING: Final = Fault(
    "before_start", Text("不能早于入职之日", "Cannot be before the first day")
)
WHOLE_DAYS: Final = Fault("wrong_type", Text("应为整天或者半天", "Whole or half days only"))


def within_year(values: Values, today: date) -> Iterable[FieldError]:
    """Joining and leaving lie in the year, in order; the year is not beyond this one."""
    year = values.get("year")
    if year is not None and year > today.year:
        yield fault("out_of_range", YEAR.least, today.year).at("/year")
    joined, left = day(values, "started_on"), day(values, "ended_on")
    for name, on in (("started_on", joined), ("ended_on", left)):
        if on is not None and year is not None and on.year != year:
            yield OUTSIDE_YEAR.at(f"/{name}")
    if joined is not None and left is not None and left < joined:
        yield BEFORE_JOINING.at("/ended_on")
    taken = values.get("days_taken")
    if taken is not None and taken * 2 % 1:
        yield WHOLE_DAYS.at("/days_taken")


def full_days(cumulated_years: int) -> int:
    return next(days for years, days in _LADDER if cumulated_years >= years)


def days_owed(values: Values) -> tuple[Decimal, Line]:
    """Days of leave due that year and not taken, and how they were counted."""
    full, taken = full_days(values["cumulated_years"]), values["days_taken"]
    year = values["year"]
    joined, left = day(values, "started_on"), day(values, "ended_on")
    if joined is None and left is None:
        owed = max(Decimal(full) - taken, ZERO)
        return owed, line(
            Text(
                f"累计工作满{values['cumulated_years']}年，年休假{full}天，已休{plain(taken)}天，未休{plain(owed)}天。",
                f"After {values['cumulated_years']} years {full} days are due; {plain(taken)} were taken,"
                f" {plain(owed)} were not.",
            ),
            "ALR 3",
        )
    first, last = joined or date(year, 1, 1), left or date(year, 12, 31)
    present = (last - first).days + 1
    share = min(Decimal(present * full) / DAYS_A_YEAR, Decimal(full))
    due = Decimal(int(share)) if left is None else share  # 实施办法 5: it is in whole days itself
    owed = max(due - taken, ZERO)
    if left is not None:
        owed = Decimal(int(owed))  # 12: what is left of it is
    return owed, line(
        Text(
            f"当年在本单位{present}天，{present}÷365×{full}天={plain(share)}天，减去已休{plain(taken)}天，"
            f"不足1整天的舍去，应休未休{plain(owed)}天。",
            f"{present} days with the employer that year: {present} ÷ 365 × {full} = {plain(share)} days, less"
            f" {plain(taken)} taken; parts of a day do not count, so {plain(owed)} days.",
        ),
        "ALM 5" if left is None else "ALM 12",
    )


def annual_leave(values: Values) -> Outcome:
    """300 % of a day's wage for each day, of which the ordinary wage was paid already."""
    owed, counted = days_owed(values)
    wage: Decimal = values["monthly_wage"]
    daily = wage / PAID_DAYS
    more, whole = owed * wage * 2 / PAID_DAYS, owed * wage * 3 / PAID_DAYS
    return Outcome(
        figures=(
            money("additional", Text("应当另付的200%", "Still to be paid (200 %)"), more),
            money("whole", Text("300%工资报酬", "Pay of 300 %"), whole),
            Figure("days", Text("应休未休天数", "Days due and not taken"), owed, "days"),
        ),
        steps=(
            counted,
            line(
                Text(
                    f"日工资：{yuan(wage)}÷21.75={yuan(daily)}元（计算时不先行取整）。",
                    f"Wage of a day: {yuan(wage)} ÷ 21.75 = {yuan(daily)} CNY (not rounded meanwhile).",
                ),
                "ALM 11",
            ),
            line(
                Text(
                    f"按300%支付共{yuan(whole)}元，其中100%已随工资支付，还应付{yuan(more)}元。",
                    f"300 % are CNY {yuan(whole)}; 100 % was paid with the wage, so CNY {yuan(more)} is due.",
                ),
                "ALM 10",
            ),
        ),
        assumptions=(
            line(
                Text(
                    "已连续工作满12个月，当年正常工资已经支付，且没有不享受年休假的情形。",
                    "You had worked 12 months without a break, were paid the ordinary wage, and none of the"
                    " exceptions holds.",
                ),
                "ALR 4",
            ),
        ),
        warnings=(
            line(
                Text(
                    "单位已安排而您书面提出不休的，只付正常工资。",
                    "If leave was arranged and you declined it in writing, only the ordinary wage is due.",
                ),
                "ALM 10",
            ),
            *_when_to_claim(values),
        ),
    )


def _when_to_claim(values: Values) -> Iterable[Line]:
    """From when it is due, and how long there is to claim it."""
    year, left, today = values["year"], day(values, "ended_on"), values["today"]
    if left is not None:
        yield line(
            Text(
                "解除或者终止劳动合同时就应支付。",
                "It is due when the contract ends.",
            ),
            "ALM 12",
        )
        yield line(
            Text(
                f"时效一年，从解除或者终止之日起算最为稳妥：最迟{one_year_after(left).isoformat()}申请仲裁。",
                "The limit is a year; to be safe count it from that day: go to arbitration by"
                f" {one_year_after(left).isoformat()}.",
            ),
            "LDMA 27",
        )
        return
    if year == today.year:
        yield line(
            Text(
                "这一年还没有结束：单位仍可安排休假，经您同意也可以跨一个年度安排；到时仍未安排的才应支付。",
                "The year is not over: leave can still be arranged, with your consent in the next year too;"
                " only what is not arranged by then is due.",
            ),
            "ALM 9",
        )
    yield line(
        Text(
            f"时效一年；{year}年的从哪一天起算法律没有写明，实践中多自次年起，请尽快主张。",
            f"The limit is a year; from when for {year} the law does not say, courts mostly count from the"
            " next year: claim soon.",
        ),
        "LDMA 27",
    )


ANNUAL_LEAVE: Calculator = calculator(
    "annual_leave", Text("未休年休假工资报酬", "Pay for annual leave not taken"),
    "ALR 3; ALR 5; ALM 5; ALM 9; ALM 10; ALM 11; ALM 12; LDMA 27",
    (YEAR, CUMULATED, TAKEN, WAGE_WITHOUT_OVERTIME, JOINED, LEFT), annual_leave,
    rules=(within_year, not_in_future("started_on")),
)  # fmt: skip
