"""The norms that guidance rests on: every statement cites one, and each leads to the library.

A citation is written `LCL 47`: a key of NORMS and an article. `service` alone marks what is this
product's own target or offer, shown with the title `–`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from services.query.policies.numerals import article_label
from shared.errors import Language

OWN: Final = "service"


class Norm(NamedTuple):
    """A short title as the library knows it, and in English."""

    zh: str
    en: str


NORMS: Final[Mapping[str, Norm]] = {
    OWN: Norm("–", "–"),
    "LL": Norm("劳动法", "Labour Law"),
    "LCL": Norm("劳动合同法", "Labour Contract Law"),
    "LCR": Norm("劳动合同法实施条例", "Regulations on the Labour Contract Law"),
    "LDMA": Norm("劳动争议调解仲裁法", "Labour Dispute Mediation and Arbitration Law"),
    "SIL": Norm("社会保险法", "Social Insurance Law"),
    "WII": Norm("工伤保险条例", "Work Injury Insurance Regulations"),
    "MWR": Norm("保障农民工工资支付条例", "Regulations on Wages of Migrant Workers"),
    "LIR": Norm("劳动保障监察条例", "Labour Inspection Regulations"),
    "ALR": Norm("职工带薪年休假条例", "Paid Annual Leave Regulations"),
    "ALM": Norm("企业职工带薪年休假实施办法", "Measures on Paid Annual Leave of Enterprises"),
    "FWR": Norm("女职工劳动保护特别规定", "Special Provisions on Protecting Women Workers"),
    "WPL": Norm("妇女权益保障法", "Women's Rights Law"),
    "TUL": Norm("工会法", "Trade Union Law"),
    "LAL": Norm("法律援助法", "Legal Aid Law"),
    "CPL": Norm("民事诉讼法", "Civil Procedure Law"),
    "CSL": Norm("公务员法", "Civil Servants Law"),
    "PIR": Norm("事业单位人事管理条例", "Regulations on Personnel of Public Institutions"),
    "R17": Norm(
        "企业劳动争议协商调解规定",
        "Provisions on Negotiation and Mediation of Enterprise Labour Disputes",
    ),
    "R33": Norm(
        "劳动人事争议仲裁办案规则", "Rules for Handling Labour and Personnel Arbitration Cases"
    ),
    "SPC1": Norm(
        "最高人民法院关于审理劳动争议案件适用法律问题的解释（一）",
        "Supreme People's Court Interpretation (I) on Labour Disputes",
    ),
    "SPC2": Norm(
        "最高人民法院关于审理劳动争议案件适用法律问题的解释（二）",
        "Supreme People's Court Interpretation (II) on Labour Disputes",
    ),
    "OAR": Norm(
        "超龄劳动者基本权益保障暂行规定",
        "Interim Provisions on the Basic Rights of Workers past Retirement Age",
    ),
    "MTP": Norm(
        "企业职工患病或非因工负伤医疗期规定",
        "Provisions on the Medical Period of Enterprise Workers",
    ),
    "WTN": Norm(
        "关于职工全年月平均工作时间和工资折算问题的通知（人社部发〔2025〕2号）",
        "Notice on Working Time and the Conversion of Wages (Renshebufa [2025] 2)",
    ),
    "NEF": Norm(
        "关于维护新就业形态劳动者劳动保障权益的指导意见（人社部发〔2021〕56号）",
        "Guiding Opinions on Workers in New Forms of Employment (Renshebufa [2021] 56)",
    ),
    "GF28": Norm(
        "关于取消一批行政许可等事项的决定（国发〔2018〕28号）",
        "Decision Abolishing a Number of Licences (Guofa [2018] 28)",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """An article of a norm; "" for a norm that is cited as a whole."""

    key: str
    article: str = ""

    @property
    def norm(self) -> Norm:
        return NORMS[self.key]

    @property
    def is_own(self) -> bool:
        """Whether no law says it but this product, as its own target or offer."""
        return self.key == OWN

    @property
    def url(self) -> str | None:
        """Where the library has it, of articles; by short title, so of the version in force."""
        if not self.article:
            return None
        return f"/v1/policies/{quote(self.norm.zh, safe='')}/articles/{self.article}"

    def label(self, language: Language) -> str:
        """The citation in full."""
        if self.is_own:
            return (
                "rule or target of this service itself"
                if language == "en"
                else "本平台服务规则或者目标"
            )
        if language == "en":
            return self.norm.en + (f", art. {self.article}" if self.article else "")
        return f"《{self.norm.zh}》" + (article_label(self.article) if self.article else "")

    def shown(self, language: Language) -> Mapping[str, Any]:
        return _shown(self, language)


@cache  # some hundred articles in two languages, named in every answer
def _shown(source: Source, language: Language) -> Mapping[str, Any]:
    return {
        "title": source.norm.en if language == "en" else source.norm.zh,
        "article": source.article or None,
        "label": source.label(language),
        "url": source.url,
    }


@cache
def cite(code: str) -> Source:
    """The source of a citation; KeyError for a norm that is none of NORMS."""
    key, _, article = code.partition(" ")
    NORMS[key]
    return Source(key, article)
