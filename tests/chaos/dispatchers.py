"""Dispatchers as processes that are killed and started again, and what partners saw of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pymongo.database import Database

from shared.sealing import Keyring
from tests.builders.endpoints import Endpoints, Received
from tests.builders.webhooks import a_subscription

ROOT = Path(__file__).resolve().parents[2]
RECORDED_SECONDS = 1.0
"""How long after its answer a delivery may still be unrecorded, on a machine with much to do."""

Db = Database[dict[str, Any]]


@dataclass
class Crowd:
    """Dispatchers of one database, by number."""

    mongo_url: str
    amqp_url: str
    database: Db
    contact_keys: str
    folder: Path
    kills: list[float] = field(default_factory=list)
    _processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for number in [*self._processes]:
            self.kill(number)

    def start(self, number: int, port: int = 0) -> None:
        log = (self.folder / f"dispatcher-{number}.log").open("ab")
        self._processes[number] = subprocess.Popen(
            [sys.executable, "-m", "services.notify", "dispatcher"],
            env={
                **os.environ,
                "TIAOJIE_ENVIRONMENT": "development",
                "TIAOJIE_MONGO_URL": self.mongo_url,
                "TIAOJIE_MONGO_PREFIX": self.database.name.removesuffix("notify"),
                "TIAOJIE_AMQP_URL": self.amqp_url,
                "TIAOJIE_CONTACT_KEYS": self.contact_keys,
                "TIAOJIE_PARTNER_ALLOW_LOOPBACK": "true",
                "TIAOJIE_WORKER_PORT": str(port),
            },
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
        log.close()

    def kill(self, number: int) -> None:
        """kill -9: nothing is finished, nothing is said."""
        process = self._processes.pop(number)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        self.kills.append(time.time())

    def stop(self) -> list[int]:
        """SIGTERM for all; their exit statuses."""
        for process in self._processes.values():
            process.terminate()
        statuses = [process.wait(30) for process in self._processes.values()]
        self._processes.clear()
        return statuses

    def logs(self) -> str:
        return "\n".join(f.read_text()[-3000:] for f in sorted(self.folder.glob("dispatcher-*")))


def subscribed(db: Db, served: Endpoints, keyring: Keyring, count: int, **fields: Any) -> list[str]:
    """Subscriptions, each with an address of its own that takes a moment to answer."""
    documents = [
        a_subscription(served.url(f"/slow?0.0{number:04}"), keyring=keyring, **fields)
        for number in range(count)
    ]
    db["subscriptions"].insert_many(documents)
    return [d["_id"] for d in documents]


@dataclass
class Seen:
    """What arrived, against what should have."""

    deliveries: int = 0
    lost: int = 0
    repeated: int = 0
    unexplained: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.deliveries} deliveries, {self.lost} lost, {self.repeated} repeated, "
            f"{len(self.unexplained)} of them without a kill, {len(self.out_of_order)} out of order"
        )


def examine(served: Endpoints, ids: Sequence[str], subjects: int, kills: Sequence[float]) -> Seen:
    """Every event arrived at every address; more than once only if it had been answered when a
    dispatcher was killed; those of one case (`ids` in turn) in their order."""
    seen = Seen()
    for path, calls in served.received.items():
        by_id: dict[str, list[Received]] = defaultdict(list)
        for call in calls:
            by_id[call.event_id].append(call)
        seen.deliveries += len(by_id)
        seen.lost += len(set(ids) - set(by_id))
        for event_id, found in by_id.items():
            seen.repeated += len(found) - 1
            for earlier in found[:-1]:
                # it may have been on its way: then its answer came after the kill, or never
                at = earlier.answered_at or earlier.at
                if not any(
                    earlier.at <= kill + 0.05 and at >= kill - RECORDED_SECONDS for kill in kills
                ):
                    seen.unexplained.append(f"{path} {event_id}")
        first = [*dict.fromkeys(call.event_id for call in calls)]
        place = {event_id: number for number, event_id in enumerate(first)}
        for subject in range(subjects):
            mine = [place[each] for each in ids[subject::subjects] if each in place]
            if mine != sorted(mine):
                seen.out_of_order.append(f"{path} {subject}")
    return seen
