"""nDCG, success and recall against cases counted by hand."""

from math import log2

import pytest

from tests.benchmarks.quality import Quality, mean, ndcg, quality, recall, success


def test_the_best_order_has_the_full_gain():
    assert ndcg([3, 2, 1, 0], [1, 3, 2]) == 1.0


def test_an_answer_at_the_second_place_is_discounted_by_the_logarithm_of_three():
    assert ndcg([0, 3], [3]) == pytest.approx(1 / log2(3))


def test_grades_weigh_seven_three_and_one():
    found = 3 / 1 + 7 / log2(3) + 1 / 2  # grades 2, 3, 1 at the places 1, 2, 3
    best = 7 / 1 + 3 / log2(3) + 1 / 2
    assert ndcg([2, 3, 1], [3, 2, 1]) == pytest.approx(found / best)


def test_what_stands_below_the_depth_earns_nothing():
    assert ndcg([0] * 10 + [3], [3]) == 0.0
    assert ndcg([0, 3], [3], depth=1) == 0.0


def test_more_judged_articles_than_the_depth_do_not_spoil_the_best_answer():
    assert ndcg([3] * 10, [3] * 14) == pytest.approx(1.0)


def test_an_empty_answer_is_worth_nothing():
    assert quality([], [3, 2]) == Quality(0.0, 0.0, 0.0)


def test_success_is_an_article_that_answers_among_the_first_three():
    assert success([0, 2, 3]) == 1.0
    assert success([0, 2, 1, 3]) == 0.0
    assert success([2, 2, 2]) == 0.0


def test_recall_counts_what_answers_or_is_needed_too():
    assert recall([3, 0, 1], [3, 2, 1]) == 0.5
    assert recall([1], [1]) == 0.0


def test_every_question_counts_the_same_in_the_mean():
    assert mean([Quality(1.0, 1.0, 0.5), Quality(0.0, 0.0, 0.5)]) == Quality(0.5, 0.5, 0.5)
