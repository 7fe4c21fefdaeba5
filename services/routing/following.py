"""What follows: review and performance of the agreement, closing, reopening, the archive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services.routing import referring
from services.routing.commands import Command, Given, Nothing
from services.routing.examination import sealed
from services.routing.following_bodies import Noted, Reopen
from services.routing.steps import BY_RULES, Actor, rule_not_met, step, together
from shared.civil_time import civil_day
from shared.contracts.clocks import due
from shared.decision import Decision, State


def confirm_review(case: State, given: Given) -> Decision:
    """The arbitration commission has confirmed the agreement."""
    return step(case, "confirm-review", given.actor, given.at, particulars=_note(given))


def refuse_review(case: State, given: Given) -> Decision:
    """The arbitration commission has not confirmed the agreement."""
    return step(case, "refuse-review", given.actor, given.at, particulars=_note(given))


def confirm_performance(case: State, given: Given) -> Decision:
    """All that was agreed has been done."""
    return step(case, "confirm-performance", given.actor, given.at, particulars=_note(given))


def record_breach(case: State, given: Given) -> Decision:
    """Something that was agreed has not been done: arbitration and, for pay, an order for payment
    are open to the other party (劳动争议调解仲裁法 15, 16)."""
    return step(case, "record-breach", given.actor, given.at, particulars=_note(given))


def close(case: State, given: Given) -> Decision:
    """Staff close a case whose mediation is over; the outcome is where it stands."""
    return _close(case, given.actor, given.at)


def close_by_rules(case: State, at: datetime) -> Decision:
    """The clock `closing` closes a case. Refused("command_not_allowed") if it is none to close."""
    return _close(case, BY_RULES, at)


def _close(case: State, actor: Actor, at: datetime) -> Decision:
    outcome = case["status"]
    change = {"outcome": outcome, "closed_at": at}
    return step(case, "close", actor, at, change=change, told={"outcome": outcome})


def reopen(case: State, given: Given) -> Decision:
    """The organisation has the case again as if it had just come: it assigns a mediator, examines
    and accepts it anew, under a new number. What the respondents agreed to is asked again.

    Refused: rule_not_met (reopening_in_time, organisation_kept).
    """
    if _may_be_archived(case, given.at):
        raise rule_not_met("reopening_in_time")
    if case["organisation"] is None:
        raise rule_not_met("organisation_kept")
    reopened = step(
        case,
        "reopen",
        given.actor,
        given.at,
        change={
            "mediator": None,
            "reasons": [],
            "outcome": None,
            "closed_at": None,
            "case_number": None,
            "accepted_at": None,
            "extension": None,
            "agreement": None,
            "consents": [c for c in case["consents"] if c["party"] == "applicant"],
        },
        particulars=sealed(given, reason=given.body["reason"]),
    )
    agreement = case["agreement"]
    if agreement is None:
        return reopened
    kept = {**agreement, "fate": "reopened", "at": given.at}
    return together(reopened, Decision(push={"former_agreements": [kept]}))


def archive(case: State, at: datetime, *, actor: Actor = BY_RULES) -> Decision:
    """The case is at rest for good. Refused: rule_not_met (archiving_due), command_not_allowed."""
    if case["status"] == "closed" and not _may_be_archived(case, at):
        raise rule_not_met("archiving_due")
    return step(case, "archive", actor, at)


def archive_by_hand(case: State, given: Given) -> Decision:
    """The platform's administrator archives what nobody has archived yet."""
    return archive(case, given.at, actor=given.actor)


def _may_be_archived(case: State, at: datetime) -> bool:
    """Whether the last day on which a closed case can be reopened has passed."""
    return civil_day(at) > due("archiving", civil_day(case["closed_at"])).on


def _note(given: Given) -> str | None:
    return sealed(given, note=given.body.get("note"))


COMMANDS: Mapping[str, Command] = {
    **referring.COMMANDS,
    "confirm-review": Command(Noted, confirm_review),
    "refuse-review": Command(Noted, refuse_review),
    "confirm-performance": Command(Noted, confirm_performance),
    "record-breach": Command(Noted, record_breach),
    "close": Command(Nothing, close),
    "reopen": Command(Reopen, reopen),
    "archive": Command(Nothing, archive_by_hand),
}
