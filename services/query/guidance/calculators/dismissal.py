"""What is owed when a contract ends: economic compensation, damages of twice that, notice pay.

劳动合同法 40, 47, 87, 97; 劳动合同法实施条例 20, 25, 27.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from services.query.guidance.calculators.amounts import plain, yuan
from services.query.guidance.calculators.inputs import (
    AVERAGE_WAGE,
    ENDED,
    IN_FORCE,
    LOCAL_AVERAGE,
    LOCAL_MINIMUM,
    STARTED,
    Input,
    Values,
    in_force_by,
    in_order,
    minimum_below_average,
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
from services.query.guidance.calculators.periods import ONE_DAY, service
from services.query.guidance.calculators.severance import base, length_of, months_owed
from services.query.guidance.norms import cite
from shared.errors import Text

_INPUTS: Final = (STARTED, ENDED, AVERAGE_WAGE, LOCAL_AVERAGE, LOCAL_MINIMUM)
_RULES: Final = (
    in_order("started_on", "ended_on"), not_in_future("started_on"), minimum_below_average,
    in_force_by("ended_on"),
)  # fmt: skip

_WAGE_STATED: Final = line(
    Text(
        "月工资以您填写的前12个月平均应得工资为准；工作不满12个月的按实际月数平均。",
        "The wage is the average you stated of the last 12 months, or of the months worked if fewer.",
    ),
    "LCR 27",
)
_WHEN_OWED: Final = line(
    Text(
        "仅在法律规定应当支付经济补偿的情形下适用；劳动者无故主动辞职的一般没有经济补偿。",
        "Owed only in the cases the law names; a worker who resigns without a cause of article 38"
        " generally gets none.",
    ),
    "LCL 46",
)
_SAME_GROUP: Final = line(
    Text(
        "非因本人原因被安排到新单位且原单位未支付补偿的，原单位年限合并计算，请以最早入职日填写。",
        "If you were moved from another employer for no reason of yours and were not compensated,"
        " those years count too: state the earlier first day.",
    ),
    "LCR 10",
)


def _days(values: Values) -> tuple[date, date]:
    return date.fromisoformat(values["started_on"]), date.fromisoformat(values["ended_on"])


def _product(months: Decimal, wage: Decimal, amount: Decimal, source: str) -> Line:
    sum_ = f"{plain(months)} × {yuan(wage)} = {yuan(amount)}"
    return line(
        Text(
            f"经济补偿：{plain(months)}×{yuan(wage)}={yuan(amount)}元。",
            f"Economic compensation: {sum_} CNY.",
        ),
        source,
    )


def economic_compensation(values: Values) -> Outcome:
    """劳动合同法 47, from 2008 on (97)."""
    return _compensation(values)[1]


def _compensation(values: Values) -> tuple[Decimal, Outcome]:
    start, last = _days(values)
    found = base(values)
    earlier = _before_2008(start)
    months = months_owed(max(start, IN_FORCE), last, found.years_most)
    amount = months.owed * found.wage
    return amount, Outcome(
        figures=(
            money("economic_compensation", Text("经济补偿", "Economic compensation"), amount),
            Figure("months", Text("补偿月数", "Months of wage"), months.owed, "months"),
            money("wage_counted", Text("计算基数", "Wage that counts"), found.wage, "CNY/month"),
        ),
        steps=(*months.steps, _product(months.owed, found.wage, amount, "LCL 47")),
        bounds=(*found.bounds, *months.bounds),
        assumptions=(_WAGE_STATED, _WHEN_OWED, _SAME_GROUP),
        warnings=(*found.warnings, *earlier),
    )


def _before_2008(start: date) -> tuple[Line, ...]:
    if start >= IN_FORCE:
        return ()
    length = length_of(service(start, IN_FORCE - ONE_DAY))
    return (
        line(
            Text(
                f"2008年1月1日之前的{length.zh}未计入：该段按当时的规定另行计算，应当支付的，一般每满一年一个月，"
                "请咨询12333或者律师。",
                f"The {length.en} before 1 January 2008 are not counted: the rules of that time apply to"
                " them, mostly a month for each year where compensation was owed; ask 12333 or a lawyer.",
            ),
            "LCL 97",
        ),
    )


def damages_unlawful_dismissal(values: Values) -> Outcome:
    """Twice the compensation, all years since the first day of work (87; 实施条例 25)."""
    start, last = _days(values)
    found = base(values)
    months = months_owed(start, last, found.years_most)
    once = months.owed * found.wage
    amount = 2 * once
    doubled = line(
        Text(
            f"赔偿金为经济补偿标准的二倍：2×{yuan(once)}={yuan(amount)}元。",
            f"Damages are twice the compensation: 2 × {yuan(once)} = {yuan(amount)} CNY.",
        ),
        "LCL 87",
    )
    return Outcome(
        figures=(
            money(
                "damages", Text("违法解除或者终止赔偿金", "Damages for unlawful dismissal"), amount
            ),
            money("compensation", Text("经济补偿标准", "Economic compensation"), once),
            Figure("months", Text("补偿月数", "Months of wage"), months.owed, "months"),
        ),
        steps=(*months.steps, _product(months.owed, found.wage, once, "LCL 47"), doubled),
        bounds=(*found.bounds, *months.bounds),
        assumptions=(
            _WAGE_STATED,
            line(
                Text(
                    "年限自用工之日起算，包括2008年以前的工作年限。",
                    "Years count from the first day of work, those before 2008 included.",
                ),
                "LCR 25",
            ),
        ),
        warnings=(
            *found.warnings,
            line(
                Text(
                    "支付了赔偿金的不再支付经济补偿，二者不能同时得到。",
                    "Who is paid damages is not paid economic compensation as well.",
                ),
                "LCR 25",
            ),
            line(
                Text(
                    "也可以不要赔偿金而要求继续履行劳动合同，请只选择其一。",
                    "Instead of damages you can ask that the contract goes on: choose one.",
                ),
                "LCL 48",
            ),
        ),
    )


def notice_pay(values: Values) -> Outcome:
    """The wage of the month before in place of 30 days' notice, beside the compensation (N+1)."""
    once, compensation = _compensation(values)
    month: Decimal = values["last_month_wage"]
    total = once + month
    added = line(
        Text(
            f"未提前三十日书面通知，另付上一个月工资{yuan(month)}元；合计{yuan(total)}元。",
            f"Without 30 days' notice in writing the wage of the month before is added, CNY"
            f" {yuan(month)}: CNY {yuan(total)} altogether.",
        ),
        "LCR 20",
    )
    return Outcome(
        figures=(
            money(
                "total", Text("代通知金与经济补偿合计（N+1）", "Compensation and notice pay"), total
            ),
            money("notice_pay", Text("代通知金", "Notice pay"), month),
            *compensation.figures,
        ),
        steps=(*compensation.steps, added),
        bounds=compensation.bounds,
        assumptions=(
            *compensation.assumptions,
            line(
                Text(
                    "仅适用于医疗期满不能工作、不能胜任工作、客观情况发生重大变化三种解除。",
                    "Only for dismissals after the medical period, for incapacity, or for a major change"
                    " of circumstances.",
                ),
                "LCL 40",
            ),
        ),
        warnings=(
            *compensation.warnings,
            line(
                Text(
                    "违法解除的应当主张二倍赔偿金，一般不再另付代通知金。",
                    "For an unlawful dismissal claim damages instead; notice pay is generally not added.",
                ),
                "LCL 87",
            ),
        ),
    )


LAST_MONTH = Input(
    "last_month_wage",
    Text("解除前上一个月的工资", "Wage of the month before the end"),
    "CNY/month", 1, source=cite("LCR 20"),
)  # fmt: skip

DISMISSAL: tuple[Calculator, ...] = (
    calculator(
        "economic_compensation", Text("经济补偿", "Economic compensation"),
        "LCL 47; LCL 46; LCL 97; LCR 27", _INPUTS, economic_compensation, rules=_RULES,
    ),
    calculator(
        "damages_unlawful_dismissal",
        Text("违法解除或者终止劳动合同赔偿金（2N）", "Damages for unlawful dismissal (2N)"),
        "LCL 87; LCL 47; LCL 48; LCR 25; LCR 27", _INPUTS, damages_unlawful_dismissal, rules=_RULES,
    ),
    calculator(
        "notice_pay", Text("代通知金（N+1）", "Pay in place of notice (N+1)"),
        "LCL 40; LCR 20; LCL 47", (*_INPUTS, LAST_MONTH), notice_pay, rules=_RULES,
    ),
)  # fmt: skip
