"""The table of what a wording may say, against what messages are really filled with."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest

from services.notify.domain import Desk, plan
from services.notify.people.entitlements import CLOCKS_TOLD, ENTITLEMENTS
from services.notify.people.sample_values import AUDIENCE_WORD, VALUES, units
from services.notify.people.samples import described, samples
from services.notify.people.templates import Templates
from shared.contracts.clocks import CLOCKS
from shared.contracts.lifecycle import OUTCOMES
from shared.contracts.vocabulary import CATEGORIES, FAILURE_REASONS, REFERRALS, REFUSAL_REASONS
from tests.builders.notices import (
    CASE_FACTS,
    SESSION,
    VARIANTS,
    an_event,
    everybody,
    some_recipients,
    some_staff,
)

WORDINGS = sorted({name.partition("/")[0] for name in Templates("").files})
LANGUAGES = ("zh", "en")
NAME = "织" * 500
LONG = {"id": "x", "name": NAME, "phone": "0" * 500}
WORDS = {
    "case.not_accepted": [{"reason": r} for r in REFUSAL_REASONS],
    "case.failed": [{"reason": r} for r in FAILURE_REASONS],
    "case.closed": [{"outcome": o} for o in OUTCOMES],
    "case.referral_opened": [{"kind": r} for r in REFERRALS],
    "case.referral_changed": [{"kind": r} for r in REFERRALS],
    "case.deadline_missed": [{"clock": c} for c in CLOCKS],
    "warning.raised": [{"category": c} for c in CATEGORIES],
}


LONGEST_FACTS = {
    "organisation": LONG,
    "mediator": {"id": "y", "name": NAME},
    "case_number": NAME,
    "right_division": {"code": "370103", "name": NAME},
    "session": {**SESSION, "place": NAME},
    "asks": [{"options": [{"id": str(n), "name": NAME} for n in range(3)]}],
    "count": 10_000,
    "expected": 1000.0,
    "window_days": 365,
}


def usual(language):
    """What everybody reads of every event."""
    events = {n: (n, {}) for n in ENTITLEMENTS if n in CASE_FACTS} | dict(VARIANTS)
    for name, changes in events.values():
        event = an_event(name, sequence=9, **changes)
        yield from planned(event, some_recipients(*everybody(language), asked_at=1), language)


def longest(language):
    """The same with names of 500 characters and every word of the closed lists."""
    events = {n: (n, {}) for n in ENTITLEMENTS if n in CASE_FACTS} | dict(VARIANTS)
    for name, changes in events.values():
        facts = {n: v for n, v in LONGEST_FACTS.items() if n in CASE_FACTS[name]}
        if name == "warning.raised":
            facts["division"] = {"code": "370102", "name": NAME}
        for words in WORDS.get(name, [{}]):
            event = an_event(name, sequence=9, **{**changes, **facts, **words})
            known = {"organisation": LONG, "mediator": LONGEST_FACTS["mediator"]}
            recipients = some_recipients(*everybody(language), asked_at=1, **known)
            if name == "phone.code_requested":
                recipients = replace(recipients, query_code="000000")  # as intake makes them
            yield from planned(event, recipients, language)


def planned(event, recipients, language):
    person, *_ = next(iter(some_staff(language).values()))
    desks = [
        d.key
        for d in (Desk(), Desk("org-1"), Desk("org-1", "mediator-1"), Desk("x"), Desk("x", "y"))
    ]
    found = plan(event, recipients, {desk: [person] for desk in desks})
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("name", WORDINGS)
def test_every_wording_of_the_files_is_described(name):
    wording = described(name)
    assert wording is not None
    assert wording.audiences
    assert wording.required | wording.absent <= set(wording.values)
    assert not wording.required & wording.absent


def test_what_is_no_wording_is_not_described():
    for name in ("", "case", "case.", "cases.closed", "nonsense"):
        assert described(name) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wording_is_read_by_whom_the_table_names_and_gets_what_the_table_says(language):
    readers = defaultdict(set)
    for message in usual(language):
        readers[message.template].add(message.party)
        wording = described(message.template)
        missing = set(wording.values) - set(message.values)
        assert not missing, f"{message.template}, {message.party}: {missing}"
        empty = {name for name in wording.values if not message.values[name]}
        assert empty <= wording.absent, f"{message.template}: {empty}"
    for name, told in readers.items():
        assert told <= set(described(name).audiences), name
        if not name.startswith("case.deadline_missed"):
            assert told == set(described(name).audiences), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_value_is_longer_than_the_longest_of_the_table(language):
    for message in longest(language):
        wording = described(message.template)
        for name, value in wording.values.items():
            real, most = message.values[name], value.of("longest", language)
            if name != AUDIENCE_WORD and not value.choices:
                assert units(real) <= units(most), f"{message.template}: {name} {real}"


def test_words_to_compare_with_are_all_that_can_come():
    steps = ("sent", "taken_up", "returned")
    assert VALUES["referral_status"].choices == steps
    assert described("case.deadline_approaching.consent_answer").choices["party"] == ("respondent",)
    for clock, told in CLOCKS_TOLD.items():
        assert described(f"case.deadline_approaching.{clock}").audiences == told


def test_samples_have_every_reader_and_leave_out_what_may_be_missing():
    wording = described("case.agreement_signed")
    found = list(samples(wording, "en"))
    assert [(s.kind, s.audience) for s in found] == [
        (kind, audience)
        for kind in ("usual", "longest", "least")
        for audience in ("applicant", "agent", "respondent")
    ]
    assert found[0].values["due_on"] == "5 Nov 2026"
    assert found[0].values["party"] == "applicant"
    assert (found[-1].values["due_on"], found[-1].values["perform_by"]) == ("", "")


def test_samples_have_every_word_that_decides_what_is_said():
    found = samples(described("case.referral_changed"), "zh")
    usually = [s.values["referral_status"] for s in found if s.audience == "agent"]
    assert usually == ["sent", "taken_up", "returned"] * 2


def test_a_text_message_may_not_give_our_address_and_an_email_may():
    wording = described("case.withdrawn")
    assert "site" in wording.allowed("email")
    assert "site" not in wording.allowed("sms")
    assert wording.fills("email", "{{ site }}")
    assert not wording.fills("sms", "{{ site }}")
    assert not wording.fills("email", "{{ site")
    assert not wording.fills("email", "{{ query_code }}")
