"""What pay is owed: overtime (劳动法 41, 44) and arrears with what is added (劳动合同法 85)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from services.query.guidance.calculators.amounts import (
    HOURS_A_MONTH,
    ZERO,
    plain,
    yuan,
)
from services.query.guidance.calculators.inputs import (
    AMOUNT_MOST,
    WAGE,
    Input,
    Values,
)
from services.query.guidance.calculators.outcome import (
    Calculator,
    Line,
    Outcome,
    calculator,
    line,
    money,
)
from services.query.guidance.norms import cite
from shared.contracts.faults import Fault
from shared.errors import FieldError, Text

# Overtime ---------------------------------------------------------------------------------------

HOURLY_RATES: Final = {"workday_hours": "1.5", "rest_day_hours": "2", "holiday_hours": "3"}
MONTHLY_HOURS: Final = 36
_HOURS_POSSIBLE: Final = {
    "workday_hours": 23 * 16,
    "rest_day_hours": 10 * 24,
    "holiday_hours": 8 * 24,
}
"""The most there can be in a month: beyond eight hours on workdays, whole rest days and holidays."""

_KINDS: Final = {
    "workday_hours": Text("工作日延长工作时间", "Overtime on workdays"),
    "rest_day_hours": Text("休息日加班且未安排补休", "Work on rest days without time off instead"),
    "holiday_hours": Text("法定休假日加班", "Work on statutory holidays"),
}

MONTHS = Input("months", Text("计算几个月", "Months that are counted"), "months", 1, 24)
ALREADY_PAID = Input(
    "already_paid", Text("已支付的加班费", "Overtime pay received"), "CNY", 0, AMOUNT_MOST,
    required=False,
)  # fmt: skip
_HOURS: Final = tuple(
    Input(name, title, "hours", 0, _HOURS_POSSIBLE[name] * 24, required=False, source=cite("LL 44"))
    for name, title in _KINDS.items()
)
TOO_MANY_HOURS: Final = Fault(
    "out_of_range",
    Text("超过所填月数内可能的小时数", "More hours than there are in the months stated"),
)


def hours_possible(values: Values, _: date) -> Iterable[FieldError]:
    months = values.get("months")
    for name, most in _HOURS_POSSIBLE.items():
        hours = values.get(name)
        if hours is not None and months is not None and hours > most * months:
            yield TOO_MANY_HOURS.at(f"/{name}")


def overtime(values: Values) -> Outcome:
    """劳动法 44: 150, 200 and 300 % of the wage of an hour."""
    wage: Decimal = values["monthly_wage"]
    figures, steps, weighted, worked = [], [_hourly(wage)], ZERO, ZERO
    for name, rate in HOURLY_RATES.items():
        hours: Decimal = values.get(name) or ZERO
        rated = hours * Decimal(rate)
        amount = rated * wage / HOURS_A_MONTH
        weighted, worked = weighted + rated, worked + hours
        figures.append(money(name.replace("hours", "pay"), _KINDS[name], amount))
        percent = plain(Decimal(rate) * 100)
        if hours:
            steps.append(
                line(
                    Text(
                        f"{_KINDS[name].zh}：{plain(hours)}小时×小时工资×{percent}%={yuan(amount)}元。",
                        f"{_KINDS[name].en}: {plain(hours)} hours × hourly wage × {percent} % ="
                        f" {yuan(amount)} CNY.",
                    ),
                    "LL 44",
                )
            )
    total = weighted * wage / HOURS_A_MONTH  # three quotients without an end do not add up to it
    paid: Decimal = values.get("already_paid") or ZERO
    owed = max(total - paid, ZERO)
    steps.append(
        line(
            Text(
                f"合计{yuan(total)}元，减去已付{yuan(paid)}元，应补{yuan(owed)}元。",
                f"Altogether CNY {yuan(total)}, less CNY {yuan(paid)} paid: CNY {yuan(owed)} owed.",
            ),
            "LL 44",
        )
    )
    return Outcome(
        figures=(
            money("overtime_pay", Text("应补加班费", "Overtime pay owed"), owed),
            money("total", Text("加班费合计", "Overtime pay altogether"), total),
            *figures,
        ),
        steps=steps,
        assumptions=(
            line(
                Text(
                    "按标准工时制计算；综合计算工时制按周期核算，不定时工作制和计件工资另有规定。",
                    "For standard hours; comprehensive hours are counted by period, and flexible hours and"
                    " piece work have rules of their own.",
                ),
                "LL 44",
            ),
        ),
        warnings=_excessive(worked, values["months"]),
    )


def _hourly(wage: Decimal) -> Line:
    hourly = wage / HOURS_A_MONTH
    return line(
        Text(
            f"小时工资：{yuan(wage)}÷21.75÷8={yuan(hourly)}元（计算时不先行取整）。",
            f"Wage of an hour: {yuan(wage)} ÷ 21.75 ÷ 8 = {yuan(hourly)} CNY (not rounded meanwhile).",
        ),
        "WTN",
    )


def _excessive(worked: Decimal, months: Decimal) -> tuple[Line, ...]:
    if worked <= MONTHLY_HOURS * months:
        return ()
    return (
        line(
            Text(
                "平均每月超过36小时，用人单位可能违反延长工作时间的限制，可以向劳动保障监察投诉。",
                "More than 36 hours a month: the employer may be breaking the limit on overtime; you can"
                " complain to the labour inspectorate.",
            ),
            "LL 41",
        ),
    )


# Arrears ----------------------------------------------------------------------------------------

OWED = Input("owed", Text("拖欠的金额", "Amount that is owed"), "CNY", 1, AMOUNT_MOST)


def unpaid_wages(values: Values) -> Outcome:
    """The arrears, and 50 to 100 % more when an order to pay was not followed (劳动合同法 85)."""
    owed: Decimal = values["owed"]
    half = owed / 2
    return Outcome(
        figures=(
            money("owed", Text("应付金额", "Amount owed"), owed),
            money("additional_least", Text("加付赔偿金下限", "Additional damages, least"), half),
            money("additional_most", Text("加付赔偿金上限", "Additional damages, most"), owed),
            money("total_most", Text("合计上限", "Altogether, most"), 2 * owed),
        ),
        steps=(
            line(
                Text(
                    f"加付赔偿金为应付金额的50%至100%：{yuan(half)}元至{yuan(owed)}元。",
                    f"Additional damages are 50 to 100 % of it: CNY {yuan(half)} to {yuan(owed)}.",
                ),
                "LCL 85",
            ),
        ),
        warnings=(
            line(
                Text(
                    "加付赔偿金以劳动行政部门责令限期支付而逾期不支付为前提，请先向劳动保障监察投诉。",
                    "They are due only when the labour authority set a time for payment and it was missed:"
                    " complain to the labour inspectorate first.",
                ),
                "LCL 85",
            ),
        ),
    )


WAGES: tuple[Calculator, ...] = (
    calculator(
        "overtime", Text("加班费", "Overtime pay"), "LL 44; LL 41; WTN",
        (WAGE, MONTHS, *_HOURS, ALREADY_PAID), overtime, rules=(hours_possible,),
    ),
    calculator(
        "unpaid_wages", Text("拖欠工资与加付赔偿金", "Unpaid wages and additional damages"),
        "LCL 85; LL 50; LIR 26", (OWED,), unpaid_wages,
    ),
)  # fmt: skip
