"""The last day to go to arbitration: 劳动争议调解仲裁法 27."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from services.query.guidance.calculators.inputs import (
    Input,
    Values,
    day,
    in_order,
    not_in_future,
)
from services.query.guidance.calculators.outcome import (
    Calculator,
    Figure,
    Outcome,
    calculator,
    line,
)
from services.query.guidance.norms import cite
from shared.contracts.clocks import due
from shared.errors import Text
from shared.working_days import DueDate, one_year_after

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


def limitation(values: Values) -> Outcome:
    """The last day to go to arbitration; none of arrears while the employment lasts."""
    arrears, ended = values.get("pay_arrears"), day(values, "employment_ended_on")
    if arrears and ended is None:
        return _ONCE_IT_HAS_ENDED
    start = ended if arrears and ended else date.fromisoformat(values["known_on"])
    found, warnings = _last_day(start), []
    interrupted = day(values, "interrupted_on")
    if interrupted is not None and interrupted > found.on:
        warnings.append(_TOO_LATE)
    elif interrupted is not None and interrupted > start:
        start, found = interrupted, _last_day(interrupted)
    if found.provisional:
        warnings.append(_PROVISIONAL)
    return Outcome(
        figures=(
            Figure(
                "last_day", Text("申请仲裁的最后一日", "Last day for arbitration"), found.on, "date"
            ),
        ),
        steps=(
            line(
                Text(
                    f"一年自{start.isoformat()}起算。", f"The year runs from {start.isoformat()}."
                ),
                "LDMA 27",
            ),
        ),
        assumptions=(
            line(
                Text(
                    "时效期间内主张权利、向有关部门投诉或者对方同意履行，时效中断、重新计算，请保留证据。",
                    "A claim, a complaint to an authority or a promise to perform within the year starts it"
                    " anew: keep proof of it.",
                ),
                "LDMA 27",
            ),
        ),
        warnings=warnings,
    )


def _last_day(start: date) -> DueDate:
    return due("arbitration_limitation", start, on=one_year_after(start))


_ONCE_IT_HAS_ENDED = Outcome(
    figures=(
        Figure(
            "years", Text("劳动关系终止后的期限", "Time once the employment has ended"), Decimal(1),
            "years",
        ),
    ),
    steps=(
        line(
            Text(
                "劳动关系存续期间追索拖欠的劳动报酬不受一年限制；劳动关系终止的，自终止之日起一年内申请仲裁。",
                "While the employment lasts no limit runs for unpaid wages; once it has ended, go to"
                " arbitration within a year.",
            ),
            "LDMA 27",
        ),
    ),
)  # fmt: skip
_TOO_LATE = line(
    Text(
        "所填日期在一年届满之后，不能使时效中断；一年之内另有主张、投诉，时效曾经中止，或者对方之后自己同意履行的，"
        "请保留证据并尽快申请。",
        "The day stated lies after the end of the year, which it does not start anew; if there was a claim or"
        " complaint in time, the year was suspended, or the other side itself promised to perform since, keep"
        " proof and apply at once.",
    ),
    "LDMA 27",
)
_PROVISIONAL = line(
    Text(
        "届满日遇休息日顺延，当年放假安排尚未公布，届满日可能变动。",
        "The holidays of that year are not announced: the last day may move.",
    ),
    "CPL 85",
)

LIMITATION: Calculator = calculator(
    "limitation", Text("仲裁时效", "Arbitration limit"), "LDMA 27; CPL 85",
    (KNOWN, ARREARS, ENDED_IF, INTERRUPTED), limitation,
    rules=(
        in_order("known_on", "interrupted_on"), in_order("employment_ended_on"),
        not_in_future("known_on", "interrupted_on"),
    ),
)  # fmt: skip
