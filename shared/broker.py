"""RabbitMQ: the topology, and one connection per process in a thread of its own.

pika's connections are not thread-safe and send no heartbeats while a thread computes, so the
connection lives in its own thread and everybody else talks to it through `publish`, `deliveries`
and `acknowledge`. A lost connection is opened again with back-off and jitter for ever: what was
unconfirmed is reported as lost, what was unacknowledged is redelivered by the broker.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import takewhile
from typing import Any

import pika
import pika.exceptions
from pika.adapters.select_connection import SelectConnection
from pika.channel import Channel

from shared.backoff import pause
from shared.contracts.envelope import CONTENT_TYPE
from shared.contracts.events import EXCHANGE, REBUILT_FROM, REBUILT_SERVICE, consumed_by
from shared.contracts.partner_events import DROPPED_QUEUE, PARTNER_EXCHANGE, PARTNER_SERVICE
from shared.log import logger

DEAD_EXCHANGE = "tiaojie.dead"
"""Where the broker puts what it gave up delivering; the workers take it from there."""

DELIVERY_LIMIT = 20
"""Redeliveries before the broker gives a message up: only crashes count, see `runner`."""

REBUILD_QUEUE_LENGTH = 64
"""Messages of many events each that wait for a rebuild: what an owner tells again is ahead of what
is applied by some 16 MiB and no more."""

HEARTBEAT_SECONDS = 20


def queue_name(service: str) -> str:
    return f"tiaojie.{service}"


def dead_queue_name(service: str) -> str:
    return f"tiaojie.{service}.dead"


def rebuild_queue_name(service: str, owner: str) -> str:
    """Where `owner` tells again what the read models of a service are rebuilt from."""
    return f"tiaojie.{service}.rebuild.{owner}"


def declare_topology(channel: Any, service: str, max_length: int) -> None:
    """Create, if missing, the exchanges, the service's bounded quorum queues and their bindings.

    A full queue refuses publishing (the outbox then keeps the event) and never drops its head.
    """
    channel.exchange_declare(EXCHANGE, exchange_type="topic", durable=True)
    channel.exchange_declare(DEAD_EXCHANGE, exchange_type="direct", durable=True)
    bounded = {"x-queue-type": "quorum", "x-overflow": "reject-publish", "x-max-length": max_length}
    channel.queue_declare(dead_queue_name(service), durable=True, arguments=bounded)
    channel.queue_bind(dead_queue_name(service), DEAD_EXCHANGE, routing_key=service)
    channel.queue_declare(
        queue_name(service),
        durable=True,
        arguments={
            **bounded,
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": DEAD_EXCHANGE,
            "x-dead-letter-routing-key": service,
            "x-dead-letter-strategy": "at-least-once",
        },
    )
    for event in consumed_by(service):
        channel.queue_bind(queue_name(service), EXCHANGE, routing_key=f"{event.name}.#")
    if service == PARTNER_SERVICE:
        _declare_partner_topology(channel, max_length)
    if service == REBUILT_SERVICE:
        bounded |= {"x-max-length": REBUILD_QUEUE_LENGTH}
        for owner in REBUILT_FROM:
            name = rebuild_queue_name(service, owner)
            channel.queue_declare(name, durable=True, arguments=bounded)


def _declare_partner_topology(channel: Any, max_length: int) -> None:
    """The exchange of partners' own queues, and the bounded queue of what these had to drop."""
    channel.exchange_declare(PARTNER_EXCHANGE, exchange_type="topic", durable=True)
    bounded = {"x-queue-type": "quorum", "x-overflow": "drop-head", "x-max-length": max_length}
    channel.queue_declare(DROPPED_QUEUE, durable=True, arguments=bounded)


def provision(url: str, service: str, max_length: int) -> None:
    """Declare the topology over a short connection of its own."""
    connection = pika.BlockingConnection(parameters(url))
    try:
        declare_topology(connection.channel(), service, max_length)
    finally:
        connection.close()


def parameters(url: str) -> pika.URLParameters:
    result = pika.URLParameters(url)
    result.heartbeat = HEARTBEAT_SECONDS
    result.blocked_connection_timeout = HEARTBEAT_SECONDS
    result.socket_timeout = 5
    result.connection_attempts = 1
    return result


