"""Metrics of webhook deliveries."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from services.notify.partners.items import Write

DELIVERIES = Counter(
    "tiaojie_partner_deliveries_total",
    "Attempts to deliver an event to a partner's endpoint by what became of the delivery, and "
    "deliveries `kept_back` behind an earlier one of their case.",
    ("outcome",),
)
ARRIVAL_SECONDS = Histogram(
    "tiaojie_partner_arrival_seconds",
    "From an event to its delivery at the first attempt.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600),
)
LANES = Gauge(
    "tiaojie_partner_lanes",
    "Subscriptions this dispatcher serves by how their endpoint stands.",
    ("state",),
    multiprocess_mode="mostrecent",
)
LOG_LAG = Gauge(
    "tiaojie_partner_log_lag",
    "Events of the log that the slowest lane of this dispatcher has not taken up.",
    multiprocess_mode="mostrecent",
)
VERIFICATIONS = Counter(
    "tiaojie_partner_verifications_total", "Handshakes with endpoints.", ("outcome",)
)

STATES: Final = ("healthy", "suspect", "failing", "behind")

_outcomes = {
    outcome: DELIVERIES.labels(outcome)
    for outcome in ("delivered", "retrying", "exhausted", "cancelled", "kept_back")
}


def count(writes: Iterable[Write]) -> None:
    """Account for what was recorded."""
    tally: Tally[str] = Tally()
    now = time.time()
    for write in writes:
        tally["kept_back" if write.ending is None else write.status] += 1
        if write.first and write.entry is not None and write.status == "delivered":
            ARRIVAL_SECONDS.observe(max(0.0, now - write.entry.time.timestamp()))
    for outcome, number in tally.items():
        _outcomes[outcome].inc(number)


def show_lanes(states: Mapping[str, int], lag: int) -> None:
    for state in STATES:
        LANES.labels(state).set(states.get(state, 0))
    LOG_LAG.set(lag)
