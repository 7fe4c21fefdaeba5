"""The language in which services describe their JSON answers: `Shown` objects of a few field kinds.

Every field is always there unless it is declared `sometimes`. No promise is made that there will
be no others: clients ignore what they do not know.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from marshmallow import EXCLUDE, INCLUDE, Schema, fields, validate

SERIAL_PATTERN = "^[0-9]{16}$"


class Shown(Schema):
    """A JSON object of an answer."""

    class Meta:
        unknown = EXCLUDE


class Anything(Schema):
    """A JSON object of whatever members."""

    class Meta:
        unknown = INCLUDE


def text(
    description: str,
    *,
    null: bool = False,
    sometimes: bool = False,
    pattern: str = "",
    example: str = "",
    uri: bool = False,
) -> fields.String:
    """A string; `uri` for a link, absolute or relative."""
    metadata: dict[str, Any] = {"description": description}
    if example:
        metadata["examples"] = [example]
    if uri:
        metadata["format"] = "uri-reference"
    return fields.String(
        required=not sometimes,
        allow_none=null,
        validate=validate.Regexp(pattern) if pattern else (),
        metadata=metadata,
    )


def serial_number() -> fields.String:
    return text("16 digits", pattern=SERIAL_PATTERN, example="2634626885086477")


def word(description: str, choices: Iterable[str], **more: Any) -> fields.String:
    """One word of a closed list."""
    field = text(description, **more)
    field.validators = [validate.OneOf(list(choices))]
    return field


def count(description: str, *, null: bool = False) -> fields.Integer:
    """A whole number from 0 up."""
    return fields.Integer(
        required=True,
        allow_none=null,
        validate=validate.Range(min=0),
        metadata={"description": description},
    )


def number(description: str, *, null: bool = False) -> fields.Float:
    return fields.Float(required=True, allow_none=null, metadata={"description": description})


def flag(description: str) -> fields.Boolean:
    return fields.Boolean(required=True, metadata={"description": description})


def always(value: bool, description: str) -> fields.Boolean:  # noqa: FBT001 - the constant itself
    """A constant that tells answers of one operation apart."""
    return fields.Boolean(
        required=True,
        validate=validate.Equal(value),
        metadata={"description": description, "enum": [value]},
    )


def day(description: str, *, null: bool = False) -> fields.Date:
    """ISO 8601, a civil day of the mainland."""
    return fields.Date(required=True, allow_none=null, metadata={"description": description})


def moment(description: str, *, null: bool = False) -> fields.AwareDateTime:
    """RFC 3339, in UTC."""
    metadata = {"description": description}
    return fields.AwareDateTime(required=True, allow_none=null, metadata=metadata)


def part(of: type[Schema], description: str, *, null: bool = False) -> fields.Nested:
    """An object inside."""
    metadata = {"description": description}
    return fields.Nested(of, required=True, allow_none=null, metadata=metadata)


def parts(of: type[Schema] | fields.Field[Any], description: str) -> fields.List[Any]:
    """A list."""
    inner = of if isinstance(of, fields.Field) else fields.Nested(of)
    return fields.List(inner, required=True, metadata={"description": description})


def words(choices: Iterable[str], description: str) -> fields.List[Any]:
    """A list of words of a closed list."""
    return parts(fields.String(validate=validate.OneOf(list(choices))), description)


def anything(description: str, *, null: bool = False) -> fields.Dict:
    """An object of whatever members."""
    return fields.Dict(required=True, allow_none=null, metadata={"description": description})
