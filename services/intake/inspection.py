"""What an evidence file really is, judged by its content, and whether it is accepted.

Accepted is what a worker's phone or an office produces and what can be looked into; everything
else is refused (an allow-list: nothing is accepted because nobody thought of it). Archives other
than zip are not looked into, hence not accepted. Reasons: docs/decisions/0010-evidence.md.
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Final

from services.intake.evidence_refusal import refused
from services.intake.zip_inspection import (
    EXECUTABLE_SUFFIXES,
    ZipLimits,
    inspect_zip,
    is_executable,
    suffix_of,
)


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: its media type, the family that names and declared types must agree with
    (phones often save HEIC as .jpg, so within a family a name may differ), its usual suffixes.
    """

    content_type: str
    family: str
    suffixes: tuple[str, ...]


def _formats(*rows: tuple[str, str, str]) -> Mapping[str, Format]:
    return {
        content_type: Format(content_type, family, tuple(suffixes.split()))
        for family, content_type, suffixes in rows
    }


_OOXML: Final = "application/vnd.openxmlformats-officedocument."

FORMATS: Final = _formats(
    ("image", "image/jpeg", "jpg jpeg jfif"),
    ("image", "image/png", "png"),
    ("image", "image/gif", "gif"),
    ("image", "image/webp", "webp"),
    ("image", "image/heic", "heic heif hif"),
    ("image", "image/avif", "avif"),
    ("image", "image/bmp", "bmp"),
    ("image", "image/tiff", "tif tiff"),
    ("document", "application/pdf", "pdf"),
    ("document", "application/ofd", "ofd"),
    ("office", "application/msword", "doc wps"),
    ("office", "application/vnd.ms-excel", "xls et"),
    ("office", "application/vnd.ms-powerpoint", "ppt dps"),
    ("office", _OOXML + "wordprocessingml.document", "docx"),
    ("office", _OOXML + "spreadsheetml.sheet", "xlsx"),
    ("office", _OOXML + "presentationml.presentation", "pptx"),
    ("office", "application/rtf", "rtf"),
    ("text", "text/plain", "txt csv"),
    ("archive", "application/zip", "zip"),
    ("recording", "audio/mpeg", "mp3"),
    ("recording", "audio/mp4", "m4a"),
    ("recording", "audio/amr", "amr"),
    ("recording", "audio/wav", "wav"),
    ("recording", "audio/aac", "aac"),
    ("recording", "audio/ogg", "ogg oga opus"),
    ("recording", "video/mp4", "mp4 m4v"),
    ("recording", "video/quicktime", "mov"),
    ("recording", "video/3gpp", "3gp 3gpp 3g2"),
    ("recording", "video/x-msvideo", "avi"),
)
"""Every accepted format by its media type."""

_BY_SUFFIX: Final = {suffix: f for f in FORMATS.values() for suffix in f.suffixes}
_MAJOR_FAMILIES: Final = {"image": "image", "audio": "recording", "video": "recording"}
_HEAD_BYTES: Final = 4096
_STEP_BYTES: Final = 64 * 1024


def inspect(
    file: IO[bytes],
    *,
    file_name: str,
    content_type: str,
    zip_limits: ZipLimits,
    spool_dir: str | None = None,
) -> Format:
    """The format of a file that is accepted; otherwise Refused("evidence_refused") with a reason.

    `file_name` and `content_type` are what the sender declared; a missing suffix or an unknown
    type declares nothing. Reads `file` from its beginning, leaves its position anywhere.
    """
    declared = _declared_family(file_name, content_type)
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    if not head:
        raise refused("empty")
    found = _recognised(file, head, zip_limits, spool_dir)
    if declared not in (None, found.family):
        raise refused("type_mismatch")
    return found


def _declared_family(file_name: str, content_type: str) -> str | None:
    """The family the name says, else the one the type says, else None."""
    suffix = suffix_of(file_name)
    if suffix in EXECUTABLE_SUFFIXES:
        raise refused("executable")
    if suffix in {"rar", "7z", "tar", "gz", "tgz"}:
        raise refused("other_archive")
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix].family
    if _LIKE_A_SUFFIX.fullmatch(suffix):
        raise refused("type_not_allowed")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in FORMATS:
        return FORMATS[media_type].family
    return _MAJOR_FAMILIES.get(media_type.partition("/")[0])


_LIKE_A_SUFFIX: Final = re.compile(r"(?=.*[a-z])[a-z0-9]{1,5}")
"""What is taken for a suffix: `合同2026.3.5` has none."""


