"""The search index of a process: built at first use, kept current, never in the way of a search."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from services.query.policies.policy import Library
from services.query.search.index import Result, SearchIndex, Suggestion
from services.query.search.question import Filters
from shared.errors import Transient
from shared.log import logger

if TYPE_CHECKING:
    from pymongo.database import Database

CHECK_SECONDS = 3.0
"""Least time between two looks at the import stamp."""

FIRST_BUILD_SECONDS = 5.0
"""How long the first searches wait for the first index; one of 1,700 articles takes under 1 s."""


class LiveIndex:
    """The policies in MongoDB as a SearchIndex.

    Nothing is loaded before the first search, which waits for the index at most
    FIRST_BUILD_SECONDS and is Transient after that, or at once when the build failed. Later searches use the index there is; at most
    every CHECK_SECONDS one of them has a thread look whether an import changed something and build
    anew. A look or build that fails leaves the old index in use and is tried again.
    """

    def __init__(
        self,
        database: Database[dict[str, Any]],
        monotonic: Callable[[], float] = time.monotonic,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self._library = Library(database)
        self._monotonic = monotonic
        self._check_seconds = check_seconds
        self._index: SearchIndex | None = None
        self._revision = -1
        self._look_at = 0.0
        self._refreshing = threading.Lock()
        self._looked = threading.Event()

    def search(
        self, query: str, filters: Filters, page: int = 1, size: int = 10, *, today: date
    ) -> Result:
        """As SearchIndex.search; Transient while the first index is not there."""
        return self._current().search(query, filters, page, size, today=today)

    def suggest(self, prefix: str) -> tuple[Suggestion, ...]:
        """As SearchIndex.suggest; Transient while the first index is not there."""
        return self._current().suggest(prefix)

    def _current(self) -> SearchIndex:
        if self._monotonic() >= self._look_at and self._refreshing.acquire(blocking=False):
            self._looked.clear()
            threading.Thread(target=self._refresh, name="policy-index", daemon=True).start()
        if self._index is None:
            self._looked.wait(FIRST_BUILD_SECONDS)
        index = self._index
        if index is None:
            raise Transient("policy index is being built", retry_after=2)
        return index

    def _refresh(self) -> None:
        """Build anew when the stamp differs; runs in one thread at a time, which frees the lock."""
        try:
            # The stamp is read first: an import during the build is seen by the next look.
            revision = self._library.revision()
            if revision != self._revision:
                self._index = SearchIndex.build(self._library.policies())
                self._revision = revision
                _give_back_memory()
        except Exception as error:  # noqa: BLE001 - whatever it was, the old index answers on
            logger().warning("policy_index_failed", error=type(error).__name__)
        finally:
            self._look_at = self._monotonic() + self._check_seconds
            self._refreshing.release()
            self._looked.set()


def _give_back_memory() -> None:
    """Return what the build freed to the system: 9 MiB measured with glibc, which else keeps it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
