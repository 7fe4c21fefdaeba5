"""The HTTP frame of every service: declared routes, problem details, correlation, probes.

A route says in one place its method, path, access rule, bodies and summary; registration, checks
and the OpenAPI document are all read from that. Views are plain functions that return JSON-ready
values or an Answer; refusals are raised.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from flask import Flask, Response, request
from flask.sessions import NullSession, SessionInterface, SessionMixin
from marshmallow import Schema
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from shared import log, metrics, serial
from shared.access import Access
from shared.contracts.envelope import Trace, new_id, new_traceparent
from shared.errors import PROBLEMS, FieldError, Language, Problem, Refused, Text, Transient
from shared.health import Checks, answer
from shared.log import logger
from shared.store import backend_errors
from shared.tokens import Principal, Verifier, bearer_token

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from flask import Request

    from shared.settings import Settings

PROBLEM_JSON = "application/problem+json"
SECURITY_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

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
    the answer that clients need; `refusals` name the PROBLEMS it may answer with beside those every
    route has."""

    method: str
    path: str
    view: View
    access: Access
    summary: str
    body: type[Schema] | tuple[type[Schema], ...] | None = None
    query: type[Schema] | None = None
    answer: type[Schema] | tuple[type[Schema], ...] | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    answer_headers: Sequence[str] = ()
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    body_optional: bool = False
    refusals: Sequence[str] = ()
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, in which language, from where, and as part of what."""

    principal: Principal | None
    language: Language
    address: str
    trace: Trace


_caller: ContextVar[Caller] = ContextVar("caller")


def caller() -> Caller:
    """The caller of the request being handled."""
    return _caller.get()


class _NoSessions(SessionInterface):
    """No request has a session, so none is made: Flask's own costs a twentieth of a request."""

    _none = NullSession()

    def open_session(self, app: Flask, request: Request) -> SessionMixin:  # noqa: ARG002
        return self._none

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Nothing to save."""


class _Whole(Response):
    """A response whose body and headers are complete: nothing is left to be worked out of them."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        location = self.headers.get("Location")
        if location is None or location.isascii():
            return self.headers
        return super().get_wsgi_headers(environ)


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
    app.register_error_handler(HTTPException, _on_http_exception)
    app.register_error_handler(Exception, _on_exception)
    return app


def json_answer(body: Any, status: int = 200, content_type: str = "application/json") -> Response:
    response = _Whole(orjson.dumps(body), status, content_type=content_type)
    response.headers.extend(SECURITY_HEADERS)
    return response


def _wrapped(route: Route, verifier: Verifier) -> View:
    view, access, label = route.view, route.access, route.path

    def handle(**path: str) -> Response:
        began = time.perf_counter()
        given = request.environ  # its headers as a mapping would be made anew for each request
        trace = _trace(given)
        language = preferred_language(given.get("HTTP_ACCEPT_LANGUAGE"))
        status = 500
        structlog.contextvars.bind_contextvars(
            correlation_id=trace.correlation_id, route=label, method=route.method
        )
        asking = Caller(None, language, request.remote_addr or "", trace)
        token = _caller.set(asking)
        try:
            with backend_errors():
                credentials = bearer_token(given.get("HTTP_AUTHORIZATION"))
                principal = verifier.verify(credentials) if credentials else None
                access.check(principal)
                if principal is not None:
                    _caller.set(replace(asking, principal=principal))
                response = _response(view(**path), route.status)
        except Exception as error:  # noqa: BLE001 - every error becomes a problem document
            response = problem_response(error, language)
        finally:
            _caller.reset(token)
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


def _trace(environ: WSGIEnvironment) -> Trace:
    parent = environ.get("HTTP_TRACEPARENT", "")
    given = environ.get("HTTP_X_REQUEST_ID", "")
    if _TRACEPARENT.fullmatch(parent):
        parent = f"{parent[:36]}{secrets.token_hex(8)}{parent[52:]}"
    else:
        parent = new_traceparent()
    return Trace(parent, given if _REQUEST_ID.fullmatch(given) else new_id())


