"""Wiring of intake: what the web process, the worker and the commands are made of."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

from flask import Flask
from pymongo.database import Database

from services.intake import (
    answering_api,
    api,
    contact_api,
    document_issuing,
    documents_api,
    drafts,
    drafts_api,
    evidence_api,
    phone_verification_api,
    reading_api,
)
from services.intake.answering_api import AnswerDesk
from services.intake.api import Intake
from services.intake.audit import Audit
from services.intake.contact_api import ContactDesk
from services.intake.document_issuing import Issuing
from services.intake.documents_api import DocumentDesk
from services.intake.drafts_api import DraftDesk
from services.intake.evidence import EvidenceLimits
from services.intake.evidence_api import EvidenceDesk
from services.intake.evidence_files import DocumentFiles, EvidenceFiles
from services.intake.handlers import HANDLERS, Secrets
from services.intake.holders import Holders
from services.intake.limits import PhoneLimit, SubmissionLimit, limits
from services.intake.maintenance import seal_again, seal_drafts_again, seal_due_again
from services.intake.phone_verification_api import PhoneDesk, Verifications
from services.intake.reading_api import ReadingDesk
from services.intake.scanning import ClamdScanner, scanner_from
from services.intake.settings import IntakeSettings
from services.intake.staff_reading import Readers
from services.intake.store import Applications, Capacity
from services.intake.submitters import Submitters
from shared.cli import Command, Service
from shared.log import logger
from shared.replay import IDLE_SECONDS, Replay
from shared.sealing import Hasher, Keyring
from shared.store import Document, answers, connect
from shared.throttle import Throttle
from shared.told import ensure_told
from shared.web import create_app as create_web_app
from shared.worker import Task, Worker

NAME = "intake"
SWEEP_SECONDS = 600.0
ISSUE_SECONDS = 1.0
MEASURE_SECONDS = 15.0
KEPT = ("applications",)
"""Aggregates whose events read models are rebuilt from."""

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
    verifications = Verifications(database)
    throttle = Throttle(
        database, limits(settings.submissions_per_address, settings.submissions_per_phone)
    )
    limit = SubmissionLimit(throttle, secrets.hasher, settings.submissions_per_address)
    holders = Holders(applications, secrets.hasher, throttle)
    audit = Audit(database, secrets.hasher)
    readers = Readers(applications, audit)
    intake = Intake(
        settings=settings,
        applications=applications,
        capacity=Capacity(applications, settings.outbox_limit),
        secrets=secrets,
        holders=holders,
        limit=limit,
        phone_limit=PhoneLimit(throttle, secrets.hasher, settings.submissions_per_phone),
        submitters=Submitters(
            settings.submission,
            frozenset(filter(None, map(str.strip, settings.channels_with_token.split(",")))),
            verifications,
            secrets.hasher,
        ),
    )
    evidence = EvidenceDesk(
        holders=holders,
        readers=readers,
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
            *answering_api.routes(AnswerDesk(holders, secrets)),
            *documents_api.routes(
                DocumentDesk(
                    holders, readers, _document_files(database, settings), settings.public_url
                )
            ),
            *contact_api.routes(ContactDesk(holders, secrets)),
            *reading_api.routes(ReadingDesk(holders, readers, audit, secrets.applications)),
            *phone_verification_api.routes(PhoneDesk(verifications, secrets, throttle)),
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

    issuing = Issuing(
        applications=applications,
        files=_document_files(database, settings),
        application_keys=_secrets(settings).applications,
        record_keys=_secrets(settings).records,
        public_url=settings.public_url,
    )

    return Worker(
        service=NAME,
        settings=settings,
        database=database,
        handlers=HANDLERS,
        outboxes=["applications", "phone_verifications"],
        kept=KEPT,
        tasks=[
            Task("replay", IDLE_SECONDS, Replay(NAME, database, KEPT, settings.amqp_url).act),
            Task("sweep_evidence", SWEEP_SECONDS, sweep),
            Task("issue_documents", ISSUE_SECONDS, issuing.issue_due),
            Task("measure_documents", MEASURE_SECONDS, issuing.measure),
            Task("sweep_documents", SWEEP_SECONDS, lambda: issuing.sweep(ORPHAN_AGE)),
        ],
    )


def provision(settings: IntakeSettings) -> None:
    database = connect(settings, NAME)
    Applications(database).ensure_indexes()
    ensure_told(database, KEPT)
    Verifications(database).ensure_indexes()
    drafts.ensure_indexes(database["drafts"])
    Audit(database, _secrets(settings).hasher).ensure_indexes()
    EvidenceFiles(
        database, _secrets(settings).applications, settings.backend_timeout_seconds
    ).ensure_indexes()
    document_issuing.ensure_indexes(Applications(database))
    _document_files(database, settings).ensure_indexes()
    Throttle(database).create_indexes()


def _document_files(database: Database[Document], settings: IntakeSettings) -> DocumentFiles:
    return DocumentFiles(
        database, _secrets(settings).applications, settings.backend_timeout_seconds
    )


def _secrets(settings: IntakeSettings) -> Secrets:
    return Secrets(
        applications=Keyring.parse(settings.sealing_keys),
        contacts=Keyring.parse(settings.contact_keys),
        hasher=Hasher.parse(settings.hashing_key),
        records=Keyring.parse(settings.record_keys),
    )


def _verify_audit(settings: IntakeSettings, _: argparse.Namespace) -> None:
    """Exit status 1 unless the log of reads is as it was written."""
    found = list(Audit(connect(settings, NAME), _secrets(settings).hasher).faults())
    print("\n".join(found) or "the audit log is whole")
    if found:
        raise SystemExit(1)


def _rotate(settings: IntakeSettings, _: argparse.Namespace) -> None:
    database, keyring = connect(settings, NAME), _secrets(settings).applications
    applications = seal_again(Applications(database), keyring)
    drafts_done = seal_drafts_again(database["drafts"], keyring)
    files = EvidenceFiles(database, keyring, settings.backend_timeout_seconds).seal_again()
    documents = _document_files(database, settings).seal_again()
    due = seal_due_again(Applications(database), _secrets(settings).records)
    logger().info("sealed_again", count=applications + drafts_done + files + documents + due)
    print(
        f"sealed again with the newest key: {applications} application(s), "
        f"{drafts_done} draft(s), {files} evidence file(s), {documents} document file(s), "
        f"{due} document(s) to be made"
    )


SERVICE: Service = Service(
    name=NAME,
    settings=IntakeSettings,
    create_worker=create_worker,
    provision=provision,
    commands={
        "rotate-keys": Command("seal everything again with the first key of the keyring", _rotate),
        "verify-audit": Command(
            "tell what is wrong with the log of reads, if anything", _verify_audit
        ),
    },
)
