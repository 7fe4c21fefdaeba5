"""What the text itself says of a policy: dates, numbers, issuers, kind and region; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from services.query.policies.decoding import Lines
from services.query.policies.numerals import NUMERAL
from services.query.policies.policy import NATIONAL
from services.query.policies.sources import RawArticle, iso_day
from services.query.policies.stated import division_named
from shared import divisions

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
    "问答": "question_and_answer",
    "政策问答": "question_and_answer",
}  # fmt: skip
"""Folders of the common Markdown collections and the kind of what lies in them."""

_KIND_OF_NUMBER = (
    ("主席令", "law"),
    ("国务院令", "administrative_regulation"),
    ("政府令", "local_rule"),
    ("令", "department_rule"),
    ("法释", "judicial_interpretation"),
    ("发", "normative_document"),
    ("函", "normative_document"),
)
_ISSUERS = (
    "全国人民代表大会常务委员会", "全国人民代表大会", "最高人民法院", "最高人民检察院", "国务院",
)  # fmt: skip
_DATED = re.compile(r"(?:根据|自)?(\d{4})年(\d{1,2})月(\d{1,2})日")
_NUMBER = re.compile(
    rf"(?:中华人民共和国)?([\u4e00-\u9fff]{{2,20}}?令)[\s\u3000]*(?:第|（第)?[\s\u3000]*(\d{{1,4}}|[{NUMERAL}]{{1,7}})[\s\u3000]*号"
    r"|([\u4e00-\u9fff]{1,12})[\s\u3000]*[〔\[［（(](\d{4})[〕\]］）)][\s\u3000]*(\d{1,4})[\s\u3000]*号"
)
_ISSUING_BODY = re.compile(r"[\u4e00-\u9fff]{2,30}(?:部|委|委员会|局|院|会|厅|署|办公室|政府|银行)")
_EFFECT = re.compile(
    r"自(?:(\d{4})年(\d{1,2})月(\d{1,2})日|公布之日|发布之日|颁布之日|印发之日)起(?:施行|实施|执行)"
)

_MARK_MOST = 2_000

Marks = Sequence[tuple[int, str]]
"""Statements under the title on who passed the text and when, each with its line."""


def marks_of(line: str) -> list[str]:
    """The dated statements of a line under the title; none for any other line."""
    bare = line.strip("（）() 　")
    if len(bare) > _MARK_MOST:
        return []
    if not _DATED.match(bare):
        return [bare] if _NUMBER.fullmatch(bare) else []
    parts = re.split(r"(?=(?:根据|自)\d{4}年\d{1,2}月\d{1,2}日)", bare)
    return [part.strip("　 ，,；;、") for part in parts if part.strip()]


def promulgation(marks: Marks) -> date | None:
    """The day of the last statement that tells of a decision and not of the text's effect."""
    days = [day for line, text in marks if not _is_effect(text) and (day := _day_of(text, line))]
    return days[-1] if days else None


def effect(marks: Marks, articles: Sequence[RawArticle], promulgated: date | None) -> date | None:
    """When the text takes effect: by a statement under the title, else by its last article."""
    for line, mark in marks:
        if _is_effect(mark):
            return _day_of(mark, line)
    for line, *_, text in articles[-1:]:
        found = _EFFECT.search(text)
        if found and found[1]:
            return iso_day("-".join(part.zfill(2) for part in found.groups()), line)
        if found:
            return promulgated
    return None


def numbers(marks: Marks) -> tuple[str, ...]:
    """The issuers' numbers as they are cited: 国务院令第586号, 法释〔2020〕26号."""
    found: dict[str, None] = {}
    for _, text in marks:
        for match in _NUMBER.finditer(re.sub(r"^.*?日", "", text)):
            order, count, mark, year, serial = match.groups()
            found[f"{order}第{count}号" if order else f"{mark}〔{year}〕{serial}号"] = None
    return tuple(found)


def is_repealed(marks: Marks) -> bool:
    return bool(marks) and marks[-1][1].endswith("废止")


def issuers(
    marks: Marks, title: str, kind: str, folders: Sequence[str], given: Sequence[str]
) -> tuple[str, ...]:
    """Who issued it: by the statements, by the title (A、B关于…), by its number, by its kind, by
    the folder it lies in.
    """
    known = next((name for _, mark in marks for name in _ISSUERS if name in mark), None)
    head = title.partition("关于")[0] if "关于" in title[2:] else ""
    joint = [part for part in re.split(r"[\s\u3000、，,]+", head) if part]
    if len(joint) > 1 and all(_ISSUING_BODY.fullmatch(part) for part in joint):
        return tuple(joint)
    if known:
        return (known,)
    orders = (number.partition("令第")[0] for number in given if "令第" in number)
    order = next((body for body in orders if _ISSUING_BODY.fullmatch(body)), None)
    if order:
        return (order,)
    if kind == "administrative_regulation":
        return ("国务院",)
    if kind == "department_rule" and folders and folders[-1] not in KIND_OF_FOLDER:
        return (folders[-1],)
    return (head,) if head else ()


def kind_of(folders: Sequence[str], title: str, given: Sequence[str]) -> str | None:
    """The kind that a folder, the title or the number tells."""
    for folder in reversed(folders):
        if folder in KIND_OF_FOLDER:
            return KIND_OF_FOLDER[folder]
    if re.fullmatch(r"中华人民共和国\w+法", title):
        return "law"
    for number in given:
        for mark, kind in _KIND_OF_NUMBER:
            if mark in number:
                return kind
    return None


def region_of(title: str) -> str:
    """The division whose name the title begins with: 山东省…, 济南市…; else the whole country."""
    for province in divisions.children(None):
        if title.startswith(province.name):
            return province.code
    head = re.match(r"\w{2,6}?市", title)
    city = division_named(head[0]) if head else None
    return city.code if city else NATIONAL


def _is_effect(mark: str) -> bool:
    return mark.endswith(("施行", "实施", "执行"))


def _day_of(mark: str, line: int) -> date | None:
    match = _DATED.match(mark)
    return iso_day("-".join(part.zfill(2) for part in match.groups()), line) if match else None


def head_and_body(lines: Lines) -> tuple[Marks, Lines]:
    """The statements at the head of a text, up to the first line that makes none, and the rest."""
    marks: list[tuple[int, str]] = []
    for place, (number, line) in enumerate(lines):
        found = marks_of(line)
        if line and not found:
            return marks, lines[place:]
        marks += ((number, mark) for mark in found)
    return marks, []
