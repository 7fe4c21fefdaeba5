"""Partners for benchmarks: receivers, subscriptions, a dispatcher process, events for its log.

The receivers (receiver.mjs) are a process of their own on the load generator's core. Each
subscription has a path of its own there, and so connections of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import orjson
import requests

from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.programs import Process
from shared.contracts.envelope import from_json
from shared.contracts.partner_events import partner_document
from shared.sealing import Keyring
from tests.benchmarks import case_stream
from tests.benchmarks.stand import LOAD, ROOT, Stand, ready, wait_until
from tests.builders.webhooks import a_subscription
from tests.node import NODE

PREFIX = "bench_partners_"
OPEN_SECONDS = 60.0
SETTLED_SECONDS = 120.0

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery as it came in; `at` is in milliseconds since 1970."""

    path: str
    event_id: str
    at: float


@dataclass(frozen=True, slots=True)
class Receiver:
    """Endpoints `<url>/hook/N`, which answer at once, and `<url>/hang/N`, which never do."""

    url: str

    def begin(self) -> None:
        """Forget what arrived."""
        requests.post(f"{self.url}/begin", timeout=60).raise_for_status()

    def count(self) -> Mapping[str, int]:
        """{arrived, hanging, bytes}."""
        found: Mapping[str, int] = requests.get(f"{self.url}/count", timeout=60).json()
        return found

    def arrivals(self) -> list[Arrival]:
        lines = requests.get(f"{self.url}/arrivals", timeout=60).text.splitlines()
        return [Arrival(path, event, float(at)) for path, event, at in map(str.split, lines)]

    def rate(self, expected: int) -> float:
        """Deliveries per second from the first to the last, each having arrived exactly once."""
        found = self.arrivals()
        different = len({(each.path, each.event_id) for each in found})
        if len(found) != expected or different != expected:
            raise RuntimeError(f"{len(found)} arrived, {different} different, of {expected}")
        moments = [each.at for each in found]
        return 1e3 * (expected - 1) / (max(moments) - min(moments))


@contextlib.contextmanager
def receiver(stand: Stand) -> Iterator[Receiver]:
    """A running receiver, nothing arrived yet."""
    [port] = free_ports(1)
    program = [NODE, str(ROOT / "tests/benchmarks/receiver.mjs"), str(port)]
    with stand.program("receiver", program, {}, LOAD):
        if not ready(port, "/count"):
            raise RuntimeError("the receiver does not answer")
        yield Receiver(f"http://{LOOPBACK}:{port}")


def subscribe(stand: Stand, urls: Sequence[str]) -> None:
    """Active subscriptions to everything, one an address, in an empty database."""
    stand.client.drop_database(f"{PREFIX}notify")
    stand.run(["-m", "services.notify", "provision"], stand.environment(PREFIX))
    keyring = Keyring.parse(stand.keys["TIAOJIE_CONTACT_KEYS"])
    everything = ["cn.tiaojie.application.*", "cn.tiaojie.case.*"]
    stand.client[f"{PREFIX}notify"]["subscriptions"].insert_many(
        [a_subscription(url, keyring=keyring, event_types=everything) for url in urls]
    )


@contextlib.contextmanager
def dispatcher(stand: Stand, lanes: int) -> Iterator[Process]:
    """The dispatcher's process, once it has opened so many lanes."""
    told = {
        **stand.environment(PREFIX),
        "TIAOJIE_PARTNER_ALLOW_LOOPBACK": "true",
        "TIAOJIE_LOG_LEVEL": "WARNING",
    }
    opened = stand.client[f"{PREFIX}notify"]["lanes"]
    with stand.process("dispatcher", ["-m", "services.notify", "dispatcher"], told) as process:
        wait_until(lambda: opened.estimated_document_count() >= lanes, OPEN_SECONDS)
        yield process


def some_events(count: int) -> list[Document]:
    """So many events as the log keeps them, of many cases mixed; not arrived yet."""
    keyring = Keyring.parse(f"c:{'A' * 43}=")
    told = map(from_json, case_stream.events(3 * count, keyring))
    offered = ((event, document) for event in told if (document := partner_document(event)))
    return [
        {
            "_id": event.id,
            "name": event.name,
            "type": event.type,
            "subject": event.subject,
            "division": event.division,
            "time": event.time,
            "sequence": event.sequence,
            "body": orjson.dumps(document),
            "unplaced": True,
        }
        for event, document in islice(offered, count)
    ]


def log(stand: Stand, events: Sequence[Document]) -> datetime:
    """Let these events arrive in the log, now; the moment before."""
    now = datetime.now(UTC)
    arriving = [{**event, "arrived": now} for event in events]
    stand.client[f"{PREFIX}notify"]["partner_events"].insert_many(arriving)
    return now


def wait_until_delivered(stand: Stand, receivers: Receiver, expected: int) -> None:
    """Until so many have arrived and their records are there; RuntimeError if some never are."""
    recorded = stand.client[f"{PREFIX}notify"]["deliveries"]
    try:
        # what is recorded has arrived: so the receiver need not be asked meanwhile
        wait_until(lambda: recorded.estimated_document_count() >= expected, SETTLED_SECONDS, 0.1)
        wait_until(lambda: recorded.count_documents({"status": "delivered"}) >= expected, 60, 0.5)
    except TimeoutError:
        arrived, told = receivers.count()["arrived"], recorded.count_documents({})
        raise RuntimeError(f"of {expected}, {arrived} arrived, {told} recorded") from None
