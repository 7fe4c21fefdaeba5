"""Full-text search over policies, held in memory and built from the stored documents.

Articles are segmented into words, asked for in everyday words (everyday_words) and found by the
words of the statutes. An answer is the articles about everything that was asked; where these are
few, those about a part of it follow.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from services.query.policies.policy import Article, Policy, replaced_note, short_title
from services.query.search import facets, queries, vocabulary
from services.query.search import filters as policy_filters
from services.query.search import question as policy_question
from services.query.search.facets import Facets
from services.query.search.marking import marked, passage
from services.query.search.question import Filters, Question
from services.query.search.snippets import Wording
from services.query.search.suggestions import Completions, Suggestion
from services.query.search.writing import normalised, simplified
from shared.errors import Text

if TYPE_CHECKING:
    from tantivy import Query

NOTHING_ASKED = Text(
    "请输入更具体的词，例如“拖欠工资”“加班费”“劳动合同法第四十七条”。",
    "Use more telling words, such as 拖欠工资 (unpaid wages) or 劳动合同法第四十七条.",
)
NOTHING_FOUND = Text(
    "没有找到相关条文，请换一种说法，或拨打12333咨询。",
    "Nothing was found; try other words, or call 12333.",
)

MAX_RELATED = 5
_REMEMBERED_FILTERS = 64
_BREATH_SECONDS = 0.0001
_ARTICLES_A_BREATH, _WORDS_A_BREATH = 16, 200  # some 2 ms

_NO_QUESTION = Question("", None, None, ())

_T = TypeVar("_T")


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
    """One page of an answer: `total` counts all pages; `took_ms` milliseconds inside the search;
    `understood_as` the question where it was read otherwise than typed; `meanings` what everyday
    words in it were taken to mean.
    """

    total: int
    took_ms: float
    page: int
    size: int
    hits: tuple[Hit, ...]
    note: Text | None
    facets: Facets | None
    understood_as: str | None
    meanings: tuple[tuple[str, tuple[str, ...]], ...]


class SearchIndex:
    """Immutable once built, so any number of threads may search it."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self._policies = tuple(policies)
        self._entries = tuple(
            queries.Entry(number, policy, article)
            for number, policy in enumerate(self._policies)
            for article in (None, *policy.articles)
        )
        self._index = queries.build(_unhurried(self._entries, _ARTICLES_A_BREATH))
        self._numbers = {policy.id: number for number, policy in enumerate(self._policies)}
        titles = {short_title(policy.title).lower() for policy in self._policies}
        self._titles = tuple(sorted(titles, key=lambda title: (-len(title), title)))
        self._corrector = vocabulary.corrector(
            self._policies,
            self._titles,
            queries.cut,
            lambda words: _unhurried(words, _WORDS_A_BREATH),
        )
        self._completions = Completions(_unhurried(self._policies, _ARTICLES_A_BREATH))
        self._traits: tuple[date, tuple[facets.Traits, ...]] = (date.min, ())
        self._admitted: dict[tuple[Filters, date], tuple[int, ...] | None] = {}
        self.search("拖签公资", Filters(), today=date.max)  # what is made at first use is made now

    @classmethod
    def build(cls, policies: Iterable[Policy]) -> SearchIndex:
        """Index every title and article of the policies; CPU-bound, 5 s for 30,000 articles.

        Searches of the index in use go on: the build pauses shortly after every few articles.
        """
        return cls(policies)

    def __len__(self) -> int:
        return len(self._policies)

    def search(
        self,
        query: str,
        filters: Filters,
        page: int = 1,
        size: int = 10,
        *,
        today: date,
        sort: str = "relevance",
        with_facets: bool = False,
    ) -> Result:
        """The page of articles that answer the question; for an empty one all policies.

        `today` decides what is in force. Refused (`validation_failed`) for a question over 500
        characters, for unknown filters, and for pages outside 1 to MAX_PAGE.
        """
        started = time.perf_counter()
        policy_filters.check(filters, page, size, sort)
        typed = normalised(query)
        understood = self._corrector.corrected(simplified(typed))
        question = policy_question.read(understood, self._titles, queries.cut)
        admitted = self._admit(filters, today)
        newest_first = sort == "date" or not question.text
        total, places, matching = self._find(
            question, admitted, page, size, newest_first=newest_first
        )
        wordings = marked(question)
        hits = tuple(self._hit(place, question, wordings) for place in places)
        spread = self._facets(matching, today) if with_facets else None
        return Result(
            total=total,
            took_ms=round((time.perf_counter() - started) * 1000, 3),
            page=page,
            size=size,
            hits=hits,
            note=_note(question, total),
            facets=spread,
            understood_as=question.text if question.text != typed else None,
            meanings=tuple((s.said, s.meant) for s in question.subjects if s.meant),
        )

    def suggest(self, prefix: str) -> tuple[Suggestion, ...]:
        """Common questions, titles and headings that begin with the words, then those that
        contain them; bounded. Refused when over 500 characters.
        """
        return self._completions.of(prefix)

    def related(self, policy_id: str, number: str) -> tuple[Hit, ...] | None:
        """The articles most like one, MAX_RELATED at most; None when there is no such article."""
        policy_number = self._numbers.get(policy_id)
        articles = self._policies[policy_number].articles if policy_number is not None else ()
        article = next((article for article in articles if article.number == number), None)
        if article is None:
            return None
        likeness = queries.alike(self._index, article.text, len(self._entries))
        found = (
            self._hit(place, _NO_QUESTION, ())
            for place in queries.ask(self._index, likeness, MAX_RELATED * 2, 0)[1]
        )
        others = (hit for hit in found if hit.article and hit.article.text != article.text)
        return tuple(islice(others, MAX_RELATED))

    def _find(
        self,
        question: Question,
        admitted: tuple[int, ...] | None,
        page: int,
        size: int,
        *,
        newest_first: bool,
    ) -> tuple[int, list[int], Query | None]:
        """How many entries answer, the places of the page's, and what matches them; the first way
        with enough wins.
        """
        for way in queries.ways(question) if question.text else [queries.whole_policies()]:
            query = way.query if admitted is None else queries.within(way.query, admitted)
            total, places = queries.ask(
                self._index, query, size, (page - 1) * size, newest_first=newest_first
            )
            if total >= way.enough:
                return total, places, query
        return 0, [], None

    def _facets(self, matching: Query | None, today: date) -> Facets:
        """Facets of an answer, given what matches its hits."""
        day, traits = self._traits
        if day != today:
            traits = tuple(facets.traits(policy, today) for policy in self._policies)
            self._traits = (today, traits)
        hits: Counter[facets.Traits] = Counter()
        spread = queries.count_by_policy(self._index, matching) if matching else {}
        for number, count in spread.items():
            hits[traits[number]] += count
        return facets.counted(hits)

    def _admit(self, filters: Filters, today: date) -> tuple[int, ...] | None:
        """Numbers of the policies that the filters let through, None for all."""
        if filters == Filters():
            return None
        key = (filters, today)
        if key not in self._admitted:
            if len(self._admitted) >= _REMEMBERED_FILTERS:
                self._admitted.clear()
            conditions = policy_filters.Conditions(filters, today)
            self._admitted[key] = tuple(
                number for number, policy in enumerate(self._policies) if conditions.admit(policy)
            )
        return self._admitted[key]

    def _hit(self, place: int, question: Question, wordings: Sequence[Wording]) -> Hit:
        _, policy, article = self._entries[place]
        text = article.text if article else policy.preamble or policy.articles[0].text
        note = replaced_note(policy, article) if article else None
        return Hit(policy, article, passage(text, question, wordings), note)


def _note(question: Question, total: int) -> Text | None:
    if total or not question.text:
        return None
    asked = question.law or question.article or question.subjects or question.phrases
    return NOTHING_FOUND if asked else NOTHING_ASKED


def _unhurried(things: Iterable[_T], every: int) -> Iterator[_T]:
    """The things one by one; other threads of the process get their turn after every so many."""
    for place, thing in enumerate(things):
        if place % every == 0:
            time.sleep(_BREATH_SECONDS)
        yield thing
