"""Wiring of query: what the web process, the worker and the commands are made of."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import orjson
from flask import Flask

from services.query.api import Directory, routes
from services.query.guidance import api as guidance_api
from services.query.guidance.api import GuidanceDesk
from services.query.handlers import HANDLERS
from services.query.policies import api as policies_api
from services.query.policies import command as policies_command
from services.query.policies import import_api
from services.query.policies.api import PolicyDesk
from services.query.policies.import_api import ImportDesk
from services.query.policies.importing import import_statutes
from services.query.policies.library import Library
from services.query.policies.sources import statutes_path
from services.query.progress import api as progress_api
from services.query.progress import page_api, verifying, watch_api
from services.query.progress.api import ProgressDesk
from services.query.progress.cached import Kept, MaskedAnswers
from services.query.progress.changes import Changes
from services.query.progress.page_api import PageDesk
from services.query.progress.readers import Readers
from services.query.progress.watch_api import WatchDesk
from services.query.rebuild import command as rebuild
from services.query.rebuild.opening import Rebuilds, Shadows
from services.query.search import api as search_api
from services.query.search.api import SearchDesk
from services.query.search.live_index import LiveIndex
from services.query.settings import QuerySettings
from services.query.statistics import api as statistics_api
from services.query.statistics.api import StatisticsDesk
from services.query.statistics.months import TURN_SECONDS, Months
from services.query.store import ReadModels
from shared.civil_time import today
from shared.cli import Command, Service
from shared.contracts import asyncapi
from shared.log import logger
from shared.places import Places
from shared.sealing import Hasher
from shared.store import answers, connect
from shared.throttle import Throttle
from shared.web import create_app as create_web_app
from shared.worker import Task, Worker

NAME = "query"
BODY_LIMIT = 64 * 1024


def create_app(settings: QuerySettings | None = None) -> Flask:
    """The WSGI application; nothing is connected until the first request."""
    settings = settings or QuerySettings.load()
    database = connect(settings, NAME)
    models = ReadModels(database)
    readers = Readers(models, Hasher.parse(settings.hashing_key), Throttle(database))
    changes = Changes(database)
    masked = MaskedAnswers(readers, changes, Kept())
    places = Places(in_all=settings.progress_streams, of_one=settings.progress_streams_of_address)
    watching = WatchDesk(
        settings.public_url, readers, changes, places, settings.progress_stream_seconds
    )
    index = LiveIndex(database)
    app = create_web_app(
        NAME,
        settings,
        [
            *progress_api.routes(ProgressDesk(settings, models, readers, masked)),
            *watch_api.routes(watching),
            *page_api.routes(PageDesk(settings.public_url, readers)),
            *statistics_api.routes(StatisticsDesk(models, Months(database))),
            *search_api.routes(SearchDesk(index)),
            *policies_api.routes(PolicyDesk(Library(database))),
            *import_api.routes(ImportDesk(database)),
            *guidance_api.routes(GuidanceDesk()),
            *routes(Directory(models, orjson.dumps(asyncapi.build()))),
        ],
        {"mongodb": lambda: answers(database)},
        body_limit=BODY_LIMIT,
    )
    app.extensions["begin"] = (index.begin,)
    return app


def create_worker(settings: QuerySettings) -> Worker:
    database = connect(settings, NAME)
    count, months = ReadModels(database).counted, Months(database)
    return Worker(
        service=NAME,
        settings=settings,
        database=database,
        handlers=HANDLERS,
        outboxes=["rebuilds"],
        beside=Shadows(database),
        tasks=[Task("count_months", TURN_SECONDS, lambda: months.count_next(count, today()))],
    )


def provision(settings: QuerySettings) -> None:
    database = connect(settings, NAME)
    ReadModels(database).ensure_indexes()
    Rebuilds(database).ensure_indexes()
    Months(database).ensure_indexes()
    Throttle(database).create_indexes()
    Library(database).ensure_indexes()
    if settings.import_statutes:
        report = import_statutes(database, statutes_path())
        logger().info("policies_imported", count=len(report.added) + len(report.changed))


def _verify(_: QuerySettings | None, parsed: argparse.Namespace) -> None:
    text = sys.stdin.buffer.read() if parsed.file == "-" else Path(parsed.file).read_bytes()
    found = verifying.verify(text, parsed.hash)
    print("\n".join(found.lines))
    sys.exit(0 if found.holds else 1)


SERVICE: Service = Service(
    name=NAME,
    settings=QuerySettings,
    create_worker=create_worker,
    provision=provision,
    commands={
        "policies": Command(
            "the policy library: import, list, remove",
            policies_command.run,
            policies_command.ARGUMENTS,
        ),
        "rebuild": Command(
            "build the read models anew from what the services tell again",
            rebuild.run,
            rebuild.ARGUMENTS,
        ),
        "verify-history": Command(
            "verify the exported history of a case, offline",
            _verify,
            [
                ("file", {"metavar": "FILE", "help": "the answer as it was received; - for stdin"}),
                ("--hash", {"help": "the hash printed on a receipt or a document"}),
            ],
            needs_settings=False,
        ),
    },
)
