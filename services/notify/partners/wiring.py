"""What the dispatcher process is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.notify.partners.calls import Calls
from services.notify.partners.deliveries import Deliveries
from services.notify.partners.dispatcher import Dispatcher
from services.notify.partners.exchange import PartnerExchange
from services.notify.partners.lane_documents import LaneDocuments
from services.notify.partners.log import EventLog, Sequencer
from services.notify.partners.process import DispatcherProcess
from services.notify.partners.resolving import Resolver
from services.notify.partners.settling import Stores
from services.notify.partners.shards import Shards
from services.notify.partners.subscriptions import Subscriptions
from services.notify.settings import NotifySettings
from shared.sealing import Keyring
from shared.worker import Task

if TYPE_CHECKING:
    from pymongo.database import Database

PLACE_SECONDS: Final = 0.02
PUBLISH_SECONDS: Final = 0.1
_LAST_SECONDS: Final = 3.0
"""Of the time to stop: for what is left after the calls."""


def dispatcher_process(
    settings: NotifySettings, database: Database[dict[str, Any]]
) -> DispatcherProcess:
    """The webhooks of partners, and whatever else has to be done with the log again and again."""
    log = EventLog(database)
    shards, deliveries = Shards(database), Deliveries(database)
    lanes = LaneDocuments(
        database, deliveries, shards.holder, pause_after=settings.partner_pause_hours * 3600
    )
    subscriptions = Subscriptions(database, Keyring.parse(settings.contact_keys))
    loopback = settings.partner_allow_loopback
    calls = Calls(
        Resolver(loopback=loopback), seconds=settings.partner_timeout_seconds, loopback=loopback
    )
    dispatcher = Dispatcher(
        Stores(shards, lanes, deliveries, subscriptions),
        log,
        calls,
        stop_seconds=max(1.0, settings.stop_timeout_seconds - _LAST_SECONDS),
    )
    sequencer = Sequencer(database)

    def place() -> int:
        placed = sequencer.place()
        if placed:
            dispatcher.news()
        return placed

    exchange = PartnerExchange(database, log, settings.amqp_url)
    return DispatcherProcess(
        settings=settings,
        database=database,
        dispatcher=dispatcher,
        tasks=[
            Task("place_events", PLACE_SECONDS, place),
            Task("publish_to_partners", PUBLISH_SECONDS, exchange.turn),
        ],
        on_stop=[sequencer.stop, exchange.stop],
    )


def ensure_dispatching(database: Database[dict[str, Any]], days: float) -> None:
    """Indexes of what the dispatcher reads; `days` is how long the log is kept."""
    EventLog(database).ensure_indexes(days)
    deliveries = Deliveries(database)
    deliveries.ensure_indexes(days)
    LaneDocuments(database, deliveries, "", pause_after=0).ensure_indexes()
