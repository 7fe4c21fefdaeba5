"""Where the organisation allows it, the applicant chooses among proposed mediators within a day.

The rules propose (`assigning.assign_within`); here the answer, or that there was none in time,
becomes an assignment: the one chosen, else the next fittest of those proposed, else whom the rules
find now, else nobody, and the organisation's administrator decides. A place is taken before the
case is written; one that no case uses in the end is given back by placing.UnheldPlaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from services.routing import domain, steps
from services.routing.asked import unknown
from services.routing.assigning import PROPOSED, check_mediator, fittest, mediator_reasons
from services.routing.commands import Command, Desk, Given, Prepared
from services.routing.directory import CaseFacts, Mediator, Organisation
from services.routing.examination_bodies import ProposeMediators
from services.routing.placing import secure_place
from services.routing.steps import BY_RULES, Said, open_question, rule_not_met
from services.routing.store import Directory
from shared.decision import Decision, State
from shared.errors import Refused, Transient


@dataclass(frozen=True, slots=True)
class Choosing:
    """Turns the applicant's choice into a mediator with a place."""

    directory: Directory

    def answer(self, case: State, said: Said) -> Decision:
        """The first answer counts. Refused("question_not_open") if it comes too late."""
        questions, question = steps.answered(case, said)
        noted = {**case, "questions": questions}
        others = [key for key in steps.possible_answers(question) if key != said.answer]
        if chosen := self._first_with_place(case, [said.answer]):
            reasons = ("chosen_by_applicant",)
            return domain.assign_mediator(noted, chosen, said.at, actor=said.actor, reasons=reasons)
        return self._by_rules(noted, others, "choice_unavailable", said.at)

    def nobody_chose(self, case: State, at: datetime) -> Decision:
        """The day of choice is over: the fittest of those proposed has the case."""
        question = open_question(case, "mediator")
        proposed = steps.possible_answers(question) if question else ()
        return self._by_rules(case, proposed, "no_choice_in_time", at)

    def _by_rules(self, case: State, proposed: Iterable[str], why: str, at: datetime) -> Decision:
        facts = CaseFacts.from_document(case)
        mediator = self._first_with_place(case, proposed) or self._anew(case, at)
        if mediator is None:
            return self._nobody_left(case, why, at)
        reasons = (why, *mediator_reasons(facts, mediator, at))
        return domain.assign_mediator(case, mediator, at, actor=BY_RULES, reasons=reasons)

    def _anew(self, case: State, at: datetime) -> Mediator | None:
        """Whom the rules find within the body now."""
        body, staff = _body_and_staff(self.directory, case)
        ranked = fittest(CaseFacts.from_document(case), body, staff, at, PROPOSED)
        return self._first_with_place(case, [m.id for m in ranked])

    def _first_with_place(self, case: State, keys: Iterable[str]) -> Mediator | None:
        """The first of these who may have the case and has a place, which is taken."""
        facts, body = CaseFacts.from_document(case), case["organisation"]["id"]
        for key in keys:
            mediator = self.directory.mediator(key)
            if mediator is None:
                continue
            try:
                # Taking the place tells whether there is one: it may be this case's already.
                check_mediator(facts, body, replace(mediator, open_cases=-1))
                secure_place(self.directory, mediator, case["_id"])
            except Refused:
                continue
            return mediator
        return None

    def _nobody_left(self, case: State, why: str, at: datetime) -> Decision:
        """The body keeps the case and hears that it must find somebody."""
        body = self.directory.organisation(case["organisation"]["id"])
        if body is None:
            raise Transient("organisation_unknown")
        reasons = (why, "no_eligible_mediator")
        return domain.assign_organisation(case, body, at, actor=BY_RULES, reasons=reasons)


# --- by hand -------------------------------------------------------------------------------------


def find_proposed(desk: Desk, case: State, given: Given) -> Prepared:
    """Those named, each of whom may have the case, else the fittest.

    Refused("rule_not_met", choice_offered) unless the organisation lets applicants choose.
    """
    facts, named = CaseFacts.from_document(case), given.body.get("mediators")
    body, staff = _body_and_staff(desk.directory, case)
    if not body.offers_choice:
        raise rule_not_met("choice_offered")
    if not named:
        found = fittest(facts, body, staff, datetime.now(UTC), PROPOSED)
        if not found:
            raise Refused("not_eligible")
        return Prepared(found)
    by_id = {mediator.id: mediator for mediator in staff}
    for position, key in enumerate(named):
        if key not in by_id:
            raise unknown(f"mediators/{position}")
        check_mediator(facts, body.id, by_id[key])
    return Prepared(tuple(by_id[key] for key in dict.fromkeys(named)))


def propose_mediators(case: State, given: Given) -> Decision:
    return domain.propose_mediators(case, given.found, given.at, actor=given.actor)


def _body_and_staff(directory: Directory, case: State) -> tuple[Organisation, Sequence[Mediator]]:
    """The organisation that has the case with its mediators, places and loads of this moment."""
    body = directory.organisation(case["organisation"]["id"])
    if body is None:
        raise Transient("organisation_unknown")
    snapshot = directory.snapshot([body])
    return snapshot.by_id[body.id], snapshot.staff.get(body.id, ())


COMMANDS = {
    "propose-mediators": Command(ProposeMediators, propose_mediators, find_proposed),
}
