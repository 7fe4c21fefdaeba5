import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import (
    contacts,
    holder_values,
    identity_values,
    open_part,
    parties_key_parts,
)
from tests.builders.applications import (
    ABSENT,
    a_collective_application,
    a_foreign_teacher,
    an_application,
    an_employers_application,
    with_agent,
)


def reached(application):
    return {(c["party"], c["index"]): c for c in contacts(application)}


def test_the_same_dispute_told_again_has_the_same_key():
    first = an_application()
    again = an_application(
        applicant={"id_number": first["applicant"]["id_number"].lower(), "phone": "13900000000"},
        dispute={"cause": " 拖欠 劳动报酬", "facts_and_reasons": "换一种说法"},
        claims=[{"claim_type": "overtime_pay", "text": "加班费", "amount_cny": 1}],
    )
    assert parties_key_parts(again) == parties_key_parts(first)


def test_another_party_category_or_cause_has_another_key():
    first = parties_key_parts(an_application())
    assert parties_key_parts(an_application(seed=2)) != first
    assert parties_key_parts(an_application(dispute={"cause": "加班费"})) != first
    assert parties_key_parts(an_application(dispute={"category": "contract"})) != first


def test_the_order_of_respondents_is_indifferent_to_the_key():
    application = an_application()
    other = an_application(seed=2)["respondents"][0]
    one = application | {"respondents": [*application["respondents"], other]}
    two = application | {"respondents": [other, *application["respondents"]]}
    assert parties_key_parts(one) == parties_key_parts(two)


def test_an_employer_without_credit_code_is_known_by_its_name():
    spelt = an_application(
        {"/respondents/0/uscc": ABSENT, "/respondents/0/name": "甲乙（济南） 商行"}
    )
    again = an_application({"/respondents/0/uscc": None, "/respondents/0/name": "甲乙(济南)商行"})
    assert parties_key_parts(spelt) == parties_key_parts(again)


def test_all_parties_and_the_agent_count_for_conflicts_of_interest():
    application = with_agent(an_application())
    assert set(identity_values(application)) == {
        application["applicant"]["id_number"],
        application["agent"]["id_number"],
        application["respondents"][0]["uscc"],
    }


def test_applicants_and_the_agent_hold_the_case_respondents_do_not():
    collective = a_collective_application(12)
    assert len(holder_values(collective)) == 12
    employer = an_employers_application()
    assert holder_values(employer) == (employer["agent"]["id_number"],)


def test_an_applicant_and_the_respondent_can_be_reached():
    people = reached(an_application())
    assert set(people) == {("applicant", 0), ("respondent", 0)}
    applicant = people["applicant", 0]
    assert applicant["notify"]
    assert applicant["language"] == "zh"
    assert set(applicant) == {
        "party", "index", "name", "phone", "email", "language", "notify", "prefers",
        "large_print", "push",
    }  # fmt: skip


def test_representatives_are_reached_once_each_other_workers_are_not():
    people = reached(a_collective_application(12))
    assert [key for key in people if key[0] == "applicant"] == [
        ("applicant", 0),
        ("applicant", 1),
        ("applicant", 2),
    ]


def test_an_agent_is_notified_if_asked_or_for_an_employer_or_for_want_of_a_phone():
    silent = with_agent(an_application(), notify_agent_too=False)
    assert not reached(silent)["agent", 0]["notify"]
    assert reached(with_agent(an_application(), notify_agent_too=True))["agent", 0]["notify"]
    assert reached(an_employers_application(agent={"notify_agent_too": False}))["agent", 0][
        "notify"
    ]
    silent["applicant"]["phone"] = None
    assert reached(silent)["agent", 0]["notify"]


def test_a_foreigner_who_needs_an_interpreter_is_written_to_in_english():
    assert reached(a_foreign_teacher())["applicant", 0]["language"] == "en"
    assert reached(a_foreign_teacher())["respondent", 0]["language"] == "zh"
    assert reached(a_foreign_teacher(language="zh-CN"))["applicant", 0]["language"] == "zh"
    speaker_of_chinese = a_foreign_teacher({"/applicant/needs_interpreter": False})
    assert reached(speaker_of_chinese)["applicant", 0]["language"] == "zh"


def test_an_applicant_may_want_no_messages():
    assert not reached(an_application(applicant={"notify": False}))["applicant", 0]["notify"]


def test_the_open_part_tells_kind_and_amounts():
    assert open_part(an_application(), ["priority"]) == {
        "applicant_role": "worker",
        "channel": "web",
        "category": "pay_injury_compensation",
        "cause": "拖欠劳动报酬",
        "flags": ["priority"],
        "claims": [{"claim_type": "wage_arrears", "amount_cny": 20020.5}],
        "language": "zh",
        "interpreter_language": None,
    }
    assert open_part(a_foreign_teacher(), [])["interpreter_language"] == "英语"


def test_a_cause_that_tells_a_story_a_number_or_a_name_is_left_out():
    application = an_application()
    for cause in (
        "老板从去年七月开始一直拖着我和工友们的工资不发",
        "电话13800000001",
        f"{application['applicant']['name']}被辞退",
        "钱立群不发工资",
        "",
    ):
        application["dispute"]["cause"] = cause
        assert open_part(application, [])["cause"] is None


def test_free_words_in_place_of_keywords_are_left_out():
    application = an_application(
        {"/claims/0/claim_type": "张三欠我钱"},
        channel="来自 王五 的推荐",
        applicant={"needs_interpreter": "我叫李四，电话13800000001"},
    )
    part = open_part(application, [])
    assert part["claims"][0]["claim_type"] == "other"
    assert part["channel"] == "other"
    assert part["interpreter_language"] is None


@given(st.integers(1, 400), st.booleans())
def test_no_personal_value_is_in_the_open_part(seed, collective):
    application = (
        a_collective_application(12, seed=seed) if collective else an_application(seed=seed)
    )
    text = json.dumps(open_part(with_agent(application), []), ensure_ascii=False)
    for person in (application["applicant"], *application["respondents"]):
        for field in ("name", "id_number", "uscc", "phone", "email", "address"):
            value = person.get(field)
            assert value is None or value not in text


@pytest.mark.parametrize(
    "answer, language",
    [
        ("英语", "英语"),
        ("韩语翻译", "韩语"),
        ("French", "French"),
        ("维吾尔语、英语", "维吾尔语"),
        (True, None),
        ("不需要", None),
        ("我听不太懂普通话，请找我表哥", None),
    ],
)
def test_only_the_name_of_a_language_is_open(answer, language):
    application = an_application(applicant={"needs_interpreter": answer})
    assert open_part(application, [])["interpreter_language"] == language
