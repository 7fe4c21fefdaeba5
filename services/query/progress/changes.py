"""Changes of progress as they happen: one MongoDB change stream for all who wait in a process.

Whoever subscribes, and reads only after that, misses nothing: from then on each change is told, and
wherever the stream begins anew (at first, after a loss, when a rebuilt collection has taken the
place of the old one) it is told that anything may have changed. A short loss is not noticed: the
driver goes on from its resume token.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import InvalidOperation

from shared.backoff import pause
from shared.log import logger

if TYPE_CHECKING:
    from pymongo.change_stream import ChangeStream
    from pymongo.database import Database

Heard = Callable[[str | None], None]
"""Called with the serial number of a changed document; with None when any may have changed."""

_PIPELINE: Final = ({"$project": {"documentKey": 1}},)
_AWAIT_MS: Final = 1000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


class Changes:
    """The changes of `progress`; nothing is asked of the database before somebody subscribes.

    Subscribers are called on the thread of the stream: they must be quick and not raise.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._progress = database["progress"]
        self._lock = threading.Lock()
        self._subscribers: dict[object, Heard] = {}
        self._running = False
        self._failures = 0

    def subscribe(self, heard: Heard) -> Callable[[], None]:
        """Call `heard` from now on; what is returned ends that."""
        key = object()
        with self._lock:
            if not self._running:
                threading.Thread(target=self._run, name="progress-changes", daemon=True).start()
                self._running = True
            self._subscribers[key] = heard

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers.pop(key, None)

        return unsubscribe

    def _run(self) -> None:
        """Follow the stream, opened again with growing pauses, while anybody listens."""
        resting = threading.Event()
        while self._is_wanted():
            try:
                with self._progress.watch(list(_PIPELINE), max_await_time_ms=_AWAIT_MS) as stream:
                    self._follow(stream)
            except InvalidOperation:  # the process is done with its database
                with self._lock:
                    self._running = False
                return
            except Exception as error:  # noqa: BLE001 - whatever it was, it is opened again
                self._failures += 1
                logger().warning("progress_changes_lost", error=type(error).__name__)
                resting.wait(pause(self._failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE))

    def _follow(self, stream: ChangeStream[dict[str, Any]]) -> None:
        """The stream to its end, which is that of the collection or of all subscriptions."""
        self._tell(None)
        while stream.alive and self._subscribers:
            change = stream.try_next()
            self._failures = 0
            if change is not None:
                key = change.get("documentKey")  # a collection that goes has none
                self._tell(key["_id"] if key else None)

    def _tell(self, serial_number: str | None) -> None:
        with self._lock:
            subscribers = tuple(self._subscribers.values())
        for heard in subscribers:
            heard(serial_number)

    def _is_wanted(self) -> bool:
        with self._lock:
            self._running = bool(self._subscribers)
            return self._running
