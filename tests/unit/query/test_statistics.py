"""Statistics: what is counted, and that small numbers cannot be told from what is shown."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.query.statistics.counting import PENDING, Counted, Group, Question, counted, pipeline
from services.query.statistics.facts import COUNTED_FLAGS, bits_of, flags_of
from services.query.statistics.presenting import (
    SMALLEST_SHOWN,
    hidden_groups,
    percentile,
    presented,
    suppressed,
)
from services.query.statistics.rolling import (
    answered,
    can_answer,
    cells,
    days_left,
    months_within,
    wanted,
)
from services.query.statistics.tables import table
from shared.contracts.vocabulary import FLAGS
from tests.builders.histories import A_LIFE, HANDED, REOPENED, a_history
from tests.handlers.test_query import project

COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 40))


@given(COUNTS)
def test_no_small_count_is_shown_nor_told_by_the_sum(counts: dict[str, int]) -> None:
    shown = suppressed(counts)
    assert shown.keys() == counts.keys()
    hidden = [counts[key] for key, count in shown.items() if count is None]
    assert all(count is None or count == counts[key] for key, count in shown.items())
    assert not any(count is not None and 0 < count < SMALLEST_SHOWN for count in shown.values())
    if hidden and any(shown.values()):
        assert sum(hidden) >= SMALLEST_SHOWN
        assert len(hidden) > 1 or hidden[0] >= SMALLEST_SHOWN


@given(COUNTS)
def test_where_nothing_is_small_nothing_is_hidden(counts: dict[str, int]) -> None:
    large = {key: count + SMALLEST_SHOWN for key, count in counts.items()}
    assert suppressed(large) == large


@given(st.lists(st.integers(0, 60), min_size=1), st.sampled_from([0.5, 0.9]))
def test_a_percentile_is_the_fewest_days_within_which_that_share_came(
    days: list[int], share: float
) -> None:
    found = percentile(Counter(days), share)
    assert sum(day <= found for day in days) >= share * len(days)
    assert sum(day < found for day in days) < share * len(days)


def rows(*facts: tuple[str | None, str, str | None, int | None, int]) -> list[dict[str, Any]]:
    names = ("group", "status", "outcome", "ended_day")
    return [{"_id": dict(zip(names, row, strict=False)), "count": row[-1]} for row in facts]


def test_groups_are_counted_the_largest_first() -> None:
    found = counted(
        rows(("a", "mediating", None, None, 3), ("b", "closed", "failed", 10, 4),
             ("b", "performed", "performed", 20, 6), (None, "submitted", None, None, 1)),
        "category",
    )  # fmt: skip
    assert [key for key, _ in found.largest_first()] == ["b", "a", "pending"]
    shown = presented(found.groups["b"], everything=True)
    assert shown["total"] == 10
    assert shown["by_status"] == {"closed": 4, "performed": 6}
    assert shown["by_outcome"] == {"pending": 0, "failed": 4, "performed": 6}
    assert shown["share_settled"] == 0.6
    assert shown["days_to"]["ended"] == {
        "cases": 10, "median": 20, "p75": 20, "p90": 20, "p95": 20,
    }  # fmt: skip
    assert shown["days_to"]["accepted"]["cases"] == 0
    assert shown["days_to"]["accepted"]["median"] is None
    assert found.whole.total == 14


def test_a_phase_lasts_from_its_first_day_to_its_last() -> None:
    group = Group()
    group.count({"mediator_day": 1, "consent_day": 4, "accepted_day": 9, "ended_day": 9}, 5)
    group.count({"mediator_day": 2, "consent_day": None}, 5)
    shown = presented(group, everything=False)
    assert shown["days_in"]["examination"]["median"] == 3
    assert shown["days_in"]["consent"]["median"] == 5
    assert shown["days_in"]["mediation"]["median"] == 0
    assert shown["days_in"]["closing"]["cases"] == 0
    assert shown["days_to"]["mediator_assigned"]["cases"] == 10


def test_the_public_is_not_told_a_share_that_gives_a_small_number_away() -> None:
    found = counted(
        rows(("b", "closed", "failed", 10, 96), ("b", "performed", "performed", 20, 4)), "category"
    )
    assert presented(found.whole, everything=True)["share_settled"] == 0.04
    told = presented(found.whole, everything=False)
    assert told["share_settled"] is None
    assert told["by_outcome"]["performed"] is None
    assert presented(Group(), everything=False)["total"] == 0


def test_the_public_is_not_told_how_many_came_to_a_step_where_few_did_not() -> None:
    group = Group()
    group.count({"status": "mediating", "organisation_day": 3}, 20)
    group.count({"status": "submitted"}, 4)
    public = presented(group, everything=False)["days_to"]["organisation_assigned"]
    assert (public["cases"], public["median"]) == (None, 3)
    assert presented(group, everything=True)["days_to"]["organisation_assigned"]["cases"] == 20
    group.count({"status": "submitted"}, 1)
    assert presented(group, everything=False)["days_to"]["organisation_assigned"]["cases"] == 20


def test_flags_are_bits_that_are_never_given_anew() -> None:
    assert set(COUNTED_FLAGS) == set(FLAGS)
    assert COUNTED_FLAGS.index("collective") == 0
    assert COUNTED_FLAGS.index("limitation_risk") == 17
    assert flags_of(bits_of(["work_injury", "agent"])) == ("work_injury", "agent")


def test_a_case_with_several_flags_is_in_the_group_of_each_and_once_in_the_whole() -> None:
    found = counted([{"_id": {"group": bits_of(["agent", "priority"])}, "count": 7}], "flag")
    assert {key: group.total for key, group in found.groups.items()} == {"agent": 7, "priority": 7}
    assert found.whole.total == 7
    nearly = {"agent": _group_of(97), "priority": _group_of(40), "collective": _group_of(2)}
    assert hidden_groups(nearly, 100, apart=False) == {"agent", "collective"}


def _group_of(cases: int) -> Group:
    group = Group()
    group.count({}, cases)
    return group


def test_facts_of_a_life_tell_the_first_days_and_the_newest_standing() -> None:
    facts = project(a_history(A_LIFE))["facts"]
    assert facts["place"] == "370102"
    assert facts["month"] == "2026-11"
    assert facts["standing"]["status"] == "closed"
    assert facts["result"]["outcome"] == "performed"
    assert facts["mediator_day"] == facts["received_day"] == date(2026, 11, 20).toordinal()
    assert facts["ended_day"] >= facts["accepted_day"] >= facts["mediator_day"]
    again = project(a_history((*A_LIFE, *REOPENED)))["facts"]
    assert again["result"]["outcome"] is None
    assert again["organisation"]["id"] == "org-2"
    assert "accepted_day" not in project(a_history(HANDED))["facts"]


def test_a_question_reads_one_range_of_places_and_days() -> None:
    question = Question(date(2026, 1, 1), date(2026, 12, 31), "370100", "division")
    match, group = pipeline(question)
    assert match["$match"]["facts.place"] == {"$gte": "3701", "$lt": "3701:"}
    assert group["$group"]["_id"]["group"] == {"$substrBytes": ["$facts.place", 0, 6]}
    flagged = Question(date(2026, 1, 1), date(2026, 1, 2), None, "month", "contract", "priority")
    asked = pipeline(flagged)[0]["$match"]
    assert asked["facts.category"] == "contract"
    assert asked["facts.flags"] == {"$bitsAllSet": 2}


# --- months counted beforehand ------------------------------------------------------------------

CASES = st.lists(
    st.fixed_dictionaries(
        {
            "province": st.sampled_from(["11", "37"]),
            "month": st.sampled_from(["2026-01", "2026-02", "2026-03"]),
            "category": st.sampled_from(["contract", "personnel"]),
            "flags": st.sets(st.sampled_from(["agent", "priority", "collective"])).map(bits_of),
            "status": st.sampled_from(["mediating", "closed"]),
            "outcome": st.sampled_from([None, "failed", "performed"]),
            "accepted_day": st.one_of(st.none(), st.integers(0, 9)),
            "ended_day": st.one_of(st.none(), st.integers(0, 30)),
        }
    ),
    max_size=30,
)
QUESTIONS = st.builds(
    Question,
    st.just(date(2026, 1, 1)),
    st.just(date(2026, 3, 31)),
    st.sampled_from([None, "370000"]),
    st.sampled_from(["category", "outcome", "month", "division", "flag"]),
    st.sampled_from([None, "contract"]),
    st.sampled_from([None, "agent"]),
).filter(lambda q: can_answer(q) and not (q.by == "flag" and q.flag))


@given(CASES, QUESTIONS)
def test_cells_answer_as_the_facts_do(cases: list[dict[str, Any]], question: Question) -> None:
    kept = []
    for month in ("2026-01", "2026-02", "2026-03"):
        here = [case for case in cases if case["month"] == month]
        by_place = {p: [c for c in here if c["province"] == p] for p in ("11", "37")}
        kept += cells(month, ((p, [_row(c) for c in part]) for p, part in by_place.items()))
    matching = [cell for cell in kept if _matches(cell, wanted(question, ["2026-01", "2026-02", "2026-03"]))]  # fmt: skip
    asked = [
        _row(case, case[{"division": "province", "flag": "flags"}.get(question.by, question.by)])
        for case in cases
        if (question.division is None or case["province"] == "37")
        and question.category in (None, case["category"])
        and (question.flag is None or question.flag in flags_of(case["flags"]))
    ]
    assert _plain(answered(matching, question)) == _plain(counted(asked, question.by))


def _row(case: dict[str, Any], group: Any = None) -> dict[str, Any]:
    return {"_id": {**case, "group": group}, "count": 1}


def _matches(cell: dict[str, Any], query: dict[str, Any]) -> bool:
    def holds(value: str, test: Any) -> bool:
        if not isinstance(test, dict):
            return bool(value == test)
        ((operator, operand),) = test.items()
        return {
            "$ne": value != operand,
            "$in": value in operand,
            "$gte": operator == "$gte" and value >= operand,
        }[operator]

    return all(holds(cell[name], test) for name, test in query.items())


def _plain(found: Counted) -> Any:
    def plain(group: Group) -> Any:
        return group.counts

    groups = {key: plain(group) for key, group in found.groups.items() if group.total}
    return plain(found.whole), groups


@given(st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.integers(0, 500))
def test_whole_months_and_the_days_left_are_the_period(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    months = months_within(first, last)
    days = [first + timedelta(days=n) for n in range(length + 1)]
    left = [d for begin, end in days_left(first, last, months) for d in days if begin <= d <= end]
    assert sorted(left) == [d for d in days if f"{d:%Y-%m}" not in months]
    assert all(first <= date.fromisoformat(f"{m}-01") for m in months)


def test_only_a_province_or_the_country_is_answered_from_cells() -> None:
    def ask(division: str | None, by: str) -> bool:
        return can_answer(Question(date(2026, 1, 1), date(2026, 1, 31), division, by))

    assert ask(None, "division")
    assert ask("370000", "flag")
    assert not ask("370000", "division")
    assert not ask("370100", "category")


def test_a_table_has_a_line_for_the_whole_and_one_a_group_and_no_formulas() -> None:
    group = presented(_group_of(3), everything=False)
    answer = {"whole": group, "items": [{"key": "org-1", "text": "=1+1", **group}]}
    text = table(answer).decode("utf-8-sig")
    head, whole, line = text.splitlines()
    assert head.startswith("key,text,total,status_submitted,")
    assert whole.startswith("*,,,,0")  # null is empty, none is 0
    assert line.startswith("org-1,'=1+1,,")
    assert PENDING in head
