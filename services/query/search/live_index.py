"""The search index of a process: there before it is asked for, kept current, never in the way of a
search.
"""

from __future__ import annotations

import ctypes
import threading
import time
from typing import TYPE_CHECKING, Any

from prometheus_client import Counter, Histogram
from pymongo.errors import InvalidOperation

from services.query.policies.library import Library
from services.query.policies.policy import STAMPS
from services.query.search.index import SearchIndex
from shared.backoff import pause
from shared.errors import Transient
from shared.log import logger

if TYPE_CHECKING:
    from pymongo.change_stream import ChangeStream
    from pymongo.database import Database

CHECK_SECONDS = 3.0
"""Longest time between two looks at the import stamp; a change stream wakes earlier."""

FIRST_BUILD_SECONDS = 5.0
"""How long the first searches wait for the first index; one of 1,700 articles takes under 1 s."""

LONGEST_PAUSE_SECONDS = 60.0
"""Between two tries of a build that fails."""

BUILDS = Counter(
    "tiaojie_policy_index_builds_total", "Builds of the policy index of a process.", ("outcome",)
)
BUILD_SECONDS = Histogram(
    "tiaojie_policy_index_build_seconds",
    "Time to build the policy index, reading of the policies included.",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40),
)


class LiveIndex:
    """The policies in MongoDB as a SearchIndex.

    `begin` has a thread build the index and follow the imports: their change stream wakes it, and
    it looks at their stamp every CHECK_SECONDS anyway. Searches use the index there is; one that
    comes before the first waits for it FIRST_BUILD_SECONDS at most and is Transient after that, or
    at once when the build failed. A build that fails leaves the old index in use and is tried
    again after growing pauses.
    """

    def __init__(
        self, database: Database[dict[str, Any]], check_seconds: float = CHECK_SECONDS
    ) -> None:
        self._database = database
        self._library = Library(database)
        self._check_seconds = check_seconds
        self._index: SearchIndex | None = None
        self._revision = -1
        self._beginning = threading.Lock()
        self._follower: threading.Thread | None = None
        self._looked = threading.Event()

    def begin(self) -> None:
        """Build and follow from now on, in a thread of its own; once a process."""
        with self._beginning:
            if self._follower is None:
                self._follower = threading.Thread(
                    target=self._follow, name="policy-index", daemon=True
                )
                self._follower.start()

    def current(self) -> SearchIndex:
        """The index there is; Transient while the first one is not there."""
        if self._index is None:
            self.begin()
            self._looked.wait(FIRST_BUILD_SECONDS)
        index = self._index
        if index is None:
            raise Transient("policy index is being built", retry_after=2)
        return index

    def _follow(self) -> None:
        """Build anew whenever an import changed something, until the process is done with its
        database.
        """
        failures = 0
        imports = _Imports(self._database, self._check_seconds)
        while True:
            try:
                self._refresh()
                failures = 0
            except InvalidOperation:
                return
            except Exception as error:  # noqa: BLE001 - whatever it was, the old index answers on
                failures += 1
                BUILDS.labels("failed").inc()
                logger().warning("policy_index_failed", error=type(error).__name__)
            self._looked.set()
            if failures:
                longest = max(self._check_seconds, LONGEST_PAUSE_SECONDS)
                time.sleep(pause(failures, first=self._check_seconds, longest=longest))
            else:
                imports.wait()

    def _refresh(self) -> None:
        """Build anew when the stamp differs."""
        # The stamp is read first: an import during the build is seen by the next look.
        revision = self._library.revision()
        if revision == self._revision:
            return
        with BUILD_SECONDS.time():
            self._index = SearchIndex.build(self._library.policies())
        self._revision = revision
        BUILDS.labels("built").inc()
        _give_back_memory()


class _Imports:
    """Waits for imports: woken by a change stream where there is one, at the latest by the clock.

    Opened at the first wait and told by the look that follows: between two waits the server keeps
    what happens.
    """

    def __init__(self, database: Database[dict[str, Any]], most_seconds: float) -> None:
        self._stamps = database[STAMPS]
        self._most_seconds = most_seconds
        self._stream: ChangeStream[dict[str, Any]] | None = None

    def wait(self) -> None:
        """Until the next import, `most_seconds` at most; returns at once where the stream begins."""
        try:
            if self._stream is None or not self._stream.alive:
                self._stream = self._stamps.watch(
                    max_await_time_ms=max(1, int(self._most_seconds * 1000))
                )
            else:
                self._stream.try_next()
        except Exception:  # noqa: BLE001 - without a stream the clock does, the look tells what is wrong
            self._stream = None
            time.sleep(self._most_seconds)


def _give_back_memory() -> None:
    """Return what the build freed to the system: 9 MiB measured with glibc, which else keeps it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
