"""Evidence files are accepted or refused by what they are, not by what they are called."""

from __future__ import annotations

import io
import stat
import struct
import tracemalloc
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.evidence_refusal import REASONS
from services.intake.inspection import FORMATS, inspect
from services.intake.zip_inspection import ZipLimits, entry_name, inspect_zip, suffix_of
from shared.errors import Refused
from tests.builders.evidence import (
    PDF,
    PNG,
    PROGRAM,
    a_docx,
    a_jpeg,
    a_zip,
    an_iso_media_file,
    an_ole_file,
    patched,
)

LIMITS = ZipLimits(entries=50, total_bytes=8 * 1024 * 1024, ratio_from_bytes=1024 * 1024)


def type_of(content: bytes, name: str = "", declared: str = "") -> str:
    found = inspect(io.BytesIO(content), file_name=name, content_type=declared, zip_limits=LIMITS)
    return found.content_type


def refusal_of(content: bytes, name: str = "", declared: str = "") -> str:
    with pytest.raises(Refused) as caught:
        type_of(content, name, declared)
    assert caught.value.slug == "evidence_refused"
    (error,) = caught.value.errors
    assert error.message == REASONS[error.code]
    return error.code


def refusal_of_zip(content: bytes, limits: ZipLimits = LIMITS) -> str:
    with pytest.raises(Refused) as caught:
        inspect_zip(io.BytesIO(content), limits, None)
    return caught.value.errors[0].code


@pytest.mark.parametrize(
    "name,content,content_type",
    [
        ("记工本照片.jpg", a_jpeg(), "image/jpeg"),
        ("截图.PNG", PNG, "image/png"),
        ("a.gif", b"GIF89a" + bytes(20), "image/gif"),
        ("a.webp", b"RIFF\x10\0\0\0WEBPVP8 " + bytes(8), "image/webp"),
        ("IMG_0001.HEIC", an_iso_media_file(b"heic"), "image/heic"),
        ("a.avif", an_iso_media_file(b"avif"), "image/avif"),
        ("扫描.tif", b"II*\0" + bytes(20), "image/tiff"),
        ("劳动合同.pdf", PDF, "application/pdf"),
        ("发票.pdf", b"\xef\xbb\xbf\r\n" + PDF, "application/pdf"),
        ("发票.ofd", a_zip({"OFD.xml": b"<ofd:OFD/>"}), "application/ofd"),
        ("仲裁申请.doc", an_ole_file("WordDocument"), "application/msword"),
        ("考勤.xls", an_ole_file("Workbook"), "application/vnd.ms-excel"),
        ("考勤.et", an_ole_file("Book"), "application/vnd.ms-excel"),
        ("说明.docx", a_docx(), "wordprocessingml.document"),
        (
            "考勤.xlsx",
            a_zip({"[Content_Types].xml": b"", "xl/printerSettings/printerSettings1.bin": b""}),
            "spreadsheetml.sheet",
        ),
        ("说明.rtf", b"{\\rtf1\\ansi}", "application/rtf"),
        ("情况说明.txt", "工资至今未发".encode(), "text/plain"),
        ("流水.csv", "日期,金额\n2026-07-01,7800\n".encode("gb18030"), "text/plain"),
        ("笔记.txt", "工资".encode("utf-16"), "text/plain"),
        ("材料.zip", a_zip({"a.jpg": a_jpeg()}), "application/zip"),
        ("通话.mp3", b"ID3\x03" + bytes(20), "audio/mpeg"),
        ("通话.mp3", b"\xff\xfb\x90\x64" + bytes(20), "audio/mpeg"),
        ("录音.m4a", an_iso_media_file(b"M4A "), "audio/mp4"),
        ("语音.amr", b"#!AMR\n" + bytes(20), "audio/amr"),
        ("录音.wav", b"RIFF\x10\0\0\0WAVEfmt " + bytes(8), "audio/wav"),
        ("录音.aac", b"\xff\xf1\x50\x80" + bytes(20), "audio/aac"),
        ("录音.ogg", b"OggS" + bytes(20), "audio/ogg"),
        ("视频.mp4", an_iso_media_file(b"isom"), "video/mp4"),
        ("视频.mov", an_iso_media_file(b"qt  "), "video/quicktime"),
        ("视频.3gp", an_iso_media_file(b"3gp4"), "video/3gpp"),
    ],
)
def test_what_phones_and_offices_produce_is_recognised(name, content, content_type):
    assert type_of(content, name).endswith(content_type)


