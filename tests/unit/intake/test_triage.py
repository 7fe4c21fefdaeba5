import json
import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.triage import RULES, triage
from shared.contracts.vocabulary import FLAGS
from tests.builders.applications import (
    ABSENT,
    MAN,
    WOMAN,
    a_collective_application,
    a_foreign_teacher,
    a_riders_application,
    a_woman_in_lactation,
    an_application,
    an_employers_application,
    an_id_number,
    with_agent,
)

TODAY = date(2026, 11, 22)
EXAMPLES = Path(
    os.environ.get("TIAOJIE_EXAMPLES", Path(__file__).parents[4] / "shared" / "examples")
)


def flags(application, today=TODAY):
    return set(triage(application, today))


def a_woman(changes=None, **sections):
    application = an_application(changes, **sections)
    application["applicant"] |= {
        "gender": WOMAN,
        "id_number": an_id_number(date(1988, 3, 4), WOMAN),
    }
    return application


def claiming(claim_type, text="请求"):
    return {"claims": [{"claim_type": claim_type, "text": text, "amount_cny": 100}]}


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="no folder of examples here")
def test_every_example_has_the_flags_it_expects():
    checked = 0
    for path in sorted(EXAMPLES.glob("*.json")):
        example = json.loads(path.read_text("utf-8"))
        if example["expected"]["valid"]:
            found = triage(example["application"], TODAY)
            assert list(found) == sorted(example["expected"]["flags"]), path.name
            checked += 1
    assert checked


def test_the_rules_cover_the_vocabulary_once_each():
    assert sorted(flag for raised, _ in RULES for flag in raised) == sorted(FLAGS)


def test_a_mans_plain_wage_claim_has_no_flag():
    assert triage(an_application(), TODAY) == ()


def test_flags_come_sorted():
    found = triage(a_woman_in_lactation(), TODAY)
    assert list(found) == sorted(found)


# --- many people, urgency


@pytest.mark.parametrize("size, collective", [(9, False), (10, True), (12, True)])
def test_ten_workers_make_a_dispute_collective_and_a_priority(size, collective):
    expected = {"collective", "priority"} if collective else set()
    assert flags(a_collective_application(size)) == expected


def test_the_applicant_is_counted_once_whether_listed_again_or_not():
    listed = a_collective_application(10)
    not_listed = a_collective_application(10)
    del not_listed["co_applicants"][0]
    assert "collective" in flags(listed) & flags(not_listed)


@pytest.mark.parametrize(
    "changes",
    [
        {"urgent": True},
        {"dispute": {"urgency": "紧急"}},
        {"dispute": {"urgent_reason": "公司正在转移设备"}},
    ],
)
def test_an_urgent_application_is_a_priority(changes):
    assert flags(an_application(**changes)) == {"priority"}


@pytest.mark.parametrize("answer", [False, None, "否", "no", "普通"])
def test_a_denied_urgency_is_none(answer):
    assert flags(an_application(urgent=answer)) == set()


# --- women workers

WOMEN = {"women_workers", "fast_track"}


@pytest.mark.parametrize(
    "fields",
    [
        {"maternity_period": "pregnancy"},
        {"maternity_period": "childbirth"},
        {"maternity_period": "lactation"},
        {"maternity_period": "孕期"},
        {"expected_due_date": "2027-03-01"},
        {"child_birth_date": "2026-01-10"},
        {"is_pregnant": True},
        {"expected_delivery_date": "2027-03-01"},
        {"miscarriage_date": "2026-08-01"},
    ],
)
def test_maternity_opens_the_fast_track(fields):
    assert flags(a_woman(applicant=fields)) == WOMEN


@pytest.mark.parametrize(
    "fields",
    [
        {"maternity_period": "none"},
        {"maternity_period": None},
        {"maternity_period": "无"},
        {"child_birth_date": "2020-01-10"},
        {"expected_due_date": "2024-01-10"},
    ],
)
def test_no_maternity_now_or_at_the_infringement_opens_nothing(fields):
    assert flags(a_woman(applicant=fields)) == set()


