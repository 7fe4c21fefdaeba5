"""notify's planning: contact data and events in any order, each message once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notify.domain import Desk
from services.notify.handlers import WAITING_MOST, Planning, handlers
from services.notify.people.messages import open_body
from services.notify.people.quiet_hours import QuietHours
from services.notify.people.templates import Templates
from shared.civil_time import MAINLAND_TIME
from shared.contracts.envelope import Event
from shared.decision import NOTHING, Decision
from shared.errors import Permanent, Transient
from shared.runner import Deciding
from shared.sealing import Keyring, new_key
from tests.builders.events import a_submission as submitted
from tests.builders.events import an_event
from tests.builders.notices import (
    ANSWER_CODE,
    CASE_FACTS,
    MEDIATOR,
    NOW,
    ORGANISATION,
    QUERY_CODE,
    SERIAL,
    some_staff,
)

KEYRING = Keyring.parse(f"c1:{new_key()}")


class Staff:
    """Whoever is registered, the same for every batch."""

    def concerned(self, *_: Any) -> Any:
        return some_staff()


PLANNING = Planning(Templates("http://localhost:8000"), KEYRING, Staff())
TABLE = handlers(PLANNING)
PERSON = {"party": "applicant", "index": 0, "phone": "+8613800000011", "email": None,
          "language": "zh", "notify": True}  # fmt: skip
RESPONDENT = {**PERSON, "party": "respondent", "phone": "+8613800000051", "code": ANSWER_CODE}


def contacts_of(*persons: dict[str, Any], place: str = SERIAL) -> str:
    plain = orjson.dumps({"persons": persons or [PERSON], "query_code": QUERY_CODE})
    return KEYRING.seal(plain, f"contacts:{place}")


def a_submission(*persons: dict[str, Any], place: str = SERIAL) -> Event:
    takes_part = [{"party": p["party"], "index": p["index"], "kind": "person", "may_settle": True}
                  for p in persons]  # fmt: skip
    contacts = contacts_of(*persons, place=place)
    return submitted(serial=SERIAL, contacts=contacts, parties=takes_part)


def told(name: str, sequence: int, **changes: Any) -> Event:
    event = an_event(name, serial=SERIAL, sequence=sequence)
    return replace(event, data={**CASE_FACTS[name], **changes})


def decide(event: Event, state: dict[str, Any] | None) -> Decision:
    handler = TABLE[event.name][0]
    assert isinstance(handler, Deciding)
    states = {event.subject: state} if state else {}
    return handler.for_batch([event], states)(event, state, NOW)


def live(events: Sequence[Event]) -> tuple[dict[str, Any] | None, list[str]]:
    """The state these events leave and the ids of the messages recorded on the way."""
    state: dict[str, Any] | None = None
    recorded: list[str] = []
    for event in events:
        decision = decide(event, state)
        recorded += [str(record.document["_id"]) for record in decision.records]
        if decision.set:
            assert not decision.push
            state = {**(state or {}), **decision.set}
    return state, list(dict.fromkeys(recorded))


SUBMISSION = a_submission()
LIFE = [SUBMISSION, told("case.organisation_assigned", 1), told("case.mediator_assigned", 2),
        told("case.withdrawn", 3)]  # fmt: skip


@given(st.permutations(LIFE))
def test_the_same_messages_are_planned_in_any_order_each_once(events: list[Event]) -> None:
    _, expected = live(LIFE)
    state, planned = live(events)
    assert sorted(planned) == sorted(expected)
    assert len(expected) == 4 + 2 * 2, "and the organisation and the mediator, over two channels"
    assert state is not None
    assert state["waiting"] == []


WHOLE_LIFE = [
    a_submission(PERSON, RESPONDENT),
    told("application.supplemented", 2),
    told("case.organisation_assigned", 1),
    told("case.mediator_assigned", 2),
    told("case.transferred", 3),
    told("case.mediator_assigned", 4),
    told("case.supplement_requested", 5),
    told("case.consent_sought", 7),
    told("case.consent_recorded", 8),
    told("case.accepted", 9),
    told("case.numbered", 10),
    told("case.session_scheduled", 11),
    told("case.session_cancelled", 12),
    told("case.referral_opened", 13),
    told("case.referral_changed", 14),
    told("case.agreement_recorded", 15),
    told("case.deadline_missed", 16),
    told("case.withdrawn", 17),
]
OTHER_ENDS = [
    [*WHOLE_LIFE[:8], told("case.not_accepted", 9), told("case.closed", 10, outcome="not_accepted"),
     told("case.reopened", 11), told("case.transferred", 12), told("case.consent_sought", 14)],
    [*WHOLE_LIFE[:7], told("case.withdrawn", 7)],
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([WHOLE_LIFE, *OTHER_ENDS]).flatmap(
    lambda life: st.tuples(st.just(life), st.permutations(life))
))  # fmt: skip
def test_whole_lives_reach_the_same_people_in_any_order(
    lives: tuple[list[Event], list[Event]],
) -> None:
    life, shuffled = lives
    _, expected = live(life)
    state, planned = live(shuffled)
    assert sorted(planned) == sorted(expected)
    assert state is not None
    assert state["waiting"] == []


TWO = [PERSON, RESPONDENT, {**RESPONDENT, "index": 1, "phone": "+8613800000052"}]


@settings(max_examples=60, deadline=None)
@given(st.permutations([
    a_submission(*TWO), told("case.mediator_assigned", 2), told("case.consent_sought", 3),
    told("case.accepted", 5, without=[{"party": "respondent", "index": 1}]),
    told("case.numbered", 6), told("case.session_scheduled", 7), told("case.failed", 8),
]))  # fmt: skip
def test_a_respondent_left_out_hears_of_nothing_after_it_in_any_order(events: list[Event]) -> None:
    state: dict[str, Any] | None = None
    heard = set()
    for event in events:
        decision = decide(event, state)
        state = {**(state or {}), **decision.set}
        heard |= {(r.document["party"], r.document["index"], r.document["event_name"])
                  for r in decision.records}  # fmt: skip
    for name in ("case.numbered", "case.session_scheduled", "case.failed"):
        assert ("respondent", 0, name) in heard
        assert ("respondent", 1, name) not in heard
    assert ("respondent", 1, "case.consent_sought") in heard


def test_a_step_that_overtakes_the_asking_reaches_the_respondent_once_it_is_known() -> None:
    before = [a_submission(PERSON, RESPONDENT), told("case.mediator_assigned", 2)]
    state, _ = live([*before, told("case.withdrawn", 5)])
    assert state is not None
    assert len(state["withheld"]) == 1
    decision = decide(told("case.consent_sought", 4), state)
    reached = {(r.document["event_name"], r.document["party"]) for r in decision.records}
    assert reached == {
        ("case.consent_sought", "applicant"),
        ("case.consent_sought", "respondent"),
        ("case.withdrawn", "respondent"),
    }
    assert decision.set["withheld"] == []


def test_the_respondent_gets_its_own_code_and_nobody_elses() -> None:
    state, _ = live([a_submission(PERSON, RESPONDENT), told("case.mediator_assigned", 2)])
    words = {}
    for record in decide(told("case.consent_sought", 4), state).records:
        document = record.document
        body = KEYRING.open(document["body_sealed"], f"message:{document['_id']}").decode()
        words[document["party"]] = body
    assert "B4NT-8WQY" in words["respondent"]
    assert "B4NT-8WQY" not in words["applicant"]
    assert "K7RM" not in str(words)


def test_later_messages_go_where_a_party_can_be_reached_now() -> None:
    moved = {**PERSON, "phone": "+8613900000099"}
    changed = told("application.contact_changed", 3, contacts=contacts_of(moved))
    older = told("application.contact_changed", 2, contacts=contacts_of(PERSON))
    for events in ([changed, SUBMISSION], [SUBMISSION, changed, older]):
        state, _ = live(events)
        records = decide(told("case.mediator_assigned", 2), state).records
        masks = {r.document["to_masked"] for r in records if r.document["party"] == "applicant"}
        assert masks == {"139****0099"}


def test_contact_data_that_comes_before_the_submission_tells_of_it_once() -> None:
    changed = told("application.contact_changed", 2, contacts=contacts_of(PERSON))
    _, planned = live([changed, SUBMISSION, SUBMISSION])
    assert len(planned) == 1


def test_a_second_submission_of_the_same_number_tells_nothing() -> None:
    state, _ = live([SUBMISSION])
    assert decide(SUBMISSION, state) is NOTHING


SILENT = ["case.examination_begun", "case.examination_resumed", "case.accepted",
          "case.session_answered", "case.session_held", "case.proposal_made",
          "case.signature_recorded", "case.archived", "application.document_issued"]  # fmt: skip


@pytest.mark.parametrize("name", SILENT)
def test_what_nobody_is_told_of_is_not_even_recorded(name: str) -> None:
    state, _ = live([a_submission(PERSON, RESPONDENT), told("case.mediator_assigned", 2)])
    assert decide(told(name, 8), state) is NOTHING
    if name != "case.accepted":  # of how many respondents is not known yet
        assert decide(told(name, 8), None) is NOTHING


def test_an_organisation_whose_mediator_follows_is_neither_told_nor_recorded() -> None:
    quiet = told("case.organisation_assigned", 1, mediator_follows=True)
    state, _ = live([SUBMISSION])
    assert decide(quiet, None) is NOTHING
    assert decide(quiet, state) is NOTHING


@pytest.mark.parametrize("name", ["case.numbered", "case.failed", "case.agreement_signed",
                                  "case.deadline_approaching", "case.deadline_missed"])  # fmt: skip
def test_telling_of_a_step_writes_its_messages_and_nothing_else(name: str) -> None:
    state, _ = live([a_submission(PERSON, RESPONDENT), told("case.mediator_assigned", 2)])
    assert decide(told(name, 8), state).only_records


def test_what_waits_is_bounded() -> None:
    waiting = [told("case.numbered", n).to_json().decode() for n in range(WAITING_MOST)]
    with pytest.raises(Transient):
        decide(told("case.numbered", 999), {"waiting": waiting})


def test_a_deadline_reaches_the_mediator_who_has_the_case_now() -> None:
    state, _ = live([SUBMISSION, told("case.mediator_assigned", 2)])
    event = told("case.deadline_missed", 9, tells="mediator")
    key = Desk(ORGANISATION["id"], MEDIATOR["id"]).key
    registered = some_staff()
    alone, others = {key: registered.pop(key)}, registered
    assert PLANNING.decide(event, state, NOW, staff=alone).records
    assert PLANNING.decide(event, state, NOW, staff=others) is NOTHING


def test_a_one_time_code_is_sent_before_anything_else_and_never_after_its_time() -> None:
    plain = orjson.dumps({"phone": "+8613800000061", "code": "493817", "language": "zh"})
    sealed = KEYRING.seal(plain, "phone:v-1")
    event = an_event("phone.code_requested", serial="v-1", contacts=sealed,
                     expires_at="2026-11-02T11:51:05Z")  # fmt: skip
    decision = decide(event, None)
    assert decision.only_records
    (record,) = decision.records
    document = dict(record.document)
    assert document["next_attempt_at"] < NOW < document["expires_at"]
    assert document["serial_number"] is None
    shown = str({k: v for k, v in document.items() if k != "body_sealed"})
    assert "493817" not in shown
    assert "13800000061" not in shown


def test_a_warning_is_told_to_the_platform_administrators() -> None:
    decision = decide(told("warning.raised", 1), None)
    assert decision.only_records
    assert {r.document["party"] for r in decision.records} == {"platform"}


def test_whoever_nothing_reaches_finds_it_in_the_inbox_where_it_has_arrived() -> None:
    nobody = {**PERSON, "phone": None}
    landline = {**PERSON, "phone": "+8653100000001"}
    unwilling = {**PERSON, "notify": False}
    for person in (nobody, landline, unwilling):
        (record,) = decide(a_submission(person), None).records
        document = record.document
        assert (document["channel"], document["status"]) == ("inbox", "delivered")
        assert document["sent_at"] == document["settled_at"] == NOW
        assert (document["to_masked"], document["next_attempt_at"]) == ("", None)


SEVERAL = {**PERSON, "email": "tiezhu@example.com", "push": "device-0001-abcdef"}


@pytest.mark.parametrize(
    "prefers, order",
    [(None, "sms email push"), ("sms", "sms email push"), ("email", "email sms push"),
     ("app", "push sms email"), ("pigeon", "sms email push")],
)  # fmt: skip
def test_one_message_is_due_and_the_others_wait_in_the_order_the_person_prefers(
    prefers: str | None, order: str
) -> None:
    records = decide(a_submission({**SEVERAL, "prefers": prefers}), None).records
    documents = [record.document for record in records]
    assert [d["channel"] for d in documents] == order.split()
    assert [d["status"] for d in documents] == ["planned", "standby", "standby"]
    assert [d["next"] for d in documents] == [documents[1]["_id"], documents[2]["_id"], None]
    assert [d["next_attempt_at"] for d in documents] == [NOW, None, None]


def test_who_asks_for_large_print_gets_it_and_others_do_not() -> None:
    for wanted in (True, False, None):
        person = {**SEVERAL, "large_print": wanted}
        for record in decide(a_submission(person), None).records:
            assert open_body(record.document, KEYRING).large_print is bool(wanted)


def test_at_night_what_is_not_urgent_is_planned_for_the_morning() -> None:
    night = Planning(Templates("http://localhost:8000"), KEYRING, Staff(), QuietHours.parse("22-8"))
    late = datetime(2026, 11, 2, 23, 30, tzinfo=MAINLAND_TIME)
    state, _ = live([a_submission(SEVERAL)])
    due = {
        name: night.decide(event, before, late, staff={}).records[0].document["next_attempt_at"]
        for name, event, before in (
            ("submitted", a_submission(SEVERAL), None),
            ("assigned", told("case.mediator_assigned", 2), state),
        )
    }
    assert due["submitted"] == late
    assert due["assigned"].astimezone(MAINLAND_TIME).hour == 8


def test_who_may_look_into_the_inbox_is_kept_as_hashes() -> None:
    state, _ = live([SUBMISSION])
    assert state is not None
    assert state["holder_hashes"] == ["hash-of-applicant"]
    assert state["respondent_hashes"] == ["hash-of-employer"]
    assert state["codes_expire_at"] > NOW


def test_what_is_recorded_holds_no_address_and_no_word() -> None:
    decision = decide(SUBMISSION, None)
    text = str([dict(record.document) for record in decision.records])
    for hidden in ("13800000011", QUERY_CODE, "K7RM"):
        assert hidden not in text
    assert "138****0011" in text


@pytest.mark.parametrize(
    "event",
    [
        a_submission(place="2600000000000093"),  # sealed for another number
        submitted(serial=SERIAL, contacts="v1.c9.AAAA"),  # with a key that is not here
        a_submission({"party": "stranger", "index": 0}),
    ],
)
def test_contact_data_that_cannot_be_opened_is_a_fault_that_quotes_nothing(event: Event) -> None:
    with pytest.raises(Permanent) as caught:
        decide(event, None)
    assert "stranger" not in caught.value.reason
    assert caught.value.reason in ("contacts_unreadable", "sealed_unreadable")
