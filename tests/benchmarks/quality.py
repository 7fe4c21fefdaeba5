"""How good a ranked answer is, from 0 to 1, by the grades people gave to what it holds.

Pure. A grade is 3 for what answers the question by itself, 2 for what is needed too, 1 for what
helps, 0 for anything else; `found` are the grades of an answer in its order, `judged` all grades
given for the question.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import log2
from statistics import fmean
from typing import NamedTuple

ANSWERS, NEEDED = 3, 2
"""Grades of what answers by itself, and of what is needed too."""


class Quality(NamedTuple):
    """nDCG@10, success@3 and recall@10 of one answer, or the means of many."""

    ndcg: float
    success: float
    recall: float


def quality(found: Sequence[int], judged: Sequence[int]) -> Quality:
    return Quality(ndcg(found, judged), success(found), recall(found, judged))


def mean(qualities: Iterable[Quality]) -> Quality:
    """Every question counts the same."""
    return Quality(*(fmean(values) for values in zip(*qualities, strict=True)))


def ndcg(found: Sequence[int], judged: Iterable[int], depth: int = 10) -> float:
    """Discounted cumulative gain of the first `depth`, as a share of what the best order gives."""
    best = _gain(sorted(judged, reverse=True)[:depth])
    return _gain(found[:depth]) / best if best else 0.0


def success(found: Sequence[int], depth: int = 3) -> float:
    """1 if one of the first `depth` answers the question by itself, else 0."""
    return float(ANSWERS in found[:depth])


def recall(found: Sequence[int], judged: Iterable[int], depth: int = 10) -> float:
    """The share of what answers or is needed too that stands among the first `depth`."""
    wanted = sum(grade >= NEEDED for grade in judged)
    return sum(grade >= NEEDED for grade in found[:depth]) / wanted if wanted else 0.0


def _gain(grades: Sequence[int]) -> float:
    """A grade is worth 2^grade - 1, at rank n divided by log2(n + 1)."""
    return sum((2**grade - 1) / log2(rank + 1) for rank, grade in enumerate(grades, 1))
