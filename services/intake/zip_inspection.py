"""What a zip archive holds, and whether it is safe to hand to a mediator.

The product never unpacks an archive into files; what is refused here is what would harm whoever
unpacks it later: bombs, paths that lead outside, programs, and what nobody can look into. Every
entry is read once to the end in flat memory, so declared sizes and check sums are not believed
but verified. Format: APPNOTE.TXT 6.3.10 (PKWARE).
"""

from __future__ import annotations

import stat
import struct
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Final, NamedTuple

from services.intake.evidence_refusal import refused


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


EXECUTABLE_SUFFIXES: Final = _words(
    "apk app appimage application bat cab chm class cmd com command cpl crx deb dex dll dmg "
    "docm dotm drv elf exe gadget hlp hta htm html inf ipa iso jar jnlp js jse jsp lnk mht mhtml "
    "mjs msc msi msix msp mst ocx php pif pl ps1 psd1 psm1 py pyc pyw rb reg rpm scf scr sh shtml "
    "so svg svgz swf sys url vb vbe vbs vhd vhdx wasm wsc wsf wsh xhtml xht xlam xlsm xltm xpi "
    "pptm ppam potm ppsm"
)
"""Names that a common system would run, or open in a browser with scripts."""

_OTHER_ARCHIVE_SUFFIXES: Final = _words(
    "7z ace arj bz2 gz lz lzh lzma rar tar tbz tgz txz xz z zst"
)

_EXECUTABLE_HEADS: Final = (
    b"MZ",  # DOS, Windows
    b"\x7fELF",
    b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",  # Mach-O
    b"\xca\xfe\xba\xbe",  # Mach-O universal, Java class
    b"dex\n",
    b"\0asm",
    b"#!",
    b"L\0\0\0\x01\x14\x02\0",  # Windows shortcut
)  # fmt: skip
_ARCHIVE_HEADS: Final = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08", b"\xfd7zXZ\0")

_ZIP_HEAD: Final = b"PK\x03\x04"
_END_OF_DIRECTORY: Final = b"PK\x05\x06"
_LOCAL_HEADER: Final = struct.Struct("<4s5H3I2H")
_STORED, _DEFLATED, _AES = 0, 8, 99
_UNICODE_PATH: Final = 0x7075
_ENCRYPTED_FLAGS: Final = 0x1 | 0x40 | 0x2000
_STEP_BYTES: Final = 64 * 1024
_HEAD_BYTES: Final = 16
_SPOOL_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ZipLimits:
    """How much an archive may hold, all of its levels together."""

    entries: int = 2000
    directory_bytes: int = 2 * 1024 * 1024
    total_bytes: int = 500 * 1024 * 1024
    ratio: int = 200  # uncompressed to compressed size of one entry …
    ratio_from_bytes: int = 10 * 1024 * 1024  # … above this size: small files may compress well
    depth: int = 3  # a Word file in a zip in a zip


@dataclass(slots=True)
class _Inspection:
    """What is left of the limits while an archive and those inside it are read."""

    limits: ZipLimits
    spool_dir: str | None
    entries_left: int
    bytes_left: int


class _Span(NamedTuple):
    """Where an entry's compressed bytes lie."""

    entry: zipfile.ZipInfo
    start: int
    end: int


def inspect_zip(archive: IO[bytes], limits: ZipLimits, spool_dir: str | None) -> Sequence[str]:
    """The entries' names when the archive is safe; otherwise Refused with one of the zip codes."""
    inspection = _Inspection(limits, spool_dir, limits.entries, limits.total_bytes)
    return _inspect(archive, inspection, depth=1)


def entry_name(entry: zipfile.ZipInfo) -> str:
    """The name as its packer meant it. Without the UTF-8 mark it is GBK (Chinese Windows) or
    unmarked UTF-8 (macOS), which zipfile has read as cp437.
    """
    if entry.flag_bits & 0x800:
        return entry.orig_filename
    raw = entry.orig_filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.orig_filename


def is_executable(head: bytes) -> bool:
    """Whether a file that begins so is a program or script of a common system."""
    # Voice recordings in AMR begin like a shell script.
    return head.startswith(_EXECUTABLE_HEADS) and not head.startswith(b"#!AMR")


def _inspect(archive: IO[bytes], inspection: _Inspection, depth: int) -> Sequence[str]:
    if depth > inspection.limits.depth:
        raise refused("zip_bomb")
    entries = _directory(archive, inspection.limits)
    inspection.entries_left -= len(entries)
    declared_bytes = sum(entry.file_size for entry in entries)
    if inspection.entries_left < 0 or declared_bytes > inspection.bytes_left:
        raise refused("zip_bomb")
    names = [entry_name(entry) for entry in entries]
    for entry, name in zip(entries, names, strict=True):
        _check_entry(entry)
        for shown in (name, *_unicode_paths(entry)):
            _check_name(shown)
    for span in _spans(archive, entries):
        _inspect_entry(archive, span, inspection, depth)
    return names


def _directory(archive: IO[bytes], limits: ZipLimits) -> list[zipfile.ZipInfo]:
    """The central directory. Its size is looked at first: zipfile would read a huge one whole."""
    length = archive.seek(0, 2)
    archive.seek(max(0, length - (22 + 0xFFFF)))
    tail = archive.read()
    at = tail.rfind(_END_OF_DIRECTORY)
    if at < 0 or len(tail) - at < 22:
        raise refused("zip_broken")
    count, size = struct.unpack_from("<HI", tail, at + 10)
    if count > limits.entries or size > limits.directory_bytes:
        raise refused("zip_bomb")
    try:
        with zipfile.ZipFile(archive) as opened:
            return opened.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error):
        raise refused("zip_broken") from None


