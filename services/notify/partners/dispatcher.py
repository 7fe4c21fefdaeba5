"""The dispatcher: every event of the log to every webhook that wants it, each in a lane of its own.

One event loop; whatever asks the database does so in threads, in bulk. Several dispatchers share the
subscriptions by shards: what one holds nobody else sends, and when its lease has lapsed it sends
nothing either. A lane is opened with everything that is recorded of it, and put down only after
everything it did is recorded; where that cannot be (a crash), what was answered and not yet recorded
is sent again, with the same `webhook-id`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Collection, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from services.notify.partners import measures
from services.notify.partners.bodies import Bodies
from services.notify.partners.calls import Calls
from services.notify.partners.deliveries import item_of
from services.notify.partners.lane_documents import place_of
from services.notify.partners.log import EventLog
from services.notify.partners.reading import Reader
from services.notify.partners.recording import Recording
from services.notify.partners.settling import Settling, Stores
from services.notify.partners.shards import shard_of
from services.notify.partners.traffic import Hooks, Running, Traffic
from services.notify.partners.verifying import Verifying
from shared.backoff import pause
from shared.errors import BackendAway
from shared.log import logger

LEASE_TURN_SECONDS: Final = 1.0
FOLLOW_SECONDS: Final = 0.3
DUE_SECONDS: Final = 0.5
DUE_WHOLE_SECONDS: Final = 60.0
DUE_MARGIN: Final = timedelta(seconds=10)
"""How far the clocks of web processes may be behind ours; what they miss by more is found when
everything due is looked through, once a minute."""

KEEP_SECONDS: Final = 0.5
KEEP_IDLE_SECONDS: Final = 20.0
"""How old the place of a lane without deliveries may be that has passed events it does not want."""

SWEEP_SECONDS: Final = 0.1
IDLE_SECONDS: Final = 2.0
MEASURE_SECONDS: Final = 5.0
_GOODBYE_SECONDS: Final = 0.01
"""For connections to be closed by the loop."""

_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Dispatcher:
    """The webhooks of one process. `run` works until `stop` was called, then puts everything down."""

    def __init__(self, stores: Stores, log: EventLog, calls: Calls, *, stop_seconds: float) -> None:
        self._stores = stores
        self._log = log
        self._calls = calls
        self._stop_seconds = stop_seconds
        self._threads = {
            # apart, so that a slow question holds up neither the leases nor the records
            name: ThreadPoolExecutor(number, f"dispatcher-{name}")
            for name, number in (("leases", 1), ("records", 1), ("questions", 4), ("changes", 2))
        }
        self._recording = Recording(stores.deliveries.record, self._in("records"))
        self._traffic = Traffic(
            self._recording, Hooks(self._may_send, self._feed, self._want, self._effect)
        )
        self._reader = Reader(log, self._in("questions"), self._traffic.wake)
        self._bodies = Bodies(log, stores.deliveries, self._in("questions"), self._traffic.wake)
        self._settling = Settling(
            stores,
            calls,
            self._reader,
            recording=self._recording,
            traffic=self._traffic,
            in_thread=self._in("changes"),
            keep=self._keep_places,
        )
        self._verifying = Verifying(calls, stores.subscriptions, self._in("changes"), random.random)
        self._gained: frozenset[int] = frozenset()
        self._looked_at = _EVER
        self._whole_at = 0.0
        self._idle_at = 0.0
        self._giving_up: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Deliver until `stop`. Raises what ended any of its parts: then the process should end."""
        self._loop = asyncio.get_running_loop()
        await self._begin()
        parts = [
            asyncio.create_task(part)
            for part in (
                self._recording.run(),
                self._reader.run(),
                self._bodies.run(),
                self._settling.run(),
                self._again(LEASE_TURN_SECONDS, self._hold_shards),
                self._again(FOLLOW_SECONDS, self._follow),
                self._again(DUE_SECONDS, self._find_due),
                self._again(KEEP_SECONDS, self._keep),
                self._again(SWEEP_SECONDS, self._sweep),
                self._again(MEASURE_SECONDS, self._measure),
            )
        ]
        stopping = asyncio.create_task(self._stopping.wait())
        done, _ = await asyncio.wait([*parts, stopping], return_when=asyncio.FIRST_COMPLETED)
        try:
            for part in done - {stopping}:
                part.result()
            await self._put_everything_down()
        finally:
            for part in (*parts, stopping):
                part.cancel()
            await asyncio.gather(*parts, stopping, return_exceptions=True)
            self._close()
            await asyncio.sleep(_GOODBYE_SECONDS)

    def stop(self) -> None:
        """End in good order; from the loop's thread."""
        self._stopping.set()

    def news(self) -> None:
        """Events were placed; from any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._reader.news)

    @property
    def holds_a_lease(self) -> bool:
        """Whether it may work: it has shards, or others have them all."""
        return self._stores.shards.holding.until > time.monotonic()

    # --- from beginning to end ----------------------------------------------------------------

    async def _begin(self) -> None:
        while True:
            try:
                await self._in("leases")(self._stores.shards.ensure)
                await self._reader.begin()
                await self._follow()
            except BackendAway:
                await asyncio.sleep(LEASE_TURN_SECONDS)
            else:
                return

    async def _put_everything_down(self) -> None:
        """Calls under way may end; what is in hand is recorded; the shards are free at once."""
        try:
            async with asyncio.timeout(self._stop_seconds):
                await self._give_up(self._settling.mine)
                await self._in("leases")(self._stores.shards.leave)
        except (TimeoutError, BackendAway):
            logger().warning("worker_stop_timeout")
            self._traffic.stop()
            self._calls.close()

    def _close(self) -> None:
        self._traffic.stop()
        self._verifying.stop()
        self._reader.stop()
        self._calls.close()
        for threads in self._threads.values():
            threads.shutdown(wait=False, cancel_futures=True)

    # --- again and again ----------------------------------------------------------------------

    async def _again(self, seconds: float, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await act()
            except BackendAway as error:
                logger().warning("task_failed", task=act.__name__, error=type(error).__name__)
            await asyncio.sleep(seconds)

    async def _hold_shards(self) -> None:
        shards = self._stores.shards
        change = await self._in("leases")(shards.turn, not self._stopping.is_set())
        if change.lost:
            logger().warning("shards_lost", count=len(change.lost))
            self._settling.lost(change.lost)
        self._gained = (self._gained - change.lost) | change.gained
        if self._gained and not self._stopping.is_set():
            await self._in("leases")(self._stores.lanes.take, self._gained)
            logger().info("shards_gained", count=len(self._gained))
            self._settling.gained(self._gained)
            self._gained = frozenset()
        if self._stopping.is_set():  # everything is being given up
            return
        if change.surplus and (self._giving_up is None or self._giving_up.done()):
            given = sorted(self._settling.mine)[: change.surplus]
            self._giving_up = asyncio.create_task(self._give_up(given))

    async def _give_up(self, shards: Collection[int]) -> None:
        """Each as soon as its own lanes are at rest: one that hangs keeps back its shard alone."""
        await asyncio.gather(*map(self._give_up_one, [*shards]))

    async def _give_up_one(self, shard: int) -> None:
        await self._settling.put_down([shard])
        try:
            await self._in("leases")(self._stores.shards.give_up, [shard])
        except BackendAway:  # then it is ours until the lease lapses, and offered again
            if shard in self._stores.shards.holding.shards and not self._stopping.is_set():
                self._settling.gained([shard])

    async def _follow(self) -> None:
        """Learn what subscriptions have become, and begin the handshakes that are due."""
        changed = await self._in("changes")(self._stores.subscriptions.changed)
        self._settling.learned(changed)
        mine = self._settling.mine
        pending = [
            each
            for key, each in self._settling.known.items()
            if each["status"] == "pending" and shard_of(key) in mine
        ]
        if pending and self._may_send():
            self._verifying.begin_due(pending, datetime.now(UTC))

    async def _find_due(self) -> None:
        """Deliveries that the API made due: test events, replays of single ones."""
        now, whole = datetime.now(UTC), time.monotonic() >= self._whole_at
        since = _EVER if whole else self._looked_at - DUE_MARGIN
        mine = [*self._settling.mine]
        found = await self._in("questions")(self._stores.deliveries.due_between, mine, since, now)
        self._looked_at = now
        if whole:
            self._whole_at = time.monotonic() + DUE_WHOLE_SECONDS
        for delivery in found:
            running = self._settling.running.get(delivery["subscription"])
            if running is not None and running.lineage.counts(delivery):
                running.lane.asked(item_of(delivery), now.timestamp())
                self._traffic.wake(running)

    async def _keep(self) -> None:
        """Write where lanes have come to."""
        kept, now = {}, time.monotonic()
        for running in self._settling.running.values():
            lane = running.lane
            if lane.closed:  # whoever puts it down writes its place
                continue
            if not running.behind:
                lane.read_to = max(lane.read_to, self._reader.tail)
            state = (lane.cursor, lane.pace.failures, lane.pace.not_before)
            due = running.touched or now - running.kept_at >= KEEP_IDLE_SECONDS
            if due and state != running.kept:
                running.kept, running.kept_at = state, now
                running.touched = lane.cursor < lane.read_to  # what is not durable yet will be
                kept[running.id] = place_of(lane)
            if time.time() >= running.signs_until:
                self._settling.settle(running.id)
        if kept:
            await self._in("records")(self._stores.lanes.keep, kept)

    async def _keep_places(self, places: dict[str, dict[str, Any]]) -> None:
        """The last places of lanes that are put down: in the same thread as the usual ones, so that
        none of these comes later."""
        failures = 0
        while True:
            try:
                await self._in("records")(self._stores.lanes.keep, places)
            except BackendAway:
                failures += 1
                await asyncio.sleep(pause(failures, first=0.2, longest=5))
            else:
                return

    async def _sweep(self) -> None:
        now = time.monotonic()
        self._calls.sweep(now)
        self._traffic.sweep(now)
        if now >= self._idle_at:
            self._idle_at = now + IDLE_SECONDS
            for running in self._settling.running.values():
                running.endpoint.close_idle(now - 2 * IDLE_SECONDS)

    async def _measure(self) -> None:
        states: Tally[str] = Tally()
        lag = 0
        for running in self._settling.running.values():
            states["behind" if running.behind else running.lane.pace.standing] += 1
            at = running.lane.cursor if running.behind else self._reader.tail
            lag = max(lag, self._reader.tail - at)
        measures.show_lanes(states, lag)

    # --- what the traffic asks for --------------------------------------------------------------

    def _may_send(self) -> bool:
        return self._stores.shards.holding.may_send(time.monotonic())

    def _feed(self, running: Running) -> None:
        self._reader.feed(running)

    def _want(self, running: Running) -> None:
        self._bodies.want(running)

    def _effect(self, running: Running) -> None:
        self._settling.effect(running)

    def _in(self, name: str) -> Callable[..., Awaitable[Any]]:
        """Run something in a thread of that pool."""
        threads = self._threads[name]

        async def run(act: Callable[..., Any], *arguments: Any) -> Any:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(threads, partial(act, *arguments))

        return run
