"""What an application must be: one test for each thing an applicant may be told."""

from datetime import date

import pytest

from services.intake import wording
from services.intake.application import (
    Application,
    validate,
    validate_supplement,
    validate_withdrawal,
)
from services.intake.form_parties import Party
from services.intake.form_work import Dispute
from services.intake.rules import HEALTH_FIELDS, INJURY_FIELDS
from shared.contracts import faults
from shared.errors import Refused
from tests.builders.applications import (
    ABSENT,
    WOMAN,
    a_collective_application,
    a_foreign_teacher,
    a_mobile,
    a_riders_application,
    a_uscc,
    a_woman_in_lactation,
    an_agent,
    an_application,
    an_employers_application,
    an_id_number,
    with_agent,
    with_check_character,
)

TODAY = date(2026, 11, 21)


def errors_of(body):
    try:
        validate(body, TODAY)
    except Refused as refusal:
        return [(error.pointer, error.code) for error in refusal.errors]
    return []


@pytest.mark.parametrize(
    "body",
    [
        an_application(),
        an_employers_application(),
        a_collective_application(10),
        a_collective_application(60),
        a_woman_in_lactation(),
        a_foreign_teacher(),
        a_riders_application(),
        with_agent(an_application()),
        with_agent(an_application(), relation="lawyer", law_firm="虚构律师事务所"),
    ],
)
def test_every_kind_of_applicant_can_apply(body):
    assert errors_of(body) == []


@pytest.mark.parametrize(
    "changes",
    [
        # a pregnant woman
        {
            "applicant": {"gender": WOMAN, "maternity_period": "pregnancy"}
            | {"expected_due_date": "2027-03-01"},
            "consents": {"sensitive_health_information": True},
        },
        # a resident of Hong Kong, with either document
        {
            "applicant": {"id_type": "hmt_residence_permit", "phone": "+852 5000 0001"}
            | {"id_number": an_id_number(area="810000")}
        },
        {"applicant": {"id_type": "hmt_travel_permit", "id_number": "h12345678"}},
        # a foreigner who lives here for good
        {
            "applicant": {"id_type": "foreign_permanent_residence", "nationality_alpha3": "KEN"}
            | {"id_number": an_id_number(area="911404")}
        },
        # labour dispatch: two respondents with their roles
        {
            "respondents": [
                {"party_type": "employer", "name": "虚构劳务派遣公司", "role": "dispatch_agency"},
                {"party_type": "employer", "name": "虚构制造公司", "role": "user_unit"},
            ],
            "employment": {"is_dispatched": True},
        },
        # a personnel dispute with a public institution
        {
            "respondents": [
                {"party_type": "employer", "name": "虚构市第九中学", "unit_type": "public_institution"}
            ],
            "dispute": {"category": "personnel", "cause": "聘用合同"},
        },
        # a man who hired on his own account, of whom only the name is known
        {"respondents": [{"party_type": "natural_person", "name": "包工头老周"}]},
        # help needed, in words or as yes and no
        {"applicant": {"elder_assistance": True, "sign_language_interpreter": "中国手语"}},
        {"applicant": {"disability": "听力二级"}, "consents": {"sensitive_health_information": True}},
        {"dispute": {"urgent": True, "urgent_reason": "工人无钱返乡"}},
        # long ago: warned, never refused
        {"dispute": {"known_infringement_on": "2019-01-01"}},
        # a notice that takes effect next month
        {"employment": {"ended_on": "2026-12-31"}},
        # what is not known is left out or empty
        {"attachments": [], "tips_accepted_at": None, "evidence_note": " "},
        {"attachments": ABSENT, "agent": ABSENT, "respondents": [{"party_type": "employer"} | {"name": "虚构公司"}]},
    ],
)  # fmt: skip
def test_the_situations_of_the_field_can_be_told(changes):
    assert errors_of(an_application(**changes)) == []


