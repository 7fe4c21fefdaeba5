"""All events as documents for others: AsyncAPI 3.0, and JSON Schema (Draft 2020-12) of each event.

Both are read from the registry (`events`) through apispec, which also describes the HTTP bodies.
An event travels in structured mode: the whole CloudEvent is the message's body.
"""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from shared.contracts import partner_asyncapi as partners
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
from shared.contracts.events import EVENTS, EXCHANGE, EventType


def build() -> dict[str, Any]:
    """The AsyncAPI document: a channel for each event, an operation for each who sends or receives
    it, the message with its whole CloudEvent as payload."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tiaojie events",
            "version": VERSION,
            "description": (
                f"What the services tell each other on the topic exchange {EXCHANGE}. Routing keys "
                "end in the division, so `*.*.37.#` is everything of one province. `contacts` and "
                "`particulars` are ciphertext; nothing else is personal. Consumers ignore fields "
                "they do not know. What partners get, by webhook or from a queue of their own, are "
                "the channels `webhook` and `partner.*`: fewer fields, nothing sealed."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "rabbitmq": {
                "host": "{host}",
                "protocol": "amqp",
                "protocolVersion": "0-9-1",
                "variables": {"host": {"default": "localhost:5672"}},
                "security": [{"$ref": "#/components/securitySchemes/user"}],
            },
            **partners.servers(),
        },
        "channels": {
            **{event.name: _channel(event) for event in EVENTS.values()},
            **partners.channels(),
        },
        "operations": {
            **dict(_operation(event, s) for event in EVENTS.values() for s in _users(event)),
            **partners.operations(),
        },
        "components": {
            "messages": {
                **{versioned(event): _message(event) for event in EVENTS.values()},
                **partners.messages(),
            },
            "schemas": {
                **payload_schemas(),
                **{versioned(e): _cloud_event(e, COMPONENTS) for e in EVENTS.values()},
                **partners.schemas(),
            },
            "correlationIds": {
                "request": {
                    "description": "The request that began it all.",
                    "location": "$message.payload#/correlationid",
                }
            },
            "securitySchemes": {"user": {"type": "userPassword"}},
        },
    }


def event_schema(event: EventType) -> dict[str, Any]:
    """The JSON Schema of one event, complete in itself: envelope and data."""
    schemas = payload_schemas()
    document = _cloud_event(event, COMPONENTS)
    needed = reachable(document, schemas)
    return {
        "$schema": DRAFT,
        "$id": f"urn:tiaojie:event:{versioned(event)}",
        **moved(document),
        "$defs": {name: moved(schemas[name]) for name in needed},
    }


def payload_schemas() -> dict[str, Any]:
    """The schema of every payload and of what it contains, by class name."""
    spec = APISpec(
        title="events",
        version=VERSION,
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin(schema_name_resolver=schema_name)],
    )
    for payload in dict.fromkeys(event.payload for event in EVENTS.values()):
        if payload.__name__ not in spec.components.schemas:
            spec.components.schema(payload.__name__, schema=payload)
    schemas: dict[str, Any] = spec.to_dict()["components"]["schemas"]
    return schemas


def _users(event: EventType) -> tuple[tuple[str, str], ...]:
    """(service, action) of everybody who has to do with an event."""
    return ((event.owner, "send"), *((consumer, "receive") for consumer in event.consumers))


def _channel(event: EventType) -> dict[str, Any]:
    return {
        "address": f"{event.name}.{'.'.join(f'{{{part}}}' for part in place_parameters())}",
        "title": event.name,
        "description": event.summary,
        "servers": [{"$ref": "#/servers/rabbitmq"}],
        "parameters": place_parameters(),
        "messages": {
            versioned(event): {"$ref": f"#/components/messages/{versioned(event)}"}
        },
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False,
                },
                "bindingVersion": BINDING_VERSION,
            }
        },
    }  # fmt: skip


def _operation(event: EventType, user: tuple[str, str]) -> tuple[str, dict[str, Any]]:
    service, action = user
    delivery = {"deliveryMode": 2, "mandatory": True} if action == "send" else {"ack": True}
    channel = f"#/channels/{event.name}"
    return f"{service}.{action}.{event.name}", {
        "action": action,
        "channel": {"$ref": channel},
        "title": f"{service} {action}s {event.name}",
        "tags": [{"name": service}],
        "messages": [{"$ref": f"{channel}/messages/{versioned(event)}"}],
        "bindings": {"amqp": {**delivery, "bindingVersion": BINDING_VERSION}},
    }


def _message(event: EventType) -> dict[str, Any]:
    return {
        "name": event.type,
        "title": event.name,
        "summary": event.summary,
        "contentType": CONTENT_TYPE,
        "correlationId": {"$ref": "#/components/correlationIds/request"},
        "tags": [{"name": event.name.partition(".")[0]}],
        "payload": {"$ref": f"{COMPONENTS}{versioned(event)}"},
    }


def _cloud_event(event: EventType, schemas_at: str) -> dict[str, Any]:
    """The envelope of one kind of event: CloudEvents 1.0 with our extension attributes."""
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
            "description": "Number among the events of this subject and source, from 1, no gaps.",
        },
        "division": {
            "type": "string",
            "pattern": "^([0-9]{6}|[0-9]{9})$" if _has_a_place(event) else "^$",
            "description": "Code of the administrative division (6 digits, a township has 9).",
        },
        "traceparent": {
            "type": "string",
            "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
            "description": "W3C Trace Context.",
        },
        "correlationid": {
            "type": "string", "minLength": 1, "description": "The request that began it all.",
        },
        "causationid": {
            "type": "string", "minLength": 1, "description": "The event that led to this one.",
        },
        "hash": {
            "type": "string", "pattern": "^[0-9a-f]{64}$",
            "description": "Hash of this event in the history of its subject.",
        },
        "previoushash": {
            "type": "string", "pattern": "^([0-9a-f]{64})?$",
            "description": "Hash of the event before; empty for the first.",
        },
        "salt": {
            "type": "string", "pattern": "^[0-9a-f]{32}$",
            "description": "Hashed before the data, so that nobody finds them by trying.",
        },
        "data": {"$ref": f"{schemas_at}{event.payload.__name__}"},
    }  # fmt: skip
    return {
        "title": event.type,
        "description": event.summary,
        "type": "object",
        "properties": attributes,
        "required": [name for name in attributes if name not in {"causationid", "salt"}],
    }


def _has_a_place(event: EventType) -> bool:
    """Partners' subscriptions and queues lie in no division, nor do read models."""
    of = event.name.partition(".")[0]
    return of not in {"subscription", "partner_queue", "read_models"}
