"""What a question was meant to say: pinyin written out, wrong characters and letters put right.

Only what the library does not know is touched, and only where a known word is one step away; what
was made of a question is told with the answer. Bounded: a question has at most MAX_LENGTH
characters, a run of pinyin MAX_LETTERS letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import NamedTuple

from services.query.search import sounds
from services.query.search.lexicon import LEAST_FOR_LIKENESS, LEAST_INITIALS, Lexicon

MAX_LETTERS = 80
LONGEST_SOUND = 40
LONGEST_PIECE = 8

Segment = Callable[[str], list[str]]

_LATIN = re.compile(r"[a-z][a-z' ]*[a-z]|[a-z]")
_CHINESE = re.compile(r"[\u4e00-\u9fff]{2,}")
_ARTICLE_SOUNDS = {"di": "第", "tiao": "条", "kuan": "款", "fa": "法"}
_EXPLAINED = 0.6  # of the letters of a run, for it to be pinyin
_LEAST_ENGLISH = 5  # letters from which on an English word is put right


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What is right as it is: `english` words; `asking` ones of Chinese that carry no subject;
    `everyday(text)`, pieces of a text from a place up to another.
    """

    english: Collection[str]
    asking: Collection[str]
    everyday: Callable[[str], Iterable[tuple[int, int]]]
    segment: Segment


class Corrector:
    """Reads questions over one library."""

    def __init__(self, lexicon: Lexicon, vocabulary: Vocabulary) -> None:
        self._lexicon = lexicon
        self._vocabulary = vocabulary
        self._asking = {
            "".join(syllables): word
            for word in sorted(vocabulary.asking, key=len)
            for syllables in sounds.readings(word)[:2]
        } | _ARTICLE_SOUNDS

    def corrected(self, text: str) -> str:
        """The question as it was meant; itself where nothing is to be put right."""
        written_out = _LATIN.sub(self._latin, text)
        return _CHINESE.sub(lambda found: self._chinese(found[0]), written_out)

    def _latin(self, found: re.Match[str]) -> str:
        """A run of letters: English, pinyin or initials, whichever explains it best."""
        words = found[0].replace("'", "").split()
        letters = "".join(words)
        if len(letters) < 2 or len(letters) > MAX_LETTERS:
            return found[0]
        english = sum(len(word) for word in words if word in self._vocabulary.english)
        spoken = _best_reading(letters, self._sound)
        if spoken.telling > english or (spoken.covered and not english):
            written = _written(words, spoken)
            if written:
                return written
        if not english:
            word = self._lexicon.with_initials(letters) or self._misspelt_sound(letters)
            if word:
                return word
        return " ".join(self._english(word) for word in found[0].split())

    def _sound(self, letters: str) -> tuple[str, bool] | None:
        """What letters say, and whether it is a subject."""
        word = self._lexicon.sounding(letters)
        if word:
            return word, True
        word = self._asking.get(letters)
        return (word, False) if word else None

    def _misspelt_sound(self, letters: str) -> str | None:
        """A question in pinyin with one letter wrong, missing, too many or in the wrong place."""
        if not LEAST_FOR_LIKENESS < len(letters) <= LONGEST_SOUND:
            return None
        for one_off in _one_letter_off(letters):
            word = self._lexicon.sounding(one_off)
            if word:
                return word
        for swapped in _swapped(letters):
            reading = _best_reading(swapped, self._sound)
            if reading.covered == len(letters) and reading.telling:
                return "".join(word for _, _, word in reading.pieces)
        return None

    def _english(self, word: str) -> str:
        if len(word) < _LEAST_ENGLISH or word in self._vocabulary.english:
            return word
        variants = _one_letter_off(word, wrong=False)  # charge is no change
        return next((variant for variant in variants if variant in self._vocabulary.english), word)

    def _chinese(self, text: str) -> str:
        """A run of Chinese in which pieces that are no words here are put right, the longest
        pieces first.
        """
        tokens = self._tokens(text)
        if not any(token.is_single for token in tokens):
            return text
        written, place = "", 0
        while place < len(tokens):
            word, end = self._meant(tokens, place)
            written += word
            place = end
        return written

    def _tokens(self, text: str) -> list[_Token]:
        """The words of a text, with those that may be mistakes: single characters that stand
        outside of everyday terms, above all those that mean nothing by themselves.
        """
        right = {place for piece in self._vocabulary.everyday(text) for place in range(*piece)}
        tokens, place = [], 0
        for token in self._vocabulary.segment(text):
            is_single = len(token) == 1 and place not in right
            is_doubtful = is_single and token not in self._vocabulary.asking
            tokens.append(_Token(token, is_single, is_doubtful))
            place += len(token)
        return tokens

    def _meant(self, tokens: Sequence[_Token], place: int) -> tuple[str, int]:
        """What the longest piece that begins there is meant to say, and where it ends."""
        for end in range(min(len(tokens), place + LONGEST_PIECE), place, -1):
            pieces = tokens[place:end]
            piece = "".join(token.text for token in pieces)
            if not 2 <= len(piece) <= LONGEST_PIECE or not any(t.is_single for t in pieces):
                continue
            word = self._lexicon.homophone(piece)
            if word == piece:
                return piece, end
            if word and self._may_be_meant(word, pieces):
                return word, end
            if any(token.is_doubtful for token in pieces):
                word = self._lexicon.alike(piece)
                if word:
                    return word, end
        return tokens[place].text, place + 1

    def _may_be_meant(self, word: str, pieces: Sequence[_Token]) -> bool:
        """Whether a word that sounds alike is meant: a longer one of the law, or one in which only
        doubtful characters are others; a short one where all are doubtful.
        """
        if len(word) >= LEAST_FOR_LIKENESS and word in self._lexicon.law:
            return True
        doubtful = [token.is_doubtful for token in pieces for _ in token.text]
        if len(word) < LEAST_INITIALS:
            return all(doubtful)
        typed = "".join(token.text for token in pieces)
        return all(d or a == b for a, b, d in zip(typed, word, doubtful, strict=True))


