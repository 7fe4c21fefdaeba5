"""The life of a case: its statuses, the commands that move it, and the texts people read.

Everything that affects the state machine lives in this file. `TRANSITIONS` is the table; the
checks, the commands an answer lists, who may give them, the clocks that start and stop, the enums
in OpenAPI and the diagram are all read from it. The rules its rows name are worded in `guards`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shared.contracts.clocks import CLOCKS
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

FINAL = "archived"
"""The one status that nothing leaves."""

OUTCOMES: Mapping[str, Text] = {
    "withdrawn": Text("撤回申请", "Withdrawn"),
    "not_accepted": Text("不予受理", "Not accepted"),
    "failed": Text("调解不成", "No agreement"),
    "agreement_signed": Text("达成协议", "Settled by agreement"),
    "review_confirmed": Text("达成协议并经仲裁审查确认", "Settled, confirmed by review"),
    "review_refused": Text("达成协议，仲裁审查未予确认", "Settled, refused by review"),
    "performed": Text("协议已履行", "Settled and performed"),
    "breached": Text("协议未履行", "Settled, not performed"),
}
"""How a case ended: the status it was closed from."""


RULES = "rules"
"""Who moves a case when nobody commands it: the product's own rules, on an event or a clock."""

_ADMINISTRATORS = frozenset({"platform_admin", "organisation_admin"})
_MEDIATOR = frozenset({"mediator", "organisation_admin"})
_PARTIES = frozenset({"applicant", "agent", "respondent"})
_RULES = frozenset({RULES})


@dataclass(frozen=True, slots=True)
class Transition:
    """`command`, given by one of `who`, moves a case from any of `sources` to `target` (None: the
    status stays) if all `guards` hold, and is told to the world as `event`. `starts` and `stops`
    name clocks; a case that ends stops all but those of RUNS_ON."""

    command: str
    sources: frozenset[str]
    target: str | None
    event: str
    who: frozenset[str]
    guards: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()


RUNS_ON: frozenset[str] = frozenset({"right_to_arbitrate", "arbitration_limitation"})
"""Clocks of the law that no step of ours stops, except an agreement's taking effect."""


def _in(*statuses: str) -> frozenset[str]:
    return frozenset(statuses)


_UNDER_WAY = _in(
    "under_examination", "supplement_requested", "seeking_consent", "accepted", "mediating",
    "agreed", "agreement_signed", "review_requested", "review_confirmed", "review_refused",
    "performed", "breached",
)  # fmt: skip
_BEFORE_AGREEMENT = _in(
    "organisation_assigned", "mediator_assigned", "under_examination", "supplement_requested",
    "seeking_consent", "accepted", "mediating",
)  # fmt: skip
_SETTLED = _in("agreement_signed", "review_confirmed", "review_refused")
_OPEN = frozenset(STATUSES) - ENDED
_REFERABLE = frozenset(STATUSES) - {"submitted", "unassigned", "archived"}

