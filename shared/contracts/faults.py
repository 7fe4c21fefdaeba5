"""What can be wrong with a field: codes, their wording in both languages, and where they are.

The codes here name no subject of any service; a service words its own beside its schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.errors import FieldError, Text


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, without saying where; `message` never quotes the value."""

    code: str
    message: Text

    def at(self, pointer: str) -> FieldError:
        return FieldError(pointer, self.code, self.message)


WORDING: Mapping[str, Text] = {
    "required": Text("此项必填", "This is required"),
    "unknown_field": Text("没有这个填写项", "There is no such field"),
    "wrong_type": Text("填写内容的类型不对", "The value is of the wrong type"),
    "unknown_value": Text("不是可选的内容", "Not one of the values to choose from"),
    "bad_format": Text("格式不正确，请核对", "The format is wrong, please check"),
    "too_long": Text("最多{0}个字符", "At most {0} characters"),
    "too_many": Text("最多{0}项", "At most {0} entries"),
    "out_of_range": Text("应在{0}至{1}之间", "Must be between {0} and {1}"),
    "too_precise": Text("金额最多保留两位小数", "At most two decimals"),
    "invalid_character": Text("含有不能使用的字符", "Contains a character that cannot be used"),
    "not_a_date": Text(
        "不是有效的日期，请按“年-月-日”填写，如2026-01-31",
        "Not a real date; write year-month-day, such as 2026-01-31",
    ),
    "not_a_time": Text(
        "不是有效的时间，请按2026-01-31T08:30:00+08:00的格式填写",
        "Not a real time; write it as in 2026-01-31T08:30:00+08:00",
    ),
    "in_future": Text("日期不能晚于今天", "The date cannot be in the future"),
}


def fault(code: str, *values: object) -> Fault:
    """The fault of this code, with `values` (limits, never contents) put into its wording."""
    text = WORDING[code]
    return Fault(code, Text(text.zh.format(*values), text.en.format(*values)))


def located(messages: Any, pointer: str = "") -> Iterator[FieldError]:
    """Every leaf of marshmallow's nested messages with its JSON Pointer (RFC 6901).

    A leaf is a Fault, or a code with the limits of its wording behind it ("too_long 200"), which
    is what marshmallow's own validators can say.
    """
    if isinstance(messages, Fault):
        yield messages.at(pointer)
    elif isinstance(messages, str):
        yield fault(*messages.split()).at(pointer)
    elif isinstance(messages, dict):
        for key, inner in messages.items():
            yield from located(inner, pointer if key == "_schema" else below(pointer, key))
    else:
        for inner in messages:
            yield from located(inner, pointer)


NAME_LIMIT = 64


def below(pointer: str, key: object) -> str:
    """The pointer of a member; of its object when the member's name is too long to repeat."""
    name = str(key)
    if len(name) > NAME_LIMIT:
        return pointer
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"


def by_place(error: FieldError) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Sort key: by pointer, indexes as numbers; answers are the same for the same body."""
    place = tuple(
        (0, int(part), "") if part.isdecimal() and part.isascii() else (1, 0, part)
        for part in error.pointer.split("/")
    )
    return place, error.code
