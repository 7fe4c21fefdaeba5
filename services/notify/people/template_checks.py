"""What a wording must keep before it is released: faults of its text, each with what to do.

The text is filled with every sample of every reader (`samples`), so what is checked is what people
would read, at its longest as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.notify.people.sample_values import AUDIENCE_WORD, SITE
from services.notify.people.samples import Sample, Wording, samples
from services.notify.people.template_grammar import (
    Parsed,
    Unreadable,
    parse,
    unknown_names,
    unknown_words,
)
from services.notify.people.templates import SEGMENTS_LIMIT, Templates, segments
from shared.contracts.faults import Fault
from shared.errors import Language, Text

SIGNATURE: Final = "【调解】"
SUBJECT_MOST: Final = 100
"""Characters of a subject at its longest; more is cut on a phone."""

NUMBERS_ALLOWED: Final = frozenset({"12333", "12348"})
"""Hotlines that a text message may name; every other number comes from the directory."""

_BLANK: Final = "□"
"""Stands for every value when only the written words are looked at."""

_LINK: Final = re.compile(
    r"https?:|://|\bwww\.|[a-z0-9-]\.[a-z]{2,}|\w\.(?:中国|公司|网络)", re.IGNORECASE
)
_NUMBER: Final = re.compile(r"\d(?:[\s()-]{0,2}\d){4,}", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_HALF_WIDTH: Final = re.compile(r"[\u3400-\u9fff][,.;:!?()]|[,;:!?()][\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Preview:
    """What one reader would get; `segments` of a text message, None of an e-mail."""

    sample: Sample
    subject: str
    text: str
    segments: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """Which text of a wording: its channel and language."""

    wording: Wording
    channel: str
    language: Language

    @property
    def name(self) -> str:
        return f"{self.wording.name}/{self.channel}.{self.language}"


def previews(templates: Templates, place: Place, text: str) -> list[Preview]:
    """What every reader would get of a text without faults."""
    fill = templates.filling(place.channel, text)
    shown = []
    for sample in samples(place.wording, place.language):
        subject, words = fill(sample.values)
        parts = segments(words) if place.channel == "sms" else None
        shown.append(Preview(sample, subject, words, parts))
    return shown


def faults(templates: Templates, place: Place, text: str) -> list[Fault]:
    """What stands against releasing this text; [] if nothing does."""
    try:
        parsed = parse(text)
    except Unreadable as unreadable:
        return [unreadable.fault]
    allowed, choices = place.wording.allowed(place.channel), place.wording.choices
    found = [*_unprintable(text), *_site(place, parsed)]
    if not found:
        found = [*unknown_names(parsed, allowed), *unknown_words(parsed, choices)]
    if found:
        return found
    shown = previews(templates, place, text)
    bare = _bare(templates, place, text)
    rules = _sms(shown, bare) if place.channel == "sms" else _email(text, shown, bare)
    return list(dict.fromkeys([*_missing(place, parsed, shown), *rules]))


def warnings(place: Place, text: str, other: str) -> Iterator[Text]:
    """What may be meant so: values that the text in the other language (`other`, "" if there is
    none) has and this has not or the reverse, and punctuation."""
    if place.language == "zh" and _HALF_WIDTH.search(text):
        yield Text("汉字旁有半角标点", "There is half-width punctuation beside Chinese")
    if not other:
        return
    try:
        differing = sorted(_printed(parse(text)) ^ _printed(parse(other)))
    except Unreadable:
        return
    if differing:
        names = ", ".join(differing)
        yield Text(
            f"中英文用的变量不一致：{names.replace(', ', '、')}",
            f"The texts in Chinese and English show different values: {names}",
        )


def _printed(parsed: Parsed) -> frozenset[str]:
    return frozenset(each.name for each in parsed.names) - {AUDIENCE_WORD}


def _bare(templates: Templates, place: Place, text: str) -> list[str]:
    """The written words that each reader gets, a blank for every value, full-width forms as plain."""
    fill, bare = templates.filling(place.channel, text), []
    for sample in samples(place.wording, place.language):
        values = {
            name: value if name in place.wording.choices or not value else _BLANK
            for name, value in sample.values.items()
        }
        subject, words = fill(values | {SITE: _BLANK})
        bare.append(unicodedata.normalize("NFKC", f"{subject}\n{words}"))
    return bare


# --- rules of every channel ------------------------------------------------------------------


def _unprintable(text: str) -> Iterator[Fault]:
    if _CONTROL.search(text):
        yield Fault(
            "invalid_character",
            Text("含有不能使用的字符", "Contains a character that cannot be used"),
        )


def _site(place: Place, parsed: Parsed) -> Iterator[Fault]:
    if place.channel == "sms" and SITE in parsed.used:
        yield _NO_LINK


def _missing(place: Place, parsed: Parsed, shown: Iterable[Preview]) -> Iterator[Fault]:
    """A required value that is written nowhere, or that some reader would not get."""
    printed = {each.name for each in parsed.names if each.printed}
    for name in sorted(place.wording.required):
        read = all(p.sample.values[name] in f"{p.subject}\n{p.text}" for p in shown)
        if name in printed and read:
            continue
        meaning = place.wording.values[name].meaning
        yield Fault(
            "missing_variable",
            Text(
                f"每位收信人都必须看到 {name}：{meaning.zh}",
                f"Every reader must be shown {name}: {meaning.en}",
            ),
        )


_NO_LINK: Final = Fault(
    "link_forbidden",
    Text(
        "短信不能有网址；电子邮件只能用变量 site",
        "No addresses in text messages; in e-mails only the value site",
    ),
)


def _links(bare: Iterable[str]) -> Iterator[Fault]:
    if any(_LINK.search(words) for words in bare):
        yield _NO_LINK


# --- rules of one channel --------------------------------------------------------------------


def _email(text: str, shown: Sequence[Preview], bare: Sequence[str]) -> Iterator[Fault]:
    _, _, below = text.strip().partition("\n")
    apart = below.partition("\n")[0].strip() == ""
    if not (apart and all(p.subject and p.text.strip() for p in shown)):
        yield Fault(
            "subject_missing",
            Text(
                "第一行是主题，其后空一行，再写正文",
                "The first line is the subject, then comes an empty line, then the text",
            ),
        )
    elif any(len(preview.subject) > SUBJECT_MOST for preview in shown):
        yield Fault(
            "subject_too_long",
            Text(
                f"主题最长时不能超过{SUBJECT_MOST}个字符",
                f"The subject must not exceed {SUBJECT_MOST} characters at its longest",
            ),
        )
    yield from _links(bare)


def _sms(shown: Sequence[Preview], bare: Sequence[str]) -> Iterator[Fault]:
    if not all(preview.text.startswith(SIGNATURE) for preview in shown):
        yield Fault(
            "signature_missing",
            Text(f"短信必须以签名{SIGNATURE}开头", f"A text message begins with {SIGNATURE}"),
        )
    if any("\n" in preview.text or "\t" in preview.text for preview in shown):
        yield Fault("line_break", Text("短信只能有一行", "A text message is one line"))
    longest = max(preview.segments or 0 for preview in shown)
    if longest > SEGMENTS_LIMIT:
        yield Fault(
            "too_many_segments",
            Text(
                f"变量最长时要分{longest}条发送，最多{SEGMENTS_LIMIT}条",
                f"With the longest values it takes {longest} segments, at most {SEGMENTS_LIMIT}",
            ),
        )
    yield from _links(bare)
    if any(_foreign_numbers(words) for words in bare):
        yield Fault(
            "phone_forbidden",
            Text(
                "短信里的电话只能是变量、12333或者12348",
                "A telephone number in a text message is a value, 12333 or 12348",
            ),
        )


def _foreign_numbers(words: str) -> bool:
    return any(re.sub(r"\D", "", found) not in NUMBERS_ALLOWED for found in _NUMBER.findall(words))
