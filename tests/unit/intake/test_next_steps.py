import re
from datetime import UTC, date, datetime
from itertools import combinations

import pytest

from services.intake.deadlines import deadlines
from services.intake.next_steps import next_steps
from shared import serial
from shared.contracts.vocabulary import FLAGS
from tests.builders.applications import an_application

SERIAL = serial.new_serial(2026, "346268850864")
RECEIVED = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def steps(*flags, awaited=0, application=None, today=date(2026, 11, 23)):
    clocks = deadlines(RECEIVED, application or an_application())
    return next_steps(
        SERIAL, "山东省济南市历下区", flags, clocks=clocks, awaited=awaited, today=today
    )


def told(*flags, **situation):
    return "\n".join(step.zh for step in steps(*flags, **situation))


def test_the_serial_number_comes_first_and_the_disclaimer_last():
    first, *_, last = steps()
    assert "2634 6268 8508 6477" in first.zh
    assert "2634 6268 8508 6477" in first.en
    assert "仅供参考" in last.zh
    assert "12333" in last.zh


def test_the_next_dates_are_told():
    text = told()
    assert "2026年11月24日前指派调解员" in text
    assert "2026年11月26日前决定是否受理" in text
    assert "至2026年12月8日仍未达成调解协议" in text
    assert any("8 December 2026" in step.en for step in steps())


def test_awaited_evidence_is_counted():
    assert "3份材料" in told(awaited=3)
    assert "份材料" not in told(awaited=0)
    assert any("1 evidence file can" in step.en for step in steps(awaited=1))


def test_a_limit_ahead_and_a_limit_past_are_warned_of_differently():
    near = told("limitation_risk", today=date(2027, 9, 1))
    past = told("limitation_risk", today=date(2027, 12, 1))
    assert "将于2027年9月20日" in near
    assert "可能已于2027年9月20日" in past
    assert "时效" not in told()


@pytest.mark.parametrize(
    "flag, words",
    [
        ("women_workers", "12338"),
        ("legal_aid_without_means_test", "12348"),
        ("legal_aid_requested", "法律援助"),
        ("over_age_worker", "2026年7月1日"),
        ("collective", "3至5名代表"),
        ("migrant_worker_wages", "劳动保障监察"),
        ("work_injury", "工伤认定"),
        ("psychological_support", "心理疏导"),
        ("interpreter_needed", "翻译"),
        ("assistance_needed", "协助"),
    ],
)
def test_each_flag_brings_its_advice(flag, words):
    assert words in told(flag)


def test_employers_are_not_sent_to_the_union():
    assert "12351" in told()
    assert "12351" not in told("employer_applicant")


def test_no_sentence_is_said_twice_and_both_languages_are_there():
    for pair in combinations(sorted(FLAGS), 2):
        said = steps(*pair, awaited=2)
        assert len(set(said)) == len(said)
        assert all(step.zh and step.en for step in said)


def test_chinese_sentences_use_chinese_punctuation_without_stray_spaces():
    for step in steps(*FLAGS, awaited=2):
        chinese = step.zh.replace(serial.display(SERIAL), "")
        assert not re.search(r"[ ,;:!?()]", chinese)
        assert chinese.endswith("。")