def test_a_father_is_no_woman_worker():
    assert flags(an_application(applicant={"child_birth_date": "2026-08-01"})) == set()
    assert flags(an_application(**claiming("paternity_leave", "陪产假工资，妻子生育"))) == set()


def test_being_a_woman_is_no_reason_alone():
    assert flags(a_woman()) == set()


def test_the_identity_number_tells_the_gender_if_the_form_does_not():
    application = a_woman(
        {"/applicant/gender": ABSENT}, applicant={"maternity_period": "lactation"}
    )
    application["applicant"].pop("gender", None)
    assert flags(application) == WOMEN


def test_maternity_counts_where_neither_form_nor_number_tells_the_gender():
    application = a_foreign_teacher(
        {"/applicant/gender": ABSENT}, applicant={"maternity_period": "pregnancy"}
    )
    assert flags(application) >= WOMEN


@pytest.mark.parametrize("claim_type", ["wage_arrears", "injury_disability"])
def test_a_migrant_womans_pay_and_injury_open_the_fast_track(claim_type):
    application = a_woman(applicant={"is_migrant_worker": True}, **claiming(claim_type))
    assert flags(application) >= WOMEN | {"legal_aid_without_means_test"}


def test_a_migrant_womans_other_claims_do_not():
    application = a_woman(
        applicant={"is_migrant_worker": True}, **claiming("economic_compensation")
    )
    assert flags(application) == set()


@pytest.mark.parametrize(
    "claim",
    [
        claiming("maternity_allowance"),
        claiming("sexual_harassment"),
        claiming("other", "支付产假工资"),
        claiming("other", "因婚育被歧视，要求赔礼道歉"),
        {"dispute": {"cause": "女职工特殊保护"}},
        {"dispute": {"sexual_harassment": True}},
    ],
)
def test_special_protection_of_women_opens_the_fast_track(claim):
    assert flags(a_woman(**claim)) == WOMEN


@pytest.mark.parametrize(
    "cause", ["停工停产期间工资", "停产假期工资", "物流产业园搬迁", "合同已经期满"]
)
def test_words_that_only_look_like_maternity_do_not(cause):
    assert flags(a_woman(dispute={"cause": cause})) == set()


def test_the_story_is_not_searched_for_words():
    story = {"facts_and_reasons": "同事休产假，她的活儿都归我，一直没有加班费。"}
    assert flags(a_woman(dispute=story)) == set()


# --- platform work


def test_a_rider_against_two_companies():
    assert flags(a_riders_application()) == {"new_employment_form", "multiple_respondents"}


@pytest.mark.parametrize("shown", [{"contract_signed": True}, {"labour_relation_clear": True}])
def test_a_woman_rider_with_a_clear_labour_relation_is_on_the_fast_track(shown):
    rider = a_riders_application(applicant={"gender": WOMAN}, employment=shown)
    assert flags(rider) >= WOMEN


@pytest.mark.parametrize(
    "changes",
    [
        {"employment": {"contract_signed": False, "social_insurance_paid": False}},
        {"dispute": {"category": "confirm_labour_relation"}},
        {
            "employment": {
                "contract_signed": True,
                "contract_term": "cooperation_agreement",
                "social_insurance_paid": False,
            }
        },
    ],
)
def test_a_woman_rider_without_a_clear_labour_relation_is_not(changes):
    rider = a_riders_application(applicant={"gender": WOMAN}, **changes)
    assert not flags(rider) & WOMEN


@pytest.mark.parametrize(
    "fields, platform",
    [
        ({"new_employment_form": ABSENT, "job_title": "网约车司机"}, True),
        ({"new_employment_form": ABSENT, "platform_name": "某平台（虚构）"}, True),
        ({"new_employment_form": ABSENT, "job_title": "仓库保管员"}, False),
        ({"new_employment_form": False, "job_title": "骑手"}, False),
    ],
)
def test_the_answer_on_platform_work_wins_over_the_job_title(fields, platform):
    assert ("new_employment_form" in flags(an_application(employment=fields))) == platform


