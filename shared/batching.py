"""Calls that wait at the same moment share one act.

Group commit (one `insert_many` for all waiting requests) and coalesced reads (one `$in`) are both
this: a caller hands in its item and gets its own result; the first one in does the work for all
who came meanwhile, then passes the lead on, so that nobody works for others twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from shared.errors import Transient

Item = TypeVar("Item")
Result = TypeVar("Result")


LINGER_STEPS = 4
"""Times a batch waits for company at most."""


class _Waiter(Generic[Item, Result]):
    __slots__ = ("item", "leads", "result", "wake")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.leads = False
        self.result: Result | BaseException | None = None
        self.wake = threading.Lock()
        self.wake.acquire()


class Batcher(Generic[Item, Result]):
    """`act` gets up to `limit` items and returns as many results in order, an exception standing
    for a failed one; an exception raised by it fails all of that batch. A caller waits at most
    `timeout` seconds (then Transient: its outcome is unknown).

    With `linger`, a batch that follows a shared one waits so many seconds for company, again as
    long as somebody came, LINGER_STEPS times at most: under load one act then serves many, and
    who comes alone never waits."""

    def __init__(
        self,
        act: Callable[[Sequence[Item]], Sequence[Result | BaseException]],
        *,
        limit: int = 100,
        timeout: float = 30.0,
        linger: float = 0.0,
    ) -> None:
        self._act = act
        self._limit = limit
        self._timeout = timeout
        self._linger = linger
        self._shared = False
        self._lock = threading.Lock()
        self._waiting: list[_Waiter[Item, Result]] = []
        self._led = False

    def submit(self, item: Item) -> Result:
        waiter: _Waiter[Item, Result] = _Waiter(item)
        with self._lock:
            self._waiting.append(waiter)
            waiter.leads = not self._led
            self._led = True
        if not waiter.leads and not waiter.wake.acquire(timeout=self._timeout):
            self._give_up(waiter)
        if waiter.leads:
            self._lead()
        if isinstance(waiter.result, BaseException):
            raise waiter.result
        return waiter.result  # type: ignore[return-value]  # set by whoever led

    def _give_up(self, waiter: _Waiter[Item, Result]) -> None:
        with self._lock:
            if waiter in self._waiting and not waiter.leads:
                self._waiting.remove(waiter)
                raise Transient("batch_timeout")
        waiter.wake.acquire()  # it is in the batch under way, whose own calls have time-outs

    def _gather(self) -> None:
        """Let others join, while they do."""
        for _ in range(LINGER_STEPS):
            there = len(self._waiting)
            if there >= self._limit:
                return
            time.sleep(self._linger)
            if len(self._waiting) == there:
                return

    def _lead(self) -> None:
        if self._linger and self._shared:
            self._gather()
        with self._lock:
            batch, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
        self._shared = len(batch) > 1
        try:
            results = self._act([w.item for w in batch])
            for waiter, result in zip(batch, results, strict=True):
                waiter.result = result
        except BaseException as error:  # noqa: BLE001 - every caller gets it raised
            for waiter in batch:
                waiter.result = error
        with self._lock:
            self._led = bool(self._waiting)
            if self._led:
                self._waiting[0].leads = True
                self._waiting[0].wake.release()
        for waiter in batch:
            if not waiter.leads:
                waiter.wake.release()
