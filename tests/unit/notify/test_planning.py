from __future__ import annotations

import orjson
import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain import (
    Desk,
    PlannedMessage,
    Waiting,
    desk_of,
    message_id,
    plan,
    withholds,
)
from services.notify.people.addresses import email_address, masked, sms_address
from services.notify.people.case_facts import CaseFacts
from services.notify.people.entitlements import (
    CLOCKS_TOLD,
    ENTITLEMENTS,
    PARTIES,
    STAFF,
    SUPERSEDED_BY,
    SUPERSEDED_ON_TOPIC,
    audiences,
    may_reach_respondents,
    superseded_by,
    topic,
)
from services.notify.people.persons import PREFERENCES, read_recipients
from services.notify.people.preferences import BY_TEXT_ALONE, CHANNELS, WRITTEN
from shared.contracts.clocks import CLOCKS
from shared.contracts.events import consumed_by
from shared.contracts.lifecycle import STATUSES, TRANSITIONS
from shared.errors import Permanent
from tests.builders.notices import (
    ANSWER_CODE,
    APPLICANT,
    MEDIATOR,
    ORGANISATION,
    QUERY_CODE,
    RESPONDENT,
    SERIAL,
    SESSION,
    a_person,
    an_event,
    some_recipients,
    some_staff,
)


def planned(name, recipients=None, *, staff=None, sequence=9, **changes) -> list[PlannedMessage]:
    event = an_event(name, sequence=sequence, **changes)
    messages = plan(event, recipients or some_recipients(asked_at=1), staff)
    assert isinstance(messages, list)
    return messages


def told(messages) -> set[tuple[str, str]]:
    return {(m.party, m.channel) for m in messages}


def parties(messages) -> set[str]:
    return {m.party for m in messages}


# --- the tables ------------------------------------------------------------------------------


def test_the_table_names_exactly_the_events_that_notify_consumes():
    assert set(ENTITLEMENTS) == {e.name for e in consumed_by("notify")}


def test_events_of_which_nobody_is_told_stand_in_the_table_too():
    silent = {name for name, told in ENTITLEMENTS.items() if not told}
    assert {"case.accepted", "case.archived", "application.document_issued"} <= silent
    for name in silent:
        assert plan(an_event(name), None) == []


def test_the_table_of_clocks_is_complete():
    assert set(CLOCKS_TOLD) == set(CLOCKS)


def test_only_messages_somebody_gets_are_superseded_and_only_by_their_own_aggregate():
    for table in (SUPERSEDED_BY, SUPERSEDED_ON_TOPIC):
        for name, later in table.items():
            assert {name, *later} <= {n for n, told in ENTITLEMENTS.items() if told}
            assert {n.partition(".")[0] for n in (name, *later)} == {"case"}, "sequences compare"


def test_a_reminder_is_untrue_once_a_step_has_stopped_its_clock():
    stopping = superseded_by("case.deadline_approaching", "consent_answer")
    assert {"case.accepted", "case.not_accepted", "case.withdrawn", "case.transferred"} <= set(
        stopping
    )
    assert "case.withdrawn" not in superseded_by(
        "case.deadline_approaching", "arbitration_limitation"
    )


# --- who is told -----------------------------------------------------------------------------

TO_ALL = [n for n, told in ENTITLEMENTS.items() if set(PARTIES) <= set(told)
          if n not in {"case.deadline_approaching", "case.mediator_assigned"}]  # fmt: skip


@pytest.mark.parametrize("name", TO_ALL)
def test_all_parties_that_have_been_asked_are_told_with_their_other_address_in_reserve(name):
    assert told(planned(name)) == {(p, c) for p in PARTIES for c in WRITTEN}


@pytest.mark.parametrize(
    "name",
    ["application.submitted", "application.supplemented", "case.unassigned",
     "case.organisation_assigned", "case.mediators_proposed", "case.mediator_assigned",
     "case.supplement_requested", "case.consent_recorded"],
)  # fmt: skip
def test_what_concerns_the_application_is_told_to_applicant_and_agent(name):
    assert parties(planned(name)) == {"applicant", "agent"}


BEFORE_ASKING = [row for row in TRANSITIONS if not may_reach_respondents(an_event(row.event), None)]


@pytest.mark.parametrize("name", sorted({row.event for row in BEFORE_ASKING}))
def test_the_respondent_hears_nothing_before_its_consent_is_sought(name):
    recipients = some_recipients(a_person("respondent"))
    assert planned(name, recipients) == []


