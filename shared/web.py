"""The HTTP frame of every service: declared routes, access, correlation, probes, documentation.

A route says in one place its method, path, access rule, bodies and summary; registration, checks
and the OpenAPI document are all read from that. Views are plain functions that return JSON-ready
values or an Answer; refusals are raised.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from flask import Flask, Response, request
from flask.sessions import NullSession, SessionInterface, SessionMixin
from marshmallow import Schema
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from shared import log, metrics
from shared.access import Access
from shared.answering import (
    SECURITY_HEADERS,
    json_answer,
    on_exception,
    on_http_exception,
    problem_response,
)
from shared.asking import Caller, current, preferred_language, trace_of
from shared.contracts.policy import POLICY
from shared.errors import Refused
from shared.health import Checks, answer
from shared.store import backend_errors
from shared.tokens import Verifier, bearer_token

if TYPE_CHECKING:
    from flask import Request

    from shared.settings import Settings

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A view's result when it is more than a 200 with JSON."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `body`, `query` and `answer` are schemas for the documentation, several where
    it is one of them; `choices` are the words a part of the path may be, `answer_headers` those of
    the answer that clients need, `media_type` its form or those to choose among; `refusals` name the PROBLEMS it may answer with beside those every
    route has. `body_most`: the body is a list of at most so many."""

    method: str
    path: str
    view: View
    summary: str
    body: type[Schema] | tuple[type[Schema], ...] | None = None
    body_most: int | None = None
    query: type[Schema] | None = None
    answer: type[Schema] | tuple[type[Schema], ...] | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    answer_headers: Sequence[str] = ()
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    body_optional: bool = False
    refusals: Sequence[str] = ()
    media_type: str | tuple[str, ...] = "application/json"

    @property
    def access(self) -> Access:
        """Its row of the policy table; KeyError for a route that has none."""
        return Access(POLICY[f"{self.method} {self.path}"])


class _NoSessions(SessionInterface):
    """No request has a session, so none is made: Flask's own costs a twentieth of a request."""

    _none = NullSession()

    def open_session(self, app: Flask, request: Request) -> SessionMixin:  # noqa: ARG002
        return self._none

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Nothing to save."""


def create_app(
    service: str, settings: Settings, routes: Sequence[Route], checks: Checks, *, body_limit: int
) -> Flask:
    """The service's Flask application; connects to nothing."""
    log.configure(settings, service, "web")
    app = Flask(service, static_folder=None)
    app.session_interface = _NoSessions()
    app.config["MAX_CONTENT_LENGTH"] = body_limit
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # a path is what it says: no redirects
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies)  # type: ignore[method-assign]
    verifier = Verifier(settings)
    for route in routes:
        rule = re.sub(r"{(\w+)}", r"<\1>", route.path)
        app.add_url_rule(
            rule,
            endpoint=f"{route.method} {route.path}",
            view_func=_wrapped(route, verifier),
            methods=[route.method],
        )
    _add_probes(app, service, checks)
    _add_documentation(app, service, routes)
    app.register_error_handler(HTTPException, on_http_exception)
    app.register_error_handler(Exception, on_exception)
    return app


def _wrapped(route: Route, verifier: Verifier) -> View:
    view, access, label = route.view, route.access, route.path

    def handle(**path: str) -> Response:
        began = time.perf_counter()
        given = request.environ  # its headers as a mapping would be made anew for each request
        trace = trace_of(given)
        language = preferred_language(given.get("HTTP_ACCEPT_LANGUAGE"))
        status = 500
        structlog.contextvars.bind_contextvars(
            correlation_id=trace.correlation_id, route=label, method=route.method
        )
        asking = Caller(None, language, request.remote_addr or "", trace)
        token = current.set(asking)
        try:
            with backend_errors():
                credentials = bearer_token(given.get("HTTP_AUTHORIZATION"))
                principal = verifier.verify(credentials) if credentials else None
                relation = access.check(principal)
                if principal is not None:
                    current.set(replace(asking, principal=principal, relation=relation))
                response = _response(view(**path), route.status)
        except Exception as error:  # noqa: BLE001 - every error becomes a problem document
            response = problem_response(error, language)
        finally:
            current.reset(token)
        status = response.status_code
        response.headers["X-Request-Id"] = trace.correlation_id
        metrics.REQUEST_SECONDS.labels(label, route.method, status).observe(
            time.perf_counter() - began
        )
        structlog.contextvars.unbind_contextvars("correlation_id", "route", "method")
        return response

    return handle


def _response(result: Any, status: int) -> Response:
    if isinstance(result, Response):
        return result
    if not isinstance(result, Answer):
        return json_answer(result, status)
    if result.content_type == "application/json":
        response = json_answer(result.body, result.status)
    else:
        response = Response(result.body, result.status, content_type=result.content_type)
        response.headers.extend(SECURITY_HEADERS)
    response.headers.update(result.headers)
    return response


# --- probes and documentation ----------------------------------------------------------------


def _add_probes(app: Flask, service: str, checks: Checks) -> None:
    def probe(name: str) -> Response:
        found = answer(f"/{name}", checks)
        if found is None:
            raise Refused("not_found")
        status, content_type, body = found
        return Response(body, status, content_type=content_type)

    for prefix in ("", f"/{service}"):
        for name in ("healthz", "readyz", "metrics"):
            path = f"{prefix}/{name}"
            app.add_url_rule(path, endpoint=path, view_func=lambda name=name: probe(name))


def _add_documentation(app: Flask, service: str, routes: Sequence[Route]) -> None:
    from flask_swagger_ui import get_swaggerui_blueprint  # only its static files and page

    document: list[bytes] = []

    def openapi() -> Response:
        if not document:
            from shared.openapi import build

            document.append(orjson.dumps(build(service, routes)))
        return Response(document[0], content_type="application/json")

    app.add_url_rule(f"/{service}/openapi.json", endpoint="openapi", view_func=openapi)
    app.register_blueprint(
        get_swaggerui_blueprint(
            f"/{service}/docs",
            f"/{service}/openapi.json",
            config={"app_name": f"Tiaojie {service}"},
        )
    )
