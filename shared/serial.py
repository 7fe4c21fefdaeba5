"""The serial number (流水号): 16 digits that people read from a screen, dictate and type.

`YY` of the year, 12 random digits, 2 check digits by ISO 7064 MOD 97-10 over the first 14. What
the check digits guarantee, because 97 is prime and 10 generates its multiplicative group:

- every substitution of one digit is detected;
- every transposition of two different digits is detected, adjacent or any distance apart;
- every twin error (`aa` typed as `bb`) is detected, adjacent or one digit apart;
- any other mistake passes with a chance of about 1 in 97.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Callable
from typing import Literal

from shared.errors import Text

LENGTH = 16
RANDOM_DIGITS = 12
FIRST_YEAR, LAST_YEAR = 2000, 2099

FaultKind = Literal["characters", "length", "check_digits"]

FAULTS: dict[FaultKind, Text] = {
    "characters": Text(
        "流水号只能包含数字，请核对", "A serial number has digits only, please check"
    ),
    "length": Text("流水号应为16位数字，请核对", "A serial number has 16 digits, please check"),
    "check_digits": Text(
        "流水号有误，请逐位核对", "A digit of the serial number is wrong, please check each"
    ),
}

_LONGEST_INPUT = 200  # characters; far beyond 16 digits with separators, far below a burden

_CHINESE_DIGITS = {
    character: str(digit)
    for digit, characters in enumerate(
        # formal, everyday, traditional and spoken forms (幺 for one on the phone, 两 for two)
        (
            "〇零○◯",
            "一壹弌幺么",
            "二贰貳弍两兩",
            "三叁參弎",
            "四肆",
            "五伍",
            "六陆陸",
            "七柒",
            "八捌",
            "九玖",
        )
    )
    for character in characters
}

_SEPARATOR_CATEGORIES = {"Zs", "Zl", "Zp", "Pd", "Cf"}  # spaces, dashes, zero-width characters
_OTHER_SEPARATORS = frozenset("\t\r\n\v\f\u2212\u30fc")  # controls, the minus sign, the kana bar


class SerialFault(ValueError):
    """A text is no serial number; `kind` says why. The text itself is never repeated."""

    def __init__(self, kind: FaultKind) -> None:
        super().__init__(kind)
        self.kind: FaultKind = kind

    @property
    def message(self) -> Text:
        return FAULTS[self.kind]


def check_digits(body: str) -> str:
    """The two check digits, 02 to 98, of a string of ASCII digits (ISO 7064 MOD 97-10)."""
    return f"{98 - int(body) * 100 % 97:02d}"


def new_serial(year: int, digits: str) -> str:
    """The serial number of a year (2000 to 2099) and 12 random digits; ValueError for others."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError("year out of range")
    if len(digits) != RANDOM_DIGITS or not _only_digits(digits):
        raise ValueError("12 digits expected")
    body = f"{year % 100:02d}{digits}"
    return body + check_digits(body)


def draw(year: int, randbelow: Callable[[int], int] = secrets.randbelow) -> str:
    """A serial number nobody can guess; unique only by the index that stores it."""
    return new_serial(year, f"{randbelow(10**RANDOM_DIGITS):0{RANDOM_DIGITS}d}")


def is_valid(serial: str) -> bool:
    """Whether these are 16 ASCII digits with the right check digits.

    Recomputed, not reduced modulo 97: 00, 01 and 99 would pass a reduction although no serial
    number ever ends in them.
    """
    return (
        len(serial) == LENGTH and _only_digits(serial) and check_digits(serial[:-2]) == serial[-2:]
    )


def display(serial: str) -> str:
    """The form for eyes and voices, `2634 6268 8508 6477`."""
    return " ".join(serial[start : start + 4] for start in range(0, len(serial), 4))


def parse(text: str) -> str:
    """The 16 digits of what somebody typed; raise SerialFault for anything else.

    Spaces and dashes of every kind are skipped; full-width and other scripts' digits and Chinese
    numerals (〇一二, 零壹贰, spoken 幺 and 两) are read digit by digit.
    """
    if len(text) > _LONGEST_INPUT:
        raise SerialFault("length")
    serial = "".join(_digit(character) for character in text if not _is_separator(character))
    if len(serial) != LENGTH:
        raise SerialFault("length")
    if not is_valid(serial):
        raise SerialFault("check_digits")
    return serial


def _digit(character: str) -> str:
    chinese = _CHINESE_DIGITS.get(character)
    if chinese is not None:
        return chinese
    value = unicodedata.decimal(character, None)
    if value is None:
        raise SerialFault("characters")
    return str(value)


def _is_separator(character: str) -> bool:
    return (
        character in _OTHER_SEPARATORS or unicodedata.category(character) in _SEPARATOR_CATEGORIES
    )


def _only_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