def test_every_event_that_can_come_before_the_respondents_are_asked_is_silent_to_them():
    """By the lifecycle: whatever a case can go through without case.consent_sought."""
    reached, rows = {"submitted"}, set()
    while True:
        fresh = {
            row
            for row in TRANSITIONS
            if row.sources & reached and row.command != "seek-consent" and row not in rows
        }
        if not fresh:
            break
        rows |= fresh
        reached |= {row.target for row in fresh if row.target}
    assert "accepted" not in reached
    nobody_asked = some_recipients(a_person("respondent"))
    for row in rows:
        for status in [row.target] if row.target else sorted(row.sources & reached):
            changes = {"status": status}
            if row.event == "case.closed":
                changes["outcome"] = "not_accepted"
            assert planned(row.event, nobody_asked, **changes) == [], (row.event, status)
    assert reached < set(STATUSES)


def test_a_respondent_that_was_asked_hears_that_nothing_comes_of_it():
    asked = some_recipients(a_person("respondent"), asked_at=4)
    for name in ("case.not_accepted", "case.withdrawn", "case.transferred", "case.reopened"):
        assert planned(name, asked, sequence=5)
        assert planned(name, asked, sequence=3) == []
        assert withholds(an_event(name, sequence=3), asked)
        assert not withholds(an_event(name, sequence=5), asked)


def test_a_respondent_that_does_not_take_part_hears_nothing_of_the_mediation():
    people = [a_person(), *(a_person("respondent", index) for index in range(2))]
    known = some_recipients(
        *people, asked_at=1, respondents=2, accepted_at=5, without=frozenset({("respondent", 1)})
    )
    for name in ("case.numbered", "case.session_scheduled", "case.failed"):
        assert {(m.party, m.index) for m in planned(name, known)} == {
            ("applicant", 0), ("respondent", 0),
        }  # fmt: skip
        unknown = some_recipients(*people, asked_at=1, respondents=2)
        assert isinstance(plan(an_event(name, sequence=9), unknown), Waiting)
    assert {m.index for m in planned("case.withdrawn", known)} == {0, 1}, "it had been asked"


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
    assert parties(planned("case.transferred", mediator_follows=True)) == {"respondent"}


def test_another_mediator_in_the_middle_of_a_case_is_told_to_all_in_other_words():
    messages = planned("case.mediator_assigned", status="mediating")
    assert parties(messages) == set(PARTIES)
    assert {m.template for m in messages} == {"case.mediator_assigned.changed"}


def test_consent_is_told_once_everybody_has_answered():
    assert planned("case.consent_recorded", complete=False) == []


@pytest.mark.parametrize("outcome, news", [("performed", False), ("failed", False),
                                           ("withdrawn", False), ("agreement_signed", True)])  # fmt: skip
def test_closing_is_told_only_where_no_step_before_has_said_it(outcome, news):
    assert bool(planned("case.closed", outcome=outcome)) == news


@pytest.mark.parametrize("clock", CLOCKS)
def test_parties_are_reminded_of_their_own_clocks(clock):
    messages = planned("case.deadline_approaching", clock=clock, tells="parties")
    assert parties(messages) == set(CLOCKS_TOLD[clock])
    assert planned("case.deadline_missed", clock=clock, tells="parties") == []


def test_a_referral_is_told_to_those_it_is_for():
    people = [*(a_person(index=n) for n in range(2)), a_person("agent"), a_person("respondent")]
    recipients = some_recipients(*people, asked_at=1)
    for name, status in [("opened", "asked"), ("changed", "sent"), ("changed", "taken_up")]:
        for to, expected in [
            ([APPLICANT], {("applicant", 0), ("agent", 0)}),
            ([RESPONDENT], {("respondent", 0)}),
        ]:
            messages = planned(f"case.referral_{name}", recipients, referral_status=status, to=to)
            assert {(m.party, m.index) for m in messages} == expected
    assert planned("case.referral_opened", recipients, referral_status="willing") == []
    assert planned("case.referral_changed", recipients, referral_status="declined") == []


# --- staff -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["case.deadline_approaching", "case.deadline_missed"])
@pytest.mark.parametrize("tells", STAFF)
def test_a_deadline_is_told_to_whose_turn_it_is(name, tells):
    messages = planned(name, clock="acceptance_decision", tells=tells, staff=some_staff())
    assert parties(messages) == {tells}
    assert {m.template for m in messages} == {f"{name}.staff"}


def test_staff_hear_of_what_waits_for_them():
    def staff_of(name, **changes):
        return parties(planned(name, staff=some_staff(), **changes)) & set(STAFF)

    assert staff_of("case.unassigned") == {"platform"}
    assert staff_of("case.organisation_assigned") == {"organisation"}
    assert staff_of("case.organisation_assigned", mediator_follows=True) == set()
    assert staff_of("case.mediator_assigned") == {"mediator"}
    assert staff_of("warning.raised") == {"platform"}