TRANSITIONS: tuple[Transition, ...] = (
    # --- who has the case
    Transition("leave-unassigned", _in("submitted"), "unassigned", "case.unassigned", _RULES),
    Transition("assign-organisation",
        _in("submitted", "unassigned", "organisation_assigned", "mediator_assigned"),
        "organisation_assigned", "case.organisation_assigned", _in(RULES, "platform_admin"),
        stops=("mediator_choice", "examination_start")),
    Transition("propose-mediators", _in("organisation_assigned"), None, "case.mediators_proposed",
        _in(RULES, "organisation_admin"),
        guards=("choice_offered",), starts=("mediator_choice",)),
    # the applicant's choice among three
    Transition("assign-mediator", _in("organisation_assigned", "mediator_assigned"),
        "mediator_assigned", "case.mediator_assigned",
        _ADMINISTRATORS | {RULES, "applicant", "agent"},
        starts=("examination_start",), stops=("mediator_assignment", "mediator_choice")),
    Transition("assign-mediator", _UNDER_WAY, None, "case.mediator_assigned",
        _ADMINISTRATORS | {RULES}),
    Transition("transfer", _BEFORE_AGREEMENT, "organisation_assigned", "case.transferred",
        _ADMINISTRATORS,
        starts=("mediator_assignment", "acceptance_decision"),
        stops=("examination_start", "supplement_answer", "consent_answer", "mediation_end",
            "fast_track_mediation", "mediator_choice")),
    # --- examination
    Transition("begin-examination", _in("mediator_assigned"), "under_examination",
        "case.examination_begun", _MEDIATOR,
        stops=("examination_start",)),
    Transition("request-supplement", _in("under_examination"), "supplement_requested",
        "case.supplement_requested", _MEDIATOR,
        starts=("supplement_answer",)),
    # when the supplement has come, or is no longer waited for
    Transition("resume-examination", _in("supplement_requested"), "under_examination",
        "case.examination_resumed", _MEDIATOR | {RULES},
        stops=("supplement_answer",)),
    Transition("seek-consent", _in("under_examination"), "seeking_consent", "case.consent_sought",
        _MEDIATOR,
        starts=("consent_answer",)),
    Transition("record-consent", _in("seeking_consent"), None, "case.consent_recorded",
        _MEDIATOR | _PARTIES),
    Transition("accept", _in("seeking_consent"), "accepted", "case.accepted", _MEDIATOR,
        guards=("all_consented",), starts=("mediation_end", "fast_track_mediation"),
        stops=("acceptance_decision", "fast_track_acceptance", "consent_answer")),
    Transition("refuse",
        _in("mediator_assigned", "under_examination", "supplement_requested", "seeking_consent"),
        "not_accepted", "case.not_accepted", _MEDIATOR,
        starts=("closing",)),
    # --- mediation
    Transition("schedule-session", _in("accepted", "mediating"), "mediating",
        "case.session_scheduled", _MEDIATOR,
        guards=("session_ahead", "sessions_apart")),
    Transition("answer-session", _in("mediating"), None, "case.session_answered",
        _MEDIATOR | _PARTIES),
    Transition("cancel-session", _in("mediating"), None, "case.session_cancelled", _MEDIATOR),
    Transition("record-session", _in("mediating"), None, "case.session_held", _MEDIATOR,
        guards=("session_begun",)),
    Transition("record-proposal", _in("mediating"), None, "case.proposal_made", _MEDIATOR),
    Transition("extend", _in("accepted", "mediating"), None, "case.extension_proposed", _MEDIATOR,
        guards=("acceptance_in_time", "extension_within_limit")),
    # the last consent of all
    Transition("apply-extension", _in("accepted", "mediating"), None, "case.mediation_extended",
        _MEDIATOR | _PARTIES),
    # the first who declines
    Transition("refuse-extension", _in("accepted", "mediating"), None, "case.extension_refused",
        _MEDIATOR | _PARTIES),
    Transition("record-agreement", _in("mediating", "agreed"), "agreed",
        "case.agreement_recorded", _MEDIATOR,
        guards=("session_held", "agreement_complete", "represented_consented"),
        starts=("signature",)),
    Transition("sign", _in("agreed"), None, "case.signature_recorded", _MEDIATOR | _PARTIES,
        guards=("authorised_to_settle",)),
    # whoever signs last
    Transition("conclude", _in("agreed"), "agreement_signed", "case.agreement_signed",
        _MEDIATOR | _PARTIES,
        guards=("all_signed",),
        starts=("arbitration_review_request", "judicial_confirmation", "performance"),
        stops=("signature", "mediation_end", "fast_track_mediation", "right_to_arbitrate")),
    # a party declines to sign
    Transition("resume-mediation", _in("agreed"), "mediating", "case.agreement_declined",
        _MEDIATOR | _PARTIES,
        stops=("signature",)),
    Transition("fail", _in("accepted", "mediating", "agreed"), "failed", "case.failed", _MEDIATOR,
        starts=("closing",)),
    # --- what follows
    # the last of the parties to join
    Transition("request-review", _in("agreement_signed"), "review_requested",
        "case.review_requested", _MEDIATOR | _PARTIES,
        guards=("review_in_time",), starts=("arbitration_review",),
        stops=("arbitration_review_request",)),
    Transition("confirm-review", _in("review_requested"), "review_confirmed",
        "case.review_confirmed", _MEDIATOR,
        stops=("arbitration_review",)),
    Transition("refuse-review", _in("review_requested"), "review_refused", "case.review_refused",
        _MEDIATOR,
        stops=("arbitration_review",)),
    Transition("confirm-performance", _SETTLED, "performed", "case.performed", _MEDIATOR,
        starts=("closing",), stops=("performance",)),
    Transition("record-breach", _SETTLED, "breached", "case.breached", _MEDIATOR,
        starts=("closing",), stops=("performance",)),
    Transition("refer", _REFERABLE, None, "case.referral_opened", _MEDIATOR,
        guards=("referral_fits", "review_in_time")),
    Transition("update-referral", _REFERABLE, None, "case.referral_changed", _MEDIATOR | _PARTIES,
        guards=("referral_in_order",)),
    # --- the end
    Transition("withdraw", _OPEN - _SETTLED - {"performed", "breached", "review_requested"},
        "withdrawn", "case.withdrawn", _MEDIATOR | {"applicant", "agent"},
        starts=("closing",)),
    Transition("close", frozenset(OUTCOMES), "closed", "case.closed", _MEDIATOR | {RULES},
        starts=("archiving",)),
    Transition("reopen", _in("closed"), "organisation_assigned", "case.reopened", _ADMINISTRATORS,
        guards=("reopening_in_time", "organisation_kept"),
        starts=("mediator_assignment", "acceptance_decision"), stops=("archiving",)),
    Transition("archive", _in("closed"), "archived", "case.archived", _in(RULES, "platform_admin"),
        guards=("archiving_due",)),
)  # fmt: skip
"""The table: every step a case can take."""

