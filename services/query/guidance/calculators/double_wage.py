"""The second wage without a written contract: 劳动合同法 82; 实施条例 6, 7; 解释（二） 6, 7."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from services.query.guidance.calculators.amounts import PAID_DAYS, ZERO, yuan
from services.query.guidance.calculators.inputs import (
    STARTED,
    WAGE,
    Input,
    Values,
    day,
    in_force_by,
    in_order,
    not_in_future,
)
from services.query.guidance.calculators.outcome import (
    Calculator,
    Figure,
    Line,
    Outcome,
    calculator,
    line,
    money,
)
from services.query.guidance.calculators.periods import ONE_DAY, after_months, completed_months
from services.query.guidance.norms import cite
from shared.errors import Text
from shared.working_days import is_announced, is_working_day, one_year_after

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
    """One wage more for each month from the second to the twelfth without a written contract, as far
    as they have come."""
    start = date.fromisoformat(values["started_on"])
    wage: Decimal = values["monthly_wage"]
    first, last = after_months(start, 1), after_months(start, _A_YEAR) - ONE_DAY
    signed, left = day(values, "signed_on"), day(values, "ended_on")
    if signed is not None:
        last = min(last, signed - ONE_DAY)
    if left is not None:
        last = min(last, left)
    so_far = values["today"] < last
    last = min(last, values["today"])
    if last < first:
        return _nothing_doubled(first, so_far=so_far)
    whole = completed_months(start, last) - 1
    begun = after_months(start, whole + 1)
    days = _working_days(begun, last)
    by_days, most = whole * wage + days * wage / PAID_DAYS, (whole + 1) * wage
    amount = min(by_days, most)
    return Outcome(
        figures=(
            money("double_wage", Text("未签合同的二倍工资差额", "The second wage"), amount),
            Figure("months", Text("整月数", "Whole months"), Decimal(whole), "months"),
            Figure("days", Text("另计的工作日", "Working days beyond"), Decimal(days), "days"),
            Figure("first_day", Text("起算日", "First day"), first, "date"),
            Figure("last_day", Text("截止日", "Last day"), last, "date"),
        ),
        steps=(
            line(
                Text(
                    f"自用工满一个月的次日{first.isoformat()}起，至{last.isoformat()}"
                    f"{'（今天）' if so_far else ''}止，共{whole}个月又{days}个工作日。",
                    f"From the day after one month, {first.isoformat()}, to {last.isoformat()}"
                    f"{' (today)' if so_far else ''}: {whole} months and {days} working days.",
                ),
                "LCR 7" if whole == MONTHS_MOST else "LCR 6",
            ),
            line(
                Text(
                    f"每月再付一倍工资，不满一个月的按实际工作日：{whole}×{yuan(wage)}"
                    f"+{days}×{yuan(wage)}÷21.75={yuan(by_days)}元。",
                    f"One wage more for each, part of a month by its working days: {whole} × {yuan(wage)}"
                    f" + {days} × {yuan(wage)} ÷ 21.75 = {yuan(by_days)} CNY.",
                ),
                "SPC2 6",
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
            *(_part_of_a_month(most) if by_days > most else ()),
        ),
        assumptions=(
            line(
                Text(
                    "您已领取的正常工资未计入，结果是应当另付的部分；各月工资按相同计算。",
                    "The ordinary wage you were paid is not in it; the wage is taken to be the same in each"
                    " month.",
                ),
                "LCL 82",
            ),
            line(
                Text(
                    "日工资按月工资除以21.75、按全国统一的工作日计算，不超过一个月工资。",
                    "A working day, by the national calendar, counts as the wage divided by 21.75, and all of"
                    " them as a month's wage at most.",
                ),
                "WTN",
            ),
        ),
        warnings=(
            line(
                Text(
                    f"时效一年；起算日法律没有写明，实践中多按月分别计算：最早一个月的部分自"
                    f"{one_year_after(first).isoformat()}起、全部自{one_year_after(last).isoformat()}起可能丧失，"
                    "请尽快主张。",
                    "The limit is a year; the law does not say from when, and courts mostly count month by"
                    f" month: the earliest month may lapse from {one_year_after(first).isoformat()}, all of it"
                    f" from {one_year_after(last).isoformat()}; claim soon.",
                ),
                "LDMA 27",
            ),
            line(
                Text(
                    "因不可抗力、劳动者本人故意或者重大过失没有订立的，以及法律、行政法规规定的其他情形，单位不付二倍工资，"
                    "由单位举证。",
                    "None is due where force majeure, the worker's own intent or gross negligence kept the"
                    " contract from being signed, or in other cases the law names; the employer has to prove it.",
                ),
                "SPC2 7",
            ),
            *_not_announced(begun, last),
        ),
    )


def _days(first: date, last: date) -> Iterable[date]:
    return (first + n * ONE_DAY for n in range((last - first).days + 1))


def _working_days(first: date, last: date) -> int:
    return sum(is_working_day(each) for each in _days(first, last))


def _part_of_a_month(most: Decimal) -> Iterable[Line]:
    yield line(
        Text(
            f"不满一个月的部分最多按一个月工资计算，合计{yuan(most)}元。",
            f"Part of a month counts as a month's wage at most: CNY {yuan(most)} altogether.",
        ),
        "SPC2 6",
    )


def _not_announced(first: date, last: date) -> Iterable[Line]:
    """That the working days may be others, if a holiday plan can still move them."""
    if not all(is_announced(each) for each in _days(first, last)):
        yield line(
            Text(
                "按工作日计算的部分遇当年放假安排尚未公布，公布后工作日数可能变动。",
                "The holidays of that year are not announced: the number of working days may change.",
            ),
            "SPC2 6",
        )


def _nothing_doubled(first: date, *, so_far: bool) -> Outcome:
    until_now = Text(
        f"用工满一个月的次日（{first.isoformat()}）还没有到，目前不产生二倍工资。",
        f"The day after one month, {first.isoformat()}, has not come: there is no second wage yet.",
    )
    never = Text(
        f"用工满一个月（{first.isoformat()}）之前已订立书面合同或者离职，不产生二倍工资。",
        f"A contract was signed, or work ended, within a month (before {first.isoformat()}):"
        " there is no second wage.",
    )
    return Outcome(
        figures=(money("double_wage", Text("未签合同的二倍工资差额", "The second wage"), ZERO),),
        steps=(line(until_now if so_far else never, "LCR 6"),),
    )


DOUBLE_WAGE: Calculator = calculator(
    "double_wage", Text("未订立书面劳动合同的二倍工资", "Double wage without a written contract"),
    "LCL 82; LCR 6; LCR 7; SPC2 6; SPC2 7; LDMA 27; WTN", (STARTED, WAGE, SIGNED, LEFT), double_wage,
    rules=(
        in_order("started_on", "signed_on", "ended_on"), in_force_by("started_on"),
        not_in_future("started_on"),
    ),
)  # fmt: skip
