"""Evidence files: received in flat memory, inspected, scanned, sealed; handed out as downloads.

A file is either received whole or refused with a reason; an upload that breaks off leaves nothing
and is resumed by sending it again. Nothing an application's form holds depends on its files.
"""

from __future__ import annotations

import errno
import hashlib
import tempfile
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Final
from urllib.parse import quote

from services.intake.evidence_files import EvidenceFiles, Particulars
from services.intake.evidence_refusal import refused, too_large
from services.intake.inspection import inspect
from services.intake.scanning import Scanner
from services.intake.settings import IntakeSettings
from services.intake.zip_inspection import ZipLimits
from shared.errors import Transient

_STEP_BYTES: Final = 256 * 1024
_SPOOL_BYTES: Final = 1024 * 1024
_FILE_NAME_CHARACTERS: Final = 120
_UNPACKED_PER_BYTE: Final = 10  # all an archive holds: so many times the largest file


@dataclass(frozen=True, slots=True)
class Received:
    """A file that was taken in; `sha256` in hexadecimal, `content_type` by its content."""

    file_id: str
    sha256: str
    size_bytes: int
    content_type: str


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """What one upload may take: bytes, seconds, and the folder for what exceeds 1 MiB (temporary
    files without a name: a crash leaves none; put it on tmpfs or an encrypted disk).
    """

    max_bytes: int
    upload_seconds: float
    spool_dir: str

    @classmethod
    def of(cls, settings: IntakeSettings) -> EvidenceLimits:
        settings.spool_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(
            settings.evidence_max_bytes,
            settings.evidence_upload_seconds,
            str(settings.spool_dir),
        )


@dataclass(frozen=True, slots=True)
class Download:
    """An answer's headers and its body, fetched as it is sent."""

    headers: Mapping[str, str]
    body: Iterator[bytes]


def receive(
    stream: IO[bytes],
    declared: Mapping[str, Any],
    files: EvidenceFiles,
    scanner: Scanner,
    limits: EvidenceLimits,
    *,
    now: datetime,
    length: int | None = None,
    known: Received | None = None,
) -> Received:
    """Take in one file: the bytes of `stream`, `length` of them (Content-Length) when it is told.

    `declared` is the application's entry: {file_name, content_type, …}. `known` is the file
    already held for that entry: the same bytes again give it back, and nothing is written.
    Refused("evidence_refused") with a code of evidence_refusal; Transient when the scanner, the
    database or the spool is away or full. The new file is unsettled: the caller makes the
    application refer to it within `files.superseding(old file)`, then the sweep settles it.
    """
    if length is not None and length > limits.max_bytes:
        raise too_large(limits.max_bytes)
    with (
        _room_to_spool(),
        tempfile.SpooledTemporaryFile(_SPOOL_BYTES, dir=limits.spool_dir) as spool,
    ):
        size, digest = _spool(stream, spool, limits)
        if length is not None and size != length:
            raise refused("incomplete")
        if known is not None and (known.sha256, known.size_bytes) == (digest, size):
            return known
        found = inspect(
            spool,
            file_name=str(declared.get("file_name", "")),
            content_type=str(declared.get("content_type", "")),
            zip_limits=ZipLimits(total_bytes=limits.max_bytes * _UNPACKED_PER_BYTE),
            spool_dir=limits.spool_dir,
        )
        spool.seek(0)
        if not scanner.scan(spool).clean:
            raise refused("infected")
        particulars = Particulars(
            file_name=safe_file_name(str(declared.get("file_name", ""))),
            content_type=found.content_type,
            size_bytes=size,
            sha256=digest,
        )
        file_id = files.write(spool, particulars, now=now)
    return Received(file_id, digest, size, found.content_type)


def open_evidence(files: EvidenceFiles, file_id: str) -> Download:
    """The file as a download that no browser will show, run or guess at; Refused("not_found")."""
    particulars, body = files.read(file_id)
    headers = {
        "Content-Type": particulars.content_type,
        "Content-Length": str(particulars.size_bytes),
        "Content-Disposition": content_disposition(particulars.file_name),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "no-referrer",
    }
    return Download(headers, body)


def safe_file_name(name: str) -> str:
    """The last part of a name without control and direction characters, at most 120 characters;
    its suffix survives the cut.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(c for c in last if unicodedata.category(c) not in _INVISIBLE).strip(". ")
    stem, dot, suffix = plain.rpartition(".")
    if dot and len(suffix) < 10:
        return f"{stem[: _FILE_NAME_CHARACTERS - len(suffix) - 1]}.{suffix}"
    return plain[:_FILE_NAME_CHARACTERS] or "evidence"


_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def content_disposition(file_name: str) -> str:
    """`attachment` with the name in RFC 8187 form and an ASCII stand-in (RFC 6266)."""
    ascii_only = file_name.encode("ascii", "replace").decode().replace("?", "_")
    fallback = ascii_only.replace('"', "_").replace("\\", "_").replace("%", "_")
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def _spool(stream: IO[bytes], spool: IO[bytes], limits: EvidenceLimits) -> tuple[int, str]:
    """Copy the stream, stopping at the limits at once; its size and SHA-256."""
    size, digest = 0, hashlib.sha256()
    deadline = time.monotonic() + limits.upload_seconds
    while piece := stream.read(_STEP_BYTES):
        size += len(piece)
        if size > limits.max_bytes:
            raise too_large(limits.max_bytes)
        if time.monotonic() > deadline:
            raise refused("incomplete")
        digest.update(piece)
        spool.write(piece)
    return size, digest.hexdigest()


@contextmanager
def _room_to_spool() -> Iterator[None]:
    """A full disk is an outage, not a fault of the file."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Transient("evidence spool: no space left", slug="full") from error
        raise