# --- migrant workers, injuries


@pytest.mark.parametrize(
    "claim_type, pay",
    [
        ("wage_arrears", True),
        ("overtime_pay", True),
        ("bonus", True),
        ("double_wage", False),
        ("severance_pay", False),
        ("economic_compensation", False),
        ("unlawful_termination", False),
    ],
)
def test_a_migrant_workers_pay_claims_are_flagged_with_legal_aid(claim_type, pay):
    application = an_application(applicant={"is_migrant_worker": True}, **claiming(claim_type))
    expected = {"migrant_worker_wages", "legal_aid_without_means_test"} if pay else set()
    assert flags(application) == expected


def test_a_claim_of_type_other_is_read_by_its_words():
    migrant = {"is_migrant_worker": True}
    assert "migrant_worker_wages" in flags(
        an_application(applicant=migrant, **claiming("other", "结清工钱"))
    )
    assert (
        flags(an_application(applicant=migrant, **claiming("other", "未签合同的二倍工资"))) == set()
    )


def test_a_migrant_workers_injury_brings_legal_aid_without_wages():
    application = an_application(
        applicant={"is_migrant_worker": True}, **claiming("injury_medical")
    )
    assert flags(application) == {"work_injury", "legal_aid_without_means_test"}


@pytest.mark.parametrize(
    "changes",
    [
        claiming("injury_medical"),
        claiming("occupational_disease"),
        claiming("other", "支付一次性伤残补助金"),
        {"dispute": {"cause": "工伤医疗费"}},
        {"dispute": {"injury_date": "2026-07-28"}},
        {"dispute": {"work_injury_recognised": True}},
    ],
)
def test_an_injury_at_work_shows_in_claims_cause_or_date(changes):
    assert flags(an_application(**changes)) == {"work_injury"}


@pytest.mark.parametrize("cause", ["未缴工伤保险费", "员工伤心离职"])
def test_other_causes_are_no_injury(cause):
    assert flags(an_application(dispute={"cause": cause})) == set()


# --- age and assistance


def of_age(born, gender=MAN, **sections):
    application = an_application(**sections)
    application["applicant"] |= {"gender": gender, "id_number": an_id_number(born, gender)}
    return application


def test_a_man_is_over_age_from_the_day_he_reaches_the_raised_age():
    born = date(1965, 5, 10)  # 60 years and 2 months: 10 July 2025
    for ended, over in (("2025-07-09", False), ("2025-07-10", True)):
        application = of_age(born, employment={"ended_on": ended})
        assert ("over_age_worker" in flags(application)) == over


def test_work_that_ended_before_the_age_is_ordinary():
    application = of_age(date(1963, 11, 1), employment={"ended_on": "2023-10-31"})
    assert "over_age_worker" not in flags(application)


def test_a_woman_of_unknown_post_is_over_age_only_past_the_later_age():
    lasting = {"employment": {"ended_on": None}}
    assert "over_age_worker" not in flags(of_age(date(1972, 1, 1), WOMAN, **lasting))
    assert "over_age_worker" in flags(of_age(date(1970, 1, 1), WOMAN, **lasting))
    stated = {"employment": {"ended_on": None, "post_category": "生产操作岗位"}}
    assert "over_age_worker" in flags(of_age(date(1972, 1, 1), WOMAN, **stated))
    retired = {"employment": {"ended_on": None, "receives_pension": True}}
    assert "over_age_worker" in flags(of_age(date(1972, 1, 1), WOMAN, **retired))


def test_a_passport_holder_is_judged_by_the_stated_birth_date():
    assert "over_age_worker" in flags(a_foreign_teacher(applicant={"birth_date": "1955-05-22"}))
    assert "over_age_worker" not in flags(a_foreign_teacher({"/applicant/birth_date": ABSENT}))


