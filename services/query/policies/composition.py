"""A policy out of the lines of a text, whichever form of file they came in; pure.

The lines have the common form: perhaps a header block between `---`, `# title`, dated statements on
who passed it, `## chapter`, `### section`, paragraphs that begin with 第…条. A text that leaves a
doubt is left out whole, with the line that raised it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from services.query.policies import metadata
from services.query.policies.decoding import Lines
from services.query.policies.entries import body_lines, divided, opens
from services.query.policies.policy import Policy
from services.query.policies.sources import Unreadable, checked_articles, iso_day
from services.query.policies.stated import Stated, key_and_value, stated, stated_line
from shared.errors import Text

MAX_TITLE = 200
MAX_POLICY_CHARACTERS = 4_000_000  # of 3 bytes each: a MongoDB document has 16 MiB at most
_NAME_DATE = re.compile(r"[(（](\d{4}-\d{2}-\d{2})[)）]$")
_UNDATED = frozenset({"typical_case", "question_and_answer"})
_HEADER_MOST = 100


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text was found, as far as that tells of it: the file's name without its ending (the
    date of promulgation may stand in it) and the folders above it, the nearest last.
    """

    stem: str = ""
    folders: tuple[str, ...] = ()


class Composed(NamedTuple):
    policy: Policy
    notes: tuple[Text, ...]


def composed(lines: Lines, given: Stated, origin: Origin, *, marked: bool) -> Composed:
    """The policy; Unreadable for a text with a doubt. `given` wins over what the text states.
    `marked`: the title has its `#` (Markdown); of other texts it is the first line.
    """
    lines, header = _without_header(lines)
    said = given.over(header)
    title_line, printed, lines = _title(lines, said, marked=marked)
    lines, told = _without_told(lines)
    marks, lines = metadata.head_and_body(lines)
    promulgated = said.promulgated_on or _day_named(origin) or metadata.promulgation(marks)
    promulgated = promulgated or told.promulgated_on
    said = said.over(told)
    title = re.sub(r"\s+", "", said.title or printed)
    numbers = said.numbers or metadata.numbers(marks)
    kind = said.kind or _kind(origin, title, numbers, title_line)
    preamble, articles = divided(body_lines(lines), kind)
    issuers = said.issuers or metadata.issuers(marks, printed, kind, origin.folders, numbers)
    status = said.status or ("repealed" if metadata.is_repealed(marks) else "in_force")
    policy = Policy(
        title=title,
        kind=kind,
        issuer=issuers[0] if issuers else "",
        co_issuers=tuple(issuers[1:]),
        numbers=tuple(numbers),
        region=said.region or metadata.region_of(title),
        promulgated_on=promulgated,
        effective_on=said.effective_on or metadata.effect(marks, articles, promulgated),
        status=status,
        category=said.category or "",
        repealed_on=said.repealed_on,
        successor=said.successor or "",
        preamble=preamble,
        articles=checked_articles(articles),
    )
    _check(policy)
    return Composed(policy, _notes(policy))


def _kind(origin: Origin, title: str, numbers: Sequence[str], line: int) -> str:
    kind = metadata.kind_of(origin.folders, title, numbers)
    kind = kind or ("question_and_answer" if "问答" in title else None)
    if kind is None:
        message = Text(
            "所在文件夹未说明文件种类，请说明 kind",
            "Nothing tells the kind of policy: state `kind`",
        )
        raise Unreadable(line, "unknown_kind", message)
    return kind


def _day_named(origin: Origin) -> date | None:
    named = _NAME_DATE.search(origin.stem)
    return iso_day(named[1], 0) if named else None


def _without_header(lines: Lines) -> tuple[Lines, Stated]:
    """The lines behind a header block between two `---`, and what it states."""
    first = next((i for i, (_, text) in enumerate(lines) if text), len(lines))
    if first == len(lines) or lines[first][1] != "---":
        return lines, Stated()
    block: list[tuple[str, str, int]] = []
    for place in range(first + 1, min(len(lines), first + _HEADER_MOST)):
        number, text = lines[place]
        if text == "---":
            return lines[place + 1 :], stated(block)
        if text:
            block.append(key_and_value(text, number))
    message = Text("开头的说明没有以 --- 结束", "The header block does not end with ---")
    raise Unreadable(lines[first][0], "header_without_end", message)


def _title(lines: Lines, said: Stated, *, marked: bool) -> tuple[int, str, Lines]:
    """The line of the title, its words, and the lines behind it (all, if it is only stated)."""
    place = next((i for i, (_, text) in enumerate(lines) if text), -1)
    number, text = lines[place] if place >= 0 else (1, "")
    bare = "" if marked or opens(text) else text
    words = text[2:].strip() if text.startswith("# ") else bare
    if not words and said.title:
        return number, said.title, lines
    if not words:
        raise Unreadable(number, "title_missing", Text("首行应为“# 标题”", "No `# title` first"))
    if len(words) > MAX_TITLE:
        raise Unreadable(number, "too_long", Text("标题过长", "The title is too long"))
    return number, words, lines[place + 1 :]


def _without_told(lines: Lines) -> tuple[Lines, Stated]:
    """The lines without those under the title that name what they tell (文号：…), and what those
    state; they stand before the body, among dated statements.
    """
    end = next(
        (
            i
            for i, (_, t) in enumerate(lines)
            if t and not stated_line(t) and not metadata.marks_of(t)
        ),
        len(lines),
    )
    told = [(*pair, number) for number, text in lines[:end] if (pair := stated_line(text))]
    kept = [line for line in lines[:end] if not stated_line(line[1])] + lines[end:]
    # The day a site published a text is the weakest thing it says of the day of promulgation.
    return kept, stated(sorted(told, key=lambda pair: pair[0] != "发布日期"))


def _check(policy: Policy) -> None:
    articles = sum(len(a.label) + len(a.heading) + len(a.text) for a in policy.articles)
    if articles + len(policy.preamble) > MAX_POLICY_CHARACTERS:
        raise Unreadable(0, "too_large", Text("文本过长", "The text is too long"))
    if policy.repealed_on and policy.begins_on and policy.repealed_on < policy.begins_on:
        message = Text("失效日期早于施行日期", "It ended before it took effect")
        raise Unreadable(0, "ends_before_start", message)


def _notes(policy: Policy) -> tuple[Text, ...]:
    if policy.promulgated_on is None and policy.kind not in _UNDATED:
        return (Text("没有找到公布日期", "No day of promulgation was found"),)
    return ()
