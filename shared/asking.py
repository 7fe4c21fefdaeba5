"""What a request says beyond its route: who asks, in which language, with which body."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import request

from shared import serial
from shared.access import Concerned, Query, reaches, within
from shared.contracts.envelope import Trace, new_id, new_traceparent
from shared.contracts.policy import Relation
from shared.errors import Language, Refused
from shared.serial_faults import SerialFault
from shared.tokens import Principal
from shared.typed_serial import parse

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, in which language, from where, and as part of what; how far the policy table lets
    this role come on this route, None without a token; what else the request says (WSGI)."""

    principal: Principal | None
    language: Language
    address: str
    trace: Trace
    relation: Relation | None = None
    given: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def header(self, name: str) -> str | None:
        """A header of the request by the name that WSGI has for it: `X_QUERY_CODE`."""
        value: str | None = self.given.get(f"HTTP_{name}")
        return value


current: ContextVar[Caller] = ContextVar("caller")


def caller() -> Caller:
    """The caller of the request being handled."""
    return current.get()


def reached(concerned: Concerned) -> bool:
    """Whether the policy table lets the caller come to what concerns these; without a token it
    does not: there a code lets in, or nothing has to."""
    asking = caller()
    if asking.principal is None or asking.relation is None:
        return False
    return reaches(asking.relation, asking.principal, concerned)


def reachable(fields: Mapping[str, str]) -> Query:
    """What the policy table lets a caller with a token come to, as a query; see access.within."""
    asking = caller()
    if asking.principal is None or asking.relation is None:
        raise Refused("unauthorised")
    return within(asking.relation, asking.principal, fields)


def trace_of(environ: WSGIEnvironment) -> Trace:
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
    if serial.is_valid(text):  # as almost all come: nothing has to be found out
        return text
    try:
        return parse(text)
    except SerialFault as fault:
        extra = {"kind": fault.kind, "hint": fault.hint, "likely": list(fault.likely)}
        raise Refused("serial_checksum", fault.message, extra=extra) from fault
