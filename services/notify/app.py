"""Wiring of notify: what the web process, the worker and the commands are made of."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask

from services.notify.api import Notify, routes
from services.notify.channels.configured import configured
from services.notify.channels.development import DevelopmentOutbox
from services.notify.handlers import MESSAGES, Planning, handlers
from services.notify.people.sending import Sender
from services.notify.people.staff import StaffContacts
from services.notify.people.staff_api import StaffPhonebook
from services.notify.people.staff_api import routes as staff_routes
from services.notify.people.templates import Templates
from services.notify.settings import NotifySettings
from services.notify.store import Messages
from shared.cli import Service
from shared.sealing import Keyring
from shared.store import answers, connect
from shared.web import create_app as create_web_app
from shared.worker import Task, Worker

NAME = "notify"
BODY_LIMIT = 64 * 1024
SEND_SECONDS = 0.2
SWEEP_SECONDS = 5.0


def create_app(settings: NotifySettings | None = None) -> Flask:
    """The WSGI application; nothing is connected until the first request."""
    settings = settings or NotifySettings.load()
    database = connect(settings, NAME)
    outbox = DevelopmentOutbox.of(database) if settings.is_development else None
    phonebook = StaffPhonebook(StaffContacts(database, Keyring.parse(settings.contact_keys)))
    return create_web_app(
        NAME,
        settings,
        (*routes(Notify(Messages(database, outbox))), *staff_routes(phonebook)),
        {"mongodb": lambda: answers(database)},
        body_limit=BODY_LIMIT,
    )


def create_worker(settings: NotifySettings) -> Worker:
    database = connect(settings, NAME)
    keyring = Keyring.parse(settings.contact_keys)
    sender = Sender(
        database[MESSAGES],
        configured(settings, database),
        keyring,
        clock=lambda: datetime.now(UTC),
        lease_seconds=settings.lease_seconds,
        threads=settings.sending_threads,
    )
    return Worker(
        service=NAME,
        settings=settings,
        database=database,
        handlers=handlers(
            Planning(Templates(settings.public_url), keyring, StaffContacts(database, keyring))
        ),
        outboxes=[],
        tasks=[
            Task("send", SEND_SECONDS, sender.send_due),
            Task("sweep_sendings", SWEEP_SECONDS, sender.sweep),
        ],
        on_stop=[sender.stop],
    )


def provision(settings: NotifySettings) -> None:
    database = connect(settings, NAME)
    Messages(database, None).ensure_indexes()


SERVICE: Service = Service(
    name=NAME, settings=NotifySettings, create_worker=create_worker, provision=provision
)
