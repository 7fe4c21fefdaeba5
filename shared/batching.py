"""Calls that wait at the same moment share one act.

Group commit (one `insert_many` for all waiting requests) and coalesced reads (one `$in`) are both
this: a caller hands in its item and gets its own result; the first one in does the work for all
who came meanwhile, then passes the lead on, so that nobody works for others twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from shared.errors import Transient

Item = TypeVar("Item")
Result = TypeVar("Result")


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
    `timeout` seconds (then Transient: its outcome is unknown)."""

    def __init__(
        self,
        act: Callable[[Sequence[Item]], Sequence[Result | BaseException]],
        *,
        limit: int = 100,
        timeout: float = 30.0,
    ) -> None:
        self._act = act
        self._limit = limit
        self._timeout = timeout
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

    def _lead(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
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