def _check_entry(entry: zipfile.ZipInfo) -> None:
    if stat.S_IFMT(entry.external_attr >> 16) not in _PLAIN_KINDS:
        raise refused("zip_path")
    if entry.flag_bits & _ENCRYPTED_FLAGS or entry.compress_type == _AES:
        raise refused("zip_encrypted")


def _check_name(name: str) -> None:
    # Either slash may separate: which one does depends on who unpacks.
    parts = name.replace("\\", "/").split("/")
    drive = parts[0][1:2] == ":"
    hidden = any(unicodedata.category(c) == "Cc" or c in _BIDI_CONTROLS for c in name)
    if not parts[0] or drive or ".." in parts or hidden:
        raise refused("zip_path")
    macros = parts[-1].lower() == "vbaproject.bin"
    if macros or suffix_of(parts[-1]) in EXECUTABLE_SUFFIXES | _OTHER_ARCHIVE_SUFFIXES:
        raise refused("zip_executable")


def _unicode_paths(entry: zipfile.ZipInfo) -> Iterator[str]:
    """Other names the entry gives itself, which some programs prefer (extra field 0x7075)."""
    at = 0
    while at + 4 <= len(entry.extra):
        kind, length = struct.unpack_from("<HH", entry.extra, at)
        if kind == _UNICODE_PATH:
            yield entry.extra[at + 9 : at + 4 + length].decode("utf-8", "replace")
        at += 4 + length


_PLAIN_KINDS: Final = frozenset({0, stat.S_IFREG, stat.S_IFDIR})
_BIDI_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def suffix_of(name: str) -> str:
    """`jpg` for `a.JPG`; trailing dots and spaces do not hide it, as they do not on Windows."""
    stem, dot, suffix = name.rstrip(". ").rpartition(".")
    return suffix.lower() if dot and stem else ""


def _spans(archive: IO[bytes], entries: Sequence[zipfile.ZipInfo]) -> Iterator[_Span]:
    """Each entry's place; entries that share bytes are a bomb (Fifield 2019)."""
    end_of_previous = 0
    for entry in sorted(entries, key=lambda e: e.header_offset):
        if entry.header_offset < end_of_previous:
            raise refused("zip_bomb")
        archive.seek(entry.header_offset)
        header = archive.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size:
            raise refused("zip_broken")
        magic, _, flags, method, *_, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        name = archive.read(name_length)
        encoding = "utf-8" if entry.flag_bits & 0x800 else "cp437"
        same = name.decode(encoding, "replace") == entry.orig_filename
        if magic != _ZIP_HEAD or method != entry.compress_type or not same:
            raise refused("zip_broken")
        if flags & _ENCRYPTED_FLAGS:
            raise refused("zip_encrypted")
        start = entry.header_offset + _LOCAL_HEADER.size + name_length + extra_length
        end_of_previous = start + entry.compress_size
        yield _Span(entry, start, end_of_previous)


def _inspect_entry(archive: IO[bytes], span: _Span, inspection: _Inspection, depth: int) -> None:
    """Read one entry to its end; what it really holds is taken off the bytes left."""
    entry, limits = span.entry, inspection.limits
    most = min(inspection.bytes_left, entry.file_size)
    if entry.file_size > limits.ratio_from_bytes:
        most = min(most, limits.ratio * max(1, entry.compress_size))
    if entry.file_size > most:
        raise refused("zip_bomb")
    size, check_sum, head = 0, 0, b""
    with tempfile.SpooledTemporaryFile(_SPOOL_BYTES, dir=inspection.spool_dir) as inner:
        for piece in _uncompressed(archive, span):
            size += len(piece)
            if size > most:
                raise refused("zip_bomb")
            check_sum = zlib.crc32(piece, check_sum)
            head = head if len(head) >= _HEAD_BYTES else head + piece[:_HEAD_BYTES]
            if len(head) < _HEAD_BYTES or head.startswith(_ZIP_HEAD):
                inner.write(piece)
        if size != entry.file_size or check_sum != entry.CRC:
            raise refused("zip_broken")
        if is_executable(head) or head.startswith(_ARCHIVE_HEADS):
            raise refused("zip_executable")
        inspection.bytes_left -= size
        if head.startswith(_ZIP_HEAD):
            _inspect(inner, inspection, depth + 1)


def _uncompressed(archive: IO[bytes], span: _Span) -> Iterator[bytes]:
    """The entry's bytes in pieces of at most 64 KiB. Not zipfile's reader: that one stops at the
    declared size and would not see a longer stream.
    """
    archive.seek(span.start)
    left = span.end - span.start
    if span.entry.compress_type not in (_STORED, _DEFLATED):
        raise refused("zip_broken")
    inflate = zlib.decompressobj(-zlib.MAX_WBITS) if span.entry.compress_type else None
    position = span.start
    while left:
        archive.seek(position)
        piece = archive.read(min(left, _STEP_BYTES))
        if not piece:
            raise refused("zip_broken")
        position, left = position + len(piece), left - len(piece)
        if inflate is None:
            yield piece
            continue
        try:
            while piece:
                yield inflate.decompress(piece, _STEP_BYTES)
                piece = inflate.unconsumed_tail
        except zlib.error:
            raise refused("zip_broken") from None
        if inflate.unused_data:
            raise refused("zip_broken")
    if inflate is not None and not inflate.eof:
        yield from _rest(inflate)


def _rest(inflate: zlib._Decompress) -> Iterator[bytes]:
    """What the inflater still holds once all its input is in."""
    try:
        while rest := inflate.decompress(b"", _STEP_BYTES):
            yield rest
    except zlib.error:
        raise refused("zip_broken") from None
    if not inflate.eof:
        raise refused("zip_broken")
