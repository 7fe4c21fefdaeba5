"""What a document consists of, free of any form: the same parts become the page and the PDF."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from shared.errors import Language, Text


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: Text


@dataclass(frozen=True, slots=True)
class Heading:
    """The beginning of a clause or section."""

    text: Text


@dataclass(frozen=True, slots=True)
class Items:
    """A numbered list."""

    items: Sequence[Text]


@dataclass(frozen=True, slots=True)
class Facts:
    """Labelled lines."""

    rows: Sequence[tuple[Text, Text]]


@dataclass(frozen=True, slots=True)
class Table:
    """A ruled table; `numeric` are the positions of columns of figures, `wide` those that take up
    the room that is left."""

    columns: Sequence[Text]
    rows: Sequence[Sequence[Text]]
    numeric: Sequence[int] = ()
    wide: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of somebody, as they were written."""

    paragraphs: Sequence[Text]


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signs: label, name, and when and by which means it was done; "" leaves room for ink."""

    label: Text
    name: Text
    done: Text


@dataclass(frozen=True, slots=True)
class Signatures:
    """The block of signatures."""

    rows: Sequence[Signature]


@dataclass(frozen=True, slots=True)
class Ticket:
    """The number and the code of a receipt, to be kept."""

    rows: Sequence[tuple[Text, Text]]
    hint: Text


Part = Paragraph | Heading | Items | Facts | Table | Quote | Signatures | Ticket


@dataclass(frozen=True, slots=True)
class Closing:
    """Who issues the document and on which day; `seal` where the organisation's seal belongs."""

    issuer: Text
    day: Text
    seal: Text


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document in both languages. `sources` are keys of SOURCES."""

    title: Text
    parts: Sequence[Part]
    closing: Closing
    addressee: Text | None = None
    sources: Sequence[str] = ()


def words(text: str) -> Text:
    """What people wrote, in whatever language: the same in both."""
    return Text(text, text)


UNSAID: Final = words("")
"""Where there is nothing to say, in either language."""


def quoted(text: str | None) -> list[Part]:
    """People's words as a part, a paragraph a line; none if nothing was said."""
    lines = [line.strip() for line in (text or "").splitlines()]
    said = [words(line) for line in lines if line]
    return [Quote(said)] if said else []


def both(zh: str, en: str, **names: Text | str) -> Text:
    """A sentence with names put in, each in its language."""
    given = {k: v if isinstance(v, Text) else words(v) for k, v in names.items()}
    return Text(
        zh.format(**{k: v.zh for k, v in given.items()}),
        en.format(**{k: v.en for k, v in given.items()}),
    )


def joined(texts: Iterable[Text], zh: str = "、", en: str = ", ") -> Text:
    listed = list(texts)
    return Text(zh.join(t.zh for t in listed), en.join(t.en for t in listed))


def told(part: Any, language: Language) -> Any:
    """A part in one language, as JSON: objects carry `part`, the name of their kind."""
    if isinstance(part, Text):
        return part.to(language)
    if isinstance(part, str | int | None):
        return part
    if isinstance(part, list | tuple):
        return [told(element, language) for element in part]
    named = {field.name: told(getattr(part, field.name), language) for field in fields(part)}
    return {"part": type(part).__name__.lower(), **named}
