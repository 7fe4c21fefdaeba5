"""Statistics over HTTP on real facts, counted from the index alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from services.query.handlers import HANDLERS
from services.query.statistics import api as statistics_api
from services.query.statistics import keeping
from services.query.statistics.counting import GROUPS, Question, pipeline
from services.query.statistics.months import CELLS, MONTHS, Months
from services.query.store import ReadModels, TooWide
from shared.civil_time import today
from shared.contracts.envelope import Event
from tests.builders.events import a_submission
from tests.builders.histories import (
    A_LIFE,
    ACCEPTED,
    CONSENTED,
    EXAMINED,
    HANDED,
    MEDIATED,
    Told,
    a_history,
    of_case,
)
from tests.builders.routing import serials
from tests.web import Web, problem

FAILED: Sequence[Told] = (
    *HANDED, *EXAMINED, *CONSENTED, *ACCEPTED, *MEDIATED,
    ("case.failed", of_case("failed", reason="no_agreement")),
)  # fmt: skip
CITY = {"code": "370202", "name": "山东省青岛市市南区"}


def cases(number: str, steps: Sequence[Told], **changes: Any) -> list[Event]:
    submission = a_submission(serial=number, **changes)
    return a_history(steps, (), number=number, submission=submission)


@pytest.fixture
def counted(query: Web) -> Web:
    """Settled 6 and failed 5 in Jinan, one waiting in Qingdao, of another category."""
    numbers = serials()
    events: list[Event] = []
    for _ in range(6):
        events += cases(next(numbers), A_LIFE)
    for _ in range(5):
        events += cases(next(numbers), FAILED)
    events += cases(next(numbers), HANDED, division=CITY, category="contract")
    query.runner(HANDLERS).apply([event.to_json() for event in events])
    return query


def ask(web: Web, *, role: str = "", **asked: str) -> Any:
    period = {"from": "2026-01-01", "to": "2026-12-31", **asked}
    address = "/v1/statistics?" + "&".join(f"{name}={value}" for name, value in period.items())
    return web.call("GET", address, headers=web.token(role) if role else {})


def test_staff_see_every_count_by_each_group(counted: Web) -> None:
    told = ask(counted, role="auditor").get_json()
    assert {item["key"]: item["total"] for item in told["items"]} == {
        "pay_injury_compensation": 11,
        "contract": 1,
    }
    whole = told["whole"]
    assert whole["total"] == 12
    assert whole["by_outcome"] == {"performed": 6, "failed": 5, "pending": 1}
    assert whole["share_settled"] == pytest.approx(6 / 11, abs=1e-4)
    assert whole["days_to"]["mediator_assigned"] == {
        "cases": 12, "median": 0, "p75": 0, "p90": 0, "p95": 0,
    }  # fmt: skip
    assert whole["days_in"]["mediation"]["cases"] == 11
    assert whole["days_to"]["ended"]["cases"] == 11
    by_outcome = ask(counted, role="mediator", by="outcome").get_json()["items"]
    assert [(i["key"], i["total"]) for i in by_outcome] == [("performed", 6), ("failed", 5), ("pending", 1)]  # fmt: skip
    by_city = ask(counted, role="platform_admin", by="division", division="370000").get_json()
    assert {i["text"]: i["total"] for i in by_city["items"]} == {"山东省济南市": 11, "山东省青岛市": 1}  # fmt: skip
    assert ask(counted, role="auditor", division="370200").get_json()["whole"]["total"] == 1
    (month,) = ask(counted, role="auditor", by="month").get_json()["items"]
    assert month["key"] == "2026-11"
    (body,) = ask(counted, role="auditor", by="organisation", division="37").get_json()["items"]
    assert body["total"] == 12


def test_the_public_is_not_told_small_numbers_and_is_told_so(counted: Web) -> None:
    told = ask(counted).get_json()
    assert told["items"] == []  # the one case would follow from the eleven
    assert told["groups_left_out"] == 2
    assert told["whole"]["total"] == 12
    assert told["whole"]["by_outcome"] == {"performed": 6, "failed": None, "pending": None}
    assert told["whole"]["share_settled"] is None  # 6 of 11 would tell the one that is pending
    assert "小于5" in told["note"]
    parties = ask(counted, role="applicant").get_json()
    assert parties["whole"] == told["whole"]


def test_other_days_and_places_are_not_counted(counted: Web) -> None:
    def total(**asked: str) -> Any:
        return ask(counted, role="auditor", **asked).get_json()["whole"]["total"]

    assert total(**{"from": "2026-11-21"}) == 0
    assert total(to="2026-11-19") == 0
    assert total(**{"from": "2026-11-20", "to": "2026-11-20"}) == 12
    assert total(division="110000") == 0


@pytest.mark.parametrize("asked, days", [("", 30), ("?division=370000", 365)])
def test_the_last_time_by_category_is_told_unless_asked_otherwise(
    counted: Web, asked: str, days: int
) -> None:
    told = counted.call("GET", f"/v1/statistics{asked}").get_json()
    assert told["by"] == "category"
    assert told["last_day"] == today().isoformat()
    assert told["first_day"] == (today() - timedelta(days=days)).isoformat()


def test_more_than_can_be_counted_is_refused_with_what_to_do(
    counted: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_vain(*_: Any) -> Any:
        raise TooWide

    monkeypatch.setattr(ReadModels, "counted", in_vain)
    found = problem(ask(counted), 422, "validation_failed")
    assert found["errors"][0]["pointer"] == "/from"
    assert "缩短时间" in found["errors"][0]["message"]


@pytest.mark.parametrize(
    "asked, pointer",
    [
        ({"by": "employer"}, "/by"),
        ({"from": "2027-01-01"}, "/from"),
        ({"from": "2019-01-01"}, "/from"),
        ({"from": "yesterday"}, "/from"),
        ({"from": "9999-12-15", "to": "9999-12-31"}, "/to"),
        ({"from": "9999-12-15"}, "/from"),
        ({"to": "0001-01-05"}, "/to"),
        ({"to": "0001-06-01", "division": "370000"}, "/to"),
        ({"division": "990000"}, "/division"),
        ({"by": "organisation"}, "/division"),
        ({"colour": "red"}, "/colour"),
        ({"flag": "urgent"}, "/flag"),
        ({"by": "flag", "flag": "agent"}, "/flag"),
        ({"format": "xlsx"}, "/format"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_at_its_place(
    counted: Web, asked: dict[str, str], pointer: str
) -> None:
    found = problem(ask(counted, **asked), 422, "validation_failed")
    assert [error["pointer"] for error in found["errors"]] == [pointer]


@pytest.mark.parametrize("by", GROUPS)
@pytest.mark.parametrize("division", [None, "370000", "370102"])
def test_counting_reads_the_index_and_no_document(
    counted: Web, by: str, division: str | None
) -> None:
    question = Question(date(2026, 1, 1), date(2026, 12, 31), division, by)
    plan = counted.database.command(
        "explain",
        {
            "aggregate": "progress", "pipeline": pipeline(question), "cursor": {},
            "hint": "facts",
        },
        verbosity="executionStats",
    )  # fmt: skip
    text = str(plan)
    assert "'stage': 'IXSCAN'" in text
    assert "'stage': 'FETCH'" not in text
    assert "COLLSCAN" not in text
    assert "'totalDocsExamined': 0" in text


def test_counts_are_kept_for_a_minute(counted: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "monotonic", lambda: 90.0)
    before = ask(counted, role="auditor").get_json()
    counted.database.progress.delete_many({})
    assert ask(counted, role="auditor").get_json() == before
    monkeypatch.setattr(keeping, "monotonic", lambda: 150.0)
    assert ask(counted, role="auditor").get_json()["whole"]["total"] == 0


# --- flags, categories, tables ------------------------------------------------------------------


def test_cases_are_counted_by_flag_and_within_a_category_or_a_flag(query: Web) -> None:
    numbers = serials()
    events: list[Event] = []
    for _ in range(7):
        events += cases(next(numbers), HANDED, flags=["priority", "collective"])
    for _ in range(6):
        events += cases(next(numbers), HANDED, flags=["priority"], category="contract")
    query.runner(HANDLERS).apply([event.to_json() for event in events])
    by_flag = ask(query, by="flag").get_json()
    assert {i["text"]: i["total"] for i in by_flag["items"]} == {"优先办理": 13, "集体争议": 7}
    assert by_flag["whole"]["total"] == 13
    flagged = ask(query, flag="collective").get_json()
    assert [(i["key"], i["total"]) for i in flagged["items"]] == [("pay_injury_compensation", 7)]
    assert flagged["flag"] == "collective"
    within = ask(query, category="contract", by="month").get_json()
    assert [(i["key"], i["total"]) for i in within["items"]] == [("2026-11", 6)]


def test_the_same_numbers_come_as_a_table(counted: Web) -> None:
    told = ask(counted, role="auditor", by="outcome", format="csv")
    assert told.status_code == 200
    assert told.headers["Content-Type"] == "text/csv; charset=utf-8"
    name = "statistics-2026-01-01-2026-12-31-outcome.csv"
    assert told.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    lines = list(csv.DictReader(io.StringIO(told.data.decode("utf-8-sig"))))
    assert [(line["key"], line["total"]) for line in lines] == [
        ("*", "12"), ("performed", "6"), ("failed", "5"), ("pending", "1"),
    ]  # fmt: skip
    assert lines[1]["outcome_performed"] == "6"
    assert lines[1]["outcome_failed"] == "0"
    public = ask(counted, by="outcome", format="csv").data.decode("utf-8-sig")
    whole = next(csv.DictReader(io.StringIO(public)))
    assert whole["outcome_failed"] == ""


# --- months counted beforehand -------------------------------------------------------------------


@pytest.fixture
def months(counted: Web) -> Months:
    kept = Months(counted.database)
    kept.ensure_indexes()
    return kept


@pytest.mark.parametrize("division", [None, "370000"])
@pytest.mark.parametrize("by", ["category", "outcome", "month", "flag"])
def test_a_month_counted_beforehand_answers_as_its_cases_do(
    counted: Web, months: Months, monkeypatch: pytest.MonkeyPatch, by: str, division: str | None
) -> None:
    place = {"division": division} if division else {}
    monkeypatch.setattr(statistics_api, "today", lambda: date(2027, 1, 5))
    direct = ask(counted, role="auditor", by=by, **place).get_json()
    months.keep("2026-11", ReadModels(counted.database).counted)
    counted.database.progress.delete_many({})
    monkeypatch.setattr(keeping, "monotonic", lambda: 1e9)
    kept = ask(counted, role="auditor", by=by, **place).get_json()
    assert direct["counted_at"] is None
    assert kept["counted_at"] is not None
    assert direct["whole"]["total"] == 12
    assert {**kept, "counted_at": None} == direct


def test_the_provinces_are_told_apart_in_what_was_counted_beforehand(
    counted: Web, months: Months, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics_api, "today", lambda: date(2026, 12, 5))
    months.keep("2026-11", ReadModels(counted.database).counted)
    found = ask(counted, role="auditor", by="division", to="2026-12-04").get_json()
    assert [(i["text"], i["total"]) for i in found["items"]] == [("山东省", 12)]
    assert found["counted_at"]


def test_a_month_is_counted_when_it_is_due_and_by_one_process_at_a_time(
    counted: Web, months: Months
) -> None:
    count = ReadModels(counted.database).counted
    day = date(2026, 12, 5)
    first = months.count_next(count, day)
    assert first == "2026-11"
    assert months.count_next(count, day) == "2026-10"  # the rest has waited longer by now
    assert Months(counted.database).count_next(count, day) is None  # another process has the lease
    assert months.count_next(count, day) == "2026-09"
    while months.count_next(count, day):
        pass
    assert counted.database[MONTHS].count_documents({"counted_at": {"$exists": True}}) > 55
    assert Months(counted.database).counted(["2026-09"]).keys() == {"2026-09"}


def test_a_rebuilt_read_model_has_every_month_counted_again(counted: Web, months: Months) -> None:
    count, day = ReadModels(counted.database).counted, date(2026, 12, 5)
    while months.count_next(count, day):
        pass
    months.count_again()
    assert "2026-11" in months.counted(["2026-11"])
    assert months.count_next(count, day) == "2026-11"
    assert months.count_next(count, day) == "2026-10"


def test_counting_a_month_anew_leaves_nothing_of_before(counted: Web, months: Months) -> None:
    count = ReadModels(counted.database).counted
    months.keep("2026-11", count)
    before = counted.database[CELLS].count_documents({"category": "contract"})
    counted.database.progress.delete_many({"category": "contract"})
    months.keep("2026-11", count)
    assert before > 0
    assert counted.database[CELLS].count_documents({"category": "contract"}) == 0
    assert counted.database[CELLS].count_documents({}) > 0