@pytest.mark.parametrize(
    "pointer,value,code",
    [
        ("/applicant/id_number", "370102198506150031", "id_checksum"),
        ("/applicant/id_number", "37010219850615", "id_length"),
        ("/applicant/id_number", "３７０１０２１９８５０６１５ABC", "id_length"),
        ("/applicant/id_number", "37010219850615003?", "id_format"),
        ("/applicant/id_number", with_check_character("37010219850230001"), "id_birth_date"),
        ("/applicant/id_number", ABSENT, "required"),
        ("/applicant/id_type", None, "required"),
        ("/applicant/id_type", "driving_licence", "unknown_value"),
        ("/applicant/phone", "", "required"),
        ("/applicant/phone", "1380000", "phone_format"),
        ("/applicant/name", "\u3000", "required"),
        ("/applicant/name", "王\x07", "invalid_character"),
        ("/applicant/email", "nobody", "bad_format"),
        ("/applicant/party_type", "employer ", "role_mismatch"),
        ("/applicant/birth_date", "2027-01-01", "in_future"),
        ("/applicant/favourite_colour", "red", "unknown_field"),
        ("/applicant", ABSENT, "required"),
        ("/applicant_role", "union", "unknown_value"),
        ("/channel", "Web App", "unknown_value"),
        ("/tips_accepted_at", "yesterday", "not_a_time"),
        ("/agent", an_agent(authority_scope=[]), "required"),
        ("/agent", an_agent(authority_scope=None), "required"),
        ("/agent", an_agent({"/authority": "full"}), "unknown_value"),
        ("/agent", an_agent({"/phone": ABSENT}), "required"),
        ("/respondents", [], "required"),
        ("/respondents/0/name", ABSENT, "required"),
        ("/respondents/0/uscc", "91370102MAEXAMP14H", "uscc_checksum"),
        ("/respondents/0/uscc", "91370102", "uscc_length"),
        ("/respondents/0/uscc", "91370102MAEXAMPO4G", "uscc_format"),
        ("/respondents/0/phone", "6", "phone_format"),
        ("/submit_division", ABSENT, "required"),
        ("/submit_division/county_code", ABSENT, "required"),
        ("/submit_division/county_code", "370199", "unknown_division"),
        ("/submit_division/county_code", "37010", "unknown_division"),
        ("/submit_division/county_code", "370000", "unknown_division"),
        ("/submit_division/county_code", "370100", "unknown_division"),
        ("/submit_division/township_code", "370102999", "unknown_division"),
        ("/submit_division/township_code", "320583100", "unknown_division"),
        ("/employment", ABSENT, "required"),
        ("/employment/started_on", "2026-11-22", "in_future"),
        ("/employment/ended_on", "2021-03-04", "before_start"),
        ("/employment/ended_on", "2026-09-31", "not_a_date"),
        ("/employment/monthly_wage_cny", -1, "out_of_range"),
        ("/employment/contract_signed", "yes", "wrong_type"),
        ("/dispute/category", "divorce", "unknown_value"),
        ("/dispute/category", ABSENT, "required"),
        ("/dispute/facts_and_reasons", "字" * 10_001, "too_long"),
        ("/dispute/known_infringement_on", "2026-12-01", "in_future"),
        ("/dispute/injury_date", "2026-12-01", "in_future"),
        ("/claims", [], "required"),
        ("/claims", ABSENT, "required"),
        ("/claims/0/text", None, "required"),
        ("/claims/0/claim_type", ABSENT, "required"),
        ("/claims/0/amount_cny", -0.01, "out_of_range"),
        ("/claims/0/amount_cny", True, "wrong_type"),
        ("/claims/0/amount_cny", 10**13, "out_of_range"),
        ("/claims/0/amount_cny", 0.001, "too_precise"),
        ("/attachments/0/size_bytes", 50 * 1024 * 1024 + 1, "attachment_too_large"),
        ("/attachments/0/size_bytes", 0, "out_of_range"),
        ("/attachments/0/file_name", "../../etc/passwd", "bad_file_name"),
        ("/attachments/0/file_name", "C:\\工资条.jpg", "bad_file_name"),
        ("/attachments/0/file_name", "..", "bad_file_name"),
        ("/attachments/0/content_type", "image", "bad_format"),
        ("/consents", ABSENT, "required"),
        ("/consents/truthfulness", False, "consent_required"),
        ("/consents/truthfulness", ABSENT, "required"),
        ("/consents/personal_information", False, "consent_required"),
    ],
)  # fmt: skip
def test_a_faulty_place_is_named_with_its_code(pointer, value, code):
    errors = errors_of(an_application({pointer: value}))
    assert any(place.startswith(pointer) and found == code for place, found in errors), errors
    assert len(errors) == 1


def test_twenty_files_may_be_declared_and_no_more():
    file = an_application()["attachments"][0]
    assert errors_of(an_application(attachments=[file] * 20)) == []
    assert errors_of(an_application(attachments=[file] * 21)) == [("/attachments", "too_many")]


def test_a_file_of_exactly_50_mib_is_accepted():
    assert errors_of(an_application({"/attachments/0/size_bytes": 50 * 1024 * 1024})) == []


