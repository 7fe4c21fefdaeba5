"""The lines of a policy out of a Word file (.docx).

A file is looked at before it is unpacked: what would grow beyond MAX_UNPACKED bytes, has too many
parts, is encrypted or is an old .doc is a fault. Lines are counted by paragraphs, a row of a table
being one; numbers that Word only draws are not in the text and lead to a note.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

import docx
from docx.document import Document as DocumentObject
from docx.exceptions import PythonDocxError
from docx.opc.exceptions import OpcError
from docx.table import Table
from docx.text.paragraph import Paragraph
from lxml import etree

from services.query.policies.decoding import Lines, visible
from services.query.policies.sources import Unreadable
from shared.errors import Text

MAX_UNPACKED: Final = 16 * 1024 * 1024
MAX_PARTS: Final = 2_000
MAX_PARAGRAPHS: Final = 50_000
_ENCRYPTED = 0x1
_HEADING = re.compile(r"(?:heading|标题) ?([1-5])", re.IGNORECASE)


def word_lines(content: bytes) -> tuple[Lines, Text | None]:
    """Numbered lines in the common form, headings with their `#`; Unreadable for a broken file."""
    _check_package(content)
    try:
        document = docx.Document(io.BytesIO(content))
        blocks = list(islice(document.iter_inner_content(), MAX_PARAGRAPHS + 1))
        headings = _headings(document)
        found = [
            (number, line)
            for number, block in enumerate(blocks, 1)
            for line in _texts(block, headings)
            if line
        ]
        drawn = any(map(_is_drawn, blocks))
    except _BROKEN as error:
        raise Unreadable(0, "broken_docx", _BROKEN_FILE) from error
    if len(blocks) > MAX_PARAGRAPHS:
        message = Text("段落过多", "Too many paragraphs")
        raise Unreadable(MAX_PARAGRAPHS, "too_large", message)
    note = Text("自动编号不在文字中，未读取", "Automatic numbers are not in the text: not read")
    return found, note if drawn else None


_BROKEN_FILE = Text("不是有效的 Word 文件", "This is no valid Word file")
_BROKEN: tuple[type[Exception], ...] = (
    zipfile.BadZipFile, KeyError, ValueError, IndexError, AttributeError, TypeError, OSError,
    NotImplementedError, EOFError, RuntimeError, zlib.error, etree.LxmlError, OpcError,
    PythonDocxError, AssertionError,
)  # fmt: skip
"""What python-docx, zipfile and lxml raise for files that are not what they say; python-docx has no
error of its own for most of it."""


def _check_package(content: bytes) -> None:
    """Unreadable for what should not even be opened; reads the list of parts only."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
    except _BROKEN as error:
        raise Unreadable(0, "broken_docx", _BROKEN_FILE) from error
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise Unreadable(0, "encrypted", Text("文件已加密", "The file is encrypted"))
    # zipfile never unpacks more of a part than is stated here.
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        message = Text("文件解压后过大", "The file would be too large when unpacked")
        raise Unreadable(0, "unpacks_too_large", message)


def _headings(document: DocumentObject) -> dict[str, str]:
    """The mark of each style that is one of headings, by its id."""
    styles = ((style.style_id, style.name or "") for style in document.styles)
    found = ((style_id, _HEADING.fullmatch(name)) for style_id, name in styles)
    return {style_id: f"{'#' * (int(level[1]) + 1)} " for style_id, level in found if level}


def _texts(block: Paragraph | Table, headings: Mapping[str, str]) -> Iterator[str]:
    if isinstance(block, Table):
        for row in block._tbl.tr_lst:  # noqa: SLF001 - `row.cells` believes any width that is stated
            cells = (
                " ".join(visible(Paragraph(p, block).text.replace("\n", " ")) for p in cell.p_lst)
                for cell in row.tc_lst
            )
            texts = [text for text in cells if text]
            colon = len(texts) == 2 and texts[0].endswith(("：", ":"))
            yield ("" if colon else "　").join(texts)
        return
    style = block._p.style  # noqa: SLF001 - `block.style` looks through all styles each time
    mark = headings.get(style or "", "")
    for line in block.text.splitlines():
        words = visible(line)
        if words:
            yield f"{mark}{words}"


def _is_drawn(block: Paragraph | Table) -> bool:
    """Whether Word draws a number before a paragraph that has text."""
    return isinstance(block, Paragraph) and bool(
        block.text.strip() and block._p.pPr is not None and block._p.pPr.numPr is not None  # noqa: SLF001
    )
