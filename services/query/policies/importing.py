"""Bringing policies into MongoDB: idempotent, whole documents, versioned by content hash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pymongo import ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError

from services.query.policies.markdown import read_markdown
from services.query.policies.policy import COLLECTION, STAMP, STAMPS, Policy
from services.query.policies.sources import Fault, Reading, read_statutes
from shared.errors import Transient
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database

Progress = Callable[[int, int], None]
"""Called with the number of policies written or found unchanged, and of all."""


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


_BATCH = 50  # a statute is some 50 kB: batches stay far below MongoDB's 48 MB message
_DUPLICATE_KEY = 11000


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, by policy id; `absent` are titles expected of the source but not there,
    `kept` were brought by another source before and stay as they are.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    kept: tuple[str, ...]
    superseded: tuple[str, ...]
    absent: tuple[str, ...]
    faults: tuple[Fault, ...]


def import_statutes(
    database: Database[Document], path: Path, progress: Progress = _silent
) -> Report:
    """Store the labour statutes in force of the statutes package's SQLite file.

    Running it again changes nothing. Permanent when the file cannot be read, Transient when
    MongoDB is away: what was written until then is whole, and the next run completes it.
    """
    return _store(database, read_statutes(path), "statutes", progress)


def import_markdown(
    database: Database[Document],
    paths: Iterable[Path],
    progress: Progress = _silent,
) -> Report:
    """Store the policies of Markdown files and folders; files with faults are left out whole."""
    return _store(database, read_markdown(paths), "markdown", progress)


def _store(
    database: Database[Document], reading: Reading, source: str, progress: Progress
) -> Report:
    outcome: dict[str, list[str]] = {"added": [], "changed": [], "unchanged": [], "kept": []}
    total = len(reading.policies)
    for start in range(0, total, _BATCH):
        batch = reading.policies[start : start + _BATCH]
        with backend_errors():
            stored = _bookkeeping(database, [policy.id for policy in batch])
            replacements = []
            for policy in batch:
                fate, document = _decide(policy, stored.get(policy.id), source)
                outcome[fate].append(policy.id)
                if document:
                    replacements.append(document)
            _write(database, replacements)
        progress(start + len(batch), total)
    with backend_errors():
        superseded = _mark_superseded(database)
        if outcome["added"] or outcome["changed"] or superseded:
            stamp = {"$inc": {"revision": 1}, "$currentDate": {"at": True}}
            database[STAMPS].update_one({"_id": STAMP}, stamp, upsert=True)
    return Report(
        **{name: tuple(ids) for name, ids in outcome.items()},
        superseded=superseded,
        absent=reading.absent,
        faults=tuple(reading.faults),
    )


def _bookkeeping(database: Database[Document], ids: list[str]) -> dict[str, Document]:
    """Source, hash and version of those that are stored."""
    fields = {"content_hash": 1, "source": 1, "version": 1}
    found = database[COLLECTION].find({"_id": {"$in": ids}}, fields)
    return {document["_id"]: document for document in found}


def _decide(policy: Policy, stored: Document | None, source: str) -> tuple[str, Document | None]:
    """What happens to a policy, and the document to write if one is."""
    document = policy.to_document()
    document |= {"source": source, "content_hash": policy.content_hash, "version": 1}
    if stored is None:
        return "added", document
    if stored["source"] != source:
        return "kept", None
    if stored["content_hash"] == document["content_hash"]:
        return "unchanged", None
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


def _mark_superseded(database: Database[Document]) -> tuple[str, ...]:
    """Point every earlier version of a title at the latest promulgated; return those changed."""
    fields = {"title": 1, "region": 1, "promulgated_on": 1, "superseded_by": 1}
    rows = list(database[COLLECTION].find({"promulgated_on": {"$ne": None}}, fields))
    rows.sort(key=lambda row: str(row["promulgated_on"]))
    latest = {(row["title"], row["region"]): row["_id"] for row in rows}
    changed: dict[str, str | None] = {}
    for row in rows:
        newest = latest[row["title"], row["region"]]
        successor = None if newest == row["_id"] else newest
        if row.get("superseded_by") != successor:
            changed[row["_id"]] = successor
    if changed:
        updates = [
            UpdateOne({"_id": policy_id}, {"$set": {"superseded_by": successor}})
            for policy_id, successor in changed.items()
        ]
        database[COLLECTION].bulk_write(updates, ordered=False)
    return tuple(sorted(policy_id for policy_id, successor in changed.items() if successor))
