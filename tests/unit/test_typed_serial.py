"""The serial number in what people type, dictate and paste, and what they are told of a wrong one."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared import serial
from shared.serial_faults import MISTAKES, SerialFault, likely_mistakes
from shared.typed_serial import LONGEST, parse

KNOWN = "2634626885086477"  # the product's printed example
OTHER = serial.new_serial(2026, "000000000001")

digit_strings = st.text("0123456789", min_size=12, max_size=12)
serials = st.builds(serial.new_serial, st.integers(2000, 2099), digit_strings)

SPELLINGS = [
    "〇一二三四五六七八九",
    "零壹贰叁肆伍陆柒捌玖",
    "零幺两三四五六七八九",
    "洞幺两三四五六拐八勾",
    "０１２３４５６７８９",
    "٠١٢٣٤٥٦٧٨٩",
]
SEPARATORS = ["", " ", "\u3000", "\u00a0", "\u2009", "\u200b", "-", "‐", "—", "－", "\u2212", "\t", "\n", ".", "，"]  # fmt: skip
ENGLISH = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
AROUND = [
    "{}",
    "流水号：{}",
    "我的流水号是{}，帮我查一下第一次的进度",
    "serial: {}",
    "No{}",
    "【劳动调解】您的申请已提交，流水号{}，查询码K7RM-2PXA，请于11月25日前补充材料，电话12333。",
    "https://tiaojie.example:8000/v1/progress/{}/receipt",
    "http://10.0.0.1:8000/progress/{}?lang=zh&from=singlemessage",
    "“{}”。",
]


def fault_of(text: str) -> SerialFault:
    with pytest.raises(SerialFault) as caught:
        parse(text)
    return caught.value


@given(serials)
def test_what_is_displayed_is_read_back(number):
    assert parse(serial.display(number)) == number


@given(serials, st.sampled_from(SPELLINGS), st.lists(st.sampled_from(SEPARATORS), min_size=16, max_size=16))  # fmt: skip
def test_other_digits_and_separators_are_read_as_the_same_number(number, digits, separators):
    typed = "".join(
        separator + digits[int(digit)] for separator, digit in zip(separators, number, strict=True)
    )
    assert parse(typed) == number


@given(serials, st.sampled_from([" ", "-", ", ", "\n"]))
def test_english_digits_are_read_with_double_for_twins(number, separator):
    words = [ENGLISH[int(digit)] for digit in number]
    assert parse(separator.join(words)) == number
    spoken, left = [], list(number)
    while left:
        digit = left.pop(0)
        if left and left[0] == digit:
            left.pop(0)
            spoken.append("double")
        spoken.append("oh" if digit == "0" else ENGLISH[int(digit)])
    assert parse(separator.join(spoken)) == number


@given(serials, st.sampled_from(AROUND), st.booleans())
def test_words_around_do_not_matter(number, around, grouped):
    assert parse(around.format(serial.display(number) if grouped else number)) == number


@pytest.mark.parametrize("typed", ["2634 6268 85O8 6477", "2634 6268 85o8 6477", "2634 6268 85Ｏ8 6477"])  # fmt: skip
def test_the_letter_o_among_digits_is_a_zero(typed):
    assert parse(typed) == KNOWN


@given(serials, st.sampled_from("lI"))
def test_letters_that_look_like_one_are_read_as_one(number, letter):
    assume("1" in number[1:])
    place = number.index("1", 1)
    assert parse(f"{number[:place]}{letter}{number[place + 1 :]}") == number


SPELLINGS = (str, serial.display, lambda number: ".".join(re.findall("....", number)))


def test_the_same_number_twice_is_that_number_and_two_numbers_are_none():
    assert parse(f"{KNOWN}，{serial.display(KNOWN)}") == KNOWN
    for one, other in itertools.product(SPELLINGS, repeat=2):
        assert fault_of(f"{one(KNOWN)} 或者 {other(OTHER)}").kind == "several"
        assert parse(f"{one(KNOWN)} 就是 {other(KNOWN)}") == KNOWN


def test_a_sign_newer_than_the_tables_of_unicode_spoils_no_message():
    assert parse(f"请看\U0001fae8 {serial.display(KNOWN)}") == KNOWN


@pytest.mark.parametrize(
    "text, kind, count",
    [
        ("", "no_number", 0),
        ("   ", "no_number", 0),
        ("您好，我想查进度", "no_number", 0),
        ("K7RM2PXA", "no_number", 0),
        (KNOWN[:-1], "too_short", 1),
        (f"流水号{KNOWN[:-3]}", "too_short", 3),
        (f"https://tiaojie.example/progress/{KNOWN[:-1]}", "too_short", 1),
        ("13800000011", "too_short", 5),
        (KNOWN + "0", "too_long", 1),
        (serial.display(KNOWN) + "-12", "too_long", 2),
        ("1" * (LONGEST + 1), "too_much_text", 0),
        ("x" + KNOWN[1:], "characters", 0),
        (KNOWN[:7] + "x" + KNOWN[8:], "characters", 0),
        (KNOWN[:-1] + "²", "characters", 0),
        (KNOWN[:-1] + "十", "characters", 0),
        ("2634****8508****", "characters", 0),
        (KNOWN + "\0", "characters", 0),
        (KNOWN + "\ud800", "characters", 0),
        ("二千六百三十四万六千二百六十八", "spelled_out", 0),
        ("twenty six thirty four sixty two", "spelled_out", 0),
        (KNOWN[:-1] + "8", "check_digits", 0),
    ],
)
def test_a_fault_is_named_and_explained_in_both_languages(text, kind, count):
    fault = fault_of(text)
    assert (fault.kind, fault.count) == (kind, count)
    for said in (fault.message, fault.hint):
        assert said.zh
        assert said.en.isascii() or "“" in said.en
    if count:
        assert str(count) in fault.message.zh
        assert str(count) in fault.message.en


def mistyped(draw: Any, number: str) -> tuple[str, str]:
    """The number with one mistake of a kind, and the kind."""
    place = draw(st.integers(0, 14))
    digit = draw(st.sampled_from("0123456789"))
    kind = draw(st.sampled_from(list(MISTAKES)))
    if kind == "one_digit":
        assume(digit != number[place])
        return f"{number[:place]}{digit}{number[place + 1 :]}", kind
    if kind == "neighbours_swapped":
        assume(number[place] != number[place + 1])
        return f"{number[:place]}{number[place + 1]}{number[place]}{number[place + 2 :]}", kind
    number = serial.new_serial(2020, (number[2:place] + digit * 2 + number[place + 2 :])[:12])
    assume(number[place] == number[place + 1])
    other = draw(st.sampled_from("0123456789"))
    assume(other != number[place])
    return f"{number[:place]}{other * 2}{number[place + 2 :]}", kind


@given(st.data(), serials, st.sampled_from(AROUND))
def test_every_single_mistake_is_told_among_the_likely_ones_and_never_put_right(
    data, number, around
):
    wrong, kind = mistyped(data.draw, number)
    fault = fault_of(around.format(wrong))
    assert fault.kind == "check_digits"
    assert kind in fault.likely
    assert MISTAKES[kind].zh in fault.hint.zh
    assert MISTAKES[kind].en in fault.hint.en


@given(st.text("0123456789", min_size=16, max_size=16))
def test_what_is_told_of_wrong_digits_holds_no_digits_of_a_number(digits):
    assume(not serial.is_valid(digits))
    fault = fault_of(digits)
    told = f"{fault.message} {fault.hint} {fault.likely} {fault.args}"
    assert digits[:4] not in told
    assert not any(serial.is_valid(run) for run in told.split())
    assert fault.likely == likely_mistakes(digits)


def test_a_number_wrong_in_many_places_has_no_likely_mistake():
    unexplained = [
        digits
        for digits in (f"{n * 7_654_321_987_123 % 10**16:016d}" for n in range(1, 500))
        if not serial.is_valid(digits) and not likely_mistakes(digits)
    ]
    assert unexplained
    hint = fault_of(unexplained[0]).hint
    assert "不止一处" in hint.zh
    assert "more than one" in hint.en


@given(st.text(max_size=40))
def test_a_fault_never_repeats_what_was_typed(text):
    fault = fault_of(f"x{text}")
    assert fault.args == (fault.kind,)


@given(st.text("0123456789 一二三十千oOlIxdouble twosix,.-\n", max_size=LONGEST))
def test_whatever_is_read_is_right_and_made_of_the_digits_that_are_there(text):
    try:
        number = parse(text)
    except SerialFault:
        return
    assert serial.is_valid(number)
