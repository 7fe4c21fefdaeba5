"""Wiring of routing: what the web process, the worker and the commands are made of."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from flask import Flask

from services.routing import directory_api
from services.routing.api import Routing, routes
from services.routing.commands import Desk
from services.routing.domain import register_organisation
from services.routing.handlers import handlers
from services.routing.placing import UnheldPlaces
from services.routing.reference import generate
from services.routing.settings import RoutingSettings
from services.routing.store import Cases, Directory, new_mediator, new_organisation
from shared.cli import Service
from shared.contracts.envelope import Trace, new_id, new_traceparent
from shared.sealing import Hasher, Keyring
from shared.store import answers, connect, insert_records, new_aggregate
from shared.web import create_app as create_web_app
from shared.worker import Task, Worker

if TYPE_CHECKING:
    from pymongo.database import Database

NAME = "routing"
BODY_LIMIT = 64 * 1024
UNHELD_SWEEP_SECONDS = 600.0
_PORTION = 2000


def create_app(settings: RoutingSettings | None = None) -> Flask:
    """The WSGI application; nothing is connected until the first request."""
    settings = settings or RoutingSettings.load()
    database = connect(settings, NAME)
    directory = Directory(database)
    routing = Routing(
        settings, Desk(Cases(database), directory), Keyring.parse(settings.record_keys)
    )
    desk = directory_api.DirectoryDesk(settings, directory, Hasher.parse(settings.hashing_key))
    return create_web_app(
        NAME,
        settings,
        [*routes(routing), *directory_api.routes(desk)],
        {"mongodb": lambda: answers(database)},
        body_limit=BODY_LIMIT,
    )


def create_worker(settings: RoutingSettings) -> Worker:
    database = connect(settings, NAME)
    directory = Directory(database)
    unheld = UnheldPlaces(directory, Cases(database))
    return Worker(
        service=NAME,
        settings=settings,
        database=database,
        handlers=handlers(directory),
        outboxes=["cases", "organisations"],
        tasks=[Task("sweep_unheld_places", UNHELD_SWEEP_SECONDS, unheld.sweep)],
    )


def provision(settings: RoutingSettings) -> None:
    database = connect(settings, NAME)
    Cases(database).ensure_indexes()
    Directory(database).ensure_indexes()
    if settings.demo_directory_seed and not database["mediators"].find_one({}, {"_id": 1}):
        fill_directory(database, settings.demo_directory_seed)


def fill_directory(database: Database[dict[str, Any]], seed: int) -> None:
    """Register made-up organisations with their mediators; what is there already stays."""
    entries = generate(seed)
    at = datetime.now(UTC)
    trace = Trace(new_traceparent(), new_id())
    while portion := list(islice(entries, _PORTION)):
        organisations = [
            new_aggregate(
                e.document["_id"],
                register_organisation(new_organisation(e.document)),
                source=NAME,
                division=e.document["division_code"],
                at=at,
                trace=trace,
            )
            for e in portion
            if e.collection == "organisations"
        ]
        mediators = [new_mediator(e.document) for e in portion if e.collection == "mediators"]
        insert_records(database["organisations"], organisations)
        insert_records(database["mediators"], mediators)


SERVICE: Service = Service(
    name=NAME, settings=RoutingSettings, create_worker=create_worker, provision=provision
)
