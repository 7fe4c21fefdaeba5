"""Mediation (调解) between its sessions: proposals, the joint extension of its term, failure.

企业劳动争议协商调解规定 29: mediation ends within 15 days from acceptance; the parties may extend it by
joint consent, before it ends. 30: whoever fails to agree is told of the right to arbitrate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from services.routing import sessions, steps
from services.routing.commands import Command, Given, Nothing
from services.routing.examination import sealed, sides
from services.routing.mediation_bodies import Extend, Fail, RecordProposal
from services.routing.steps import (
    Actor,
    Asking,
    Said,
    after,
    open_question,
    rule_not_met,
    step,
    together,
)
from shared.civil_time import civil_day
from shared.contracts.clocks import due
from shared.contracts.faults import Fault, fault
from shared.decision import Decision, State
from shared.errors import Refused, Text
from shared.working_days import next_working_day_on_or_after

MOST_PROPOSALS: Final = 60
LONGEST_EXTENSION: Final = 60
"""Days beyond the term of 15, in all extensions together: as an arbitration may take at most
(LDMA 43), so that mediating never keeps a party longer than the procedure it can choose instead."""
LONGEST_EXTENSION_NEW_FORM: Final = 15
"""The same in disputes of new forms of employment."""

_TERM_CLOCKS: Final = ("mediation_end", "fast_track_mediation")
_NOT_LATER = Fault(
    "not_later", Text("应晚于目前的届满日", "It must be later than the day the term ends now")
)


# --- proposals and failure ---------------------------------------------------------------------


def record_proposal(case: State, given: Given) -> Decision:
    """A proposal is on record: that there is one, and sealed what it says."""
    number = len(case["proposals"]) + 1
    if number > MOST_PROPOSALS:
        raise Refused("validation_failed", errors=[fault("too_many", MOST_PROPOSALS).at("/terms")])
    proposal = {"number": number, "by": given.body["by"], "at": given.at}
    return step(
        case,
        "record-proposal",
        given.actor,
        given.at,
        change={"proposals": [*case["proposals"], proposal]},
        told={"number": number},
        particulars=sealed(given, by=given.body["by"], terms=given.body["terms"]),
    )


def fail(case: State, given: Given) -> Decision:
    """No agreement: the mediation ends, arbitration is open to the parties."""
    words = {name: given.body.get(name) for name in ("explanation", "minutes")}
    return step(
        case,
        "fail",
        given.actor,
        given.at,
        told={"reason": given.body["reason"]},
        particulars=sealed(given, **words),
    )


# --- extension ---------------------------------------------------------------------------------


def extend(case: State, given: Given) -> Decision:
    """The parties are asked to extend the term; at once extended if all agreed by stated `means`.

    A question asked before is withdrawn. Refused: rule_not_met (acceptance_in_time,
    extension_within_limit).
    """
    until, means = date.fromisoformat(given.body["until"]), given.body.get("means")
    _check_term_runs(case, given.at)
    _check_within_limit(case, until)
    extension = {"until": until.isoformat(), "state": "asked", "means": means, "at": given.at}
    asking = Asking("extension", tuple(sides(case)), expires_on=_last_day(case))
    proposed = step(
        case,
        "extend",
        given.actor,
        given.at,
        change={"extension": extension},
        told={"until": extension["until"]},
        asks=() if means else [asking],
        withdraws=_asked(case),
    )
    if means is None:
        return proposed
    return together(proposed, _apply(after(case, proposed), given.actor, given.at))


def answer_extension(case: State, said: Said) -> Decision:
    """One party agrees or declines: the last to agree extends the term, the first to decline
    settles that it stays. Refused: question_not_open, rule_not_met (acceptance_in_time).
    """
    questions, question = steps.answered(case, said)
    noted = {**case, "questions": questions}
    if said.answer == "decline":
        return _refuse(noted, said.actor, said.at)
    _check_term_runs(case, said.at)
    if not steps.is_complete(question):
        return Decision({"questions": questions})
    return _apply(noted, said.actor, said.at)


def refuse_extension(case: State, given: Given) -> Decision:
    """Staff record that a party does not agree to more time. Refused("question_not_open")."""
    if not _asked(case):
        raise Refused("question_not_open")
    return _refuse(case, given.actor, given.at)


def _refuse(case: State, actor: Actor, at: datetime) -> Decision:
    extension = case["extension"]
    return step(
        case,
        "refuse-extension",
        actor,
        at,
        change={
            "questions": case["questions"],
            "extension": {**extension, "state": "refused", "at": at},
        },
        told={"until": extension["until"]},
        settles=_asked(case),
    )


def _apply(case: State, actor: Actor, at: datetime) -> Decision:
    """The term ends on the day agreed, or on the working day after it."""
    extension = case["extension"]
    last = next_working_day_on_or_after(date.fromisoformat(extension["until"]))
    moved = {"due_on": last.on.isoformat(), "provisional": last.provisional, "told": []}
    return step(
        case,
        "apply-extension",
        actor,
        at,
        change={
            "questions": case["questions"],
            "clocks": [
                {**clock, **moved} if clock["name"] in _TERM_CLOCKS else {**clock}
                for clock in case["clocks"]
            ],
            "extension": {**extension, "state": "agreed", "at": at},
        },
        told={"until": last.on.isoformat()},
        settles=_asked(case),
    )


def _last_day(case: State) -> date | None:
    """The day on which the running term of mediation ends."""
    ends: Sequence[str] = [c["due_on"] for c in case["clocks"] if c["name"] == "mediation_end"]
    return date.fromisoformat(ends[0]) if ends else None


def _check_term_runs(case: State, at: datetime) -> None:
    last = _last_day(case)
    if last is None or civil_day(at) > last:
        raise rule_not_met("acceptance_in_time")


def _check_within_limit(case: State, until: date) -> None:
    new_form = "new_employment_form" in case["flags"]
    days = LONGEST_EXTENSION_NEW_FORM if new_form else LONGEST_EXTENSION
    latest = due("mediation_end", civil_day(case["accepted_at"])).on + timedelta(days=days)
    wrong: Fault | None = None
    if until <= (_last_day(case) or until):
        wrong = _NOT_LATER
    elif until > latest:
        wrong = Fault("too_late", Text(f"最迟可延长至{latest}", f"{latest} is the latest"))
    if wrong:
        raise rule_not_met("extension_within_limit", errors=[wrong.at("/until")])


def _asked(case: State) -> list[str]:
    question = open_question(case, "extension")
    return [question["id"]] if question else []


COMMANDS: Mapping[str, Command] = {
    **sessions.COMMANDS,
    "record-proposal": Command(RecordProposal, record_proposal),
    "extend": Command(Extend, extend),
    "refuse-extension": Command(Nothing, refuse_extension),
    "fail": Command(Fail, fail),
}
