"""Answers by serial number alone, rendered: those asked for again and again are kept for a moment.

What is kept is never older than FRESH_SECONDS, counted from before it was read, whatever becomes of
the change stream; while that runs, a change is shown as soon as it is heard of. A read that a change
overtook is answered, but not kept. Nothing is kept that a second factor or a token unmasks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import orjson

from services.query import domain
from services.query.progress.changes import Changes
from services.query.progress.readers import Readers
from shared.asking import caller
from shared.errors import Language

FRESH_SECONDS: Final = 0.9
"""Less than the second that is promised, by far more than it takes to send an answer."""

_MOST_ENTRIES: Final = 8192
_MOST_BYTES: Final = 8 << 20

Key = tuple[str, Language]


class _Entry(NamedTuple):
    read_at: float
    body: bytes


class Kept:
    """Rendered answers of the last moment, bounded in number and bytes. Safe between threads."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        most_entries: int = _MOST_ENTRIES,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._monotonic = monotonic
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._entries: dict[Key, _Entry] = {}  # in the order they were put
        self._bytes = 0
        self._reads: dict[str, set[object]] = {}  # under way, and not overtaken by a change

    def get(self, number: str, language: Language) -> bytes | None:
        entry = self._entries.get((number, language))
        if entry is None or self._monotonic() - entry.read_at >= FRESH_SECONDS:
            return None
        return entry.body

    def read(self, number: str, language: Language, render: Callable[[], bytes]) -> bytes:
        """What `render` reads and renders; kept unless a change is heard of meanwhile."""
        read_at, mark = self._monotonic(), object()
        with self._lock:
            self._reads.setdefault(number, set()).add(mark)
        body: bytes | None = None
        try:
            body = render()
        finally:
            with self._lock:
                marks = self._reads.get(number, set())
                if mark in marks:  # no change since
                    marks.remove(mark)
                    if not marks:
                        del self._reads[number]
                    if body is not None:
                        self._put((number, language), _Entry(read_at, body))
        return body

    def heard(self, number: str | None) -> None:
        """A change of this number, or possibly of any."""
        with self._lock:
            if number is None:
                self._entries.clear()
                self._reads.clear()
                self._bytes = 0
                return
            self._reads.pop(number, None)
            self._drop((number, "zh"))
            self._drop((number, "en"))

    def _put(self, key: Key, entry: _Entry) -> None:
        self._drop(key)
        self._entries[key] = entry
        self._bytes += len(entry.body)
        while self._entries:
            oldest = next(iter(self._entries))
            is_over = self._monotonic() - self._entries[oldest].read_at >= FRESH_SECONDS
            is_much = len(self._entries) > self._most_entries or self._bytes > self._most_bytes
            if not (is_over or is_much):
                break
            self._drop(oldest)

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= len(entry.body)


class MaskedAnswers:
    """What a serial number alone shows, as JSON; the change stream begins with the first answer."""

    def __init__(self, readers: Readers, changes: Changes, kept: Kept) -> None:
        self._readers = readers
        self._changes = changes
        self._kept = kept
        self._subscribing = threading.Lock()
        self._is_subscribed = False

    def of(self, number: str) -> bytes:
        """As `Readers.found` refuses: a kept answer too is for those who have not guessed about."""
        if not self._is_subscribed:
            self._subscribe()
        language = caller().language
        kept = self._kept.get(number, language)
        if kept is not None:
            self._readers.check_address()
            return kept

        def render() -> bytes:
            document = self._readers.found(number)
            return orjson.dumps(domain.masked(document, number, language))

        return self._kept.read(number, language, render)

    def _subscribe(self) -> None:
        with self._subscribing:
            if not self._is_subscribed:
                self._changes.subscribe(self._kept.heard)
                self._is_subscribed = True
