"""Partner events as documents for others: the partners' part of AsyncAPI, a JSON Schema for each.

What is described is what leaves the house (`partner_events.OFFERED`), on three ways: webhooks, a
queue of one's own, and the feed, which is HTTP and stands in the OpenAPI document of notify.
"""

from __future__ import annotations

from typing import Any, Final

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from shared.contracts.asyncapi_parts import (
    BINDING_VERSION,
    COMPONENTS,
    DRAFT,
    VERSION,
    moved,
    place_parameters,
    reachable,
    schema_name,
    subject,
    versioned,
)
from shared.contracts.envelope import CONTENT_TYPE
from shared.contracts.events import EVENTS, EventType
from shared.contracts.partner_events import ATTRIBUTES, OFFERED, PARTNER_EXCHANGE, payload

_WEBHOOK: Final = "webhook"
_HEADERS: Final = {
    "type": "object",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
    "properties": {
        "webhook-id": {"type": "string", "description": "The event's id: the same at each attempt."},
        "webhook-timestamp": {"type": "string", "description": "Seconds since 1970, of this attempt."},
        "webhook-signature": {
            "type": "string",
            "description": "`v1,` and the signature of `id.timestamp.body` (Standard Webhooks); "
            "several, divided by spaces, while a secret is being replaced.",
        },
    },
}  # fmt: skip


def servers() -> dict[str, Any]:
    """Where webhooks go: to whatever address a subscription names."""
    return {
        "endpoint": {
            "host": "{host}",
            "protocol": "https",
            "description": "A partner's own endpoint, as its subscription says.",
            "variables": {"host": {"default": "partner.example"}},
        }
    }


def channels() -> dict[str, Any]:
    """A channel for each event on the partners' exchange, and one for webhooks."""
    messages = {_message_name(e): {"$ref": _message_ref(e)} for e in _events()}
    return {
        _WEBHOOK: {
            "address": None,
            "title": "webhook",
            "description": "POST of one event to the address of a subscription; any 2xx takes it.",
            "servers": [{"$ref": "#/servers/endpoint"}],
            "messages": messages,
        },
        **{f"partner.{event.name}": _channel(event) for event in _events()},
    }


def operations() -> dict[str, Any]:
    """notify sends webhooks; partners receive from their queues."""
    webhook = f"#/channels/{_WEBHOOK}"
    return {
        "notify.send.webhook": {
            "action": "send",
            "channel": {"$ref": webhook},
            "title": "notify sends webhooks",
            "tags": [{"name": "notify"}],
            "messages": [{"$ref": f"{webhook}/messages/{_message_name(e)}"} for e in _events()],
            "bindings": {"http": {"method": "POST", "bindingVersion": BINDING_VERSION}},
        },
        **{f"partner.receive.{event.name}": _operation(event) for event in _events()},
    }


def messages() -> dict[str, Any]:
    return {
        _message_name(event): {
            "name": event.type,
            "title": event.name,
            "summary": event.summary,
            "contentType": CONTENT_TYPE,
            "headers": _HEADERS,
            "tags": [{"name": "partner"}],
            "payload": {"$ref": f"{COMPONENTS}{_message_name(event)}"},
        }
        for event in _events()
    }


def schemas() -> dict[str, Any]:
    """The schemas of what partners get of each event, and of its parts."""
    whole, parts = _schemas()
    return parts | {_message_name(e): _cloud_event(e, whole[e.name]) for e in _events()}


def partner_event_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one event as partners get it, complete in itself."""
    event = EVENTS[name]
    whole, parts = _schemas()
    document = _cloud_event(event, whole[name])
    needed = reachable(document, parts)
    return {
        "$schema": DRAFT,
        "$id": f"urn:tiaojie:partner-event:{versioned(event)}",
        **moved(document),
        **({"$defs": {part: moved(parts[part]) for part in needed}} if needed else {}),
    }


def _events() -> list[EventType]:
    return [EVENTS[name] for name in OFFERED]


def _message_name(event: EventType) -> str:
    return f"partner.{versioned(event)}"


def _message_ref(event: EventType) -> str:
    return f"#/components/messages/{_message_name(event)}"


def _schemas() -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of each event's data, by event; those of parts, by class: a part of which only
    some fields go out is another one, `Partner…`."""
    plugin = MarshmallowPlugin(schema_name_resolver=_part_name)
    spec = APISpec(title="events", version=VERSION, openapi_version="3.1.0", plugins=[plugin])
    converter = plugin.converter
    if converter is None:  # pragma: no cover - made with the spec
        raise RuntimeError("apispec made no converter")
    to_schema: Any = converter.schema2jsonschema
    whole = {name: to_schema(payload(name)) for name in OFFERED}
    parts: dict[str, Any] = spec.to_dict().get("components", {}).get("schemas", {})
    return whole, parts


def _part_name(schema: Any) -> str:
    limited = isinstance(schema, Schema) and schema.only is not None
    return f"{'Partner' if limited else ''}{schema_name(schema)}"


def _channel(event: EventType) -> dict[str, Any]:
    address = ".".join((event.name, *(f"{{{part}}}" for part in place_parameters())))
    return {
        "address": address,
        "title": event.name,
        "description": f"{event.summary} Bound to a partner's own queue.",
        "servers": [{"$ref": "#/servers/rabbitmq"}],
        "parameters": place_parameters(),
        "messages": {_message_name(event): {"$ref": _message_ref(event)}},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": PARTNER_EXCHANGE, "type": "topic", "durable": True, "autoDelete": False,
                },
                "bindingVersion": BINDING_VERSION,
            }
        },
    }  # fmt: skip


def _operation(event: EventType) -> dict[str, Any]:
    channel = f"#/channels/partner.{event.name}"
    return {
        "action": "receive",
        "channel": {"$ref": channel},
        "title": f"partners receive {event.name}",
        "tags": [{"name": "partner"}],
        "messages": [{"$ref": f"{channel}/messages/{_message_name(event)}"}],
        "bindings": {"amqp": {"ack": True, "bindingVersion": BINDING_VERSION}},
    }


def _cloud_event(event: EventType, data: dict[str, Any]) -> dict[str, Any]:
    attributes = {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid", "description": "Unique; to recognise repetitions."},
        "type": {"const": event.type},
        "source": {"const": event.owner, "description": "The service that says it."},
        "subject": subject(event.name.partition(".")[0]),
        "time": {"type": "string", "format": "date-time", "description": "When it happened, UTC."},
        "datacontenttype": {"const": "application/json"},
        "sequence": {
            "type": "string",
            "pattern": "^[1-9][0-9]*$",
            "description": "Orders the events of one subject and source; a gap is one not offered.",
        },
        "division": {
            "type": "string",
            "pattern": "^([0-9]{6}|[0-9]{9})$",
            "description": "Code of the administrative division (6 digits, a township has 9).",
        },
        "data": data,
    }  # fmt: skip
    assert attributes.keys() == {*ATTRIBUTES, "data"}  # noqa: S101 - both say the same
    return {
        "title": event.type,
        "description": event.summary,
        "type": "object",
        "properties": attributes,
        "required": list(attributes),
    }
