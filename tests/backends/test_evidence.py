"""Evidence files on a real MongoDB: whole or not at all, sealed, in flat memory, never forgotten."""

from __future__ import annotations

import gc
import hashlib
import io
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gridfs
import pymongo
import pytest
from bson import ObjectId, encode
from pymongo.database import Database

from services.intake.evidence import (
    EvidenceLimits,
    Received,
    open_evidence,
    receive,
    safe_file_name,
)
from services.intake.evidence_files import EvidenceFiles
from services.intake.evidence_sealing import FRAME_BYTES, SEALED_FRAME_BYTES
from services.intake.scanning import NullScanner, Verdict
from services.intake.settings import IntakeSettings
from shared.errors import Permanent, Refused, Transient
from shared.sealing import Keyring, new_key
from tests.builders.evidence import PDF, PROGRAM, a_jpeg, a_zip

OLD_KEY = f"k1:{new_key()}"
KEYRING = Keyring.parse(OLD_KEY)
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
MIB = 1024 * 1024
PHOTO = {"file_name": "记工本照片.jpg", "kind": "attendance_record", "content_type": "image/jpeg"}


@pytest.fixture
def files(database: Database[dict[str, Any]]) -> EvidenceFiles:
    made = EvidenceFiles(database, KEYRING, timeout_seconds=10)
    made.ensure_indexes()
    return made


@pytest.fixture
def limits(tmp_path: Path) -> EvidenceLimits:
    return EvidenceLimits.of(IntakeSettings(data_dir=tmp_path))


class Photo(io.RawIOBase):
    """A JPEG of any size that is made while it is read, as it would come from the network."""

    def __init__(self, size: int, *, fails_after: int | None = None) -> None:
        super().__init__()
        self.size, self.sent, self.fails_after = size, 0, fails_after
        self.block = a_jpeg(MIB)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if self.fails_after is not None and self.sent >= self.fails_after:
            raise ConnectionResetError
        start = self.sent % MIB
        piece = self.block[start : start + min(size, self.size - self.sent)]
        self.sent += len(piece)
        return piece


class Finds:
    """A scanner that finds something in everything, or is away."""

    def __init__(self, threat: str | None) -> None:
        self.threat = threat

    def scan(self, stream: Any, /) -> Verdict:
        assert stream.tell() == 0
        if self.threat is None:
            raise Transient("clamd: away")
        return Verdict(self.threat)


def take(files, limits, content=None, declared=PHOTO, **more) -> Received:
    stream = content if hasattr(content, "read") else io.BytesIO(content or a_jpeg())
    return receive(stream, declared, files, more.pop("scanner", NullScanner()), limits, now=more.pop("now", NOW), **more)  # fmt: skip


def refusal(files, limits, content, **more) -> str:
    with pytest.raises(Refused) as caught:
        take(files, limits, content, **more)
    assert caught.value.slug == "evidence_refused"
    return caught.value.errors[0].code


def content_of(files: EvidenceFiles, file_id: str) -> bytes:
    return b"".join(open_evidence(files, file_id).body)


def stored(database: Database[dict[str, Any]]) -> tuple[int, int]:
    names = ("evidence.files", "evidence.chunks")
    files, chunks = (database[name].count_documents({}) for name in names)
    return files, chunks


@pytest.mark.parametrize(
    "size", [64, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 8 * FRAME_BYTES, 5 * MIB + 7]
)
def test_a_file_comes_back_byte_for_byte(files, limits, size):
    photo = a_jpeg(size)
    received = take(files, limits, photo, length=size)
    assert received.size_bytes == size
    assert received.sha256 == hashlib.sha256(photo).hexdigest()
    assert received.content_type == "image/jpeg"
    assert content_of(files, received.file_id) == photo


def test_a_download_is_never_shown_or_run_by_a_browser(files, limits):
    headers = open_evidence(files, take(files, limits).file_id).headers
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["Content-Length"] == "4096"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox")
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["Content-Disposition"] == (
        'attachment; filename="_____.jpg"; '
        "filename*=UTF-8''%E8%AE%B0%E5%B7%A5%E6%9C%AC%E7%85%A7%E7%89%87.jpg"
    )
    for name, value in headers.items():
        assert "\n" not in name + value


@pytest.mark.parametrize(
    "name,safe",
    [
        ("../../etc/a.jpg", "a.jpg"),
        ("C:\\temp\\合同.pdf", "合同.pdf"),
        ('a"\r\nSet-Cookie: x.jpg', 'a"Set-Cookie: x.jpg'),
        ("a\u202egpj.txt", "agpj.txt"),
        ("长" * 300 + ".jpg", "长" * 116 + ".jpg"),
        (". .", "evidence"),
        ("", "evidence"),
    ],
)
def test_file_names_are_made_harmless(name, safe):
    assert safe_file_name(name) == safe