def test_all_errors_come_in_one_answer():
    body = an_application(
        {
            "/applicant/id_number": "370102198506150031",
            "/respondents/0/uscc": "91370102MAEXAMP14H",
            "/submit_division/county_code": "999999",
            "/claims": [],
            "/attachments/0/size_bytes": 60_000_000,
            "/consents/truthfulness": False,
            "/mood": "bad",
        }
    )
    assert errors_of(body) == [
        ("/applicant/id_number", "id_checksum"),
        ("/attachments/0/size_bytes", "attachment_too_large"),
        ("/claims", "required"),
        ("/consents/truthfulness", "consent_required"),
        ("/mood", "unknown_field"),
        ("/respondents/0/uscc", "uscc_checksum"),
        ("/submit_division/county_code", "unknown_division"),
    ]


def test_no_message_repeats_what_was_written():
    secrets = {"/applicant/id_number": "370102198506150031", "/applicant/phone": "555-1234"}
    with pytest.raises(Refused) as refusal:
        validate(an_application(secrets), TODAY)
    assert refusal.value.slug == "validation_failed"
    told = repr(refusal.value.errors) + str(refusal.value)
    assert not any(secret in told for secret in secrets.values())


def test_numbers_codes_phones_and_dates_typed_full_width_are_understood():
    number = an_id_number(seed=1)
    assert number.endswith("X")
    wide = str.maketrans("0123456789X", "０１２３４５６７８９ｘ")
    body = an_application(
        {
            "/applicant/id_number": f" {number.translate(wide)}\u3000",
            "/applicant/phone": "１３８－００００－００１１",
            "/respondents/0/uscc": a_uscc().lower(),
            "/employment/started_on": "２０２１/３/５",
            "/submit_division/county_code": "３７０１０２",
            "/claims/0/amount_cny": "２０，０２０.５",
        }
    )
    kept = validate(body, TODAY)
    assert kept["applicant"]["id_number"] == number
    assert kept["applicant"]["phone"] == "+8613800000011"
    assert kept["respondents"][0]["uscc"] == a_uscc()
    assert kept["employment"]["started_on"] == "2021-03-05"
    assert kept["submit_division"]["county_code"] == "370102"
    assert kept["claims"][0]["amount_cny"] == 20020.5


@pytest.mark.parametrize(
    "body", [an_application(), a_collective_application(), with_agent(a_foreign_teacher())]
)
def test_what_was_normalised_is_valid_again_and_stays_the_same(body):
    once = validate(body, TODAY)
    assert validate(once, TODAY) == once


def test_the_body_that_was_sent_is_left_alone():
    body = an_application()
    validate(body, TODAY)
    assert body == an_application()


def test_an_employer_gives_its_credit_code_and_phone_and_a_respondent_need_not():
    body = an_employers_application({"/applicant/uscc": ABSENT, "/applicant/phone": ABSENT})
    assert errors_of(body) == [("/applicant/phone", "required"), ("/applicant/uscc", "required")]
    body = an_application({"/respondents/0/uscc": ABSENT, "/respondents/0/phone": None})
    assert errors_of(body) == []


def test_a_worker_cannot_use_the_employers_section():
    body = an_application(applicant_role="employer")
    assert errors_of(body) == [("/applicant/party_type", "role_mismatch")]


def test_nobody_applies_against_oneself():
    body = an_employers_application()
    body["respondents"][0] = {"party_type": "employer", "name": "自己", "uscc": a_uscc()}
    assert errors_of(body) == [("/respondents/0/uscc", "same_as_applicant")]


@pytest.mark.parametrize("people,named,told", [(10, 2, True), (10, 3, False), (12, 5, False), (12, 6, True), (9, 0, False)])  # fmt: skip
def test_ten_or_more_applicants_name_three_to_five_representatives(people, named, told):
    body = a_collective_application(people)
    for index, person in enumerate(body["co_applicants"]):
        person["is_representative"] = index < named
    expected = [("/co_applicants", "representatives_required")] if told else []
    assert errors_of(body) == expected


def test_an_applicant_outside_the_list_counts_too():
    body = a_collective_application(9, seed=3)
    body["applicant"]["id_number"] = an_id_number(date(1970, 1, 1), seed=9)
    for person in body["co_applicants"]:
        person["is_representative"] = False
    assert errors_of(body) == [("/co_applicants", "representatives_required")]


