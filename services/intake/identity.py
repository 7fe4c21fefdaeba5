"""Identity documents and social credit codes: which numbers can be real.

Sources: GB 11643-1999 (公民身份号码), GB 32100-2015 (统一社会信用代码), the residence permits of Hong
Kong, Macao and Taiwan residents (prefixes 810000, 820000, 830000), the foreign permanent resident
card (18 characters beginning with 9, before it 3 letters and 12 digits). The address code in a
number is never judged: abolished codes stay valid for life. Check characters are computed here, at
a tenth of the time of python-stdnum, to which the tests compare them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from operator import mul

from shared.errors import Text

ID_TYPES: Mapping[str, Text] = {
    "resident_id": Text("居民身份证", "Resident identity card"),
    "hmt_residence_permit": Text(
        "港澳台居民居住证", "Residence permit of a Hong Kong, Macao or Taiwan resident"
    ),
    "hmt_travel_permit": Text(
        "港澳台居民来往内地（大陆）通行证", "Mainland travel permit of such a resident"
    ),
    "foreign_permanent_residence": Text(
        "外国人永久居留身份证", "Foreign permanent resident identity card"
    ),
    "passport": Text("护照", "Passport"),
}

_NUMBER = re.compile(r"[0-9]{17}[0-9X]")
_TRAVEL_PERMIT = re.compile(
    r"[HM][0-9]{8}(?:[0-9]{2})?"  # Hong Kong and Macao; the last two count the cards issued
    r"|T?[0-9]{8}|[0-9]{10}[A-Z]?"  # Taiwan
)
_OLD_PERMANENT = re.compile(r"[A-Z]{3}[0-9]{12}")
_PASSPORT = re.compile(r"(?=.*[0-9])[A-Z0-9]{5,20}")
_HMT_PREFIXES = ("810000", "820000", "830000")

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_ZERO = ord("0") * sum(_WEIGHTS)
_CENTURY = "1900"

_USCC_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z
_USCC = re.compile(rf"[0-9]{{8}}[{_USCC_CHARACTERS}]{{10}}")
_USCC_VALUES = {character: value for value, character in enumerate(_USCC_CHARACTERS)}
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28, 1)


def identity_fault(id_type: str, number: str, today: date) -> str | None:
    """Code of what is wrong with a number in capitals without spaces; None if it can be real."""
    if id_type == "resident_id":
        return _numbered_fault(number, today)
    if id_type == "hmt_residence_permit":
        return _numbered_fault(number, today, _HMT_PREFIXES)
    if id_type == "foreign_permanent_residence":
        if _OLD_PERMANENT.fullmatch(number):
            return None
        return _numbered_fault(number, today, ("9",))
    shape = _TRAVEL_PERMIT if id_type == "hmt_travel_permit" else _PASSPORT
    return None if shape.fullmatch(number) else "id_format"


def _numbered_fault(number: str, today: date, prefixes: tuple[str, ...] = ("",)) -> str | None:
    if len(number) != 18:
        return "id_length"
    if not _NUMBER.fullmatch(number) or not number.startswith(prefixes):
        return "id_format"
    if check_character(number[:17]) != number[17]:
        return "id_checksum"
    born = _date_within(number)
    if born is None or born > today or number[6:10] < _CENTURY:
        return "id_birth_date"
    return None


def check_character(digits: str) -> str:
    """ISO 7064 MOD 11-2 check character of 17 plain digits."""
    return _CHECK_CHARACTERS[(sum(map(mul, _WEIGHTS, digits.encode())) - _ZERO) % 11]


def birth_date(id_type: str | None, number: str | None) -> date | None:
    """The birth date that a valid number of 18 characters states, None for other documents."""
    if id_type in (None, "passport", "hmt_travel_permit") or number is None or len(number) != 18:
        return None
    return _date_within(number)


def _date_within(number: str) -> date | None:
    try:
        return date.fromisoformat(number[6:14])
    except ValueError:
        return None


def uscc_fault(code: str) -> str | None:
    """Code of what is wrong with a social credit code in capitals without spaces, or None."""
    if len(code) != 18:
        return "uscc_length"
    if not _USCC.fullmatch(code):
        return "uscc_format"
    if sum(map(mul, _USCC_WEIGHTS, map(_USCC_VALUES.__getitem__, code))) % 31:
        return "uscc_checksum"
    return None
