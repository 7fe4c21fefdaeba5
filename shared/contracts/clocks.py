"""The clocks of a case: how long each runs, from where, and whose matter it is when it runs out.

Which command starts and stops a clock stands in the lifecycle table. Days are civil days of the
mainland; the first is not counted, a last day off moves forward (民事诉讼法 85).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.errors import Text
from shared.working_days import DueDate, add_days, add_working_days, next_working_day_on_or_after

Nature = Literal["duty", "target", "right", "automatic"]
"""`duty` of the mediators by law, `target` of the service, `right` of the parties that lapses,
`automatic` when the case itself moves on the day after."""


@dataclass(frozen=True, slots=True)
class Clock:
    """`length` in `unit`; a `date` is named by the command that starts the clock. Approach is told
    `warn_days` working days before the last day (0: on the day itself, at its beginning)."""

    title: Text
    length: int
    unit: Literal["working_days", "days", "date"]
    nature: Nature
    source: str  # a key of SOURCES
    warn_days: int = 1
    flag: str = ""  # runs only for cases with this triage flag

    @property
    def is_ours(self) -> bool:
        """Whether running out is a failing of the service, which makes a case overdue."""
        return self.nature in {"duty", "target"}


CLOCKS: Mapping[str, Clock] = {
    "mediator_assignment": Clock(
        Text("指派调解员", "A mediator is assigned"), 1, "working_days", "target", "service", 0
    ),
    "mediator_choice": Clock(
        Text("申请人选择调解员", "The applicant chooses a mediator"),
        1, "working_days", "automatic", "service", 0,
    ),
    "examination_start": Clock(
        Text("开始初审", "Examination begins"), 1, "working_days", "target", "service", 0
    ),
    "supplement_answer": Clock(
        Text("补充材料", "Requested material arrives"), 5, "working_days", "right", "service"
    ),
    "consent_answer": Clock(
        Text("答复是否同意调解", "The parties answer whether they agree to mediate"),
        2, "working_days", "right", "service",
    ),
    "fast_track_acceptance": Clock(
        Text("速裁绿色通道受理", "Fast track: decision on acceptance"),
        1, "working_days", "target", "service", 0, "fast_track",
    ),
    "acceptance_decision": Clock(
        Text("作出是否受理的决定", "Decision on acceptance"), 3, "working_days", "duty", "R17 22"
    ),
    "fast_track_mediation": Clock(
        Text("速裁绿色通道调解", "Fast track: mediation ends"), 7, "days", "target", "service",
        flag="fast_track",
    ),
    "mediation_end": Clock(
        Text("调解期限", "Mediation ends"), 15, "days", "duty", "R17 29", 2
    ),
    "signature": Clock(
        Text("签署调解协议", "The agreement is signed"), 5, "working_days", "target", "service"
    ),
    "arbitration_review_request": Clock(
        Text("共同申请仲裁审查", "Joint request for arbitration review"),
        15, "days", "right", "R33 74", 3,
    ),
    "judicial_confirmation": Clock(
        Text("共同申请司法确认", "Joint request for judicial confirmation"),
        30, "days", "right", "CPL 205", 5,
    ),
    "arbitration_review": Clock(
        Text("仲裁审查", "Arbitration review ends"), 10, "working_days", "right", "R33 76"
    ),
    "performance": Clock(
        Text("履行协议", "The agreement is performed"), 0, "date", "right", "R17 26", 2
    ),
    "closing": Clock(
        Text("结案", "The case is closed"), 5, "working_days", "automatic", "service", 0
    ),
    "archiving": Clock(
        Text("归档", "The case is archived"), 30, "days", "automatic", "service", 0
    ),
    "right_to_arbitrate": Clock(
        Text("可以直接申请仲裁", "Arbitration is open without an agreement"),
        15, "days", "right", "LDMA 14", 0,
    ),
    "arbitration_limitation": Clock(
        Text("申请仲裁的时效", "Limitation of arbitration"), 0, "date", "right", "LDMA 27", 20
    ),
}  # fmt: skip
"""Every clock by name, in the order of a case's life."""


def due(name: str, start: date, on: date | None = None) -> DueDate:
    """The last day of a clock started on `start`; `on` is the day named for a clock of a date."""
    clock = CLOCKS[name]
    if clock.unit == "date":
        if on is None:
            raise ValueError(f"{name}: the last day must be named")
        return next_working_day_on_or_after(on)
    if clock.unit == "working_days":
        return add_working_days(start, clock.length)
    return add_days(start, clock.length)
