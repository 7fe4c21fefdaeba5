"""Webhooks, the partners' queues and the feed put together from the settings, for `app`; connects to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from services.notify.partners.amqp import CREDENTIALS
from services.notify.partners.amqp_api import Offer, PartnerQueues
from services.notify.partners.amqp_api import routes as queue_routes
from services.notify.partners.amqp_settling import Settling
from services.notify.partners.amqp_store import Credentials
from services.notify.partners.deliveries import Deliveries
from services.notify.partners.deliveries_api import DeliveryDesk
from services.notify.partners.deliveries_api import routes as delivery_routes
from services.notify.partners.feed import Feed
from services.notify.partners.feed_api import EventFeed
from services.notify.partners.feed_api import routes as feed_routes
from services.notify.partners.log import EventLog
from services.notify.partners.management import Management
from services.notify.partners.overflow import Overflow
from services.notify.partners.subscriptions import SUBSCRIPTIONS, Subscriptions
from services.notify.partners.subscriptions_api import Webhooks
from services.notify.partners.subscriptions_api import routes as webhook_routes
from services.notify.partners.tail import Tail
from shared.places import Places
from shared.sealing import Keyring
from shared.stopping import is_stopping
from shared.store import Document
from shared.web import Route
from shared.worker import Task

if TYPE_CHECKING:
    from pymongo.database import Database

    from services.notify.settings import NotifySettings


OUTBOXES: Final = (CREDENTIALS, SUBSCRIPTIONS)
"""Aggregates that tell what becomes of them."""

SETTLE_SECONDS: Final = 20.0
COUNT_SECONDS: Final = 10.0


def routes(
    settings: NotifySettings, database: Database[Document], keyring: Keyring
) -> Sequence[Route]:
    """SettingsError for an address of the broker that is not encrypted in production."""
    queues = PartnerQueues(
        Credentials(database),
        settling(settings, database),
        _offer(settings),
        keyring,
        settings.amqp_url,
    )
    webhooks = Webhooks(
        Subscriptions(database, keyring),
        Deliveries(database),
        EventLog(database),
        keyring,
        settings.partner_allow_loopback,
    )
    return (
        *webhook_routes(webhooks),
        *delivery_routes(DeliveryDesk(webhooks)),
        *queue_routes(queues),
        *feed_routes(event_feed(settings, database)),
    )


def tasks(settings: NotifySettings, database: Database[Document]) -> Sequence[Task]:
    """What the worker does about queues; nothing where they are not offered."""
    settle = settling(settings, database)
    if settle is None:
        return ()
    counting = Overflow(database, settings.amqp_url)
    return (
        Task("settle_partner_queues", SETTLE_SECONDS, settle.sweep),
        Task("count_dropped_events", COUNT_SECONDS, counting.turn),
    )


def provision(settings: NotifySettings, database: Database[Document]) -> None:
    """Indexes; and the worker looks after every queue anew."""
    EventLog(database).ensure_indexes(settings.partner_event_days)
    Subscriptions(database, Keyring.parse(settings.contact_keys)).ensure_indexes()
    credentials = Credentials(database)
    credentials.ensure_indexes()
    credentials.unsettle_all()


def _offer(settings: NotifySettings) -> Offer:
    return Offer.of(
        settings.partner_amqp_url, _vhost(settings.amqp_url), development=settings.is_development
    )


def settling(settings: NotifySettings, database: Database[Document]) -> Settling | None:
    """None where the broker's management interface is not named."""
    if not settings.amqp_management_url:
        return None
    management = Management.at(
        settings.amqp_management_url,
        timeout=settings.backend_timeout_seconds,
        ca_file=settings.amqp_management_ca,
    )
    return Settling(
        Credentials(database).collection,
        management,
        _vhost(settings.amqp_url),
        clock=lambda: datetime.now(UTC),
    )


def event_feed(settings: NotifySettings, database: Database[Document]) -> EventFeed:
    log = EventLog(database)
    return EventFeed(
        Feed(log, Tail(log.newest, is_stopping)),
        Places(in_all=settings.feed_readers, of_one=settings.feed_readers_of_channel),
        settings.feed_stream_seconds,
    )


def _vhost(amqp_url: str) -> str:
    return unquote(urlsplit(amqp_url).path[1:]) or "/"
