"""The schema language: marshmallow schemas whose faults are codes at JSON Pointers.

A `Body` declares its fields; OpenAPI, event contracts and the fast path (`compiled`) are all read
from that declaration. Fields normalise what people type: surrounding space goes, full-width digits
and letters become plain ones in codes, dates and numbers, and a blank is the same as no value.
What comes out is JSON again: dates stay ISO 8601 strings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, ClassVar, cast

import orjson
from marshmallow import RAISE, Schema, ValidationError

from shared.contracts.faults import by_place, fault, located
from shared.contracts.fields import latest
from shared.errors import FieldError, Refused

MAX_BODY_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_ERRORS = 200

Rule = Callable[[Mapping[str, Any], date], Iterable[FieldError]]
"""A check across fields: normalised body and today → its errors. Fields that are faulty in
themselves are absent from the body it sees, so it looks with `get` and stays silent in doubt."""


class Body(Schema):
    """A JSON object: unknown members are named and refused; `rules` run over the whole."""

    error_messages: dict[str, Any] = {  # noqa: RUF012 - marshmallow declares it per instance
        "unknown": fault("unknown_field"),
        "type": fault("wrong_type"),
    }
    rules: ClassVar[tuple[Rule, ...]] = ()

    class Meta:
        unknown = RAISE


def read(schema: Body, body: object, today: date) -> dict[str, Any]:
    """The normalised body, or Refused with every error of fields and rules, in order of place."""
    errors: list[FieldError] = []
    token = latest.set(today.isoformat())
    try:
        value = schema.load(cast("Any", body))
    except ValidationError as refusal:
        value = refusal.valid_data
        errors += located(refusal.messages)
    finally:
        latest.reset(token)
    faulty = [f"{error.pointer}/" for error in errors]
    errors += [
        error
        for rule in schema.rules
        for error in rule(value, today)
        if not _concerns(f"{error.pointer}/", faulty)
    ]
    if errors:
        raise Refused("validation_failed", errors=sorted(set(errors), key=by_place)[:MAX_ERRORS])
    return cast("dict[str, Any]", value)


def _concerns(place: str, faulty: list[str]) -> bool:
    """Whether a rule judges a place whose own fields, or whose whole, are already at fault."""
    return any(place.startswith(other) or other.startswith(place) for other in faulty)


def parse_json(raw: bytes, limit: int = MAX_BODY_BYTES) -> object:
    """The value of a JSON text (RFC 8259) of at most `limit` bytes, nested at most 32 deep.

    Refused `malformed_json` for anything else, lone surrogates, NaN and invalid UTF-8 included.
    Of members with the same name the last one counts.
    """
    if len(raw) > limit:
        raise Refused("body_too_large")
    try:
        value: object = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refused("malformed_json") from None
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _deeper_than(MAX_DEPTH, value):
        raise Refused("malformed_json")
    return value


def _deeper_than(limit: int, value: object) -> bool:
    level: list[Any] = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return any(isinstance(inner, (dict, list)) for inner in level)
