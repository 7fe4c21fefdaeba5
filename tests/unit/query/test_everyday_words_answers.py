"""Every everyday term finds an article that answers it among the first five."""

import csv
from datetime import date
from pathlib import Path

import pytest

from services.query.policies.policy import short_title
from services.query.policies.sources import read_statutes, statutes_path
from services.query.search import everyday_words
from services.query.search.index import SearchIndex
from services.query.search.question import Filters

TODAY = date(2026, 11, 21)
ENOUGH = 5

ANSWERS = {
    row["article"]: row["terms"].split("、")
    for row in csv.DictReader(
        (Path(__file__).parent / "everyday_words.tsv").read_text("utf-8").splitlines(),
        delimiter="\t",
    )
}
"""The articles of the statutes package, each with the terms that must lead to it."""

TERMS = [term for terms in ANSWERS.values() for term in terms]


@pytest.fixture(scope="module")
def index():
    return SearchIndex.build(read_statutes(statutes_path()).policies)


def found(index, question):
    hits = index.search(question, Filters(), 1, ENOUGH, today=TODAY).hits
    return [
        short_title(hit.policy.title) + (hit.article.number if hit.article else "") for hit in hits
    ]


def test_there_are_far_more_than_three_hundred_terms_each_with_one_answer():
    assert len(TERMS) == len(set(TERMS)) >= 1500
    assert set(TERMS) <= everyday_words.TERMS.keys()


def test_nearly_every_entry_is_held_to_an_answer():
    """The rest has its answer in regulations that come by import, or means several things."""
    tested = {id(everyday_words.TERMS[term]) for term in TERMS}
    listed = [word for word in everyday_words.WORDS if word.spellings[0] in everyday_words.TERMS]
    untested = [word.said[0] for word in listed if id(word) not in tested]
    assert len(untested) <= 12, untested


@pytest.mark.parametrize("article", ANSWERS)
def test_everyday_terms_find_the_article_that_answers_them(index, article):
    astray = {term: found(index, term) for term in ANSWERS[article]}
    assert {term: places for term, places in astray.items() if article not in places} == {}
