"""The documents of a case over HTTP: to the parties they are meant for, and to its staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response

from services.intake import answers
from services.intake.document_forms import (
    MEDIA_TYPES,
    FormRead,
    document_headers,
    wanted_form,
)
from services.intake.document_issuing import CONTENT_TYPES
from services.intake.documents import may_read
from services.intake.evidence_files import DocumentFiles
from services.intake.holders import HOLDER_HEADERS, HOLDER_REFUSALS, Holders, Seat
from services.intake.pages.policy import content_security_policy
from services.intake.staff_reading import Readers
from shared.asking import caller
from shared.civil_time import rfc3339
from shared.contracts.vocabulary import DOCUMENTS
from shared.errors import Refused
from shared.store import Document
from shared.web import Route


@dataclass(frozen=True, slots=True)
class DocumentDesk:
    """What the views work with; made once per process by `app`."""

    holders: Holders
    readers: Readers
    files: DocumentFiles
    public_url: str

    def documents(self, serial_number: str) -> dict[str, Any]:
        """The list names nobody, so that staff need state no purpose for it."""
        state, readable = self._readable(serial_number)
        return {
            "serial_number": state["_id"],
            "items": [self._line(state["_id"], document) for document in readable],
        }

    def document(self, serial_number: str, document: str) -> Response:
        """Staff see what the parties see, and the read is in the log before they do."""
        state, readable = self._readable(serial_number)
        found = next((d for d in readable if d["id"] == document), None)
        if found is None:
            raise Refused("not_found")
        form = wanted_form("pdf")
        if self.readers.are_asking():
            self.readers.write_down(state, f"documents/{found['id']}", unmasked=True)
        file = next(f for f in found["files"] if f["format"] == form)
        _, pieces = self.files.read(file["file_id"])
        headers = document_headers(
            found["kind"], DOCUMENTS[found["kind"]].zh, state["_id"], form
        ) | {"ETag": f'"{file["sha256"]}"'}
        body = b"".join(pieces)  # a few hundred KiB; whole, so that nothing half-read goes out
        headers["Content-Security-Policy"] = (
            content_security_policy(body.decode()) if form == "html" else "default-src 'none'"
        )
        return Response(body, headers=headers, content_type=CONTENT_TYPES[form])

    def _readable(self, serial_number: str) -> tuple[Document, list[Mapping[str, Any]]]:
        if self.readers.are_asking():
            state = self.readers.application(serial_number)
            return state, list(state.get("documents", ()))
        state, seat = self.holders.party(serial_number)
        return state, [d for d in state.get("documents", ()) if _is_for(d, seat)]

    def _line(self, number: str, document: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": document["id"],
            "kind": document["kind"],
            "title": DOCUMENTS[document["kind"]].to(caller().language),
            "number": document["number"],
            "issued_at": rfc3339(document["issued_at"]),
            "sha256": document["sha256"],
            "history_hash": document["history_hash"],
            "url": f"{self.public_url}/v1/applications/{number}/documents/{document['id']}",
            "files": [
                {name: file[name] for name in ("format", "size_bytes", "sha256")}
                for file in document["files"]
            ],
        }


def _is_for(document: Mapping[str, Any], seat: Seat) -> bool:
    """Whoever is represented by others reads what any of the applicants may read."""
    if seat.index is None:
        return any(p["party"] == seat.party for p in document["entitled"])
    return may_read(document, seat.party, seat.index)


def routes(desk: DocumentDesk) -> Sequence[Route]:
    """The documents of a case."""
    every = "/v1/applications/{serial_number}/documents"
    return (
        Route(
            "GET", every, desk.documents, "The documents of the case that the caller may read",
            answer=answers.Documents, headers=HOLDER_HEADERS, refusals=HOLDER_REFUSALS,
        ),
        Route(
            "GET", every + "/{document}", desk.document, "A document, as PDF or as a page",
            query=FormRead, headers=HOLDER_HEADERS,
            refusals=(*HOLDER_REFUSALS, "validation_failed"),
            media_type=MEDIA_TYPES, answer_headers=("Content-Disposition", "ETag"),
        ),
    )  # fmt: skip
