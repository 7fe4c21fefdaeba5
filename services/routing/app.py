"""Wiring of routing: what the web process, the worker and the commands are made of."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from flask import Flask

from services.routing import directory_api, following, staff_api
from services.routing.api import Routing, routes
from services.routing.booking import UnheldHours
from services.routing.case_numbers import CaseNumbers
from services.routing.choosing import Choosing
from services.routing.commands import Desk
from services.routing.domain import register_organisation
from services.routing.early_warning import EarlyWarning, Warnings
from services.routing.handlers import handlers
from services.routing.placing import UnheldPlaces
from services.routing.reference import generate
from services.routing.sessions import JoinLinks
from services.routing.settings import RoutingSettings
from services.routing.store import Cases, Directory, new_mediator, new_organisation
from services.routing.ticking import Automatic, DeadlineSweep
from services.routing.waiting import WaitingCases
from shared.cli import Service
from shared.contracts.envelope import Trace, new_id, new_traceparent
from shared.replay import IDLE_SECONDS, Replay
from shared.sealing import Hasher, Keyring
from shared.store import answers, connect, insert_records, new_aggregate
from shared.throttle import Throttle
from shared.told import ensure_told
from shared.web import create_app as create_web_app
from shared.worker import Task, Worker

if TYPE_CHECKING:
    from pymongo.database import Database

NAME = "routing"
BODY_LIMIT = 64 * 1024
UNHELD_SWEEP_SECONDS = 600.0
DEADLINE_SWEEP_SECONDS = 5.0
WAITING_SECONDS = 60.0
EARLY_WARNING_SECONDS = 3600.0
KEPT = ("cases", "organisations")
"""Aggregates whose events read models are rebuilt from."""

_PORTION = 2000


def create_app(settings: RoutingSettings | None = None) -> Flask:
    """The WSGI application; nothing is connected until the first request."""
    settings = settings or RoutingSettings.load()
    database = connect(settings, NAME)
    directory = Directory(database)
    hasher = Hasher.parse(settings.hashing_key)
    links = JoinLinks(settings.session_link_template, hasher)
    desk = Desk(Cases(database), directory, CaseNumbers(database, directory), links)
    routing = Routing(settings, desk, Keyring.parse(settings.record_keys))
    directory_desk = directory_api.DirectoryDesk(settings, directory, hasher)
    tools = staff_api.StaffTools.of(settings, database, desk, hasher)
    return create_web_app(
        NAME,
        settings,
        [*routes(routing), *staff_api.routes(tools), *directory_api.routes(directory_desk)],
        {"mongodb": lambda: answers(database)},
        body_limit=BODY_LIMIT,
    )


def create_worker(settings: RoutingSettings) -> Worker:
    database = connect(settings, NAME)
    directory, cases = Directory(database), Cases(database)
    unheld = UnheldPlaces(directory, cases)
    unheld_hours = UnheldHours(directory, cases)
    deadlines = DeadlineSweep(cases, automatic(directory))
    waiting = WaitingCases(cases)
    warning = EarlyWarning(cases, Warnings(database))
    return Worker(
        service=NAME,
        settings=settings,
        database=database,
        handlers=handlers(directory, CaseNumbers(database, directory)),
        outboxes=["cases", "organisations", "warnings"],
        kept=KEPT,
        tasks=[
            Task("replay", IDLE_SECONDS, Replay(NAME, database, KEPT, settings.amqp_url).act),
            Task("sweep_unheld_places", UNHELD_SWEEP_SECONDS, unheld.sweep),
            Task("sweep_unheld_hours", UNHELD_SWEEP_SECONDS, unheld_hours.sweep),
            Task("sweep_deadlines", DEADLINE_SWEEP_SECONDS, deadlines.sweep),
            Task("measure_waiting", WAITING_SECONDS, waiting.measure),
            Task("early_warning", EARLY_WARNING_SECONDS, warning.look),
        ],
    )


def automatic(directory: Directory) -> Automatic:
    """What cases do of themselves when a clock is over."""
    return {
        "mediator_choice": Choosing(directory).nobody_chose,
        "closing": following.close_by_rules,
        "archiving": following.archive,
    }


def provision(settings: RoutingSettings) -> None:
    database = connect(settings, NAME)
    directory = Directory(database)
    Cases(database).ensure_indexes()
    directory.ensure_indexes()
    ensure_told(database, KEPT)
    CaseNumbers(database, directory).ensure_indexes()
    Warnings(database).ensure_indexes()
    Throttle(database, staff_api.LIMITS).create_indexes()
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
