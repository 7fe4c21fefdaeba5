"""Bringing policies into MongoDB: idempotent, whole documents, versioned by content hash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from pymongo import ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError

from services.query.policies.citations import citations
from services.query.policies.files import files_under, read_files
from services.query.policies.policy import COLLECTION, STAMP, STAMPS, Policy, began
from services.query.policies.sources import Fault, Reading, read_statutes
from services.query.policies.stated import Stated
from shared.errors import Transient
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database

Progress = Callable[[int, int], None]
"""Called with the number of policies, or of files, that have been seen to, and of all."""


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


_BATCH = 20  # a statute is some 50 kB: batches stay far below MongoDB's 48 MB message
_BATCH_CHARACTERS = 4_000_000
_DUPLICATE_KEY = 11000
_STATUTES = "statutes"
_FILES = "files"


@dataclass(slots=True)
class Report:
    """What an import did, by policy id; `absent` are titles expected of the source but not there,
    `kept` were brought by the other source before and stay as they are, `notes` tell what should be
    known of files that were read.
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)


def import_statutes(
    database: Database[Document], path: Path, progress: Progress = _silent
) -> Report:
    """Store the labour statutes of the statutes package's SQLite file, in all their versions.

    Running it again changes nothing. Permanent when the file cannot be read, Transient when
    MongoDB is away: what was written until then is whole, and the next run completes it.
    """
    writing = _Writing(database, _STATUTES)
    reading = read_statutes(path)
    writing.take(reading)
    progress(len(reading.policies), len(reading.policies))
    return writing.finished()


def import_files(
    database: Database[Document],
    paths: Iterable[Path],
    given: Stated | None = None,
    progress: Progress = _silent,
) -> Report:
    """Store the policies of files and folders; those with faults are left out whole. A batch of
    files is in memory at a time.
    """
    writing = _Writing(database, _FILES)
    files = files_under(paths)
    seen: set[str] = set()
    for start in range(0, len(files), _BATCH):
        batch = files[start : start + _BATCH]
        writing.take(read_files(batch, given, seen))
        progress(start + len(batch), len(files))
    return writing.finished()


def import_policy(database: Database[Document], policy: Policy) -> Report:
    """Store one policy that was read from an upload."""
    writing = _Writing(database, _FILES)
    writing.take(Reading(policies=[policy]))
    return writing.finished()


def remove_policies(database: Database[Document], ids: Sequence[str]) -> int:
    """Take policies out of the library, that were imported by mistake; how many there were."""
    with backend_errors():
        removed = database[COLLECTION].delete_many({"_id": {"$in": list(ids)}}).deleted_count
        if removed:
            _mark_superseded(database)
            _stamp(database)
    return removed


class _Writing:
    """One import: what it has written, and the stamp that tells others when it is over."""

    def __init__(self, database: Database[Document], source: str) -> None:
        self._database, self._source = database, source
        self._report = Report()
        self._rewritten = False

    def take(self, reading: Reading) -> None:
        """Write the policies of a reading, in batches that MongoDB takes in one message."""
        self._report.faults += reading.faults
        self._report.notes += reading.notes
        self._report.absent += reading.absent
        for batch in _batches(reading.policies):
            with backend_errors():
                self._write_batch(batch)

    def finished(self) -> Report:
        report = self._report
        with backend_errors():
            report.superseded = _mark_superseded(self._database)
            if report.added or report.changed or report.superseded or self._rewritten:
                _stamp(self._database)
        return report

    def _write_batch(self, batch: Sequence[Policy]) -> None:
        stored = _bookkeeping(self._database, [policy.id for policy in batch])
        documents = []
        for policy in batch:
            fate, document = _decide(policy, stored.get(policy.id), self._source)
            ids: list[str] = getattr(self._report, fate)
            ids.append(policy.id)
            if document:
                documents.append(document)
                self._rewritten = self._rewritten or fate == "unchanged"
        _write(self._database, documents)


def _batches(policies: Iterable[Policy]) -> Iterable[list[Policy]]:
    batch: list[Policy] = []
    characters = 0
    for policy in policies:
        size = sum(len(article.text) + len(article.heading) for article in policy.articles)
        if batch and (len(batch) == _BATCH or characters + size > _BATCH_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(policy)
        characters += size
    if batch:
        yield batch


def _stamp(database: Database[Document]) -> None:
    stamp = {"$inc": {"revision": 1}, "$currentDate": {"at": True}}
    database[STAMPS].update_one({"_id": STAMP}, stamp, upsert=True)


def _bookkeeping(database: Database[Document], ids: list[str]) -> dict[str, Document]:
    """Source, hash, version and citations of those that are stored."""
    fields = {"content_hash": 1, "source": 1, "version": 1, "citations": 1}
    found = database[COLLECTION].find({"_id": {"$in": ids}}, fields)
    return {document["_id"]: document for document in found}


def _decide(policy: Policy, stored: Document | None, source: str) -> tuple[str, Document | None]:
    """What happens to a policy, and the document to write if one is. References that are read
    better than they were are written anew although the text is the same.
    """
    if stored and (stored["source"] == _STATUTES) != (source == _STATUTES):
        return "kept", None
    document = policy.to_document()
    document |= {"source": source, "content_hash": policy.content_hash, "version": 1}
    document["citations"] = citations(policy)
    if stored is None:
        return "added", document
    if stored["content_hash"] == document["content_hash"]:
        same = stored.get("citations") == document["citations"]
        return "unchanged", None if same else document | {"version": stored["version"]}
    return "changed", document | {"version": stored["version"] + 1}


def _write(database: Database[Document], documents: Sequence[Document]) -> None:
    if not documents:
        return
    writes = [ReplaceOne({"_id": d["_id"]}, d, upsert=True) for d in documents]
    try:
        database[COLLECTION].bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        if error.details.get("writeConcernErrors"):
            raise Transient("mongodb: write concern") from error
        # Two processes may import at once: the other one's document is as good as ours.
        if any(e["code"] != _DUPLICATE_KEY for e in error.details.get("writeErrors", ())):
            raise


def _mark_superseded(database: Database[Document]) -> list[str]:
    """Point every earlier version of a title at the latest promulgated, with the day on which the
    next takes effect; the ids of those that were pointed elsewhere before.
    """
    names = ("title", "region", "promulgated_on", "effective_on", "superseded_by", "superseded_on")
    rows = list(database[COLLECTION].find({"promulgated_on": {"$ne": None}}, list(names)))
    rows.sort(key=lambda row: str(row["promulgated_on"]))
    later: dict[tuple[str, str], tuple[str, str]] = {}  # the latest's id, the next one's first day
    changed: dict[str, tuple[str | None, str | None]] = {}
    for row in reversed(rows):
        key = row["title"], row["region"]
        latest, begins = later.get(key, (None, None))
        if (row.get("superseded_by"), row.get("superseded_on")) != (latest, begins):
            changed[row["_id"]] = (latest, begins)
        later[key] = (latest or row["_id"], _first_day(row))
    if changed:
        updates = [
            UpdateOne({"_id": _id}, {"$set": {"superseded_by": latest, "superseded_on": begins}})
            for _id, (latest, begins) in changed.items()
        ]
        database[COLLECTION].bulk_write(updates, ordered=False)
    return sorted(policy_id for policy_id, (latest, _) in changed.items() if latest)


def _first_day(row: Document) -> str:
    days = (row["promulgated_on"], row["effective_on"])
    return str(began(row["_id"], *(date.fromisoformat(day) if day else None for day in days)))
