"""Webhook deliveries: ours beside a bare asynchronous client and beside Celery, same receiver.

Ours signs, keeps the order within each case, and records each delivery durably; Celery does the
last and signs; the bare client does neither. All have the first core to themselves.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import orjson
from celery import Celery

from services.notify.partners.pools import PLACES
from tests.benchmarks import partners
from tests.benchmarks.figures import Figure, legs, paired_ratio
from tests.benchmarks.partners import PREFIX, Receiver
from tests.benchmarks.stand import Stand, processor_seconds, wait_until

ROUNDS = 3
SUBSCRIPTIONS, EVENTS = 100, 200
CELERY_SUBSCRIPTIONS = 20
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CELERY_THREADS = 16
"""Threads are the fastest of Celery's pools for this: solo was 0.3 of it, prefork 0.6 to 0.7."""

CELERY = "tests.benchmarks.floors.celery_deliveries"
BARE = "tests.benchmarks.floors.posting"

Document = dict[str, Any]


def measure(stand: Stand) -> Iterator[Figure]:
    """Deliveries per second of the three, in turns."""
    events = partners.some_events(EVENTS)
    rates: dict[str, list[float]] = {"ours": [], "bare": [], "celery": []}
    costs: dict[str, list[float]] = {"ours": [], "bare": []}
    with partners.receiver(stand) as receivers:
        for _ in range(ROUNDS):
            for name, leg in (("ours", _ours), ("bare", _bare)):
                rate, cost = leg(stand, receivers, events)
                rates[name].append(rate)
                costs[name].append(cost)
            rates["celery"].append(_celery(stand, receivers, events[: EVENTS // 2]))
    ours, bare = (statistics.median(costs[name]) for name in ("ours", "bare"))
    yield Figure(
        "deliveries ÷ Celery task each",
        paired_ratio(rates["ours"], rates["celery"]),
        at_least=5.0,
        note=f"{legs(rates['ours'])} ÷ {legs(rates['celery'])} /s",
    )
    yield Figure(
        "deliveries ÷ bare aiohttp client",
        paired_ratio(rates["ours"], rates["bare"]),
        at_least=0.7,
        note=f"{legs(rates['ours'])} ÷ {legs(rates['bare'])} /s, processor "
        f"{1e6 * ours:.0f} ÷ {1e6 * bare:.0f} µs",
    )


def _ours(stand: Stand, receivers: Receiver, events: Sequence[Document]) -> tuple[float, float]:
    """All events arrive in the log at once, for a running dispatcher: deliveries per second, and
    processor seconds of one."""
    expected = SUBSCRIPTIONS * len(events)
    partners.subscribe(stand, _urls(receivers, SUBSCRIPTIONS))
    receivers.begin()
    with partners.dispatcher(stand, SUBSCRIPTIONS) as process:
        used = processor_seconds(process.pid)
        partners.log(stand, events)
        partners.wait_until_delivered(stand, receivers, expected)
        used = processor_seconds(process.pid) - used
    return receivers.rate(expected), used / expected


def _bare(stand: Stand, receivers: Receiver, events: Sequence[Document]) -> tuple[float, float]:
    posts = {
        "urls": _urls(receivers, SUBSCRIPTIONS),
        "bodies": [[event["_id"], event["body"].decode()] for event in events],
    }
    (stand.folder / "posts.json").write_bytes(orjson.dumps(posts))
    receivers.begin()
    used = float(stand.run(["-m", BARE, str(stand.folder), str(PLACES["healthy"])], {}))
    expected = SUBSCRIPTIONS * len(events)
    return receivers.rate(expected), used / expected


def _celery(stand: Stand, receivers: Receiver, events: Sequence[Document]) -> float:
    """A worker that finds all its tasks queued."""
    recorded = stand.client[f"{PREFIX}notify"]["deliveries"]
    expected = CELERY_SUBSCRIPTIONS * len(events)
    stand.client.drop_database(f"{PREFIX}notify")
    stand.run(["-m", "services.notify", "provision"], stand.environment(PREFIX))
    receivers.begin()
    with stand.vhost() as url:
        environment = {**stand.environment(PREFIX), "TIAOJIE_AMQP_URL": url}
        _queue(url, _urls(receivers, CELERY_SUBSCRIPTIONS), events)
        worker = ["-m", "celery", "--app", CELERY, "worker", "--pool", "threads"]
        told = ["--concurrency", str(CELERY_THREADS), "--loglevel", "WARNING"]
        with (
            stand.process("celery", [*worker, *told], environment) as process,
            suppress(TimeoutError),
        ):
            wait_until(
                lambda: recorded.estimated_document_count() >= expected or not process.running,
                120,
                every=0.1,
            )
    return receivers.rate(expected)


def _queue(broker: str, urls: Sequence[str], events: Sequence[Document]) -> None:
    """A task for every event and subscription, before the worker starts."""
    with Celery("bench", broker=broker) as app:
        app.conf.task_default_queue = "deliveries"
        for (position, event), (number, url) in (
            (at, to) for at in enumerate(events, start=1) for to in enumerate(urls)
        ):
            delivery = {
                "subscription": f"sub_{number:022}",
                "url": url,
                "secret": SECRET,
                "event_id": event["_id"],
                "event_type": event["type"],
                "subject": event["subject"],
                "position": position,
                "body": event["body"].decode(),
            }
            app.send_task("deliver", [delivery])


def _urls(receivers: Receiver, count: int) -> list[str]:
    return [f"{receivers.url}/hook/{number}" for number in range(count)]
