"""The passage of a text that shows best why it was found, as safe HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

WIDTH = 120
"""Characters of text in a snippet, ellipses and marks not counted."""

_STOPS = "。；：\n"
_MARKUP = re.compile("[&<>\"']")
_BETWEEN_MOST = 8
_ENDS = frozenset("。；\n")

Wording = tuple[str, ...]
"""Words in order within one sentence, with at most a few other characters between two of them."""


def snippet(text: str, marked: Sequence[Wording], width: int = WIDTH) -> str:
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
            parts += [_safe(text[place:left]), "<mark>", _safe(text[left:right]), "</mark>"]
            place = right
    parts += [_safe(text[place:end]), "…" if end < len(text) else ""]
    return "".join(parts).replace("\n", " ")


def _spans(text: str, marked: Iterable[Wording]) -> list[tuple[int, int]]:
    """Where something marked stands, in order; what overlaps is one."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters have more than one small one
        lowered = text
    spans: list[tuple[int, int]] = []
    there = (words for words in marked if words and words[0] in lowered)
    for start, end in sorted(span for words in there for span in _places(lowered, words)):
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        elif start < end:
            spans.append((start, end))
    return spans


def _places(text: str, words: Wording) -> Iterator[tuple[int, int]]:
    """Where the words stand; plain search is several times as fast here as an expression."""
    start = text.find(words[0])
    while start >= 0:
        end = start + len(words[0])
        for word in words[1:]:
            place = text.find(word, end, end + _BETWEEN_MOST + len(word))
            if place < 0 or not _ENDS.isdisjoint(text[end:place]):
                break
            end = place + len(word)
        else:
            yield start, end
        start = text.find(words[0], start + 1)


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


def _safe(text: str) -> str:
    """The text escaped; nearly all of them need nothing."""
    return escape(text) if _MARKUP.search(text) else text
