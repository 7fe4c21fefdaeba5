"""Wiring of notify: what the web process, the worker and the commands are made of."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Flask

from services.notify.api import Notify, routes
from services.notify.channels.configured import configured
from services.notify.channels.configured import ensure_indexes as ensure_channel_indexes
from services.notify.channels.development import DevelopmentOutbox
from services.notify.channels.failover import Failover
from services.notify.handlers import MESSAGES, Planning, handlers
from services.notify.partners import parts
from services.notify.people.fallback import Followers
from services.notify.people.inbox import Inboxes
from services.notify.people.inbox_api import InboxDesk
from services.notify.people.inbox_api import routes as inbox_routes
from services.notify.people.inbox_readers import Readers
from services.notify.people.quiet_hours import QuietHours
from services.notify.people.receipt_forms import read_tokens
from services.notify.people.receipts import Receipts, WaitingReceipts
from services.notify.people.receipts_api import ReceiptDesk
from services.notify.people.receipts_api import routes as receipt_routes
from services.notify.people.resending import Resending
from services.notify.people.sending import Sender
from services.notify.people.settling import Settling
from services.notify.people.staff import StaffContacts
from services.notify.people.staff_api import StaffPhonebook
from services.notify.people.staff_api import routes as staff_routes
from services.notify.people.template_approval import Approvals
from services.notify.people.templates import Templates
from services.notify.people.templates_api import WordingOffice
from services.notify.people.templates_api import routes as template_routes
from services.notify.people.wordings import Wordings
from services.notify.settings import NotifySettings
from services.notify.store import Messages
from shared.cli import Command, Service
from shared.sealing import Hasher, Keyring
from shared.store import answers, connect
from shared.throttle import Throttle
from shared.web import create_app as create_web_app
from shared.worker import Task, Worker

if TYPE_CHECKING:
    from pymongo.database import Database

    from shared.store import Document

NAME = "notify"
BODY_LIMIT = 64 * 1024
SEND_SECONDS = 0.2
SWEEP_SECONDS = 5.0
RECEIPT_SECONDS = 0.5
REVIEW_SECONDS = 30.0


def create_app(settings: NotifySettings | None = None) -> Flask:
    """The WSGI application; nothing is connected until the first request."""
    settings = settings or NotifySettings.load()
    database = connect(settings, NAME)
    outbox = DevelopmentOutbox.of(database) if settings.is_development else None
    quiet = QuietHours.parse(settings.quiet_hours)
    keyring = Keyring.parse(settings.contact_keys)
    phonebook = StaffPhonebook(StaffContacts(database, keyring))
    office = WordingOffice(
        Templates(settings.public_url), Wordings(database), Approvals.of(settings)
    )
    return create_web_app(
        NAME,
        settings,
        (
            *routes(Notify(Messages(database, outbox), Resending(database, keyring, _now, quiet))),
            *inbox_routes(_inbox_desk(settings, database, keyring)),
            *staff_routes(phonebook),
            *template_routes(office),
            *receipt_routes(
                ReceiptDesk(_receipts(database, quiet), read_tokens(settings.receipt_tokens))
            ),
            *parts.routes(settings, database, keyring),
        ),
        {"mongodb": lambda: answers(database)},
        body_limit=BODY_LIMIT,
    )


def create_worker(settings: NotifySettings) -> Worker:
    database = connect(settings, NAME)
    keyring = Keyring.parse(settings.contact_keys)
    quiet = QuietHours.parse(settings.quiet_hours)
    channels = configured(settings, database)
    text_messages = channels["sms"]
    review = text_messages.review if isinstance(text_messages, Failover) else None
    sender = Sender(
        database[MESSAGES],
        channels,
        keyring,
        clock=_now,
        lease_seconds=settings.lease_seconds,
        threads=settings.sending_threads,
        quiet=quiet,
    )
    return Worker(
        service=NAME,
        settings=settings,
        database=database,
        handlers=handlers(
            Planning(
                Templates(settings.public_url, releases=Wordings(database)),
                keyring,
                StaffContacts(database, keyring),
                quiet,
            )
        ),
        outboxes=[*parts.OUTBOXES],
        tasks=[
            Task("send", SEND_SECONDS, sender.send_due),
            Task("sweep_sendings", SWEEP_SECONDS, sender.sweep),
            Task("settle_receipts", RECEIPT_SECONDS, _receipts(database, quiet).settle_waiting),
            *([Task("review_providers", REVIEW_SECONDS, review)] if review else []),
            Task(
                "sweep_followers",
                SWEEP_SECONDS,
                Followers(database[MESSAGES], clock=_now, quiet=quiet).sweep,
            ),
            *parts.tasks(settings, database),
        ],
        on_stop=[sender.stop],
    )


def _receipts(database: Database[Document], quiet: QuietHours) -> Receipts:
    messages = database[MESSAGES]
    settling = Settling(messages, Followers(messages, clock=_now, quiet=quiet), _now)
    return Receipts(WaitingReceipts(database), settling, _now)


def _inbox_desk(
    settings: NotifySettings, database: Database[Document], keyring: Keyring
) -> InboxDesk:
    readers = Readers(database, keyring, Hasher.parse(settings.hashing_key), Throttle(database))
    return InboxDesk(readers, Inboxes(database, keyring))


def _now() -> datetime:
    return datetime.now(UTC)


def provision(settings: NotifySettings) -> None:
    database = connect(settings, NAME)
    Messages(database, None).ensure_indexes()
    ensure_channel_indexes(database)
    Throttle(database).create_indexes()
    parts.provision(settings, database)
    _provision_dispatching(settings, database)


def _texts(settings: NotifySettings, parsed: Namespace) -> None:
    from services.notify.channels.coverage import tell

    tell(settings, parsed)


def _provision_dispatching(settings: NotifySettings, database: Database[Document]) -> None:
    from services.notify.partners.wiring import ensure_dispatching

    ensure_dispatching(database, settings.partner_event_days)


def _dispatch(settings: NotifySettings, _: Namespace) -> None:
    from services.notify.partners.wiring import dispatcher_process

    dispatcher_process(settings, connect(settings, NAME)).run()


SERVICE: Service = Service(
    name=NAME,
    settings=NotifySettings,
    create_worker=create_worker,
    provision=provision,
    commands={
        "dispatcher": Command("deliver events to partners' webhooks; until SIGTERM", _dispatch),
        "approved-texts": Command("wordings that a vendor has no approved text for", _texts),
    },
)
