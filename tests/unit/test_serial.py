from datetime import UTC, datetime
from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_97_10

from shared import serial

KNOWN = "2634626885086477"  # the product's printed example

digit_strings = st.text("0123456789", min_size=12, max_size=12)
serials = st.builds(serial.new_serial, st.integers(2000, 2099), digit_strings)


def replaced(text: str, position: int, character: str) -> str:
    return text[:position] + character + text[position + 1 :]


def test_the_printed_example_is_year_random_part_and_check_digits():
    assert serial.new_serial(2026, "346268850864") == KNOWN
    assert serial.display(KNOWN) == "2634 6268 8508 6477"


@given(st.text("0123456789", min_size=1, max_size=30))
def test_check_digits_are_those_of_the_standard(body):
    assert serial.check_digits(body) == mod_97_10.calc_check_digits(body)


@given(serials)
def test_every_new_serial_is_valid_here_and_by_the_standard(number):
    assert serial.is_valid(number)
    assert mod_97_10.is_valid(number)


@given(serials, st.integers(0, 15), st.sampled_from("0123456789"))
def test_every_substitution_of_one_digit_is_detected(number, position, digit):
    assume(number[position] != digit)
    assert not serial.is_valid(replaced(number, position, digit))


@given(serials)
def test_every_transposition_of_two_different_digits_is_detected_at_any_distance(number):
    for left, right in combinations(range(16), 2):
        if number[left] != number[right]:
            swapped = replaced(replaced(number, left, number[right]), right, number[left])
            assert not serial.is_valid(swapped)


@given(serials, st.integers(0, 14), st.sampled_from([1, 2]), st.sampled_from("0123456789"))
def test_every_twin_error_is_detected(number, first, distance, digit):
    assume(first + distance < 16 and digit != number[first])
    twins = replaced(number, first + distance, number[first])
    number = serial.new_serial(2000 + int(twins[:2]), twins[2:14])
    assume(number[first] == number[first + distance])
    assert not serial.is_valid(replaced(replaced(number, first, digit), first + distance, digit))


@pytest.mark.parametrize("ending", ["00", "01", "99"])
def test_check_digits_that_are_never_issued_are_refused(ending):
    bodies = (f"26{n:012d}" for n in range(97))
    alike = [body for body in bodies if mod_97_10.is_valid(body + ending)]
    assert alike
    assert not any(serial.is_valid(body + ending) for body in alike)


@pytest.mark.parametrize(
    "year, digits", [(1999, "0" * 12), (2100, "0" * 12), (2026, "0" * 11), (2026, "０" * 12)]
)
def test_unusable_parts_make_no_serial(year, digits):
    with pytest.raises(ValueError, match=r"year|digits"):
        serial.new_serial(year, digits)


def test_a_draw_uses_all_twelve_digits_of_the_given_chance():
    assert serial.draw(2026, lambda limit: limit - 1)[2:14] == "9" * 12
    assert serial.draw(2026, lambda _: 0)[2:14] == "0" * 12


def test_draws_differ():
    year = datetime.now(UTC).year
    assert len({serial.draw(year) for _ in range(1000)}) == 1000
