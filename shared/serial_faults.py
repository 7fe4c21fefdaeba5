"""What is wrong with a text that is no serial number, as far as the text alone tells.

Of 16 digits that fail their check digits it is computed which kinds of single mistake would explain
that. The kinds are told and nothing else: no place, no corrected number, not whether a case exists.
Most numbers that were mistyped in several places have such an explanation too, by chance, so every
one of them is a guess and is worded as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from shared import serial
from shared.errors import Text

FaultKind = Literal[
    "no_number",
    "too_much_text",
    "characters",
    "spelled_out",
    "too_short",
    "too_long",
    "several",
    "check_digits",
]
Mistake = Literal["one_digit", "neighbours_swapped", "twin"]

MISTAKES: Final[dict[Mistake, Text]] = {
    "one_digit": Text("有一位数字写错", "one digit is wrong"),
    "neighbours_swapped": Text("相邻两位写反", "two neighbouring digits are swapped"),
    "twin": Text("重复的两位写错（如55写成66）", "a doubled digit is wrong (55 for 66)"),
}
"""The mistakes people make most, the most frequent first."""

_SIXTEEN: Final = Text("流水号为16位数字", "A serial number has 16 digits")
_WHERE: Final = Text(
    "流水号印在回执上，也在提交后收到的短信里。",
    "It is printed on the receipt and stands in the message you got after submitting.",
)
_COMPARE: Final = Text(
    "请每四位一组，与回执或短信逐位核对。",
    "Compare it with the receipt or the message, four digits at a time.",
)

_MESSAGES: Final[dict[FaultKind, Text]] = {
    "no_number": Text("没有看到流水号", "There is no serial number in it"),
    "too_much_text": Text("内容过长", "The text is too long"),
    "characters": Text("流水号里有不是数字的字符", "Something in the serial number is no digit"),
    "spelled_out": Text(
        "流水号请逐位写，不要写成“二千六百”", "Give each digit alone, not “twenty-six hundred”"
    ),
    "several": Text("内容里有不止一个流水号", "There is more than one serial number in it"),
    "check_digits": Text("流水号有误", "The serial number is mistyped"),
}
_HINTS: Final[dict[FaultKind, Text]] = {
    "no_number": _WHERE,
    "too_much_text": Text("请只填写流水号。", "Please give the serial number alone."),
    "characters": Text(
        "请只填写16位数字，可以带空格或短横线。",
        "Please give the 16 digits; spaces and hyphens do not matter.",
    ),
    "spelled_out": Text("例如：二、六、三、四。", "For example: two six three four."),
    "too_short": _COMPARE,
    "too_long": _COMPARE,
    "several": Text("请只填写一个流水号。", "Please give one of them."),
    "check_digits": _COMPARE,
}


class SerialFault(ValueError):
    """A text is no serial number; `kind` says why, `likely` which mistakes would explain wrong check
    digits, `count` how many digits are missing or too many. The text itself is never repeated."""

    def __init__(self, kind: FaultKind, *, count: int = 0, likely: Sequence[Mistake] = ()) -> None:
        super().__init__(kind)
        self.kind: FaultKind = kind
        self.count = count
        self.likely = tuple(likely)

    @property
    def message(self) -> Text:
        """What is wrong."""
        if self.kind == "too_short":
            return _counted(self.count, "少了", "are missing", "is missing")
        if self.kind == "too_long":
            return _counted(self.count, "多了", "are too many", "is too many")
        return _MESSAGES[self.kind]

    @property
    def hint(self) -> Text:
        """What to do about it."""
        if self.kind != "check_digits":
            return _HINTS[self.kind]
        guesses = [MISTAKES[each] for each in self.likely]
        if not guesses:
            return Text(
                f"可能不止一处写错。{_COMPARE.zh}",
                f"Probably more than one digit is wrong. {_COMPARE.en}",
            )
        zh, en = "，或".join(g.zh for g in guesses), ", or ".join(g.en for g in guesses)
        return Text(f"可能是{zh}。{_COMPARE.zh}", f"Probably {en}. {_COMPARE.en}")


def likely_mistakes(digits: str) -> tuple[Mistake, ...]:
    """The kinds of single mistake after which a right number could read like these 16 digits."""
    ways: dict[Mistake, Iterator[str]] = {
        "one_digit": _with_one_other(digits),
        "neighbours_swapped": _with_neighbours_swapped(digits),
        "twin": _with_another_twin(digits),
    }
    return tuple(kind for kind in MISTAKES if any(map(serial.is_valid, ways[kind])))


def _with_one_other(digits: str) -> Iterator[str]:
    for place in range(len(digits)):
        for digit in "0123456789":
            yield f"{digits[:place]}{digit}{digits[place + 1 :]}"


def _with_neighbours_swapped(digits: str) -> Iterator[str]:
    for place in range(len(digits) - 1):
        left, right = digits[place], digits[place + 1]
        yield f"{digits[:place]}{right}{left}{digits[place + 2 :]}"


def _with_another_twin(digits: str) -> Iterator[str]:
    for place in range(len(digits) - 1):
        if digits[place] == digits[place + 1]:
            for digit in "0123456789":
                yield f"{digits[:place]}{digit * 2}{digits[place + 2 :]}"


def _counted(count: int, zh: str, many: str, one: str) -> Text:
    said = f"1 digit {one}" if count == 1 else f"{count} digits {many}"
    return Text(f"{_SIXTEEN.zh}，{zh}{count}位", f"{_SIXTEEN.en}: {said}")
