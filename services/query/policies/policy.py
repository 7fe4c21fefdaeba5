"""Policies as the product keeps them: one MongoDB document a policy, its articles inside it.

So a policy is imported whole or not at all. The id is readable and stable (short title and date of
promulgation); a later version of a law is another document, which supersedes the earlier one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson

from services.query.policies.numerals import NUMERAL, article_number
from shared.errors import Text

__all__ = ["NUMERAL", "article_number"]

KINDS: Mapping[str, Text] = {
    "law": Text("法律", "Law"),
    "administrative_regulation": Text("行政法规", "Administrative regulation"),
    "department_rule": Text("部门规章", "Departmental rule"),
    "local_regulation": Text("地方性法规", "Local regulation"),
    "local_rule": Text("地方政府规章", "Local government rule"),
    "judicial_interpretation": Text("司法解释", "Judicial interpretation"),
    "normative_document": Text("规范性文件", "Normative document"),
    "typical_case": Text("典型案例", "Typical case"),
    "question_and_answer": Text("问答", "Questions and answers"),
}
"""Kinds of policy by rank (立法法 articles 98 to 100), what explains them last."""

STATUSES: Mapping[str, Text] = {
    "in_force": Text("现行有效", "In force"),
    "not_yet_in_force": Text("尚未施行", "Not yet in force"),
    "partly_superseded": Text(
        "现行有效，部分条文已被取代", "In force, but a later law has replaced some articles"
    ),
    "amended": Text("已被修改，有新版本", "Amended: there is a later version"),
    "superseded": Text("已被其他文件取代", "Superseded by another policy"),
    "repealed": Text("已废止", "Repealed"),
}

HOLDING: frozenset[str] = frozenset({"in_force", "partly_superseded"})
"""Statuses in which a policy binds."""

ENDED: frozenset[str] = frozenset({"amended", "superseded", "repealed"})
"""Statuses of a policy that binds no more."""

DISCLAIMER = Text(
    "查询结果仅供参考，请以官方公布的文本为准；案情复杂的，建议咨询律师。"
    "人力资源和社会保障服务热线：12333。",
    "For reference only; the officially published text prevails. Ask a lawyer about a complex "
    "case. Hotline of human resources and social security: 12333.",
)
"""Goes with every answer about policies."""


class Replacement(NamedTuple):
    """Which articles of which law have replaced an article still printed, and since when."""

    note: Text
    title: str
    articles: tuple[str, ...]
    since: date


REPLACED: Mapping[tuple[str, str], Replacement] = {
    ("劳动法", "82"): Replacement(
        Text(
            "劳动法第八十二条的六十日已不适用：2008年5月1日起，申请劳动仲裁的时效为一年"
            "（劳动争议调解仲裁法第二十七条），仲裁裁决的期限为受理之日起四十五日（第四十三条）。",
            "The sixty days of article 82 no longer apply: since 2008-05-01 the limitation of "
            "labour arbitration is one year (article 27 of the law on mediation and arbitration) "
            "and an award is due 45 days from acceptance (article 43).",
        ),
        "劳动争议调解仲裁法",
        ("27", "43"),
        date(2008, 5, 1),
    ),
    ("劳动法", "83"): Replacement(
        Text(
            "2008年5月1日起，小额及执行劳动标准的争议一裁终局，用人单位不能因不服而起诉"
            "（劳动争议调解仲裁法第四十七条至第四十九条）。",
            "Since 2008-05-01 awards on small sums and labour standards are final for the employer "
            "(articles 47 to 49 of the law on mediation and arbitration).",
        ),
        "劳动争议调解仲裁法",
        ("47", "48", "49"),
        date(2008, 5, 1),
    ),
    ("最高人民法院关于审理劳动争议案件适用法律问题的解释（一）", "32"): Replacement(
        Text(
            "第一款自2025年9月1日起废止（解释（二）第二十一条）：领取养老金的人员不再一概按劳务关系处理。",
            "Paragraph 1 is repealed since 2025-09-01 (article 21 of Interpretation II): who draws a "
            "pension is no longer treated as under a service contract for that alone.",
        ),
        "最高人民法院关于审理劳动争议案件适用法律问题的解释（二）",
        ("21",),
        date(2025, 9, 1),
    ),
}
"""Articles still printed that a later law has replaced, by short title and number."""

BEGAN: Mapping[str, date] = {
    "劳动合同法-2012-12-28": date(2013, 7, 1),
    "安全生产法-2021-06-10": date(2021, 9, 1),
    "工会法-2021-12-24": date(2022, 1, 1),
    "民事诉讼法-2023-09-01": date(2024, 1, 1),
    "工伤保险条例-2010-12-20": date(2011, 1, 1),
}
"""When amended versions took effect, by id, where the amending decision names a later day. The text
itself keeps the day on which its first version did."""

NATIONAL = "000000"
"""Region of a policy that applies in the whole country."""

COLLECTION = "policies"
STAMPS = "policy_stamps"
STAMP = "policies"


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
    of a day. `superseded_by` is the id of the latest version of the same title, `superseded_on`
    the day the next one takes effect; `successor` the title of another policy that replaced it,
    `repealed_on` the day since when it holds no more. `numbers` are the issuers' (国务院令第586号),
    `co_issuers` those beside the first, `category` the importer's word.
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
    superseded_on: date | None = None
    numbers: tuple[str, ...] = ()
    co_issuers: tuple[str, ...] = ()
    category: str = ""
    repealed_on: date | None = None
    successor: str = ""

    @property
    def slug(self) -> str:
        """What all versions have in common."""
        return slug_of(self.title)

    @property
    def id(self) -> str:
        return f"{self.slug}-{self.promulgated_on}" if self.promulgated_on else self.slug

    @property
    def issuers(self) -> tuple[str, ...]:
        return (*filter(None, (self.issuer,)), *self.co_issuers)

    @property
    def begins_on(self) -> date | None:
        """Since when this version holds; None where nothing tells, then it always did."""
        return began(self.id, self.promulgated_on, self.effective_on)

    @property
    def ends_on(self) -> date | None:
        """Since when it does not hold any more."""
        return min((day for day in (self.superseded_on, self.repealed_on) if day), default=None)

    @property
    def url(self) -> str:
        return f"/v1/policies/{quote(self.id)}"

    def article_url(self, article: Article) -> str:
        return f"{self.url}/articles/{article.number}"

    def status_on(self, day: date) -> str:
        """One of STATUSES. A version whose successor takes effect later still holds; of one that
        ended nobody knows when, no day is known on which it held.
        """
        ends, undated = self.ends_on, self.superseded_by and not self.superseded_on
        if (ends and ends <= day) or undated or (self.status in ENDED and not ends):
            amended = undated or (self.superseded_on and self.superseded_on == ends)
            return self.status if self.status in ENDED else "amended" if amended else "repealed"
        if self.begins_on and self.begins_on > day:
            return "not_yet_in_force"
        if any(replaced.since <= day for _, replaced in self.replacements):
            return "partly_superseded"
        return "in_force"

    def holds_on(self, day: date) -> bool:
        """Whether this is the version that binds that day."""
        return self.status_on(day) in HOLDING

    @property
    def replacements(self) -> tuple[tuple[Article, Replacement], ...]:
        """The articles that a later law has replaced."""
        title = short_title(self.title)
        found = ((article, REPLACED.get((title, article.number))) for article in self.articles)
        return tuple((article, replaced) for article, replaced in found if replaced)

    @property
    def content_hash(self) -> str:
        """SHA-256 of what the source says; the same for the same content, whoever imports it."""
        content = self.to_document()
        del content["superseded_by"], content["superseded_on"]
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
            "superseded_on": _iso(self.superseded_on),
            "numbers": list(self.numbers),
            "co_issuers": list(self.co_issuers),
            "category": self.category,
            "repealed_on": _iso(self.repealed_on),
            "successor": self.successor,
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
        superseded_on=_day(document.get("superseded_on")),
        numbers=tuple(document.get("numbers", ())),
        co_issuers=tuple(document.get("co_issuers", ())),
        category=document.get("category", ""),
        repealed_on=_day(document.get("repealed_on")),
        successor=document.get("successor", ""),
        preamble=document.get("preamble", ""),
        articles=tuple(
            Article(a["number"], a["label"], a.get("heading", ""), a.get("text", ""))
            for a in document["articles"]
        ),
    )


def short_title(title: str) -> str:
    """The title as people say it: without the country's name and quotation marks."""
    return title.strip("《》 ").removeprefix("中华人民共和国")


def began(policy_id: str, *days: date | None) -> date | None:
    """Since when a version promulgated and effective on these days holds."""
    return BEGAN.get(policy_id) or max((day for day in days if day), default=None)


def slug_of(title: str) -> str:
    """The title as it stands in ids; one of more than 60 letters is cut and told by its hash."""
    slug = re.sub(r"\W+", "", short_title(title))
    return (
        slug if len(slug) <= 60 else f"{slug[:50]}-{hashlib.sha256(slug.encode()).hexdigest()[:8]}"
    )


def replaced_note(policy: Policy, article: Article) -> Text | None:
    """Which later law has replaced the article, None if none has."""
    replaced = REPLACED.get((short_title(policy.title), article.number))
    return replaced.note if replaced else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
