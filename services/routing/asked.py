"""What a request says beside its path: who asks, which version was seen, the body, the filters."""

from __future__ import annotations

from typing import Any

from flask import request

from shared.asking import caller, json_bytes
from shared.civil_time import today
from shared.contracts.schema import Body, parse_json, read
from shared.errors import FieldError, Refused, Text
from shared.tokens import Principal

ID = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
"""Pattern of the ids of organisations and mediators: safe in paths, queries and headers."""

BODY_REFUSALS = ("malformed_json", "body_too_large", "unsupported_media_type")


def principal() -> Principal:
    """Who asks. Refused("forbidden") for an organisation's administrator of no organisation, who
    would otherwise be the one of all cases that nobody has.
    """
    asking = caller().principal
    if asking is None:
        raise Refused("unauthorised")
    if caller().relation == "own_organisation" and not asking.organisation:
        raise Refused(
            "forbidden", Text("访问令牌未注明所属调解组织", "The token names no organisation")
        )
    return asking


def body(schema: Body) -> dict[str, Any]:
    return read(schema, parse_json(json_bytes()), today())


def filters(schema: Body) -> dict[str, Any]:
    """The query parameters; a name given twice counts once."""
    given = read(schema, request.args.to_dict(), today())
    return {name: value for name, value in given.items() if value is not None}


def expected_version() -> int:
    """The version in If-Match; Refused("version_required") without a usable one."""
    given = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Refused("version_required")
    return int(given)


def check_version(version: int) -> None:
    """Refused("version_conflict") unless If-Match names the version there is."""
    if expected_version() != version:
        raise conflict(version)


def conflict(version: int) -> Refused:
    return Refused("version_conflict", extra={"current_version": version})


def unknown(field: str) -> Refused:
    """The refusal of an id that stands for nothing."""
    message = Text("没有这个编号", "There is no such id")
    return Refused("validation_failed", errors=[FieldError(f"/{field}", "unknown_value", message)])
