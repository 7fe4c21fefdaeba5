"""The receipt as a document to print: the words of its page, composed for the PDF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.intake.document_kinds import printable
from services.intake.document_parts import (
    UNSAID,
    Closing,
    Facts,
    Heading,
    Items,
    Paragraph,
    Part,
    Sheet,
    Table,
    Ticket,
    words,
)
from services.intake.pages.receipt import shown_receipt
from shared.contracts.vocabulary import DOCUMENTS
from shared.errors import Language, Text

_NOBODY = Closing(UNSAID, UNSAID, UNSAID)


def composed_receipt(
    view: Mapping[str, Any], language: Language, history_hash: str, public_url: str
) -> dict[str, Any]:
    """What `printing.render_pdf` prints of a receipt; `view` is that of the page."""
    shown = shown_receipt(view, language)
    return printable(
        Sheet(DOCUMENTS["receipt"], _parts(shown), _NOBODY),
        [language],
        serial_number=view["serial_number"],
        history_hash=history_hash,
        public_url=public_url,
        issuer=(words(shown["text"]["product"]), "12333"),
    )


def _parts(shown: Mapping[str, Any]) -> list[Part]:
    text = shown["text"]
    code, private = text["query_code"], text["query_code_private"]
    overview = [
        (words(text[name]), words(str(shown[value])))
        for name, value in (
            ("status", "status"),
            ("received_at", "received_at"),
            ("division", "division_name"),
            ("category", "category"),
            ("claims", "claims"),
        )
    ]
    numbers = [
        (words(text["serial_number"]), words(" ".join(shown["serial_groups"]))),
        (Text(f"{code}（{private}）", f"{code} ({private.lower()})"), words(shown["query_code"])),
    ]
    return [
        Ticket(numbers, words(text["save"])),
        Heading(words(text["overview"])),
        Facts(overview),
        *_steps(shown),
        *_deadlines(shown),
        *_files(shown),
        Paragraph(words(text["note"])),
    ]


def _steps(shown: Mapping[str, Any]) -> list[Part]:
    steps = [words(step) for step in shown["next_steps"]]
    return [Heading(words(shown["text"]["next_steps"])), Items(steps)] if steps else []


def _deadlines(shown: Mapping[str, Any]) -> list[Part]:
    rows = []
    for deadline in shown["deadlines"]:
        named = [deadline["name"], shown["text"]["provisional"] if deadline["provisional"] else ""]
        said = (deadline["due_on"], " · ".join(filter(None, named)), deadline["source"])
        rows.append([words(cell) for cell in said])
    if not rows:
        return []
    text = shown["text"]
    columns = [Text("日期", "Date"), words(text["deadlines"]), words(text["source"])]
    return [Heading(words(text["deadlines"])), Table(columns, rows, wide=(1, 2))]


def _files(shown: Mapping[str, Any]) -> list[Part]:
    text = shown["text"]
    heading = Heading(words(text["attachments"]))
    if not shown["attachments"]:
        return [heading, Paragraph(words(text["no_attachments"]))]
    columns = [Text("序号", "No."), words(text["attachments"]), words(text["status"])]
    rows = []
    for number, file in enumerate(shown["attachments"], start=1):
        state = " · ".join(filter(None, (text[file["state"]], file["reason"])))
        rows.append([words(str(number)), words(file["file_name"]), words(state)])
    return [heading, Table(columns, rows, numeric=(0,), wide=(1, 2))]
