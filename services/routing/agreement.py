"""The agreement (调解协议): written down, signed by all, in effect; or declined.

企业劳动争议协商调解规定 26: it states parties, claims, result, time and manner of performance; it binds
once the parties and the mediator have signed and the organisation has sealed it. 24: it stays
confidential unless the parties want otherwise. 民事诉讼法 56, 62: who may settle for others.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from services.routing import booking, steps
from services.routing.agreement_bodies import SEAL, RecordAgreement, ResumeMediation, Sign
from services.routing.agreement_text import check_text, perform_by
from services.routing.asked import unknown
from services.routing.commands import Command, Desk, Given, Prepared
from services.routing.examination import sealed, sides
from services.routing.sessions import called_off, was_held
from services.routing.steps import (
    Actor,
    Asking,
    Party,
    Said,
    after,
    open_question,
    rule_not_met,
    step,
    together,
)
from shared.civil_time import civil_day, rfc3339
from shared.contracts.faults import Fault, fault
from shared.decision import NOTHING, Decision, State
from shared.errors import Refused, Text

MOST_VERSIONS: Final = 30
MEDIATOR: Final[Party] = ("mediator", 0)
ORGANISATION: Final[Party] = ("organisation", 0)

_SEALED_BY_ORGANISATION = Text(
    "调解组织印章由调解组织管理员加盖", "The organisation's administrator seals an agreement"
)
_SIGNED_BY_MEDIATOR = Text("调解员由本人签署", "The mediator signs in person")
_SEAL_ONLY = Fault(
    "unknown_value",
    Text("调解组织盖章，其他各方签名", "An organisation seals, everybody else signs"),
)
_REACHED = "已达成调解协议，不再召开。An agreement has been reached."


# --- the text ----------------------------------------------------------------------------------


def free_hours(desk: Desk, case: State, _: Given) -> Prepared:
    """The mediator's hours are free again once an agreement makes the sessions pointless."""
    hours, mediator_id = booking.hours_of(case).values(), case["mediator"]["id"]
    return Prepared(finish=lambda: booking.give_up(desk.directory, mediator_id, [*hours]))


def record_agreement(case: State, given: Given) -> Decision:
    """The agreement is written down, all parties are asked to sign; signatures under a text before
    it are void. Sessions ahead are called off.

    Refused: rule_not_met (session_held, agreement_complete, represented_consented).
    """
    if not was_held(case) or _begun_unrecorded(case, given.at):
        raise rule_not_met("session_held")
    check_text(case, given.body, civil_day(given.at))
    version = len(_former(case)) + (case["agreement"] is not None) + 1
    if version > MOST_VERSIONS:
        raise Refused("validation_failed", errors=[fault("too_many", MOST_VERSIONS).at("")])
    off = _all_called_off(case, given)
    now = after(case, off)
    last_day = perform_by(given.body)
    agreement = {
        "version": version,
        "recorded_at": given.at,
        "perform_by": last_day,
        "confidentiality": given.body.get("confidentiality") is not False,
        "signatures": [],
        "effective_at": None,
    }
    recorded = step(
        now,
        "record-agreement",
        given.actor,
        given.at,
        change={"agreement": agreement, "extension": _extension_over(now)},
        told={"version": version, "perform_by": last_day},
        asks=[Asking("signature", tuple(sides(case)))],
        withdraws=[*_asked(now, "signature"), *_asked(now, "extension")],
        particulars=sealed(given, **_said(given.body)),
    )
    return together(off, recorded, _kept(case, "replaced", given.at))


def _begun_unrecorded(case: State, at: datetime) -> bool:
    return any(hour.starts_at <= at for hour in booking.hours_of(case).values())


def _all_called_off(case: State, given: Given) -> Decision:
    decision, now = Decision(), case
    for session_id in booking.hours_of(case):
        words = given.seal({"reason": _REACHED})
        off = called_off(now, session_id, given.actor, given.at, words)
        decision, now = together(decision, off), after(now, off)
    return decision


def _said(body: Mapping[str, Any]) -> dict[str, Any]:
    """The text as documents print it: without what was not said, confidential unless told."""
    text = {name: value for name, value in body.items() if value is not None}
    return {**text, "confidentiality": body.get("confidentiality") is not False}


def _extension_over(case: State) -> dict[str, Any] | None:
    """An extension nobody has answered is no longer asked for."""
    extension: dict[str, Any] | None = case["extension"]
    if extension and extension["state"] == "asked":
        return {**extension, "state": "lapsed"}
    return extension


# --- signatures --------------------------------------------------------------------------------


def sign(case: State, given: Given) -> Decision:
    """Staff record a signature on paper or the organisation's seal; the mediator signs itself.

    Refused: forbidden, validation_failed, rule_not_met (authorised_to_settle).
    """
    body = given.body
    signatory: Party = (body["signatory"], body.get("index") or 0)
    if signatory not in signatories(case):
        raise unknown("index")
    if (signatory == ORGANISATION) != (body["means"] == SEAL):
        raise Refused("validation_failed", errors=[_SEAL_ONLY.at("/means")])
    if signatory == ORGANISATION and given.actor.role != "organisation_admin":
        raise Refused("forbidden", _SEALED_BY_ORGANISATION)
    if signatory == MEDIATOR and given.actor.role != "mediator":
        raise Refused("forbidden", _SIGNED_BY_MEDIATOR)
    if body.get("by_agent") and not _agent_may_settle(case, signatory):
        raise rule_not_met("authorised_to_settle")
    return _signed(case, signatory, body["means"], given.actor, given.at)


