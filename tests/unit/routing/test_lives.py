"""The cases that tests are made with are what the product itself would store."""

from __future__ import annotations

import pytest

from services.intake.application import validate
from services.routing.clocking import follow_from
from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from shared.contracts.lifecycle import STATUSES
from shared.history import data_hash, link_hash
from tests.builders.applications import a_collective_application, an_employers_application
from tests.builders.cases import a_mediator, an_organisation
from tests.builders.emitted import TODAY, submission
from tests.builders.lives import a_case_in

CASES = [pytest.param(a_case_in(status), id=status) for status in STATUSES]


@pytest.mark.parametrize("case", CASES)
def test_its_events_keep_their_contracts_and_are_linked(case):
    events = [from_document(e) for e in case["outbox"]]
    assert [faults(e.name, e.data) for e in events] == [{}] * len(events)
    assert [e.sequence for e in events] == list(range(1, case["sequence"] + 1))
    previous = ""
    for document in case["outbox"]:
        assert document["previoushash"] == previous
        assert document["hash"] == link_hash(
            document, data_hash(document["data"], document["salt"]), previous
        )
        previous = document["hash"]
    assert case["history_hash"] == previous


@pytest.mark.parametrize("case", CASES)
def test_what_follows_from_its_clocks_follows(case):
    stored = {name: case[name] for name in ("clocks", "next_tick_at", "next_due_on")}
    assert stored == follow_from(case["clocks"])


@pytest.mark.parametrize("case", CASES)
def test_its_history_ends_where_it_stands(case):
    assert [h["status"] for h in case["history"]][-1:] in ([], [case["status"]])
    assert [e["data"]["status"] for e in case["outbox"]][-1:] in ([], [case["status"]])


def test_a_case_is_of_whom_a_test_says():
    body, person = an_organisation(id="org-9"), a_mediator(id="m-9", organisation="org-9")
    case = a_case_in("agreement_signed", organisation=body, mediator=person, serial_number="1" * 16)
    assert (case["_id"], case["organisation"]["id"], case["mediator"]["id"]) == (
        "1" * 16,
        "org-9",
        "m-9",
    )


@pytest.mark.parametrize("application", [a_collective_application(), an_employers_application()])
def test_applications_of_every_kind_can_be_lived_through(application):
    data = submission(validate(application, TODAY)).events[0].data
    case = a_case_in(
        "archived",
        **{n: data[n] for n in ("applicant_role", "parties", "represented_count", "flags")},
    )
    assert case["outcome"] == "performed"
