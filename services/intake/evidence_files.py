"""Evidence and documents in MongoDB, in the layout of GridFS, sealed; nothing half-written, none
forgotten.

Of each bucket, `evidence` and `documents`: `….files` {_id, length, chunkSize, uploadDate, filename, metadata: {sealed, sealed_with, unsettled_since}}
and `….chunks` {files_id, n, data}, as any GridFS reader expects; `length` is the sealed
length. Name, type, size, digest and key of a file are sealed in its metadata.

A file is *unsettled* until somebody made sure that an application refers to it. The sweep looks at
unsettled files only and settles or discards each, so a crash at any point leaves no orphan, and a
sweep costs nothing for the files that are kept. Why not the driver's GridFSBucket: it holds up to
48 MB of a file in memory in each direction (docs/decisions/0010-evidence.md).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, ClassVar, Final

import orjson
import pymongo
from bson import Binary, ObjectId
from bson.errors import InvalidId
from pymongo.errors import BulkWriteError

from services.intake.evidence_sealing import (
    SEALED_FRAME_BYTES,
    new_file_key,
    open_frames,
    seal_frames,
    sealed_length,
)
from shared.errors import Refused, Transient
from shared.sealing import Keyring
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

_CHUNKS_PER_CALL: Final = 8  # 2 MiB in memory and on the wire
_SWEEP_FILES: Final = 500

Referenced = Callable[[Sequence[str]], Collection[str]]
"""Given file ids, those of them that an application refers to."""


@dataclass(frozen=True, slots=True)
class Particulars:
    """What is known of a file beside its bytes; `sha256` in hexadecimal."""

    file_name: str
    content_type: str
    size_bytes: int
    sha256: str


class SealedFiles:
    """The files of one bucket. Every call is bounded by `timeout_seconds` a piece."""

    bucket: ClassVar[str]

    def __init__(
        self, database: Database[Document], keyring: Keyring, timeout_seconds: float
    ) -> None:
        self._files = database[f"{self.bucket}.files"]
        self._chunks = database[f"{self.bucket}.chunks"]
        self._keyring = keyring
        self._timeout_seconds = timeout_seconds

    def ensure_indexes(self) -> None:
        with self._answering():
            self._chunks.create_index([("files_id", 1), ("n", 1)], unique=True)
            self._files.create_index(
                "metadata.unsettled_since", name="unsettled_since", sparse=True
            )

    def write(self, file: IO[bytes], particulars: Particulars, *, now: datetime) -> str:
        """Store a whole file durably and unsettled; return its id. On failure nothing remains."""
        file_id, key = ObjectId(), new_file_key()
        sealed = self._keyring.seal_binary(
            orjson.dumps({"key": key.hex(), **asdict(particulars)}), self._context(file_id)
        )
        document = {
            "_id": file_id,
            "length": sealed_length(particulars.size_bytes),
            "chunkSize": SEALED_FRAME_BYTES,
            "uploadDate": now,
            "filename": self.bucket,
            "metadata": {
                "sealed": Binary(sealed),
                "sealed_with": self._keyring.first_kid,
                "unsettled_since": now,
            },
        }
        with self._answering():
            self._files.insert_one(document)
        try:
            file.seek(0)
            self._write_chunks(file_id, seal_frames(key, file_id.binary, file))
        except BaseException:
            # Best effort, also when the process is stopping: otherwise the sweep does it.
            with suppress(Transient):
                self.discard(str(file_id))
            raise
        return str(file_id)

    def read(self, file_id: str) -> tuple[Particulars, Iterator[bytes]]:
        """A file's particulars, and its bytes as they are fetched; Refused("not_found") if gone.

        Permanent("evidence_unreadable") while reading when anything was changed or is missing.
        """
        key = _object_id(file_id)
        with self._answering():
            document = self._files.find_one({"_id": key})
        if document is None:
            raise Refused("not_found")
        kept: dict[str, Any] = orjson.loads(
            self._keyring.open(document["metadata"]["sealed"], self._context(key))
        )
        file_key = bytes.fromhex(kept.pop("key"))
        return Particulars(**kept), open_frames(file_key, key.binary, self._read_chunks(key))

    def settle(self, file_ids: Collection[str]) -> None:
        """An application refers to these: the sweep need not look at them again."""
        self._mark(file_ids, {"$unset": {"metadata.unsettled_since": ""}})

    @contextmanager
    def superseding(self, file_id: str | None, *, now: datetime) -> Iterator[None]:
        """Around the write that makes an application refer to another file, or to none.

        When the block ends well the old file is gone; when it fails, or the process dies in it,
        the old file stays as long as it is referred to: the sweep looks.
        """
        if file_id is not None:
            self._mark([file_id], {"$set": {"metadata.unsettled_since": now}})
        yield
        if file_id is not None:
            self.discard(file_id)

    def discard(self, file_id: str) -> None:
        """Delete a file; nothing happens when it is gone already."""
        key = _object_id(file_id)
        with self._answering():
            # Whatever stops the deletion half-way, the sweep finds the rest at once.
            self._files.update_one(
                {"_id": key, "metadata.unsettled_since": {"$exists": False}},
                [{"$set": {"metadata.unsettled_since": "$uploadDate"}}],
            )
        with self._answering():
            self._chunks.delete_many({"files_id": key})
        with self._answering():
            self._files.delete_one({"_id": key})

    def sweep_orphans(self, referenced: Referenced, *, older_than: datetime) -> int:
        """Settle or discard what has been unsettled since before `older_than`, which must lie
        further back than any request lasts; return how many files were discarded. One call looks
        at 500 files at most.
        """
        with self._answering():
            found = self._files.find({"metadata.unsettled_since": {"$lt": older_than}}, {"_id": 1})
            waiting = [str(file["_id"]) for file in found.limit(_SWEEP_FILES)]
        wanted = set(referenced(waiting)) if waiting else set()
        self.settle(wanted)
        orphans = [file_id for file_id in waiting if file_id not in wanted]
        for file_id in orphans:
            self.discard(file_id)
        return len(orphans)

    def seal_again(self) -> int:
        """Seal every file's particulars, its key among them, with the keyring's first key; return
        how many another key had sealed. May be stopped and repeated; the bytes stay as they are.
        """
        done, newest = 0, self._keyring.first_kid
        old = {"metadata.sealed_with": {"$ne": newest}}
        while True:
            with self._answering():
                batch = list(self._files.find(old, {"metadata": 1}).limit(_SWEEP_FILES))
            if not batch:
                return done
            for document in batch:
                key, sealed = document["_id"], bytes(document["metadata"]["sealed"])
                again = Binary(self._keyring.rotate(sealed, self._context(key)))
                with self._answering():
                    self._files.update_one(
                        {"_id": key},
                        {"$set": {"metadata.sealed": again, "metadata.sealed_with": newest}},
                    )
                done += 1

    def _write_chunks(self, file_id: ObjectId, frames: Iterator[bytes]) -> None:
        number = 0
        while batch := list(islice(frames, _CHUNKS_PER_CALL)):
            chunks = [
                {"files_id": file_id, "n": n, "data": Binary(frame)}
                for n, frame in enumerate(batch, start=number)
            ]
            try:
                with self._answering():
                    self._chunks.insert_many(chunks)
            except BulkWriteError as error:
                # The ids are new, so it can only be the write concern.
                raise Transient("mongodb: write concern") from error
            number += len(batch)

    def _read_chunks(self, file_id: ObjectId) -> Iterator[bytes]:
        # A bounded range a query: no cursor stays open for a slow reader.
        number = 0
        while True:
            window = {"files_id": file_id, "n": {"$gte": number, "$lt": number + _CHUNKS_PER_CALL}}
            with self._answering():
                batch = list(self._chunks.find(window, {"data": 1}).sort("n", 1))
            yield from (bytes(chunk["data"]) for chunk in batch)
            number += _CHUNKS_PER_CALL
            if len(batch) < _CHUNKS_PER_CALL:
                return

    def _mark(self, file_ids: Collection[str], update: Document) -> None:
        if file_ids:
            with self._answering():
                self._files.update_many(
                    {"_id": {"$in": [_object_id(file_id) for file_id in file_ids]}}, update
                )

    def _context(self, file_id: ObjectId) -> str:
        return f"{self.bucket}:{file_id}"

    @contextmanager
    def _answering(self) -> Iterator[None]:
        with backend_errors(), pymongo.timeout(self._timeout_seconds):
            yield


class EvidenceFiles(SealedFiles):
    """What the parties have sent."""

    bucket = "evidence"


class DocumentFiles(SealedFiles):
    """What was issued to them."""

    bucket = "documents"


def _object_id(file_id: str) -> ObjectId:
    try:
        return ObjectId(file_id)
    except InvalidId:
        raise Refused("not_found") from None
