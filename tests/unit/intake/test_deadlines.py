from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.deadlines import civil_day, deadlines
from shared.working_days import is_working_day
from tests.builders.applications import ABSENT, an_application, an_employers_application

MONDAY_NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # 12:00 in China


def due(application, received=MONDAY_NOON):
    return {clock.name: clock.due_on for clock in deadlines(received, application)}


def test_an_ordinary_application_starts_four_clocks():
    assert due(an_application()) == {
        "mediator_assignment": date(2026, 11, 24),
        "acceptance_decision": date(2026, 11, 26),
        "right_to_arbitrate": date(2026, 12, 8),
        "arbitration_limitation": date(2027, 9, 20),
    }


def test_a_receipt_before_midnight_in_china_counts_for_that_day():
    before, after = (
        datetime(2026, 11, 23, 15, 59, tzinfo=UTC),
        datetime(2026, 11, 23, 16, tzinfo=UTC),
    )
    assert civil_day(before) == date(2026, 11, 23)
    assert civil_day(after) == date(2026, 11, 24)
    assert due(an_application(), after)["mediator_assignment"] == date(2026, 11, 25)


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        deadlines(datetime(2026, 11, 23, 12), an_application())  # noqa: DTZ001 the point of the test


def test_a_last_day_in_the_national_day_holiday_moves_past_it():
    received = datetime(2026, 9, 20, 4, tzinfo=UTC)
    assert due(an_application(), received)["right_to_arbitrate"] == date(2026, 10, 8)


def test_pay_arrears_have_no_limit_while_the_employment_lasts():
    application = an_application(employment={"ended_on": None})
    assert "arbitration_limitation" not in due(application)


def test_pay_arrears_lapse_a_year_after_the_employment_ended():
    application = an_application(
        employment={"ended_on": "2026-09-21"}, dispute={"known_infringement_on": "2025-01-01"}
    )
    assert due(application)["arbitration_limitation"] == date(2027, 9, 21)


def test_an_end_without_its_date_is_counted_from_knowing():
    application = an_application(
        employment={"ended_on": None, "still_employed": False},
        dispute={"known_infringement_on": "2026-03-16"},
    )
    assert due(application)["arbitration_limitation"] == date(2027, 3, 16)


def test_the_claim_that_lapses_first_sets_the_limit():
    application = an_application(
        employment={"ended_on": None},
        dispute={"known_infringement_on": "2026-03-16"},
        claims=[
            {"claim_type": "wage_arrears", "text": "支付拖欠工资", "amount_cny": 1},
            {"claim_type": "restore_position", "text": "恢复岗位", "amount_cny": None},
        ],
    )
    assert due(application)["arbitration_limitation"] == date(2027, 3, 16)


def test_leave_pay_lapses_like_a_welfare_benefit():
    application = an_application(
        {"/claims/0/claim_type": "annual_leave_pay"},
        employment={"ended_on": None},
        dispute={"known_infringement_on": "2026-03-16"},
    )
    assert due(application)["arbitration_limitation"] == date(2027, 3, 16)


def test_an_employers_claims_lapse_a_year_after_it_knew():
    application = an_employers_application(dispute={"known_infringement_on": "2026-03-16"})
    assert due(application)["arbitration_limitation"] == date(2027, 3, 16)


def test_a_limit_that_ends_on_a_day_off_moves_forward():
    application = an_employers_application(dispute={"known_infringement_on": "2025-10-03"})
    assert due(application)["arbitration_limitation"] == date(2026, 10, 8)


def test_no_limit_is_told_without_a_date_to_count_from():
    application = an_employers_application({"/dispute/known_infringement_on": ABSENT})
    assert "arbitration_limitation" not in due(application)


def test_a_limit_beyond_the_announced_plans_is_provisional():
    clocks = {clock.name: clock for clock in deadlines(MONDAY_NOON, an_application())}
    assert not clocks["acceptance_decision"].provisional
    in_2050 = an_employers_application(dispute={"known_infringement_on": "2050-03-16"})
    assert deadlines(MONDAY_NOON, in_2050)[-1].provisional


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), st.integers(0, 10**6))  # noqa: DTZ001 made aware below
def test_clocks_end_on_working_days_in_order_and_never_earlier_for_later_receipts(moment, seconds):
    received = moment.replace(tzinfo=UTC)
    earlier = due(an_application(), received)
    later = due(an_application(), received + timedelta(seconds=seconds))
    assert all(is_working_day(day) for day in earlier.values())
    assert earlier["mediator_assignment"] <= earlier["acceptance_decision"]
    assert all(earlier[name] <= later[name] for name in earlier)
