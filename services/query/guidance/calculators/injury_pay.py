"""Pay while off work after an injury, and what a death at work brings: 工伤保险条例 33, 39."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.query.guidance.calculators.amounts import plain, yuan
from services.query.guidance.calculators.injury import AVERAGE, UNINSURED
from services.query.guidance.calculators.inputs import AMOUNT_MOST, Input, Values
from services.query.guidance.calculators.outcome import (
    Calculator,
    Outcome,
    calculator,
    line,
    money,
)
from services.query.guidance.norms import cite
from shared.errors import Text

INCOMES_OF_DEATH: Final = 20
FUNERAL_MONTHS: Final = 6
_LEAVE_MONTHS: Final = 12

ORIGINAL_WAGE = Input(
    "monthly_wage", Text("受伤前的月工资（原工资）", "Wage a month before the injury"), "CNY/month", 1,
    source=cite("WII 33"),
)  # fmt: skip
LEAVE_MONTHS = Input(
    "months", Text("停工留薪月数", "Months off work"), "months", 0, 24, source=cite("WII 33")
)
PAID = Input(
    "already_paid", Text("期间已支付的工资", "Wage received meanwhile"), "CNY", 0, AMOUNT_MOST,
    required=False,
)  # fmt: skip


def injury_leave_pay(values: Values) -> Outcome:
    """停工留薪期: the wage goes on as before, 12 months, at most 12 more when confirmed."""
    months: Decimal = values["months"]
    wage: Decimal = values["monthly_wage"]
    paid: Decimal = values.get("already_paid") or Decimal(0)
    whole = months * wage
    owed = max(whole - paid, Decimal(0))
    long = (
        line(
            Text(
                "超过12个月的部分须经设区的市级劳动能力鉴定委员会确认，延长最多12个月。",
                "Beyond 12 months the city's assessment committee has to confirm it, for 12 more at most.",
            ),
            "WII 33",
        ),
    )
    return Outcome(
        figures=(
            money("owed", Text("应补停工留薪期工资", "Pay still owed"), owed),
            money("whole", Text("停工留薪期工资", "Pay while off work"), whole),
        ),
        steps=(
            line(
                Text(
                    f"原工资福利待遇不变：{plain(months)}×{yuan(wage)}={yuan(whole)}元，减去已付{yuan(paid)}元，"
                    f"应补{yuan(owed)}元。",
                    f"The wage goes on: {plain(months)} × {yuan(wage)} = {yuan(whole)} CNY, less {yuan(paid)}"
                    f" paid: {yuan(owed)} CNY.",
                ),
                "WII 33",
            ),
        ),
        bounds=long if months > _LEAVE_MONTHS else (),
        assumptions=(
            line(
                Text(
                    "由所在单位按月支付；评定伤残等级后改按伤残待遇。",
                    "The employer pays it each month; once a grade is assessed disability benefits follow.",
                ),
                "WII 33",
            ),
        ),
    )


NATIONAL_INCOME = Input(
    "national_income",
    Text(
        "上一年度全国城镇居民人均可支配收入（国家统计局公布）",
        "National disposable income per urban resident of the year before (statistics bureau)",
    ),
    "CNY", 10_000, 300_000, source=cite("WII 39"),
)  # fmt: skip


def work_death(values: Values) -> Outcome:
    """一次性工亡补助金 and, with the area's average wage, 丧葬补助金."""
    income: Decimal = values["national_income"]
    grant = INCOMES_OF_DEATH * income
    steps = [
        line(
            Text(
                f"一次性工亡补助金：20×{yuan(income)}={yuan(grant)}元。",
                f"One-off grant: 20 × {yuan(income)} = {yuan(grant)} CNY.",
            ),
            "WII 39",
        )
    ]
    parts = [money("grant", Text("一次性工亡补助金", "One-off death grant"), grant)]
    average: Decimal | None = values.get("local_average_wage")
    if average is not None:
        funeral = FUNERAL_MONTHS * average
        parts.append(money("funeral", Text("丧葬补助金", "Funeral subsidy"), funeral))
        parts.append(money("total", Text("两项合计", "Both together"), grant + funeral))
        steps.append(
            line(
                Text(
                    f"丧葬补助金：6×{yuan(average)}={yuan(funeral)}元。",
                    f"Funeral subsidy: 6 × {yuan(average)} = {yuan(funeral)} CNY.",
                ),
                "WII 39",
            )
        )
    return Outcome(
        figures=parts,
        steps=steps,
        warnings=(
            line(
                Text(
                    "另有供养亲属抚恤金，按本人工资：配偶每月40%，其他亲属每人每月30%，孤寡老人或者孤儿再加10%，"
                    "合计不高于本人生前工资。",
                    "Dependants get a monthly pension of the own wage besides: spouse 40 %, others 30 % each, 10 %"
                    " more for the lonely old and orphans, never above the wage.",
                ),
                "WII 39",
            ),
            UNINSURED,
        ),
    )


INJURY_PAY: tuple[Calculator, ...] = (
    calculator(
        "injury_leave_pay", Text("停工留薪期工资", "Pay while off work after an injury"), "WII 33",
        (ORIGINAL_WAGE, LEAVE_MONTHS, PAID), injury_leave_pay,
    ),
    calculator(
        "work_death", Text("一次性工亡补助金", "Grant for a death at work"), "WII 39",
        (NATIONAL_INCOME, AVERAGE), work_death,
    ),
)  # fmt: skip
