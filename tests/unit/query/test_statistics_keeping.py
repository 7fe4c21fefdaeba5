"""Counts are kept, and those who ask at once do not all count."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from services.query.statistics import keeping
from services.query.statistics.counting import Question
from services.query.statistics.keeping import KEPT_SECONDS, OLDEST_SECONDS, PLACES, Keeping
from shared.errors import Transient
from tests.waiting import eventually

DAY = date(2026, 11, 1)


def a_question(number: int = 1) -> Question:
    return Question(DAY, DAY, f"37{number:04}", "category")


class Counting:
    """Counts once it is let; says what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.go_on = threading.Event()

    def __call__(self, question: Question) -> int:
        self.asked.append(question)
        assert self.go_on.wait(10)
        return len(self.asked)


@pytest.fixture
def count() -> Iterator[Counting]:
    made = Counting()
    yield made
    made.go_on.set()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(keeping, "monotonic", lambda: now[0])
    return now


def test_who_asks_the_same_at_once_is_answered_by_one_count(count: Counting) -> None:
    kept = Keeping(count)
    with ThreadPoolExecutor(PLACES) as pool:
        answers = [pool.submit(kept.of, a_question()) for _ in range(PLACES)]
        eventually(lambda: kept._places._value == 0)
        count.go_on.set()
        assert [each.result(10) for each in answers] == [1] * PLACES
    assert count.asked == [a_question()]


def test_what_is_kept_ends_after_a_minute(count: Counting, clock: list[float]) -> None:
    count.go_on.set()
    kept = Keeping(count)
    assert kept.of(a_question()) == 1
    clock[0] += KEPT_SECONDS - 1
    assert kept.of(a_question()) == 1
    clock[0] += 1
    assert kept.of(a_question()) == 2


def test_while_others_are_counted_an_older_answer_is_given_and_none_is_refused(
    count: Counting, clock: list[float]
) -> None:
    kept = Keeping(count)
    count.go_on.set()
    assert kept.of(a_question()) == 1
    count.go_on.clear()
    clock[0] += OLDEST_SECONDS - 1
    with ThreadPoolExecutor(PLACES) as pool:
        others = [pool.submit(kept.of, a_question(n)) for n in range(2, 2 + PLACES)]
        eventually(lambda: kept._places._value == 0)
        assert kept.of(a_question()) == 1
        clock[0] += 1
        with pytest.raises(Transient) as refused:
            kept.of(a_question())
        assert refused.value.slug == "full"
        count.go_on.set()
        assert sorted(each.result(10) for each in others) == [2, 3, 4]
    assert kept.of(a_question()) == 5


def test_a_count_that_fails_leaves_its_place(clock: list[float]) -> None:
    def fail(_: Question) -> int:
        raise ZeroDivisionError

    kept = Keeping(fail)
    for _ in range(PLACES + 1):
        with pytest.raises(ZeroDivisionError):
            kept.of(a_question())


def test_the_oldest_questions_make_room(count: Counting) -> None:
    count.go_on.set()
    kept = Keeping(count)
    for number in range(100):
        kept.of(a_question(number))
    assert len(kept._kept) == 64
