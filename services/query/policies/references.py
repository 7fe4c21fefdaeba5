"""References to articles in the text of an article, with what they lead to; pure.

Understood: 《…法》第四十六条第（一）项, a law's short name that the policy itself explains, 本法第四十七条,
第三十九条和第四十条第一项、第二项, 第四十七条至第四十九条, 前条, 前款, 前两款, 本条第一款. A bare 第…条
is the policy's own where policies write so; cases and answers quote, there it follows the law
named before it or is passed over. 前项 and 本款 lead nowhere a reader is not already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.query.policies.numerals import NUMERAL, article_number, numeral_value
from services.query.policies.policy import Article, Policy, short_title
from services.query.policies.structure import Paragraph, paragraph_at, paragraphs

QUOTING: frozenset[str] = frozenset({"typical_case", "question_and_answer"})
"""Kinds whose texts quote articles and have none of their own to refer to."""

COMMON_NAMES: Mapping[str, str] = {
    "调解仲裁法": "劳动争议调解仲裁法",
    **{
        name: name
        for name in (
            "劳动法", "劳动合同法", "劳动合同法实施条例", "劳动争议调解仲裁法", "人民调解法",
            "民事诉讼法", "社会保险法", "工伤保险条例", "民法典", "刑法", "行政诉讼法",
            "企业破产法", "工会法",
        )
    },
}  # fmt: skip
"""Names of laws that are written without marks and without an explanation, and their titles."""

_N = rf"(?:\d{{1,4}}|[{NUMERAL}]{{1,9}})"
_OWN = "本(?:法|条例|办法|规定|解释|细则|规则|决定|意见|通知)"
_NOTHING = re.compile(r"[ \u3000]*")
_SEPARATOR = re.compile(r"[ \u3000]*(?:、|，|,|和|及|或者|或|以及|与)[ \u3000]*")
_RANGE = re.compile(r"[ \u3000]*(?:至|到)[ \u3000]*")
_OTHERS_NAME = re.compile("(?:法|条例|办法|规定|解释|细则|规则|决定|意见|通知)[ \u3000]*$")
_EXPLAINED = re.compile(
    r"《([^《》]{2,60})》[\s\u3000]*[（(]以下(?:统称|简称)[“\"《]?(\w{2,30})[”\"》]?[）)]"
)
_TITLE = r"《(?P<title>[^《》]{2,80})》(?:[\s\u3000]*[（(][^（()）]{0,40}[）)])?"
_REST = (
    rf"|(?P<own>{_OWN})(?=[\s\u3000]*第)"
    rf"|(?P<article>第{_N}条(?:之{_N})?)"
    rf"|(?P<paragraph>第{_N}款)"
    rf"|(?P<item>第[ \u3000]*[（(]{_N}[）)][ \u3000]*项?|第{_N}项)"
    rf"|(?P<listed>[（(]{_N}[）)][ \u3000]*项?)"
    r"|(?P<previous>前条)|(?P<this>本条)(?=第)"
    r"|(?P<before>前(?P<count>[两二三四])?款)"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """Words of a text, `text[start:end]`, and what they lead to: an article by its number and
    perhaps a paragraph and an item of it; with `to` all articles up to that one too. `title` is
    short, that of the policy itself for its own articles.
    """

    text: str
    start: int
    end: int
    title: str
    article: str
    paragraph: int | None = None
    item: int | None = None
    to: str | None = None

    @property
    def articles(self) -> Iterator[str]:
        """Every article it leads to; of a range the whole numbers between its ends too."""
        yield self.article
        if self.to:
            first, last = (int(number.partition("-")[0]) for number in (self.article, self.to))
            yield from (str(n) for n in range(first + 1, min(last, first + _RANGE_MOST)))
            yield self.to


_GAP = 8
"""So many characters at most join two tokens: what is further apart is not looked at."""

_RANGE_MOST = 300
"""So many articles at most lie in a range; the civil procedure law has 306 in all."""


@dataclass(frozen=True, slots=True)
class Names:
    """How a policy calls others and itself: short names and the titles they stand for."""

    own: str | None
    titles: Mapping[str, str]

    @classmethod
    def of(cls, policy: Policy) -> Names:
        """Those that the policy's text explains, and the common ones."""
        titles = dict(COMMON_NAMES)
        for text in (policy.preamble, *(article.text for article in policy.articles)):
            for match in _EXPLAINED.finditer(text):
                titles[match[2]] = short_title(match[1])
        own = None if policy.kind in QUOTING else short_title(policy.title)
        return cls(own, titles)

    def pattern(self) -> re.Pattern[str]:
        names = "|".join(map(re.escape, sorted(self.titles, key=len, reverse=True)))
        return re.compile(rf"{_TITLE}|(?P<name>{names})(?=[\s\u3000]*第){_REST}")


@dataclass(frozen=True, slots=True)
class Place:
    """The article whose text is read: its number and that of the article before it."""

    number: str
    previous: str | None