def test_the_database_holds_nothing_readable_of_a_file(files, limits, database):
    content = a_zip({"赵铁柱工资条.txt": b"wages owed " * 40}, 0)
    take(files, limits, content, declared={"file_name": "赵铁柱.zip"})
    everything = b"".join(
        encode(d) for name in ("evidence.files", "evidence.chunks") for d in database[name].find()
    )
    for secret in ("赵铁柱", "wages owed", hashlib.sha256(content).hexdigest(), "zip"):
        assert secret.encode() not in everything


def test_the_layout_is_that_of_gridfs(files, limits, database):
    received = take(files, limits, a_jpeg(MIB))
    bucket = gridfs.GridFSBucket(database, bucket_name="evidence")
    (found,) = bucket.find({})
    sealed = found.read()
    assert str(found._id) == received.file_id
    assert len(sealed) == found.length == MIB + 16 * 5
    assert found.chunk_size == SEALED_FRAME_BYTES


def test_a_50_mib_file_passes_in_flat_memory_both_ways(files, limits):
    tracemalloc.start()
    received = take(files, limits, Photo(50 * MIB), length=50 * MIB)
    _, writing = tracemalloc.get_traced_memory()
    gc.collect()
    tracemalloc.reset_peak()
    digest = hashlib.sha256()
    for frame in open_evidence(files, received.file_id).body:
        digest.update(frame)
    _, reading = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert digest.hexdigest() == received.sha256
    assert writing < 16 * MIB
    assert reading < 16 * MIB


@pytest.mark.parametrize("length", [None, 51 * MIB])
def test_a_file_above_the_limit_is_refused_at_once(files, limits, database, length):
    photo = Photo(200 * MIB)
    assert refusal(files, limits, photo, length=length) == "too_large"
    assert photo.sent <= 51 * MIB if length is None else photo.sent == 0
    assert stored(database) == (0, 0)


@pytest.mark.parametrize(
    "content,declared,code",
    [
        (io.BytesIO(), PHOTO, "empty"),
        (PROGRAM, PHOTO, "executable"),
        (PDF, PHOTO, "type_mismatch"),
        (a_zip({"../a.jpg": b""}), {"file_name": "a.zip"}, "zip_path"),
    ],
)
def test_what_is_refused_leaves_nothing(files, limits, database, *, content, declared, code):
    assert refusal(files, limits, content, declared=declared) == code
    assert stored(database) == (0, 0)


def test_an_infected_file_is_refused_and_an_absent_scanner_accepts_nothing(files, limits, database):
    assert refusal(files, limits, None, scanner=Finds("Invented.Test")) == "infected"
    with pytest.raises(Transient):
        take(files, limits, scanner=Finds(None))
    assert stored(database) == (0, 0)


def test_an_upload_that_breaks_off_leaves_nothing(files, limits, database):
    with pytest.raises(ConnectionResetError):
        take(files, limits, Photo(5 * MIB, fails_after=3 * MIB), length=5 * MIB)
    assert refusal(files, limits, Photo(3 * MIB), length=5 * MIB) == "incomplete"
    assert stored(database) == (0, 0)
    assert list(Path(limits.spool_dir).iterdir()) == []


def test_an_upload_that_takes_too_long_is_ended(files, limits):
    slow = EvidenceLimits(limits.max_bytes, -1.0, limits.spool_dir)
    assert refusal(files, slow, Photo(MIB)) == "incomplete"


def test_a_write_that_fails_half_way_leaves_nothing(files, limits, database):
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 2 * MIB:
                raise MemoryError
            return super().read(size)

    received = take(files, limits)
    particulars, _ = files.read(received.file_id)
    with pytest.raises(MemoryError):
        files.write(Failing(bytes(5 * MIB)), particulars, now=NOW)
    assert stored(database) == (1, 1)


def test_sending_the_same_bytes_again_changes_nothing(files, limits, database):
    first = take(files, limits)
    assert take(files, limits, known=first) == first
    assert stored(database) == (1, 1)
    other = take(files, limits, a_jpeg(seed=2), known=first)
    assert other.file_id != first.file_id


def test_an_altered_exchanged_or_shortened_file_does_not_open(files, limits, database):
    chunks = database["evidence.chunks"]
    first, second = (take(files, limits, a_jpeg(MIB, seed)).file_id for seed in (1, 2))
    (of_first, of_second) = (
        {c["n"]: c for c in chunks.find({"files_id": ObjectId(f)})} for f in (first, second)
    )

    def set_chunk(chunk, content):
        chunks.update_one({"_id": chunk["_id"]}, {"$set": {"data": content}})

    def breaks(file_id):
        with pytest.raises(Permanent):
            content_of(files, file_id)

    altered = bytearray(of_first[1]["data"])
    altered[1000] ^= 1
    for wrong in (bytes(altered), of_first[0]["data"], of_second[1]["data"]):
        set_chunk(of_first[1], wrong)
        breaks(first)
    set_chunk(of_first[1], of_first[1]["data"])
    assert content_of(files, first) == a_jpeg(MIB, 1)
    chunks.delete_one({"_id": of_first[4]["_id"]})
    breaks(first)
    chunks.delete_many({"files_id": ObjectId(first)})
    breaks(first)
    assert content_of(files, second) == a_jpeg(MIB, 2)


