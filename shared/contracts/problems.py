"""Problem documents (RFC 9457) as OpenAPI describes them: their schema, and an example of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from shared.contracts.faults import fault
from shared.contracts.guards import GUARDS
from shared.contracts.lifecycle import STATUSES
from shared.errors import PROBLEMS, Language
from shared.serial_faults import MISTAKES, FaultKind

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "description": "Problem details, RFC 9457.",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri", "pattern": "^urn:tiaojie:problem:"},
        "title": {"type": "string", "description": "The kind of problem, for people."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "This problem, for people."},
        "instance": {"type": "string", "description": "Names the request; empty if unknown."},
        "code": {"type": "string", "description": "The last part of `type`."},
        "errors": {
            "type": "array",
            "description": "What is wrong and where.",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "JSON Pointer (RFC 6901) into the body, or to a parameter",
                    },
                    "code": {"type": "string"},
                    "message": {"type": "string", "description": "for people"},
                },
            },
        },
        "retry_after": {
            "type": "integer",
            "minimum": 1,
            "description": "Seconds; the same as the header Retry-After.",
        },
        "command": {"type": "string", "description": "The command that is not allowed."},
        "case_status": {
            "type": "string",
            "enum": list(STATUSES),
            "description": "The status that does not allow it.",
        },
        "allowed": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Commands that people may give now.",
        },
        "rule": {
            "type": "string",
            "enum": list(GUARDS),
            "description": "The rule that stands against the command.",
        },
        "source": {"type": "string", "description": "Where the rule stands, for people."},
        "oldest": {
            "type": "string",
            "description": "The cursor before the oldest event that is kept.",
        },
        "subscription": {
            "type": "string",
            "description": "The subscription that does this already.",
        },
        "subscription_status": {
            "type": "string",
            "enum": ["pending", "active", "paused", "stopped"],
            "description": "The status that does not allow it.",
        },
        "kind": {
            "type": "string",
            "enum": list(get_args(FaultKind)),
            "description": "What is wrong with the serial number.",
        },
        "hint": {"type": "string", "description": "What to do about it, for people."},
        "likely": {
            "type": "array",
            "items": {"type": "string", "enum": list(MISTAKES)},
            "description": "Mistakes that would explain it, the most frequent first; each a guess.",
        },
        "faults": {
            "type": "array",
            "description": "What keeps a file from being imported.",
            "items": {
                "type": "object",
                "required": ["line", "code", "message"],
                "properties": {
                    "line": {
                        "type": "integer",
                        "minimum": 0,
                        "description": "From 1, of Word files the paragraph; 0 for the file.",
                    },
                    "code": {"type": "string"},
                    "message": {"type": "string", "description": "for people"},
                },
            },
        },
        "current_version": {
            "type": "integer",
            "minimum": 1,
            "description": "The version there is; read it before trying again.",
        },
    },
}

_MORE: Mapping[str, Mapping[str, Any]] = {
    "too_many_attempts": {"retry_after": 840},
    "idempotency_key_in_progress": {"retry_after": 1},
    "feed_busy": {"retry_after": 5},
    "cursor_expired": {"oldest": "AQAAAAAAAAB4K60"},
    "command_not_allowed": {
        "command": "assign-mediator",
        "case_status": "withdrawn",
        "allowed": [],
    },
    "rule_not_met": {"rule": "all_consented", "source": "《企业劳动争议协商调解规定》第二十二条"},
    "version_conflict": {"current_version": 3},
    "serial_checksum": {"kind": "too_short"},
    "subscription_exists": {"subscription": "sub_3q2-7wQbTt2hV0m8Zr1K9g"},
    "subscription_not_ready": {"subscription_status": "pending"},
}
"""What some problems say beside the members all have."""


def examples(slugs: Iterable[str]) -> dict[str, Any]:
    """Each problem in Chinese under its slug and in English under `<slug>.en`."""
    return {
        name: {"summary": PROBLEMS[slug].title.to(language), "value": _example(slug, language)}
        for slug in sorted(slugs)
        for name, language in names(slug).items()
    }


def names(slug: str) -> dict[str, Language]:
    """The names of a problem's examples."""
    return {slug: "zh", f"{slug}.en": "en"}


def _example(slug: str, language: Language) -> dict[str, Any]:
    status, title = PROBLEMS[slug]
    example: dict[str, Any] = {
        "type": f"urn:tiaojie:problem:{slug}",
        "title": title.to(language),
        "status": status,
        "detail": title.to(language),
        "instance": "urn:tiaojie:request:01948f2e-6c1a-7b3d-9e5f-2a4c6e8b0d13",
        "code": slug,
        **_MORE.get(slug, {}),
    }
    if slug == "validation_failed":
        missing = fault("required")
        error = {"pointer": "/organisation", "code": missing.code}
        example["errors"] = [{**error, "message": missing.message.to(language)}]
    return example