def test_a_photo_saved_under_another_photo_suffix_is_accepted_as_what_it_is():
    assert type_of(an_iso_media_file(b"heic"), "IMG_2.jpg", "image/jpeg") == "image/heic"


@pytest.mark.parametrize("declared", ["", "application/octet-stream", "application/wps-office.x"])
def test_a_name_without_suffix_and_an_unknown_type_declare_nothing(declared):
    assert type_of(a_jpeg(), "微信图片", declared) == "image/jpeg"
    assert type_of(PDF, "合同2026.3.5", declared) == "application/pdf"


@pytest.mark.parametrize(
    "name,declared,content",
    [
        ("合同.pdf", "application/pdf", a_jpeg()),
        ("合同.jpg", "image/jpeg", PDF),
        ("合同", "image/*", PDF),
        ("合同", "application/pdf; q=1", PNG),
        ("材料.zip", "application/zip", a_docx()),
        ("说明.docx", "", a_zip({"a.txt": b"a"})),
        ("照片.jpg", "", b"just words"),
    ],
)
def test_content_that_contradicts_its_name_or_declared_type_is_refused(name, declared, content):
    assert refusal_of(content, name, declared) == "type_mismatch"


@pytest.mark.parametrize(
    "name,content",
    [
        ("工资条.exe", PROGRAM),
        ("工资条.jpg", PROGRAM),
        ("工资条.txt", b"\x7fELF" + bytes(60)),
        ("工资条.txt", b"#!/bin/sh\nrm -rf ~\n"),
        ("工资条.txt", b"<script>alert(1)</script>"),
        ("工资条.txt", b"\xef\xbb\xbf  \n<!DOCTYPE html><html></html>"),
        ("工资条.txt", "<html>".encode("utf-16")),
        ("工资条.txt", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("图.svg", b"<svg/>"),
        ("说明.html", b"words"),
        ("a.bat ", b"del *"),
        ("a.vbs.", b"MsgBox 1"),
        ("说明.docx", a_docx({"word/vbaProject.bin": b"macros"})),
    ],
)  # fmt: skip
def test_programs_scripts_and_web_pages_are_refused_under_any_name(name, content):
    assert refusal_of(content, name) in {"executable", "zip_executable"}


@pytest.mark.parametrize(
    "name,content,code",
    [
        ("a.rar", b"Rar!\x1a\x07\x01\0" + bytes(9), "other_archive"),
        ("a.jpg", b"7z\xbc\xaf\x27\x1c" + bytes(9), "other_archive"),
        ("a.tgz", b"\x1f\x8b\x08" + bytes(9), "other_archive"),
        ("a.zip", a_zip({}), "empty"),
        ("a.jpg", b"", "empty"),
        ("a.docx", an_ole_file("EncryptedPackage", "EncryptionInfo"), "password_protected"),
        ("a.doc", an_ole_file("!_Columns"), "type_not_allowed"),
        ("a.psd", b"8BPS" + bytes(9), "type_not_allowed"),
        ("a.txt", b"words\0words", "type_not_allowed"),
        ("", bytes(range(256)) * 4, "type_not_allowed"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "type_not_allowed"),
    ],
)
def test_the_rest_is_refused_with_the_reason_that_helps(name, content, code):
    assert refusal_of(content, name) == code


def test_text_is_read_to_its_end_before_it_is_called_text():
    assert refusal_of(b"words " * 50_000 + b"\0", "a.txt") == "type_not_allowed"
    assert type_of("工资".encode() * 60_000, "a.txt") == "text/plain"  # split inside characters


@given(st.binary(max_size=600), st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"RIFF", b"\0\0\0\x18ftyp"]))  # fmt: skip
def test_any_bytes_at_all_are_either_a_known_format_or_refused(tail, head):
    try:
        assert type_of(head + tail) in FORMATS
    except Refused as refusal:
        assert refusal.errors[0].code in REASONS  # noqa: PT017 - both ends are right


