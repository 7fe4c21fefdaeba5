"""Every answer of a web application, held against the OpenAPI document that it serves itself.

Clients are promised the members that are described and no closed list; here the list is closed,
so that no member appears in an answer before it is described.
"""

from __future__ import annotations

from typing import Any

import orjson
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.exceptions import HTTPException
from werkzeug.test import Client, TestResponse

PROBLEM_JSON = "application/problem+json"
_EMPTY = frozenset({"HEAD", "OPTIONS"})
PROBLEM = {"$ref": "#/components/schemas/Problem"}
BESIDE = "beside"
"""Probes and the documentation itself, which no document describes."""


class Undocumented(AssertionError):
    """An answer that is not what the document says."""


class Conforming(FlaskClient):
    """A test client that hands over only answers that keep the contract."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response: TestResponse = super().open(*args, **kwargs)
        check(self.application, response)
        return response


def check(app: Flask, response: TestResponse) -> None:
    """Undocumented unless the answer is one that the application's document describes."""
    method, path = response.request.method, response.request.path
    said = f"{method} {path}: {response.status_code} {response.mimetype}"
    endpoint = _endpoint(app, method, path)
    if method in _EMPTY or endpoint == BESIDE:
        return
    documented = closed(app)
    if endpoint is None:
        _expect(response.mimetype == PROBLEM_JSON, f"{said}: not a problem document")
        _expect_valid(documented, PROBLEM, response, said)
        return
    answers = documented["paths"][endpoint.partition(" ")[2]][method.lower()]["responses"]
    _expect(str(response.status_code) in answers, f"{said}: the status is not documented")
    answer = answers[str(response.status_code)]
    _expect_headers(answer.get("headers", {}), response, said)
    if "content" not in answer:
        _expect(not response.get_data(), f"{said}: no content is documented")
        return
    kind = response.mimetype if response.mimetype in answer["content"] else "*/*"
    _expect(kind in answer["content"], f"{said}: the content type is not documented")
    if not kind.endswith("json"):
        return
    body = _expect_valid(documented, answer["content"][kind]["schema"], response, said)
    if kind == PROBLEM_JSON:
        slugs = answer["content"][kind]["examples"]
        _expect(body["code"] in slugs, f"{said}: {body['code']} is not documented")


def closed(app: Flask) -> dict[str, Any]:
    """The application's document in which every described object has no other members."""
    if app.name not in _DOCUMENTS:  # all of one name declare the same routes
        served = Client(app).get(f"/{app.name}/openapi.json")
        document: dict[str, Any] = orjson.loads(served.get_data())
        _close(document["components"]["schemas"])
        _DOCUMENTS[app.name] = document
    return _DOCUMENTS[app.name]


_DOCUMENTS: dict[str, dict[str, Any]] = {}
_VALIDATORS: dict[tuple[int, int], Draft202012Validator] = {}


def _close(schema: Any) -> None:
    if isinstance(schema, list):
        for each in schema:
            _close(each)
    elif isinstance(schema, dict):
        for each in schema.values():
            _close(each)
        if isinstance(schema.get("properties"), dict):
            schema.setdefault("additionalProperties", False)


def _endpoint(app: Flask, method: str, path: str) -> str | None:
    """What a request meets: an operation, or something beside them; None for nothing."""
    try:
        endpoint, _ = app.url_map.bind("").match(path, method)
    except HTTPException:
        return None
    return str(endpoint) if " " in endpoint else BESIDE


def _expect_valid(
    documented: dict[str, Any], schema: dict[str, Any], response: TestResponse, said: str
) -> Any:
    key = id(documented), id(schema)
    if key not in _VALIDATORS:
        _VALIDATORS[key] = Draft202012Validator(
            {**schema, "components": documented["components"]},
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )
    body = orjson.loads(response.get_data())
    errors = [f"{e.json_path}: {e.message}" for e in _VALIDATORS[key].iter_errors(body)]
    _expect(not errors, f"{said}: {'; '.join(errors)}")
    return body


def _expect_headers(described: dict[str, Any], response: TestResponse, said: str) -> None:
    """Those described are there and of their kind; those that clients rely on are described."""
    for name, header in described.items():
        text = response.headers.get(name)
        if text is None:
            _expect(not header["required"], f"{said}: no {name}")
            continue
        value: Any = int(text) if header["schema"]["type"] == "integer" else text
        _expect(Draft202012Validator(header["schema"]).is_valid(value), f"{said}: {name}")
    for name in ("ETag", "Location", "Retry-After"):
        _expect(name in described or name not in response.headers, f"{said}: {name} is unknown")


def _expect(condition: bool, said: str) -> None:
    if not condition:
        raise Undocumented(said)
