"""The preliminary examination: what each command does, and what it is refused by."""

from __future__ import annotations

import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing import domain, examination
from services.routing.examination_bodies import (
    Accept,
    RecordConsent,
    Refuse,
    RequestSupplement,
    SeekConsent,
    Withdraw,
)
from services.routing.steps import Actor, Said, after
from shared.contracts.guards import GUARDS
from shared.contracts.sources import SOURCES
from shared.errors import Refused
from tests.builders.commands import (
    NOW,
    RESPONDENTS,
    a_case_with_a_mediator,
    a_command,
    carried,
    check,
)

COMPANY, CONTRACTOR, WORKER = ("respondent", 0), ("respondent", 1), ("applicant", 0)
REFUSAL = {
    "reason": "outside_scope",
    "explanation": "双方为承揽关系，不属于劳动争议。",
    "advice": ["court", "legal_aid"],
}


def begin(case):
    return examination.begin_examination(case, a_command())


def seek(case, **body):
    return examination.seek_consent(case, a_command(SeekConsent, body))


def record(case, party, answer="agree", means="phone"):
    side, index = party
    body = {"party": side, "index": index, "answer": answer, "means": means}
    return examination.record_consent(case, a_command(RecordConsent, body))


def accept(case, **body):
    return examination.accept(case, a_command(Accept, body))


def refuse(case, **changes):
    return examination.refuse(case, a_command(Refuse, {**REFUSAL, **changes}))


def a_case_seeking_consent(**submitted):
    return carried(a_case_with_a_mediator(parties=RESPONDENTS, **submitted), begin, seek)


def answers(case, party, answer, **more):
    question = case["questions"][0]["id"]
    said = Said(question, party, answer, "code", NOW, Actor(party[0]), **more)
    return examination.answer_consent(case, said)


def running(case):
    return {clock["name"] for clock in case["clocks"]}


def refusal_of(call):
    with pytest.raises(Refused) as caught:
        call()
    return caught.value


# --- examination and supplements -----------------------------------------------------------------


def test_who_begins_stops_the_clock_of_the_beginning():
    case = a_case_with_a_mediator()
    assert "examination_start" in running(case)
    begun = carried(case, begin)
    assert begun["status"] == "under_examination"
    assert "examination_start" not in running(begun)
    assert begun["history"][-1]["actor"] == "med-370102-01"


def test_what_is_missing_is_told_sealed_and_waited_for():
    body = {"items": [{"text": "2026年3月工资条", "kind": "wage_flow"}, {"text": "欠条"}]}
    case = carried(a_case_with_a_mediator(), begin)
    decision = examination.request_supplement(case, a_command(RequestSupplement, body))
    assert check(decision) == ["case.supplement_requested"]
    words = json.loads(decision.events[0].data["particulars"])
    assert words == {"items": [{"text": "2026年3月工资条", "kind": "wage_flow"}, {"text": "欠条"}]}
    waiting = after(case, decision)
    assert waiting["records"][-1]["sealed"] == decision.events[0].data["particulars"]
    assert {"name": "supplement_answer", "due_on": "2026-11-25"}.items() <= next(
        c for c in waiting["clocks"] if c["name"] == "supplement_answer"
    ).items()


def test_a_supplement_that_was_waited_for_resumes_the_examination_by_itself():
    body = {"items": [{"text": "工资条"}]}
    case = carried(
        a_case_with_a_mediator(),
        begin,
        lambda c: examination.request_supplement(c, a_command(RequestSupplement, body)),
        lambda c: domain.supplement(c, {"supplement_count": 1, "attachment_count": 0}, NOW),
    )
    assert (case["status"], case["supplement_count"]) == ("under_examination", 1)
    assert case["history"][-1]["by"] == "rules"
    assert "supplement_answer" not in running(case)


