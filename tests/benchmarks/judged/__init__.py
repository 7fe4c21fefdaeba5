"""Everyday questions and the articles that answer them, judged by reading the laws.

`README.md` beside this file says how they were judged, and what `held_back.tsv` must never be
used for.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from services.query.policies.policy import short_title
from tests.benchmarks.quality import ANSWERS

FOLDER = Path(__file__).parent
COLUMNS = "subject\tquestion\tstatutes\tby_import"
"""`statutes` are articles of the statutes package, `by_import` of what comes by import only."""

FULL_TITLES: Mapping[str, str] = {
    "劳动争议解释一": "最高人民法院关于审理劳动争议案件适用法律问题的解释（一）",
    "工伤行政案件规定": "最高人民法院关于审理工伤保险行政案件若干问题的规定",
    "拒不支付劳动报酬解释": "最高人民法院关于审理拒不支付劳动报酬刑事案件适用法律若干问题的解释",
}
"""Titles too long for a line of the files."""

_GRADED = re.compile(r"(\D+)(\d+(?:-\d+)?)=([123])")


class Cited(NamedTuple):
    """An article by the short title of its policy and its number, 120-1 for 第一百二十条之一."""

    title: str
    number: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question as people type it and the grades of the articles, 3 to 1."""

    subject: str
    text: str
    statutes: Mapping[Cited, int]
    by_import: Mapping[Cited, int]

    def judged_in(self, library: Container[Cited]) -> dict[Cited, int]:
        """The grades of the articles that the library holds; none at all when nothing in it
        answers the question, which is then not asked."""
        grades = {**self.statutes, **self.by_import}
        held = {cited: grade for cited, grade in grades.items() if cited in library}
        return held if ANSWERS in held.values() else {}


def tuning() -> list[Question]:
    """The questions that the search may be improved by."""
    return _read(FOLDER / "tuning.tsv")


def held_back() -> list[Question]:
    """The questions of which only the means are ever looked at."""
    return _read(FOLDER / "held_back.tsv")


def _read(path: Path) -> list[Question]:
    head, *lines = path.read_text("utf-8").splitlines()
    if head != COLUMNS:
        raise ValueError(f"{path.name}: the first line is not {COLUMNS!r}")
    return [_question(line) for line in lines]


def _question(line: str) -> Question:
    subject, text, statutes, by_import = line.split("\t")
    return Question(subject, text, _grades(statutes), _grades(by_import))


def _grades(cell: str) -> dict[Cited, int]:
    grades: dict[Cited, int] = {}
    for written in cell.split():
        match = _GRADED.fullmatch(written)
        if match is None:
            raise ValueError(f"not of the form 劳动合同法47=3: {written}")
        title, number, grade = match.groups()
        cited = Cited(short_title(FULL_TITLES.get(title, title)), number)
        if cited in grades:
            raise ValueError(f"graded twice: {written}")
        grades[cited] = int(grade)
    return grades
