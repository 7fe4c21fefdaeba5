"""What is said of a policy beside its text: a header block of `key: value`, options, a query string.

What is stated wins over what a text seems to say. A key or a value that is not understood is a
fault at its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date

from services.query.policies.policy import ENDED, KINDS, NATIONAL
from services.query.policies.sources import Unreadable, iso_day
from shared import divisions
from shared.errors import Text

KEYS: Mapping[str, Text] = {
    "title": Text("标题", "Title"),
    "kind": Text("类别", "Kind"),
    "issuer": Text("发布机关", "Issuer, several with 、 between"),
    "number": Text("文号", "The issuer's number, several with 、 between"),
    "promulgated": Text("公布日期", "Day of promulgation"),
    "effective": Text("施行日期", "Day of effect"),
    "region": Text("地区", "Division code or name, 000000 for the whole country"),
    "category": Text("主题分类", "Subject"),
    "status": Text("效力", "in_force, or amended, superseded, repealed"),
    "repealed": Text("失效日期", "Since when it holds no more"),
    "successor": Text("被何文件取代", "Title of the policy that replaced it"),
}
"""What can be stated, and its Chinese name, which does as well."""

_NAMES: Mapping[str, str] = {
    **{key: key for key in KEYS},
    **{text.zh: key for key, text in KEYS.items()},
    "发文字号": "number", "发文机关": "issuer", "制定机关": "issuer", "发布机构": "issuer",
    "发布日期": "promulgated", "成文日期": "promulgated", "公布时间": "promulgated",
    "实施日期": "effective", "生效日期": "effective",
}  # fmt: skip
_LINE = re.compile(r"([\w ]{2,12}?)[\s\u3000]*[:：][\s\u3000]*(.+)")
_DAY = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Stated:
    """All that can be stated; None for what is not."""

    title: str | None = None
    kind: str | None = None
    issuers: tuple[str, ...] | None = None
    numbers: tuple[str, ...] | None = None
    promulgated_on: date | None = None
    effective_on: date | None = None
    region: str | None = None
    category: str | None = None
    status: str | None = None
    repealed_on: date | None = None
    successor: str | None = None

    def over(self, other: Stated) -> Stated:
        """What is stated here, and of the other what is not stated here."""
        mine = ((f.name, getattr(self, f.name)) for f in fields(self))
        return Stated(**{name: getattr(other, name) if own is None else own for name, own in mine})


def stated(pairs: Iterable[tuple[str, str, int]]) -> Stated:
    """Of keys and values with their lines; Unreadable for the first that is not understood."""
    found: dict[str, object] = {}
    for name, value, line in pairs:
        key = _NAMES.get(name.strip())
        if key is None:
            raise Unreadable(line, "unknown_key", Text("没有这个说明项", "There is no such key"))
        if len(value) > _LONGEST:
            raise Unreadable(line, "too_long", Text("说明过长", "The value is too long"))
        found |= _value(key, value.strip(), line)
    return Stated(**found)  # type: ignore[arg-type]


def stated_line(line: str) -> tuple[str, str] | None:
    """Key and value of a line such as 发文字号：国发〔2020〕1号, None for any other line."""
    match = _LINE.fullmatch(line)
    return (match[1].strip(), match[2]) if match and match[1].strip() in _NAMES else None


def key_and_value(line: str, number: int) -> tuple[str, str, int]:
    """A line of a header block; Unreadable if it is none."""
    name, colon, value = line.replace("：", ":", 1).partition(":")
    if not colon:
        raise Unreadable(number, "unknown_key", Text("应为“项目：内容”", "Not `key: value`"))
    return name, value, number


def _value(key: str, value: str, line: int) -> dict[str, object]:
    if not value:
        return {}
    if key in ("promulgated", "effective", "repealed"):
        return {f"{key}_on": _day(value, line)}
    if key in ("issuer", "number"):
        return {f"{key}s": tuple(filter(None, re.split(r"[、;；,，\s]+", value)))}
    if key == "kind":
        return {"kind": _word(value, KINDS, line, "unknown_kind")}
    if key == "status":
        if value not in ENDED | {"in_force"}:
            message = Text("没有这种效力状态", "There is no such status")
            raise Unreadable(line, "unknown_status", message)
        return {"status": value}
    return {key: _region(value, line) if key == "region" else value}


def _day(value: str, line: int) -> date:
    match = _DAY.fullmatch(value)
    return iso_day("-".join(part.zfill(2) for part in match.groups()) if match else value, line)


def _word(value: str, words: Mapping[str, Text], line: int, code: str) -> str:
    for word, text in words.items():
        if value in (word, *text):
            return word
    raise Unreadable(line, code, Text("没有这种文件", "There is no such kind of policy"))


def _region(value: str, line: int) -> str:
    if value in (NATIONAL, "全国"):
        return NATIONAL
    place = divisions.find(value) if value.isascii() and value.isdigit() else division_named(value)
    if place is None:
        raise Unreadable(line, "unknown_division", Text("没有这个地区", "No such division"))
    return place.code


def division_named(name: str) -> divisions.Division | None:
    """The province or city of this name: 山东省, 济南市, 山东省济南市."""
    for province in divisions.children(None):
        if name in (province.name, province.short_name):
            return province
        for city in divisions.children(province.code):
            if city.level == "city" and name in (city.name, city.short_name):
                return city
    return None
