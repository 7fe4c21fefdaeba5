"""The serial number in what somebody typed, dictated or pasted: found whole, or a SerialFault.

Read are, between the digits, spaces, dashes and line breaks of every kind; full-width digits and
those of other scripts; Chinese numerals one by one (〇一二, 零壹贰, spoken 幺 两 洞 拐 勾); English
ones (two, oh, double six); o for 0 and l for 1 beside digits; and whatever words stand around: a
label, a message, an address. What is read is exactly the digits that are there: nothing is guessed,
left out or put right, and a number is taken only if it is the one right number in the text.

The text becomes a string of marks first, one for each thing it says, and the rest is patterns:

    0-9  a digit                 +  ten, hundred, 千: a number that is not read digit by digit
    _    a space or a dash       ,  other punctuation, a line break
    d t  2, 3 times the next     w  a word      x  any other character
    !  a character that no text has: nobody typed it, so nothing is read beside it
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from shared import serial
from shared.serial_faults import SerialFault, likely_mistakes

LONGEST: Final = 500  # characters: a long message in full, far below a burden
_NEARLY: Final = 12  # digits from which a run is taken for a mistyped number
_FEW: Final = 4  # digits below which nothing looks like one

_CHINESE: Final = {
    character: str(digit)
    for digit, characters in enumerate(
        # formal, everyday, traditional, and as read out on the phone
        (
            "〇零○◯洞",
            "一壹弌幺么",
            "二贰貳弍两兩",
            "三叁參弎",
            "四肆",
            "五伍",
            "六陆陸",
            "七柒拐",
            "八捌",
            "九玖勾",
        )
    )
    for character in characters
}
_ENGLISH: Final = {
    "zero": "0", "oh": "0", "o": "0", "nought": "0", "one": "1", "two": "2", "three": "3",
    "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "double": "d", "triple": "t",
    **dict.fromkeys(
        ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
         "eighteen", "nineteen", "twenty", "thirty", "forty", "fifty", "sixty", "seventy",
         "eighty", "ninety", "hundred", "thousand", "million"), "+",
    ),
}  # fmt: skip
_PLACE_VALUES: Final = frozenset("十拾百佰千仟万萬亿億廿卅")
_MISREAD: Final = str.maketrans("oli", "011")
_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SPACES: Final = frozenset({"Zs", "Pd", "Cf"})  # spaces, dashes, zero-width characters
_UNTYPED: Final = frozenset({"Cc", "Cs", "Cn"})  # controls, half characters, unassigned
_NEW_EMOJI: Final = "\U00010000"  # from here on there are signs that Python does not know yet
_BREAKS: Final = frozenset("\t\r\n\v\f\u2028\u2029\u0085")
_DASHES: Final = frozenset("\u2212\u30fc")  # the minus sign, the kana bar
_PLACEHOLDERS: Final = frozenset("*?")

_TOKEN: Final = re.compile(r"[a-z]+|.", re.DOTALL)
_RUNS: Final = (
    re.compile(r"\d+"),  # written as one
    re.compile(r"\d(?:_*\d)*"),  # in groups
    re.compile(r"\d(?:[_,]*\d)*"),  # with dots, commas, over several lines
)
_TIMES: Final = re.compile(r"([dt])[_,]*(\d)")
_SPELLED_OUT: Final = re.compile(r"\d_*\+|\+_*\d")
_BETWEEN: Final = re.compile(r"\d[_,]*[xw+]+[_,]*\d")
_BESIDE: Final = re.compile(r"\d[x+]|[x+]\d")


def parse(text: str) -> str:
    """The 16 digits of the serial number in `text`; SerialFault unless there is exactly one."""
    if len(text) == serial.LENGTH and serial.is_valid(text):
        return text
    if len(text) > LONGEST:
        raise SerialFault("too_much_text")
    marks = _marks(text)
    if "!" in marks:
        raise SerialFault("characters")
    right = {run for pattern in _RUNS for run in _runs(pattern, marks) if serial.is_valid(run)}
    if len(right) > 1:
        raise SerialFault("several")
    if not right:
        raise _fault(marks)
    return right.pop()


def _fault(marks: str) -> SerialFault:
    """What is wrong with a text in which there is no right number."""
    runs = _runs(_RUNS[-1], marks)
    longest = max(runs, key=len, default="")
    surplus = len(longest) - serial.LENGTH
    if not surplus:
        return SerialFault("check_digits", likely=likely_mistakes(longest))
    if len(longest) < _NEARLY:
        if _SPELLED_OUT.search(marks):
            return SerialFault("spelled_out")
        if _NEARLY <= sum(map(len, runs)) <= serial.LENGTH + 2 and _BETWEEN.search(marks):
            return SerialFault("characters")
    if len(longest) < _FEW:
        return SerialFault("no_number")
    if "w" not in marks and _BESIDE.search(marks):
        return SerialFault("characters")
    return SerialFault("too_long" if surplus > 0 else "too_short", count=abs(surplus))


def _runs(pattern: re.Pattern[str], marks: str) -> list[str]:
    return [re.sub(r"\D", "", run) for run in pattern.findall(marks)]


def _marks(text: str) -> str:
    tokens = _TOKEN.findall(text.translate(_FULL_WIDTH).lower())
    marks = "".join(_misread_or_marked(tokens))
    return _TIMES.sub(lambda said: said[2] * ("d", "t").index(said[1]) + said[2] * 2, marks)


def _misread_or_marked(tokens: list[str]) -> Iterable[str]:
    """The mark of each; letters that look like digits count as such directly beside one."""
    for place, token in enumerate(tokens):
        if not set(token) - {"o", "l", "i"}:
            beside = tokens[max(place - 1, 0) : place] + tokens[place + 1 : place + 2]
            if any(map(_digit, beside)):
                yield token.translate(_MISREAD)
                continue
        yield _mark(token)


def _mark(token: str) -> str:
    if "a" <= token[0] <= "z":
        return _ENGLISH.get(token, "w" if len(token) > 1 else "x")
    if token in _PLACE_VALUES:
        return "+"
    category = unicodedata.category(token)
    if token in _DASHES or category in _SPACES:
        return "_"
    if token in _BREAKS or (category[0] == "P" and token not in _PLACEHOLDERS):
        return ","
    if category in _UNTYPED and token < _NEW_EMOJI:
        return "!"
    return _digit(token) or ("w" if category[0] in "LM" else "x")


def _digit(token: str) -> str:
    """The ASCII digit that a character stands for, or nothing."""
    if len(token) > 1:
        return ""
    value = unicodedata.decimal(token, None)
    return _CHINESE.get(token, "") if value is None else str(value)
