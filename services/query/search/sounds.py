"""Pinyin of words, without tones: for what is typed by sound, and for characters that sound alike.

Readings are those of single characters, from pypinyin's table: a word has the combinations of the
two commonest of each. So neither its phrase dictionary (tens of MiB) nor its code is loaded.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import unicodedata
from functools import cache, lru_cache
from itertools import islice, product
from pathlib import Path

import orjson

from shared.errors import Permanent

MAX_READINGS = 8
"""Combinations of readings of a word that are looked at."""

Syllables = tuple[str, ...]

_COMMON = range(0x4E00, 0xA000)
_ALIKE = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_FINAL_G = re.compile("(?<=[aei]n)g$")
_TWO_DOTS = "\u0308"

_AS_MOSTLY_SAID = {
    "调": "tiao", "长": "chang", "合": "he", "行": "xing", "重": "zhong", "还": "hai", "得": "de",
    "了": "le", "没": "mei", "不": "bu", "和": "he", "会": "hui", "参": "can", "单": "dan",
    "假": "jia", "差": "cha", "给": "gei", "数": "shu", "处": "chu", "传": "chuan", "任": "ren",
    "女": "nv", "率": "lv", "车": "che", "朝": "chao", "属": "shu", "降": "jiang", "薄": "bo",
}  # fmt: skip
"""Characters whose reading in these texts is not the first of the table."""


def readings(word: str) -> tuple[Syllables, ...]:
    """Syllables of the word, one reading after the other, the commonest first; none when a
    character of it has no sound.
    """
    each = [_table().get(character, ()) for character in word]
    return tuple(islice(product(*each), MAX_READINGS)) if word and all(each) else ()


def loosened(syllables: Syllables) -> str:
    """Joined, with what many speakers do not tell apart made one: zh z, ch c, sh s, -ing -in."""
    return "".join(map(_loose, syllables))


def initials(syllables: Syllables) -> str:
    return "".join(syllable[0] for syllable in syllables)


@cache
def known() -> frozenset[str]:
    """Every syllable there is."""
    return frozenset(sound for sounds in _table().values() for sound in sounds)


@lru_cache(maxsize=1024)
def _loose(syllable: str) -> str:
    for wide, narrow in _ALIKE:
        if syllable.startswith(wide):
            syllable = narrow + syllable[len(wide) :]
    return _FINAL_G.sub("", syllable)


@cache
def _table() -> dict[str, Syllables]:
    """The readings of each character in use."""
    spec = importlib.util.find_spec("pypinyin")
    if spec is None or spec.origin is None:
        raise Permanent("pinyin_absent: the package pypinyin is not installed")
    written: dict[str, str] = orjson.loads(
        Path(spec.origin).with_name("pinyin_dict.json").read_bytes()
    )
    return {
        character: _sounds(character, written[str(code)].split(","))
        for code in _COMMON
        if str(code) in written
        for character in [chr(code)]
    }


def _sounds(character: str, written: list[str]) -> Syllables:
    first = _AS_MOSTLY_SAID.get(character)
    plain = [_plain(sound) for sound in written]
    return tuple(dict.fromkeys([first, *plain] if first else plain))[:2]


@lru_cache(maxsize=2048)
def _plain(sound: str) -> str:
    """The syllable without its tone, ü as v."""
    parts = unicodedata.normalize("NFD", sound)
    letters = parts.replace("u" + _TWO_DOTS, "v")
    return sys.intern("".join(c for c in letters if c.isascii() and c.isalpha()))
