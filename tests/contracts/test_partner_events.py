"""What partners get of each event is what its schema says, and tells nothing about anybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from marshmallow import Schema, fields

from shared.contracts.asyncapi_parts import references
from shared.contracts.envelope import Event, Trace, from_document, new_traceparent
from shared.contracts.events import EVENTS
from shared.contracts.partner_asyncapi import partner_event_schema
from shared.contracts.partner_events import OFFERED, partner_document, payload
from tests.builders import emitted
from tests.contracts.test_asyncapi import DOCUMENT, resolved
from tests.contracts.test_events_keep_their_contracts import undeclared

EMITTED = [from_document(document) for document in emitted.everything()]
VALIDATORS = {
    name: Draft202012Validator(
        partner_event_schema(name), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    for name in OFFERED
}
MARK = "王独名13955556666"
INSIDE = ("hash", "sealed", "contacts", "particulars", "mediator", "flags", "claims", "parties",
          "answer", "options", "place", "signatures", "perform_by", "cause", "language")  # fmt: skip
"""Words in the names of fields that stay inside: who somebody is, what somebody said or signed."""


def marked(schema: Schema) -> dict[str, Any]:
    """Data with every field of a payload there is, nested too, each text with a mark in it."""
    return {name: _marked(field) for name, field in schema.fields.items()}


def _marked(field: fields.Field[Any]) -> Any:
    if isinstance(field, fields.Nested):
        return marked(field.schema)
    if isinstance(field, fields.List):
        return [_marked(field.inner)]
    if isinstance(field, fields.Boolean):
        return True
    if isinstance(field, fields.Number):
        return 7
    return f"{MARK}:{field.name}"


def of(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    event = Event(
        id="01a0b1c2-0000-7000-8000-000000000001",
        name=name,
        version=EVENTS[name].version,
        source=EVENTS[name].owner,
        subject="2634626885086477",
        time=datetime(2026, 11, 20, tzinfo=UTC),
        sequence=3,
        division="370102",
        data=data,
        trace=Trace(new_traceparent(), f"{MARK}:correlation", f"{MARK}:cause"),
        hash=f"{MARK}:hash",
        previous_hash=f"{MARK}:hash",
    )
    document = partner_document(event)
    assert document is not None
    return document


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    inner = value.items() if isinstance(value, dict) else ()
    for name, each in inner:
        yield from texts(each, f"{path}.{name}".strip("."))
    for each in value if isinstance(value, list) else ():
        yield from texts(each, path)


@pytest.mark.parametrize("name", sorted(OFFERED))
def test_only_the_fields_of_the_list_go_out_whatever_an_event_holds(name):
    document = of(name, marked(EVENTS[name].payload()))
    out = {path.removeprefix("data.") for path, text in texts(document) if MARK in text}
    wholes = tuple(f"{field}." for field in OFFERED[name])
    assert {
        path for path in out if path not in OFFERED[name] and not path.startswith(wholes)
    } == set()
    assert not {word for path in out for word in INSIDE if word in path}


@pytest.mark.parametrize("name", sorted(OFFERED))
def test_every_field_of_the_list_is_one_of_the_event(name):
    schema = payload(name)  # marshmallow raises for a name that does not exist
    assert schema.fields.keys() == {field.partition(".")[0] for field in OFFERED[name]}


@pytest.mark.parametrize("name", sorted(OFFERED))
def test_what_the_services_say_reaches_partners_valid_and_with_nothing_undeclared(name):
    told = [event for event in EMITTED if event.name == name]
    assert told
    schema = partner_event_schema(name)
    for event in told:
        document = orjson.loads(orjson.dumps(partner_document(event)))
        assert [e.message for e in VALIDATORS[name].iter_errors(document)] == []
        assert set(undeclared(document, schema, schema.get("$defs", {}))) == set()


def test_no_event_for_partners_shows_a_mediator_or_a_word_somebody_typed():
    offered = [d for event in EMITTED if (d := partner_document(event)) is not None]
    text = orjson.dumps(offered).decode()
    names = {
        mediator["name"]
        for event in EMITTED
        for mediator in [event.data.get("mediator") or {}]
        if mediator
    }
    assert names
    assert {name for name in names if name in text} == set()
    for event in EMITTED:
        for sealed in ("contacts", "particulars"):
            assert not event.data.get(sealed) or event.data[sealed] not in text


def test_an_event_that_is_not_offered_gives_nothing():
    kept = {event.name for event in EMITTED if partner_document(event) is None}
    assert kept == set(EVENTS) - set(OFFERED)
    assert {"phone.code_requested", "application.answered", "case.referral_opened"} <= kept


@pytest.mark.parametrize("name", sorted(OFFERED))
def test_the_json_schema_of_a_partner_event_is_valid_and_complete_in_itself(name):
    schema = partner_event_schema(name)
    Draft202012Validator.check_schema(schema)
    for reference in references(schema):
        assert resolved(reference, schema)


def test_the_asyncapi_document_describes_all_of_them_on_the_webhook_and_on_queues():
    messages = {f"partner.{name}.v{EVENTS[name].version}" for name in OFFERED}
    assert set(DOCUMENT["channels"]["webhook"]["messages"]) == messages
    assert {f"partner.{name}" for name in OFFERED} <= DOCUMENT["channels"].keys()
    for name in messages:
        described = resolved(DOCUMENT["components"]["messages"][name]["payload"]["$ref"], DOCUMENT)
        assert "traceparent" not in described["properties"]


def test_a_field_that_is_let_out_by_mistake_is_noticed(monkeypatch):
    monkeypatch.setitem(OFFERED, "case.mediator_assigned", ("status", "mediator"))
    document = of("case.mediator_assigned", marked(EVENTS["case.mediator_assigned"].payload()))
    assert "data.mediator.name" in {path for path, text in texts(document) if MARK in text}
