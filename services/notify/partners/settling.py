"""Makes the lanes what the subscriptions and the shards say: opens, changes and puts them down.

A lane runs while its subscription is active and its shard is held. Whatever changes what it delivers
(address, filter, status, a replay) puts it down and opens it anew from what is recorded; secrets and
limits change under way. A lane is put down in this order: no more calls, those under way end, what
they did is durable, its place is written; only then is its subscription told to pause, its shard
given up or its lane opened again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from services.notify.partners.calls import Calls
from services.notify.partners.catalogue import Filter, names_of
from services.notify.partners.deliveries import Deliveries
from services.notify.partners.lane_documents import CONCURRENCY, LaneDocuments, Opened, place_of
from services.notify.partners.reading import Reader
from services.notify.partners.recording import Recording
from services.notify.partners.shards import Shards, shard_of
from services.notify.partners.signing import Signer
from services.notify.partners.subscriptions import Subscriptions
from services.notify.partners.traffic import Running, Traffic
from shared.backoff import pause
from shared.errors import BackendAway, Permanent, Refused
from shared.log import logger

Document = dict[str, Any]
InThread = Callable[..., Awaitable[Any]]

_OPENED_AT_ONCE: Final = 100
_DRAIN_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Stores:
    """What is asked in threads."""

    shards: Shards
    lanes: LaneDocuments
    deliveries: Deliveries
    subscriptions: Subscriptions


class Settling:
    """The lanes of one dispatcher; for one event loop."""

    def __init__(
        self,
        stores: Stores,
        calls: Calls,
        reader: Reader,
        *,
        recording: Recording,
        traffic: Traffic,
        in_thread: InThread,
        keep: Callable[[dict[str, Document]], Awaitable[None]],
    ) -> None:
        self.running: dict[str, Running] = {}
        self.known: dict[str, Document] = {}
        self._stores = stores
        self._calls = calls
        self._reader = reader
        self._recording = recording
        self._traffic = traffic
        self._in_thread = in_thread
        self._keep = keep
        self._mine: set[int] = set()
        self._unsettled: dict[str, None] = {}
        self._news = asyncio.Event()
        self._closing: dict[str, asyncio.Task[None]] = {}

    # --- what changes -------------------------------------------------------------------------

    @property
    def mine(self) -> Collection[int]:
        """The shards whose lanes run here."""
        return self._mine

    def learned(self, subscriptions: Iterable[Document]) -> None:
        """Subscriptions that are new or different; an older version of one says nothing."""
        for each in subscriptions:
            known = self.known.get(each["_id"])
            if known is None or known["version"] < each["version"]:
                self.known[each["_id"]] = each
                self.settle(each["_id"])

    def gained(self, shards: Collection[int]) -> None:
        """These shards belong to this dispatcher, and their lanes know it."""
        self._mine.update(shards)
        for key in self.known:
            if shard_of(key) in shards:
                self.settle(key)

    def lost(self, shards: Collection[int]) -> None:
        """Somebody else has them: their lanes are not ours any more, whatever they are about."""
        self._mine.difference_update(shards)
        for key, running in [*self.running.items()]:
            if shard_of(key) in shards:
                self._end(running)
                del self.running[key]

    async def put_down(self, shards: Collection[int]) -> None:
        """Let the lanes of these shards come to rest, so that others can go on with them."""
        self._mine.difference_update(shards)
        self._close([key for key in self.running if shard_of(key) in shards])
        closing = [task for key, task in self._closing.items() if shard_of(key) in shards]
        await asyncio.gather(*closing)

    def settle(self, key: str) -> None:
        """Look again whether its lane is as it should be."""
        self._unsettled[key] = None
        self._news.set()

    def effect(self, running: Running) -> None:
        """A lane has come to the end of its hope."""
        self._close([running.id])

    async def run(self) -> None:
        """Make it so, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            unsettled, self._unsettled = [*self._unsettled], {}
            try:
                await self._settle(unsettled)
            except BackendAway:
                self._unsettled = {**dict.fromkeys(unsettled), **self._unsettled}
                self._news.set()
                await asyncio.sleep(pause(1, first=0.5, longest=0.5))

    # --- making it so -------------------------------------------------------------------------

    async def _settle(self, keys: Sequence[str]) -> None:
        to_open: list[Document] = []
        ended: list[Document] = []
        for key in keys:
            subscription, running = self.known[key], self.running.get(key)
            if key in self._closing or shard_of(key) not in self._mine:
                continue
            if running is not None and _shape(subscription) != _shape(running.subscription):
                self._close([key])
            elif running is not None:
                await self._adopt(running, subscription)
            elif subscription["status"] == "active":
                to_open.append(subscription)
            else:
                ended.append(subscription)
        for start in range(0, len(to_open), _OPENED_AT_ONCE):
            await self._open(to_open[start : start + _OPENED_AT_ONCE])
        for subscription in ended:
            if subscription["status"] == "paused":
                await self._in_thread(self._stores.deliveries.hold, subscription["_id"])
            elif subscription["status"] == "stopped":
                now = datetime.now(UTC)
                await self._in_thread(self._stores.deliveries.cancel, subscription["_id"], now)

    async def _open(self, subscriptions: Sequence[Document]) -> None:
        opened = await self._in_thread(self._stores.lanes.open, subscriptions)
        signers = await self._in_thread(self._signers, subscriptions)
        for subscription, lane, signer in zip(subscriptions, opened, signers, strict=True):
            if signer is not None and shard_of(subscription["_id"]) in self._mine:
                self._start(subscription, lane, signer)  # else lost meanwhile

    def _start(self, subscription: Document, opened: Opened, signer: Signer) -> None:
        running = Running(
            subscription=subscription,
            lineage=opened.lineage,
            lane=opened.lane,
            filter=Filter(names_of(subscription["event_types"]), tuple(subscription["divisions"])),
            endpoint=self._calls.endpoint(subscription["url"]),
            signer=signer,
            signs_until=signs_until(subscription),
        )
        self.running[running.id] = running
        self._reader.add(running)
        self._traffic.wake(running)

    async def _adopt(self, running: Running, subscription: Document) -> None:
        """Go on with other limits and secrets."""
        running.subscription = subscription
        running.lane.pace.limit(
            subscription.get("concurrency") or CONCURRENCY, subscription.get("max_per_second")
        )
        (signer,) = await self._in_thread(self._signers, [subscription])
        if signer is not None:
            running.signer = signer
        running.signs_until = signs_until(subscription)
        self._traffic.wake(running)

    def _signers(self, subscriptions: Iterable[Document]) -> list[Signer | None]:
        return [self._signer_of(each) for each in subscriptions]

    def _signer_of(self, subscription: Document) -> Signer | None:
        """None if its secrets cannot be read: nobody else is held up by that."""
        try:
            secrets = self._stores.subscriptions.open_secrets(subscription, datetime.now(UTC))
        except Permanent as error:
            key = subscription["_id"]
            logger().error("lane_not_opened", subscription=key, reason=error.reason)
            return None
        return Signer(secrets)

    # --- putting down -------------------------------------------------------------------------

    def _end(self, running: Running) -> None:
        running.lane.closed = True
        self._reader.remove(running)
        if running.timer is not None:
            running.timer.cancel()

    def _close(self, keys: Collection[str]) -> None:
        """Put these down together, but for those that are being put down already."""
        group = [self.running[key] for key in keys if key not in self._closing]
        if group:
            task = asyncio.get_running_loop().create_task(self._closed(group))
            self._closing.update(dict.fromkeys((running.id for running in group), task))

    async def _closed(self, group: Sequence[Running]) -> None:
        for running in group:
            self._end(running)
        try:
            while any(running.lane.pace.in_flight for running in group):  # noqa: ASYNC110 - pure, they know no loop
                await asyncio.sleep(_DRAIN_SECONDS)
            await self._recording.settled()
            await self._keep({running.id: place_of(running.lane) for running in group})
            for running in group:
                if running.lane.effect is not None:
                    await self._tell(running)
        finally:
            for running in group:
                self._gone(running)

    def _gone(self, running: Running) -> None:
        running.endpoint.close_idle(float("inf"))
        if self.running.get(running.id) is running:
            del self.running[running.id]
        del self._closing[running.id]
        self.settle(running.id)

    async def _tell(self, running: Running) -> None:
        """Pause or stop the subscription for what its lane has come to."""
        key, pace, known = running.id, running.lane.pace, running.subscription
        subscriptions = self._stores.subscriptions
        if running.lane.effect == "pause" and pace.failing_since is not None:
            since = datetime.fromtimestamp(pace.failing_since, UTC)
            logger().warning("subscription_paused", subscription=key, code=pace.last_error)
            await self._until_done(subscriptions.pause, known, since, pace.last_error or "")
        else:
            logger().warning("subscription_stopped", subscription=key, code=pace.last_error)
            await self._until_done(subscriptions.stop, known, "gone")
        # what became of it is read before its lane is looked at again
        self.learned(await self._until_done(subscriptions.read_many, [key]) or ())

    async def _until_done(self, act: Callable[..., Any], *arguments: Any) -> Any:
        failures = 0
        while True:
            try:
                return await self._in_thread(act, *arguments)
            except BackendAway:
                failures += 1
                await asyncio.sleep(pause(failures, first=0.2, longest=5))
            except Refused:  # it was changed meanwhile: what it is now will be settled
                return None


def signs_until(subscription: Document) -> float:
    """When the first of its secrets ends, seconds since the epoch."""
    ends = (secret.get("expires_at") for secret in subscription["secrets"])
    now = datetime.now(UTC)
    return min((end.timestamp() for end in ends if end and end > now), default=float("inf"))


def _shape(subscription: Document) -> tuple[Any, ...]:
    """What a lane is opened for; with any other it is another lane."""
    rewind = subscription.get("rewind") or {}
    return (
        subscription["status"],
        subscription["url"],
        tuple(subscription["event_types"]),
        tuple(subscription["divisions"]),
        rewind.get("epoch", 0),
    )
