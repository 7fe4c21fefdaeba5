"""Evidence files over HTTP: the raw bytes of one declared file, in and out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Response, request
from werkzeug.exceptions import ClientDisconnected

from services.intake import handlers, presenting
from services.intake.answers import EvidenceReceived
from services.intake.evidence import EvidenceLimits, Received, open_evidence, receive
from services.intake.evidence_files import EvidenceFiles
from services.intake.evidence_refusal import refused
from services.intake.holders import HOLDER_HEADERS, HOLDER_REFUSALS, Holders
from services.intake.scanning import Scanner
from services.intake.staff_reading import Readers, ReadingFor
from shared.asking import caller
from shared.commands import Decide, carry_out
from shared.errors import Refused, Text
from shared.sealing import Keyring
from shared.store import Document
from shared.web import Route


@dataclass(frozen=True, slots=True)
class EvidenceDesk:
    """What the views work with; made once per process by `app`."""

    holders: Holders
    readers: Readers
    keyring: Keyring
    files: EvidenceFiles
    limits: EvidenceLimits
    scanner: Scanner

    def put(self, serial_number: str, index: str) -> dict[str, Any]:
        request.max_content_length = sys.maxsize  # `receive` stops at the limit, and says so
        document = self.holders.application(serial_number)
        number = document["_id"]
        position, declared = self._declared(document, index)
        handlers.require_open(document, "supply_evidence")
        known = _known(declared)
        now = datetime.now(UTC)
        try:
            received = receive(
                request.stream,
                declared,
                self.files,
                self.scanner,
                self.limits,
                now=now,
                length=request.content_length,
                known=known,
            )
        except ClientDisconnected:
            raise refused("incomplete") from None
        except Refused as refusal:
            if refusal.errors:
                code = refusal.errors[0].code
                self._carry_out(number, lambda s, _: handlers.refuse_evidence(s, position, code))
            raise
        if received != known:
            with self.files.superseding(declared.get("file_id"), now=now):
                self._carry_out(
                    number, lambda s, _: handlers.receive_evidence(s, position, asdict(received))
                )
        return {
            "index": position,
            "file_name": declared["file_name"],
            "state": "received",
            "sha256": received.sha256,
            "size_bytes": received.size_bytes,
            "content_type": received.content_type,
        }

    def get(self, serial_number: str, index: str) -> Response:
        """A file has no masks: staff see all of it, and the read is in the log before they do."""
        asked_by_staff = self.readers.are_asking()
        holder = self.readers if asked_by_staff else self.holders
        document = holder.application(serial_number)
        position, declared = self._declared(document, index)
        if declared.get("file_id") is None:
            raise Refused("not_found")
        if asked_by_staff:
            self.readers.write_down(document, f"attachments/{position}", unmasked=True)
        download = open_evidence(self.files, declared["file_id"])
        return Response(download.body, headers=dict(download.headers))

    def _declared(self, document: Document, index: str) -> tuple[int, Mapping[str, Any]]:
        """The position and the entry, file name included, of what the path names."""
        held = document["attachments"]
        if index not in map(str, range(len(held))):
            raise Refused(
                "not_found",
                Text("没有申报过该序号的材料", "No evidence file was declared under this index"),
            )
        position = int(index)
        opened = presenting.unsealed(document, self.keyring)
        names = presenting.file_names(document, opened, self.keyring)
        return position, {**held[position], "file_name": names[position]}

    def _carry_out(self, number: str, decide: Decide) -> None:
        carry_out(self.holders.applications, number, decide, source="intake", trace=caller().trace)


def _known(declared: Mapping[str, Any]) -> Received | None:
    if declared["state"] != "received":
        return None
    return Received(
        declared["file_id"], declared["sha256"], declared["size_bytes"], declared["content_type"]
    )


def routes(desk: EvidenceDesk) -> Sequence[Route]:
    """Every operation on evidence files."""
    file = "/v1/applications/{serial_number}/attachments/{index}"
    return (
        Route(
            "PUT", file, desk.put, "Supply a declared evidence file",
            answer=EvidenceReceived, headers=HOLDER_HEADERS,
            refusals=(*HOLDER_REFUSALS, "evidence_refused", "command_not_allowed"),
        ),
        Route(
            "GET", file, desk.get, "Read an evidence file", query=ReadingFor,
            headers=HOLDER_HEADERS, refusals=(*HOLDER_REFUSALS, "validation_failed"),
            media_type="*/*", answer_headers=("Content-Disposition",),
        ),
    )  # fmt: skip
