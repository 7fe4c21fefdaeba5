"""The three services that a rebuild takes, at work in threads of the test on real back-ends.

Their workers are those of the product; the owners' queues get nothing but what asks for a rebuild.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pika
from bson import ObjectId
from pymongo.database import Database

from services.intake import app as intake
from services.intake.settings import IntakeSettings
from services.query import app as query
from services.query.settings import QuerySettings
from services.query.store import ReadModels
from services.routing import app as routing
from services.routing.settings import RoutingSettings
from shared import broker, replay
from shared.contracts.envelope import Event
from shared.contracts.events import EXCHANGE
from shared.sealing import new_key
from shared.store import Aggregates
from shared.told import ensure_told
from shared.worker import Worker, _Running
from tests.builders.events import an_event
from tests.builders.histories import a_history
from tests.waiting import eventually

Document = dict[str, Any]
Db = Database[Document]

REQUEST = "read_models.rebuild_requested"
MODELS = ("progress", "organisations")


@dataclass
class Services:
    """intake, routing and query; `tell` makes the owners say something new."""

    settings: QuerySettings
    intake: Db
    routing: Db
    query: Db
    working: Mapping[str, _Running]

    def tell(self, numbers: Iterable[str]) -> int:
        """Whole lives of these cases are written by their owners; how many events that is."""
        applications, cases = [], []
        for number in numbers:
            history = a_history(number=number)
            applications.append(aggregate(number, history, "application."))
            cases.append(aggregate(number, history, "case."))
        self.intake["applications"].insert_many(applications)
        self.routing["cases"].insert_many(cases)
        return sum(len(each["outbox"]) for each in (*applications, *cases))

    def register(self, key: str) -> None:
        entry = {"id": key, "name": "虚构调解中心", "kind": "county", "divisions": ["370102"]}
        entry |= {"categories": [], "phone": "000-0000000001", "address": "", "active": True}
        told = replace(an_event("organisation.registered", serial=key), data=entry)
        self.routing["organisations"].insert_one(aggregate(key, [told], "organisation."))

    def wait_for(self, events: int, entries: int = 0) -> None:
        """Until query has this many events of cases and entries of organisations."""
        eventually(lambda: events_of(self.query["progress"]) == events)
        eventually(lambda: self.query["organisations"].count_documents({}) == entries)

    def models(self) -> dict[str, dict[str, Document]]:
        """The read models as they are."""
        return {name: {d["_id"]: d for d in self.query[name].find()} for name in MODELS}


def events_of(progress: Any) -> int:
    return sum(len(document.get("history", ())) for document in progress.find({}, {"history": 1}))


def aggregate(key: str, history: Iterable[Event], prefix: str) -> Document:
    """An aggregate with nothing but its outbox."""
    outbox = [event.to_document() for event in history if event.name.startswith(prefix)]
    return {
        "_id": key,
        "version": 1,
        "sequence": len(outbox),
        "outbox": outbox,
        "pending": ObjectId(),
        "seen": [],
    }


@contextmanager
def services(mongo_url: str, amqp_url: str, folder: Path) -> Iterator[Services]:
    """Working until the end; their databases are dropped then."""
    told = {
        "environment": "development",
        "data_dir": folder,
        "mongo_url": mongo_url,
        "mongo_prefix": f"test_{secrets.token_hex(6)}_",
        "amqp_url": amqp_url,
        "sealing_keys": f"k1:{new_key()}",
        "contact_keys": f"c1:{new_key()}",
        "record_keys": f"r1:{new_key()}",
        "hashing_key": new_key(),
        "relay_sweep_seconds": 0.1,
    }
    settings = QuerySettings(**told)
    made = {
        "intake": only_telling(intake.create_worker(IntakeSettings(**told))),
        "routing": only_telling(routing.create_worker(RoutingSettings(**told))),
        "query": query.create_worker(settings),
    }
    declare(amqp_url)
    ReadModels(made["query"].database).ensure_indexes()
    for worker in made.values():
        for name in worker.outboxes:
            Aggregates(worker.database[name]).ensure_indexes()
        ensure_told(worker.database, worker.kept)
    working = {name: _Running(worker) for name, worker in made.items()}
    databases = {name: worker.database for name, worker in made.items()}
    for running in working.values():
        start(running)
    try:
        yield Services(settings, **databases, working=working)
    finally:
        for running in working.values():
            running._stopping.set()
        for running in working.values():
            running._stop()
        for database in databases.values():
            database.client.drop_database(database.name)
            database.client.close()


def only_telling(worker: Worker) -> Worker:
    """An owner's worker that does nothing but tell, and tell again when asked."""
    tasks = [replace(task, every=0.05) for task in worker.tasks if task.name == "replay"]
    return replace(worker, handlers={REQUEST: replay.HANDLERS}, tasks=tasks)


def declare(url: str) -> None:
    """The topology of query, and of the owners the part that only_telling reads."""
    broker.provision(url, "query", 10_000)
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    for owner in ("intake", "routing"):
        for name in (broker.queue_name(owner), broker.dead_queue_name(owner)):
            channel.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(broker.queue_name(owner), EXCHANGE, routing_key=f"{REQUEST}.#")
    connection.close()


def start(running: _Running) -> None:
    """As until_stopped does it, which only a main thread can."""
    running._broker.start()
    running._relay.start()
    for thread in running._threads:
        thread.start()


@contextmanager
def writing(services: Services, numbers: Iterable[str]) -> Iterator[list[int]]:
    """Owners go on telling of new cases meanwhile; how many events each time."""
    stopping, counts = threading.Event(), list[int]()

    def write() -> None:
        for number in numbers:
            if stopping.is_set():
                return
            counts.append(services.tell([number]))
            stopping.wait(0.01)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield counts
    finally:
        stopping.set()
        thread.join()