def test_one_person_is_listed_once_and_a_representative_can_be_reached():
    body = a_collective_application(12, {"/co_applicants/1/phone": None})
    body["co_applicants"][7]["id_number"] = body["co_applicants"][4]["id_number"]
    assert errors_of(body) == [
        ("/co_applicants/1/phone", "required"),
        ("/co_applicants/7/id_number", "duplicate_person"),
    ]


def test_a_faulty_person_of_a_list_is_told_at_its_own_place():
    body = a_collective_application(12)
    body["co_applicants"][3] = 5
    body["co_applicants"][9]["id_number"] = "320583197504080001"
    assert errors_of(body) == [
        ("/co_applicants/3", "wrong_type"),
        ("/co_applicants/9/id_number", "id_checksum"),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"/applicant/maternity_period": "pregnancy"},
        {"/applicant/expected_due_date": "2027-03-01"},
        {"/applicant/disability_level": "二级"},
        {"/dispute/injury_date": "2026-10-01"},
        {"/attachments/0/kind": "medical"},
    ],
)
def test_health_information_needs_a_consent_of_its_own(changes):
    place = "/consents/sensitive_health_information"
    assert errors_of(an_application(changes)) == [(place, "required")]
    assert errors_of(an_application(changes | {place: False})) == [(place, "consent_required")]
    assert errors_of(an_application(changes | {place: True})) == []


def test_health_consent_may_be_left_open_where_nothing_is_told_of_health():
    assert errors_of(an_application({"/consents/sensitive_health_information": False})) == []
    assert errors_of(an_application({"/applicant/maternity_period": None})) == []


def test_electronic_service_may_be_declined():
    assert errors_of(an_application({"/consents/electronic_service": False})) == []


@pytest.mark.parametrize(
    "county,township",
    [
        ("370102", None),  # 历下区
        ("659001", None),  # 石河子市, directly under its region
        ("441900", "441900003"),  # 东莞市 has towns and streets but no counties
        ("441900", None),
    ],
)
def test_a_county_alone_is_enough_wherever_it_lies(county, township):
    place = {"county_code": county, "township_code": township}
    assert errors_of(an_application({"/submit_division": place})) == []


def test_a_claim_does_not_end_before_it_begins():
    body = an_application(
        {"/claims/0/period_from": "2026-07-01", "/claims/0/period_to": "2026-06-30"}
    )
    assert errors_of(body) == [("/claims/0/period_to", "before_start")]


def test_a_supplement_says_or_declares_something():
    file = an_application()["attachments"][0]
    assert validate_supplement({"statement": " 补充 "}, TODAY, 3) == {"statement": "补充"}
    assert validate_supplement({"attachments": [file]}, TODAY, 3) == {"attachments": [file]}
    for body, room, expected in (
        ({}, 3, ("/statement", "required")),
        ({"attachments": [file] * 2}, 1, ("/attachments", "too_many")),
        ({"attachments": [file | {"size_bytes": 10**8}]}, 1,
         ("/attachments/0/size_bytes", "attachment_too_large")),
    ):  # fmt: skip
        with pytest.raises(Refused) as refusal:
            validate_supplement(body, TODAY, room)
        assert [(e.pointer, e.code) for e in refusal.value.errors] == [expected]


def test_a_withdrawal_may_give_a_reason():
    assert validate_withdrawal({}, TODAY) == {}
    assert validate_withdrawal({"reason": "已和解"}, TODAY) == {"reason": "已和解"}


def test_what_counts_as_health_information_are_fields_of_the_form():
    assert Party().fields.keys() >= HEALTH_FIELDS
    assert Dispute().fields.keys() >= INJURY_FIELDS


def test_every_field_of_the_form_has_a_chinese_title():
    def titles(schema):
        for field in schema.fields.values():
            yield field.metadata["title"]
            inner = getattr(field, "inner", field)
            if hasattr(inner, "schema"):
                yield from titles(inner.schema)

    assert all(any("\u4e00" <= c <= "\u9fff" for c in title) or title == "SHA-256"
               for title in titles(Application()))  # fmt: skip


def test_every_code_of_the_form_is_worded_in_both_languages():
    assert not wording.WORDING.keys() & faults.WORDING.keys()
    assert all(text.zh and text.en.isascii() for text in wording.WORDING.values())


def test_several_phones_of_one_person_all_become_sendable():
    kept = validate(an_application({"/applicant/backup_phone": a_mobile(77)}), TODAY)
    assert kept["applicant"]["backup_phone"] == "+8613800000077"
