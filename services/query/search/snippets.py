"""The passage of a text that shows best why it was found, as safe HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape

WIDTH = 120
"""Characters of text in a snippet, ellipses and marks not counted."""

_STOPS = "。；：\n"


def snippet(text: str, marked: Sequence[re.Pattern[str]], width: int = WIDTH) -> str:
    """At most `width` characters of `text` around most of what is `marked`, this in <mark>.

    Everything else is escaped, so the result is safe HTML whatever the text holds.
    """
    spans = _spans(text, marked)
    start = _start(text, spans, width)
    end = min(len(text), start + width)
    parts = ["…" if start else ""]
    place = start
    for span_start, span_end in spans:
        left, right = max(span_start, place), min(span_end, end)
        if left < right:
            parts += [escape(text[place:left]), "<mark>", escape(text[left:right]), "</mark>"]
            place = right
    parts += [escape(text[place:end]), "…" if end < len(text) else ""]
    return "".join(parts).replace("\n", " ")


@lru_cache(maxsize=2048)
def wording(words: tuple[str, ...]) -> re.Pattern[str]:
    """The words in order within one sentence, with at most a few others between them."""
    return re.compile(r"[^。；\n]{0,8}?".join(map(re.escape, words)), re.IGNORECASE)


def _spans(text: str, marked: Sequence[re.Pattern[str]]) -> list[tuple[int, int]]:
    """Where something marked stands, in order; what overlaps is one."""
    spans: list[tuple[int, int]] = []
    for start, end in sorted(m.span() for pattern in marked for m in pattern.finditer(text)):
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        elif start < end:
            spans.append((start, end))
    return spans


def _start(text: str, spans: Sequence[tuple[int, int]], width: int) -> int:
    """Where to begin: at the sentence of the window that holds the most marked characters."""
    if len(text) <= width or not spans:
        return 0
    best, most = 0, 0
    for left, _ in spans:
        inside = sum(r - max(s, left) for s, r in spans if left <= s and r <= left + width)
        if inside > most:
            best, most = left, inside
    sentence = max(text.rfind(stop, 0, best) for stop in _STOPS) + 1
    start = sentence if best - sentence <= width // 3 else max(0, best - width // 6)
    return min(start, max(0, len(text) - width))
