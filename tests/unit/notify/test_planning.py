from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain import (
    CHANNELS,
    ENTITLEMENTS,
    SUPERSEDED_BY,
    PlannedMessage,
    Waiting,
    email_address,
    masked,
    message_id,
    plan,
    read_recipients,
    sms_address,
)
from shared.contracts.events import consumed_by
from shared.errors import Permanent
from tests.builders.notices import (
    MEDIATOR,
    ORGANISATION,
    QUERY_CODE,
    SERIAL,
    a_person,
    an_event,
    some_recipients,
)


def planned(name, recipients=None, **changes) -> list[PlannedMessage]:
    messages = plan(an_event(name, **changes), recipients or some_recipients())
    assert isinstance(messages, list)
    return messages


def told(messages) -> set[tuple[str, str]]:
    return {(m.party, m.channel) for m in messages}


def test_the_table_names_exactly_the_events_that_notify_consumes():
    assert set(ENTITLEMENTS) == {e.name for e in consumed_by("notify")}


def test_only_messages_somebody_gets_are_superseded_and_only_by_their_own_aggregate():
    for name, later in SUPERSEDED_BY.items():
        assert {name, *later} <= set(ENTITLEMENTS)
        assert {n.partition(".")[0] for n in (name, *later)} == {"case"}, "sequences compare"


@pytest.mark.parametrize("name", ENTITLEMENTS)
def test_applicant_and_agent_are_told_over_both_channels(name):
    assert told(planned(name)) == {(p, c) for p in ("applicant", "agent") for c in CHANNELS}


@pytest.mark.parametrize("name", ENTITLEMENTS)
def test_the_respondent_hears_nothing_before_its_consent_is_sought(name):
    assert planned(name, some_recipients(a_person("respondent"))) == []


def test_an_agent_who_did_not_ask_is_not_told():
    recipients = some_recipients(a_person(), a_person("agent", notify=False))
    assert {m.party for m in planned("case.mediator_assigned", recipients)} == {"applicant"}


def test_every_representative_of_a_collective_is_told():
    recipients = some_recipients(*(a_person(index=i) for i in range(4)))
    messages = planned("case.mediator_assigned", recipients)
    assert [m.index for m in messages if m.channel == "sms"] == [0, 1, 2, 3]


def test_an_organisation_is_not_announced_when_its_mediator_follows_at_once():
    assert planned("case.organisation_assigned", mediator_follows=True) == []
    assert planned("case.organisation_assigned", mediator_follows=False)


@pytest.mark.parametrize("name", ["application.evidence_received", "application.withdrawn"])
def test_events_told_otherwise_cause_no_message_and_wait_for_nothing(name):
    assert plan(an_event(name), some_recipients()) == []
    assert plan(an_event(name), None) == []


def test_an_event_before_its_contact_data_waits():
    event = an_event("case.mediator_assigned")
    assert plan(event, None) == Waiting(event)


def test_one_phone_named_twice_rings_once_for_the_applicant():
    recipients = some_recipients(
        a_person("agent", phone="+86 138 0000 0011", email=None), a_person(email=None)
    )
    assert told(planned("application.submitted", recipients)) == {("applicant", "sms")}


def test_planning_again_gives_the_same_messages():
    assert planned("case.withdrawn") == planned("case.withdrawn")


def test_the_receipt_message_carries_serial_number_and_query_code_in_groups():
    (message, *_) = planned("application.submitted")
    assert message.values["serial_number"] == "2634 6268 8508 6477"
    assert message.values["query_code"] == "K7RM-2PXA"


def test_only_the_receipt_message_carries_the_query_code():
    for name in set(ENTITLEMENTS) - {"application.submitted"}:
        assert all(QUERY_CODE not in str(m.values).replace("-", "") for m in planned(name))


@pytest.mark.parametrize("language, day", [("zh", "2026年11月5日"), ("en", "5 Nov 2026")])
def test_the_mediator_message_names_mediator_organisation_phone_and_last_day(language, day):
    messages = planned("case.mediator_assigned", some_recipients(a_person(language=language)))
    assert messages[0].values == {
        "party": "applicant",
        "serial_number": "2634 6268 8508 6477",
        "mediator": MEDIATOR["name"],
        "organisation": ORGANISATION["name"],
        "organisation_phone": ORGANISATION["phone"],
        "due_on": day,
    }