def test_a_supplement_nobody_waited_for_is_counted_and_changes_no_status():
    case = carried(
        a_case_with_a_mediator(),
        begin,
        lambda c: domain.supplement(c, {"supplement_count": 1, "attachment_count": 0}, NOW),
    )
    assert (case["status"], case["supplement_count"]) == ("under_examination", 1)
    assert case["history"][-1]["command"] == "begin-examination"


def test_the_mediator_can_go_on_without_the_supplement():
    body = {"items": [{"text": "工资条"}]}
    case = carried(
        a_case_with_a_mediator(),
        begin,
        lambda c: examination.request_supplement(c, a_command(RequestSupplement, body)),
        lambda c: examination.resume_examination(c, a_command()),
    )
    assert case["status"] == "under_examination"
    assert case["history"][-1]["by"] == "mediator"


# --- consent -----------------------------------------------------------------------------------


def test_every_respondent_is_asked_once_with_a_last_day():
    case = a_case_seeking_consent()
    (question,) = case["questions"]
    assert question["kind"] == "consent"
    assert [(p["party"], p["index"]) for p in question["to"]] == [COMPANY, CONTRACTOR]
    assert question["expires_on"] == "2026-11-20"
    assert "consent_answer" in running(case)


def test_nobody_is_asked_who_agreed_before():
    case = carried(a_case_with_a_mediator(parties=RESPONDENTS), begin)
    agreed = {"party": "respondent", "index": 0, "answer": "agree", "means": "code", "at": NOW}
    one = {**case, "consents": [*case["consents"], agreed]}
    (question,) = carried(one, seek)["questions"]
    assert question["to"] == [{"party": "respondent", "index": 1}]
    both = {**one, "consents": [*one["consents"], {**agreed, "index": 1}]}
    assert carried(both, seek)["questions"] == []


@given(st.permutations([COMPANY, CONTRACTOR]), st.lists(st.sampled_from(["agree", "decline"]), min_size=2, max_size=2))  # fmt: skip
def test_the_last_answer_settles_the_question_whatever_they_say_and_in_whatever_order(order, said):
    case = a_case_seeking_consent()
    first = answers(case, order[0], said[0])
    assert first.events[0].data["complete"] is False
    case = carried(case, lambda _: first)
    assert case["questions"][0]["state"] == "open"
    last = answers(case, order[1], said[1])
    assert check(last) == ["case.consent_recorded"]
    assert last.events[0].data["complete"] is True
    assert last.events[0].data["settles"] == ["q1"]
    case = after(case, last)
    assert case["questions"][0]["state"] == "settled"
    given_ = {(c["party"], c["index"]): c["answer"] for c in case["consents"]}
    assert given_ == {WORKER: "agree", **dict(zip(order, said, strict=True))}


def test_a_party_that_thinks_better_of_it_while_others_are_asked_is_heard():
    case = a_case_seeking_consent()
    case = carried(case, lambda c: answers(c, COMPANY, "decline"))
    case = carried(case, lambda c: answers(c, COMPANY, "agree"))
    assert [c["answer"] for c in case["consents"] if c["party"] == "respondent"] == ["agree"]
    assert case["questions"][0]["state"] == "open"


def test_an_answer_to_a_settled_question_is_refused_but_staff_may_record_a_late_word():
    case = carried(
        a_case_seeking_consent(),
        lambda c: answers(c, COMPANY, "agree"),
        lambda c: answers(c, CONTRACTOR, "decline"),
    )
    assert refusal_of(lambda: answers(case, CONTRACTOR, "agree")).slug == "question_not_open"
    late = record(case, CONTRACTOR, means="paper")
    assert check(late) == ["case.consent_recorded"]
    assert late.events[0].data["complete"] is True
    assert examination.agreed(after(case, late)) == {WORKER, COMPANY, CONTRACTOR}


def test_staff_record_what_was_said_by_phone_as_the_answer_to_the_question():
    case = carried(a_case_seeking_consent(), lambda c: record(c, COMPANY))
    assert case["questions"][0]["answers"][0]["means"] == "phone"
    assert case["history"][-1]["by"] == "mediator"
    case = carried(case, lambda c: record(c, CONTRACTOR, "decline"))
    assert case["questions"][0]["state"] == "settled"


