"""OpenAPI 3.1 of a service, from its routes and their marshmallow schemas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from shared.contracts import problems
from shared.contracts.asyncapi_parts import schema_name
from shared.contracts.policy import EVERYONE
from shared.errors import PROBLEMS

if TYPE_CHECKING:
    from marshmallow import Schema

    from shared.web import Route

VERSION = "1.0.0"

_DESCRIPTION = (
    "Errors are problem documents (RFC 9457). People read them in the language of Accept-Language: "
    "Chinese unless English is preferred. Answers may have more members than are described here: "
    "ignore those you do not know. Every answer of an operation names its request in X-Request-Id."
)

_SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "queryCode": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Query-Code",
        "description": "Query code of the receipt.",
    },
}
_CODE = "X-Query-Code"

_HEADERS = {
    "Idempotency-Key": "Same key and body: the same answer again.",
    "If-Match": "Version as last read (the ETag).",
    "Last-Event-ID": "The last `id` received, to go on behind it; counts more than `after`.",
    "X-Phone-Proof": "The proof of a verified phone, the applicant's or the agent's.",
}

_ANSWER_HEADERS = {
    "Content-Disposition": "The name to keep it under.",
    "ETag": "The version, for If-Match; of a file its SHA-256.",
    "Location": "Where it can be read.",
}

_FORM = "application/x-www-form-urlencoded"

_WAITING = frozenset(
    {"feed_busy", "full", "idempotency_key_in_progress", "too_many_attempts", "unavailable"}
)
"""Problems that say when to try again."""


def build(service: str, routes: Sequence[Route]) -> dict[str, Any]:
    """The whole document; every route with its row of the policy table (`x-access`: whether callers
    without a token are let in, and each role with how far it reaches), bodies, answers, refusals.
    """
    described = MarshmallowPlugin(schema_name_resolver=schema_name)
    spec = APISpec(
        title=f"Tiaojie {service}",
        version=VERSION,
        openapi_version="3.1.0",
        plugins=[described],
        info={
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
    )
    spec.components.schema("Problem", dict(problems.SCHEMA))
    for name, scheme in _SECURITY.items():
        spec.components.security_scheme(name, scheme)
    for name, example in problems.examples({s for r in routes for s in _refusals(r)}).items():
        spec.components.example(name, example)
    for route in routes:
        spec.path(path=route.path, operations={route.method.lower(): _operation(route)})
    document = spec.to_dict()
    for item in document["paths"].values():
        for operation in item.values():
            operation["parameters"] = [_without_null(p) for p in operation["parameters"]]
    for (schema, *_), name in described.converter.refs.items():  # type: ignore[union-attr]
        if schema.__doc__:
            document["components"]["schemas"][name]["description"] = cleandoc(schema.__doc__)
    return document


def _without_null(parameter: dict[str, Any]) -> dict[str, Any]:
    """A query string has no null: what may be null in a body is left out there."""
    schema = dict(parameter["schema"])
    if isinstance(schema.get("type"), list):
        kinds = [kind for kind in schema["type"] if kind != "null"]
        schema["type"] = kinds[0] if len(kinds) == 1 else kinds
    if "enum" in schema:
        schema["enum"] = [choice for choice in schema["enum"] if choice is not None]
    return {**parameter, "schema": schema}


def _operation(route: Route) -> dict[str, Any]:
    slug = re.sub(r"[^a-z0-9]+", "_", f"{route.method} {route.path}".lower()).strip("_")
    operation: dict[str, Any] = {
        "operationId": slug,
        "tags": [next(part for part in route.path.split("/") if part not in {"", "v1"})],
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_header_parameters(route)],
        "responses": _responses(route),
        "security": _security(route),
        "x-access": {
            "anonymous": route.access.anonymous,
            "roles": dict(route.access.rule.roles),
        },
    }
    if route.query:
        operation["parameters"].append({"in": "query", "schema": route.query})
    body = _body(route)
    if body:
        operation["requestBody"] = {"required": not route.body_optional, "content": body}
    return operation


def _security(route: Route) -> list[dict[str, Any]]:
    """A token, the query code where there is one, nothing where neither is needed."""
    ways: list[dict[str, Any]] = [{"token": []}]
    if _CODE in route.headers:
        ways.append({"queryCode": []})
    if route.access.anonymous and route.headers.get(_CODE, "optional") == "optional":
        ways.append({})
    return ways


def _body(route: Route) -> dict[str, Any]:
    """What a request carries: JSON of a schema or a list of it, a form, the bytes of a file, nothing."""
    if route.body:
        schema = _one_of(route.body)
        if route.body_most is not None:
            schema = {"type": "array", "items": schema, "maxItems": route.body_most}
        return {_FORM if route.pages else "application/json": {"schema": schema}}
    if route.upload:
        return {kind: {} for kind in route.upload}
    return {"application/octet-stream": {}} if route.method == "PUT" else {}


def _one_of(schemas: type[Schema] | tuple[type[Schema], ...]) -> Any:
    return {"oneOf": list(schemas)} if isinstance(schemas, tuple) else schemas


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "in": "path",
            "name": name,
            "required": True,
            "schema": {"type": "string"}
            | ({"enum": list(route.choices[name])} if name in route.choices else {}),
        }
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "in": "header",
            "name": name,
            "required": need == "required",
            "description": _HEADERS[name],
            "schema": {"type": "string"},
        }
        for name, need in route.headers.items()
        if name != _CODE  # a way to be let in, see _security
    ]


def _refusals(route: Route) -> list[str]:
    """The problems a route may answer with, those every route has included."""
    always = ["internal", "unavailable", "unauthorised"]
    if route.access.rule != EVERYONE:
        always.append("forbidden")
    return list(dict.fromkeys([*route.refusals, *always]))


def _responses(route: Route) -> dict[str, Any]:
    answered: dict[str, Any] = {"description": route.summary}
    if route.status != 204:
        kinds = (route.media_type,) if isinstance(route.media_type, str) else route.media_type
        answered["content"] = {kind: _content(route, kind) for kind in kinds}
    if route.answer_headers:
        answered["headers"] = {
            name: {
                "description": _ANSWER_HEADERS[name],
                "required": True,
                "schema": {"type": "string"},
            }
            for name in route.answer_headers
        }
    responses: dict[str, Any] = {str(route.status): answered}
    by_status: dict[int, list[str]] = {}
    for slug in _refusals(route):
        by_status.setdefault(PROBLEMS[slug].status, []).append(slug)
    for status, slugs in sorted(by_status.items()):
        responses[str(status)] = _refused(slugs)
        if route.pages:
            responses[str(status)]["content"]["text/html"] = {"schema": {"type": "string"}}
    return responses


def _content(route: Route, kind: str) -> dict[str, Any]:
    """A page or a table, JSON of a schema, or bytes, which have none."""
    if kind.startswith("text/"):
        return {"schema": {"type": "string"}}
    return {"schema": _one_of(route.answer)} if route.answer else {}


def _refused(slugs: Sequence[str]) -> dict[str, Any]:
    examples = {
        name: {"$ref": f"#/components/examples/{name}"}
        for slug in slugs
        for name in problems.names(slug)
    }
    refused: dict[str, Any] = {
        "description": ", ".join(slugs),
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": examples,
            }
        },
    }
    if not _WAITING.isdisjoint(slugs):
        refused["headers"] = {
            "Retry-After": {
                "description": "Seconds until it is worth trying again.",
                "required": _WAITING.issuperset(slugs),
                "schema": {"type": "integer", "minimum": 1},
            }
        }
    return refused
