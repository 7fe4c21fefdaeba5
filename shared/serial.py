"""The serial number (流水号): 16 digits that people read from a screen, dictate and type.

`YY` of the year, 12 random digits, 2 check digits by ISO 7064 MOD 97-10 over the first 14. What
the check digits guarantee, because 97 is prime and 10 generates its multiplicative group:

- every substitution of one digit is detected;
- every transposition of two different digits is detected, adjacent or any distance apart;
- every twin error (`aa` typed as `bb`) is detected, adjacent or one digit apart;
- any other mistake passes with a chance of about 1 in 97.

How it is read from what people type: `shared.typed_serial`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

LENGTH = 16
RANDOM_DIGITS = 12
FIRST_YEAR, LAST_YEAR = 2000, 2099


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


def _only_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
