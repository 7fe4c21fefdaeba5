"""What terms of a contract come to: probation and its pay, the penalty of a service period.

劳动合同法 19, 20, 22, 83; 实施条例 15, 16, 26.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

from services.query.guidance.calculators.amounts import ZERO, plain, yuan
from services.query.guidance.calculators.inputs import (
    AMOUNT_MOST,
    LOCAL_MINIMUM,
    Input,
    Values,
)
from services.query.guidance.calculators.outcome import (
    Calculator,
    Figure,
    Outcome,
    calculator,
    line,
    money,
)
from services.query.guidance.norms import cite
from shared.contracts.faults import Fault
from shared.errors import FieldError, Text

PROBATION_SHARE: Final = Decimal("0.8")
PROBATION_MONTHS: Final[Mapping[str, int]] = {
    "under_3_months": 0, "by_task": 0, "3_months_to_1_year": 1, "1_to_3_years": 2,
    "3_years_or_more": 6, "open_ended": 6,
}  # fmt: skip
"""The longest probation by the term of the contract (劳动合同法 19)."""

_TERMS: Final[Mapping[str, Text]] = {
    "under_3_months": Text("不满三个月", "Less than three months"),
    "by_task": Text("以完成一定工作任务为期限", "Until a task is done"),
    "3_months_to_1_year": Text("三个月以上不满一年", "Three months to less than a year"),
    "1_to_3_years": Text("一年以上不满三年", "A year to less than three"),
    "3_years_or_more": Text("三年以上固定期限", "Three years or more"),
    "open_ended": Text("无固定期限", "Open-ended"),
}

AGREED_WAGE = Input(
    "agreed_wage", Text("劳动合同约定的（转正后）月工资", "Wage a month agreed for after probation"),
    "CNY/month", 1, source=cite("LCL 20"),
)  # fmt: skip
PAID_WAGE = Input(
    "paid_wage", Text("试用期实际支付的月工资", "Wage a month paid in probation"), "CNY/month", 0,
    source=cite("LCL 20"),
)  # fmt: skip
MINIMUM = replace(LOCAL_MINIMUM, source=cite("LCL 20"))
SERVED = Input("months", Text("已履行的试用期月数", "Months of probation served"), "months", 0, 60)
TERM = Input(
    "contract_term", Text("劳动合同期限", "Term of the contract"), "choice", source=cite("LCL 19"),
    choices=_TERMS,
)  # fmt: skip
FULL_WAGE = Input(
    "monthly_wage", Text("试用期满后的月工资", "Wage a month after probation"), "CNY/month", 1,
    source=cite("LCL 83"),
)  # fmt: skip


def probation_pay(values: Values) -> Outcome:
    """The floor of 80 % of the agreed wage, and never below the minimum wage."""
    agreed: Decimal = values["agreed_wage"]
    paid: Decimal = values["paid_wage"]
    months: Decimal = values["months"]
    minimum: Decimal = values.get("local_minimum_wage") or ZERO
    share = PROBATION_SHARE * agreed
    floor = max(share, minimum)
    short = max(floor - paid, ZERO)
    raised = (
        line(
            Text(
                f"80%低于当地最低工资，按{yuan(minimum)}元。",
                f"80 % is below the local minimum wage: CNY {yuan(minimum)} counts.",
            ),
            "LCL 20",
        ),
    )
    return Outcome(
        figures=(
            money("shortfall", Text("应补试用期工资", "Probation pay owed"), short * months),
            money("floor", Text("试用期工资下限", "Least wage in probation"), floor, "CNY/month"),
        ),
        steps=(
            line(
                Text(
                    f"下限：{yuan(agreed)}×80%={yuan(share)}元。",
                    f"The least: {yuan(agreed)} × 80 % = {yuan(share)} CNY.",
                ),
                "LCL 20",
            ),
            line(
                Text(
                    f"每月少付{yuan(short)}元，{plain(months)}个月共{yuan(short * months)}元。",
                    f"CNY {yuan(short)} a month too little, for {plain(months)} months CNY"
                    f" {yuan(short * months)}.",
                ),
                "LL 50",
            ),
        ),
        bounds=raised if minimum > share else (),
        assumptions=(
            line(
                Text(
                    "以劳动合同约定工资为准；单位也可能主张按相同岗位最低档工资的80%。",
                    "By the agreed wage; the employer may argue for 80 % of the lowest wage of the same post.",
                ),
                "LCR 15",
            ),
        ),
    )


def probation_too_long(values: Values) -> Outcome:
    """Damages for the months of probation beyond what the term of the contract allows."""
    allowed = PROBATION_MONTHS[values["contract_term"]]
    served: Decimal = values["months"]
    wage: Decimal = values["monthly_wage"]
    beyond = max(served - allowed, ZERO)
    amount = beyond * wage
    term = _TERMS[values["contract_term"]]
    return Outcome(
        figures=(
            money(
                "damages", Text("违法约定试用期赔偿金", "Damages for unlawful probation"), amount
            ),
            Figure(
                "allowed",
                Text("法定最长试用期", "Longest lawful probation"),
                Decimal(allowed),
                "months",
            ),
            Figure("beyond", Text("超过的月数", "Months beyond it"), beyond, "months"),
        ),
        steps=(
            line(
                Text(
                    f"合同期限：{term.zh}，试用期最长{allowed}个月，超过{plain(beyond)}个月。",
                    f"Term of the contract: {term.en}; probation may be {allowed} months, so"
                    f" {plain(beyond)} are too many.",
                ),
                "LCL 19",
            ),
            line(
                Text(
                    f"赔偿金：{plain(beyond)}×{yuan(wage)}={yuan(amount)}元。",
                    f"Damages: {plain(beyond)} × {yuan(wage)} = {yuan(amount)} CNY.",
                ),
                "LCL 83",
            ),
        ),
        assumptions=(
            line(
                Text(
                    "同一单位与同一劳动者只能约定一次试用期；再次约定的全部属于违法。",
                    "There may be one probation only with the same employer; a second is unlawful as a whole.",
                ),
                "LCL 19",
            ),
        ),
    )


COST = Input(
    "training_cost", Text("有凭证的专项培训费用", "Cost of the training, with vouchers"), "CNY", 1,
    AMOUNT_MOST, source=cite("LCR 16"),
)  # fmt: skip
PERIOD = Input(
    "service_months", Text("约定的服务期月数", "Months of service agreed"), "months", 1, 480,
    source=cite("LCL 22"),
)  # fmt: skip
SERVED_PERIOD = Input("served_months", Text("已履行的月数", "Months served"), "months", 0, 480)
PENALTY = Input(
    "agreed_penalty", Text("约定的违约金", "Penalty that was agreed"), "CNY", 0, AMOUNT_MOST,
    required=False, source=cite("LCL 22"),
)  # fmt: skip
LONGER_THAN_AGREED: Final = Fault(
    "out_of_range", Text("不能多于约定的服务期", "Cannot be more than the service agreed")
)


def served_within(values: Values, _: date) -> Iterable[FieldError]:
    served, agreed = values.get("served_months"), values.get("service_months")
    if served is not None and agreed is not None and served > agreed:
        yield LONGER_THAN_AGREED.at("/served_months")


def service_period_penalty(values: Values) -> Outcome:
    """At most the part of the cost that falls on the time not served."""
    cost: Decimal = values["training_cost"]
    agreed, served = values["service_months"], values["served_months"]
    left = agreed - served
    share = cost * left / agreed
    penalty: Decimal | None = values.get("agreed_penalty")
    most = share if penalty is None else min(share, penalty)
    bounded = (
        line(
            Text(
                f"约定的违约金为{yuan(penalty or ZERO)}元，只能以二者中较低的为准。",
                f"The penalty agreed is CNY {yuan(penalty or ZERO)}: the lower of both counts.",
            ),
            "LCL 22",
        ),
    )
    return Outcome(
        figures=(
            money("penalty_most", Text("违约金上限", "Penalty, at most"), most),
            money(
                "share", Text("尚未履行部分分摊的培训费用", "Cost of the time not served"), share
            ),
        ),
        steps=(
            line(
                Text(
                    f"{yuan(cost)}×{plain(left)}÷{plain(agreed)}={yuan(share)}元。",
                    f"{yuan(cost)} × {plain(left)} ÷ {plain(agreed)} = {yuan(share)} CNY.",
                ),
                "LCL 22",
            ),
        ),
        bounds=bounded if penalty is not None else (),
        warnings=(
            line(
                Text(
                    "单位有拖欠工资、不缴社会保险费等过错，劳动者因此解除合同的，不用支付违约金。",
                    "Who leaves because the employer did not pay, insure or protect owes no penalty.",
                ),
                "LCR 26",
            ),
        ),
    )


CONTRACT_TERMS: tuple[Calculator, ...] = (
    calculator(
        "probation_pay", Text("试用期工资下限与差额", "Least pay in probation"), "LCL 20; LCR 15",
        (AGREED_WAGE, PAID_WAGE, SERVED, MINIMUM), probation_pay,
    ),
    calculator(
        "probation_too_long", Text("违法约定试用期赔偿金", "Damages for too long a probation"),
        "LCL 19; LCL 83", (TERM, SERVED, FULL_WAGE), probation_too_long,
    ),
    calculator(
        "service_period_penalty", Text("服务期违约金上限", "Penalty of a service period, at most"),
        "LCL 22; LCR 16; LCR 26", (COST, PERIOD, SERVED_PERIOD, PENALTY), service_period_penalty,
        rules=(served_within,),
    ),
)  # fmt: skip
