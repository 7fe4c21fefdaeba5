"""Wiring of query: what the web process, the worker and the commands are made of."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import orjson
from flask import Flask

from services.query.api import Directory, routes
from services.query.handlers import HANDLERS
from services.query.policies import api as policies_api
from services.query.policies.api import PolicyDesk
from services.query.policies.importing import Report, import_markdown, import_statutes
from services.query.policies.policy import Library
from services.query.policies.sources import statutes_path
from services.query.progress import api as progress_api
from services.query.progress import verifying
from services.query.progress.api import ProgressDesk
from services.query.progress.readers import Readers
from services.query.search import api as search_api
from services.query.search.api import SearchDesk
from services.query.search.live_index import LiveIndex
from services.query.settings import QuerySettings
from services.query.statistics import api as statistics_api
from services.query.statistics.api import StatisticsDesk
from services.query.store import ReadModels
from shared.cli import Command, Service
from shared.contracts import asyncapi
from shared.log import logger
from shared.sealing import Hasher
from shared.store import answers, connect
from shared.throttle import Throttle
from shared.web import create_app as create_web_app
from shared.worker import Worker

NAME = "query"
BODY_LIMIT = 64 * 1024


def create_app(settings: QuerySettings | None = None) -> Flask:
    """The WSGI application; nothing is connected until the first request."""
    settings = settings or QuerySettings.load()
    database = connect(settings, NAME)
    models = ReadModels(database)
    readers = Readers(models, Hasher.parse(settings.hashing_key), Throttle(database))
    return create_web_app(
        NAME,
        settings,
        [
            *progress_api.routes(ProgressDesk(settings, models, readers)),
            *statistics_api.routes(StatisticsDesk(models)),
            *search_api.routes(SearchDesk(LiveIndex(database))),
            *policies_api.routes(PolicyDesk(Library(database))),
            *routes(Directory(models, orjson.dumps(asyncapi.build()))),
        ],
        {"mongodb": lambda: answers(database)},
        body_limit=BODY_LIMIT,
    )


def create_worker(settings: QuerySettings) -> Worker:
    return Worker(
        service=NAME,
        settings=settings,
        database=connect(settings, NAME),
        handlers=HANDLERS,
        outboxes=[],
    )


def provision(settings: QuerySettings) -> None:
    database = connect(settings, NAME)
    ReadModels(database).ensure_indexes()
    Throttle(database).create_indexes()
    if settings.import_statutes:
        report = import_statutes(database, statutes_path())
        logger().info("policies_imported", count=len(report.added) + len(report.changed))


def _import(settings: QuerySettings, parsed: argparse.Namespace) -> None:
    report = import_markdown(connect(settings, NAME), [Path(p) for p in parsed.paths])
    _print(report)
    if report.faults:
        sys.exit(1)


def _verify(_: QuerySettings | None, parsed: argparse.Namespace) -> None:
    text = sys.stdin.buffer.read() if parsed.file == "-" else Path(parsed.file).read_bytes()
    found = verifying.verify(text, parsed.hash)
    print("\n".join(found.lines))
    sys.exit(0 if found.holds else 1)


def _print(report: Report) -> None:
    print(
        f"{len(report.added)} added, {len(report.changed)} changed, "
        f"{len(report.unchanged)} unchanged, {len(report.faults)} could not be read"
    )
    for fault in report.faults:
        print(f"  {fault}")


SERVICE: Service = Service(
    name=NAME,
    settings=QuerySettings,
    create_worker=create_worker,
    provision=provision,
    commands={
        "import-policies": Command(
            "import policies from Markdown files or folders",
            _import,
            [("paths", {"nargs": "+", "metavar": "PATH"})],
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
