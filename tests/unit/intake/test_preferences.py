"""How a person wants to be told, as it states it in the form."""

from __future__ import annotations

import pytest

from services.intake.domain import OWN_NOTIFY, contacts
from services.intake.preferences import PREFERRED, contact_preferences, wants_large_print
from tests.builders.applications import a_collective_application, an_application, with_agent


def reached(application):
    return {(c["party"], c["index"]): c for c in contacts(application)}


@pytest.mark.parametrize(
    "stated, prefers",
    [("sms", "sms"), ("phone", "sms"), ("email", "email"), ("app", "app"), ("pigeon", None),
     (None, None)],
)  # fmt: skip
def test_the_preferred_way_goes_to_whoever_sends_messages(stated, prefers):
    person = {"preferred_contact": stated, "push_device": "device-0001"}
    assert contact_preferences(person) == {
        "prefers": prefers, "large_print": False, "push": "device-0001",
    }  # fmt: skip
    assert set(PREFERRED.values()) == {"sms", "email", "app"}


@pytest.mark.parametrize(
    "person",
    [
        {"large_print": True},
        {"accessibility_needs": "需要大字版文书"},
        {"accessibility_needs": "Large-print letters please"},
        {"assistance": "老花眼，看不清小字"},
        {"elder_assistance": "字体放大"},
        {"disability_type": "视力残疾"},
        {"disability": "低视力二级"},
    ],
)
def test_who_asks_for_large_print_or_says_that_it_sees_badly_gets_it(person):
    assert wants_large_print(person)


@pytest.mark.parametrize(
    "person",
    [
        {},
        {"large_print": False, "disability_type": "视力残疾"},
        {"elder_assistance": True},
        {"accessibility_needs": "轮椅通道"},
        {"disability_type": "听力残疾"},
        {"assistance": "否"},
    ],
)
def test_nobody_else_does(person):
    assert not wants_large_print(person)


def test_every_party_has_its_own_wishes():
    application = with_agent(
        an_application(applicant={"preferred_contact": "email", "large_print": True}),
        notify_agent_too=True, preferred_contact="app", push_device="device-0002",
    )  # fmt: skip
    people = reached(application)
    assert (people["applicant", 0]["prefers"], people["applicant", 0]["large_print"]) == (
        "email", True,
    )  # fmt: skip
    assert (people["agent", 0]["prefers"], people["agent", 0]["push"]) == ("app", "device-0002")
    assert (people["respondent", 0]["prefers"], people["respondent", 0]["large_print"]) == (
        None, False,
    )  # fmt: skip


def test_a_speaker_is_written_to_in_the_language_it_states_itself():
    application = a_collective_application(12)
    application["language"] = "zh"
    application["applicant"]["language"] = "en-GB"
    people = reached(application)
    assert [people["applicant", n]["language"] for n in range(3)] == ["en", "zh", "zh"]


def test_an_applicant_cannot_keep_a_respondent_from_being_told():
    application = an_application()
    application["respondents"][0]["notify"] = False
    assert reached(application)["respondent", 0]["notify"]
    application["respondents"][0][OWN_NOTIFY] = False
    assert not reached(application)["respondent", 0]["notify"]


def test_an_agents_own_word_counts_before_the_rule():
    assert not reached(with_agent(an_application(), notify_agent_too=True, notify=False))[
        "agent", 0
    ]["notify"]
    assert reached(with_agent(an_application(), notify_agent_too=False, notify=True))["agent", 0][
        "notify"
    ]