def test_another_installations_keyring_opens_nothing(files, limits, database):
    received = take(files, limits)
    stranger = EvidenceFiles(database, Keyring.parse(f"k1:{new_key()}"), 10)
    with pytest.raises(Permanent):
        open_evidence(stranger, received.file_id)


def test_changing_the_key_leaves_files_readable_without_the_old_one(files, limits, database):
    received = take(files, limits)
    new = f"k2:{new_key()}"
    both = EvidenceFiles(database, Keyring.parse(f"{new},{OLD_KEY}"), 10)
    assert both.seal_again() == 1
    assert both.seal_again() == 0
    only_new = EvidenceFiles(database, Keyring.parse(new), 10)
    assert content_of(only_new, received.file_id) == a_jpeg()


@pytest.mark.parametrize("file_id", ["", "x", "0" * 24])
def test_an_unknown_file_is_not_found(files, file_id):
    with pytest.raises(Refused, match="not_found"):
        open_evidence(files, file_id)


def test_replacing_a_file_removes_the_old_one_after_the_new_one_is_referred_to(
    files, limits, database
):
    old, new = take(files, limits), take(files, limits, a_jpeg(seed=2))
    with files.superseding(old.file_id, now=NOW):
        assert content_of(files, old.file_id)
    assert stored(database) == (1, 1)
    assert content_of(files, new.file_id) == a_jpeg(seed=2)
    files.discard(old.file_id)  # a second time: nothing happens
    with files.superseding(None, now=NOW):
        pass


@pytest.mark.parametrize("written", [True, False])
def test_a_crash_while_replacing_leaves_exactly_the_file_referred_to(
    files, limits, database, written
):
    old = take(files, limits)
    files.settle([old.file_id])
    new = take(files, limits, a_jpeg(seed=2))
    with pytest.raises(KeyboardInterrupt), files.superseding(old.file_id, now=NOW):
        raise KeyboardInterrupt
    referred = {new.file_id if written else old.file_id}

    def sweep():
        return files.sweep_orphans(referred.intersection, older_than=NOW + timedelta(hours=1))

    assert sweep() == 1
    assert stored(database) == (1, 1)
    assert content_of(files, *referred)
    assert sweep() == 0


def test_the_sweep_spares_what_is_young_and_looks_at_each_kept_file_once(files, limits):
    kept, orphan, young = (
        take(files, limits, a_jpeg(seed=n), now=NOW - timedelta(minutes=minutes))
        for n, minutes in enumerate((90, 90, 10))
    )
    asked: list[set[str]] = []

    def referenced(file_ids):
        asked.append(set(file_ids))
        return {kept.file_id}

    for _ in range(2):
        files.sweep_orphans(referenced, older_than=NOW - timedelta(hours=1))
    assert asked == [{kept.file_id, orphan.file_id}]
    assert content_of(files, kept.file_id)
    assert content_of(files, young.file_id)
    with pytest.raises(Refused):
        open_evidence(files, orphan.file_id)


def test_what_a_dying_process_wrote_of_a_file_is_swept(files, limits, database):
    received = take(files, limits, a_jpeg(3 * MIB))
    database["evidence.chunks"].delete_many({"n": {"$gt": 4}})
    swept = files.sweep_orphans(lambda _: set(), older_than=NOW + timedelta(days=1))
    assert swept == 1
    assert stored(database) == (0, 0)
    assert received.size_bytes == 3 * MIB


def test_an_interrupted_deletion_is_finished_by_the_sweep(files, limits, database):
    received = take(files, limits)
    files.settle([received.file_id])
    key = {"_id": ObjectId(received.file_id)}
    # As discard leaves it when the process dies after its first step:
    database["evidence.files"].update_one(
        key, [{"$set": {"metadata.unsettled_since": "$uploadDate"}}]
    )
    swept = files.sweep_orphans(lambda _: set(), older_than=NOW + timedelta(days=1))
    assert swept == 1
    assert stored(database) == (0, 0)


def test_a_database_that_is_away_is_an_outage(limits):
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        "mongodb://127.0.0.1:1", serverSelectionTimeoutMS=200
    )
    away = EvidenceFiles(client["nowhere"], KEYRING, 0.3)
    with pytest.raises(Transient):
        take(away, limits)
    client.close()
