"""Answers as bytes: JSON, and problem documents for whatever was refused or failed (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from flask import Response, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from shared.asking import current, preferred_language
from shared.errors import PROBLEMS, FieldError, Language, Problem, Refused, Text, Transient
from shared.log import logger

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PROBLEM_JSON = "application/problem+json"
_WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
SECURITY_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class _Whole(Response):
    """A response whose body and headers are complete: nothing is left to be worked out of them."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "HEAD" or self.status_code in _WITHOUT_BODY:
            return super().__call__(environ, start_response)
        start_response(self.status, self.get_wsgi_headers(environ).to_wsgi_list())
        return self.iter_encoded()

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        location = self.headers.get("Location")
        if location is None or location.isascii():
            return self.headers
        return super().get_wsgi_headers(environ)


def json_answer(body: Any, status: int = 200, content_type: str = "application/json") -> Response:
    return rendered(orjson.dumps(body), status, content_type)


def rendered(body: bytes, status: int = 200, content_type: str = "application/json") -> Response:
    """An answer whose JSON is there already."""
    response = _Whole(body, status, content_type=content_type)
    response.headers.extend(SECURITY_HEADERS)
    return response


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
        return on_http_exception(error)
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
        **{n: v.to(language) if isinstance(v, Text) else v for n, v in (extra or {}).items()},
        "type": f"urn:tiaojie:problem:{slug}",
        "title": problem.title.to(language),
        "status": problem.status,
        "detail": (detail or problem.title).to(language),
        "instance": f"urn:tiaojie:request:{current.get().trace.correlation_id}"
        if current.get(None)
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


def on_http_exception(error: HTTPException) -> Response:
    language = preferred_language(request.headers.get("Accept-Language"))
    slug = _SLUG_OF_STATUS.get(error.code or 500, "internal")
    response = _problem(slug, PROBLEMS[slug], language)
    logger().info("request_refused", slug=slug, status=response.status_code)
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def on_exception(error: Exception) -> Response:
    return problem_response(error, preferred_language(request.headers.get("Accept-Language")))
