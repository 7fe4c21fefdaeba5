"""The life of a case: its statuses, the commands that move it, and the texts people read.

Everything that affects the state machine lives in this file. `TRANSITIONS` is the table; the
checks, the commands an answer lists, the enum in OpenAPI and the diagram are all read from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import Text

STATUSES: Mapping[str, Text] = {
    "submitted": Text("已提交，等待分派调解组织", "Submitted, waiting for an organisation"),
    "unassigned": Text(
        "等待平台管理员分派调解组织", "Waiting for the platform to choose an organisation"
    ),
    "organisation_assigned": Text(
        "已分派调解组织，等待指派调解员", "With an organisation, waiting for a mediator"
    ),
    "mediator_assigned": Text(
        "已指派调解员，等待初审", "A mediator is assigned, examination follows"
    ),
    "under_examination": Text("初审中", "Under preliminary examination"),
    "supplement_requested": Text("需要补充材料", "More material is needed"),
    "seeking_consent": Text(
        "正在征询双方调解意愿", "Both parties are asked whether they agree to mediate"
    ),
    "accepted": Text("已受理", "Accepted"),
    "not_accepted": Text("不予受理", "Not accepted"),
    "mediating": Text("调解中", "In mediation"),
    "agreed": Text("达成调解协议，等待签署", "Agreement reached, to be signed"),
    "agreement_signed": Text("调解协议已签署", "Agreement signed"),
    "review_requested": Text("已申请仲裁审查", "Arbitration review requested"),
    "review_confirmed": Text("仲裁审查已确认", "Confirmed by arbitration review"),
    "review_refused": Text("仲裁审查未予确认", "Refused by arbitration review"),
    "performed": Text("协议已履行", "Agreement performed"),
    "breached": Text("协议未履行", "Agreement not performed"),
    "failed": Text("调解不成，可依法申请仲裁", "No agreement; arbitration is open to you"),
    "withdrawn": Text("已撤回", "Withdrawn"),
    "closed": Text("已结案", "Closed"),
    "archived": Text("已归档", "Archived"),
}
"""Every status of a case in the order of its life."""

ENDED: frozenset[str] = frozenset({"withdrawn", "not_accepted", "failed", "closed", "archived"})
"""Statuses in which a mediator's capacity is free again and a new application is no duplicate."""


@dataclass(frozen=True, slots=True)
class Transition:
    """`command` (who may give it is the access table's matter) moves a case from any of `sources`
    to `target` and is told to the world as `event`."""

    command: str
    sources: frozenset[str]
    target: str
    event: str


_BEFORE_EXAMINATION = frozenset(
    {"submitted", "unassigned", "organisation_assigned", "mediator_assigned"}
)

TRANSITIONS: tuple[Transition, ...] = (
    Transition("leave-unassigned", frozenset({"submitted"}), "unassigned", "case.unassigned"),
    Transition(
        "assign-organisation",
        _BEFORE_EXAMINATION,
        "organisation_assigned",
        "case.organisation_assigned",
    ),
    Transition(
        "assign-mediator",
        frozenset({"organisation_assigned", "mediator_assigned"}),
        "mediator_assigned",
        "case.mediator_assigned",
    ),
    Transition("withdraw", frozenset(STATUSES) - ENDED, "withdrawn", "case.withdrawn"),
)
"""The table. The commands from examination to archive join it with the life of a case."""


def allowed(status: str) -> tuple[str, ...]:
    """Commands a case in this status accepts, in the table's order."""
    return tuple(t.command for t in TRANSITIONS if status in t.sources)


def transition(command: str) -> Transition:
    """The row of a command; KeyError for none."""
    for row in TRANSITIONS:
        if row.command == command:
            return row
    raise KeyError(command)


def diagram() -> str:
    """The table as a Mermaid state diagram, for the documentation."""
    lines = ["stateDiagram-v2", "    [*] --> submitted"]
    for row in TRANSITIONS:
        lines += [
            f"    {source} --> {row.target}: {row.command}"
            for source in STATUSES
            if source in row.sources
        ]
    lines += [f"    {status} --> [*]" for status in STATUSES if status in ENDED]
    return "\n".join(lines) + "\n"
