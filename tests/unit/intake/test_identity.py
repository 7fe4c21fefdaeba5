"""Identity numbers, credit codes and phones."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

from services.intake.identity import birth_date, check_character, identity_fault, uscc_fault
from services.intake.phone import canonical
from tests.builders.applications import MAN, WOMAN, a_uscc, an_id_number, with_check_character

TODAY = date(2026, 11, 21)
births = st.dates(date(1900, 1, 1), TODAY)


def the_fault(id_type, number):
    return identity_fault(id_type, number, TODAY)


@given(st.text("0123456789", min_size=17, max_size=17))
def test_the_check_character_is_that_of_iso_7064_mod_11_2(digits):
    assert check_character(digits) == mod_11_2.calc_check_digit(digits)


@given(births, st.sampled_from([MAN, WOMAN]), st.integers(0, 499))
def test_a_number_with_a_real_birth_date_and_right_check_character_can_be_real(born, sex, seed):
    number = an_id_number(born, sex, seed)
    assert the_fault("resident_id", number) is None
    assert birth_date("resident_id", number) == born


@given(births, st.integers(0, 17), st.sampled_from("0123456789"))
def test_a_single_mistyped_digit_is_always_noticed(born, position, digit):
    number = an_id_number(born)
    mistyped = number[:position] + digit + number[position + 1 :]
    assert (mistyped == number) == (the_fault("resident_id", mistyped) is None)


@given(births, st.integers(0, 16))
def test_two_digits_exchanged_are_always_noticed(born, position):
    number = an_id_number(born)
    swapped = number[:position] + number[position + 1] + number[position] + number[position + 2 :]
    assert (swapped == number) == (the_fault("resident_id", swapped) is None)


def test_an_abolished_address_code_stays_valid_for_life():
    for area in ("370181", "110103", "999999"):
        assert the_fault("resident_id", an_id_number(area=area)) is None


@pytest.mark.parametrize(
    "number,code",
    [
        ("", "id_length"),
        ("370102850615003", "id_length"),  # 15 digits, abolished in 2013
        ("37010219850615003X0", "id_length"),
        ("3701021985061500AX", "id_format"),
        ("X70102198506150030", "id_format"),
        ("370102198506150031", "id_checksum"),
        (with_check_character("37010220260230001"), "id_birth_date"),
        (with_check_character("37010219851315001"), "id_birth_date"),
        (with_check_character("37010200000000001"), "id_birth_date"),
        (with_check_character("37010218991231001"), "id_birth_date"),
        (with_check_character("37010220261122001"), "id_birth_date"),
    ],
)
def test_a_resident_number_that_cannot_be_real_is_told_why(number, code):
    assert the_fault("resident_id", number) == code


@pytest.mark.parametrize(
    "id_type,number",
    [
        ("hmt_residence_permit", an_id_number(area="810000")),
        ("hmt_residence_permit", an_id_number(area="820000")),
        ("hmt_residence_permit", an_id_number(area="830000")),
        ("hmt_travel_permit", "H12345678"),
        ("hmt_travel_permit", "M1234567801"),
        ("hmt_travel_permit", "12345678"),
        ("foreign_permanent_residence", an_id_number(area="911404")),
        ("foreign_permanent_residence", "KEN110012345678"),
        ("passport", "AK0000017"),
        ("passport", "123456789"),
    ],
)
def test_every_kind_of_document_has_numbers_that_can_be_real(id_type, number):
    assert the_fault(id_type, number) is None


@pytest.mark.parametrize(
    "id_type,number,code",
    [
        ("hmt_residence_permit", an_id_number(area="370102"), "id_format"),
        ("hmt_residence_permit", an_id_number(area="810000")[:-1], "id_length"),
        ("hmt_residence_permit", with_check_character("81000019851315001"), "id_birth_date"),
        ("hmt_travel_permit", "X12345678", "id_format"),
        ("hmt_travel_permit", "H1234567", "id_format"),
        ("foreign_permanent_residence", an_id_number(area="110101"), "id_format"),
        ("foreign_permanent_residence", "KE1110012345678", "id_length"),
        ("passport", "AK1", "id_format"),
        ("passport", "ABCDEFGH", "id_format"),
    ],
)
def test_a_number_of_another_shape_is_refused(id_type, number, code):
    assert the_fault(id_type, number) == code


def test_a_permit_with_a_mistyped_check_character_is_noticed():
    for area in ("810000", "911404"):
        number = an_id_number(area=area)
        wrong = number[:-1] + ("1" if number[-1] != "1" else "2")
        kind = "foreign_permanent_residence" if area[0] == "9" else "hmt_residence_permit"
        assert the_fault(kind, wrong) == "id_checksum"


def test_somebody_born_today_may_be_named_and_tomorrow_not():
    assert the_fault("resident_id", an_id_number(TODAY)) is None
    assert the_fault("resident_id", an_id_number(TODAY + timedelta(1))) == "id_birth_date"


def test_documents_without_a_birth_date_state_none():
    assert birth_date("passport", an_id_number()) is None
    assert birth_date("foreign_permanent_residence", "KEN110012345678") is None
    assert birth_date("resident_id", None) is None


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXYIOSVZ", min_size=10, max_size=10), st.booleans())
def test_credit_codes_are_judged_as_python_stdnum_judges_them(tail, repaired):
    code = "91370102" + tail
    if repaired and not set(tail) & set("IOSVZ"):
        code = code[:-1] + uscc.calc_check_digit(code[:-1])
    assert (uscc_fault(code) is None) == uscc.is_valid(code)


@pytest.mark.parametrize(
    "code,expected",
    [
        (a_uscc(), None),
        ("52140105MAEXAMPC4E", None),
        (a_uscc()[:-1], "uscc_length"),
        ("91370102MAEXAMP14H", "uscc_checksum"),
        ("91370102MAEXAMPI4G", "uscc_format"),
        ("A1370102MAEXAMP14G", "uscc_format"),
    ],
)
def test_a_credit_code_that_cannot_be_real_is_told_why(code, expected):
    assert uscc_fault(code) == expected


@pytest.mark.parametrize(
    "written,kept",
    [
        ("13800000011", "+8613800000011"),
        (" 138 0000 0011 ", "+8613800000011"),
        ("138-0000-0011", "+8613800000011"),
        ("１３８００００００１１", "+8613800000011"),
        ("+86 138 0000 0011", "+8613800000011"),
        ("008613800000011", "+8613800000011"),
        ("8613800000011", "+8613800000011"),
        ("053100000001", "+8653100000001"),
        ("0531-00000001", "+8653100000001"),
        ("（0531）00000001", "+8653100000001"),
        ("010-00000001", "+861000000001"),
        ("+86 (0531) 0000 0001", "+8653100000001"),
        ("0531-00000001-801", "+8653100000001;ext=801"),
        ("0531-00000001转801", "+8653100000001;ext=801"),
        ("0531-00000001 分机 801", "+8653100000001;ext=801"),
        ("400-000-0001", "+864000000001"),
        ("+852 5000 0001", "+85250000001"),
        ("85250000001", "+85250000001"),
        ("00853 6000 0001", "+85360000001"),
        ("886-912-345-678", "+886912345678"),
        ("+254 700 000001", "+254700000001"),
        ("+1 (415) 555-0100", "+14155550100"),
    ],
)
def test_a_phone_as_people_write_it_becomes_one_form(written, kept):
    assert canonical(written) == kept
    assert canonical(kept) == kept


@pytest.mark.parametrize(
    "written",
    ["", "110", "12345678", "1380000001", "138000000111", "23800000011", "+", "+999", "+8612",
     "电话", "13800000011转8", "0531-00000001-801-802", "1" * 41, "+1 415", "138x0000x0011"],
)  # fmt: skip
def test_what_is_no_phone_is_refused(written):
    assert canonical(written) is None


@given(st.text("0123456789+-() 转extX;=１０", max_size=24))
def test_the_canonical_form_stays_as_it_is(text):
    number = canonical(text)
    assert number is None or canonical(number) == number
