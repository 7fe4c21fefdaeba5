"""A case from its submission to a mediator, and its withdrawal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from services.routing import domain
from services.routing.assigning import assign
from services.routing.directory import CaseFacts, Snapshot
from services.routing.steps import Actor
from shared.contracts.events import faults
from shared.contracts.lifecycle import ENDED, RULES, allowed, givers
from shared.decision import NOTHING
from shared.errors import Refused
from tests.builders.cases import (
    WEDNESDAY_MORNING,
    a_mediator,
    a_submission,
    an_organisation,
)

NOW = WEDNESDAY_MORNING
LATER = NOW + timedelta(hours=2)
ADMINISTRATOR = Actor("platform_admin", "staff-1")
APPLICANT = Actor("applicant")
BODY = an_organisation()
OTHER_BODY = an_organisation(id="org-370100", kind="city", divisions=("370100",))
PERSON = a_mediator()
OTHER_PERSON = a_mediator(id="med-370102-02", name="程远林")


def received(*mediators, organisations=(BODY,), **changes):
    return domain.receive(a_submission(**changes), Snapshot.of(organisations, mediators), NOW)


def after(case, decision):
    pushed = {name: [*case.get(name, ()), *new] for name, new in decision.push.items()}
    return {**case, **decision.set, **pushed}


def a_case_in(status="mediator_assigned"):
    people = [PERSON] if status == "mediator_assigned" else []
    decision = received(*people)
    return {**after({}, decision), "status": status}


def told(decision):
    """The names of the events, each of which keeps its contract."""
    assert [faults(event.name, event.data) for event in decision.events] == [{}] * len(
        decision.events
    )
    return [event.name for event in decision.events]


def test_a_new_case_goes_to_a_body_and_a_mediator_in_one_step():
    decision = received(PERSON)
    assert told(decision) == ["case.organisation_assigned", "case.mediator_assigned"]
    first, second = (event.data for event in decision.events)
    assert first["mediator_follows"] is True
    assert (first["by"], second["by"]) == ("rules", "rules")
    assert (first["status"], second["status"]) == ("organisation_assigned", "mediator_assigned")
    case = after({}, decision)
    assert case["status"] == "mediator_assigned"
    assert case["organisation"] == BODY.ref
    assert case["mediator"] == PERSON.ref
    assert [line["command"] for line in case["history"]] == [
        "assign-organisation",
        "assign-mediator",
    ]
    assert case["received_at"] == datetime(2026, 11, 18, 2, tzinfo=UTC)


def test_a_new_case_nobody_may_take_stays_with_its_body():
    decision = received(a_mediator(conflicts=["hash-of-employer"]))
    assert told(decision) == ["case.organisation_assigned"]
    assert decision.events[0].data["mediator_follows"] is False
    case = after({}, decision)
    assert (case["status"], case["mediator"]) == ("organisation_assigned", None)
    assert "no_eligible_mediator" in case["reasons"]


def test_a_new_case_nobody_serves_waits_unassigned():
    decision = received(organisations=())
    assert told(decision) == ["case.unassigned"]
    case = after({}, decision)
    assert (case["status"], case["organisation"]) == ("unassigned", None)
    assert CaseFacts.from_document(case).unassigned


def test_a_case_keeps_nothing_that_names_or_reaches_a_person():
    kept = orjson.dumps(after({}, received(PERSON))).decode()
    for secret in ("sealed", "hash-of-code", "hash-of-phone"):
        assert secret not in kept


def test_the_facts_of_a_case_read_the_language_as_people_write_it():
    case = domain.open_case(a_submission(interpreter_language="英语"))
    facts = CaseFacts.from_document(case)
    assert facts.interpreter_language == "en"
    assert facts.division == "370102013"
    assert facts.party_hashes == {"hash-of-worker", "hash-of-employer"}
    assert not facts.unassigned


def test_an_unassigned_case_can_be_placed_by_the_administrator():
    case = after({}, received(organisations=()))
    assignment = assign(CaseFacts.from_document(case), Snapshot.of([BODY], [PERSON]), LATER)
    decision = domain.place(case, assignment, LATER, actor=ADMINISTRATOR)
    assert told(decision) == ["case.organisation_assigned", "case.mediator_assigned"]
    assert {event.data["by"] for event in decision.events} == {"administrator"}


def test_another_body_releases_the_body_and_the_mediator_before():
    decision = domain.assign_organisation(a_case_in(), OTHER_BODY, LATER, actor=ADMINISTRATOR)
    assert told(decision) == ["case.organisation_assigned"]
    event = decision.events[0].data
    assert event["previous_organisation_id"] == BODY.id
    assert event["released_mediator_id"] == PERSON.id
    assert decision.set["mediator"] is None
    assert decision.set["status"] == "organisation_assigned"


def test_another_mediator_releases_the_one_before():
    decision = domain.assign_mediator(a_case_in(), OTHER_PERSON, LATER, actor=ADMINISTRATOR)
    assert told(decision) == ["case.mediator_assigned"]
    assert decision.events[0].data["released_mediator_id"] == PERSON.id
    assert decision.set["mediator"] == OTHER_PERSON.ref


def test_the_same_mediator_again_changes_nothing():
    assert domain.assign_mediator(a_case_in(), PERSON, LATER, actor=ADMINISTRATOR) is NOTHING


def test_a_withdrawn_case_frees_its_mediator():
    case = a_case_in()
    decision = domain.withdraw(case, LATER, actor=APPLICANT)
    assert told(decision) == ["case.withdrawn"]
    assert decision.events[0].data["released_mediator_id"] == PERSON.id
    ended = after(case, decision)
    assert ended["status"] == "withdrawn"
    assert ended["history"][-1]["by"] == "applicant"
    assert told(domain.withdraw(a_case_in("unassigned"), LATER, actor=APPLICANT)) == [
        "case.withdrawn"
    ]


def test_a_supplement_is_counted_once_in_whatever_order_it_comes():
    case = a_case_in()
    second = domain.supplement(case, {"supplement_count": 2, "attachment_count": 1}, LATER)
    assert second.set == {"supplement_count": 2, "supplemented_at": LATER}
    first = domain.supplement(
        after(case, second), {"supplement_count": 1, "attachment_count": 0}, LATER
    )
    assert first is NOTHING
    again = {"supplement_count": 2, "attachment_count": 1}
    assert domain.supplement(after(case, second), again, LATER) is NOTHING


@pytest.mark.parametrize("status", sorted(ENDED))
@pytest.mark.parametrize(
    "command",
    [
        lambda case: domain.withdraw(case, LATER, actor=APPLICANT),
        lambda case: domain.supplement(case, {"supplement_count": 1}, LATER),
        lambda case: domain.assign_organisation(case, OTHER_BODY, LATER, actor=ADMINISTRATOR),
        lambda case: domain.assign_mediator(case, OTHER_PERSON, LATER, actor=ADMINISTRATOR),
        lambda case: domain.leave_unassigned(case, (), LATER),
    ],
)
def test_an_ended_case_refuses_and_names_what_it_allows(status, command):
    with pytest.raises(Refused) as caught:
        command(a_case_in(status))
    assert caught.value.slug == "command_not_allowed"
    people = [c for c in allowed(status) if givers(c) != {RULES}]
    assert caught.value.extra["allowed"] == people
    assert caught.value.extra["case_status"] == status
    assert caught.value.detail.zh != caught.value.detail.en
