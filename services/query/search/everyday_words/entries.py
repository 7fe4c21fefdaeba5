"""Tables of everyday words, and how they are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class EverydayWord(NamedTuple):
    """`said` are terms as people write them, `meant` wordings of the statutes, the most telling
    first. Of the alternatives of a term only the first is in `said`; all are in `spellings`.
    """

    said: tuple[str, ...]
    spellings: tuple[str, ...]
    meant: tuple[str, ...]


def read(table: str) -> tuple[EverydayWord, ...]:
    """The entries of a table; they are parted by empty lines.

    Lines up to the one that begins with "=" hold the terms, parted by 、, where (a|b|) stands for
    a, for b and for nothing. From there on stand the wordings meant, parted by ；. A line may end
    anywhere between two characters of Chinese.
    """
    return tuple(_entry(block) for block in table.split("\n\n"))


def _entry(block: str) -> EverydayWord:
    left, _, right = block.partition("\n  = ")
    terms = [spellings(term) for term in _joined(left).split("、")]
    return EverydayWord(
        said=tuple(term[0] for term in terms),
        spellings=tuple(dict.fromkeys(spelling for term in terms for spelling in term)),
        meant=tuple(_joined(right).split("；")),
    )


def _joined(lines: str) -> str:
    return "".join(line.strip() for line in lines.splitlines())


def spellings(term: str) -> tuple[str, ...]:
    """Every way to read a term with alternatives; brackets may stand within brackets.

    >>> spellings("(不|没)发(工资|)")
    ('不发工资', '不发', '没发工资', '没发')
    """
    if "(" not in term:
        return (term,)
    return tuple(filter(None, dict.fromkeys(_alternatives(iter(term)))))


def _alternatives(rest: Iterator[str]) -> list[str]:
    """What stands before the closing bracket, or before the end, in all its forms."""
    finished: list[str] = []
    forms = [""]
    for character in rest:
        if character == ")":
            break
        if character == "|":
            finished += forms
            forms = [""]
        else:
            endings = _alternatives(rest) if character == "(" else [character]
            forms = [form + ending for form in forms for ending in endings]
    return finished + forms