def preferred_language(header: str | None) -> Language:
    """`en` if English is asked for before Chinese; Chinese otherwise (RFC 9110, 12.5.4)."""
    if not header:
        return "zh"
    best: tuple[float, Language] = (0.0, "zh")
    for part in header[:200].lower().split(","):
        tag, _, parameters = part.strip().partition(";")
        language: Language | None = (
            "en" if tag.startswith("en") else "zh" if tag.startswith(("zh", "*")) else None
        )
        quality = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", parameters) if parameters else None
        weight = float(quality[1]) if quality else 0.0 if parameters else 1.0
        if language and weight > best[0]:
            best = (weight, language)
    return best[1]


def json_bytes() -> bytes:
    """The request's body; Refused: unsupported_media_type unless it says that it is JSON,
    body_too_large.
    """
    stated = request.environ.get("CONTENT_TYPE")
    if stated != "application/json" and request.mimetype != "application/json":
        raise Refused("unsupported_media_type")
    limit = request.max_content_length
    if limit is not None and request.content_length is None:
        # A body in chunks would be cut at the limit without a word.
        request.max_content_length = limit + 1
    body = request.get_data(cache=False)
    if limit is not None and len(body) > limit:
        raise Refused("body_too_large")
    return body


def typed_serial_number(text: str) -> str:
    """The serial number, however it was typed; Refused("serial_checksum") for a mistyped one."""
    try:
        return serial.parse(text)
    except serial.SerialFault as fault:
        raise Refused("serial_checksum", fault.message) from fault


# --- problem details (RFC 9457) --------------------------------------------------------------


def problem_response(error: Exception, language: Language) -> Response:
    """The answer to an error; a 5xx is logged with its class only, never its text."""
    if isinstance(error, Refused):
        response = _problem(
            error.slug,
            error.problem,
            language,
            detail=error.detail,
            errors=error.errors,
            extra=error.extra,
        )
        if "retry_after" in error.extra:
            response.headers["Retry-After"] = str(error.extra["retry_after"])
        if error.problem.status == HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = "Bearer"  # RFC 9110, 11.6.1
        logger().info("request_refused", slug=error.slug, status=error.problem.status)
        return response
    if isinstance(error, Transient):
        response = _problem(error.slug, error.problem, language)
        response.headers["Retry-After"] = str(error.retry_after)
        logger().warning("request_failed", slug=error.slug, status=503, reason=str(error))
        return response
    if isinstance(error, HTTPException):
        return _on_http_exception(error)
    where = _place(error)
    logger().error(
        "request_failed", slug="internal", status=500, error=type(error).__name__, where=where
    )
    return _problem("internal", PROBLEMS["internal"], language)


def _place(error: BaseException) -> str:
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    return f"{frame.tb_frame.f_globals.get('__name__')}:{frame.tb_lineno}" if frame else ""


def _problem(
    slug: str,
    problem: Problem,
    language: Language,
    *,
    detail: Text | None = None,
    errors: Sequence[FieldError] = (),
    extra: Mapping[str, Any] | None = None,
) -> Response:
    body: dict[str, Any] = {
        **(extra or {}),
        "type": f"urn:tiaojie:problem:{slug}",
        "title": problem.title.to(language),
        "status": problem.status,
        "detail": (detail or problem.title).to(language),
        "instance": f"urn:tiaojie:request:{caller().trace.correlation_id}"
        if _caller.get(None)
        else "",
        "code": slug,
    }
    if errors:
        body["errors"] = [
            {"pointer": e.pointer, "code": e.code, "message": e.message.to(language)}
            for e in errors
        ]
    response = json_answer(body, problem.status, PROBLEM_JSON)
    response.headers["Content-Language"] = "zh-CN" if language == "zh" else "en"
    return response


_SLUG_OF_STATUS = {
    400: "malformed_json",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}


def _on_http_exception(error: HTTPException) -> Response:
    language = preferred_language(request.headers.get("Accept-Language"))
    slug = _SLUG_OF_STATUS.get(error.code or 500, "internal")
    response = _problem(slug, PROBLEMS[slug], language)
    logger().info("request_refused", slug=slug, status=response.status_code)
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _on_exception(error: Exception) -> Response:
    return problem_response(error, preferred_language(request.headers.get("Accept-Language")))


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
