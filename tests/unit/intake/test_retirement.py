from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.retirement import RAISES, delay_months, reaches_retirement_age

births = st.dates(date(1940, 1, 1), date(2010, 12, 31))
groups = st.sampled_from(sorted(RAISES))


@pytest.mark.parametrize(
    "group, birth, months",
    [
        # rows of the tables annexed to the State Council's measures
        ("men", date(1964, 12, 31), 0),
        ("men", date(1965, 1, 1), 1),
        ("men", date(1965, 4, 30), 1),
        ("men", date(1965, 5, 1), 2),
        ("men", date(1976, 8, 31), 35),
        ("men", date(1976, 9, 1), 36),
        ("men", date(1990, 1, 1), 36),
        ("women_55", date(1969, 12, 31), 0),
        ("women_55", date(1970, 1, 1), 1),
        ("women_55", date(1981, 9, 1), 36),
        ("women_50", date(1974, 12, 31), 0),
        ("women_50", date(1975, 1, 1), 1),
        ("women_50", date(1975, 3, 1), 2),
        ("women_50", date(1984, 10, 31), 59),
        ("women_50", date(1984, 11, 1), 60),
    ],
)
def test_the_raise_follows_the_annexed_tables(group, birth, months):
    assert delay_months(birth, group) == months


def test_the_first_man_touched_retires_in_february_2025():
    assert reaches_retirement_age(date(1965, 1, 15), "men") == date(2025, 2, 15)


def test_a_day_that_the_month_lacks_becomes_its_last():
    assert reaches_retirement_age(date(1965, 1, 31), "men") == date(2025, 2, 28)


@given(births, births, groups)
def test_the_younger_never_retire_earlier(one, other, group):
    older, younger = sorted((one, other))
    assert reaches_retirement_age(older, group) <= reaches_retirement_age(younger, group)


@given(births, groups)
def test_nobody_retires_before_the_old_age_or_after_the_new(birth, group):
    rule = RAISES[group]
    months = delay_months(birth, group)
    assert 0 <= months <= rule.most
    assert reaches_retirement_age(birth, group).year - birth.year in range(
        rule.age, rule.age + rule.most // 12 + 2
    )
