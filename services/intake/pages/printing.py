"""A composed document (document_kinds.composed) as a page and as PDF: pure functions of it.

The PDF is PDF/A-2a and PDF/UA-1 with the glyphs it uses embedded, and the same bytes whenever it is
made of the same document (docs/decisions/0012-documents.md). A character that the fonts lack is
printed as 〓 with its code point beside it; the page shows it as the reader's device can.
"""

from __future__ import annotations

import struct
import threading
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
from markupsafe import Markup

from services.intake.pages.policy import page_template, qr_image, qr_inline
from shared.errors import Permanent

if TYPE_CHECKING:
    import typst

_FOLDER: Final = Path(__file__).parent
_COMPILING: Final = threading.Lock()
"""A compiler holds the inputs of one document at a time."""


def render_page(document: Mapping[str, Any]) -> str:
    """The document as one page of HTML with its style inside; everything in it is escaped."""
    return page_template("document.html").render(
        document=document,
        style=Markup((_FOLDER / "document.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        qr=Markup(qr_inline(document["proof"]["url"])),  # noqa: S704 - drawn by us from digits
    )


def render_pdf(document: Mapping[str, Any], at: datetime) -> bytes:
    """The document as PDF; `at` is the moment its metadata names as its making."""
    proof = {**document["proof"], "qr": qr_image(document["proof"]["url"])}
    printed = _with_known_glyphs({**document, "proof": proof})
    with _COMPILING:
        pdf = _compiler().compile(
            format="pdf",
            sys_inputs={"document": orjson.dumps(printed).decode()},
            pdf_standards=["a-2a", "ua-1"],
            timestamp=int(at.timestamp()),
        )
    if not isinstance(pdf, bytes):
        raise Permanent("unprintable: one PDF expected")
    return pdf


@cache
def _compiler() -> typst.Compiler:
    import typst  # 30 ms and 30 MiB: only for processes that print

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(_fonts())]
    )
    return typst.Compiler(
        str(_FOLDER / "document.typ"), root=str(_FOLDER), font_paths=fonts, ignore_system_fonts=True
    )


def _fonts() -> Path:
    from pylopdf_fonts_zh_cn import serif_path

    return serif_path().parent


# --- characters that the fonts lack ----------------------------------------------------------


def _with_known_glyphs(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() and value.isprintable() else "".join(map(_known, value))
    if isinstance(value, Mapping):
        return {key: _with_known_glyphs(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_known_glyphs(inner) for inner in value]
    return value


def _known(character: str) -> str:
    code = ord(character)
    if character.isspace():
        return character if character in " \u3000" else " "
    if unicodedata.category(character) in {"Cc", "Cf"}:
        return ""
    starts, ends = _covered()
    place = bisect_right(starts, code) - 1
    return character if place >= 0 and code <= ends[place] else f"〓（U+{code:04X}）"


@cache
def _covered() -> tuple[list[int], list[int]]:
    """First and last code points of the runs that the serif font has glyphs for, in order."""
    from pylopdf_fonts_zh_cn import serif_path

    runs = sorted(_runs(serif_path().read_bytes()))
    return [first for first, _ in runs], [last for _, last in runs]


def _runs(font: bytes) -> Iterator[tuple[int, int]]:
    """The runs of a font's character map (OpenType `cmap`, subtable format 12)."""
    tables = struct.unpack_from(">H", font, 4)[0]
    entries = (struct.unpack_from(">4sLLL", font, 12 + 16 * n) for n in range(tables))
    cmap = next(offset for tag, _, offset, _ in entries if tag == b"cmap")
    for n in range(struct.unpack_from(">H", font, cmap + 2)[0]):
        table = cmap + struct.unpack_from(">L", font, cmap + 4 + 8 * n + 4)[0]
        if struct.unpack_from(">H", font, table)[0] == 12:
            for group in range(struct.unpack_from(">L", font, table + 12)[0]):
                first, last, _ = struct.unpack_from(">LLL", font, table + 16 + 12 * group)
                yield first, last
            return
