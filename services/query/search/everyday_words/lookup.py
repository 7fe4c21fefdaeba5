"""Finding everyday terms in a text: the longest at each place, in time linear in the text.

Fillers between the characters of a term do not matter: 不给我交社保 is 不交社保. Where a term has a
gap (扣…工资) a few characters of any kind may stand: 扣我三天的工资. No pattern runs over what people
type, so none can run away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from services.query.search.everyday_words.entries import EverydayWord

GAP = "…"

_FILLERS = frozenset("我们咱俺你您他她的了给帮 ")
_BEGINNING = 2  # every term has so many characters at least
_WIDEST_GAP = 6
_LEAST_SWALLOWED = 3  # characters of a term that a gap may not hold
_STOPS = frozenset("，。！？；：,.!?;:")


_Tails: TypeAlias = dict[str, list[tuple[str, EverydayWord]]]
"""What ends a term after its gap, by the first character."""


class Found(NamedTuple):
    """A term in a text, from `start` up to and without `end`."""

    start: int
    end: int
    word: EverydayWord


class Terms(Mapping[str, EverydayWord]):
    """Every spelling of every term; terms with a gap are found in texts but not listed. Of two
    entries that claim a spelling the earlier has it.
    """

    def __init__(self, words: Iterable[EverydayWord]) -> None:
        self._words: dict[str, EverydayWord] = {}
        self._gapped: dict[str, dict[str, _Tails]] = {}  # by heads' first characters, by heads
        for word in words:
            for spelling in word.spellings:
                if GAP in spelling:
                    head, _, tail = _bare(spelling).partition(GAP)
                    tails = self._gapped.setdefault(head[0], {}).setdefault(head, {})
                    tails.setdefault(tail[0], []).append((tail, word))
                else:
                    self._words.setdefault(spelling, word)
        literal = {term for term in self._words if _is_literal(term)}
        self._literal = _lengths(literal)
        self._loose = _lengths(self._words.keys() - literal)

    def __getitem__(self, spelling: str) -> EverydayWord:
        return self._words[spelling]

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)

    def found_in(self, text: str) -> tuple[Found, ...]:
        """The terms in a text in simplified characters and small letters; none overlap."""
        kept = [place for place, character in enumerate(text) if character not in _FILLERS]
        bare = _bare(text)
        found: list[Found] = []
        end = 0
        for place, start in enumerate(kept):
            if start < end:
                continue
            loose = self._loose.get(bare[place : place + _BEGINNING])
            literal = self._literal.get(text[start : start + _BEGINNING])
            heads = self._gapped.get(bare[place])
            if not (loose or literal or heads):
                continue
            size, word = self._in_bare(bare, place, loose or (), heads or {})
            if word:
                end = kept[place + size - 1] + 1
            term = self._longest(text, start, literal or ())
            literal_end = start + len(term)
            if term and literal_end >= end and _is_whole(text, start, literal_end):
                word, end = self._words[term], literal_end
            if word:
                found.append(Found(start, end, word))
        return tuple(found)

    def _in_bare(
        self, bare: str, place: int, lengths: Sequence[int], heads: Mapping[str, _Tails]
    ) -> tuple[int, EverydayWord | None]:
        """How long the longest term is that begins there in a text without fillers, and its entry."""
        term = self._longest(bare, place, lengths)
        size, word = len(term), self._words.get(term)
        for head, tails in heads.items():
            if bare.startswith(head, place):
                first = place + len(head)
                end, gapped = _nearest(tails, bare, first)
                if end - place > size and not self._holds_term(bare, first, end):
                    size, word = end - place, gapped
        return size, word

    def _holds_term(self, bare: str, first: int, end: int) -> bool:
        """Whether a term stands by itself between: a gap would swallow what is asked about."""
        for place in range(first, end - _LEAST_SWALLOWED):
            lengths = self._loose.get(bare[place : place + _BEGINNING], ())
            term = self._longest(bare, place, lengths)
            if _LEAST_SWALLOWED <= len(term) < end - place:
                return True
        return False

    def _longest(self, text: str, start: int, lengths: Sequence[int]) -> str:
        """The longest term of one of the lengths, longest first, that begins there, or nothing."""
        for length in lengths:
            if (term := text[start : start + length]) in self._words:
                return term
        return ""


def _nearest(tails: _Tails, bare: str, first: int) -> tuple[int, EverydayWord | None]:
    """Where the first tail ends that begins within the gap, no sentence being left, and its entry."""
    for at, character in enumerate(bare[first : first + _WIDEST_GAP + 1], first):
        matching = [one for one in tails.get(character, ()) if bare.startswith(one[0], at)]
        if matching:
            tail, word = max(matching, key=lambda one: len(one[0]))
            return at + len(tail), word
        if character in _STOPS:
            break
    return 0, None


def _lengths(terms: Iterable[str]) -> dict[str, list[int]]:
    """How long the terms with a beginning are, so that most places of a text cost one look."""
    lengths: dict[str, set[int]] = {}
    for term in terms:
        lengths.setdefault(term[:_BEGINNING], set()).add(len(term))
    return {beginning: sorted(known, reverse=True) for beginning, known in lengths.items()}


def _bare(text: str) -> str:
    return "".join([character for character in text if character not in _FILLERS])


def _is_literal(term: str) -> bool:
    """Whether fillers and spaces count: a filler belongs to the term, or it is not Chinese alone."""
    return any(character.isascii() or character in _FILLERS for character in term)


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether no Latin word or number is cut in two: 996 is not in 1996, nor sue in issue."""
    return not (_joins(text[max(start - 1, 0) : start + 1]) or _joins(text[end - 1 : end + 1]))


def _joins(pair: str) -> bool:
    return len(pair) > 1 and pair.isascii() and pair.isalnum()