class _Token(NamedTuple):
    text: str
    is_single: bool
    is_doubtful: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    """Pinyin written out: the words with the letters that each explains; so many letters are
    `covered`, so many of them by subjects.
    """

    pieces: tuple[tuple[int, int, str], ...] = ()
    covered: int = 0
    telling: int = 0


def _best_reading(letters: str, sound: Callable[[str], tuple[str, bool] | None]) -> _Reading:
    """Written out with as few letters unexplained, then as few words as can be."""
    best = [_Reading()]
    for end in range(1, len(letters) + 1):
        choices = [best[-1]]
        for start in range(max(0, end - LONGEST_SOUND), end - 1):
            said = sound(letters[start:end])
            if said:
                before, (word, telling), size = best[start], said, end - start
                pieces = (*before.pieces, (start, end, word))
                choices.append(
                    _Reading(pieces, before.covered + size, before.telling + size * telling)
                )
        best.append(max(choices, key=lambda r: (r.covered, -len(r.pieces), r.telling)))
    return best[-1]


def _written(words: Sequence[str], reading: _Reading) -> str | None:
    """The words as typed with those written out that the reading explains to the last letter; None
    when most is not explained.
    """
    explained = {place for start, end, _ in reading.pieces for place in range(start, end)}
    starts = {start: (end, word) for start, end, word in reading.pieces}
    written, place, left, most = "", 0, 0, sum(map(len, words))
    for word in words:
        end = place + len(word)
        if not explained.issuperset(range(place, end)):
            written += f" {word} "
            left += len(word)
        else:
            written += "".join(starts[at][1] for at in range(place, end) if at in starts)
        place = end
    return written.strip() if left <= most * (1 - _EXPLAINED) else None


def _one_letter_off(word: str, *, wrong: bool = True) -> list[str]:
    """Every word with one letter swapped with the next, missing or added, or `wrong`."""
    splits = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    return [
        *_swapped(word),
        *(left + right[1:] for left, right in splits if right),
        *(left + letter + right for left, right in splits for letter in ascii_lowercase),
        *(
            left + letter + right[1:]
            for left, right in splits
            for letter in ascii_lowercase
            if wrong and right
        ),
    ]


def _swapped(word: str) -> Sequence[str]:
    return [
        word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        for place in range(len(word) - 1)
    ]