@given(st.binary(min_size=1, max_size=8), st.integers(0, 400))
def test_a_damaged_archive_is_refused_or_still_whole(noise, at):
    archive = bytearray(a_zip({"a.jpg": a_jpeg(300), "材料/b.txt": b"words" * 30}))
    archive[at : at + len(noise)] = noise
    try:
        inspect_zip(io.BytesIO(bytes(archive)), LIMITS, None)
    except Refused as refusal:
        assert refusal.errors[0].code in REASONS  # noqa: PT017 - both ends are right


def test_an_honest_archive_lists_its_names():
    archive = a_zip(
        {
            "材料/1.jpg": a_jpeg(),
            "材料/": b"",
            "材料\\2.txt": b"words",
            "c.zip": a_zip({"d.pdf": PDF}),
        }
    )
    names = inspect_zip(io.BytesIO(archive), LIMITS, None)
    assert list(names) == ["材料/1.jpg", "材料/", "材料\\2.txt", "c.zip"]


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_names_packed_on_chinese_windows_or_a_mac_are_read_right(encoding):
    # The second byte of 誠 in GBK is a backslash, of 侗 a vertical bar.
    name = "誠信侗.jpg".encode(encoding)
    archive = a_zip({"x" * len(name): a_jpeg()}).replace(b"x" * len(name), name)
    (entry,) = zipfile.ZipFile(io.BytesIO(archive)).infolist()
    assert entry_name(entry) == "誠信侗.jpg"
    assert inspect_zip(io.BytesIO(archive), LIMITS, None) == ["誠信侗.jpg"]


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd", "a/../../b.jpg", "/etc/passwd", "\\\\server\\a.jpg", "..\\a.jpg",
        "C:\\Windows\\a.jpg", "c:a.jpg", "a\u202egpj.txt", "a\nb.txt", "a\x7f.txt",
    ],
)  # fmt: skip
def test_names_that_lead_outside_or_deceive_are_refused(name):
    assert refusal_of_zip(a_zip({name: b"words"})) == "zip_path"


