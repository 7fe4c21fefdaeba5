"""Which documents a case calls for, and who may read them."""

from __future__ import annotations

import pytest

from services.intake import documents
from services.intake.document_kinds import KINDS
from shared.contracts.vocabulary import DOCUMENTS
from shared.decision import NOTHING
from tests.builders.documents import (
    APPLICANT,
    AT,
    CASE_NUMBER,
    HASH,
    KIND_OF,
    MEDIATOR,
    ORGANISATION,
    RESPONDENT,
    SERIAL,
    STATED,
    a_step,
)

SECOND = {"party": "respondent", "index": 1}
AGENT = {"party": "agent", "index": 0}
STATE = {
    "_id": SERIAL,
    "parties": [
        {**party, "kind": "person", "may_settle": True}
        for party in (APPLICANT, AGENT, RESPONDENT, SECOND)
    ],
}
FILES = [
    {"format": "pdf", "file_id": "a", "size_bytes": 1, "sha256": "1" * 64},
    {"format": "html", "file_id": "b", "size_bytes": 1, "sha256": "2" * 64},
]


def after(*events, state=STATE):
    for event in events:
        state = {**state, "document_facts": documents.facts(event, state)}
    return state


def test_every_kind_has_its_words_and_an_event_that_calls_for_it():
    called_for = {kind for kind, _ in documents.ISSUED.values()}
    assert called_for == set(KINDS) == set(DOCUMENTS) - {"receipt"}


def test_each_respondent_that_is_asked_has_an_invitation_of_its_own():
    asked = {"id": "q1", "kind": "consent", "to": [RESPONDENT, SECOND], "expires_on": None}
    event = a_step("case.consent_sought", 5, asks=[asked])
    first, second = documents.due(event, STATE)
    assert (first["entitled"], second["entitled"]) == ([RESPONDENT], [SECOND])
    assert first["id"] != second["id"]
    assert documents.due(event, {**STATE, "documents_due": [first]}) == [second]


@pytest.mark.parametrize("name", KIND_OF)
def test_an_event_calls_for_its_document(name):
    event = a_step(name, 5)
    [due] = documents.due(event, STATE)
    assert due["id"].startswith(f"{KIND_OF[name]}-{event.id}")
    assert due["kind"] == KIND_OF[name]
    assert due["history_hash"] == HASH
    assert "particulars" not in due["stated"]


@pytest.mark.parametrize(
    "name, readers",
    [
        ("case.supplement_requested", [APPLICANT]),
        ("case.not_accepted", [APPLICANT]),
        ("case.consent_sought", [RESPONDENT]),
        ("case.referral_changed", [APPLICANT]),
        ("case.numbered", [APPLICANT, RESPONDENT, SECOND]),
        ("case.agreement_signed", [APPLICANT, RESPONDENT, SECOND]),
    ],
)
def test_a_document_is_for_those_it_concerns(name, readers):
    [due] = documents.due(a_step(name, 5), STATE)
    assert due["entitled"] == readers


def test_a_respondent_without_whom_the_case_was_accepted_gets_nothing_more():
    state = after(a_step("case.accepted", 4, without=[SECOND]))
    [due] = documents.due(a_step("case.session_scheduled", 5), state)
    assert due["entitled"] == [APPLICANT, RESPONDENT]


@pytest.mark.parametrize("status", ["asked", "declined", "sent", "completed"])
def test_a_referral_is_written_only_when_it_is_wanted(status):
    assert documents.due(a_step("case.referral_changed", 5, referral_status=status), STATE) == []


def test_nobody_to_ask_means_no_invitation():
    assert documents.due(a_step("case.consent_sought", 5, asks=[]), STATE) == []


def test_the_same_event_again_calls_for_nothing_while_due_and_once_issued():
    event = a_step("case.failed", 5)
    [due] = documents.due(event, STATE)
    assert documents.due(event, {**STATE, "documents_due": [due]}) == []
    assert documents.due(event, {**STATE, "documents": [{"id": due["id"]}]}) == []


def test_what_is_known_of_a_case_does_not_depend_on_the_order_of_events():
    steps = [
        a_step("case.mediator_assigned", 2, organisation=ORGANISATION, mediator=MEDIATOR),
        a_step("case.numbered", 4),
        a_step("case.transferred", 5, organisation={**ORGANISATION, "id": "org-2"}),
    ]
    assert after(*steps) == after(*reversed(steps))
    [due] = documents.due(a_step("case.failed", 6), after(*steps))
    assert due["facts"]["case_number"] == CASE_NUMBER
    assert due["facts"]["organisation"]["id"] == "org-2"
    assert due["facts"]["mediator"] is None, "the mediator before has it no more"


def test_a_document_is_entered_once_and_told_with_its_hash():
    [due] = documents.due(a_step("case.failed", 5), STATE)
    decision = documents.issued(STATE, due, FILES, AT)
    [document] = decision.push["documents"]
    [told] = decision.events
    assert told.name == "application.document_issued"
    assert told.data["sha256"] == document["sha256"] == "1" * 64
    assert "files" not in told.data
    assert documents.issued({**STATE, "documents": [document]}, due, FILES, AT) is NOTHING


def test_documents_of_a_kind_are_counted():
    first, second = (documents.due(a_step("case.session_held", n), STATE)[0] for n in (5, 6))
    held = documents.issued(STATE, first, FILES, AT).push["documents"]
    again = documents.issued({**STATE, "documents": held}, second, FILES, AT)
    assert again.push["documents"][0]["number"] == 2


def test_only_those_named_may_read():
    document = {"entitled": [RESPONDENT]}
    assert documents.may_read(document, "respondent", 0)
    assert not documents.may_read(document, "respondent", 1)
    assert not documents.may_read(document, "applicant", 0)


def test_a_referral_that_was_wanted_from_the_start_is_written_at_once():
    event = a_step("case.referral_opened", 5, **STATED["case.referral_changed"])
    [due] = documents.due(event, STATE)
    assert (due["kind"], due["entitled"]) == ("referral_letter", [APPLICANT])
