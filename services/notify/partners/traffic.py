"""Calls of all lanes: whose turn it is, one call each in turn, as far as places and paces allow.

Runs inside the event loop and never waits: it is woken when an event came, a call ended, a retry is
due or a place is free, and begins what may begin. Nothing is begun while `may_send` says no.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from services.notify.partners.calls import Endpoint
from services.notify.partners.catalogue import Filter
from services.notify.partners.deliveries import Lineage
from services.notify.partners.endings import Ending
from services.notify.partners.items import Item
from services.notify.partners.lanes import Lane
from services.notify.partners.pace import Standing
from services.notify.partners.pools import Place, Pools
from services.notify.partners.recording import Recording
from services.notify.partners.signing import Signer
from shared.log import logger

Document = dict[str, Any]

_AT_ONCE: Final = 64
"""Calls begun before the answers that have come are looked at."""

_LEAST_SLEEP: Final = 0.005


@dataclass(slots=True, eq=False)
class Running:
    """A lane at work: the subscription as it was last read, and what its calls are made with."""

    subscription: Document
    lineage: Lineage
    lane: Lane
    filter: Filter
    endpoint: Endpoint
    signer: Signer
    signs_until: float
    behind: bool = False
    is_read: bool = False
    queued: Standing | None = None
    touched: bool = False
    kept: tuple[Any, ...] = ()
    kept_at: float = 0.0
    timer: asyncio.TimerHandle | None = None

    @property
    def id(self) -> str:
        return self.lineage.subscription


@dataclass(slots=True)
class Hooks:
    """Whom the traffic tells: of room for more events, of bodies to read, of a lane's effect."""

    may_send: Callable[[], bool]
    hungry: Callable[[Running], None]
    wanting: Callable[[Running], None]
    effect: Callable[[Running], None]


class Traffic:
    """The calls of one dispatcher."""

    def __init__(self, recording: Recording, hooks: Hooks) -> None:
        self._recording = recording
        self._hooks = hooks
        self._pools: Pools[Running] = Pools()
        self._scheduled = False
        self._stopped = False
        self.under_way = 0

    def wake(self, running: Running) -> None:
        """There may be something to call for."""
        if running.queued is None and not running.lane.closed:
            running.queued = running.lane.pace.standing
            self._pools.wait(running, running.queued)
            self.schedule()

    def schedule(self) -> None:
        """Begin what may begin, after what the loop has in hand."""
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._begin_some)

    def sweep(self, now: float) -> None:
        """Move what lasts out of the way, and look whether something may begin again."""
        self._pools.sweep(now)
        self.schedule()

    def stop(self) -> None:
        """Begin nothing any more; what ends from now on because of us is not recorded."""
        self._stopped = True

    def _begin_some(self) -> None:
        self._scheduled = False
        for _ in range(_AT_ONCE):
            if self._stopped or self._recording.full or not self._hooks.may_send():
                return  # the sweep comes back to it
            running = self._pools.next()
            if running is None:
                return
            self._begin(running)
        self.schedule()

    def _begin(self, running: Running) -> None:
        lane, queued = running.lane, running.queued
        running.queued = None
        standing = lane.pace.standing
        if standing != queued:
            self.wake(running)
            return
        now = time.time()
        item = lane.next(now)
        if lane.writes:
            self._recording.take(running.lineage, lane)
        if lane.wanted:
            self._hooks.wanting(running)
        if running.behind:
            self._hooks.hungry(running)
        if item is None:
            self._sleep(running, now)
            return
        self._call(running, item, now)
        self.wake(running)

    def _call(self, running: Running, item: Item, now: float) -> None:
        entry = item.entry
        assert entry is not None  # noqa: S101 - a lane gives no delivery without its body
        standing = running.lane.pace.standing
        place = self._pools.take(standing, time.monotonic())
        self.under_way += 1
        endpoint = running.endpoint
        endpoint.trouble = standing != "healthy"
        headers = running.signer.headers(item.event_id, int(now), entry.body)
        endpoint.post(headers, entry.body, partial(self._ended, running, item, place))

    def _ended(self, running: Running, item: Item, place: Place, ending: Ending) -> None:
        self.under_way -= 1
        self._pools.give_back(place)
        lane = running.lane
        running.touched = True
        if ending.code == "stopped":  # by ourselves: as if the call had never been
            lane.pace.in_flight -= 1
            return
        lane.ended(item, ending, time.time(), random.random())  # noqa: S311 - spreads load
        if not ending.ok:
            logger().info(
                "delivery_failed",
                subscription=running.id,
                code=ending.code,
                event_id=item.event_id,
                attempts=item.tries,
            )
        self._recording.take(running.lineage, lane)
        if lane.effect is not None:
            self._hooks.effect(running)
        self.wake(running)
        self.schedule()  # a place is free, if not for this lane

    def _sleep(self, running: Running, now: float) -> None:
        """Come back when time brings something."""
        if running.timer is not None:
            running.timer.cancel()
            running.timer = None
        at = running.lane.wake_at()
        if at is not None:
            loop = asyncio.get_running_loop()
            seconds = max(_LEAST_SLEEP, at - now)
            running.timer = loop.call_later(seconds, self.wake, running)