@pytest.mark.parametrize(
    "changes", [{"phone": "053188881234", "email": None}, {"notify": False}, {}]
)
def test_the_mediator_hears_of_a_respondent_that_no_message_reaches(changes):
    people = some_recipients(
        a_person(), a_person("respondent"), a_person("respondent", 1, **changes)
    )
    messages = planned("case.consent_sought", people, staff=some_staff())
    assert ("mediator" in parties(messages)) == bool(changes)


def test_staff_who_registered_nowhere_are_told_nothing():
    assert planned("case.deadline_missed", staff={}) == []


def test_the_desk_is_that_of_the_case_or_the_next_above():
    body, person = ORGANISATION["id"], MEDIATOR["id"]
    event = an_event("case.deadline_missed")
    both = CaseFacts(organisation=ORGANISATION, mediator=MEDIATOR)
    assert desk_of("mediator", event, both) == Desk(body, person)
    assert desk_of("organisation", event, both) == Desk(body)
    assert desk_of("platform", event, both) == Desk()
    assert desk_of("mediator", event, CaseFacts(organisation=ORGANISATION)) == Desk(body)
    assert desk_of("mediator", event, CaseFacts()) == Desk()


def test_the_desk_of_an_assignment_is_the_one_it_names():
    other = {**ORGANISATION, "id": "org-9"}
    event = an_event("case.mediator_assigned", organisation=other)
    facts = CaseFacts(organisation=ORGANISATION, mediator=MEDIATOR)
    assert desk_of("mediator", event, facts) == Desk("org-9", MEDIATOR["id"])


def test_a_message_to_staff_says_nothing_of_the_parties():
    for name in ("case.unassigned", "case.mediator_assigned", "case.deadline_missed"):
        for m in planned(name, staff=some_staff()):
            if m.party in STAFF:
                assert not {QUERY_CODE, ANSWER_CODE} & set(m.values.values())
                assert set(m.values) <= {
                    "party", "serial_number", "organisation", "organisation_phone", "mediator",
                    "due_on", "clock",
                }  # fmt: skip


# --- waiting ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["application.evidence_received", "application.withdrawn"])
def test_events_told_otherwise_cause_no_message_and_wait_for_nothing(name):
    assert plan(an_event(name), some_recipients()) == []
    assert plan(an_event(name), None) == []


def test_an_event_before_its_contact_data_waits():
    event = an_event("case.mediator_assigned")
    assert plan(event, None) == Waiting(event)


@pytest.mark.parametrize(
    "name, missing",
    [("case.numbered", {"organisation": None}), ("case.session_cancelled", {"sessions": {}}),
     ("case.deadline_approaching", {"organisation": None})],
)  # fmt: skip
def test_an_event_waits_for_what_its_message_must_say(name, missing):
    event = an_event(name)
    assert plan(event, some_recipients(**missing)) == Waiting(event)


def test_what_names_everything_itself_waits_for_nothing():
    nothing_known = some_recipients(organisation=None, mediator=None, sessions={})
    for name in ("case.mediator_assigned", "case.transferred", "case.withdrawn",
                 "case.unassigned", "case.deadline_missed"):  # fmt: skip
        assert isinstance(plan(an_event(name), nothing_known), list)


def test_one_phone_named_twice_rings_once_for_the_applicant():
    recipients = some_recipients(
        a_person("agent", phone="+86 138 0000 0011", email=None), a_person(email=None)
    )
    assert told(planned("application.submitted", recipients)) == {("applicant", "sms")}


def test_planning_again_gives_the_same_messages():
    assert planned("case.withdrawn") == planned("case.withdrawn")


# --- what is said ----------------------------------------------------------------------------


def test_the_receipt_message_carries_serial_number_and_query_code_in_groups():
    (message, *_) = planned("application.submitted")
    assert message.values["serial_number"] == "2634 6268 8508 6477"
    assert message.values["query_code"] == "K7RM-2PXA"


def test_only_the_receipt_message_carries_the_query_code():
    for name in set(ENTITLEMENTS) - {"application.submitted", "phone.code_requested"}:
        assert all(QUERY_CODE not in str(m.values).replace("-", "") for m in planned(name))


def test_only_the_respondent_gets_its_code_and_only_when_it_is_asked():
    for name in ENTITLEMENTS:
        for m in planned(name):
            says = ANSWER_CODE in str(m.values).replace("-", "")
            assert says == ((m.party, name) == ("respondent", "case.consent_sought"))


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


@pytest.mark.parametrize(
    "language, moment",
    [("zh", "2026年11月24日（星期二）9:30"), ("en", "Tue 24 Nov 2026, 9:30")],
)
def test_a_session_is_named_with_its_weekday_in_the_time_of_the_mainland(language, moment):
    recipients = some_recipients(a_person(language=language))
    for name in ("case.session_scheduled", "case.session_cancelled"):
        assert planned(name, recipients)[0].values["session_time"] == moment


