"""Dates and sums as documents write them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.document_figures import capitals, day, money, ordinal, period


@pytest.mark.parametrize(
    "amount, written",
    [
        (0, "零元整"),
        (0.05, "伍分"),
        (0.5, "伍角整"),
        (1, "壹元整"),
        (10, "壹拾元整"),
        (325.04, "叁佰贰拾伍元零肆分"),
        (1680.32, "壹仟陆佰捌拾元叁角贰分"),
        (6007.14, "陆仟零柒元壹角肆分"),
        (16409.02, "壹万陆仟肆佰零玖元零贰分"),
        (20020.5, "贰万零贰拾元伍角整"),
        (1010010, "壹佰零壹万零壹拾元整"),
        (100000001, "壹亿零壹元整"),
        (100100000, "壹亿零壹拾万元整"),
        (12345678.91, "壹仟贰佰叁拾肆万伍仟陆佰柒拾捌元玖角壹分"),
    ],
)
def test_sums_are_written_in_capitals_as_banks_do(amount, written):
    assert capitals(amount) == written


@given(st.integers(0, 10**14), st.integers(0, 10**14))
def test_different_sums_are_never_written_alike(one, other):
    assert (capitals(one / 100) == capitals(other / 100)) == (one == other)


@given(st.integers(0, 10**14))
def test_capitals_never_double_or_trail_a_zero(cents):
    written = capitals(cents / 100)
    assert "零零" not in written
    assert "零元" not in written.removeprefix("零元")
    assert not written.endswith("零")


def test_a_sum_stands_in_figures_and_in_capitals():
    assert money(20020.5).zh == "20,020.50元（人民币大写：贰万零贰拾元伍角整）"
    assert money(20000).zh.startswith("20,000元（")
    assert money(20020.5).en == "CNY 20,020.50"


def test_days_and_hours_are_those_of_the_mainland():
    assert day(date(2026, 11, 2)) == ("2026年11月2日", "2 November 2026")
    same = period("2026-11-26T17:30:00Z", "2026-11-26T19:00:00Z")
    assert same.zh == "2026年11月27日01:30至03:00"
    assert "28日" in period("2026-11-27T15:00:00Z", "2026-11-27T17:00:00Z").zh


@pytest.mark.parametrize(
    "number, word", [(1, "一"), (10, "十"), (12, "十二"), (20, "二十"), (99, "九十九")]
)
def test_clauses_are_counted_in_words(number, word):
    assert ordinal(number) == word
