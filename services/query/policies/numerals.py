"""Numbers as laws write them: 四十七, 第一百二十条之一; pure."""

from __future__ import annotations

import re

_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
NUMERAL = "零〇一二两三四五六七八九十百千"
_NUMBER = re.compile(
    rf"第?\s*(?P<main>\d{{1,4}}|[{NUMERAL}]{{1,9}})\s*条?"
    rf"(?:\s*(?:之|-)\s*(?P<sub>\d{{1,2}}|[{NUMERAL}]{{1,3}}))?"
)


def article_number(written: str) -> str | None:
    """The key of an article number however it is written; None for no number.

    47, 四十七, 第47条 and 第四十七条 give "47", 第一百二十条之一 gives "120-1".
    """
    match = _NUMBER.fullmatch(written.strip())
    if match is None:
        return None
    main, sub = numeral_value(match["main"]), numeral_value(match["sub"] or "")
    if not main:
        return None
    return f"{main}-{sub}" if sub else str(main)


def numeral_value(numeral: str) -> int | None:
    """The value of an Arabic or Chinese numeral below 10,000, None for an empty one."""
    if not numeral:
        return None
    if numeral.isdecimal():
        return int(numeral)
    if not any(character in _UNITS for character in numeral):  # 一二七 read digit by digit
        return int("".join(str(_DIGITS[character]) for character in numeral))
    total, digit = 0, 0
    for character in numeral:
        if character in _UNITS:
            total += (digit or 1) * _UNITS[character]
            digit = 0
        else:
            digit = _DIGITS[character]
    return total + digit


def numeral(value: int) -> str:
    """The Chinese numeral of 1 to 9,999: 47 gives 四十七, 110 gives 一百一十."""
    written, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, unit)
        if digit:
            written += ("零" if gap and written else "") + "零一二三四五六七八九"[digit] + name
        gap = not digit
    return written.removeprefix("一") if written.startswith("一十") else written


def article_label(number: str) -> str:
    """The printed form of a key: "120-1" gives 第一百二十条之一."""
    main, _, sub = number.partition("-")
    return f"第{numeral(int(main))}条" + (f"之{numeral(int(sub))}" if sub else "")