def test_a_message_expires_when_it_would_no_longer_be_true():
    (invitation, *_) = planned("case.session_scheduled")
    assert invitation.expires_at.isoformat() == "2026-11-24T01:30:00+00:00"
    (code, *_) = planned("phone.code_requested", some_recipients(a_person()))
    assert code.expires_at.isoformat() == "2026-11-02T11:51:05+00:00"
    (reminder, *_) = planned("case.deadline_approaching")
    assert reminder.expires_at.isoformat() == "2026-11-28T00:00:00+08:00"
    assert planned("case.withdrawn")[0].expires_at is None


def test_messages_about_a_session_a_referral_or_a_clock_say_which():
    assert topic(an_event("case.session_scheduled")) == SESSION["id"]
    assert topic(an_event("case.session_cancelled")) == SESSION["id"]
    assert topic(an_event("case.referral_changed")) == "r1"
    assert topic(an_event("case.deadline_missed")) == "acceptance_decision"
    assert topic(an_event("case.withdrawn")) == ""


def test_what_is_about_no_case_names_none():
    (code, *_) = planned("phone.code_requested", some_recipients(a_person()))
    assert (code.serial_number, code.channel) == (None, "sms")
    assert "serial_number" not in code.values


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
    push=st.sampled_from([None, "device-0001", "no device"]),
    prefers=st.sampled_from([None, *PREFERENCES]),
    notify=st.booleans(),
)


@given(
    st.lists(persons, max_size=6, unique_by=lambda p: (p.party, p.index)),
    st.sampled_from(sorted(ENTITLEMENTS)),
    st.sampled_from([None, 1, 20]),
)
def test_whoever_they_are_each_message_and_address_is_unique_and_entitled(people, name, asked_at):
    event = an_event(name, sequence=9)
    messages = plan(event, some_recipients(*people, asked_at=asked_at)) if people else []
    assert isinstance(messages, list)
    assert len({m.id for m in messages}) == len(messages)
    sent = [m for m in messages if m.channel != "inbox"]
    assert len({(m.channel, m.address) for m in sent}) == len(sent)
    wanting = {(p.party, p.index) for p in people if p.notify}
    assert {(m.party, m.index) for m in sent} <= wanting
    assert parties(messages) <= set(audiences(event)) <= set(ENTITLEMENTS[name])
    if not may_reach_respondents(event, asked_at):
        assert "respondent" not in parties(messages)


@given(
    st.lists(persons, min_size=1, max_size=6, unique_by=lambda p: (p.party, p.index)),
    st.sampled_from(sorted(n for n, told in ENTITLEMENTS.items() if set(PARTIES) & set(told))),
)
def test_every_side_that_is_entitled_finds_one_message_first_and_the_others_behind_it(people, name):
    messages = plan(an_event(name, sequence=9), some_recipients(*people, asked_at=1))
    assert isinstance(messages, list)
    entitled = set(audiences(an_event(name))) - set(STAFF)
    sides = {side(p) for p in people if p.party in entitled}
    if name not in BY_TEXT_ALONE and not name.startswith("case.referral"):
        assert {side(m) for m in messages} == sides
    by_person: dict[tuple[str, int], list[PlannedMessage]] = {}
    for message in messages:
        by_person.setdefault((message.party, message.index), []).append(message)
    for chain in by_person.values():
        assert [m.rank for m in chain] == list(range(len(chain)))
        assert [m.next for m in chain] == [*(m.id for m in chain[1:]), None]
        assert len(chain) == 1 or "inbox" not in {m.channel for m in chain}


def side(one):
    return ("respondent", one.index) if one.party == "respondent" else ("applicant", 0)


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


@given(st.from_regex(r"\+861[3-9][0-9]{9}", fullmatch=True))
def test_a_mainland_mobile_number_is_taken_as_the_numbering_plan_reads_it(number):
    parsed = phonenumbers.parse(number, "CN")
    assert phonenumbers.is_possible_number(parsed)
    assert sms_address(number) == sms_address(number[3:]) == number


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
    known = some_recipients(a_person(phone="13800000011", email=None, language="en"))
    assert read_recipients(contacts, known.case) == known


@pytest.mark.parametrize(
    "contacts",
    [b"", b"[]", b"{}", b'"x"', b'{"query_code":"x","persons":[{"party":"witness","index":0}]}'],
)
def test_unreadable_contacts_are_a_permanent_fault_that_quotes_nothing(contacts):
    with pytest.raises(Permanent) as raised:
        read_recipients(contacts)
    assert str(raised.value) == "contacts_unreadable"
    assert raised.value.__suppress_context__


def test_the_serial_number_is_the_events_subject():
    assert {m.serial_number for m in planned("case.withdrawn")} == {SERIAL}
