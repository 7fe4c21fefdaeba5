"""Wiring of intake: what the web process, the worker and the commands are made of."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

from flask import Flask

from services.intake import api, drafts, drafts_api, evidence_api
from services.intake.api import Intake
from services.intake.drafts_api import DraftDesk
from services.intake.evidence import EvidenceLimits
from services.intake.evidence_api import EvidenceDesk
from services.intake.evidence_files import EvidenceFiles
from services.intake.handlers import HANDLERS, Secrets
from services.intake.holders import Holders
from services.intake.limits import SubmissionLimit, limits
from services.intake.maintenance import seal_again, seal_drafts_again
from services.intake.scanning import ClamdScanner, scanner_from
from services.intake.settings import IntakeSettings
from services.intake.store import Applications, Capacity
from shared.cli import Command, Service
from shared.log import logger
from shared.sealing import Hasher, Keyring
from shared.store import answers, connect
from shared.throttle import Throttle
from shared.web import create_app as create_web_app
from shared.worker import Task, Worker

NAME = "intake"
SWEEP_SECONDS = 600.0
ORPHAN_AGE = timedelta(hours=24)


def create_app(settings: IntakeSettings | None = None) -> Flask:
    """The WSGI application; nothing is connected until the first request."""
    settings = settings or IntakeSettings.load()
    database = connect(settings, NAME)
    secrets = _secrets(settings)
    applications = Applications(database)
    scanner = scanner_from(settings)
    checks = {"mongodb": lambda: answers(database)}
    if isinstance(scanner, ClamdScanner):
        checks["scanner"] = scanner.ready
    throttle = Throttle(database, limits(settings.submissions_per_address))
    limit = SubmissionLimit(throttle, secrets.hasher, settings.submissions_per_address)
    holders = Holders(applications, secrets.hasher, throttle)
    intake = Intake(
        settings=settings,
        applications=applications,
        capacity=Capacity(applications, settings.outbox_limit),
        secrets=secrets,
        holders=holders,
        limit=limit,
    )
    evidence = EvidenceDesk(
        holders=holders,
        keyring=secrets.applications,
        files=EvidenceFiles(database, secrets.applications, settings.backend_timeout_seconds),
        limits=EvidenceLimits.of(settings),
        scanner=scanner,
    )
    draft_desk = DraftDesk(database["drafts"], secrets.applications, settings.draft_days, limit)
    return create_web_app(
        NAME,
        settings,
        (
            *api.routes(intake),
            *evidence_api.routes(evidence),
            *drafts_api.routes(draft_desk),
        ),
        checks,
        body_limit=settings.body_limit_bytes,
    )


def create_worker(settings: IntakeSettings) -> Worker:
    database = connect(settings, NAME)
    applications = Applications(database)
    files = EvidenceFiles(
        database, _secrets(settings).applications, settings.backend_timeout_seconds
    )

    def sweep() -> None:
        swept = files.sweep_orphans(
            applications.referring_to, older_than=datetime.now(UTC) - ORPHAN_AGE
        )
        if swept:
            logger().info("evidence_swept", count=swept)

    return Worker(
        service=NAME,
        settings=settings,
        database=database,
        handlers=HANDLERS,
        outboxes=["applications"],
        tasks=[Task("sweep_evidence", SWEEP_SECONDS, sweep)],
    )


def provision(settings: IntakeSettings) -> None:
    database = connect(settings, NAME)
    Applications(database).ensure_indexes()
    drafts.ensure_indexes(database["drafts"])
    EvidenceFiles(
        database, _secrets(settings).applications, settings.backend_timeout_seconds
    ).ensure_indexes()
    Throttle(database).create_indexes()


def _secrets(settings: IntakeSettings) -> Secrets:
    return Secrets(
        applications=Keyring.parse(settings.sealing_keys),
        contacts=Keyring.parse(settings.contact_keys),
        hasher=Hasher.parse(settings.hashing_key),
    )


def _rotate(settings: IntakeSettings, _: argparse.Namespace) -> None:
    database, keyring = connect(settings, NAME), _secrets(settings).applications
    applications = seal_again(Applications(database), keyring)
    drafts_done = seal_drafts_again(database["drafts"], keyring)
    files = EvidenceFiles(database, keyring, settings.backend_timeout_seconds).seal_again()
    logger().info("sealed_again", count=applications + drafts_done + files)
    print(
        f"sealed again with the newest key: {applications} application(s), "
        f"{drafts_done} draft(s), {files} file(s)"
    )


SERVICE: Service = Service(
    name=NAME,
    settings=IntakeSettings,
    create_worker=create_worker,
    provision=provision,
    commands={
        "rotate-keys": Command("seal everything again with the first key of the keyring", _rotate)
    },
)
