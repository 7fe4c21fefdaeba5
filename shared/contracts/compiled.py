"""The fast path of the schema language: code generated from the declaration, for clean bodies.

`compile_schema(schema)` accepts what needs no normalising and raises Doubt at anything else; then
the declaration itself (`schema.read`) finds the result or the errors. So the fast path can be
strict and simple; it is right as long as what it accepts is what the declaration returns, which
the tests check over thousands of altered bodies.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import count
from typing import Any, cast

from marshmallow import RAISE, ValidationError, missing

from shared.contracts import fields
from shared.contracts.schema import Body, read

Accept = Callable[[object, str], dict[str, Any]]
"""(body, last day that is not in the future as ISO 8601) → what Schema.load returns, or Doubt."""

_GROUP = 6  # optional fields looked up between two checks whether all members have been met


def reader(schema: Body) -> Callable[[object, date], dict[str, Any]]:
    """`schema.read` for this schema: the same results and refusals, faster on clean bodies."""
    accept = compile_schema(schema)
    rules = schema.rules

    def read_fast(body: object, today: date) -> dict[str, Any]:
        try:
            value = accept(body, today.isoformat())
        except fields.Doubt:
            return read(schema, body, today)
        for rule in rules:
            for _ in rule(value, today):
                return read(schema, body, today)
        return value

    return read_fast


def compile_schema(schema: Body) -> Accept:
    """A function that returns exactly what `schema.load` returns, or raises Doubt.

    TypeError for a declaration that the generated code could not follow.
    """
    source = _Source()
    name = source.write_object(schema)
    text = compile("\n".join(source.lines), f"<compiled {type(schema).__name__}>", "exec")
    exec(text, source.namespace)  # noqa: S102 - our own text, made of declared names and limits
    accept_body = source.namespace[name]

    def accept(body: object, last_day: str) -> dict[str, Any]:
        try:
            return cast("dict[str, Any]", accept_body(body, last_day))
        except ValueError:  # date.fromisoformat on what is no date
            raise fields.Doubt from None

    return accept


class _Source:
    """Python text being written, with the objects it refers to."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.namespace: dict[str, Any] = {
            "Doubt": fields.Doubt,
            "missing": missing,
            "is_date": date.fromisoformat,
        }
        self._functions: dict[tuple[object, ...], str] = {}
        self._numbers = count()

    def refer(self, value: object) -> str:
        """A name for this object in the text."""
        name = f"ref{next(self._numbers)}"
        self.namespace[name] = value
        return name

    def write_object(self, schema: Any) -> str:
        """Write the function of an object schema, once; return its name.

        Looking up every declared field would cost most where most are optional and absent: the
        look-ups stop as soon as all members of the body have been met.
        """
        declared = schema.load_fields
        known = (type(schema), schema.unknown, *declared)
        if known in self._functions:
            return self._functions[known]
        if any(schema._hooks.values()):  # noqa: SLF001 - no public way to ask
            raise TypeError(f"{type(schema).__name__} has hooks")
        name = self._functions[known] = f"read{next(self._numbers)}"
        lines = [
            f"def {name}(body, last_day):",
            "    if body.__class__ is not dict: raise Doubt",
            "    get = body.get; left = len(body); out = {}",
        ]
        required_left = sum(field.required for field in declared.values())
        for position, (key, field) in enumerate(declared.items()):
            if not required_left and position % _GROUP == 0:
                lines.append("    if not left: return out")
            required_left -= field.required
            lines += self._member(key, field)
        if schema.unknown == RAISE:
            lines.append("    if left: raise Doubt")
        self.lines += [*lines, "    return out"]
        return name

    def _member(self, key: str, field: Any) -> list[str]:
        """Statements that look a member up, judge it, keep it, and count it as met."""
        if field.data_key or field.attribute or field.load_default is not missing:
            raise TypeError(f"{key} is renamed or has a default")
        checks, result = self._judge(field)
        keep = [*checks, f"out[{key!r}] = {result}"]
        if field.allow_none:
            keep = [f"if v is None: out[{key!r}] = None", "else:", *(f"    {x}" for x in keep)]
        keep.append("left -= 1")
        lookup = [f"    v = get({key!r}, missing)"]
        if field.required:
            return lookup + [f"    {line}" for line in keep]
        return [*lookup, "    if v is not missing:", *(f"        {line}" for line in keep)]

    def _judge(self, field: Any) -> tuple[list[str], str]:
        """(statements that raise Doubt about `v`, expression of the value to keep)."""
        for kind, condition in _CONDITIONS.items():
            if _reads_like(field, kind):
                return [f"if not ({condition(self, field)}): raise Doubt"], "v"
        if _reads_like(field, fields.Part):
            return [], f"{self.write_object(field.schema)}(v, last_day)"
        if _reads_like(field, fields.Parts):
            return self._judge_entries(field)
        return [], f"{self.refer(_by_declaration(field))}(v)"

    def _judge_entries(self, field: fields.Parts) -> tuple[list[str], str]:
        least = int(field.required)
        length = f"v.__class__ is list and {least} <= len(v) <= {field.most}"
        checks, result = self._judge(field.inner)
        lines = [f"if not ({length}): raise Doubt", "entries = v"]
        if checks:
            lines += ["for v in entries:", *(f"    {line}" for line in checks)]
        return lines, f"[{result} for v in entries]"


