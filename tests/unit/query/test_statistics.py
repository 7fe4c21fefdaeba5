"""Statistics: what is counted, and that small numbers cannot be told from what is shown."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.query.statistics.counting import (
    SMALLEST_SHOWN,
    Group,
    Question,
    groups,
    percentile,
    pipeline,
    presented,
    suppressed,
    together,
)
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
    names = ("group", "status", "outcome", "ended")
    return [{"_id": dict(zip(names, row, strict=False)), "count": row[-1]} for row in facts]


def test_groups_are_counted_the_largest_first() -> None:
    found = groups(
        rows(("a", "mediating", None, None, 3), ("b", "closed", "failed", 10, 4),
             ("b", "performed", "performed", 20, 6), (None, "submitted", None, None, 1))
    )  # fmt: skip
    assert list(found) == ["b", "a", "pending"]
    shown = presented(found["b"], everything=True)
    assert shown["total"] == 10
    assert shown["by_status"] == {"closed": 4, "performed": 6}
    assert shown["by_outcome"] == {"pending": 0, "failed": 4, "performed": 6}
    assert shown["share_settled"] == 0.6
    assert shown["days_to"]["ended"] == {"cases": 10, "median": 20, "p90": 20}
    assert shown["days_to"]["accepted"] == {"cases": 0, "median": None, "p90": None}
    assert together(found.values()).total == 14


def test_the_public_is_not_told_a_share_that_gives_a_small_number_away() -> None:
    (group,) = groups(rows(("b", "closed", "failed", 10, 96), ("b", "performed", "performed", 20, 4))).values()  # fmt: skip
    assert presented(group, everything=True)["share_settled"] == 0.04
    told = presented(group, everything=False)
    assert told["share_settled"] is None
    assert told["by_outcome"]["performed"] is None
    assert presented(Group(), everything=False)["total"] == 0


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
