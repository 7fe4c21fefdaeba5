"""What dead endpoints cost the others: the same run with none dead and with one in twenty.

Half of the dead refuse the connection, half take the call and never answer. Measured for the
partners that are well in both runs: from the arrival of an event in the log, just before it is
written there, to its arrival at the receiver.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from deploy.local.ports import LOOPBACK
from tests.benchmarks import partners
from tests.benchmarks.figures import Figure, paired_ratio, percentile
from tests.benchmarks.partners import Receiver
from tests.benchmarks.stand import LOAD, Stand, on_core, wait_until

ROUNDS = 3
SUBSCRIPTIONS, EVENTS = 1_000, 100
DEAD_EVERY = 20
PER_SECOND = 3
"""Events; each goes to all subscriptions."""

LATE_SECONDS = 60.0

Document = dict[str, Any]


def measure(stand: Stand, share: float = 1.0) -> Iterator[Figure]:
    """Runs in turns; `share` of the subscriptions, at as many more events a second as there are
    fewer subscriptions, up to ten times."""
    subscriptions = max(2 * DEAD_EVERY, int(SUBSCRIPTIONS * share))
    per_second = min(10.0, SUBSCRIPTIONS / subscriptions) * PER_SECOND
    events = partners.some_events(EVENTS)
    whole: list[list[float]] = []
    hurt: list[list[float]] = []
    with partners.receiver(stand) as receivers, _closed_port() as closed:
        for _ in range(ROUNDS):
            for found, dead in ((whole, False), (hurt, True)):
                urls = [
                    _url(receivers, closed, number, dead=dead) for number in range(subscriptions)
                ]
                found.append(_leg(stand, receivers, urls, events, per_second))
    p99 = [[percentile(leg, 0.99) for leg in legs] for legs in (hurt, whole)]
    p50 = [[percentile(leg, 0.5) for leg in legs] for legs in (hurt, whole)]
    yield Figure(
        f"arrival, p99 with 1 of {DEAD_EVERY} dead ÷ none dead",
        paired_ratio(*p99),
        at_most=1.5,
        note=f"p99 {_shown(p99)}, p50 {_shown(p50)} ms; {subscriptions} subscriptions × {EVENTS} "
        f"events, {subscriptions * per_second:.0f} deliveries/s offered",
    )


def _shown(pair: Sequence[Sequence[float]]) -> str:
    hurt, whole = (" ".join(f"{value:.0f}" for value in legs) for legs in pair)
    return f"{hurt} ÷ {whole}"


def _leg(
    stand: Stand,
    receivers: Receiver,
    urls: Sequence[str],
    events: Sequence[Document],
    per_second: float,
) -> list[float]:
    """Milliseconds from event to arrival, of the partners that are well in every run."""
    well = {f"/hook/{number}" for number in range(len(urls)) if not _may_be_dead(number)}
    expected = len(events) * sum(url.startswith(f"{receivers.url}/hook/") for url in urls)
    partners.subscribe(stand, urls)
    receivers.begin()
    with partners.dispatcher(stand, len(urls)) as process:
        arrived = _offer(stand, events, per_second)
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: receivers.count()["arrived"] >= expected, LATE_SECONDS, 0.5)
        process.kill()  # in good order it would wait for the calls that hang
    receivers.rate(expected)
    if expected < len(events) * len(urls) and not receivers.count()["hanging"]:
        raise RuntimeError("no dead endpoint was ever called")
    return [
        each.at - 1e3 * arrived[each.event_id].timestamp()
        for each in receivers.arrivals()
        if each.path in well
    ]


def _offer(stand: Stand, events: Sequence[Document], per_second: float) -> dict[str, datetime]:
    """Events arrive in the log at a steady rate: id → when."""
    arrived: dict[str, datetime] = {}
    with on_core(LOAD):
        began = time.perf_counter()
        for number, event in enumerate(events):
            time.sleep(max(0.0, began + number / per_second - time.perf_counter()))
            arrived[event["_id"]] = partners.log(stand, [event])
    return arrived


def _may_be_dead(number: int) -> bool:
    return number % DEAD_EVERY == 0


def _url(receivers: Receiver, closed: int, number: int, *, dead: bool) -> str:
    if not (dead and _may_be_dead(number)):
        return f"{receivers.url}/hook/{number}"
    if number % (2 * DEAD_EVERY):
        return f"http://{LOOPBACK}:{closed}/{number}"
    return f"{receivers.url}/hang/{number}"


@contextlib.contextmanager
def _closed_port() -> Iterator[int]:
    """A port that refuses every connection, and is nobody else's meanwhile."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        yield int(taken.getsockname()[1])
