"""The judged questions are whole, and search answers those it may be improved by."""

from collections import Counter
from datetime import date

import pytest

from tests.benchmarks import judged, search_quality
from tests.benchmarks.quality import ANSWERS, mean
from tests.benchmarks.search_corpus import articles, library

TUNING, HELD_BACK = judged.tuning(), judged.held_back()

SUCCESS = 0.7
NDCG = 0.6
"""Floors that a change must not break; docs/benchmarks.md has what is reached."""


@pytest.fixture(scope="module")
def policies():
    return library()


def test_there_are_enough_questions_and_a_third_of_each_subject_is_held_back():
    assert len(TUNING) >= 120
    assert len(HELD_BACK) >= 60
    of_all = Counter(question.subject for question in (*TUNING, *HELD_BACK))
    back = Counter(question.subject for question in HELD_BACK)
    assert {subject: round(count / 3) for subject, count in of_all.items()} == back


def test_no_question_stands_twice():
    texts = Counter(question.text for question in (*TUNING, *HELD_BACK))
    assert [text for text, count in texts.items() if count > 1] == []


def test_each_question_has_an_article_that_answers_it():
    for question in (*TUNING, *HELD_BACK):
        assert ANSWERS in {*question.statutes.values(), *question.by_import.values()}, question


def test_each_article_cited_of_the_statutes_is_there_and_none_of_the_others(policies):
    held = {cited for cited, _, _ in articles(policies)}
    for question in (*TUNING, *HELD_BACK):
        assert held.issuperset(question.statutes), question
        assert held.isdisjoint(question.by_import), question


def test_search_answers_the_tuning_questions(policies):
    held = frozenset(cited for cited, _, _ in articles(policies))
    search = search_quality.ours(policies, date(2026, 11, 25))
    reached = mean(one.quality for one in search_quality.answered(TUNING, held, search))
    assert reached.success >= SUCCESS
    assert reached.ndcg >= NDCG