def _recognised(
    file: IO[bytes], head: bytes, zip_limits: ZipLimits, spool_dir: str | None
) -> Format:
    if is_executable(head):
        raise refused("executable")
    if head.startswith((b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08")):
        raise refused("other_archive")
    if head.startswith(b"PK\x05\x06"):
        raise refused("empty")
    if head.startswith(b"PK\x03\x04"):
        return FORMATS[_zip_type(file, zip_limits, spool_dir)]
    if head.startswith(_OLE_MAGIC):
        return FORMATS[_ole_type(file, head)]
    media_type = _by_magic(head) or _text_type(file, head)
    return FORMATS[media_type]


def _by_magic(head: bytes) -> str | None:
    looks = (_prefix_type, _container_type, _mpeg_audio_type, _pdf_type)
    return next(filter(None, (look(head) for look in looks)), None)


def _prefix_type(head: bytes) -> str | None:
    return next((media_type for magic, media_type in _MAGIC if head.startswith(magic)), None)


def _container_type(head: bytes) -> str | None:
    if head.startswith(b"RIFF"):
        return _RIFF_FORMS.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _iso_media_type(head)
    # Old QuickTime files of cameras begin with their data, without a brand.
    if head[4:8] in (b"moov", b"mdat", b"wide") and head[:1] == b"\0":
        return "video/quicktime"
    return None


def _pdf_type(head: bytes) -> str | None:
    # Some programs put a byte-order mark or white space before it.
    begins = head.lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"%PDF-")
    return "application/pdf" if begins else None


_MAGIC: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
    (b"ID3", "audio/mpeg"),
    (b"#!AMR\n", "audio/amr"),
    (b"#!AMR-WB\n", "audio/amr"),
    (b"OggS", "audio/ogg"),
    (b"ADIF", "audio/aac"),
)
_RIFF_FORMS: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_HEIC_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
)


def _iso_media_type(head: bytes) -> str:
    """Photos, sound and video in the ISO base media format (ISO/IEC 14496-12), by major brand."""
    brand = head[8:12]
    if brand in (b"avif", b"avis"):
        return "image/avif"
    if brand in _HEIC_BRANDS:
        return "image/heic"
    if brand.startswith((b"M4A", b"M4B")):
        return "audio/mp4"
    if brand.startswith((b"3gp", b"3g2", b"3ge", b"3gg")):
        return "video/3gpp"
    return "video/quicktime" if brand == b"qt  " else "video/mp4"


def _mpeg_audio_type(head: bytes) -> str | None:
    """By a frame header (ISO/IEC 11172-3, 13818-7): 11 or 12 sync bits, then layer III without
    reserved values, or layer 0 of 12 sync bits, which is AAC in ADTS.
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    layer, version = head[1] >> 1 & 3, head[1] >> 3 & 3
    if layer == 0 and head[1] & 0xF0 == 0xF0:
        return "audio/aac"
    rates_valid = head[2] >> 4 not in (0, 15) and head[2] >> 2 & 3 != 3
    return "audio/mpeg" if layer == 1 and version != 1 and rates_valid else None


def _zip_type(file: IO[bytes], limits: ZipLimits, spool_dir: str | None) -> str:
    names = inspect_zip(file, limits, spool_dir)
    if "[Content_Types].xml" in names:
        for folder, kind in _OOXML_FOLDERS.items():
            if any(name.startswith(folder) for name in names):
                return _OOXML + kind
    return "application/ofd" if "OFD.xml" in names else "application/zip"


_OOXML_FOLDERS: Final = {
    "word/": "wordprocessingml.document",
    "xl/": "spreadsheetml.sheet",
    "ppt/": "presentationml.presentation",
}

_OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS: Final = {
    "WordDocument": "application/msword",
    "Workbook": "application/vnd.ms-excel",
    "Book": "application/vnd.ms-excel",
    "PowerPoint Document": "application/vnd.ms-powerpoint",
}
_OLE_DIRECTORY_SECTORS: Final = 4096


def _ole_type(file: IO[bytes], head: bytes) -> str:
    """Word, Excel or PowerPoint before 2007 ([MS-CFB]), told by the streams of the root folder;
    installers and other compound files have none of these.
    """
    names = set(_ole_names(file, head))
    if "EncryptedPackage" in names:
        raise refused("password_protected")
    for stream, media_type in _OLE_STREAMS.items():
        if stream in names:
            return media_type
    raise refused("type_not_allowed")


def _ole_names(file: IO[bytes], head: bytes) -> list[str]:
    """Names in the directory, whose sectors are followed through the allocation table (FAT)."""
    shift = struct.unpack_from("<H", head, 30)[0] if len(head) >= 512 else 0
    if shift not in (9, 12):
        raise refused("type_not_allowed")
    size = 1 << shift
    fat_sectors = struct.unpack_from("<109I", head, 76)
    (sector,) = struct.unpack_from("<I", head, 48)
    names: list[str] = []
    for _ in range(_OLE_DIRECTORY_SECTORS):
        file.seek((sector + 1) * size)
        block = file.read(size)
        for at in range(0, len(block) - 127, 128):
            (length,) = struct.unpack_from("<H", block, at + 64)
            names.append(block[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "ignore"))
        table, entry = divmod(sector, size // 4)
        if len(block) < size or table >= len(fat_sectors):
            break
        file.seek((fat_sectors[table] + 1) * size + entry * 4)
        following = file.read(4)
        if len(following) < 4 or (sector := int.from_bytes(following, "little")) >= 0xFFFFFFFA:
            break
    return names


def _text_type(file: IO[bytes], head: bytes) -> str:
    """Plain text, whole, in UTF-8, GB 18030 or marked UTF-16; markup and scripts are none."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    beginning = head.decode(encodings[0], "ignore").lstrip()
    if _MARKUP.match(beginning):
        raise refused("executable")
    if any(_is_text(file, encoding) for encoding in encodings):
        return "text/plain"
    raise refused("type_not_allowed")


_MARKUP: Final = re.compile(r"<[!?%a-z]", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def _is_text(file: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while piece := file.read(_STEP_BYTES):
            if _CONTROL.search(decoder.decode(piece)):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
