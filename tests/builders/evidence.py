"""Small genuine-looking evidence files, as phones, offices and attackers make them."""

from __future__ import annotations

import io
import random
import struct
import zipfile

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + bytes(64)
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
PROGRAM = b"MZ\x90\0" + bytes(124)


def a_jpeg(size: int = 4096, seed: int = 1) -> bytes:
    """A JPEG head and noise: like a photo, it does not compress."""
    return b"\xff\xd8\xff\xe0\0\x10JFIF\0" + random.Random(seed).randbytes(size - 11)


def an_iso_media_file(brand: bytes) -> bytes:
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0" + brand + b"mp42" + bytes(64)


def a_zip(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def a_docx(more: dict[str, bytes] | None = None) -> bytes:
    parts = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>"}
    return a_zip(parts | (more or {}))


def an_ole_file(*streams: str) -> bytes:
    """A compound file ([MS-CFB]): header, one FAT sector, one directory sector."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<H", header, 30, 9)
    struct.pack_into("<I", header, 48, 1)  # the directory is sector 1
    struct.pack_into("<109I", header, 76, 0, *[0xFFFFFFFF] * 108)
    fat = struct.pack("<128I", 0xFFFFFFFD, 0xFFFFFFFE, *[0xFFFFFFFF] * 126)
    directory = bytearray(512)
    for position, name in enumerate(("Root Entry", *streams)):
        encoded = name.encode("utf-16-le")
        directory[position * 128 : position * 128 + len(encoded)] = encoded
        struct.pack_into("<H", directory, position * 128 + 64, len(encoded) + 2)
    return bytes(header) + fat + bytes(directory)


def patched(archive: bytes, at: int, value: bytes, *, directory: bool = True) -> bytes:
    """An archive of one entry with a field of its local header overwritten, and, two bytes
    further on, the same field of its directory entry (APPNOTE.TXT 4.3.7, 4.3.12).
    """
    changed = bytearray(archive)
    changed[at : at + len(value)] = value
    if directory:
        start = archive.index(b"PK\x01\x02") + at + 2
        changed[start : start + len(value)] = value
    return bytes(changed)
