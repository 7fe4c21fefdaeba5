"""The last day to go to arbitration: 劳动争议调解仲裁法 27."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from services.query.guidance.calculators.inputs import Input, Values, day, in_order
from services.query.guidance.calculators.outcome import (
    Calculator,
    Figure,
    Outcome,
    calculator,
    line,
)
from services.query.guidance.norms import cite
from shared.contracts.clocks import due
from shared.contracts.faults import fault
from shared.errors import FieldError, Text
from shared.working_days import one_year_after

KNOWN = Input(
    "known_on", Text("知道或者应当知道权利被侵害之日", "Day you knew, or should have, of the wrong"),
    "date", source=cite("LDMA 27"),
)  # fmt: skip
INTERRUPTED = Input(
    "interrupted_on",
    Text(
        "最近一次主张权利、投诉或者对方同意履行之日",
        "Last day you claimed, complained, or the other side agreed to perform",
    ),
    "date", required=False, source=cite("LDMA 27"),
)  # fmt: skip
ENDED_IF = Input(
    "employment_ended_on", Text("劳动关系终止之日（仍在职则不填）", "Day the employment ended, if it has"),
    "date", required=False, source=cite("LDMA 27"),
)  # fmt: skip
ARREARS = Input(
    "pay_arrears", Text("是否追索拖欠的劳动报酬", "Whether it is about unpaid wages"), "yes_no",
    required=False, source=cite("LDMA 27"),
)  # fmt: skip


def in_the_past(values: Values, today: date) -> Iterable[FieldError]:
    for name in ("known_on", "interrupted_on"):
        on = day(values, name)
        if on is not None and on > today:
            yield fault("in_future").at(f"/{name}")


def limitation(values: Values) -> Outcome:
    """The last day to go to arbitration; without an end while the employment lasts, for arrears."""
    arrears, ended = values.get("pay_arrears"), day(values, "employment_ended_on")
    interrupted = day(values, "interrupted_on")
    known = date.fromisoformat(values["known_on"])
    start = max(filter(None, (ended if arrears and ended else known, interrupted)))
    if arrears and ended is None:
        lasting = line(
            Text(
                "劳动关系存续期间追索拖欠的劳动报酬不受一年限制；离职后一年内须提出。以下按今后离职前仍按一年提示。",
                "For unpaid wages the limit of a year does not run while the employment lasts; once it has"
                " ended a year remains. The day below is only a prudent one.",
            ),
            "LDMA 27",
        )
    else:
        lasting = line(
            Text(f"一年自{start.isoformat()}起算。", f"The year runs from {start.isoformat()}."),
            "LDMA 27",
        )
    found = due("arbitration_limitation", start, on=one_year_after(start))
    provisional = line(
        Text(
            "届满日遇休息日顺延，当年放假安排尚未公布，届满日可能变动。",
            "The holidays of that year are not announced: the last day may move.",
        ),
        "CPL 85",
    )
    return Outcome(
        figures=(
            Figure(
                "last_day", Text("申请仲裁的最后一日", "Last day for arbitration"), found.on, "date"
            ),
        ),
        steps=(lasting,),
        assumptions=(
            line(
                Text(
                    "主张权利、向有关部门投诉或者对方同意履行，时效中断、重新计算，请保留证据。",
                    "A claim, a complaint to an authority or a promise to perform starts the year anew: keep"
                    " proof of it.",
                ),
                "LDMA 27",
            ),
        ),
        warnings=(provisional,) if found.provisional else (),
    )


LIMITATION: Calculator = calculator(
    "limitation", Text("仲裁时效", "Arbitration limit"), "LDMA 27; CPL 85",
    (KNOWN, ARREARS, ENDED_IF, INTERRUPTED), limitation,
    rules=(in_order("known_on", "interrupted_on"), in_order("employment_ended_on"), in_the_past),
)  # fmt: skip