def references(
    text: str, names: Names, place: Place, pattern: re.Pattern[str]
) -> tuple[Reference, ...]:
    """All references of the text in their order; `pattern` is that of `names`, made once."""
    reader = _Reader(text, names, place)
    for token in pattern.finditer(text):
        reader.take(token)
    return tuple(reader.found)


def policy_references(policy: Policy) -> Iterator[tuple[str, tuple[Reference, ...]]]:
    """Each article's number with the references in its text."""
    names = Names.of(policy)
    pattern = names.pattern()
    previous = None
    for article in policy.articles:
        yield (
            article.number,
            references(article.text, names, Place(article.number, previous), pattern),
        )
        previous = article.number


def references_of(policy: Policy, article: Article) -> tuple[Reference, ...]:
    """The references in one article of the policy."""
    names = Names.of(policy)
    place = policy.articles.index(article)
    previous = policy.articles[place - 1].number if place else None
    return references(article.text, names, Place(article.number, previous), names.pattern())


class _Reader:
    """What is known from left to right: the law named last, what was found last, where it ended."""

    def __init__(self, text: str, names: Names, place: Place) -> None:
        self.found: list[Reference] = []
        self._text, self._names, self._place = text, names, place
        self._named: tuple[str | None, int, int] = (None, -1, -1)
        """A title just read (None for one that leads nowhere), its start and end."""
        self._parts: tuple[Paragraph, ...] | None = None

    def take(self, token: re.Match[str]) -> None:
        match token.lastgroup:
            case "title" | "name":
                short = short_title(token[token.lastgroup])
                self._named = (self._names.titles.get(short, short), token.start(), token.end())
            case "own":
                self._named = (self._names.own, token.start(), token.end())
            case "article":
                self._article(token)
            case "previous":
                self._add(token, self._names.own, self._place.previous)
            case "this":
                self._named = (self._names.own, token.start(), token.end())
            case "paragraph":
                self._paragraph(token)
            case "item" | "listed":
                self._item(token)
            case _:
                self._before(token)

    def _article(self, token: re.Match[str]) -> None:
        number = article_number(token[0])
        title, start, end = self._named
        near = end >= 0 and token.start() - end <= _GAP
        if near and not self._text[end : token.start()].strip():
            self._add(token, title, number, start)
        elif last := self._joined(token, _RANGE):
            if number and last.paragraph is None and last.item is None:
                self._refine(token, to=number)
        elif last := self._joined(token, _SEPARATOR):
            self._add(token, last.title, number)
        elif not _OTHERS_NAME.search(self._text[max(0, token.start() - 4) : token.start()]):
            self._add(token, self._names.own, number)

    def _paragraph(self, token: re.Match[str]) -> None:
        number = numeral_value(token[0][1:-1])
        _, start, end = self._named
        last = self._joined(token, _NOTHING)
        if last and last.paragraph is None and last.item is None:
            self._refine(token, paragraph=number)
        elif end == token.start():
            self._add(token, self._names.own, self._place.number, start, paragraph=number)
        elif (last := self._chained(token)) and last.paragraph:
            self._add(token, last.title, last.article, paragraph=number)
        else:
            self._add(token, self._names.own, self._place.number, paragraph=number)

    def _item(self, token: re.Match[str]) -> None:
        number = numeral_value(token[0].strip("第项（()） \u3000"))
        last = self._joined(token, _NOTHING)
        if last and last.item is None and token.lastgroup == "item":
            self._refine(token, item=number)
        elif (last := self._chained(token)) and last.item:
            self._add(token, last.title, last.article, paragraph=last.paragraph, item=number)

    def _before(self, token: re.Match[str]) -> None:
        """The paragraphs before the one the words stand in; none before the first."""
        if self._parts is None:
            self._parts = paragraphs(self._text)
        here = paragraph_at(self._parts, token.start())
        count = numeral_value(token["count"] or "") or 1
        for number in range(max(1, here - count), here):
            self._add(token, self._names.own, self._place.number, paragraph=number)

    def _chained(self, token: re.Match[str]) -> Reference | None:
        return self._joined(token, _SEPARATOR) or self._joined(token, _RANGE)

    def _joined(self, token: re.Match[str], between: re.Pattern[str]) -> Reference | None:
        """The reference found last, if nothing else stands between it and the token."""
        last = self.found[-1] if self.found else None
        near = last and token.start() - last.end <= _GAP
        if last and near and between.fullmatch(self._text, last.end, token.start()):
            return last
        return None

    def _add(
        self,
        token: re.Match[str],
        title: str | None,
        article: str | None,
        start: int | None = None,
        *,
        paragraph: int | None = None,
        item: int | None = None,
    ) -> None:
        if title is None or article is None:
            return
        start = token.start() if start is None else start
        words = self._text[start : token.end()]
        self.found.append(Reference(words, start, token.end(), title, article, paragraph, item))

    def _refine(self, token: re.Match[str], **more: Any) -> None:
        last = self.found.pop()
        words = self._text[last.start : token.end()]
        self.found.append(replace(last, text=words, end=token.end(), **more))
