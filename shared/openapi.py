"""OpenAPI 3.1 of a service, from its routes and their marshmallow schemas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from shared.contracts.asyncapi import schema_name
from shared.errors import PROBLEMS

if TYPE_CHECKING:
    from shared.web import Route

VERSION = "1.0.0"

_PROBLEM = {
    "type": "object",
    "description": "Problem details, RFC 9457.",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri", "pattern": "^urn:tiaojie:problem:"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string", "description": "The last part of `type`."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON Pointer into the body"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}

_DESCRIPTION = (
    "Errors are problem documents (RFC 9457). People read them in the language of Accept-Language: "
    "Chinese unless English is preferred."
)

_HEADERS = {
    "X-Query-Code": "Query code of the receipt.",
    "Idempotency-Key": "Same key and body: the same answer again.",
    "If-Match": "Version as last read (the ETag).",
}

_WAITING = frozenset({429, 503})
"""Statuses that say when to try again."""

_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds until it is worth trying again.",
        "schema": {"type": "integer", "minimum": 1},
    }
}


def build(service: str, routes: Sequence[Route]) -> dict[str, Any]:
    """The whole document; every route with its access rule, bodies, answers and refusals."""
    spec = APISpec(
        title=f"Tiaojie {service}",
        version=VERSION,
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin(schema_name_resolver=schema_name)],
        info={
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
    )
    spec.components.schema("Problem", _PROBLEM)
    spec.components.security_scheme(
        "token", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    )
    for route in routes:
        spec.path(path=route.path, operations={route.method.lower(): _operation(route)})
    document = spec.to_dict()
    for item in document["paths"].values():
        for operation in item.values():
            operation["parameters"] = [_without_null(p) for p in operation["parameters"]]
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
        "parameters": [*_path_parameters(route.path), *_header_parameters(route)],
        "responses": _responses(route),
        "x-access": {
            "anonymous": route.access.anonymous,
            "roles": sorted(route.access.roles) if route.access.roles is not None else None,
        },
    }
    if route.query:
        operation["parameters"].append({"in": "query", "schema": route.query})
    body = _body(route)
    if body:
        operation["requestBody"] = {"required": True, "content": body}
    operation["security"] = [{"token": []}, *([{}] if route.access.anonymous else [])]
    return operation


def _body(route: Route) -> dict[str, Any]:
    """What a request carries: JSON of a schema, any JSON object, the bytes of a file, nothing."""
    if route.body:
        return {"application/json": {"schema": route.body}}
    if "malformed_json" in route.refusals:
        return {"application/json": {"schema": {"type": "object"}}}
    return {"application/octet-stream": {}} if route.method == "PUT" else {}


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"in": "path", "name": name, "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
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
    ]


def _responses(route: Route) -> dict[str, Any]:
    answered: dict[str, Any] = {"description": route.summary}
    if route.answer:
        answered["content"] = {route.media_type: {"schema": route.answer}}
    elif route.status != 204:
        answered["content"] = {route.media_type: {"schema": {}}}
    responses: dict[str, Any] = {str(route.status): answered}
    always = ["internal", "unavailable", "unauthorised"]
    if route.access.roles is not None:
        always.append("forbidden")
    by_status: dict[int, list[str]] = {}
    for slug in [*route.refusals, *always]:
        by_status.setdefault(PROBLEMS[slug].status, []).append(slug)
    for status, slugs in sorted(by_status.items()):
        responses[str(status)] = {
            "description": ", ".join(dict.fromkeys(slugs)),
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        } | ({"headers": _RETRY_AFTER} if status in _WAITING else {})
    return responses
