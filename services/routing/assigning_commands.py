"""Commands that say who has a case."""

from __future__ import annotations

from collections.abc import Callable

from services.routing import booking, domain
from services.routing.asked import ID, unknown
from services.routing.assigning import PARTY_REFUSED, check_mediator, check_organisation
from services.routing.commands import Command, Desk, Given, Prepared
from services.routing.directory import CaseFacts, Mediator
from services.routing.placing import secure_place
from shared.contracts.fields import Code, Flag
from shared.contracts.schema import Body
from shared.decision import NOTHING, Decision, State
from shared.errors import Refused


class AssignOrganisation(Body):
    organisation = Code("调解组织编号", ID, required=True)


class AssignMediator(Body):
    """`refused_by_party`: a party refused the mediator before, who never has this case again."""

    mediator = Code("调解员编号", ID, required=True)
    refused_by_party = Flag("当事人要求原调解员回避")


def find_organisation(desk: Desk, case: State, given: Given) -> Prepared:
    """The body chosen; a mediator of the body before is free once it is written."""
    chosen = desk.directory.organisation(given.body["organisation"])
    if chosen is None:
        raise unknown("organisation")
    check_organisation(CaseFacts.from_document(case), chosen)
    stays = chosen.id == (case["organisation"] or {}).get("id")
    released = None if stays else (case["mediator"] or {}).get("id")

    def finish() -> None:
        if released:
            desk.directory.give_back(released, case["_id"])

    return Prepared(chosen, finish=finish)


def assign_organisation(case: State, given: Given) -> Decision:
    if (case["organisation"] or {}).get("id") == given.found.id:
        return NOTHING
    return domain.assign_organisation(case, given.found, given.at, actor=given.actor)


def secure_mediator(desk: Desk, case: State, given: Given) -> Prepared:
    """A place with the person chosen, and the hours of the sessions ahead; the one before is free
    once it is written. Refused: not_eligible, capacity_exceeded, sessions_overlap.
    """
    chosen = desk.directory.mediator(given.body["mediator"])
    if chosen is None:
        raise unknown("mediator")
    number, released = case["_id"], (case["mediator"] or {}).get("id")
    if released == chosen.id:
        if given.body.get("refused_by_party"):
            raise Refused("not_eligible", PARTY_REFUSED)
        return Prepared(chosen)
    check_mediator(CaseFacts.from_document(case), case["organisation"]["id"], chosen)
    undo = _secure(desk, case, chosen, given)

    def finish() -> None:
        if released:
            booking.release(desk.directory, released, number, given.at)
            desk.directory.give_back(released, number)

    return Prepared(chosen, undo, finish)


def _secure(desk: Desk, case: State, chosen: Mediator, given: Given) -> Callable[[], None]:
    """Take the mediator's place and hours; how to give them back."""
    number, hours = case["_id"], list[booking.Hour]()
    newly = secure_place(desk.directory, chosen, number)

    def undo() -> None:
        if not has_case(desk, chosen.id, number):  # whoever won the race may have chosen the same
            booking.give_up(desk.directory, chosen.id, hours)
            if newly:
                desk.directory.give_back(chosen.id, number)

    try:
        hours += booking.take_over(desk.directory, case, chosen.id, given.at)
    except Refused:
        undo()
        raise
    return undo


def has_case(desk: Desk, mediator: str, number: str) -> bool:
    """Whether the case is this mediator's as it is written now."""
    now = desk.cases.read(number)
    return now is not None and (now["mediator"] or {}).get("id") == mediator


def assign_mediator(case: State, given: Given) -> Decision:
    refused = bool(given.body.get("refused_by_party"))
    return domain.assign_mediator(case, given.found, given.at, actor=given.actor, refused=refused)


COMMANDS = {
    "assign-organisation": Command(AssignOrganisation, assign_organisation, find_organisation),
    "assign-mediator": Command(AssignMediator, assign_mediator, secure_mediator),
}
