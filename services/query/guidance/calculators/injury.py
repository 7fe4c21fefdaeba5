"""Benefits by grade of disability after an injury at work: 工伤保险条例 35, 36, 37, 64.

What the provinces set (一次性工伤医疗补助金, 一次性伤残就业补助金) is not worked out but named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final, NamedTuple

from services.query.guidance.calculators.amounts import yuan
from services.query.guidance.calculators.inputs import LOCAL_MINIMUM, Input, Values
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
from shared.errors import Text

GRANT_MONTHS: Final[Mapping[int, int]] = {
    1: 27, 2: 25, 3: 23, 4: 21, 5: 18, 6: 16, 7: 13, 8: 11, 9: 9, 10: 7,
}  # fmt: skip
"""Months of the worker's own wage by grade of disability."""

ALLOWANCE_PERCENT: Final[Mapping[int, int]] = {1: 90, 2: 85, 3: 80, 4: 75, 5: 70, 6: 60}
"""Per cent of the own wage each month by grade."""

LEAST_SHARE, MOST_SHARE = Decimal("0.6"), Decimal(3)

GRADE = Input(
    "grade", Text("伤残等级", "Grade of disability"), "grade", 1, 10, source=cite("WII 21")
)
SEVERE_GRADE = Input(
    "grade", Text("伤残等级（一至六级）", "Grade of disability (1 to 6)"), "grade", 1, 6,
    source=cite("WII 21"),
)  # fmt: skip
OWN_WAGE = Input(
    "own_wage",
    Text(
        "本人工资：受伤或者患病前12个月平均月缴费工资",
        "Own wage: average monthly wage contributions were paid on in the 12 months before",
    ),
    "CNY/month", 1, source=cite("WII 64"),
)  # fmt: skip
AVERAGE = Input(
    "local_average_wage",
    Text("统筹地区职工月平均工资", "Average wage a month of the insurance area"),
    "CNY/month", 500, 100_000, required=False, source=cite("WII 64"),
)  # fmt: skip
MINIMUM = replace(LOCAL_MINIMUM, source=cite("WII 35"))

UNINSURED: Final = line(
    Text(
        "单位应当参加而未参加工伤保险的，上述待遇由单位按同一标准支付。",
        "An employer that should have insured you and did not pays the same itself.",
    ),
    "WII 62",
)
_GRADED: Final = line(
    Text(
        "以已认定工伤并经劳动能力鉴定评定等级为前提。",
        "Once the injury was recognised as one at work and the grade was assessed.",
    ),
    "WII 21",
)


class OwnWage(NamedTuple):
    amount: Decimal
    bounds: tuple[Line, ...]
    warnings: tuple[Line, ...]


def own_wage(values: Values) -> OwnWage:
    """The own wage, at least 60 % and at most 300 % of the area's average (64)."""
    wage: Decimal = values["own_wage"]
    average: Decimal | None = values.get("local_average_wage")
    if average is None:
        unchecked = line(
            Text(
                "未填写统筹地区职工月平均工资，未核对60%至300%的上下限。",
                "Without the area's average wage the bounds of 60 and 300 % were not checked.",
            ),
            "WII 64",
        )
        return OwnWage(wage, (), (unchecked,))
    counted = min(max(wage, LEAST_SHARE * average), MOST_SHARE * average)
    if counted == wage:
        return OwnWage(wage, (), ())
    percent = "60" if counted > wage else "300"
    bounded = line(
        Text(
            f"本人工资{yuan(wage)}元按统筹地区职工平均工资的{percent}%即{yuan(counted)}元计算。",
            f"Of the own wage of CNY {yuan(wage)} {percent} % of the area's average counts, CNY"
            f" {yuan(counted)}.",
        ),
        "WII 64",
    )
    return OwnWage(counted, (bounded,), ())


def _article(grade: int) -> str:
    return f"WII {35 if grade <= 4 else 36 if grade <= 6 else 37}"


