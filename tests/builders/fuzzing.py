"""Requests of all kinds for one operation of an OpenAPI document: right, nearly right and odd.

`Known` is what exists: without it no request would get past the first check. Right values are
mixed with those the document's schemas allow and with whatever else can be sent.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

Document = Mapping[str, Any]
JSON_KIND = "application/json"


@dataclass(frozen=True)
class Known:
    """What is there: values for path and query parameters and for headers by name, bodies by
    operation id, of what media type they are where there are several, and what the callers'
    Authorization may be (of single operations in `callers_of`)."""

    parameters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    bodies: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    callers: Sequence[str] = ()
    callers_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    media_types: Sequence[str] = ()


@dataclass(frozen=True)
class Sent:
    """One request as it goes out."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    content_type: str | None


_TRAPS = [
    "", " ", "null", "true", "0", "-1", "1e400", "NaN", "$gt", "$where", "a.b", "__proto__", "\0",
    "../../etc/passwd", "%00", "％", "０", "\u202e", "\ufeff", "𠮷", "\ud800", "a" * 300, "1900-00-00",
    "9999-12-31", "2026-02-30", "2026年3月5日", "370102", "000000", "<script>", "'; --", "*", 'W/"1"',
]  # fmt: skip
_TEXT = st.one_of(st.sampled_from(_TRAPS), st.text(max_size=12))
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    _TEXT,
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXT, inner, max_size=3)),
    max_leaves=4,
)
_RAW = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [b"", b"{", b"[]", b"null", b"NaN", b'"x"', b"\xff", b"[" * 200, b"{}" * 50_000, b"\xef\xbb\xbf{}"]
    ),
)  # fmt: skip
_CONTENT_TYPES = st.sampled_from(
    [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "application/json; charset=utf-16", "APPLICATION/JSON", "application/json, text/html", "*/*"]
)  # fmt: skip
_HEADERS = st.one_of(
    st.none(),
    st.sampled_from(["", "*", '"1"', 'W/"1"', '"2"', "99999999999999", "-1", "²", "Bearer", "é"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=255, categories=["L", "N", "P", "S"])),
)


@st.composite
def requests(draw: st.DrawFn, document: Document, method: str, path: str, known: Known) -> Sent:
    """Requests for one operation: right ones, which are of the first of what is known, those with
    one thing odd, and those with several."""
    operation = document["paths"][path][method]
    parameters = {p["name"]: p for p in operation["parameters"]}
    things = [
        "body",
        "body",
        "kind",
        "caller",
        "code",
        "language",
        "query",
        *parameters,
        *parameters,
    ]
    one, several = (
        st.sampled_from(things).map(lambda thing: {thing}),
        st.sets(st.sampled_from(things)),
    )
    odd = draw(st.one_of(st.just(set()), one, one, several))

    def of(thing: str, right: Sequence[Any], other: st.SearchStrategy[Any]) -> Any:
        if right and thing not in odd:
            return right[0]
        return draw(st.one_of(other, other, st.sampled_from(right)) if right else other)

    target, query = path, {}
    headers: dict[str, str | None] = {}
    for name, parameter in parameters.items():
        right = [*known.parameters.get(name, ()), *parameter["schema"].get("enum", ())]
        if parameter["in"] == "header":
            headers[name] = of(name, right, _HEADERS)
        elif parameter["in"] == "path":
            value = quote(of(name, right, _TEXT), safe="", errors="surrogatepass")
            target = target.replace("{" + name + "}", value)
        elif right or name in odd:
            query[name] = of(
                name, right, _TEXT | _of_schema(parameter["schema"], document).map(str)
            )
    query |= of("query", ({},), st.dictionaries(_TEXT, _TEXT, max_size=1))
    if query:
        target += "?" + urlencode(query, errors="surrogatepass")
    if {"queryCode": []} in operation["security"]:
        headers["X-Query-Code"] = of("code", known.parameters["X-Query-Code"], _HEADERS)
    callers = known.callers_of.get(operation["operationId"], known.callers)
    headers["Authorization"] = of("caller", callers, _HEADERS)
    headers["Accept-Language"] = of("language", (None, "en"), _HEADERS)
    described = operation.get("requestBody", {}).get("content", {})
    stated = [kind for kind in known.media_types if kind in described]
    kind = of("kind", [*(stated or described), None], _CONTENT_TYPES)
    right = [_encoded(each) for each in known.bodies.get(operation["operationId"], (b"",))]
    body = of("body", right, _bodies(document, operation, known))
    given = {name: value for name, value in headers.items() if value is not None}
    return Sent(method.upper(), target, given, body, kind)


