"""Text out of the bytes of a file: UTF-8, UTF-16 with its mark, GB18030 when it reads as Chinese.

Anything else is a fault with the line of the first byte that cannot be read; nothing is replaced.
"""

from __future__ import annotations

import codecs

from services.query.policies.sources import Unreadable
from shared.errors import Text

_COMMON_SHARE = 0.95
"""So much of what was decoded from GB18030 must be everyday characters (GB 2312): broken UTF-8 read
as GB18030 gives rare ones."""

_UNSEEN = {
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f")),
    **dict.fromkeys(
        (*range(9), *range(14, 32), 127, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    ),
    0xA0: " ",
}

Lines = list[tuple[int, str]]
"""Numbered lines, each without space around it and without what cannot be seen."""


def decoded(content: bytes) -> tuple[str, Text | None]:
    """The text, and a note when the file is not UTF-8; Unreadable `binary` or `not_utf8`."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            text = content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise Unreadable(1, "not_utf8", _NOT_UTF8) from error
        return text, Text("按 UTF-16 读取", "Read as UTF-16")
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise Unreadable(line, "binary", Text("不是文本文件", "This is no text"))
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        chinese = _chinese(content)
        if chinese is None:
            line = content.count(b"\n", 0, error.start) + 1
            raise Unreadable(line, "not_utf8", _NOT_UTF8) from error
        return chinese, Text("按 GB18030 读取", "Read as GB18030")


def visible(line: str) -> str:
    """The line without space around it and without what cannot be seen."""
    return line.translate(_UNSEEN).strip()


_NOT_UTF8 = Text("不是 UTF-8 编码", "Not UTF-8")


def _chinese(content: bytes) -> str | None:
    """What the bytes are in GB18030, None if that is no everyday Chinese."""
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return None
    foreign = "".join(character for character in text if ord(character) > 127)
    common = foreign.encode("gb2312", "ignore").decode("gb2312")
    return text if foreign and len(common) >= _COMMON_SHARE * len(foreign) else None
