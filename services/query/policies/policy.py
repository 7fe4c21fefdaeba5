"""Policies as the product keeps them: one MongoDB document a policy, its articles inside it.

So a policy is imported whole or not at all. The id is readable and stable (short title and date of
promulgation); a later version of a law is another document, which supersedes the earlier one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from shared.errors import FieldError, Refused, Text
from shared.store import backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

KINDS: Mapping[str, Text] = {
    "law": Text("法律", "Law"),
    "administrative_regulation": Text("行政法规", "Administrative regulation"),
    "department_rule": Text("部门规章", "Departmental rule"),
    "local_regulation": Text("地方性法规", "Local regulation"),
    "local_rule": Text("地方政府规章", "Local government rule"),
    "judicial_interpretation": Text("司法解释", "Judicial interpretation"),
    "normative_document": Text("规范性文件", "Normative document"),
    "typical_case": Text("典型案例", "Typical case"),
}
"""Kinds of policy by rank (立法法 articles 98 to 100), cases last."""

STATUSES: Mapping[str, Text] = {
    "in_force": Text("现行有效", "In force"),
    "not_yet_in_force": Text("尚未施行", "Not yet in force"),
    "superseded": Text("已被新版本取代", "Superseded by a later version"),
    "repealed": Text("已废止", "Repealed"),
}

DISCLAIMER = Text(
    "查询结果仅供参考，请以官方公布的文本为准；案情复杂的，建议咨询律师。"
    "人力资源和社会保障服务热线：12333。",
    "For reference only; the officially published text prevails. Ask a lawyer about a complex "
    "case. Hotline of human resources and social security: 12333.",
)
"""Goes with every answer about policies."""

REPLACED: Mapping[tuple[str, str], Text] = {
    ("劳动法", "82"): Text(
        "劳动法第八十二条的六十日已不适用：2008年5月1日起，申请劳动仲裁的时效为一年"
        "（劳动争议调解仲裁法第二十七条），仲裁裁决的期限为受理之日起四十五日（第四十三条）。",
        "The sixty days of article 82 no longer apply: since 2008-05-01 the limitation of labour "
        "arbitration is one year (article 27 of the law on mediation and arbitration) and an award "
        "is due 45 days from acceptance (article 43).",
    ),
    ("劳动法", "83"): Text(
        "2008年5月1日起，小额及执行劳动标准的争议一裁终局，用人单位不能因不服而起诉"
        "（劳动争议调解仲裁法第四十七条至第四十九条）。",
        "Since 2008-05-01 awards on small sums and labour standards are final for the employer "
        "(articles 47 to 49 of the law on mediation and arbitration).",
    ),
}
"""Articles still printed that a later law has replaced, by short title and number."""

NATIONAL = "000000"
"""Region of a policy that applies in the whole country."""

COLLECTION = "policies"
STAMPS = "policy_stamps"
STAMP = "policies"

_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
NUMERAL = "零〇一二两三四五六七八九十百千"
_NUMBER = re.compile(
    rf"第?\s*(?P<main>\d{{1,4}}|[{NUMERAL}]{{1,9}})\s*条?"
    rf"(?:\s*(?:之|-)\s*(?P<sub>\d{{1,2}}|[{NUMERAL}]{{1,3}}))?"
)


@dataclass(frozen=True, slots=True)
class Article:
    """One article. `number` is "47" or, for 第一百二十条之一, "120-1"; `label` as printed;
    `heading` the chapter and section it stands in; `text` its paragraphs, one a line.
    """

    number: str
    label: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of one policy. `region` is a division code, NATIONAL for the whole country;
    dates are None where the source has none; `status` is the source's word, `status_on` the truth
    of a day.
    """

    title: str
    kind: str
    issuer: str
    promulgated_on: date | None
    effective_on: date | None
    preamble: str
    articles: tuple[Article, ...]
    region: str = NATIONAL
    status: str = "in_force"
    superseded_by: str | None = None

    @property
    def id(self) -> str:
        slug = re.sub(r"\W+", "", short_title(self.title))
        if len(slug) > 60:
            slug = f"{slug[:50]}-{hashlib.sha256(slug.encode()).hexdigest()[:8]}"
        return f"{slug}-{self.promulgated_on}" if self.promulgated_on else slug

    @property
    def url(self) -> str:
        return f"/v1/policies/{quote(self.id)}"

    def article_url(self, article: Article) -> str:
        return f"{self.url}/articles/{article.number}"

    def status_on(self, day: date) -> str:
        if self.superseded_by:
            return "superseded"
        if self.status == "in_force" and self.effective_on and self.effective_on > day:
            return "not_yet_in_force"
        return self.status

    @property
    def content_hash(self) -> str:
        """SHA-256 of what the source says; the same for the same content, whoever imports it."""
        content = self.to_document()
        del content["superseded_by"]
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def to_document(self) -> dict[str, Any]:
        return {
            "_id": self.id,
            "title": self.title,
            "kind": self.kind,
            "issuer": self.issuer,
            "region": self.region,
            "promulgated_on": _iso(self.promulgated_on),
            "effective_on": _iso(self.effective_on),
            "status": self.status,
            "superseded_by": self.superseded_by,
            "preamble": self.preamble,
            "articles": [
                {"number": a.number, "label": a.label, "heading": a.heading, "text": a.text}
                for a in self.articles
            ],
        }


