"""Full-text search over policies, held in memory and built from the stored documents.

Articles are segmented into words, asked for in everyday words (everyday_words) and found by the
words of the statutes. An answer is the articles about everything that was asked; where these are
few, those about a part of it follow.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from services.query.policies.policy import (
    KINDS,
    NATIONAL,
    Article,
    Policy,
    replaced_note,
    short_title,
)
from services.query.search import everyday_words
from services.query.search import queries as policy_queries
from services.query.search import question as policy_question
from services.query.search.question import Filters, Question
from services.query.search.snippets import snippet, wording
from shared import divisions
from shared.errors import FieldError, Refused, Text

if TYPE_CHECKING:
    from tantivy import Query

MAX_PAGE = 1000
MAX_SIZE = 50
MAX_ISSUER = 100
MAX_SUGGESTIONS = 10

NOTHING_ASKED = Text(
    "请输入更具体的词，例如“拖欠工资”“加班费”“劳动合同法第四十七条”。",
    "Use more telling words, such as 拖欠工资 (unpaid wages) or 劳动合同法第四十七条.",
)
NOTHING_FOUND = Text(
    "没有找到相关条文，请换一种说法，或拨打12333咨询。",
    "Nothing was found; try other words, or call 12333.",
)


@dataclass(frozen=True, slots=True)
class Hit:
    """An article found, or a policy as a whole (`article` None). `snippet` is HTML in which
    everything but <mark> is escaped; `note` says that a later law has replaced the article.
    """

    policy: Policy
    article: Article | None
    snippet: str
    note: Text | None


@dataclass(frozen=True, slots=True)
class Result:
    """One page of an answer: `total` counts all pages; `took_ms` milliseconds inside the search."""

    total: int
    took_ms: float
    page: int
    size: int
    hits: tuple[Hit, ...]
    note: Text | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A completion: a question to ask, or a policy's title with its url."""

    text: str
    url: str | None = None


class SearchIndex:
    """Immutable once built, so any number of threads may search it."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self._policies = tuple(policies)
        self._entries = tuple(
            (policy, article) for policy in self._policies for article in (None, *policy.articles)
        )
        self._index = policy_queries.build(self._entries)
        policy_question.read("", (), policy_queries.cut)  # the expression of everyday words
        titles = {short_title(policy.title).lower() for policy in self._policies}
        self._titles = tuple(sorted(titles, key=lambda title: (-len(title), title)))

    @classmethod
    def build(cls, policies: Iterable[Policy]) -> SearchIndex:
        """Index every title and article of the policies; CPU-bound, 0.3 s for 1,700 articles."""
        return cls(policies)

    def __len__(self) -> int:
        return len(self._policies)

    def search(
        self, query: str, filters: Filters, page: int = 1, size: int = 10, *, today: date
    ) -> Result:
        """The page of articles that answer the question; for an empty one all policies.

        `today` decides what is in force. Refused (`validation_failed`) for a question over 500
        characters, for unknown filters, and for pages outside 1 to MAX_PAGE.
        """
        started = time.perf_counter()
        _check(filters, page, size)
        question = policy_question.read(query, self._titles, policy_queries.cut)
        total, places = self._find(question, filters, page, size, today)
        marked = _marked(question)
        hits = tuple(self._hit(place, marked) for place in places)
        took_ms = round((time.perf_counter() - started) * 1000, 3)
        return Result(total, took_ms, page, size, hits, _note(question, total))

    def suggest(self, prefix: str) -> tuple[Suggestion, ...]:
        """At most MAX_SUGGESTIONS common questions and titles that begin with the words, then
        those that contain them. Refused when over 500 characters.
        """
        words = policy_question.normalised(prefix)
        offers = [Suggestion(question) for question in everyday_words.QUESTIONS]
        offers += [
            Suggestion(policy.title, policy.url)
            for policy in self._policies
            if policy.superseded_by is None
        ]
        matching = [offer for offer in offers if words and words in offer.text.lower()]
        matching.sort(key=lambda o: not short_title(o.text).lower().startswith(words))
        return tuple(matching[:MAX_SUGGESTIONS])

    def _find(
        self, question: Question, filters: Filters, page: int, size: int, today: date
    ) -> tuple[int, list[int]]:
        """How many entries answer and the places of the page's; the first way with enough wins."""
        offset = (page - 1) * size
        for query, enough in policy_queries.ways(question):
            total, places = self._ask(query, filters, today, size, offset)
            if total >= enough:
                return total, places
        everything = policy_queries.everything(whole=not question.text)
        _, places = self._ask(everything, filters, today, len(self._entries) or 1, 0)
        if question.text:
            places = [place for place in sorted(places) if self._has(place, question.text)]
        else:
            places.sort(key=lambda p: str(self._entries[p][0].promulgated_on or ""), reverse=True)
        return len(places), places[offset : offset + size]

    def _ask(
        self, query: Query, filters: Filters, today: date, limit: int, offset: int
    ) -> tuple[int, list[int]]:
        within = policy_queries.filtered(query, filters, today)
        return policy_queries.ask(self._index, within, limit, offset)

    def _has(self, place: int, text: str) -> bool:
        """Whether an entry holds the text letter by letter: what no word of the index found."""
        policy, article = self._entries[place]
        return text in (article.text if article else policy.title).lower()

    def _hit(self, place: int, marked: list[re.Pattern[str]]) -> Hit:
        policy, article = self._entries[place]
        text = article.text if article else policy.preamble or policy.articles[0].text
        note = replaced_note(policy, article) if article else None
        return Hit(policy, article, snippet(text, marked), note)


def _check(filters: Filters, page: int, size: int) -> None:
    """Refuse what no answer can be given for, every fault at once."""
    errors = []
    if filters.kind is not None and filters.kind not in KINDS:
        message = Text("没有这种文件", "There is no such kind of policy")
        errors.append(FieldError("/kind", "unknown_kind", message))
    if filters.issuer is not None and len(filters.issuer) > MAX_ISSUER:
        message = Text("制定机关名称过长", "The issuer's name is too long")
        errors.append(FieldError("/issuer", "too_long", message))
    if filters.region not in (None, NATIONAL) and divisions.find(filters.region or "") is None:
        message = Text("没有这个行政区划代码", "There is no such division code")
        errors.append(FieldError("/region", "unknown_division", message))
    if not 1 <= page <= MAX_PAGE:
        message = Text(f"页码应在 1 至 {MAX_PAGE} 之间", f"Pages run from 1 to {MAX_PAGE}")
        errors.append(FieldError("/page", "out_of_range", message))
    if not 1 <= size <= MAX_SIZE:
        message = Text(f"每页 1 至 {MAX_SIZE} 条", f"1 to {MAX_SIZE} items a page")
        errors.append(FieldError("/size", "out_of_range", message))
    if errors:
        raise Refused("validation_failed", errors=errors)


def _marked(question: Question) -> list[re.Pattern[str]]:
    """What to mark in a passage: the words asked for and their meanings."""
    if not question.subjects:
        return [wording((question.text,))] if question.text else []
    said = [wording((subject.said,)) for subject in question.subjects]
    meant = dict.fromkeys(m for subject in question.subjects for m in subject.meant)
    return said + [wording(policy_queries.words_of(meaning)) for meaning in meant]


def _note(question: Question, total: int) -> Text | None:
    if total or not question.text:
        return None
    asked = question.law or question.article or question.subjects
    return NOTHING_FOUND if asked else NOTHING_ASKED
