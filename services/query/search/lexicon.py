"""The words a question may mean, found by how they sound, by their initials, by most of their
characters: made once with the index, looked up in microseconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from services.query.search import sounds

LONGEST_WORD = 16
LEAST_FOR_LIKENESS = 4
"""Characters from which on a word is recognised with one of them wrong, missing or too many."""

LEAST_INITIALS = 3


class Lexicon:
    """Words of people and of the law, the more telling before the less: where two sound alike, the
    earlier is meant. Only `law` words are recognised with a character wrong.
    """

    def __init__(self, law: Sequence[str], words: Iterable[str]) -> None:
        law = tuple(dict.fromkeys(filter(_is_plain, law)))
        self.law = frozenset(law)
        self._by_sound: dict[str, str] = {}
        self._by_loose_sound: dict[str, str] = {}
        self._by_initials: dict[str, str] = {}
        parts: dict[str, list[str]] = defaultdict(list)
        for word in law:
            if len(word) >= LEAST_FOR_LIKENESS:
                parts[word[: len(word) // 2] + "-"].append(word)
                parts["-" + word[len(word) // 2 :]].append(word)
        self._by_part: Mapping[str, tuple[str, ...]] = {k: tuple(v) for k, v in parts.items()}
        heard = [(word, sounds.readings(word)) for word in (*law, *filter(_is_plain, words))]
        for word, readings in heard:
            self._hear(word, readings[:1])
        for word, readings in heard:
            self._hear(word, readings[1:])

    def _hear(self, word: str, readings: Iterable[sounds.Syllables]) -> None:
        for syllables in readings:
            self._by_sound.setdefault("".join(syllables), word)
            if len(syllables) >= LEAST_INITIALS:
                self._by_loose_sound.setdefault(sounds.loosened(syllables), word)
                self._by_initials.setdefault(sounds.initials(syllables), word)

    def sounding(self, letters: str) -> str | None:
        """The word with this pinyin, written without spaces."""
        return self._by_sound.get(letters)

    def sounding_like(self, syllables: sounds.Syllables) -> str | None:
        """The word with nearly this pinyin, as many speakers do not tell zh from z."""
        return self._by_loose_sound.get(sounds.loosened(syllables))

    def with_initials(self, letters: str) -> str | None:
        """The word with these initials."""
        return self._by_initials.get(letters)

    def homophone(self, piece: str) -> str | None:
        """The word that sounds like a piece of text and is as long: one of two characters exactly
        like it as mostly read, a longer one nearly.
        """
        for syllables in sounds.readings(piece)[: 1 if len(piece) < LEAST_INITIALS else None]:
            letters = "".join(syllables)
            word = self._by_sound.get(letters) or self.sounding_like(syllables)
            if word and len(word) == len(piece):
                return word
        return None

    def alike(self, piece: str) -> str | None:
        """The word of the law from which a piece of text differs in one character within: wrong,
        missing or one too many. One of the halves of the word stands unchanged then.
        """
        size = len(piece)
        for length in (size, size + 1, size - 1):
            half = length // 2
            keys = (piece[:half] + "-", "-" + piece[size - (length - half) :])
            for word in (word for key in keys for word in self._by_part.get(key, ())):
                ends_alike = (word[0], word[-1]) == (piece[0], piece[-1])
                if len(word) == length and ends_alike and _is_one_off(piece, word):
                    return word
        return None


def _is_plain(word: str) -> bool:
    return 1 < len(word) <= LONGEST_WORD and all("\u4e00" <= c <= "\u9fff" for c in word)


def _is_one_off(piece: str, word: str) -> bool:
    """Whether one character wrong, missing or too many makes the difference."""
    start = _common(piece, word)
    rest_piece, rest_word = piece[start:], word[start:]
    if len(piece) == len(word):
        return rest_piece[1:] == rest_word[1:]
    longer, shorter = sorted((rest_piece, rest_word), key=len, reverse=True)
    return longer[1:] == shorter


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many first characters are the same."""
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return place
    return min(len(one), len(other))
