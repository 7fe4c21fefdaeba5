"""The shadow is built: what comes from the owners' queues, spread over a few processes.

A message is acknowledged once its writes are durable, those of an owner in their order; so when its
last one is, everything it told is written. What ends this process leaves the rest in the queues.
"""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from services.query.rebuild import folding
from services.query.rebuild.aligning import ENOUGH, Aligned, Message
from services.query.rebuild.opening import Rebuilds
from shared.broker import Broker, Delivery, rebuild_queue_name

_IN_HAND: Final = 4 * ENOUGH
"""Messages of each owner in hand for a process: one portion it works on, the next one ready."""

Portion = tuple[Sequence[Message], Future[Sequence[str]]]


@dataclass
class Built:
    """What the owners have told so far, and the events that could not be applied."""

    rebuild: str
    owners: dict[str, dict[str, Any]]
    faults: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return all(owner["ended"] for owner in self.owners.values())

    @property
    def told(self) -> int:
        return sum(owner["told"] for owner in self.owners.values())

    @property
    def total(self) -> int:
        return sum(max(owner["total"], owner["told"]) for owner in self.owners.values())

    def hear(self, message: Message) -> None:
        owner = self.owners[message.owner]
        owner["told"] = max(owner["told"], message.head["told"])
        owner["total"] = message.head["total"]
        owner["ended"] = owner["ended"] or message.is_end


def build(
    url: str,
    pool: Executor,
    rebuilds: Rebuilds,
    rebuild: Mapping[str, Any],
    show: Callable[[Built], None],
) -> Built:
    """Apply everything the owners tell, by folding.fold in `pool`, until all have ended; `show` is
    called as it goes on."""
    built = Built(rebuild["_id"], {name: dict(owner) for name, owner in rebuild["owners"].items()})
    queues = {rebuild_queue_name("query", owner): False for owner in built.owners}
    broker = Broker(url, consume=queues, prefetch=folding.PROCESSES * _IN_HAND)
    broker.start()
    try:
        for messages, faults in _folded(broker, pool, built):
            built.faults += faults
            for message in messages:
                built.hear(message)
                if message.is_end:
                    rebuilds.heard(built.rebuild, message.owner, built.owners[message.owner])
                broker.acknowledge(message.tag, message.epoch, multiple=False)
            show(built)
    finally:
        broker.stop()
    return built


def _folded(
    broker: Broker, pool: Executor, built: Built
) -> Iterator[tuple[Sequence[Message], Sequence[str]]]:
    """Portions in their order, each once it is written; empty ones while there is nothing."""
    epoch = broker.epoch
    aligned, in_hand = _nothing_yet(built)
    while not built.is_whole:
        for message in _arrived(broker, block=not in_hand):
            if message.epoch != epoch:  # the connection was lost: what was in hand comes again
                epoch = message.epoch
                aligned, in_hand = _nothing_yet(built)
            if message.head["rebuild"] == built.rebuild:
                aligned.add(message)
            else:  # of a rebuild that was given up
                broker.acknowledge(message.tag, message.epoch, multiple=False)
        while taken := aligned.take():
            in_hand.append((taken, pool.submit(folding.fold, [each.body for each in taken])))
        if in_hand:
            wait([in_hand[0][1]], timeout=0.02)
        else:
            yield (), ()
        while in_hand and in_hand[0][1].done():
            messages, future = in_hand.popleft()
            yield messages, future.result()


def _nothing_yet(built: Built) -> tuple[Aligned, deque[Portion]]:
    return Aligned({name for name, owner in built.owners.items() if not owner["ended"]}), deque()


def _arrived(broker: Broker, *, block: bool) -> Iterator[Message]:
    try:
        if block:
            yield _message(broker.deliveries.get(timeout=0.5))
        while True:
            yield _message(broker.deliveries.get_nowait())
    except queue.Empty:
        return


def _message(delivery: Delivery) -> Message:
    head = orjson.loads(delivery.body.partition(b"\n")[0])
    return Message(head, delivery.tag, delivery.epoch, delivery.body)