@pytest.mark.parametrize(
    "field",
    [
        "literacy_assistance",
        "elder_assistance",
        "has_disability",
        "disability",
        "accessibility_needs",
    ],
)
def test_assistance_is_offered_to_whoever_asks(field):
    assert flags(an_application(applicant={field: True})) == {"assistance_needed"}
    assert flags(an_application(applicant={field: "无"})) == set()


def test_elders_are_offered_assistance_from_sixty():
    for born, elder in ((TODAY.replace(year=1966), True), (date(1966, 11, 23), False)):
        assert ("assistance_needed" in flags(of_age(born))) == elder


# --- parties and wishes


def test_an_agent_an_employer_and_two_respondents_are_told():
    assert flags(with_agent(an_application())) == {"agent"}
    assert flags(an_employers_application()) == {"agent", "employer_applicant"}


@pytest.mark.parametrize(
    "id_type",
    ["passport", "hmt_residence_permit", "hmt_travel_permit", "foreign_permanent_residence"],
)
def test_any_document_but_the_resident_id_is_non_mainland(id_type):
    assert "non_mainland_identity" in flags(an_application(applicant={"id_type": id_type}))


@pytest.mark.parametrize("answer, needed", [("英语", True), (True, True), ("", False), ("不需要", False), (None, False)])  # fmt: skip
def test_an_interpreter_is_needed_if_said(answer, needed):
    found = flags(an_application(applicant={"needs_interpreter": answer}))
    assert ("interpreter_needed" in found) == needed


def test_wishes_are_flags():
    wishes = {"wants_legal_aid": True, "wants_psychological_support": True}
    assert flags(an_application(applicant=wishes)) == {
        "legal_aid_requested",
        "psychological_support",
    }


def test_an_employer_never_gets_the_workers_legal_aid_or_wage_flags():
    application = an_employers_application(**claiming("wage_arrears"))
    application["respondents"][0]["is_migrant_worker"] = True
    assert flags(application) == {"agent", "employer_applicant"}


def test_an_employer_against_a_woman_in_lactation_is_her_case_too():
    application = an_employers_application()
    application["respondents"][0] |= {"gender": WOMAN, "maternity_period": "lactation"}
    assert flags(application) >= WOMEN


# --- the arbitration limit


@pytest.mark.parametrize("days_left, risk", [(31, False), (30, True), (0, True), (-400, True)])
def test_the_limit_is_a_risk_from_thirty_days_before_its_end(days_left, risk):
    ended = date(2026, 9, 20)
    today = date(2027, 9, 20) - timedelta(days=days_left)
    application = an_application(employment={"ended_on": ended.isoformat()})
    assert ("limitation_risk" in flags(application, today)) == risk


def test_old_arrears_are_no_risk_while_the_employment_lasts():
    application = an_application(
        employment={"ended_on": None}, dispute={"known_infringement_on": "2019-01-01"}
    )
    assert flags(application) == set()


def test_other_old_claims_are_a_risk_although_the_employment_lasts():
    application = an_application(
        employment={"ended_on": None},
        dispute={"known_infringement_on": "2019-01-01"},
        **claiming("double_wage"),
    )
    assert flags(application) == {"limitation_risk"}


answers = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.dates().map(str)
names = st.sampled_from(
    [
        "birth_date",
        "gender",
        "id_number",
        "maternity_period",
        "child_birth_date",
        "needs_interpreter",
    ]
)


@given(
    st.dictionaries(names, answers), st.dates(date(2020, 1, 1), date(2060, 1, 1)), answers, answers
)
def test_no_answer_to_an_optional_field_breaks_the_rules(fields, today, ended, known):
    application = an_application(
        applicant=fields, employment={"ended_on": ended}, dispute={"known_infringement_on": known}
    )
    assert flags(application, today) <= set(FLAGS)
    assert triage(application, today) == triage(application, today)


@given(st.permutations(range(12)))
def test_the_order_of_co_applicants_is_indifferent(order):
    application = a_collective_application(12)
    workers = application["co_applicants"]
    assert flags(application | {"co_applicants": [workers[i] for i in order]}) == flags(application)
