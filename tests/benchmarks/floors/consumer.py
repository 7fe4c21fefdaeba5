"""`python -m tests.benchmarks.floors.consumer insert|update`: one message at a time with pika.

The same durability as ours: majority writes with journal, the acknowledgement after the write.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pika

from services.routing import domain
from shared.broker import parameters, queue_name
from shared.contracts.envelope import Trace, from_json
from shared.settings import Settings
from shared.store import changed, connect


def main() -> None:
    settings = Settings.load()
    kind = sys.argv[1]
    service, act = ("query", insert) if kind == "insert" else ("routing", update)
    database = connect(settings, service)
    channel = pika.BlockingConnection(parameters(settings.amqp_url)).channel()
    channel.basic_qos(prefetch_count=settings.prefetch)
    channel.basic_consume(queue_name(service), _acknowledging(act, database))
    channel.start_consuming()


def _acknowledging(act: Callable[[Any, bytes], None], database: Any) -> Callable[..., None]:
    def on_message(channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        act(database, body)
        channel.basic_ack(method.delivery_tag)

    return on_message


def insert(database: Any, body: bytes) -> None:
    """One durable insert_one."""
    event = orjson.loads(body)
    database["progress"].insert_one({**event["data"], "_id": event["subject"]})


def update(database: Any, body: bytes) -> None:
    """Read, check the inbox, decide, one durable guarded update with the next event."""
    event = from_json(body)
    case = database["cases"].find_one({"_id": event.subject})
    if event.id in case["seen"]:
        return
    at = datetime.now(UTC)
    decision = domain.withdraw(case, at)
    trace = Trace(event.trace.traceparent, event.trace.correlation_id, event.id)
    _, change = changed(case, decision, source="routing", at=at, trace=trace)
    database["cases"].update_one({"_id": case["_id"], "version": case["version"]}, change)


if __name__ == "__main__":
    main()
