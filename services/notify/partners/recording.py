"""What happened to deliveries becomes durable in bulks: what ends within a few milliseconds shares one.

Nothing in hand is given up: while the database is away the same bulk is tried again, and `full`
says that nothing more should be sent. A lane's cursor follows only what is durable.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from services.notify.partners import measures
from services.notify.partners.deliveries import Lineage
from services.notify.partners.items import Write
from services.notify.partners.lanes import Lane
from shared.backoff import pause
from shared.errors import BackendAway
from shared.log import logger

GATHER_SECONDS: Final = 0.003
BULK: Final = 1_000
FULL: Final = 5_000
"""Records in hand above which nothing more is sent."""

Record = Callable[[Iterable[tuple[Lineage, Write]]], None]
InThread = Callable[..., Awaitable[None]]


class Recording:
    """The records in hand of one dispatcher; for one event loop. `record` is called in a thread."""

    def __init__(self, record: Record, in_thread: InThread) -> None:
        self._record = record
        self._in_thread = in_thread
        self._in_hand: deque[tuple[Lineage, Lane, Write]] = deque()
        self._taken = 0
        self._recorded = 0
        self._news = asyncio.Event()
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def full(self) -> bool:
        return self._taken - self._recorded >= FULL

    def take(self, lineage: Lineage, lane: Lane) -> None:
        """Take over what a lane has to record."""
        writes = lane.writes
        if not writes:
            return
        lane.writes = []
        self._taken += len(writes)
        self._in_hand.extend((lineage, lane, write) for write in writes)
        self._news.set()

    async def run(self) -> None:
        """Record what there is, for ever."""
        while True:
            await self._news.wait()
            await asyncio.sleep(GATHER_SECONDS)
            batch = [self._in_hand.popleft() for _ in range(min(BULK, len(self._in_hand)))]
            await self._until_recorded([(lineage, write) for lineage, _, write in batch])
            for _, lane, write in batch:
                if write.first and write.entry is not None:
                    lane.durable(write.entry.position)
            measures.count(write for _, _, write in batch)
            self._tell(len(batch))
            if not self._in_hand:
                self._news.clear()

    async def settled(self) -> None:
        """Returns when everything taken so far is durable."""
        if self._recorded < self._taken:
            told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((self._taken, told))
            await told

    def _tell(self, recorded: int) -> None:
        self._recorded += recorded
        while self._waiting and self._waiting[0][0] <= self._recorded:
            told = self._waiting.popleft()[1]
            if not told.done():
                told.set_result(None)

    async def _until_recorded(self, writes: Sequence[tuple[Lineage, Write]]) -> None:
        failures = 0
        while True:
            try:
                await self._in_thread(self._record, writes)
            except BackendAway:
                failures += 1
                seconds = pause(failures, first=0.1, longest=2)
                logger().warning("batch_held", count=len(writes), seconds=round(seconds, 2))
                await asyncio.sleep(seconds)
            else:
                return
