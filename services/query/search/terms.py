"""Everyday terms in a question: as they stand in the dictionary, and with their words apart or in
another order (赢了仲裁，公司还是不给钱 is 仲裁赢了不给钱).

A term is found by its rarest word, so a question costs one look a word and no pattern is run.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from services.query.search import everyday_words
from services.query.search.everyday_words import EverydayWord

LEAST_TELLING = 4
"""Characters that the words of a term have together, for it to be found scattered."""

FARTHEST = 5
"""Words from the first to the last word of a scattered term."""

MOST_WORDS = 4
MOST_SCATTERED = 3

Segment = Callable[[str], list[str]]

_NOT = "不"
_NEGATIONS = frozenset({"不", "没", "没有", "未", "别", "不能", "不给", "不让", "无", "拒绝"})


class Term(NamedTuple):
    """A term of the dictionary in a text: the places it takes, as written there or, when its words
    are scattered, in the dictionary.
    """

    places: frozenset[int]
    said: str
    meant: tuple[str, ...]


def terms_in(text: str, segment: Segment) -> list[Term]:
    """The terms of a text in simplified characters and small letters; none share a place."""
    found = [
        Term(frozenset(range(f.start, f.end)), text[f.start : f.end], f.word.meant)
        for f in everyday_words.found_in(text)
    ]
    scattered: list[Term] = []
    for term in _table(segment).scattered_in(_words(text, segment)):
        shorter = [other for other in found if other.places & term.places]
        if any(len(other.places) >= len(term.places) for other in shorter):
            continue
        if not any(other.places & term.places for other in scattered):
            scattered.append(term)
            found = [other for other in found if other not in shorter]
        if len(scattered) == MOST_SCATTERED:
            break
    return found + scattered


class _Word(NamedTuple):
    """A telling word of a text; every negation is the same."""

    text: str
    start: int
    end: int


def _words(text: str, segment: Segment) -> list[_Word]:
    words, start = [], 0
    for word in segment(text):
        end = start + len(word)
        if word in _NEGATIONS:
            words.append(_Word(_NOT, start, end))
        elif word[0].isalnum() and word not in everyday_words.FUNCTION_WORDS:
            words.append(_Word(word, start, end))
        start = end
    return words


class _Table:
    """Terms of two words and more by their rarest word."""

    def __init__(self, terms: Mapping[str, EverydayWord], segment: Segment) -> None:
        parts: dict[frozenset[str], str] = {}
        for term in terms:
            words = frozenset(word.text for word in _words(term, segment))
            telling = sum(len(word) for word in words - everyday_words.CONTEXT_WORDS)
            if 1 < len(words) <= MOST_WORDS and telling >= LEAST_TELLING:
                parts.setdefault(words, term)
        spread = Counter(word for words in parts for word in words)
        self._terms = terms
        self._by_rarest: dict[str, list[tuple[frozenset[str], str]]] = defaultdict(list)
        for words, term in parts.items():
            self._by_rarest[min(words, key=lambda w: (spread[w], w))].append((words, term))

    def scattered_in(self, words: Sequence[_Word]) -> list[Term]:
        """The terms whose words all stand close to each other; those with most characters, then
        the closest first.
        """
        where: dict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(words):
            where[word.text].append(place)
        found = []
        for rarest, at in where.items():
            for parts, term in self._by_rarest.get(rarest, ()):
                if parts <= where.keys():
                    found += [(chosen, term) for chosen in _close(parts, where, at)]
        terms = [
            (chosen[-1] - chosen[0], self._term(words, chosen, term)) for chosen, term in found
        ]
        return [term for _, term in sorted(terms, key=lambda t: (-len(t[1].places), t[0]))]

    def _term(self, words: Sequence[_Word], chosen: Sequence[int], term: str) -> Term:
        taken = (range(words[place].start, words[place].end) for place in chosen)
        return Term(frozenset(p for places in taken for p in places), term, self._terms[term].meant)


def _close(
    parts: frozenset[str], where: Mapping[str, list[int]], at: Sequence[int]
) -> Iterator[list[int]]:
    """Places of the parts around each place of the rarest, where they are close together."""
    for middle in at:
        places = sorted(min(where[part], key=lambda p: abs(p - middle)) for part in parts)
        if places[-1] - places[0] <= FARTHEST:
            yield places


@cache
def _table(segment: Segment) -> _Table:
    chinese = {term: word for term, word in everyday_words.TERMS.items() if not term.isascii()}
    return _Table(chinese, segment)
