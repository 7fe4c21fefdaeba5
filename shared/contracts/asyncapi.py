"""All events as documents for others: AsyncAPI 3.0, and JSON Schema (Draft 2020-12) of each event.

Both are read from the registry (`events`) through apispec, which also describes the HTTP bodies.
An event travels in structured mode: the whole CloudEvent is the message's body.
"""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from shared.contracts.envelope import CONTENT_TYPE
from shared.contracts.events import EVENTS, EXCHANGE, EventType

VERSION = "1.0.0"
DRAFT = "https://json-schema.org/draft/2020-12/schema"

_BINDING_VERSION = "0.3.0"
_SERIAL_AGGREGATES = frozenset({"application", "case"})
_COMPONENTS = "#/components/schemas/"
_PLACE = {
    "province": ("First two digits of the division code.", "37"),
    "city": ("Third and fourth digit; 00 for none.", "01"),
    "county": ("Fifth and sixth digit; 00 for none.", "02"),
}


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
                "end in the division, so `*.*.37.#` is everything of one province. `contacts` is "
                "ciphertext; nothing else is personal. Consumers ignore fields they do not know."
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
            }
        },
        "channels": {event.name: _channel(event) for event in EVENTS.values()},
        "operations": dict(
            _operation(event, s) for event in EVENTS.values() for s in _users(event)
        ),
        "components": {
            "messages": {_versioned(event): _message(event) for event in EVENTS.values()},
            "schemas": {
                **payload_schemas(),
                **{_versioned(e): _cloud_event(e, _COMPONENTS) for e in EVENTS.values()},
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
    needed = _reachable(event.payload.__name__, schemas)
    return {
        "$schema": DRAFT,
        "$id": f"urn:tiaojie:event:{_versioned(event)}",
        **_cloud_event(event, "#/$defs/"),
        "$defs": {name: _moved(schemas[name]) for name in needed},
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


def schema_name(schema: Any) -> str:
    """The name of a marshmallow schema in a document: that of its class."""
    return (schema if isinstance(schema, type) else type(schema)).__name__


def _versioned(event: EventType) -> str:
    return f"{event.name}.v{event.version}"


def _users(event: EventType) -> tuple[tuple[str, str], ...]:
    """(service, action) of everybody who has to do with an event."""
    return ((event.owner, "send"), *((consumer, "receive") for consumer in event.consumers))


def _channel(event: EventType) -> dict[str, Any]:
    return {
        "address": f"{event.name}.{'.'.join(f'{{{part}}}' for part in _PLACE)}",
        "title": event.name,
        "description": event.summary,
        "servers": [{"$ref": "#/servers/rabbitmq"}],
        "parameters": {
            part: {"description": description, "examples": [example]}
            for part, (description, example) in _PLACE.items()
        },
        "messages": {
            _versioned(event): {"$ref": f"#/components/messages/{_versioned(event)}"}
        },
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False,
                },
                "bindingVersion": _BINDING_VERSION,
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
        "messages": [{"$ref": f"{channel}/messages/{_versioned(event)}"}],
        "bindings": {"amqp": {**delivery, "bindingVersion": _BINDING_VERSION}},
    }


def _message(event: EventType) -> dict[str, Any]:
    return {
        "name": event.type,
        "title": event.name,
        "summary": event.summary,
        "contentType": CONTENT_TYPE,
        "correlationId": {"$ref": "#/components/correlationIds/request"},
        "tags": [{"name": event.name.partition(".")[0]}],
        "payload": {"$ref": f"{_COMPONENTS}{_versioned(event)}"},
    }


def _cloud_event(event: EventType, schemas_at: str) -> dict[str, Any]:
    """The envelope of one kind of event: CloudEvents 1.0 with our extension attributes."""
    attributes = {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid", "description": "Unique; to recognise repetitions."},
        "type": {"const": event.type},
        "source": {"const": event.owner, "description": "The service that says it."},
        "subject": _subject(event.name.partition(".")[0]),
        "time": {"type": "string", "format": "date-time", "description": "When it happened, UTC."},
        "datacontenttype": {"const": "application/json"},
        "sequence": {
            "type": "string",
            "pattern": "^[1-9][0-9]*$",
            "description": "Number among the events of this subject and source, from 1, no gaps.",
        },
        "division": {
            "type": "string",
            "pattern": "^([0-9]{6}|[0-9]{9})$",
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
        "data": {"$ref": f"{schemas_at}{event.payload.__name__}"},
    }  # fmt: skip
    return {
        "title": event.type,
        "description": event.summary,
        "type": "object",
        "properties": attributes,
        "required": [name for name in attributes if name != "causationid"],
    }


def _subject(aggregate: str) -> dict[str, Any]:
    if aggregate in _SERIAL_AGGREGATES:
        serial = {"pattern": "^[0-9]{16}$", "description": "The serial number (流水号)."}
        return {"type": "string", **serial}
    return {"type": "string", "minLength": 1, "description": f"Id of the {aggregate}."}


def _reachable(name: str, schemas: dict[str, Any]) -> list[str]:
    """A schema and those it contains, sorted."""
    found: set[str] = set()
    left = [name]
    while left:
        current = left.pop()
        if current not in found:
            found.add(current)
            left += [ref.removeprefix(_COMPONENTS) for ref in references(schemas[current])]
    return sorted(found)


def references(document: Any) -> list[str]:
    """Every `$ref` in a document, in its order."""
    if isinstance(document, dict):
        own = [document["$ref"]] if isinstance(document.get("$ref"), str) else []
        return own + [ref for value in document.values() for ref in references(value)]
    if isinstance(document, list):
        return [ref for value in document for ref in references(value)]
    return []


def _moved(schema: Any) -> Any:
    """A schema that refers to the `$defs` of its own document."""
    if isinstance(schema, dict):
        return {
            key: value.replace(_COMPONENTS, "#/$defs/") if key == "$ref" else _moved(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_moved(value) for value in schema]
    return schema