class Outcome(StrEnum):
    """What the broker said of a published message."""

    CONFIRMED = "confirmed"
    UNROUTABLE = "unroutable"
    REFUSED = "refused"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to publish, persistent; unless `mandatory`, it is confirmed when no queue wants
    it."""

    id: str
    routing_key: str
    body: bytes
    exchange: str = EXCHANGE
    mandatory: bool = True
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message taken from a queue; `epoch` names the channel it came on."""

    tag: int
    epoch: int
    body: bytes
    redelivered: bool
    dead: bool = False


@dataclass(slots=True)
class _Publication:
    messages: Sequence[Outgoing]
    outcomes: list[Outcome]
    open: int
    done: threading.Event = field(default_factory=threading.Event)

    def settle(self, position: int, outcome: Outcome) -> None:
        self.outcomes[position] = outcome
        self.open -= 1
        if not self.open:
            self.done.set()


class Broker:
    """The process's connection. `start` returns at once; `ready` tells whether it is usable."""

    def __init__(
        self, url: str, *, consume: Mapping[str, bool] | None = None, prefetch: int = 500
    ) -> None:
        """`consume` maps queue names to whether they hold dead letters."""
        self._url = url
        self._consume = dict(consume or {})
        self._prefetch = prefetch
        self.deliveries: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._run, name="broker", daemon=True)
        self._stopping = threading.Event()
        self._open = threading.Event()
        self._connection: SelectConnection | None = None
        self._publisher: Channel | None = None
        self._consumer: Channel | None = None
        self._consumer_opens = False
        self._epoch = 0
        self._consumer_tags: list[str] = []
        self._wants_messages = bool(consume)
        self._next_tag = 0
        self._unconfirmed: dict[int, tuple[_Publication, int]] = {}
        self._returned: set[str] = set()
        self._failures = 0

    @property
    def ready(self) -> bool:
        return self._open.is_set()

    @property
    def epoch(self) -> int:
        return self._epoch

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """Close the connection; unacknowledged messages go back to their queues."""
        self._stopping.set()
        self._call(
            lambda: self._connection and self._connection.is_open and self._connection.close()
        )
        self.thread.join(timeout=5)

    # --- from any thread -------------------------------------------------------------------

    def publish(self, messages: Sequence[Outgoing], timeout: float) -> list[Outcome]:
        """Publish all and wait for all confirms, pipelined; never raises for a broker's fault."""
        if not messages:
            return []
        publication = _Publication(messages, [Outcome.LOST] * len(messages), len(messages))
        if self._open.is_set() and self._call(lambda: self._send(publication)):
            publication.done.wait(timeout)
        return list(publication.outcomes)

    def acknowledge(self, tag: int, epoch: int, *, multiple: bool) -> None:
        """Acknowledge on the channel the message came on; a no-op if that channel is gone."""

        def act() -> None:
            if self._consumer and epoch == self._epoch and self._consumer.is_open:
                self._consumer.basic_ack(tag, multiple=multiple)

        self._call(act)

    def pause(self) -> None:
        """Give every unacknowledged message back to its queue and take no more."""
        self._wants_messages = False

        def act() -> None:
            if self._consumer and self._consumer.is_open:
                self._consumer.close()

        self._call(act)

    def stop_consuming(self) -> None:
        """Take no more messages; those in hand may still be acknowledged."""
        self._wants_messages = False

        def act() -> None:
            if self._consumer and self._consumer.is_open:
                for tag in self._consumer_tags:
                    self._consumer.basic_cancel(tag)

        self._call(act)

    def resume(self) -> None:
        self._wants_messages = bool(self._consume)
        self._call(self._open_consumer)

    def _call(self, act: Any) -> bool:
        connection = self._connection
        if connection is None:
            return False
        try:
            connection.ioloop.add_callback_threadsafe(act)
        except Exception:  # noqa: BLE001 - the loop has ended: the same as a lost connection
            return False
        return True

    # --- in the broker's thread ------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._connection = SelectConnection(
                    parameters(self._url),
                    on_open_callback=self._on_open,
                    on_open_error_callback=self._on_end,
                    on_close_callback=self._on_end,
                )
                self._connection.ioloop.start()
            except Exception:  # noqa: BLE001 - whatever ended the loop, it starts anew
                self._lose()
            self._close_loop()
            if self._stopping.is_set():
                return
            self._failures += 1
            seconds = pause(self._failures, first=0.25, longest=10)
            logger().warning("broker_lost", seconds=round(seconds, 2))
            self._stopping.wait(seconds)

    def _close_loop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.ioloop.close()

    def _on_open(self, connection: SelectConnection) -> None:
        connection.channel(on_open_callback=self._on_publisher)

    def _on_publisher(self, channel: Channel) -> None:
        self._publisher = channel
        self._next_tag = 0
        channel.add_on_close_callback(self._on_channel_closed)
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=self._on_publisher_ready)

    def _on_publisher_ready(self, _frame: Any) -> None:
        self._failures = 0
        self._open.set()
        logger().info("broker_connected")
        self._open_consumer()

    def _open_consumer(self) -> None:
        there = self._consumer_opens or (self._consumer and self._consumer.is_open)
        if self._wants_messages and not there and self._connection and self._connection.is_open:
            self._consumer_opens = True
            self._connection.channel(on_open_callback=self._on_consumer)

    def _on_consumer(self, channel: Channel) -> None:
        self._consumer_opens = False
        if not self._wants_messages:  # paused while it was being opened
            channel.close()
            return
        self._consumer = channel
        self._epoch += 1
        epoch = self._epoch
        channel.add_on_close_callback(self._on_channel_closed)
        channel.basic_qos(prefetch_count=self._prefetch)
        self._consumer_tags = [
            channel.basic_consume(
                name,
                lambda _ch, method, _properties, body, dead=dead: self.deliveries.put(
                    Delivery(method.delivery_tag, epoch, body, method.redelivered, dead)
                ),
            )
            for name, dead in self._consume.items()
        ]
        logger().info("consumer_started", count=len(self._consumer_tags))

    def _on_channel_closed(self, channel: Channel, reason: Exception) -> None:
        if channel is self._consumer:
            self._consumer = None
        deliberate = isinstance(reason, pika.exceptions.ChannelClosedByClient)
        if not deliberate and self._connection and self._connection.is_open:
            self._connection.close()  # start afresh: one way back for every fault

    def _on_end(self, connection: SelectConnection, _reason: Any) -> None:
        self._lose()
        connection.ioloop.stop()

    def _lose(self) -> None:
        self._open.clear()
        self._publisher = self._consumer = None
        self._consumer_opens = False
        lost, self._unconfirmed = self._unconfirmed, {}
        self._returned.clear()
        for publication, position in lost.values():
            publication.settle(position, Outcome.LOST)

    def _send(self, publication: _Publication) -> None:
        channel = self._publisher
        if channel is None or not channel.is_open:
            for position in range(len(publication.messages)):
                publication.settle(position, Outcome.LOST)
            return
        for position, message in enumerate(publication.messages):
            self._next_tag += 1
            self._unconfirmed[self._next_tag] = (publication, position)
            channel.basic_publish(
                message.exchange,
                message.routing_key,
                message.body,
                pika.BasicProperties(
                    content_type=CONTENT_TYPE,
                    delivery_mode=2,
                    message_id=message.id,
                    headers=message.headers,
                ),
                mandatory=message.mandatory,
            )

    def _on_return(self, _channel: Channel, _method: Any, properties: Any, _body: bytes) -> None:
        self._returned.add(properties.message_id)  # its ack follows

    def _on_confirm(self, frame: Any) -> None:
        accepted = isinstance(frame.method, pika.spec.Basic.Ack)
        tag = frame.method.delivery_tag
        # tags stand in ascending order; `multiple` means all up to and including this one
        tags = (
            list(takewhile(lambda t: t <= tag, self._unconfirmed))
            if frame.method.multiple
            else [tag]
        )
        for each in tags:
            entry = self._unconfirmed.pop(each, None)
            if entry is None:
                continue
            publication, position = entry
            message_id = publication.messages[position].id
            if message_id in self._returned:
                self._returned.discard(message_id)
                outcome = Outcome.UNROUTABLE
            else:
                outcome = Outcome.CONFIRMED if accepted else Outcome.REFUSED
            publication.settle(position, outcome)
