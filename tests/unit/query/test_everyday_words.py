"""The dictionary: how its tables are read, how terms are found, and that every wording is the law's."""

import csv
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.query.policies.sources import read_statutes, statutes_path
from services.query.search import everyday_words
from services.query.search.everyday_words.entries import read, spellings
from services.query.search.everyday_words.lookup import GAP, Terms
from services.query.search.queries import words_of

SLOP = 3
"""Words that may stand between those of a wording, as the index allows."""

BY_IMPORT = tuple(
    csv.DictReader(
        (Path(__file__).parent / "everyday_words_by_import.tsv").read_text("utf-8").splitlines(),
        delimiter="\t",
    )
)
"""Wordings of regulations that come by import, with a term that is read so."""


def told(text):
    return [text[found.start : found.end] for found in everyday_words.found_in(text)]


def stands(words, text):
    """Whether the words stand in a text's words in their order, SLOP others among them."""
    starts = (place for place, word in enumerate(text) if word == words[0])
    return any(_follow(words[1:], text[start + 1 :], SLOP) for start in starts)


def _follow(words, text, slop):
    return not words or any(
        text[skipped] == words[0] and _follow(words[1:], text[skipped + 1 :], slop - skipped)
        for skipped in range(min(slop + 1, len(text)))
    )


class Statutes:
    """The articles of the package, by words and by letters."""

    def __init__(self):
        policies = read_statutes(statutes_path()).policies
        self._texts = [a.text.lower() for policy in policies for a in policy.articles]
        self._words = [words_of(text) for text in self._texts]
        self._with = defaultdict(set)
        for place, words in enumerate(self._words):
            for word in words:
                self._with[word].add(place)

    def have(self, wording):
        words = words_of(wording)
        if len(words) == 1:
            return any(wording in text for text in self._texts)
        places = set.intersection(*(self._with.get(word, set()) for word in words))
        return any(stands(words, self._words[place]) for place in places)


def test_alternatives_are_spelt_out_and_brackets_may_stand_within_brackets():
    assert spellings("(不|没)发(工资|)") == ("不发工资", "不发", "没发工资", "没发")
    assert spellings("扣(我(的|)|)钱") == ("扣我的钱", "扣我钱", "扣钱")
    assert spellings("年假") == ("年假",)


def test_a_table_is_read_entry_by_entry_and_its_lines_may_end_anywhere():
    first, second = read(
        """
年假、(没|不)休
年假
  = 带薪年休假；
    年休假

婚假
  = 婚丧假
    """
    )
    assert first.said == ("年假", "没休年假")
    assert first.spellings == ("年假", "没休年假", "不休年假")
    assert first.meant == ("带薪年休假", "年休假")
    assert second.meant == ("婚丧假",)


@pytest.mark.parametrize(
    "text,terms",
    [
        ("公司不给我交社保", ["不给我交社保"]),
        ("没有给我们签合同", ["没有给我们签合同"]),
        ("试用期被裁了怎么办", ["试用期被裁"]),
        ("我没签合同，还被开除了", ["没签合同", "被开除"]),
        ("天天被pua", ["被pua"]),
        ("公司搞996", ["996"]),
        ("1996年进厂", []),
        ("an issue at hand", []),
        ("can i sue my boss", ["sue"]),
        ("扣了我三天的工资", ["扣了我三天的工资"]),
        ("扣他。三年工资", []),
        ("今天天气不错", []),
        ("", []),
    ],
)
def test_terms_are_found_whole_longest_first_and_fillers_do_not_matter(text, terms):
    assert told(text) == terms


def test_the_longer_term_wins_and_of_two_equals_the_earlier_entry():
    general, special, late = read("辞退\n  = 甲\n\n试用期辞退\n  = 乙\n\n辞退\n  = 丙\n    ")
    terms = Terms((general, special, late))
    assert [found.word for found in terms.found_in("试用期辞退和辞退")] == [special, general]
    assert len(terms) == 2


def test_every_spelling_is_read_as_its_own_entry():
    astray = {
        spelling
        for spelling, word in everyday_words.TERMS.items()
        if everyday_words.found_in(spelling) != ((0, len(spelling), word),)
    }
    assert astray == set()


def test_no_two_entries_claim_the_same_spelling():
    claims = defaultdict(list)
    for word in everyday_words.WORDS:
        for spelling in word.spellings:
            claims[spelling].append(word.said[0])
    assert {spelling: by for spelling, by in claims.items() if len(by) > 1} == {}


def test_entries_are_written_in_small_letters_and_have_room_for_no_accident():
    for word in everyday_words.WORDS:
        for spelling in word.spellings:
            head, gap, tail = spelling.partition(GAP)
            assert spelling == spelling.lower().strip(), spelling
            assert not set("()|；= \n").intersection(head + tail) or spelling.isascii(), spelling
            assert len(spelling) > 1, spelling
            assert not gap or (head and tail and GAP not in tail), spelling
        assert all(meaning.strip() == meaning != "" for meaning in word.meant), word.said


def test_terms_with_a_gap_are_found_with_something_in_it():
    for word in everyday_words.WORDS:
        for spelling in word.spellings:
            if GAP in spelling:
                assert everyday_words.found_in(spelling.replace(GAP, "某某")), spelling


def test_every_wording_stands_in_a_statute_or_in_a_named_regulation():
    statutes = Statutes()
    by_import = {row["wording"] for row in BY_IMPORT}
    wordings = {meaning for word in everyday_words.WORDS for meaning in word.meant}
    assert {w for w in wordings - by_import if not statutes.have(w)} == set()
    assert by_import <= wordings, "a wording that no entry has any more"


@pytest.mark.parametrize("row", BY_IMPORT, ids=lambda row: row["wording"])
def test_a_wording_of_a_regulation_is_what_its_term_means(row):
    for term in row["terms"].split("、"):
        assert row["wording"] in everyday_words.TERMS[term].meant, term


@settings(deadline=None)
@given(
    st.text(
        alphabet="被辞退公司不给没签合同工资加班仲裁多久钱试用期裁要我的扣工会员伤 ", max_size=500
    )
)
def test_terms_found_stand_one_after_the_other_within_the_text(text):
    places = [place for found in everyday_words.found_in(text) for place in found[:2]]
    assert places == sorted(places)
    assert all(0 <= place <= len(text) for place in places)
    assert all(found.start < found.end for found in everyday_words.found_in(text))


def test_the_questions_offered_are_many_and_differ():
    questions = everyday_words.QUESTIONS
    assert len(set(questions)) == len(questions) >= 140
    assert sum(question.isascii() for question in questions) >= 15


def test_a_gap_swallows_no_term_that_stands_by_itself():
    text = "老板拖欠工资不接电话"
    assert [text[found.start : found.end] for found in everyday_words.found_in(text)] == [
        "拖欠工资"
    ]
