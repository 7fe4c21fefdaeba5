"""Commands that say who has a case."""

from __future__ import annotations

from services.routing import domain
from services.routing.asked import ID, unknown
from services.routing.assigning import check_mediator, check_organisation
from services.routing.commands import Command, Desk, Given, Prepared
from services.routing.directory import CaseFacts
from services.routing.placing import secure_place
from shared.contracts.fields import Code
from shared.contracts.schema import Body
from shared.decision import NOTHING, Decision, State


class AssignOrganisation(Body):
    organisation = Code("调解组织编号", ID, required=True)


class AssignMediator(Body):
    mediator = Code("调解员编号", ID, required=True)


def find_organisation(desk: Desk, case: State, given: Given) -> Prepared:
    """The body chosen; a mediator of the body before is free once it is written."""
    chosen = desk.directory.organisation(given.body["organisation"])
    if chosen is None:
        raise unknown("organisation")
    check_organisation(CaseFacts.from_document(case), chosen)
    released = (case["mediator"] or {}).get("id")

    def finish() -> None:
        if released:
            desk.directory.give_back(released, case["_id"])

    return Prepared(chosen, finish=finish)


def assign_organisation(case: State, given: Given) -> Decision:
    if (case["organisation"] or {}).get("id") == given.found.id:
        return NOTHING
    return domain.assign_organisation(case, given.found, given.at, actor=given.actor)


def secure_mediator(desk: Desk, case: State, given: Given) -> Prepared:
    """A place with the person chosen; the one before is free once it is written."""
    chosen = desk.directory.mediator(given.body["mediator"])
    if chosen is None:
        raise unknown("mediator")
    number, released = case["_id"], (case["mediator"] or {}).get("id")
    if released == chosen.id:
        return Prepared(chosen)
    check_mediator(CaseFacts.from_document(case), case["organisation"]["id"], chosen)
    newly = secure_place(desk.directory, chosen, number)

    def undo() -> None:
        """Whoever won the race may have chosen the same mediator."""
        now = desk.cases.read(number)
        if newly and (now is None or (now["mediator"] or {}).get("id") != chosen.id):
            desk.directory.give_back(chosen.id, number)

    def finish() -> None:
        if released:
            desk.directory.give_back(released, number)

    return Prepared(chosen, undo, finish)


def assign_mediator(case: State, given: Given) -> Decision:
    return domain.assign_mediator(case, given.found, given.at, actor=given.actor)


COMMANDS = {
    "assign-organisation": Command(AssignOrganisation, assign_organisation, find_organisation),
    "assign-mediator": Command(AssignMediator, assign_mediator, secure_mediator),
}