def _code(source: _Source, field: fields.Code) -> str:
    matches = source.refer(field.pattern.fullmatch)
    normal = [f"{matches}(v)", "v.isascii()", "v.isprintable()", "v.strip() == v"]
    if field.upper:
        normal.append("v.upper() == v")
    if field.compact:
        normal.append('not ("-" in v or " " in v)')
    return f"v.__class__ is str and v and {' and '.join(normal)}"


def _text(_: _Source, field: fields.Str) -> str:
    shown = 'v.replace("\\n", "")' if field.lines else "v"
    length = f"0 < len(v) <= {field.limit}"
    return f"v.__class__ is str and {length} and {shown}.isprintable() and v.strip() == v"


def _date(_: _Source, field: fields.Date) -> str:
    shape = 'v.__class__ is str and len(v) == 10 and v[4] == v[7] == "-" and is_date(v)'
    return f"{shape} and {fields.EARLIEST!r} <= v" + (" <= last_day" if field.past else "")


def _choice(source: _Source, field: fields.Choice) -> str:
    unchanged = frozenset(choice for choice in field.choices if fields.plain(choice) == choice)
    return f"v.__class__ is str and v in {source.refer(unchanged)}"


def _flag(_: _Source, __: fields.Flag) -> str:
    return "v is True or v is False"


def _amount(_: _Source, field: fields.Amount) -> str:
    exact = "(v.__class__ is int or v.__class__ is float and round(v, 2) == v)"
    return f"{exact} and 0 <= v <= {field.most}"


def _count(_: _Source, field: fields.Count) -> str:
    return f"v.__class__ is int and {field.least} <= v <= {field.most}"


_CONDITIONS: dict[type[fields.Declared], Callable[[_Source, Any], str]] = {
    fields.Code: _code,
    fields.Str: _text,
    fields.Date: _date,
    fields.Choice: _choice,
    fields.Flag: _flag,
    fields.Amount: _amount,
    fields.Count: _count,
}
"""Conditions on `v` under which a field of this kind returns it as it is."""


def _reads_like(field: Any, kind: Any) -> bool:
    """Whether a field is of this kind and reads values in no way of its own."""
    own: Any = type(field)
    return (
        isinstance(field, kind)
        and own.deserialize is kind.deserialize
        and own._deserialize is kind._deserialize  # noqa: SLF001 - the seam of marshmallow's fields
        and not (field.pre_load or field.post_load)
    )


def _by_declaration(field: Any) -> Callable[[object], object]:
    """The quick check that a field brings along (`accept`), else its declared reading."""
    if hasattr(field, "accept"):
        return cast("Callable[[object], object]", field.accept)

    def deserialize(value: object) -> object:
        try:
            return cast("object", field.deserialize(value))
        except ValidationError:
            raise fields.Doubt from None

    return deserialize
