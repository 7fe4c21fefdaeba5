"""Transfer of a case that is under way: to another organisation, or to another division.

What the parties have agreed to stays; everything that belongs to the organisation before ends: its
mediator, its appointments, its acceptance and number. Whoever has the case then decides anew within
three working days (企业劳动争议协商调解规定 22).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from services.routing import booking, domain
from services.routing.asked import ID, unknown
from services.routing.assigning import assign, assign_within, check_organisation, serving_codes
from services.routing.assigning_commands import has_case
from services.routing.commands import Command, Desk, Given, Prepared
from services.routing.directory import Assignment, CaseFacts
from services.routing.directory_bodies import DivisionCode
from services.routing.placing import ROUNDS, secure_place
from services.routing.steps import BY_RULES, after, step, together
from shared.contracts.faults import Fault
from shared.contracts.fields import Code, Str
from shared.contracts.questions import OPEN
from shared.contracts.schema import Body
from shared.decision import Decision, State
from shared.divisions import find
from shared.errors import FieldError, Refused, Text

_ONE_OF_THEM = Fault(
    "not_applicable",
    Text("调解组织和行政区划只能填写一项", "Name an organisation or a division, not both"),
)
_NO_TARGET = Fault(
    "required",
    Text("请填写移送的调解组织或者行政区划", "Say which organisation or division it goes to"),
)
_HAS_IT = Text("该案已由该调解组织承办", "The organisation has the case already")
_IS_THERE = Text("案件已在该行政区划", "The case is in this division already")
_NOBODY_THERE = Text("没有调解组织管辖该地区", "No organisation serves the place")


def one_target(transfer: Mapping[str, Any], _: date) -> Iterator[FieldError]:
    """Where to: an organisation, or a division whose organisation the rules find."""
    if transfer.get("organisation") and transfer.get("division"):
        yield _ONE_OF_THEM.at("/division")
    if not (transfer.get("organisation") or transfer.get("division")):
        yield _NO_TARGET.at("")


class Transfer(Body):
    """To an organisation that may have the case, or to a division, whose organisation and mediator
    the rules choose."""

    organisation = Code("调解组织编号", ID)
    division = DivisionCode("行政区划")
    reason = Str("理由", 2000, lines=True, required=True)

    rules = (one_target,)


@dataclass(frozen=True, slots=True)
class Target:
    """Where the case goes: its place then, and who has it."""

    division: Mapping[str, str]
    assignment: Assignment


def find_target(desk: Desk, case: State, given: Given) -> Prepared:
    """Who will have the case, with the mediator's place secured. Refused("not_eligible") when
    nobody there may have it."""
    number, released = case["_id"], (case["mediator"] or {}).get("id")
    choose = _within_organisation if given.body.get("organisation") else _within_division
    target, newly = _secured(desk, number, lambda: choose(desk, case, given))
    chosen = target.assignment.mediator

    def undo() -> None:
        if chosen and newly and not has_case(desk, chosen.id, number):
            desk.directory.give_back(chosen.id, number)

    def finish() -> None:
        if released:
            booking.release(desk.directory, released, number, given.at)
        if released and (chosen is None or chosen.id != released):
            desk.directory.give_back(released, number)

    return Prepared(target, undo, finish)


def _within_organisation(desk: Desk, case: State, given: Given) -> Target:
    """The organisation named, and whom the rules choose within it."""
    chosen = desk.directory.organisation(given.body["organisation"])
    if chosen is None:
        raise unknown("organisation")
    if chosen.id == case["organisation"]["id"]:
        raise Refused("not_eligible", _HAS_IT)
    facts = CaseFacts.from_document(case)
    check_organisation(facts, chosen)
    staff = desk.directory.staff_of([chosen.id])
    return Target(case["division"], assign_within(facts, chosen, staff, datetime.now(UTC)))


def _within_division(desk: Desk, case: State, given: Given) -> Target:
    """The organisation and the mediator that the rules choose for the place named."""
    place = find(given.body["division"])
    if place is None:
        raise unknown("division")
    if place.code == case["division_code"]:
        raise Refused("not_eligible", _IS_THERE)
    facts = CaseFacts.from_document({**case, "division_code": place.code})
    bodies = desk.directory.serving(serving_codes(place.code))
    assignment = assign(facts, desk.directory.snapshot(bodies), datetime.now(UTC))
    if assignment.organisation is None:
        raise Refused("not_eligible", _NOBODY_THERE)
    return Target({"code": place.code, "name": place.name}, assignment)


def _secured(desk: Desk, number: str, choose: Callable[[], Target]) -> tuple[Target, bool]:
    """The target with its mediator's place, and whether that was newly taken. Where others are
    faster each time, the organisation has the case without a mediator."""
    target = choose()
    for _ in range(ROUNDS):
        mediator = target.assignment.mediator
        if mediator is None:
            return target, False
        try:
            return target, secure_place(desk.directory, mediator, number)
        except Refused:
            target = choose()
    unheld = Assignment(target.assignment.organisation, None, ("no_eligible_mediator",))
    return Target(target.division, unheld), False


def transfer(case: State, given: Given) -> Decision:
    """The case is the target's; open questions are withdrawn, appointments cancelled."""
    target: Target = given.found
    assignment, released = target.assignment, case["mediator"]
    organisation = assignment.organisation
    stays = released and assignment.mediator and assignment.mediator.id == released["id"]
    if organisation is None:
        raise Refused("not_eligible", _NOBODY_THERE)
    moved = step(
        case,
        "transfer",
        given.actor,
        given.at,
        change={
            "organisation": organisation.ref,
            "mediator": None,
            "reasons": list(assignment.reasons),
            "division": dict(target.division),
            "division_code": target.division["code"],
            **domain.situated(target.division["code"], case["flags"]),
            "accepted_at": None,
            "case_number": None,
            "extension": None,
            "sessions": [_cancelled(session) for session in case["sessions"]],
        },
        told={
            "organisation": organisation.ref,
            "previous_organisation_id": case["organisation"]["id"],
            "division": dict(target.division),
            "mediator_follows": assignment.mediator is not None,
            "released_mediator_id": released["id"] if released and not stays else None,
        },
        withdraws=_pointless(case),
        particulars=given.seal({"reason": given.body["reason"]}),
    )
    follows = domain.hand_over(after(case, moved), assignment, given.at, actor=BY_RULES)
    return together(moved, follows)


def _pointless(case: State) -> list[str]:
    """Open questions, save those about referrals, which are the person's and go along."""
    return [q["id"] for q in case["questions"] if q["state"] == OPEN and q["kind"] != "referral"]


def _cancelled(session: Mapping[str, Any]) -> dict[str, Any]:
    scheduled = session["status"] == "scheduled"
    return {**session, "status": "cancelled"} if scheduled else dict(session)


COMMANDS = {"transfer": Command(Transfer, transfer, find_target)}