def answer_signature(case: State, said: Said) -> Decision:
    """A party signs online, or declines, upon which mediation goes on.

    A general agent cannot sign, nor can anybody with the code of an applicant who has one: the
    agent holds it too. Refused: question_not_open, rule_not_met (authorised_to_settle).
    """
    questions, _ = steps.answered(case, said)
    if said.answer == "decline":
        return _declined({**case, "questions": questions}, said.actor, said.at)
    if not _may_sign(case, said):
        raise rule_not_met("authorised_to_settle")
    return _signed(case, said.party, said.means, said.actor, said.at)


def resume_mediation(case: State, given: Given) -> Decision:
    """Staff record that a party does not sign."""
    return _declined(case, given.actor, given.at, words=sealed(given, note=given.body.get("note")))


def signatories(case: State) -> list[Party]:
    """All whose signature or seal an agreement needs."""
    return [*sides(case), MEDIATOR, ORGANISATION]


def missing(case: State) -> list[Party]:
    """Those who have not signed yet. The signature of a mediator who no longer has the case does
    not count."""
    mediator_id = case["mediator"]["id"]
    signed = {
        (s["signatory"], s["index"])
        for s in case["agreement"]["signatures"]
        if s["signatory"] != "mediator" or s["by"] == mediator_id
    }
    return [signatory for signatory in signatories(case) if signatory not in signed]


def _signed(case: State, signatory: Party, means: str, actor: Actor, at: datetime) -> Decision:
    """The signature is on record; the last one puts the agreement into effect."""
    if signatory not in missing(case):
        return NOTHING
    name, index = signatory
    questions, settles = _answered_by(case, signatory, means, actor, at)
    signature = {"signatory": name, "index": index, "means": means, "at": at, "by": actor.subject}
    others = [
        s for s in case["agreement"]["signatures"] if (s["signatory"], s["index"]) != signatory
    ]
    agreement = {**case["agreement"], "signatures": [*others, signature]}
    left = len(missing({**case, "agreement": agreement}))
    decided = step(
        case,
        "sign",
        actor,
        at,
        change={"agreement": agreement, "questions": questions},
        told={"signatory": name, "index": index, "means": means, "missing": left},
        settles=settles,
    )
    if left:
        return decided
    return together(decided, conclude(after(case, decided), actor, at))


def conclude(case: State, actor: Actor, at: datetime) -> Decision:
    """The agreement is in effect; the periods for review, confirmation and performance begin.

    Refused: rule_not_met (all_signed).
    """
    if missing(case):
        raise rule_not_met("all_signed")
    agreement = {**case["agreement"], "effective_at": at}
    texts = [r["sealed"] for r in case["records"] if r["command"] == "record-agreement"]
    last_day = agreement["perform_by"]
    return step(
        case,
        "conclude",
        actor,
        at,
        change={"agreement": agreement},
        told={
            "effective_at": rfc3339(at),
            "perform_by": last_day,
            "signatures": [
                {**{n: s[n] for n in ("signatory", "index", "means")}, "at": rfc3339(s["at"])}
                for s in agreement["signatures"]
            ],
            "particulars": texts[-1],
        },
        days={"performance": date.fromisoformat(last_day)},
    )


def _answered_by(
    case: State, signatory: Party, means: str, actor: Actor, at: datetime
) -> tuple[list[dict[str, Any]], list[str]]:
    """The questions with a party's signature noted as its answer, and those settled by it."""
    question = open_question(case, "signature")
    if question is None or signatory not in [(p["party"], p["index"]) for p in question["to"]]:
        return list(case["questions"]), []
    said = Said(question["id"], signatory, "sign", means, at, actor)
    questions, noted = steps.answered(case, said)
    return questions, [question["id"]] if steps.is_complete(noted) else []


def _declined(case: State, actor: Actor, at: datetime, words: str | None = None) -> Decision:
    """The text is off the table, kept among those before; mediation goes on."""
    declined = step(
        case,
        "resume-mediation",
        actor,
        at,
        change={"agreement": None, "questions": case["questions"]},
        settles=_asked(case, "signature"),
        particulars=words,
    )
    return together(declined, _kept(case, "declined", at))


def _agent_may_settle(case: State, party: Party) -> bool:
    """Whether whoever acts for the party has special authority; agents are the applicant's."""
    agents = [p for p in case["parties"] if p["party"] == "agent"]
    return party[0] != "applicant" or all(agent["may_settle"] for agent in agents)


def _may_sign(case: State, said: Said) -> bool:
    kinds = {(p["party"], p["index"]): p["kind"] for p in case["parties"]}
    perhaps_agent = said.by_agent or (said.means == "code" and kinds[said.party] == "person")
    return not perhaps_agent or _agent_may_settle(case, said.party)


# --- what the decisions above share ------------------------------------------------------------


def _former(case: State) -> list[Mapping[str, Any]]:
    return list(case.get("former_agreements", ()))


def _kept(case: State, fate: str, at: datetime) -> Decision:
    """The agreement there was, among those before it; nothing if there was none."""
    if case["agreement"] is None:
        return NOTHING
    return Decision(push={"former_agreements": [{**case["agreement"], "fate": fate, "at": at}]})


def _asked(case: State, kind: str) -> list[str]:
    question = open_question(case, kind)
    return [question["id"]] if question else []


COMMANDS: Mapping[str, Command] = {
    "record-agreement": Command(RecordAgreement, record_agreement, free_hours),
    "sign": Command(Sign, sign),
    "resume-mediation": Command(ResumeMediation, resume_mediation),
}