def test_a_name_cut_by_a_nul_byte_is_refused():
    archive = a_zip({"a.jpg_.exe": b"words"}).replace(b"a.jpg_.exe", b"a.jpg\0.exe")
    assert refusal_of_zip(archive) == "zip_path"


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(kind):
    entry = zipfile.ZipInfo("a.jpg")
    entry.external_attr = (kind | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    assert refusal_of_zip(buffer.getvalue()) == "zip_path"


@pytest.mark.parametrize(
    "entries",
    [
        {"工资条.exe": b"words"},
        {"工资条.jpg .exe. ": b"words"},
        {"a/b.LNK": b"words"},
        {"a.html": b"words"},
        {"工资条.jpg": PROGRAM},
        {"工资条": b"\x7fELF" + bytes(60)},
        {"a.rar": b"words"},
        {"a.jpg": b"Rar!\x1a\x07\0" + bytes(60)},
        {"inner.zip": a_zip({"x.scr": b"words"})},
        {"inner.dat": a_zip({"photo.png": PROGRAM})},
    ],
)
def test_programs_and_unreadable_archives_inside_are_refused(entries):
    assert refusal_of_zip(a_zip(entries)) == "zip_executable"


def test_a_second_name_hidden_in_an_extra_field_is_read_too():
    entry = zipfile.ZipInfo("a.jpg")
    hidden = b"\x01\0\0\0\0" + b"a.exe"
    entry.extra = struct.pack("<HH", 0x7075, len(hidden)) + hidden
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(entry, b"words")
    assert refusal_of_zip(buffer.getvalue()) == "zip_executable"


def test_a_voice_recording_inside_is_no_script():
    assert inspect_zip(io.BytesIO(a_zip({"语音.amr": b"#!AMR\n" + bytes(40)})), LIMITS, None)


def test_archives_with_a_password_are_refused():
    plain = a_zip({"a.jpg": a_jpeg()}, zipfile.ZIP_STORED)
    assert refusal_of_zip(patched(plain, 6, b"\x01\0")) == "zip_encrypted"
    assert refusal_of_zip(patched(plain, 8, struct.pack("<H", 99))) == "zip_encrypted"


def test_too_many_entries_are_refused_before_the_directory_is_read():
    assert refusal_of_zip(a_zip({f"{n}.txt": b"" for n in range(51)})) == "zip_bomb"


def test_entries_of_inner_archives_count_as_well():
    inner = a_zip({f"{n}.txt": b"" for n in range(30)})
    assert refusal_of_zip(a_zip({"a.zip": inner, "b.zip": inner})) == "zip_bomb"


def test_an_archive_that_grows_beyond_the_limit_is_refused():
    assert refusal_of_zip(a_zip({"a.txt": bytes(9 * 1024 * 1024)})) == "zip_bomb"
    half = a_zip({"a.txt": a_jpeg(3 * 1024 * 1024)})
    assert refusal_of_zip(a_zip({"a.zip": half, "b.zip": half, "c.zip": half})) == "zip_bomb"


def test_a_suspicious_ratio_is_refused_for_large_entries_only():
    assert refusal_of_zip(a_zip({"a.txt": bytes(2 * 1024 * 1024)})) == "zip_bomb"
    assert inspect_zip(io.BytesIO(a_zip({"a.txt": bytes(1000 * 1024)})), LIMITS, None)


def test_archives_within_archives_end_at_the_third_level():
    level = a_zip({"a.txt": b"words"})
    for _ in range(2):
        level = a_zip({"inner.zip": level})
    assert inspect_zip(io.BytesIO(level), LIMITS, None)
    assert refusal_of_zip(a_zip({"inner.zip": level})) == "zip_bomb"


def test_entries_that_share_their_bytes_are_refused():
    archive = a_zip({"a.txt": b"words" * 99, "b.txt": b"words" * 99})
    start = archive.index(b"PK\x01\x02")
    second = archive.index(b"PK\x01\x02", start + 1)
    overlapping = bytearray(archive)
    overlapping[second + 42 : second + 46] = bytes(4)  # b.txt begins where a.txt does
    assert refusal_of_zip(bytes(overlapping)) == "zip_bomb"


def test_a_stream_longer_than_declared_is_noticed():
    # The declared size and check sum are those of the first byte: a reader that stops there is
    # satisfied, one that goes on would write 4 MiB.
    archive = a_zip({"a.txt": b"a" * 4 * 1024 * 1024})
    lying = patched(
        patched(archive, 22, struct.pack("<I", 1)), 14, struct.pack("<I", zlib.crc32(b"a"))
    )
    with zipfile.ZipFile(io.BytesIO(lying)) as believed:
        assert believed.read("a.txt") == b"a"
    assert refusal_of_zip(lying) == "zip_bomb"


@pytest.mark.parametrize(
    "archive",
    [
        b"PK\x03\x04" + bytes(100),
        a_zip({"a.txt": b"words"})[:-30],
        patched(a_zip({"a.txt": b"words"}), 14, bytes(4)),
        patched(a_zip({"a.txt": b"words"}), 30, b"b", directory=False),
        patched(a_zip({"a.txt": b"words"}), 8, struct.pack("<H", 12)),
        patched(a_zip({"a.txt": b"words" * 99}), 40, b"\xff\xff\xff\xff", directory=False),
    ],
    ids=["no entries", "no end", "checksum", "other name", "other method", "other size"],
)
def test_damaged_or_inconsistent_archives_are_refused(archive):
    assert refusal_of_zip(archive) == "zip_broken"


def test_inspecting_a_large_archive_keeps_memory_flat():
    archive = io.BytesIO(a_zip({"a.jpg": a_jpeg(20 * 1024 * 1024)}, zipfile.ZIP_STORED))
    tracemalloc.start()
    inspect_zip(archive, ZipLimits(), None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * 1024 * 1024


def test_reasons_are_written_in_both_languages():
    for reason in REASONS.values():
        assert reason.zh
        assert reason.en
        assert "，" in reason.zh or "。" in reason.zh


@given(st.text(max_size=20))
def test_a_suffix_is_short_lower_case_and_never_ends_in_dots(name):
    assert suffix_of(name).strip(". ") == suffix_of(name).lower()
