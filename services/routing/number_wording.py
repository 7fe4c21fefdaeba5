"""How case numbers are written: 济历劳人调〔2026〕第12号.

The prefix names the organisation: the first characters of its city and county (and township), then
a word for its kind. Where another has it, more of the names is written, until it is unique.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from shared.divisions import chain

KIND_WORDS: Final[Mapping[str, str]] = {
    "enterprise_committee": "企调",
    "peoples_mediation": "人调",
    "township": "劳调",
    "county": "劳人调",
    "city": "劳人调",
    "province": "劳人调",
    "women_workers_station": "女劳人调",
    "industry": "行调",
    "union": "工调",
}
"""What a number says of the kind of organisation."""

_DIGITS: Final = "零一二三四五六七八九"
_MOST_ALIKE: Final = 1000


def wording(prefix: str, year: int, sequence: int) -> str:
    """The case number as it is written: year in tortoise-shell brackets, no leading zeros."""
    return f"{prefix}〔{year}〕第{sequence}号"


def prefixes(kind: str, division: str) -> Iterator[str]:
    """Prefixes that an organisation of this kind and place may have, the shortest first, each once;
    at last the full name of the place with a number, for organisations alike in everything.
    """
    word = KIND_WORDS[kind]
    names = _names(division)
    full = "".join(names)
    yield from dict.fromkeys(f"{place}{word}" for place in (*_shortened(names), full))
    yield from (f"{full}{_number(n)}{word}" for n in range(2, _MOST_ALIKE))


def _names(division: str) -> list[str]:
    """Names of the place from the province down."""
    return [d.short_name for d in reversed(chain(division))]


def _shortened(names: list[str]) -> Iterator[str]:
    """The place in few characters: without its province if it lies in a city or county of it."""
    near = names[1:] if len(names) > 1 and not names[0].endswith("市") else names
    yield "".join(name[0] for name in near)
    for length in (2, 3):
        yield "".join([*(name[0] for name in near[:-1]), *(name[:length] for name in near[-1:])])
    yield "".join(name[:2] for name in near)
    yield "".join(name[:2] for name in names)


def _number(number: int) -> str:
    return "".join(_DIGITS[int(digit)] for digit in str(number))
