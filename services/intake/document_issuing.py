"""Issues the documents that are due: made, sealed and put in the file of the case, each once.

Any number of workers do this side by side. What is due is leased for a minute; whoever dies in
between leaves two files that nobody refers to (the sweep removes them) and a lease that ends. The
document made again is the same but for its sealing, and only one is entered: the write is guarded
and looks whether it is there. What cannot be made is tried again with growing pauses, for ever; from
STUCK_AFTER tries on it is told in the log and in a metric.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from services.intake import documents, presenting
from services.intake.document_kinds import composed
from services.intake.document_matter import Matter
from services.intake.evidence_files import DocumentFiles, Particulars
from services.intake.pages.printing import render_page, render_pdf
from services.intake.store import Applications
from shared.backoff import pause
from shared.commands import TRIES
from shared.contracts.envelope import Trace, new_id, new_traceparent
from shared.errors import BackendAway, Transient
from shared.log import logger
from shared.metrics import DOCUMENTS_DUE, DOCUMENTS_ISSUED
from shared.sealing import Keyring, records_context
from shared.store import Document, VersionConflict, backend_errors, changed

LEASE: Final = timedelta(seconds=60)
"""How long nobody else takes up what one worker has: many times what a document takes."""

A_TURN: Final = 100
"""Documents issued in one turn of the task at most."""

STUCK_AFTER: Final = 8
"""Tries, some 15 minutes, after which operators are to look."""

LONGEST_PAUSE_SECONDS: Final = 900.0

CONTENT_TYPES: Final[Mapping[str, str]] = {
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
}
"""The forms in which a document is kept."""

Render = Callable[[Mapping[str, Any], datetime], Mapping[str, bytes]]


def render(document: Mapping[str, Any], at: datetime) -> Mapping[str, bytes]:
    """A composed document in each form."""
    return {"pdf": render_pdf(document, at), "html": render_page(document).encode()}


def ensure_indexes(applications: Applications) -> None:
    collection = applications.collection
    collection.create_index(
        [("documents_due.next_at", 1), ("documents_due.attempts", 1)],
        name="documents_due",
        sparse=True,
    )
    collection.create_index("documents.files.file_id", name="document_files", sparse=True)


@dataclass(frozen=True, slots=True)
class Issuing:
    """The desk at which documents are made; `application_keys` open who the parties are, `record_keys`
    what was said."""

    applications: Applications
    files: DocumentFiles
    application_keys: Keyring
    record_keys: Keyring
    public_url: str
    render: Render = render

    def issue_due(self) -> int:
        """Issue what is due now, A_TURN at most; return how many were."""
        done = 0
        for _ in range(A_TURN):
            claimed = self._claim(datetime.now(UTC))
            if claimed is None:
                break
            done += self._attempt(*claimed)
        return done

    def measure(self) -> None:
        """Bring the metrics of what waits and what is stuck up to date."""
        waits = {"next_at": {"$exists": True}, "attempts": {"$lt": STUCK_AFTER}}
        stuck = {"next_at": {"$exists": True}, "attempts": {"$gte": STUCK_AFTER}}
        for state, condition in (("waiting", waits), ("stuck", stuck)):
            with backend_errors():
                count = self.applications.collection.count_documents(
                    {"documents_due": {"$elemMatch": condition}}, limit=100_000
                )
            DOCUMENTS_DUE.labels(state).set(count)

    def sweep(self, older_than: timedelta) -> None:
        """Remove the files of documents that were not entered, of one turn's worth."""
        swept = self.files.sweep_orphans(
            self._referred_to, older_than=datetime.now(UTC) - older_than
        )
        if swept:
            logger().info("documents_swept", count=swept)

    def make(self, state: Document, entry: documents.Due) -> Mapping[str, bytes]:
        """The document in each form; the same whenever it is made."""
        opened = presenting.unsealed(state, self.application_keys)
        sealed = entry["particulars"]
        said = self.record_keys.open(sealed, records_context(state["_id"])) if sealed else b"{}"
        matter = Matter(
            serial_number=state["_id"],
            application=opened["application"],
            at=entry["at"],
            stated=entry["stated"],
            said=orjson.loads(said),
            entitled=entry["entitled"],
            received_at=state["received_at"],
            known=entry["facts"],
            respondent_codes=opened.get("respondent_codes", ()),
        )
        made = composed(entry["kind"], matter, entry["history_hash"], self.public_url)
        return self.render(made, entry["at"])

    def store(self, forms: Mapping[str, bytes], name: str) -> list[dict[str, Any]]:
        """The forms sealed and durable, not yet referred to; [{format, file_id, …}]."""
        now = datetime.now(UTC)
        stored = []
        for form, content in forms.items():
            particulars = Particulars(
                file_name=f"{name}.{form}",
                content_type=CONTENT_TYPES[form],
                size_bytes=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
            )
            stored.append(
                {
                    "format": form,
                    "file_id": self.files.write(io.BytesIO(content), particulars, now=now),
                    "size_bytes": particulars.size_bytes,
                    "sha256": particulars.sha256,
                }
            )
        return stored

    def enter(self, key: str, entry: documents.Due, files: Sequence[Mapping[str, Any]]) -> bool:
        """Put the document in the file of the case and tell it, once; False if it was there."""
        trace = Trace(new_traceparent(), entry["correlation_id"] or new_id())
        for attempt in range(1, TRIES + 1):
            state = self._read(key)
            at = datetime.now(UTC)
            decision = documents.issued(state, entry, files, at)
            _, update = changed(state, decision, source="intake", at=at, trace=trace)
            update["$pull"] = {"documents_due": {"id": entry["id"]}}
            try:
                self.applications.replace(state, update)
            except VersionConflict:
                time.sleep(pause(attempt, first=0.002, longest=0.2))
                continue
            return not decision.is_nothing
        raise Transient("contended", retry_after=1)

    def _claim(self, now: datetime) -> tuple[Document, Document] | None:
        """An application with the entry that is leased to us from now on, as it was before."""
        with backend_errors():
            state = self.applications.collection.find_one_and_update(
                {"documents_due": {"$elemMatch": {"next_at": {"$lte": now}}}},
                {
                    "$set": {"documents_due.$.next_at": now + LEASE},
                    "$inc": {"documents_due.$.attempts": 1},
                },
            )  # no sort: the index is read from the oldest on, a sort would read all of it
        if state is None:
            return None
        return state, next(e for e in state["documents_due"] if e["next_at"] <= now)

    def _attempt(self, state: Document, entry: Document) -> bool:
        """Whether the document is issued now; what fails is told and tried again."""
        began = time.perf_counter()
        try:
            files = self.store(self.make(state, entry), entry["kind"])
            ids = [file["file_id"] for file in files]
            if self.enter(state["_id"], entry, files):
                self.files.settle(ids)
            else:
                for file_id in ids:
                    self.files.discard(file_id)
        except BackendAway:
            raise  # the lease ends by itself
        except Exception as error:  # noqa: BLE001 - one document's fault stays its own
            self._postpone(state, entry, error)
            DOCUMENTS_ISSUED.labels(entry["kind"], "failed").inc()
            return False
        DOCUMENTS_ISSUED.labels(entry["kind"], "issued").inc()
        logger().info(
            "document_issued",
            serial_number=state["_id"],
            name=entry["kind"],
            seconds=round(time.perf_counter() - began, 3),
        )
        return True

    def _postpone(self, state: Document, entry: Document, error: Exception) -> None:
        attempts = entry["attempts"] + 1
        seconds = pause(attempts, first=2.0, longest=LONGEST_PAUSE_SECONDS)
        logger().warning(
            "document_failed",
            serial_number=state["_id"],
            name=entry["kind"],
            attempts=attempts,
            error=type(error).__name__,
            seconds=round(seconds, 1),
        )
        if attempts >= STUCK_AFTER:
            logger().error("document_stuck", serial_number=state["_id"], name=entry["kind"])
        again = datetime.now(UTC) + timedelta(seconds=seconds)
        with backend_errors():
            self.applications.collection.update_one(
                {"_id": state["_id"], "documents_due.id": entry["id"]},
                {"$set": {"documents_due.$.next_at": again}},
            )

    def _read(self, key: str) -> Document:
        state = self.applications.read(key)
        if state is None:
            raise Transient("application_vanished")
        return state

    def _referred_to(self, file_ids: Sequence[str]) -> set[str]:
        wanted = set(file_ids)
        with backend_errors():
            found = self.applications.collection.find(
                {"documents.files.file_id": {"$in": list(wanted)}}, {"documents.files.file_id": 1}
            )
            held = {f["file_id"] for d in found for e in d["documents"] for f in e["files"]}
        return wanted & held
