"""Structured logs: static event names with bound fields, nothing personal.

A processor drops every field that is not in FIELDS, so that a careless call cannot leak a name or
a phone number; the catalogue LOG_EVENTS is the operator's index, checked by the house tests.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

import orjson
import structlog

if TYPE_CHECKING:
    from shared.settings import Settings

LOG_EVENTS: Mapping[str, str] = {
    "request_refused": "A request was answered with 4xx; `slug` says why.",
    "request_failed": "A request ended in 5xx; `error` is the class of the exception.",
    "message_refused": "A rule refused a message; it is acknowledged and not tried again.",
    "message_set_aside": "A message could not be applied and waits or is dead; see `reason`.",
    "message_recovered": "A message that had been set aside was applied.",
    "batch_held": "A back-end is away; the batch is kept and tried again after `seconds`.",
    "consumer_paused": "The consumer gave its messages back and waits for the back-end.",
    "consumer_started": "The consumer reads its queue.",
    "broker_connected": "Connected to RabbitMQ.",
    "broker_lost": "The connection to RabbitMQ ended; it is opened again after `seconds`.",
    "relay_leads": "This process publishes the outbox of its service.",
    "relay_published": "A batch of events was confirmed (level DEBUG).",
    "relay_unroutable": "No queue is bound for an event; it stays in the outbox.",
    "relay_refused": "The broker refused or lost events; they stay in the outbox.",
    "replay_begun": "A rebuild of read models asks: some `count` events are told again.",
    "replay_done": "All were told again, `count` in all.",
    "relay_wake_lost": "The change stream ended; the sweep goes on and the stream is opened again.",
    "relay_failed": "A turn of the relay failed; it is tried again.",
    "task_failed": "A recurring task raised; it runs again at its next time.",
    "worker_started": "The worker process is ready.",
    "worker_stopping": "SIGTERM or SIGINT arrived: finish, acknowledge, flush.",
    "worker_stopped": "Everything in hand was finished within the limit.",
    "worker_stop_timeout": "The limit passed; what was in hand is redelivered.",
    "provisioned": "Indexes, topology and reference data are in place.",
    "reservation_released": "A mediator's capacity held for no case was given back.",
    "case_not_ticked": "A case's clocks could not be told; it is tried again after a minute.",
    "cases_unassigned": "Cases that no organisation serves wait for the platform administrator.",
    "document_issued": "A document of a case was made and put in its file; `name` is its kind.",
    "document_failed": "A document could not be made; it is tried again after `seconds`.",
    "document_stuck": "A document could not be made for a quarter of an hour; it goes on being tried.",
    "documents_swept": "Document files no application points to were removed.",
    "evidence_swept": "Evidence files no application points to were removed.",
    "message_sending_failed": "A message to a person could not be sent; `code` says why.",
    "sms_provider_rests": "A provider of text messages, `name`, fails or is slow: the others are asked first.",
    "sms_provider_returns": "A provider of text messages, `name`, has done well again and has its place back.",
    "sms_day_used_up": "The text messages of this day are used up, at `count`; those not urgent wait for tomorrow.",
    "message_resent": "Somebody had a message to a person sent again.",
    "template_released": "An administrator released a wording of messages; `name`, `version`.",
    "template_unusable": "A released wording needs values that this program does not give; the one "
    "before it counts.",
    "templates_not_read": "Released wordings could not be asked for; those known go on counting.",
    "policies_imported": "Policies were imported.",
    "policy_index_failed": "The policy index could not be built; the old one stays in use.",
    "issuer_keys_unavailable": "The issuer's keys could not be loaded; known ones stay good for an hour.",
    "personal_data_read": "Staff read an application: entry `count` of its audit log, with its `hash`.",
    "history_mismatch": "An event has not the hash it says it has; its history is shown as not verified.",
    "sealed_again": "Documents were sealed again with the newest key.",
    "delivery_failed": "A call to a partner's endpoint failed; `code` says how, `attempts` how often by now.",
    "lane_not_opened": "A subscription cannot be served; `reason` says why. It is left until it is changed.",
    "shards_gained": "This dispatcher serves `count` more shards of the subscriptions.",
    "shards_lost": "Another dispatcher serves `count` shards that were this one's: it had gone silent.",
    "subscription_verified": "An endpoint proved that it wants events.",
    "verification_failed": "An endpoint did not prove that it wants events; `code` says why.",
    "subscription_paused": "An endpoint has taken nothing for long: its subscription is paused.",
    "subscription_stopped": "An endpoint is gone (410): its subscription is stopped.",
    "partner_exchange_leads": "This process publishes the log of partner events to `tiaojie.partner`.",
    "partner_exchange_refused": "The broker refused or lost partner events; they are published again.",
    "partner_queue_unsettled": "A partner's queue could not be made as it shall be; it is tried again.",
    "progress_changes_lost": "Changes of progress could not be followed; it is tried again with growing pauses.",
    "feed_tail_failed": "The log could not be asked for news; it is asked again after a second.",
}
"""Every log event and what it means."""

FIELDS = frozenset(
    [
        "event",
        "level",
        "timestamp",
        "service",
        "process",
        "correlation_id",
        "trace_id",
        "serial_number",
        "event_name",
        "event_id",
        "route",
        "method",
        "status",
        "slug",
        "error",
        "reason",
        "queue",
        "seconds",
        "count",
        "attempts",
        "version",
        "task",
        "collection",
        "code",
        "channel",
        "organisation",
        "port",
        "division",
        "name",
        "oldest_seconds",
        "where",
        "hash",
        "subscription",
    ]
)
"""Fields a log line may carry. A serial number alone shows nothing personal (progress is masked)."""


def configure(settings: Settings, service: str, process: str) -> None:
    """Send structlog and the standard library's warnings to stdout in one form."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if settings.log_format == "console"
        else structlog.processors.JSONRenderer(
            serializer=lambda value, **_: orjson.dumps(value, default=str).decode()
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _told_of(service, process),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_known_fields,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.log_level]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stdout, format="%(name)s %(levelname)s")
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # our own events tell of the connection


def _told_of(service: str, process: str) -> structlog.typing.Processor:
    """Who writes, in every line: bound context would not reach a process's other threads."""

    def add(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> Mapping[str, Any]:
        return {**entry, "service": service, "process": process}

    return add


def _only_known_fields(
    _logger: Any, _method: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {key: value for key, value in entry.items() if key in FIELDS}


def logger() -> Any:
    return structlog.get_logger()
