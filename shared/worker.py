"""A worker process: consume, relay, recurring tasks, health; stops gracefully on SIGTERM.

Started as `python -m services.<name> worker`. Losing any of its threads ends the process, which
the supervisor starts again: a half-dead worker is worse than none.
"""

from __future__ import annotations

import queue
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import PyMongoError

from shared import log
from shared.backoff import jittered, pause
from shared.broker import Broker, Delivery, dead_queue_name, queue_name
from shared.errors import BackendAway, Permanent
from shared.health import serve_health
from shared.log import logger
from shared.relay import Relay, measure_outbox
from shared.runner import Beside, Handlers, Runner
from shared.setaside import DELIVERY_LIMIT_REACHED
from shared.store import answers

if TYPE_CHECKING:
    from pymongo.database import Database

    from shared.settings import Settings

Document = dict[str, Any]

HOLD_TRIES = 7
"""Tries of a batch while the database is away (about 12 s) before its messages are given back."""

AGAIN: Final = object()
"""What a task returns that has more to do: its next turn comes at once."""

MEASURE_SECONDS = 5.0
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Task:
    """Something a worker does again and again, about `every` so many seconds."""

    name: str
    every: float
    act: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Worker:
    """What a service's worker is made of; `outboxes` are its collections of aggregates, `kept` those
    whose told events are recorded; `beside` see runner.Beside."""

    service: str
    settings: Settings
    database: Database[Document]
    handlers: Handlers
    outboxes: Sequence[str]
    tasks: Sequence[Task] = ()
    on_stop: Sequence[Callable[[], None]] = field(default=())
    kept: Sequence[str] = ()
    beside: Beside | None = None

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, then finish, acknowledge and flush within the limit."""
        log.configure(self.settings, self.service, "worker")
        _Running(self).until_stopped()


class _Running:
    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        settings = worker.settings
        name = worker.service
        tries = settings.message_tries
        self._runner = Runner(name, worker.database, worker.handlers, tries, worker.beside)
        self._broker = Broker(
            settings.amqp_url,
            consume={queue_name(name): False, dead_queue_name(name): True},
            prefetch=settings.prefetch,
        )
        self._relay = Relay(
            worker.database,
            worker.outboxes,
            self._broker,
            batch=settings.relay_batch,
            sweep_seconds=settings.relay_sweep_seconds,
            kept=worker.kept,
        )
        self._stopping = threading.Event()
        self._tasks = [
            *worker.tasks,
            Task("retry_set_aside", RETRY_SECONDS, self._retry_set_aside),
            Task("measure", MEASURE_SECONDS, self._measure),
        ]
        self._threads = [
            threading.Thread(target=self._consume, name="consumer", daemon=True),
            *(
                threading.Thread(target=self._repeat, args=(task,), name=task.name, daemon=True)
                for task in self._tasks
            ),
        ]

    def until_stopped(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        self._broker.start()
        self._relay.start()
        for thread in self._threads:
            thread.start()
        settings = self._worker.settings
        if settings.worker_port:
            serve_health(settings.listen_host, settings.worker_port, self._checks())
        logger().info("worker_started")
        while not self._stopping.wait(0.5):
            threads = (*self._threads, *self._relay.threads, self._broker.thread)
            if not all(thread.is_alive() for thread in threads):
                logger().error("worker_stopped", reason="a thread died")
                raise SystemExit(1)
        self._stop()

    def _stop(self) -> None:
        logger().info("worker_stopping")
        ends_at = time.monotonic() + self._worker.settings.stop_timeout_seconds
        self._broker.stop_consuming()
        for thread in self._threads:
            thread.join(max(0.0, ends_at - time.monotonic()))
        finished = not any(thread.is_alive() for thread in self._threads)
        self._relay.stop(max(0.1, ends_at - time.monotonic()))
        self._flush(ends_at)
        for act in self._worker.on_stop:
            act()
        self._broker.stop()
        (logger().info if finished else logger().error)(
            "worker_stopped" if finished else "worker_stop_timeout"
        )

    def _flush(self, ends_at: float) -> None:
        try:
            while (
                self._broker.ready and time.monotonic() < ends_at and self._relay.publish_pending()
            ):
                pass
        except PyMongoError as error:
            logger().warning("relay_failed", error=type(error).__name__)

    def _checks(self) -> Mapping[str, Callable[[], bool]]:
        return {
            "mongodb": lambda: answers(self._worker.database),
            "rabbitmq": lambda: self._broker.ready,
        }

    # --- consuming ---------------------------------------------------------------------------

    def _consume(self) -> None:
        while True:
            batch = self._gather()
            if all(self._settle(portion) for portion in portions(batch)):
                if not batch and self._stopping.is_set():
                    return
            elif self._stopping.is_set():
                self._broker.pause()  # what is in hand goes back, for whoever comes next
                return
            else:
                self._pause_until_database_answers()

    def _gather(self) -> list[Delivery]:
        """What is there now, up to a micro-batch: under load the next one fills while this is
        written, so waiting for more would only cost latency."""
        deliveries = self._broker.deliveries
        batch: list[Delivery] = []
        try:
            batch.append(deliveries.get(timeout=0.2))
            while len(batch) < self._worker.settings.batch_messages:
                batch.append(deliveries.get_nowait())
        except queue.Empty:
            pass
        return [d for d in batch if d.epoch == self._broker.epoch]

    def _settle(self, batch: Sequence[Delivery]) -> bool:
        """Apply and acknowledge; False if the database stayed away. Then nothing delivered since
        may be acknowledged on this channel either: `multiple` would take these along."""
        for attempt in range(1, HOLD_TRIES + 1):
            try:
                for delivery in batch:
                    if delivery.dead:
                        self._runner.keep_dead(delivery.body, Permanent(DELIVERY_LIMIT_REACHED))
                self._runner.apply([d.body for d in batch if not d.dead])
            except BackendAway:
                seconds = pause(attempt, first=0.2, longest=5)
                logger().warning("batch_held", count=len(batch), seconds=round(seconds, 2))
                if self._stopping.wait(seconds):
                    return False
            else:
                self._broker.acknowledge(batch[-1].tag, batch[-1].epoch, multiple=len(batch) > 1)
                return True
        return False

    def _pause_until_database_answers(self) -> None:
        logger().warning("consumer_paused")
        self._broker.pause()
        while not self._stopping.is_set() and not answers(self._worker.database):
            self._stopping.wait(jittered(3))
        if not self._stopping.is_set():
            self._broker.resume()

    # --- recurring tasks ---------------------------------------------------------------------

    def _repeat(self, task: Task) -> None:
        while not self._stopping.is_set():
            try:
                if task.act() is AGAIN:
                    continue
            except Exception as error:  # noqa: BLE001 - a task's fault is logged; its next turn comes
                logger().error("task_failed", task=task.name, error=type(error).__name__)
            self._stopping.wait(jittered(task.every * 4 / 3))

    def _retry_set_aside(self) -> None:
        for _ in range(self._worker.settings.batch_messages):
            kept = self._runner.set_aside.claim_due()
            if kept is None or self._stopping.is_set():
                return
            if self._runner.apply_again(kept.body):
                self._runner.set_aside.forget(kept.id)
                logger().info("message_recovered", event_id=kept.id, attempts=kept.attempts)

    def _measure(self) -> None:
        limit = self._worker.settings.outbox_limit
        for name in self._worker.outboxes:
            measure_outbox(self._worker.database[name], limit)
        self._runner.set_aside.measure()


def portions(batch: Sequence[Delivery]) -> Iterator[Sequence[Delivery]]:
    """What was delivered before, one by one in random order; then everything new at once.

    A message that crashes the process is redelivered with all that were in hand: on its own, and
    each time after others, it alone reaches the delivery limit.
    """
    again = [delivery for delivery in batch if delivery.redelivered]
    for delivery in random.sample(again, len(again)):
        yield [delivery]
    if fresh := [delivery for delivery in batch if not delivery.redelivered]:
        yield fresh
