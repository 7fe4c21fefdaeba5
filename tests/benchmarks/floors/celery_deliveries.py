"""Deliveries as they are usually written: a Celery task for each event and subscription.

`celery --app tests.benchmarks.floors.celery_deliveries worker …` with late acknowledgement on
RabbitMQ. Each task signs with the Standard Webhooks library, posts with a kept requests.Session,
records its result in MongoDB as ours does (one durable insert of the same fields) and is tried again
with Celery's own back-off. Messages are durable and persistent; Celery keeps no result of its own.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from functools import cache
from typing import Any

import requests
from celery import Celery
from standardwebhooks import Webhook

from shared.settings import Settings
from shared.store import connect

TIMEOUT_SECONDS = 15

settings = Settings.load()
app = Celery("floor", broker=settings.amqp_url)
app.conf.update(
    task_default_queue="deliveries",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=16,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)
_own = threading.local()


@app.task(  # type: ignore[untyped-decorator]
    name="deliver", autoretry_for=(requests.RequestException,), retry_backoff=5, max_retries=8
)
def deliver(delivery: dict[str, Any]) -> None:
    """Post one event to one endpoint and record what came of it; RequestException is tried again."""
    body, began = delivery["body"], datetime.now(UTC)
    headers = {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": delivery["event_id"],
        "webhook-timestamp": str(int(began.timestamp())),
        "webhook-signature": Webhook(delivery["secret"]).sign(delivery["event_id"], began, body),
    }
    sent = time.monotonic()
    answer = session().post(
        delivery["url"],
        data=body.encode(),
        headers=headers,
        timeout=TIMEOUT_SECONDS,
        allow_redirects=False,
    )
    latency = time.monotonic() - sent
    answer.raise_for_status()
    now = datetime.now(UTC)
    attempt = {
        "at": began,
        "status_code": answer.status_code,
        "latency_ms": round(latency * 1e3),
        "error": None,
    }
    collection().insert_one(
        {
            "_id": f"{delivery['subscription']}:{delivery['event_id']}",
            "subscription": delivery["subscription"],
            "shard": 0,
            "channel": "bench",
            "event_id": delivery["event_id"],
            "event_type": delivery["event_type"],
            "subject": delivery["subject"],
            "position": delivery["position"],
            "created_at": now,
            "epoch": 0,
            "attempts": [attempt],
            "status": "delivered",
            "tries": 1,
            "next_attempt_at": None,
            "settled_at": now,
        }
    )


def session() -> requests.Session:
    """One for each thread, since a session is not made for several."""
    if not hasattr(_own, "session"):
        _own.session = requests.Session()
    found: requests.Session = _own.session
    return found


@cache
def collection() -> Any:
    """Connected in the process that works, not in the one it was forked from."""
    return connect(settings, "notify")["deliveries"]
