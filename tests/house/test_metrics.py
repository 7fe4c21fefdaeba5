"""Every metric is told in docs/metrics.md, named alike, and used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.metrics import MetricWrapperBase

from deploy.reference_pages import declared_metrics
from tests.house.sources import ROOT

_NAME = re.compile(r"tiaojie_[a-z_]+")
PERSONAL = frozenset({"name", "phone", "email", "id_number", "serial_number", "address", "subject"})


def faults(metrics: Iterable[MetricWrapperBase], page: str) -> Iterator[str]:
    """Metrics that are not on the page, named strangely, or with labels of people."""
    for metric in metrics:
        name = next(iter(metric.describe())).name
        if not _NAME.fullmatch(name):
            yield f"{name}: strange name"
        if not re.search(rf"^\| `{name}(_total)?` \|", page, re.MULTILINE):
            yield f"{name}: not on the page"
        yield from (f"{name}: label {x}" for x in metric._labelnames if x in PERSONAL)


def test_every_metric_is_on_the_page_and_has_no_label_of_people():
    metrics = declared_metrics()
    assert len(metrics) > 5
    assert list(faults(metrics, (ROOT / "docs/metrics.md").read_text("utf-8"))) == []


def test_a_metric_that_breaks_the_rule_is_noticed():
    page = (ROOT / "docs/metrics.md").read_text("utf-8")
    registry = CollectorRegistry()
    assert list(faults([Gauge("tiaojie_planted", "x", registry=registry)], page)) == [
        "tiaojie_planted: not on the page"
    ]
    odd = Counter("messages", "x", ["phone"], registry=registry)
    assert list(faults([odd], page)) == [
        "messages: strange name",
        "messages: not on the page",
        "messages: label phone",
    ]
