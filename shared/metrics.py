"""Prometheus metrics of every process; labels are names of code, never values of people."""

from __future__ import annotations

import os

from prometheus_client import REGISTRY as DEFAULT
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUEST_SECONDS = Histogram(
    "tiaojie_request_seconds",
    "Duration of HTTP requests.",
    ("route", "method", "status"),
    buckets=_SECONDS,
)
MESSAGES = Counter("tiaojie_messages_total", "Messages by outcome.", ("event", "outcome"))
HANDLER_SECONDS = Histogram(
    "tiaojie_handler_seconds",
    "Time of one micro-batch on one collection.",
    ("collection",),
    buckets=_SECONDS,
)
BATCH_MESSAGES = Histogram(
    "tiaojie_batch_messages",
    "Messages in a micro-batch.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
QUEUE_LAG = Histogram(
    "tiaojie_queue_lag_seconds",
    "Age of an event when it is applied.",
    ("event",),
    buckets=(*_SECONDS, 30, 60, 300, 1800, 3600),
)
OUTBOX_DEPTH = Gauge(
    "tiaojie_outbox_depth",
    "Documents with unpublished events.",
    ("collection",),
    multiprocess_mode="mostrecent",
)
OUTBOX_AGE = Gauge(
    "tiaojie_outbox_age_seconds",
    "Age of the oldest unpublished event.",
    ("collection",),
    multiprocess_mode="mostrecent",
)
SET_ASIDE = Gauge(
    "tiaojie_set_aside", "Messages set aside.", ("state",), multiprocess_mode="mostrecent"
)
CASES_WAITING = Gauge(
    "tiaojie_cases_waiting",
    "Cases that no mediator has, that none has opened, or that are overdue; counted to 10,000.",
    ("kind",),
    multiprocess_mode="mostrecent",
)
DOCUMENTS_DUE = Gauge(
    "tiaojie_documents_due",
    "Applications with documents to be made: `waiting`, or `stuck` after many tries.",
    ("state",),
    multiprocess_mode="mostrecent",
)
DOCUMENTS_ISSUED = Counter(
    "tiaojie_documents_total",
    "Tries to issue a document, by kind and outcome.",
    ("kind", "outcome"),
)
PUBLISHED = Counter("tiaojie_relay_events_total", "Events by what the broker said.", ("outcome",))
RELAY_SECONDS = Histogram(
    "tiaojie_relay_seconds", "From reading an outbox to all confirms.", buckets=_SECONDS
)


class Durations:
    """REQUEST_SECONDS of one route, whose series are looked up once for each status."""

    def __init__(self, route: str, method: str) -> None:
        self._labels = (route, method)
        self._series: dict[int, Histogram] = {}

    def observe(self, status: int, seconds: float) -> None:
        series = self._series.get(status)
        if series is None:
            series = self._series[status] = REQUEST_SECONDS.labels(*self._labels, status)
        series.observe(seconds)


def exposition() -> tuple[bytes, str]:
    """The text format and its content type; over all processes of a web service where they share."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client import multiprocess

        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST
    return generate_latest(DEFAULT), CONTENT_TYPE_LATEST