def test_a_name_cannot_add_lines_or_grow_without_bound():
    organisation = {**ORGANISATION, "name": "甲\r\nSubject: x\u2028" + "乙" * 90}
    (message, *_) = planned("case.organisation_assigned", organisation=organisation)
    name = message.values["organisation"]
    assert len(name) == 40
    assert name.startswith("甲 Subject: x 乙")
    assert name.endswith("…")


persons = st.builds(
    a_person,
    st.sampled_from(["applicant", "agent", "respondent"]),
    st.integers(0, 3),
    phone=st.sampled_from([None, "", "13800000011", "13800000012", "053100000001", "x"]),
    email=st.sampled_from([None, "a@example.com", "b@example.com", "not an address"]),
    notify=st.booleans(),
)


@given(st.lists(persons, max_size=6, unique_by=lambda p: (p.party, p.index)), st.data())
def test_whoever_they_are_each_message_and_address_is_unique_and_entitled(people, draw):
    name = draw.draw(st.sampled_from(sorted(ENTITLEMENTS)))
    messages = plan(an_event(name), some_recipients(*people)) if people else []
    assert isinstance(messages, list)
    assert len({m.id for m in messages}) == len(messages)
    assert len({(m.channel, m.address) for m in messages}) == len(messages)
    wanting = {(p.party, p.index) for p in people if p.notify}
    assert {(m.party, m.index) for m in messages} <= wanting
    assert {m.party for m in messages} <= set(ENTITLEMENTS[name])


@given(
    st.tuples(st.uuids().map(str), st.sampled_from(["applicant", "agent"]), st.integers(0, 20), st.sampled_from(CHANNELS)),
    st.tuples(st.uuids().map(str), st.sampled_from(["applicant", "agent"]), st.integers(0, 20), st.sampled_from(CHANNELS)),
)  # fmt: skip
def test_message_ids_are_equal_exactly_for_the_same_event_person_and_channel(one, other):
    assert (message_id(*one) == message_id(*other)) == (one == other)


@pytest.mark.parametrize(
    "phone, address",
    [
        ("13800000011", "+8613800000011"),
        ("+86 138-0000-0011", "+8613800000011"),
        ("1380000001１", "+8613800000011"),
        ("+852 6123 4567", "+85261234567"),
        ("+1 212 555 0100", "+12125550100"),
        ("0531-88881234", None),
        ("138", None),
        ("", None),
        (None, None),
        ("电话", None),
    ],
)
def test_text_messages_go_to_numbers_that_can_receive_them(phone, address):
    assert sms_address(phone) == address


@pytest.mark.parametrize(
    "email, address",
    [
        (" zhaotz@example.com ", "zhaotz@example.com"),
        ("a@b", "a@b"),
        ("张@example.com", None),
        ("a@example.com\r\nBcc: b@example.com", None),
        ("a b@example.com", None),
        ("<a@example.com>", None),
        ("example.com", None),
        ("@example.com", None),
        (None, None),
    ],
)
def test_an_email_address_is_taken_as_it_is_or_not_at_all(email, address):
    assert email_address(email) == address


@pytest.mark.parametrize(
    "channel, address, shown",
    [
        ("sms", "+8613800000011", "138****0011"),
        ("sms", "+85261234578", "+852****78"),
        ("sms", "+12125550100", "+121****00"),
        ("email", "zhaotz@example.com", "z***@example.com"),
        ("email", "z@example.com", "***@example.com"),
    ],
)
def test_an_address_is_shown_masked(channel, address, shown):
    assert masked(channel, address) == shown


def test_recipients_are_read_from_the_opened_contacts():
    entry = {
        "party": "applicant",
        "index": 0,
        "name": "赵铁柱",
        "phone": "13800000011",
        "email": None,
        "language": "en",
        "notify": True,
        "unknown": 1,
    }
    contacts = orjson.dumps({"query_code": QUERY_CODE, "persons": [entry]})
    deadlines = [{"name": "acceptance_decision", "due_on": "2026-11-05", "provisional": False}]
    assert read_recipients(contacts, deadlines) == some_recipients(
        a_person(phone="13800000011", email=None, language="en")
    )


@pytest.mark.parametrize(
    "contacts",
    [b"", b"[]", b"{}", b'"x"', b'{"query_code":"x","persons":[{"party":"witness","index":0}]}'],
)
def test_unreadable_contacts_are_a_permanent_fault_that_quotes_nothing(contacts):
    with pytest.raises(Permanent) as raised:
        read_recipients(contacts, [])
    assert str(raised.value) == "contacts_unreadable"
    assert raised.value.__suppress_context__


def test_the_serial_number_is_the_events_subject():
    assert {m.serial_number for m in planned("case.withdrawn")} == {SERIAL}