def from_document(document: Mapping[str, Any]) -> Policy:
    """The policy of a stored document."""
    return Policy(
        title=document["title"],
        kind=document["kind"],
        issuer=document["issuer"],
        region=document["region"],
        promulgated_on=_day(document["promulgated_on"]),
        effective_on=_day(document["effective_on"]),
        status=document["status"],
        superseded_by=document.get("superseded_by"),
        preamble=document["preamble"],
        articles=tuple(
            Article(a["number"], a["label"], a["heading"], a["text"]) for a in document["articles"]
        ),
    )


def short_title(title: str) -> str:
    """The title as people say it: without the country's name and quotation marks."""
    return title.strip("《》 ").removeprefix("中华人民共和国")


def replaced_note(policy: Policy, article: Article) -> Text | None:
    """Which later law has replaced the article, None if none has."""
    return REPLACED.get((short_title(policy.title), article.number))


def article_number(written: str) -> str | None:
    """The key of an article number however it is written; None for no number.

    47, 四十七, 第47条 and 第四十七条 give "47", 第一百二十条之一 gives "120-1".
    """
    match = _NUMBER.fullmatch(written.strip())
    if match is None:
        return None
    main, sub = _value(match["main"]), _value(match["sub"] or "")
    if not main:
        return None
    return f"{main}-{sub}" if sub else str(main)


def _value(numeral: str) -> int | None:
    """The value of an Arabic or Chinese numeral below 10,000, None for an empty one."""
    if not numeral:
        return None
    if numeral.isdecimal():
        return int(numeral)
    if not any(character in _UNITS for character in numeral):  # 一二七 read digit by digit
        return int("".join(str(_DIGITS[character]) for character in numeral))
    total, digit = 0, 0
    for character in numeral:
        if character in _UNITS:
            total += (digit or 1) * _UNITS[character]
            digit = 0
        else:
            digit = _DIGITS[character]
    return total + digit


class Library:
    """The stored policies. Every read is bounded by the client's time-outs; MongoDB away is
    Transient, an unknown id or article number `not_found`.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database

    def policy(self, policy_id: str) -> Policy:
        with backend_errors():
            document = self._database[COLLECTION].find_one({"_id": policy_id})
        if document is None:
            raise Refused("not_found", Text("没有这份政策文件", "There is no such policy"))
        return from_document(document)

    def article(self, policy_id: str, written: str) -> tuple[Policy, Article]:
        """An article by its number, however it is written (47, 四十七, 第四十七条)."""
        policy = self.policy(policy_id)
        number = article_number(written)
        for article in policy.articles:
            if article.number == number:
                return policy, article
        raise Refused(
            "not_found",
            Text("该文件没有这一条", "The policy has no such article"),
            errors=[
                FieldError("/number", "unknown_article", Text("没有这一条", "No such article"))
            ],
        )

    def policies(self) -> Iterator[Policy]:
        with backend_errors():
            for document in self._database[COLLECTION].find({}, batch_size=50):
                yield from_document(document)

    def revision(self) -> int:
        """Grows with every import that changed something; 0 before the first."""
        with backend_errors():
            stamp = self._database[STAMPS].find_one({"_id": STAMP})
        return int(stamp["revision"]) if stamp else 0


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
