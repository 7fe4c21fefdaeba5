"""The preliminary examination (初审): from the mediator's first look to acceptance or refusal.

Pure decisions on the case and what was said with the command; whose turn it is and what the clocks
do is in the lifecycle table. 企业劳动争议协商调解规定 22: a case is accepted within three working days if
all parties agree to mediate, else the applicant is told in writing why not.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from services.routing import steps
from services.routing.asked import unknown
from services.routing.commands import Command, Given, Nothing
from services.routing.examination_bodies import (
    Accept,
    RecordConsent,
    Refuse,
    RequestSupplement,
    SeekConsent,
    Withdraw,
)
from services.routing.numbering import number_at_once
from services.routing.steps import (
    Asking,
    Party,
    Said,
    open_question,
    recorded,
    rule_not_met,
    step,
)
from shared.civil_time import civil_day
from shared.contracts.clocks import due
from shared.contracts.questions import PARTIES
from shared.decision import Decision, State
from shared.divisions import find


def begin_examination(case: State, given: Given) -> Decision:
    """The mediator has opened the case."""
    return step(case, "begin-examination", given.actor, given.at)


def request_supplement(case: State, given: Given) -> Decision:
    """The applicant is asked for what is missing; what it is, intake tells in a document."""
    words = sealed(given, items=[_said(item) for item in given.body["items"]], **_note(given))
    return step(case, "request-supplement", given.actor, given.at, particulars=words)


def resume_examination(case: State, given: Given) -> Decision:
    """The supplement is no longer waited for."""
    return step(case, "resume-examination", given.actor, given.at)


# --- consent -----------------------------------------------------------------------------------


def seek_consent(case: State, given: Given) -> Decision:
    """Every respondent that has not agreed is asked; applicants agreed by applying."""
    asked = tuple(p for p in sides(case) if p[0] == "respondent" and p not in agreed(case))
    expires_on = due("consent_answer", civil_day(given.at)).on
    return step(
        case,
        "seek-consent",
        given.actor,
        given.at,
        asks=[Asking("consent", asked, expires_on=expires_on)] if asked else (),
        particulars=sealed(given, **_note(given)),
    )


def record_consent(case: State, given: Given) -> Decision:
    """Staff note what a party said by phone, on paper or in person; a later word replaces it."""
    party: Party = (given.body["party"], given.body["index"])
    if party not in sides(case):
        raise unknown("index")
    question = open_question(case, "consent")
    said = recorded(question["id"] if question else "", given.body, given.actor, given.at)
    if question and party in _asked(question):
        return answer_consent(case, said)
    return _consent(case, said, complete=question is None)


def answer_consent(case: State, said: Said) -> Decision:
    """The party agrees or declines to mediate; Refused("question_not_open") if it is not asked.

    The last answer settles the question.
    """
    questions, question = steps.answered(case, said)
    complete = steps.is_complete(question)
    return _consent(
        {**case, "questions": questions},
        said,
        complete=complete,
        settles=[said.question] if complete else [],
    )


def _consent(case: State, said: Said, *, complete: bool, settles: Collection[str] = ()) -> Decision:
    side, index = said.party
    # Nobody is reminded of what all have answered.
    clocks = [c for c in case["clocks"] if not (complete and c["name"] == "consent_answer")]
    others = [c for c in case["consents"] if (c["party"], c["index"]) != said.party]
    told = {"party": side, "index": index, "answer": said.answer, "means": said.means}
    return step(
        case,
        "record-consent",
        said.actor,
        said.at,
        change={"consents": [*others, {**told, "at": said.at}], "clocks": clocks},
        told={**told, "complete": complete},
        settles=settles,
    )


# --- the decision ------------------------------------------------------------------------------


def accept(case: State, given: Given) -> Decision:
    """The case is accepted with all who take part; the term of mediation begins.

    Refused("rule_not_met", all_consented) unless all applicants and every respondent that is not
    left out agreed; Refused("validation_failed") for a respondent that does not exist.
    """
    left_out = _left_out(case, given)
    remaining = [p for p in sides(case) if p not in left_out]
    if not any(side == "respondent" for side, _ in remaining) or set(remaining) - agreed(case):
        raise rule_not_met("all_consented")
    question = open_question(case, "consent")
    return step(
        case,
        "accept",
        given.actor,
        given.at,
        change={
            "accepted_at": given.at,
            "parties": [p for p in case["parties"] if (p["party"], p["index"]) not in left_out],
        },
        told={
            "without": [{"party": side, "index": index} for side, index in sorted(left_out)],
        },
        withdraws=[question["id"]] if question else (),
    )


def refuse(case: State, given: Given) -> Decision:
    """The case is not accepted: a reason, an explanation in words, and what can be done next."""
    place = find(given.body.get("right_division") or "")
    return step(
        case,
        "refuse",
        given.actor,
        given.at,
        told={
            "reason": given.body["reason"],
            "advice": list(dict.fromkeys(given.body["advice"])),
            "right_division": {"code": place.code, "name": place.name} if place else None,
        },
        particulars=sealed(given, explanation=given.body["explanation"]),
    )


def withdraw(case: State, given: Given) -> Decision:
    """Staff record that the applicant takes the application back."""
    words = sealed(given, means=given.body["means"], **_note(given))
    return step(case, "withdraw", given.actor, given.at, particulars=words)


# --- what the decisions above share ------------------------------------------------------------


def sides(case: State) -> list[Party]:
    """Everybody who takes part and answers for itself; agents answer in their party's place."""
    return [(p["party"], p["index"]) for p in case["parties"] if p["party"] in PARTIES]


def agreed(case: State) -> set[Party]:
    """Those whose last word is that they agree to mediate."""
    return {(c["party"], c["index"]) for c in case["consents"] if c["answer"] == "agree"}


def sealed(given: Given, **words: Any) -> str | None:
    """The words of a command as only routing and intake can read them; None if nothing was said."""
    said = {name: word for name, word in words.items() if word is not None}
    return given.seal(said) if said else None


def _left_out(case: State, given: Given) -> set[Party]:
    known = sides(case)
    left_out: set[Party] = set()
    for position, index in enumerate(given.body.get("without_respondents") or ()):
        if ("respondent", index) not in known:
            raise unknown(f"without_respondents/{position}")
        left_out.add(("respondent", index))
    return left_out


def _asked(question: State) -> list[Party]:
    return [(p["party"], p["index"]) for p in question["to"]]


def _note(given: Given) -> dict[str, str | None]:
    return {"note": given.body.get("note")}


def _said(item: State) -> dict[str, Any]:
    return {name: value for name, value in item.items() if value is not None}


COMMANDS = {
    "begin-examination": Command(Nothing, begin_examination),
    "request-supplement": Command(RequestSupplement, request_supplement),
    "resume-examination": Command(Nothing, resume_examination),
    "seek-consent": Command(SeekConsent, seek_consent),
    "record-consent": Command(RecordConsent, record_consent),
    "accept": Command(Accept, accept, follow=number_at_once),
    "refuse": Command(Refuse, refuse),
    "withdraw": Command(Withdraw, withdraw),
}
