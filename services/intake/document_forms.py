"""In which form a document is wanted, and the headers it goes out with."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from flask import request

from services.intake.document_issuing import CONTENT_TYPES
from services.intake.staff_reading import ReadingFor
from shared.contracts.fields import Choice
from shared.contracts.schema import Body
from shared.errors import FieldError, Refused, Text

FORMS: Final = tuple(CONTENT_TYPES)
MEDIA_TYPES: Final = tuple(kind.partition(";")[0] for kind in CONTENT_TYPES.values())

_UNKNOWN: Final = FieldError(
    "/format", "unknown_value", Text("可选的格式：pdf、html", "Either pdf or html")
)


class Form(Body):
    """Which form; without it the header Accept says."""

    format = Choice("格式", FORMS)


class FormRead(ReadingFor):
    """Which form, and what staff read it for."""

    format = Choice("格式", FORMS)


def wanted_form(usual: str) -> str:
    """`pdf` or `html`: as the query says, else as Accept does (RFC 9110, 12.5.1), else the usual.

    Refused("validation_failed") for another word in the query.
    """
    stated = request.args.get("format")
    if stated is None:
        others = [form for form in FORMS if form != usual]
        ranked = [CONTENT_TYPES[form].partition(";")[0] for form in (usual, *others)]
        best = request.accept_mimetypes.best_match(ranked, default=ranked[0])
        return (usual, *others)[ranked.index(best)]
    if stated not in FORMS:
        raise Refused("validation_failed", errors=[_UNKNOWN])
    return stated


def document_headers(kind: str, title: str, number: str, form: str) -> dict[str, str]:
    """Shown in the browser under a name that is ASCII for the old and Chinese for all others (RFC
    6266, RFC 8187); fetched by nobody but its reader, and kept by no cache."""
    name = quote(f"{title}-{number}.{form}", safe="")
    return {
        "Content-Disposition": f"inline; filename=\"{kind}-{number}.{form}\"; filename*=UTF-8''{name}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
