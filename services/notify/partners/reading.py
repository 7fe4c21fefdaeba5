"""From the log to the lanes: each event is read once and handed to all who want it.

A lane that has room gets events as they come. One that is full, or that begins further back, is
*behind*: it reads pages of its own from where it is until it meets the others again; the newest
events are kept in memory for that, so that it does even when there is much going on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, Protocol

from services.notify.partners.catalogue import Filter
from services.notify.partners.lanes import QUEUE, Lane
from services.notify.partners.log import Entry, EventLog
from services.notify.partners.subscribers import Subscribers
from shared.errors import BackendAway

PAGE: Final = 500
RECENT: Final = 1_000
"""Newest events kept in memory."""

ASK_SECONDS: Final = 0.025
"""Between two questions for news while there is none."""

_AWAY_SECONDS: Final = 0.5
_HUNGRY: Final = QUEUE // 4
_PAGES_AT_ONCE: Final = 4
_SLICE: Final = 2_000
"""Events handed out before other work of the process has its turn."""

InThread = Callable[..., Awaitable[Any]]


class Reading(Protocol):
    """A lane with its filter, as the reader sees it."""

    lane: Lane
    filter: Filter
    behind: bool
    is_read: bool


class Reader:
    """Reads for the lanes of one dispatcher; `woken` is told of each lane that got something."""

    def __init__(self, log: EventLog, in_thread: InThread, woken: Callable[[Any], None]) -> None:
        self.tail = 0
        self._log = log
        self._in_thread = in_thread
        self._woken = woken
        self._subscribers: Subscribers[Any] = Subscribers()
        self._recent: deque[Entry] = deque(maxlen=RECENT)
        self._news = asyncio.Event()
        self._pages = asyncio.Semaphore(_PAGES_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    def news(self) -> None:
        """Somebody knows that there is something new; safe from the loop's thread only."""
        self._news.set()

    def add(self, reading: Reading) -> None:
        """Begin to read for a lane."""
        self._subscribers.add(reading, reading.filter)
        reading.behind = reading.lane.read_to < self.tail
        if reading.behind:
            self.feed(reading)

    def remove(self, reading: Reading) -> None:
        self._subscribers.remove(reading, reading.filter)

    def feed(self, reading: Reading) -> None:
        """Read on for a lane that is behind, if it has room."""
        if reading.is_read or reading.lane.closed or reading.lane.held > _HUNGRY:
            return
        if self._meets(reading):
            return
        reading.is_read = True
        task = asyncio.get_running_loop().create_task(self._read_page(reading))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def begin(self) -> None:
        """Find out where the log stands now: what comes after is handed to all."""
        self.tail = await self._in_thread(self._log.newest)

    async def run(self) -> None:
        """Hand out what is new, for ever."""
        while True:
            self._news.clear()
            try:
                entries = await self._in_thread(self._log.after, self.tail, PAGE)
            except BackendAway:
                await asyncio.sleep(_AWAY_SECONDS)
                continue
            await self._hand_out(entries)
            if len(entries) < PAGE:
                await self._wait()

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                await self._news.wait()
        except TimeoutError:
            return

    async def _hand_out(self, entries: list[Entry]) -> None:
        handed = 0
        for entry in entries:
            # without a pause in between: whoever is added then has this event, or begins behind it
            wanted = [*self._subscribers.of(entry.name, entry.division)]
            self._recent.append(entry)
            self.tail = entry.position
            for reading in wanted:
                self._hand(reading, entry)
            handed += len(wanted)
            if handed >= _SLICE:
                handed = 0
                await asyncio.sleep(0)

    def _hand(self, reading: Reading, entry: Entry) -> None:
        if reading.behind:
            return
        if reading.lane.offer(entry):
            self._woken(reading)
        else:
            reading.behind = True

    def _meets(self, reading: Reading) -> bool:
        """Whether the lane has caught up with what is in memory; it gets that as far as it has room,
        and with all of it is no longer behind."""
        recent = self._recent
        from_here = recent[0].position - 1 if recent else self.tail
        if reading.lane.read_to < from_here:
            return False
        if all(reading.lane.offer(entry) for entry in self._wanted(reading)):
            reading.behind = False
            reading.lane.read_to = self.tail
        self._woken(reading)
        return True

    def _wanted(self, reading: Reading) -> Iterator[Entry]:
        at, wants = reading.lane.read_to, reading.filter.wants
        return (e for e in self._recent if e.position > at and wants(e.name, e.division))

    async def _read_page(self, reading: Reading) -> None:
        lane = reading.lane
        try:
            async with self._pages:
                most = min(QUEUE - lane.held, 16 * lane.pace.allowance)
                newest, after = self.tail, lane.read_to
                entries = await self._in_thread(
                    self._log.after, after, most, reading.filter.names, reading.filter.divisions
                )
        except BackendAway:
            await asyncio.sleep(_AWAY_SECONDS)
            entries, most, newest = [], 0, lane.read_to
        finally:
            reading.is_read = False
        if all(lane.offer(entry) for entry in entries) and len(entries) < most:
            lane.read_to = max(lane.read_to, newest)  # there was nothing else up to there
        self._woken(reading)
        self.feed(reading)