def test_a_party_that_does_not_exist_cannot_be_recorded():
    refused = refusal_of(lambda: record(a_case_seeking_consent(), ("respondent", 2)))
    assert refused.slug == "validation_failed"
    assert [e.pointer for e in refused.errors] == ["/index"]


@pytest.mark.parametrize("means", ["code", "token", "application", "seal"])
def test_staff_record_only_what_reached_staff(means):
    refused = refusal_of(lambda: record(a_case_seeking_consent(), COMPANY, means=means))
    assert [(e.pointer, e.code) for e in refused.errors] == [("/means", "unknown_value")]


# --- acceptance --------------------------------------------------------------------------------


def test_a_case_is_accepted_when_all_agreed_and_its_term_begins():
    case = carried(
        a_case_seeking_consent(flags=["fast_track"]),
        lambda c: answers(c, COMPANY, "agree"),
        lambda c: answers(c, CONTRACTOR, "agree"),
    )
    accepted = carried(case, accept)
    assert (accepted["status"], accepted["accepted_at"]) == ("accepted", NOW)
    assert accepted["case_number"] is None
    clocks = {c["name"]: c["due_on"] for c in accepted["clocks"]}
    assert clocks["mediation_end"] == "2026-12-03"
    assert clocks["fast_track_mediation"] == "2026-11-25"
    assert not {"acceptance_decision", "consent_answer"} & clocks.keys()


@pytest.mark.parametrize(
    "said", [{}, {COMPANY: "agree"}, {COMPANY: "agree", CONTRACTOR: "decline"}]
)
def test_without_everybodys_consent_nothing_is_accepted(said):
    case = a_case_seeking_consent()
    for party, answer in said.items():
        case = carried(case, partial(answers, party=party, answer=answer))
    refused = refusal_of(lambda: accept(case))
    assert refused.slug == "rule_not_met"
    assert refused.detail == GUARDS["all_consented"].text
    assert refused.extra == {"rule": "all_consented", "source": SOURCES["R17 22"]}


def test_an_applicant_who_takes_consent_back_stops_the_acceptance():
    case = carried(
        a_case_seeking_consent(),
        lambda c: answers(c, COMPANY, "agree"),
        lambda c: answers(c, CONTRACTOR, "agree"),
        lambda c: record(c, WORKER, "decline"),
    )
    assert refusal_of(lambda: accept(case)).extra["rule"] == "all_consented"


def test_a_respondent_who_declines_can_be_left_out():
    case = carried(
        a_case_seeking_consent(),
        lambda c: answers(c, COMPANY, "agree"),
        lambda c: answers(c, CONTRACTOR, "decline"),
    )
    decision = accept(case, without_respondents=[1, 1])
    assert check(decision) == ["case.accepted"]
    assert decision.events[0].data["without"] == [{"party": "respondent", "index": 1}]
    assert examination.sides(after(case, decision)) == [WORKER, COMPANY]


def test_a_question_still_open_when_its_respondent_is_left_out_is_withdrawn():
    case = carried(a_case_seeking_consent(), lambda c: answers(c, COMPANY, "agree"))
    accepted = carried(case, lambda c: accept(c, without_respondents=[1]))
    assert accepted["questions"][0]["state"] == "withdrawn"


def test_somebody_must_remain_to_mediate_with():
    case = a_case_seeking_consent()
    refused = refusal_of(lambda: accept(case, without_respondents=[0, 1]))
    assert refused.extra["rule"] == "all_consented"


def test_a_respondent_left_out_must_exist():
    case = a_case_seeking_consent()
    refused = refusal_of(lambda: accept(case, without_respondents=[0, 7]))
    assert [e.pointer for e in refused.errors] == ["/without_respondents/1"]