_BY_COMMAND_AND_STATUS: Mapping[tuple[str, str], Transition] = MappingProxyType(
    {(row.command, source): row for row in TRANSITIONS for source in row.sources}
)

COMMANDS: tuple[str, ...] = tuple(dict.fromkeys(row.command for row in TRANSITIONS))
"""Every command once, in the table's order."""


def find(command: str, status: str) -> Transition | None:
    """The row by which `command` moves a case in `status`; None if it does not."""
    return _BY_COMMAND_AND_STATUS.get((command, status))


def allowed(status: str, role: str | None = None) -> tuple[str, ...]:
    """Commands a case in this status accepts, of `role` if one is named, in the table's order."""
    return tuple(
        row.command
        for row in TRANSITIONS
        if status in row.sources and (role is None or role in row.who)
    )


def givers(command: str) -> frozenset[str]:
    """All who may give a command in some status."""
    return frozenset().union(*(row.who for row in TRANSITIONS if row.command == command))


def running_after(row: Transition, running: Iterable[str]) -> tuple[str, ...]:
    """Names of the clocks that run once `row` was taken, of those that did and those it starts."""
    stopped = set(row.stops)
    if row.target in ENDED:
        stopped |= set(CLOCKS) - RUNS_ON
    kept = [name for name in running if name not in stopped]
    return tuple(dict.fromkeys([*kept, *row.starts]))


def diagram() -> str:
    """The table as a Mermaid state diagram, for the documentation."""
    lines = ["stateDiagram-v2", "    [*] --> submitted"]
    for row in TRANSITIONS:
        lines += [
            f"    {source} --> {row.target}: {row.command}"
            for source in STATUSES
            if source in row.sources and row.target not in {None, source}
        ]
    lines.append(f"    {FINAL} --> [*]")
    return "\n".join(lines) + "\n"
