"""What a stored application looks like to the person who submitted it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson

from services.intake.deadlines import Deadline
from services.intake.handlers import sealing_context
from services.intake.next_steps import next_steps
from shared import serial
from shared.civil_time import civil_day, rfc3339
from shared.errors import Language
from shared.sealing import Keyring, QueryCodes

Document = Mapping[str, Any]


def unsealed(document: Document, keyring: Keyring) -> dict[str, Any]:
    """`{application, query_code}` as they were submitted."""
    opened: dict[str, Any] = orjson.loads(
        keyring.open(document["sealed"], sealing_context(document["_id"]))
    )
    return opened


def awaited(document: Document) -> int:
    """How many declared files have not arrived."""
    return sum(a["state"] != "received" for a in document["attachments"])


def file_names(document: Document, opened: Mapping[str, Any], keyring: Keyring) -> list[str]:
    """Names of all declared files, those of supplements after those of the application."""
    names = [a["file_name"] for a in opened["application"].get("attachments") or ()]
    for added in document["supplements"]:
        body = orjson.loads(keyring.open(added["sealed"], sealing_context(document["_id"])))
        names += [a["file_name"] for a in body.get("attachments") or ()]
    return names


def acknowledgement(
    document: Document,
    application: Mapping[str, Any],
    query_code: str,
    language: Language,
    public_url: str,
) -> dict[str, Any]:
    """The 201 of a submission; the same again for the same document and language."""
    number = document["_id"]
    declared = application.get("attachments") or ()
    return {
        "serial_number": number,
        "serial_number_display": serial.display(number),
        "query_code": QueryCodes.grouped(query_code),
        "status": "submitted",
        "received_at": rfc3339(document["received_at"]),
        "division": {"code": document["division_code"], "name": document["division_name"]},
        "flags": document["flags"],
        "deadlines": document["deadlines"],
        "next_steps": steps(document, len(declared), language),
        "attachments": [
            {
                "index": index,
                "file_name": attachment["file_name"],
                "state": "awaited",
                "upload_url": upload_url(public_url, number, index),
            }
            for index, attachment in enumerate(declared)
        ],
        "possible_duplicates": [
            {"serial_number": d["serial_number"], "received_at": rfc3339(d["received_at"])}
            for d in document["possible_duplicates"]
        ],
        "links": links(public_url, number),
        "history_hash": document["submitted_hash"],
    }


def attachments(document: Document, names: Sequence[str], public_url: str) -> list[dict[str, Any]]:
    """All declared files with their state now."""
    return [
        {
            "index": index,
            "file_name": name,
            "state": attachment["state"],
            "refusal": attachment.get("refusal"),
            "upload_url": upload_url(public_url, document["_id"], index),
        }
        for index, (attachment, name) in enumerate(zip(document["attachments"], names, strict=True))
    ]


def steps(document: Document, awaited: int, language: Language) -> list[str]:
    """What comes next, as plain sentences."""
    clocks = [
        Deadline(d["name"], date.fromisoformat(d["due_on"]), d["provisional"])
        for d in document["deadlines"]
    ]
    texts = next_steps(
        document["_id"],
        document["division_name"],
        document["flags"],
        clocks=clocks,
        awaited=awaited,
        today=civil_day(document["received_at"]),
    )
    return [text.to(language) for text in texts]


def links(public_url: str, number: str) -> dict[str, str]:
    return {
        "progress": f"{public_url}/v1/progress/{number}",
        "page": f"{public_url}/progress/{number}",
        "receipt": f"{public_url}/v1/applications/{number}/receipt",
    }


def upload_url(public_url: str, number: str, index: int) -> str:
    return f"{public_url}/v1/applications/{number}/attachments/{index}"