def test_of_a_collective_all_speakers_consent_and_nobody_they_represent_is_asked():
    speakers = [{**RESPONDENTS[0], "index": n} for n in range(3)]
    case = carried(
        a_case_with_a_mediator(parties=[*speakers, RESPONDENTS[1]], represented_count=12),
        begin,
        seek,
        lambda c: answers(c, COMPANY, "agree"),
    )
    assert carried(case, accept)["status"] == "accepted"
    one_less = {**case, "consents": case["consents"][1:]}
    assert refusal_of(lambda: accept(one_less)).extra["rule"] == "all_consented"


# --- refusal and withdrawal --------------------------------------------------------------------


def test_a_refusal_gives_reason_advice_and_sealed_words_and_frees_the_mediator():
    case = carried(a_case_with_a_mediator(), begin)
    decision = refuse(case)
    assert check(decision) == ["case.not_accepted"]
    told = decision.events[0].data
    assert (told["reason"], told["advice"]) == ("outside_scope", ["court", "legal_aid"])
    assert told["released_mediator_id"] == "med-370102-01"
    assert json.loads(told["particulars"]) == {"explanation": REFUSAL["explanation"]}
    ended = after(case, decision)
    assert running(ended) >= {"closing"}
    assert "acceptance_decision" not in running(ended)


def test_who_sends_a_case_away_for_jurisdiction_says_where_it_belongs():
    case = carried(a_case_with_a_mediator(), begin)
    refused = refusal_of(lambda: refuse(case, reason="wrong_jurisdiction"))
    assert [(e.pointer, e.code) for e in refused.errors] == [("/right_division", "required")]
    decision = refuse(case, reason="wrong_jurisdiction", right_division="370103")
    assert decision.events[0].data["right_division"] == {
        "code": "370103",
        "name": "山东省济南市市中区",
    }
    check(decision)


@pytest.mark.parametrize(
    "changes,expected",
    [
        ({"right_division": "370103"}, ("/right_division", "not_applicable")),
        (
            {"reason": "wrong_jurisdiction", "right_division": "999999"},
            ("/right_division", "unknown_division"),
        ),
        ({"reason": "dislike"}, ("/reason", "unknown_value")),
        ({"explanation": " "}, ("/explanation", "required")),
        ({"advice": []}, ("/advice", "required")),
        ({"advice": ["prayer"]}, ("/advice/0", "unknown_value")),
    ],
)
def test_faults_of_a_refusal_are_told_at_their_place(changes, expected):
    case = carried(a_case_with_a_mediator(), begin)
    refused = refusal_of(lambda: refuse(case, **changes))
    assert [(e.pointer, e.code) for e in refused.errors] == [expected]


def test_staff_record_a_withdrawal_with_how_it_was_told():
    case = carried(a_case_with_a_mediator(), begin)
    body = {"means": "paper", "note": "已自行和解"}
    decision = examination.withdraw(case, a_command(Withdraw, body))
    assert check(decision) == ["case.withdrawn"]
    assert json.loads(decision.events[0].data["particulars"]) == body
    assert after(case, decision)["history"][-1]["by"] == "mediator"


@pytest.mark.parametrize("status", ["mediating", "closed", "withdrawn", "unassigned"])
@pytest.mark.parametrize(
    "command",
    [begin, seek, accept, refuse, lambda c: examination.resume_examination(c, a_command())],
)
def test_out_of_order_a_command_is_refused_with_what_is_allowed(status, command):
    agreed = [
        {"party": side, "index": index, "answer": "agree", "means": "code", "at": NOW}
        for side, index in (WORKER, COMPANY)
    ]
    case = {**a_case_with_a_mediator(), "status": status, "consents": agreed}
    refused = refusal_of(lambda: command(case))
    assert refused.slug == "command_not_allowed"
    assert refused.extra["case_status"] == status


def test_a_partner_may_not_give_any_of_these_commands():
    case = a_case_with_a_mediator()
    stranger = a_command(actor=Actor("partner"))
    assert refusal_of(lambda: examination.begin_examination(case, stranger)).slug == "forbidden"
