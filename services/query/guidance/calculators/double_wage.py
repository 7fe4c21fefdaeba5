"""The second wage without a written contract: 劳动合同法 82; 实施条例 6, 7."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from services.query.guidance.calculators.amounts import ZERO, plain, yuan
from services.query.guidance.calculators.inputs import (
    STARTED,
    WAGE,
    Input,
    Values,
    day,
    in_force_by,
    in_order,
)
from services.query.guidance.calculators.outcome import (
    Calculator,
    Figure,
    Outcome,
    calculator,
    line,
    money,
)
from services.query.guidance.calculators.periods import ONE_DAY, after_months, completed_months
from services.query.guidance.norms import cite
from shared.errors import Text
from shared.working_days import one_year_after

MONTHS_MOST: Final = 11
_A_YEAR: Final = 12

SIGNED = Input(
    "signed_on", Text("补订书面劳动合同之日（没有则不填）", "Day a written contract was signed, if any"),
    "date", required=False, source=cite("LCR 6"),
)  # fmt: skip
LEFT = Input(
    "ended_on", Text("离职之日（仍在职则不填）", "Last day of work, if it has ended"), "date",
    required=False, source=cite("LCL 82"),
)  # fmt: skip


def double_wage(values: Values) -> Outcome:
    """One wage more for each month from the second to the twelfth without a written contract."""
    start = date.fromisoformat(values["started_on"])
    wage: Decimal = values["monthly_wage"]
    first, last = after_months(start, 1), after_months(start, _A_YEAR) - ONE_DAY
    signed, left = day(values, "signed_on"), day(values, "ended_on")
    if signed is not None:
        last = min(last, signed - ONE_DAY)
    if left is not None:
        last = min(last, left)
    if last < first:
        return _nothing_doubled(first)
    whole = completed_months(start, last) - 1
    begun = after_months(start, whole + 1)
    days = (last + ONE_DAY - begun).days
    length = (after_months(start, whole + 2) - begun).days
    months = whole + Decimal(days) / length
    amount = months * wage
    return Outcome(
        figures=(
            money("double_wage", Text("未签合同的二倍工资差额", "The second wage"), amount),
            Figure("months", Text("月数", "Months"), months, "months"),
            Figure("first_day", Text("起算日", "First day"), first, "date"),
            Figure("last_day", Text("截止日", "Last day"), last, "date"),
        ),
        steps=(
            line(
                Text(
                    f"自用工满一个月的次日{first.isoformat()}起，至{last.isoformat()}止，"
                    f"共{whole}个月又{days}天。",
                    f"From the day after one month, {first.isoformat()}, to {last.isoformat()}:"
                    f" {whole} months and {days} days.",
                ),
                "LCR 7" if whole == MONTHS_MOST else "LCR 6",
            ),
            line(
                Text(
                    f"每月再付一倍工资：{plain(months)}×{yuan(wage)}={yuan(amount)}元。",
                    f"One wage more for each: {plain(months)} × {yuan(wage)} = {yuan(amount)} CNY.",
                ),
                "LCL 82",
            ),
        ),
        bounds=(
            line(
                Text(
                    "最多11个月：满一年后视为已订立无固定期限劳动合同。",
                    "Eleven months at most: after a year an open-ended contract is deemed concluded.",
                ),
                "LCR 7",
            ),
        ),
        assumptions=(
            line(
                Text(
                    "您已领取的正常工资未计入，结果是应当另付的部分；不足一个月的按日历天数折算，各月工资按相同计算。",
                    "The ordinary wage you were paid is not in it; part of a month counts by its days, and"
                    " the wage is taken to be the same in each month.",
                ),
                "LCL 82",
            ),
        ),
        warnings=(
            line(
                Text(
                    f"时效一年，实践中多按月分别计算：最早一个月的部分自{one_year_after(first).isoformat()}起、"
                    f"全部自{one_year_after(last).isoformat()}起可能丧失，请尽快主张。",
                    "The one-year limit is mostly counted month by month: the earliest month may lapse from"
                    f" {one_year_after(first).isoformat()}, all of it from"
                    f" {one_year_after(last).isoformat()}; claim soon.",
                ),
                "LDMA 27",
            ),
        ),
    )


def _nothing_doubled(first: date) -> Outcome:
    return Outcome(
        figures=(money("double_wage", Text("未签合同的二倍工资差额", "The second wage"), ZERO),),
        steps=(
            line(
                Text(
                    f"用工满一个月（{first.isoformat()}）之前已订立书面合同或者离职，不产生二倍工资。",
                    f"A contract was signed, or work ended, within a month (before {first.isoformat()}):"
                    " there is no second wage.",
                ),
                "LCR 6",
            ),
        ),
    )


DOUBLE_WAGE: Calculator = calculator(
    "double_wage", Text("未订立书面劳动合同的二倍工资", "Double wage without a written contract"),
    "LCL 82; LCR 6; LCR 7; LDMA 27", (STARTED, WAGE, SIGNED, LEFT), double_wage,
    rules=(in_order("started_on", "signed_on", "ended_on"), in_force_by("started_on")),
)  # fmt: skip
