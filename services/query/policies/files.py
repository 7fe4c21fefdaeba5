"""Reading policies from files and folders: each file whole or not at all, within bounds.

One form a file: Markdown, web page, Word, plain text, told by the ending of its name or by its media
type. A file has at most MAX_FILE_BYTES; more is not read. What cannot be read is a fault with its
line (of Word files the paragraph); one file's fault keeps no other out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path

from services.query.policies.composition import Composed, Origin, composed
from services.query.policies.decoding import Lines, decoded, visible
from services.query.policies.sources import Fault, Reading, Unreadable
from services.query.policies.stated import Stated
from shared.errors import Refused, Text

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_FILES = 10_000


def _text_lines(content: bytes) -> tuple[Lines, Text | None]:
    text, note = decoded(content)
    numbered = enumerate(text.splitlines(), 1)
    lines = ((number, visible(line.replace("**", ""))) for number, line in numbered)
    return [(number, line) for number, line in lines if line], note


# lxml and python-docx take a tenth of a second to load: only processes that import do.


def _html_lines(content: bytes) -> tuple[Lines, Text | None]:
    from services.query.policies.html import html_lines

    return html_lines(content)


def _word_lines(content: bytes) -> tuple[Lines, Text | None]:
    from services.query.policies.word import word_lines

    return word_lines(content)


_READERS: Mapping[str, Callable[[bytes], tuple[Lines, Text | None]]] = {
    "markdown": _text_lines,
    "html": _html_lines,
    "docx": _word_lines,
    "text": _text_lines,
}

FORM_OF_ENDING: Mapping[str, str] = {
    ".md": "markdown", ".markdown": "markdown",
    ".html": "html", ".htm": "html",
    ".docx": "docx",
    ".txt": "text",
}  # fmt: skip
"""Endings of names, and the form of a file that has it."""

FORM_OF_MEDIA_TYPE: Mapping[str, str] = {
    "text/markdown": "markdown",
    "text/html": "html",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "text/plain": "text",
}


def read_text(content: bytes, form: str, given: Stated, origin: Origin) -> Composed:
    """The policy of a file's bytes; Unreadable for a text with a doubt."""
    if len(content) > MAX_FILE_BYTES:
        raise Unreadable(0, "too_large", Text("文件超过 4 MiB", "The file is over 4 MiB"))
    lines, note = _READERS[form](content)
    policy, notes = composed(lines, given, origin, marked=form in ("markdown", "html"))
    return Composed(policy, (note, *notes) if note else notes)


def read_files(
    paths: Iterable[Path], given: Stated | None = None, seen: set[str] | None = None
) -> Reading:
    """Policies of files, in their order; of two with the same id the first is kept. `given` is
    stated of each of them; `seen` are the ids read before, and gets those read now.
    """
    reading = Reading()
    seen = set() if seen is None else seen
    for path in paths:
        try:
            policy, notes = _file(path, given or Stated())
        except Unreadable as fault:
            reading.faults.append(Fault(str(path), fault.line, fault.code, fault.message))
            continue
        except OSError:
            message = Text("文件无法读取", "The file cannot be read")
            reading.faults.append(Fault(str(path), 0, "unreadable", message))
            continue
        if policy.id in seen:
            message = Text("与另一文件为同一政策", "Another file holds this policy")
            reading.faults.append(Fault(str(path), 1, "duplicate", message))
            continue
        seen.add(policy.id)
        reading.policies.append(policy)
        reading.notes += (Fault(str(path), 0, "note", note) for note in notes)
    return reading


def files_under(paths: Iterable[Path]) -> list[Path]:
    """The files named, and those of a known form in the folders named, by name; Refused for more
    than MAX_FILES.
    """
    found = list(islice(chain.from_iterable(map(_of, paths)), MAX_FILES + 1))
    if len(found) > MAX_FILES:
        message = Text(f"文件超过{MAX_FILES}个", f"There are more than {MAX_FILES} files")
        raise Refused("validation_failed", message)
    return found


def _of(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.suffix.lower() in FORM_OF_ENDING and not file.name.startswith((".", "~$")):
            yield file


def _file(path: Path, given: Stated) -> Composed:
    form = FORM_OF_ENDING.get(path.suffix.lower())
    if form is None:
        message = Text("不支持这种文件", "Files of this form are not read")
        raise Unreadable(0, "unknown_form", message)
    if path.exists() and not path.is_file():
        raise Unreadable(0, "unreadable", Text("不是普通文件", "This is no regular file"))
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    return read_text(content, form, given, Origin(path.stem, path.parts[:-1]))
