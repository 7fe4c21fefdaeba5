"""Reading policies from Markdown law files in their common form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from services.query.policies.policy import NATIONAL, NUMERAL, Policy, article_number
from services.query.policies.sources import (
    Fault,
    RawArticle,
    Reading,
    Unreadable,
    checked_articles,
    heading_of,
    iso_day,
)
from shared import divisions
from shared.errors import Text

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_FILES = 10_000

KIND_OF_FOLDER: dict[str, str] = {
    "宪法": "law", "宪法相关法": "law", "民法典": "law", "民法商法": "law", "行政法": "law",
    "经济法": "law", "社会法": "law", "刑法": "law", "诉讼与非诉讼程序法": "law", "法律": "law",
    "行政法规": "administrative_regulation",
    "部门规章": "department_rule",
    "地方性法规": "local_regulation",
    "地方政府规章": "local_rule",
    "司法解释": "judicial_interpretation",
    "规范性文件": "normative_document",
    "案例": "typical_case",
    "典型案例": "typical_case",
}  # fmt: skip
"""Folders of the common Markdown collections and the kind of what lies in them."""

_ARTICLE = re.compile(
    rf"(第[{NUMERAL}]{{1,9}}条(?:之[{NUMERAL}]{{1,3}})?)(?:[\s\u3000]+(?P<text>.*)|$)"
)
_HEADED = re.compile(r"##\s+(.+)(?P<text>)")
_ITEM = re.compile(r"([一二三四五六七八九十]{1,3})、(?P<text>.+)")
_DATED = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_NAME_DATE = re.compile(r"[(（](\d{4}-\d{2}-\d{2})[)）]$")
_EFFECT = re.compile(
    r"自(?:(\d{4})年(\d{1,2})月(\d{1,2})日|公布之日|发布之日|颁布之日)起(?:施行|实施)"
)
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_ISSUERS = (
    "全国人民代表大会常务委员会", "全国人民代表大会", "最高人民法院", "最高人民检察院", "国务院",
)  # fmt: skip


def read_markdown(paths: Iterable[Path]) -> Reading:
    """Policies of Markdown files and of folders of them, in the order of their names.

    The form: `# title`, dated lines on who passed it, `<!-- INFO END -->`, `## chapter`,
    `### section`, paragraphs that begin with 第…条; the date of promulgation in the file's name,
    the kind from a folder's name. Texts without articles count their headings or 一、二、三、
    as articles. Policies keep the earlier file where two have the same id.
    """
    reading = Reading()
    seen: set[str] = set()
    for count, path in enumerate(_files(paths), 1):
        if count > MAX_FILES:
            message = Text("文件过多", "Too many files")
            reading.faults.append(Fault(str(path), 0, "too_many_files", message))
            break
        try:
            policy = _markdown(path)
        except Unreadable as fault:
            reading.faults.append(Fault(str(path), fault.line, fault.code, fault.message))
        except OSError:
            message = Text("文件无法读取", "The file cannot be read")
            reading.faults.append(Fault(str(path), 0, "unreadable", message))
        else:
            if policy.id in seen:
                message = Text("与另一文件为同一政策", "Another file holds this policy")
                reading.faults.append(Fault(str(path), 1, "duplicate", message))
                continue
            seen.add(policy.id)
            reading.policies.append(policy)
    return reading


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.rglob("*.md")) if path.is_dir() else (path,)


def _markdown(path: Path) -> Policy:
    lines = _lines(path)
    title_line, title = next(((n, t) for n, t in lines if t), (1, ""))
    if not title.startswith("# ") or not title[2:].strip():
        raise Unreadable(
            title_line, "title_missing", Text("首行应为“# 标题”", "No `# title` first")
        )
    named = _NAME_DATE.search(path.stem)
    promulgated = iso_day(named[1], 0) if named else None
    marks = _marks(lines, title_line)
    title = re.sub(r"\s+", "", title[2:])
    kind = _kind(path, title)
    known = (name for _, mark in marks for name in _ISSUERS if name in mark)
    issuer = next(known, "") or _issuer(path, title, kind)
    preamble, articles = _articles(lines, after=marks[-1][0] if marks else title_line)
    policy = Policy(
        title=title,
        kind=kind,
        issuer=issuer,
        region=_region(title),
        promulgated_on=promulgated,
        effective_on=_effective(marks, articles, promulgated),
        status="repealed" if marks and marks[-1][1].endswith("废止") else "in_force",
        preamble=preamble,
        articles=checked_articles(articles),
    )
    return policy if promulgated or not marks else replace(policy, promulgated_on=_last_day(marks))


def _lines(path: Path) -> list[tuple[int, str]]:
    """Numbered lines without what cannot be seen."""
    content = path.read_bytes()
    if len(content) > MAX_FILE_BYTES:
        raise Unreadable(0, "too_large", Text("文件超过 4 MiB", "The file is over 4 MiB"))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, "not_utf8", Text("不是 UTF-8 编码", "Not UTF-8")) from error
    return [
        (number, line.translate(_INVISIBLE).replace("**", "").strip())
        for number, line in enumerate(text.splitlines(), 1)
    ]


def _marks(lines: Sequence[tuple[int, str]], title_line: int) -> list[tuple[int, str]]:
    """The dated lines under the title that tell who passed the text and when."""
    marks = []
    for number, line in lines:
        if number <= title_line or not line:
            continue
        if not _DATED.match(line):
            break
        marks.append((number, line.rstrip("）) 　")))
    return marks


def _articles(lines: Sequence[tuple[int, str]], after: int) -> tuple[str, list[RawArticle]]:
    """The text before the first article and the articles, whatever the text counts by."""
    body = [(n, t) for n, t in lines if n > after and t and not t.startswith("<!--")]
    if any(_ARTICLE.match(text) for _, text in body):
        return _by_article(body)
    headed = any(_HEADED.match(text) for _, text in body)
    return _by_opening(body, _HEADED if headed else _ITEM)


def _by_article(body: Sequence[tuple[int, str]]) -> tuple[str, list[RawArticle]]:
    """Paragraphs that begin with 第…条 open an article; headings above them are its place."""
    headings: dict[int, str] = {}
    preamble: list[str] = []
    articles: list[RawArticle] = []
    for number, text in body:
        level, heading = heading_of(text)
        opening = _ARTICLE.match(text)
        if heading:
            headings = {k: v for k, v in headings.items() if k < level} | {level: heading}
        elif opening:
            place = "　".join(headings.values())
            words = (opening["text"] or "").strip()
            article = article_number(opening[1]) or ""
            articles.append(RawArticle(number, article, opening[1], place, words))
        elif articles:
            articles[-1] = _with_paragraph(articles[-1], text)
        else:
            preamble.append(text)
    return "\n".join(preamble), articles


def _by_opening(
    body: Sequence[tuple[int, str]], opens: re.Pattern[str]
) -> tuple[str, list[RawArticle]]:
    """Lines that match open a section, which is counted as an article; the rest of it is its label."""
    preamble: list[str] = []
    sections: list[RawArticle] = []
    for number, text in body:
        opening = opens.match(text)
        if opening:
            count = str(len(sections) + 1)
            sections.append(RawArticle(number, count, opening[1], "", opening["text"] or ""))
        elif sections:
            sections[-1] = _with_paragraph(sections[-1], text.lstrip("# "))
        else:
            preamble.append(text.lstrip("# "))
    return "\n".join(preamble), sections


def _with_paragraph(article: RawArticle, text: str) -> RawArticle:
    return article._replace(text=f"{article.text}\n{text}".strip())


def _kind(path: Path, title: str) -> str:
    for part in reversed(path.parts[:-1]):
        if part in KIND_OF_FOLDER:
            return KIND_OF_FOLDER[part]
    if re.fullmatch(r"中华人民共和国\w+法", title):
        return "law"
    raise Unreadable(
        1, "unknown_kind", Text("所在文件夹未说明文件种类", "No folder tells the kind of policy")
    )


def _issuer(path: Path, title: str, kind: str) -> str:
    if kind == "administrative_regulation":
        return "国务院"
    if kind == "department_rule" and path.parent.name not in KIND_OF_FOLDER:
        return path.parent.name
    return title.partition("关于")[0] if "关于" in title[2:] else ""


def _region(title: str) -> str:
    """The division whose name the title begins with: 山东省…, 济南市…; else the whole country."""
    for province in divisions.children(None):
        if title.startswith(province.name):
            return province.code
    head = re.match(r"\w{2,6}?市", title)
    if head:
        for province in divisions.children(None):
            for city in divisions.children(province.code):
                if city.level == "city" and city.short_name == head[0]:
                    return city.code
    return NATIONAL


def _effective(
    marks: Sequence[tuple[int, str]], articles: Sequence[RawArticle], promulgated: date | None
) -> date | None:
    for line, mark in marks:
        if mark.endswith(("施行", "实施")):
            return _chinese_day(_DATED.match(mark), line)
    for line, *_, text in articles[-1:]:
        effect = _EFFECT.search(text)
        if effect and effect[1]:
            return _chinese_day(effect, line)
        if effect:
            return promulgated
    return None


def _last_day(marks: Sequence[tuple[int, str]]) -> date | None:
    days = [_chinese_day(_DATED.match(text), n) for n, text in marks if not text.endswith("施行")]
    return days[-1] if days else None


def _chinese_day(match: re.Match[str] | None, line: int) -> date | None:
    return iso_day("-".join(part.zfill(2) for part in match.groups()), line) if match else None
