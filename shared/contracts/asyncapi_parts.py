"""What the documents of events are put together from: names, places, references."""

from __future__ import annotations

from typing import Any, Final

from shared.contracts.events import EventType

VERSION: Final = "1.0.0"
DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
BINDING_VERSION: Final = "0.3.0"
COMPONENTS: Final = "#/components/schemas/"

_SERIAL_AGGREGATES: Final = frozenset({"application", "case"})
_PLACE: Final = {
    "province": ("First two digits of the division code.", "37"),
    "city": ("Third and fourth digit; 00 for none.", "01"),
    "county": ("Fifth and sixth digit; 00 for none.", "02"),
}


def schema_name(schema: Any) -> str:
    """The name of a marshmallow schema in a document: that of its class."""
    return (schema if isinstance(schema, type) else type(schema)).__name__


def versioned(event: EventType) -> str:
    return f"{event.name}.v{event.version}"


def place_parameters() -> dict[str, Any]:
    """The parts of a routing key that name a place."""
    return {
        part: {"description": description, "examples": [example]}
        for part, (description, example) in _PLACE.items()
    }


def subject(aggregate: str) -> dict[str, Any]:
    if aggregate in _SERIAL_AGGREGATES:
        serial = {"pattern": "^[0-9]{16}$", "description": "The serial number (流水号)."}
        return {"type": "string", **serial}
    return {"type": "string", "minLength": 1, "description": f"Id of the {aggregate}."}


def reachable(document: Any, schemas: dict[str, Any]) -> list[str]:
    """The schemas that a document contains, and those that they do, sorted."""
    found: set[str] = set()
    left = _named(document)
    while left:
        current = left.pop()
        if current not in found:
            found.add(current)
            left += _named(schemas[current])
    return sorted(found)


def _named(document: Any) -> list[str]:
    return [ref.removeprefix(COMPONENTS) for ref in references(document)]


def references(document: Any) -> list[str]:
    """Every `$ref` in a document, in its order."""
    if isinstance(document, dict):
        own = [document["$ref"]] if isinstance(document.get("$ref"), str) else []
        return own + [ref for value in document.values() for ref in references(value)]
    if isinstance(document, list):
        return [ref for value in document for ref in references(value)]
    return []


def moved(schema: Any) -> Any:
    """A schema that refers to the `$defs` of its own document."""
    if isinstance(schema, dict):
        return {
            key: value.replace(COMPONENTS, "#/$defs/") if key == "$ref" else moved(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [moved(value) for value in schema]
    return schema
