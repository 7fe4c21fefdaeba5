"""Time away from work: maternity leave and the medical period.

女职工劳动保护特别规定 7, 8; 企业职工患病或非因工负伤医疗期规定 3, 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from services.query.guidance.calculators.amounts import yuan
from services.query.guidance.calculators.inputs import Input, Values
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
from shared.contracts.faults import Fault
from shared.errors import FieldError, Text

BIRTH_DAYS, EXTRA_DAYS = 98, 15
MISCARRIAGE_DAYS: Final[Mapping[str, int]] = {
    "miscarriage_before_4_months": 15,
    "miscarriage_from_4_months": 42,
}
DAYS_A_MONTH: Final = 30
_EVENTS: Final[Mapping[str, Text]] = {
    "birth": Text("生育", "Birth"),
    "miscarriage_before_4_months": Text("怀孕未满4个月流产", "Miscarriage before four months"),
    "miscarriage_from_4_months": Text("怀孕满4个月流产", "Miscarriage from four months on"),
}

EVENT = Input(
    "event", Text("情形", "What happened"), "choice", source=cite("FWR 7"), choices=_EVENTS
)
CHILDREN = Input(
    "children", Text("本次生育的婴儿数", "Children born"), "children", 1, 9, required=False,
    source=cite("FWR 7"),
)  # fmt: skip
DIFFICULT = Input(
    "difficult_birth", Text("是否难产", "A difficult birth"), "yes_no", required=False,
    source=cite("FWR 7"),
)  # fmt: skip
BASE_WAGE = Input(
    "monthly_wage",
    Text(
        "已参保的填单位上年度职工月平均工资，未参保的填本人产假前月工资",
        "Insured: the employer's average wage of last year; not insured: your own wage before",
    ),
    "CNY/month", 1, required=False, source=cite("FWR 8"),
)  # fmt: skip
ONLY_FOR_BIRTH: Final = Fault("not_allowed", Text("仅生育时填写", "Only to be stated for a birth"))


def only_for_birth(values: Values, _: date) -> Iterable[FieldError]:
    if values.get("event", "birth") != "birth":
        for name in ("children", "difficult_birth"):
            if values.get(name):
                yield ONLY_FOR_BIRTH.at(f"/{name}")


def maternity_leave(values: Values) -> Outcome:
    """Days of leave by national law, and the allowance for them if a wage is stated."""
    days, counted = _leave_days(values)
    figures = [Figure("days", Text("产假天数", "Days of leave"), Decimal(days), "days")]
    steps = [counted]
    assumptions = []
    wage: Decimal | None = values.get("monthly_wage")
    if wage is not None:
        allowance = wage * days / DAYS_A_MONTH
        figures.append(money("allowance", Text("生育津贴估算", "Allowance, estimated"), allowance))
        steps.append(
            line(
                Text(
                    f"生育津贴：{yuan(wage)}÷30×{days}={yuan(allowance)}元。",
                    f"Allowance: {yuan(wage)} ÷ 30 × {days} = {yuan(allowance)} CNY.",
                ),
                "FWR 8",
            )
        )
        assumptions.append(
            line(
                Text(
                    "日标准按月工资除以30天估算，各地折算方法可能不同。",
                    "A day is taken as a thirtieth of a month; places differ.",
                ),
                "FWR 8",
            )
        )
    return Outcome(
        figures=figures,
        steps=steps,
        assumptions=assumptions,
        warnings=(
            line(
                Text(
                    "各省、自治区、直辖市另有延长产假或者奖励假的规定，请查当地规定。",
                    "Provinces add further days of their own: look up the local rules.",
                ),
                "FWR 7",
            ),
            line(
                Text(
                    "不得因怀孕、生育、哺乳降低工资、辞退或者解除合同。",
                    "Nobody may be paid less or dismissed for pregnancy, birth or nursing.",
                ),
                "FWR 5",
            ),
        ),
    )


def _leave_days(values: Values) -> tuple[int, Line]:
    event = values["event"]
    if event != "birth":
        days = MISCARRIAGE_DAYS[event]
        what = _EVENTS[event]
        return days, line(Text(f"{what.zh}：{days}天。", f"{what.en}: {days} days."), "FWR 7")
    children = values.get("children") or 1
    difficult = EXTRA_DAYS if values.get("difficult_birth") else 0
    more = EXTRA_DAYS * (children - 1)
    days = BIRTH_DAYS + difficult + more
    return days, line(
        Text(
            f"基本98天，难产加{difficult}天，多胞胎加{more}天，共{days}天，其中产前可休15天。",
            f"98 days, {difficult} more for a difficult birth, {more} for further children: {days}, 15 of"
            " which may be taken before.",
        ),
        "FWR 7",
    )


# Medical period ---------------------------------------------------------------------------------

_SHORT_CAREER: Final = ((5, 6), (0, 3))
_LONG_CAREER: Final = ((20, 24), (15, 18), (10, 12), (5, 9), (0, 6))
_CAREER: Final = 10
WINDOWS: Final[Mapping[int, int]] = {3: 6, 6: 12, 9: 15, 12: 18, 18: 24, 24: 30}
"""Months within which sick leave is added up, by the months of the medical period (4)."""

TOTAL_YEARS = Input(
    "total_years", Text("实际参加工作满几年", "Full years worked in all"), "years", 0, 60,
    source=cite("MTP 3"),
)  # fmt: skip
YEARS_HERE = Input(
    "years_here", Text("在本单位工作满几年", "Full years with this employer"), "years", 0, 60,
    source=cite("MTP 3"),
)  # fmt: skip
MORE_THAN_TOTAL: Final = Fault(
    "out_of_range", Text("不能多于实际参加工作的年限", "Cannot be more than the years in all")
)


def within_career(values: Values, _: date) -> Iterable[FieldError]:
    here, total = values.get("years_here"), values.get("total_years")
    if here is not None and total is not None and here > total:
        yield MORE_THAN_TOTAL.at("/years_here")


def medical_period(values: Values) -> Outcome:
    """Months in which illness outside work is no ground to dismiss."""
    total, here = values["total_years"], values["years_here"]
    ladder = _LONG_CAREER if total >= _CAREER else _SHORT_CAREER
    months = next(length for years, length in ladder if here >= years)
    window = WINDOWS[months]
    return Outcome(
        figures=(
            Figure("medical_period", Text("医疗期", "Medical period"), Decimal(months), "months"),
            Figure(
                "window", Text("累计病休的计算周期", "Added up within"), Decimal(window), "months"
            ),
        ),
        steps=(
            line(
                Text(
                    f"工作满{total}年、在本单位满{here}年：医疗期{months}个月。",
                    f"{total} years in all, {here} with this employer: {months} months.",
                ),
                "MTP 3",
            ),
            line(
                Text(
                    f"按{window}个月内累计病休时间计算。",
                    f"Sick leave is added up within {window} months.",
                ),
                "MTP 4",
            ),
        ),
        warnings=(
            line(
                Text(
                    "医疗期内不得依照第四十条、第四十一条解除劳动合同；各地可能有更有利的规定。",
                    "In that time there is no dismissal under articles 40 and 41; local rules may be better.",
                ),
                "LCL 42",
            ),
        ),
    )


ABSENCE: tuple[Calculator, ...] = (
    calculator(
        "maternity_leave", Text("产假天数与生育津贴", "Maternity leave and allowance"),
        "FWR 7; FWR 8; FWR 5", (EVENT, CHILDREN, DIFFICULT, BASE_WAGE), maternity_leave,
        rules=(only_for_birth,),
    ),
    calculator(
        "medical_period", Text("医疗期", "Medical period of illness outside work"),
        "MTP 3; MTP 4; LCL 42", (TOTAL_YEARS, YEARS_HERE), medical_period, rules=(within_career,),
    ),
)  # fmt: skip
