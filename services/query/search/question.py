"""Reading a question: which law, which article, which subjects, in the words of the statutes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.query.policies.policy import NUMERAL, article_number
from services.query.search import everyday_words
from services.query.search.terms import Segment, terms_in

MAX_SUBJECTS = 16
MAX_PHRASES = 4

_QUOTED = re.compile('“([^”]+)”|"([^"]+)"|「([^」]+)」|『([^』]+)』')

_NUMERAL = rf"(?:\d{{1,4}}|[{NUMERAL}]{{1,9}})"
_REFERENCE = re.compile(
    rf"(?:第\s*{_NUMERAL}\s*(?:条|(?=\s|$))|{_NUMERAL}\s*条)"  # 第三人 is no article
    rf"(?:\s*之\s*(?:\d{{1,2}}|[{NUMERAL}]{{1,3}}))?"
)
_ENGLISH_REFERENCE = re.compile(r"\b(?:article|art\.?)\s*(\d{1,4})\b")
_PARAGRAPH = re.compile(rf"^\s*第?\s*(\d{{1,2}}|[{NUMERAL}]{{1,3}})\s*款")
_NOT_WORDS = re.compile(r"[\W_]+")

ALIASES: dict[str, str] = {
    "劳合法": "劳动合同法", "合同法": "劳动合同法", "社保法": "社会保险法", "调解仲裁法": "劳动争议调解仲裁法",
    "劳动仲裁法": "劳动争议调解仲裁法", "工伤条例": "工伤保险条例", "年休假条例": "职工带薪年休假条例",
    "农民工工资条例": "保障农民工工资支付条例", "民诉法": "民事诉讼法", "个保法": "个人信息保护法",
    "妇女法": "妇女权益保障法", "破产法": "企业破产法",
    "labour contract law": "劳动合同法", "labor contract law": "劳动合同法",
    "labour law": "劳动法", "labor law": "劳动法", "social insurance law": "社会保险法",
}  # fmt: skip
"""Short names in use for a statute, and English ones."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing asked about: the word itself and what the statutes call it. Each is a word or a
    phrase; an article is about the subject when it has any of them.
    """

    said: str
    meant: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filters:
    """What to look in. `region` is a division code: policies of the whole country and of every
    division it lies in apply there. `in_force` None means either; with `as_of` it is that day's
    force, and None means what was in force that day. Days from and to are included.
    """

    kind: str | None = None
    issuer: str | None = None
    region: str | None = None
    in_force: bool | None = None
    as_of: date | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    promulgated_from: date | None = None
    promulgated_to: date | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """`text` as asked, normalised; `law` the short title of a policy it names, `article` a number
    such as "47", `paragraph` one of it, from 1; `subjects` what is asked besides, without
    repetition, at most MAX_SUBJECTS; `words` the telling ones it is asked in; `phrases` what must
    stand there letter by letter.
    """

    text: str
    law: str | None
    article: str | None
    subjects: tuple[Subject, ...]
    phrases: tuple[str, ...] = ()
    paragraph: int | None = None
    words: tuple[str, ...] = ()


def read(text: str, titles: Sequence[str], segment: Segment) -> Question:
    """The question in `text`, which is normalised, given the short titles there are, longest first.

    With neither law nor article nor subjects nor phrases it asks about nothing that can be searched.
    """
    phrases = tuple("".join(found) for found in _QUOTED.findall(text))[:MAX_PHRASES]
    rest, number, paragraph = _without_reference(_QUOTED.sub(" ", text))
    rest, law = _without_title(rest, titles)
    if law and not number and (number := article_number(rest)):  # 劳动合同法47
        rest = ""
    words = tuple(dict.fromkeys(filter(_is_telling, _words(rest, segment))))[:MAX_SUBJECTS]
    return Question(text, law, number, _subjects(rest, segment), phrases, paragraph, words)


def _without_reference(text: str) -> tuple[str, str | None, int | None]:
    """The text without the first article it refers to, this article and the paragraph of it."""
    found = _REFERENCE.search(text)
    number = article_number(found[0]) if found else None
    if not found or not number:
        found = _ENGLISH_REFERENCE.search(text)
        number = found[1].lstrip("0") if found else None
    if not found or not number:
        return text, None, None
    before, after = text[: found.start()], text[found.end() :]
    paragraph = _PARAGRAPH.match(after)
    if not paragraph:
        return f"{before} {after}", number, None
    return f"{before} {after[paragraph.end() :]}", number, int(article_number(paragraph[1]) or 1)


def _without_title(text: str, titles: Sequence[str]) -> tuple[str, str | None]:
    """The text without the longest title or alias in it, and the title that this one means."""
    for name in (*titles, *ALIASES):
        if name in text:
            title = ALIASES.get(name, name)
            if title in titles:
                return text.replace("中华人民共和国", "").replace(name, " ", 1), title
    return text, None


def _subjects(text: str, segment: Segment) -> tuple[Subject, ...]:
    terms = terms_in(text, segment)
    taken = {place for term in terms for place in term.places}
    rest = "".join(" " if place in taken else letter for place, letter in enumerate(text))
    found = [Subject(term.said, term.meant) for term in terms]
    found += [Subject(word) for word in _words(rest, segment)]
    telling = [s for s in found if s.meant or _is_telling(s.said)]
    return tuple(dict.fromkeys(telling or found))[:MAX_SUBJECTS]


def _is_telling(word: str) -> bool:
    return len(word) > 1 and word not in everyday_words.CONTEXT_WORDS


def _words(text: str, segment: Segment) -> list[str]:
    plain = _NOT_WORDS.sub(" ", text).strip()
    if not plain:
        return []
    return [
        word
        for word in segment(plain)
        if word.strip() and word not in everyday_words.FUNCTION_WORDS
    ]
