"""Article → paragraph (款) → item (项) → sub-item (目), read from the text of an article; pure.

Nothing is stored of it: the text is what was promulgated, its parts are how it is shown and
addressed. A line is a paragraph unless it begins with the mark of an item, which belongs to the
paragraph above it (立法法 article 65); what follows the items without a mark is the next paragraph.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from services.query.policies.numerals import NUMERAL, numeral_value

_ITEM = re.compile(rf"[（(](?P<count>[{NUMERAL}]{{1,4}})[）)][\s\u3000]*(?P<text>.*)")
_SUB_ITEM = re.compile(
    r"(?:[（(](\d{1,2})[）)]|(\d{1,2})(?:[.．](?!\d)|、))[\s\u3000]*(?P<text>.*)"
)


@dataclass(frozen=True, slots=True)
class Item:
    """One item or sub-item: `label` as printed, `number` its value, `text` without the label."""

    number: int
    label: str
    text: str
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph: `start` and `end` are its place in the article's text, its items included;
    `text` is its own sentence, empty where an article begins with an item at once.
    """

    number: int
    start: int
    end: int
    text: str
    items: tuple[Item, ...] = ()


def paragraphs(text: str) -> tuple[Paragraph, ...]:
    """The paragraphs of an article, in order; all lines of the text are in exactly one."""
    opened: list[_Opened] = []
    for start, line in _lines(text):
        end = start + len(line)
        item = _marked(_ITEM, line)
        if item is None and opened and opened[-1].items:
            item = _marked(_SUB_ITEM, line)
            if item is not None:
                opened[-1].items[-1][1].append(item)
                opened[-1].end = end
                continue
        if item is None:
            opened.append(_Opened(start, end, line))
            continue
        if not opened:
            opened.append(_Opened(start, end, ""))
        opened[-1].items.append((item, []))
        opened[-1].end = end
    return tuple(one.closed(number) for number, one in enumerate(opened, 1))


def paragraph_at(parts: tuple[Paragraph, ...], offset: int) -> int:
    """The number of the paragraph that holds this place of the text."""
    return max(1, bisect_right(parts, offset, key=lambda part: part.start))


@dataclass(slots=True)
class _Opened:
    """A paragraph whose items are still being read."""

    start: int
    end: int
    text: str
    items: list[tuple[Item, list[Item]]] = field(default_factory=list)

    def closed(self, number: int) -> Paragraph:
        items = (replace(item, items=tuple(below)) for item, below in self.items)
        return Paragraph(number, self.start, self.end, self.text, tuple(items))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.split("\n"):
        if line.strip():
            yield start, line
        start += len(line) + 1


def _marked(mark: re.Pattern[str], line: str) -> Item | None:
    """The item that the line is, None if it begins without the mark."""
    match = mark.match(line)
    if match is None:
        return None
    label = line[: match.start("text")].strip()
    count = next(filter(None, match.groups()))
    return Item(numeral_value(count) or 0, label, match["text"])
