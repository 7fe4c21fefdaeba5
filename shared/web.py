"""The HTTP frame of every service: declared routes, access, correlation, probes, documentation.

A route says in one place its method, path, access rule, bodies and summary; registration, checks
and the OpenAPI document are all read from that. Views are plain functions that return JSON-ready
values, JSON as bytes or an Answer; refusals are raised.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    rendered,
)
from shared.asking import Caller, current, preferred_language, trace_of
from shared.contracts.policy import POLICY
from shared.errors import Refused
from shared.health import Checks, answer
from shared.store import backend_errors
from shared.tokens import Verifier, bearer_token

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Request

    from shared.settings import Settings

View = Callable[..., Any]
Frame = Callable[["WSGIEnvironment", Mapping[str, str]], Response]


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
    route has. `body_most`: the body is a list of at most so many. `plain`: the view asks `caller()`
    alone and nothing of Flask's request, so the frame can answer without Flask (_Plain). `pages`:
    a browser asks, with a form as body, and is shown refusals as pages too. `upload`: the body is a
    file of one of these media types."""

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
    plain: bool = False
    pages: bool = False
    upload: Sequence[str] = ()

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
    verifier = Verifier(settings)
    frames = [(route, _framed(route, verifier)) for route in routes]
    for route, frame in frames:
        app.add_url_rule(
            re.sub(r"{(\w+)}", r"<\1>", route.path),
            endpoint=f"{route.method} {route.path}",
            view_func=_flask_view(frame),
            methods=[route.method],
        )
    app.wsgi_app = _Plain(app.wsgi_app, frames)  # type: ignore[method-assign]
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies)  # type: ignore[method-assign]
    _add_probes(app, service, checks)
    _add_documentation(app, service, routes)
    app.register_error_handler(HTTPException, on_http_exception)
    app.register_error_handler(Exception, on_exception)
    return app


def _framed(route: Route, verifier: Verifier) -> Frame:
    """What every route is wrapped in: who asks, as part of what, whether that is let in, refusals
    as problem documents, the duration."""
    view, access, label, method = route.view, route.access, route.path, route.method
    durations = metrics.Durations(label, method)

    def handle(given: WSGIEnvironment, path: Mapping[str, str]) -> Response:
        began = time.perf_counter()
        trace = trace_of(given)
        language = preferred_language(given.get("HTTP_ACCEPT_LANGUAGE"))
        structlog.contextvars.bind_contextvars(
            correlation_id=trace.correlation_id, route=label, method=method
        )
        asking = Caller(None, language, given.get("REMOTE_ADDR", ""), trace, given=given)
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
        response.headers["X-Request-Id"] = trace.correlation_id
        durations.observe(response.status_code, time.perf_counter() - began)
        structlog.contextvars.unbind_contextvars("correlation_id", "route", "method")
        return response

    return handle


def _flask_view(frame: Frame) -> View:
    def view(**path: str) -> Response:
        return frame(request.environ, path)

    return view


class _Plain:
    """WSGI: a GET of a plain route whose last part is digits is answered by its frame at once;
    whatever else is asked, or asked in another spelling, goes on to Flask, which answers the same.
    Flask's own part costs as much as all that a frame does.
    """

    def __init__(self, flask_app: WSGIApplication, frames: Sequence[tuple[Route, Frame]]) -> None:
        self._otherwise = flask_app
        self._frames: dict[str, tuple[str, Frame]] = {}
        for route, frame in frames:
            if route.plain:
                before, _, last = route.path.rpartition("/")
                self._frames[before] = (last.strip("{}"), frame)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        before, _, last = environ["PATH_INFO"].rpartition("/")
        if before in self._frames and environ["REQUEST_METHOD"] == "GET":
            name, frame = self._frames[before]
            if last.isascii() and last.isdigit():
                return frame(environ, {name: last})(environ, start_response)
        return self._otherwise(environ, start_response)


def _response(result: Any, status: int) -> Response:
    if isinstance(result, Response):
        return result
    if isinstance(result, bytes):
        return rendered(result, status)
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
