"""Reading a question: which law, which article, which subjects, in the words of the statutes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from services.query.policies.policy import NUMERAL, article_number
from services.query.search import everyday_words
from shared.errors import FieldError, Refused, Text

MAX_LENGTH = 500
MAX_SUBJECTS = 16

Segment = Callable[[str], list[str]]

_REFERENCE = re.compile(
    rf"(?:第\s*(?:\d{{1,4}}|[{NUMERAL}]{{1,9}})\s*条?|(?:\d{{1,4}}|[{NUMERAL}]{{1,9}})\s*条)"
    rf"(?:\s*之\s*(?:\d{{1,2}}|[{NUMERAL}]{{1,3}}))?"
)
_ENGLISH_REFERENCE = re.compile(r"\b(?:article|art\.?)\s*(\d{1,4})\b")
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
    division it lies in apply there. `in_force` None means either.
    """

    kind: str | None = None
    issuer: str | None = None
    region: str | None = None
    in_force: bool | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """`text` as asked, normalised; `law` the short title of a policy it names, `article` a number
    such as "47"; `subjects` what is asked besides, without repetition, at most MAX_SUBJECTS.
    """

    text: str
    law: str | None
    article: str | None
    subjects: tuple[Subject, ...]


def normalised(query: str) -> str:
    """Half width, small letters, no control characters, single spaces (Unicode NFKC).

    Refused (`too_long`) above MAX_LENGTH characters.
    """
    if len(query) > MAX_LENGTH:
        message = Text(
            f"请把问题缩短到 {MAX_LENGTH} 字以内", f"Ask in at most {MAX_LENGTH} characters"
        )
        raise Refused("validation_failed", errors=[FieldError("/q", "too_long", message)])
    text = unicodedata.normalize("NFKC", query).lower()
    visible = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    return " ".join(visible.split())


def read(query: str, titles: Sequence[str], segment: Segment) -> Question:
    """The question in `query`, given the short titles there are, longest first; Refused when too
    long. With neither law nor article nor subjects it asks about nothing that can be searched.
    """
    text = normalised(query)
    rest, number = _without_reference(text)
    rest, law = _without_title(rest, titles)
    if law and not number and (number := article_number(rest)):  # 劳动合同法47
        rest = ""
    return Question(text, law, number, _subjects(rest, segment))


def _without_reference(text: str) -> tuple[str, str | None]:
    found = _REFERENCE.search(text)
    number = article_number(found[0]) if found else None
    if not found or not number:
        found = _ENGLISH_REFERENCE.search(text)
        number = found[1].lstrip("0") if found else None
    return (f"{text[: found.start()]} {text[found.end() :]}", number) if found else (text, None)


def _without_title(text: str, titles: Sequence[str]) -> tuple[str, str | None]:
    """The text without the longest title or alias in it, and the title that this one means."""
    for name in (*titles, *ALIASES):
        if name in text:
            title = ALIASES.get(name, name)
            if title in titles:
                return text.replace("中华人民共和国", "").replace(name, " ", 1), title
    return text, None


def _subjects(text: str, segment: Segment) -> tuple[Subject, ...]:
    found: list[Subject] = []
    end = 0
    for match in _everyday().finditer(text):
        found += [Subject(word) for word in _words(text[end : match.start()], segment)]
        found.append(Subject(match[0], everyday_words.WORDS[(match.lastindex or 1) - 1].meant))
        end = match.end()
    found += [Subject(word) for word in _words(text[end:], segment)]
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


@cache
def _everyday() -> re.Pattern[str]:
    return everyday_words.pattern()
