"""Reads again what was not kept in memory: bodies of events whose delivery is due once more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

from services.notify.partners.deliveries import Deliveries, delivery_id
from services.notify.partners.items import Item
from services.notify.partners.log import Entry, EventLog
from services.notify.partners.traffic import Running
from shared.errors import BackendAway

_AT_ONCE: Final = 500
_AWAY_SECONDS: Final = 0.5

Wanted = tuple[Running, Item]


class Bodies:
    """Gathers what all lanes want, so that they share a question to the database."""

    def __init__(
        self,
        log: EventLog,
        deliveries: Deliveries,
        in_thread: Callable[..., Awaitable[Any]],
        woken: Callable[[Running], None],
    ) -> None:
        self._log = log
        self._deliveries = deliveries
        self._in_thread = in_thread
        self._woken = woken
        self._wanted: list[Wanted] = []
        self._news = asyncio.Event()

    def want(self, running: Running) -> None:
        self._wanted.extend((running, item) for item in running.lane.take_wanted())
        self._news.set()

    async def run(self) -> None:
        """Read what is wanted, for ever."""
        while True:
            await self._news.wait()
            wanted, self._wanted = self._wanted[:_AT_ONCE], self._wanted[_AT_ONCE:]
            if not self._wanted:
                self._news.clear()
            try:
                entries = await self._in_thread(self._read, wanted)
            except BackendAway:
                self._wanted = wanted + self._wanted
                self._news.set()
                await asyncio.sleep(_AWAY_SECONDS)
                continue
            now = time.time()
            for (running, item), entry in zip(wanted, entries, strict=True):
                running.lane.loaded(item, entry, now)
                self._woken(running)

    def _read(self, wanted: list[Wanted]) -> list[Entry | None]:
        logged = self._log.by_ids({i.event_id for _, i in wanted if i.position is not None})
        tests = [delivery_id(r.id, i.event_id) for r, i in wanted if i.position is None]
        own = self._deliveries.bodies(tests) if tests else {}
        return [
            _test_entry(item, own.get(delivery_id(running.id, item.event_id)))
            if item.position is None
            else logged.get(item.event_id)
            for running, item in wanted
        ]


def _test_entry(item: Item, document: dict[str, Any] | None) -> Entry | None:
    if document is None:
        return None
    return Entry(
        position=0,
        id=item.event_id,
        name="",
        type=document["event_type"],
        subject=item.subject,
        division="",
        time=datetime.now(UTC),
        body=document["body"],
    )