def disability_grant(values: Values) -> Outcome:
    """一次性伤残补助金."""
    grade: int = values["grade"]
    wage = own_wage(values)
    months = GRANT_MONTHS[grade]
    amount = months * wage.amount
    warnings = [*wage.warnings, UNINSURED]
    if grade > 4:
        provincial = line(
            Text(
                "五至十级离职时另有一次性工伤医疗补助金和一次性伤残就业补助金，标准由各省规定，请查当地规定或问12333。",
                "For grades 5 to 10 there are also the one-off medical and employment subsidies when you"
                " leave; each province sets them: ask 12333.",
            ),
            _article(grade),
        )
        warnings.append(provincial)
    return Outcome(
        figures=(
            money("disability_grant", Text("一次性伤残补助金", "One-off disability grant"), amount),
            Figure("months", Text("月数", "Months"), Decimal(months), "months"),
            money("wage_counted", Text("计算基数", "Wage that counts"), wage.amount, "CNY/month"),
        ),
        steps=(
            line(
                Text(
                    f"{grade}级为{months}个月的本人工资：{months}×{yuan(wage.amount)}={yuan(amount)}元。",
                    f"Grade {grade} is {months} months of the own wage: {months} × {yuan(wage.amount)} ="
                    f" {yuan(amount)} CNY.",
                ),
                _article(grade),
            ),
        ),
        bounds=wage.bounds,
        assumptions=(_GRADED,),
        warnings=warnings,
    )


def disability_allowance(values: Values) -> Outcome:
    """伤残津贴 each month; not below the local minimum wage."""
    grade: int = values["grade"]
    wage = own_wage(values)
    percent = ALLOWANCE_PERCENT[grade]
    amount = wage.amount * percent / 100
    minimum: Decimal | None = values.get("local_minimum_wage")
    bounds = list(wage.bounds)
    steps = [
        line(
            Text(
                f"{grade}级每月为本人工资的{percent}%：{yuan(wage.amount)}×{percent}%={yuan(amount)}元。",
                f"Grade {grade} is {percent} % of the own wage a month: {yuan(wage.amount)} × {percent} % ="
                f" {yuan(amount)} CNY.",
            ),
            _article(grade),
        )
    ]
    if minimum is not None and amount < minimum:
        bounds.append(
            line(
                Text(
                    f"低于当地最低工资的补足差额，按{yuan(minimum)}元。",
                    f"It is made up to the local minimum wage, CNY {yuan(minimum)}.",
                ),
                _article(grade),
            )
        )
        amount = minimum
    if grade <= 4:
        payer = Text("由工伤保险基金按月支付。", "The insurance fund pays it each month.")
    else:
        payer = Text(
            "仅在单位难以安排工作时，由用人单位按月支付。",
            "Only if no suitable work can be given; the employer pays it each month.",
        )
    return Outcome(
        figures=(
            money(
                "disability_allowance",
                Text("伤残津贴", "Disability allowance"),
                amount,
                "CNY/month",
            ),
            money("wage_counted", Text("计算基数", "Wage that counts"), wage.amount, "CNY/month"),
        ),
        steps=steps,
        bounds=bounds,
        assumptions=(_GRADED, line(payer, _article(grade))),
        warnings=(*wage.warnings, UNINSURED),
    )


INJURY: tuple[Calculator, ...] = (
    calculator(
        "disability_grant", Text("一次性伤残补助金", "One-off disability grant"),
        "WII 35; WII 36; WII 37; WII 64", (GRADE, OWN_WAGE, AVERAGE), disability_grant,
    ),
    calculator(
        "disability_allowance", Text("伤残津贴", "Monthly disability allowance"),
        "WII 35; WII 36; WII 64", (SEVERE_GRADE, OWN_WAGE, AVERAGE, MINIMUM),
        disability_allowance,
    ),
)  # fmt: skip
