"""The AsyncAPI document is complete in itself and says what the registry says."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from shared.contracts.asyncapi import build, event_schema
from shared.contracts.asyncapi_parts import references
from shared.contracts.envelope import CONTENT_TYPE, routing_key
from shared.contracts.events import EVENTS, EXCHANGE

DOCUMENT = build()


def resolved(pointer: str, document: Any) -> Any:
    """What a reference inside a document points to; KeyError for nothing."""
    assert pointer.startswith("#/")
    for part in pointer[2:].split("/"):
        document = document[part.replace("~1", "/").replace("~0", "~")]
    return document


def test_every_reference_leads_somewhere():
    found = references(DOCUMENT)
    assert len(found) > 50
    for reference in found:
        assert resolved(reference, DOCUMENT)


def test_the_document_has_what_asyncapi_3_requires():
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT["info"].keys() >= {"title", "version"}
    for server in DOCUMENT["servers"].values():
        assert server.keys() >= {"host", "protocol"}
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in {"send", "receive"}
        channel = resolved(operation["channel"]["$ref"], DOCUMENT)
        messages = [
            f"{operation['channel']['$ref']}/messages/{name}" for name in channel["messages"]
        ]
        assert [message["$ref"] for message in operation["messages"]] == messages


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_has_a_channel_whose_address_is_its_routing_key(name):
    channel = DOCUMENT["channels"][name]
    places = {"province": "37", "city": "01", "county": "02"}
    assert channel["address"].format(**places) == routing_key(name, "370102013")
    assert channel["parameters"].keys() == places.keys()
    assert channel["bindings"]["amqp"]["exchange"] == {
        "name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False,
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_is_sent_by_its_owner_and_received_by_its_consumers(name):
    event = EVENTS[name]
    users = {
        (operation_id.split(".")[0], operation["action"])
        for operation_id, operation in DOCUMENT["operations"].items()
        if operation["channel"]["$ref"] == f"#/channels/{name}"
    }
    assert users == {(event.owner, "send"), *((c, "receive") for c in event.consumers)}


def test_messages_are_cloud_events_with_the_attributes_of_the_envelope():
    for event in EVENTS.values():
        message = DOCUMENT["components"]["messages"][f"{event.name}.v{event.version}"]
        payload = resolved(message["payload"]["$ref"], DOCUMENT)
        assert message["contentType"] == CONTENT_TYPE
        assert payload["properties"]["type"] == {"const": event.type}
        assert payload["properties"].keys() == {
            "specversion", "id", "type", "source", "subject", "time", "datacontenttype", "sequence",
            "division", "traceparent", "correlationid", "causationid", "hash", "previoushash", "salt", "data",
        }  # fmt: skip


def test_every_schema_is_valid_for_both_dialects():
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft7Validator.check_schema(schema)  # AsyncAPI's own dialect is a superset of it
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_the_json_schema_of_an_event_is_valid_and_complete_in_itself(name):
    schema = event_schema(EVENTS[name])
    Draft202012Validator.check_schema(schema)
    for reference in references(schema):
        assert resolved(reference, schema)
    used = {reference.rpartition("/")[2] for reference in references(schema)}
    assert used == schema["$defs"].keys()


def test_a_reference_into_nothing_is_noticed():
    with pytest.raises(KeyError):
        resolved("#/components/messages/odd", DOCUMENT)