def _bodies(document: Document, operation: Document, known: Known) -> st.SearchStrategy[bytes]:
    """JSON that the schema allows, right JSON with changes, any JSON, any bytes."""
    described = operation.get("requestBody", {}).get("content", {})
    if JSON_KIND not in described:
        return _RAW
    values = _of_schema(described[JSON_KIND]["schema"], document)
    changed = _changed(known.bodies[operation["operationId"]])
    return st.one_of(values.map(_encoded), changed.map(_encoded), _VALUES.map(_encoded), _RAW)


def _encoded(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


@st.composite
def _changed(draw: st.DrawFn, right: Sequence[Any]) -> Any:
    """A right value with up to three of its places changed, taken away or joined."""
    value = copy.deepcopy(draw(st.sampled_from(right)))
    for _ in range(draw(st.sampled_from([1, 1, 2, 3]))):
        holder, key = draw(st.sampled_from(list(_places(value)) or [(None, None)]))
        if holder is None:
            return draw(_VALUES)
        match draw(st.sampled_from(["change", "change", "take away", "join"])):
            case "change":
                holder[key] = draw(_VALUES)
            case "take away":
                del holder[key]
            case _ if isinstance(holder, dict):
                holder[draw(_TEXT)] = draw(_VALUES)
            case _:
                holder.extend(holder * draw(st.sampled_from([1, 30])))
    return value


def _places(value: Any) -> Any:
    """(object or list, key or index) of everything inside."""
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    else:
        return
    for key, inner in inside:
        yield value, key
        yield from _places(inner)


def _of_schema(schema: Document, document: Document) -> st.SearchStrategy[Any]:
    """Values that the schema allows, as far as its structure, patterns and limits go."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return st.deferred(lambda: _of_schema(document["components"]["schemas"][name], document))
    if choices := schema.get("oneOf") or schema.get("anyOf"):
        return st.one_of([_of_schema(each, document) for each in choices])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", "string")
    if isinstance(kinds, list):
        return st.one_of([_of_schema({**schema, "type": kind}, document) for kind in kinds])
    return _KINDS[kinds](schema, document)


def _object(schema: Document, document: Document) -> st.SearchStrategy[Any]:
    properties = {n: _of_schema(s, document) for n, s in schema.get("properties", {}).items()}
    needed = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {n: s for n, s in properties.items() if n in needed},
        optional={n: s for n, s in properties.items() if n not in needed},
    )


def _array(schema: Document, document: Document) -> st.SearchStrategy[Any]:
    least = schema.get("minItems", 0)
    return st.lists(_of_schema(schema["items"], document), min_size=least, max_size=least + 2)


def _string(schema: Document, _: Document) -> st.SearchStrategy[Any]:
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    least = schema.get("minLength", 0)
    return st.text(min_size=least, max_size=max(least, min(schema.get("maxLength", 20), 20)))


_FORMATS: Mapping[str, st.SearchStrategy[Any]] = {
    "date": st.dates().map(str),
    "date-time": st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    "email": st.just("zhao@example.com"),
}
_KINDS: Mapping[str, Any] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": lambda s, _: st.integers(s.get("minimum", -5), s.get("maximum", 10**6)),
    "number": lambda s, _: st.floats(s.get("minimum", -5), s.get("maximum", 10**6)),
    "boolean": lambda *_: st.booleans(),
    "null": lambda *_: st.none(),
}
