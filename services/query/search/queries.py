"""The index's fields and the queries over them: the one module that speaks tantivy.

tantivy and the dictionary of rjieba (32 MiB) are loaded at first use, not at import, so that a
process is ready and light until somebody searches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from services.query.policies.policy import NATIONAL, Article, Policy, replaced_note, short_title
from services.query.search.question import Filters, Question, Subject
from shared import divisions

if TYPE_CHECKING:
    from tantivy import Document, Index, Query, Schema

ENOUGH = 5
"""Articles about all that was asked that make an answer by themselves."""

_TITLE_BOOST = 1.2
_FIRST_MEANING_BOOST = 1.4
_TOGETHER_SCORE = 50.0  # above any sum of scores: all that was asked goes before a part of it
_CORE_SCORE = 1.5
_CURRENT_SCORE = 3.0
_SLOP = 3  # 解除劳动合同 also finds 解除或者终止劳动合同
_WRITER_BYTES = 15_000_000  # the least tantivy takes; given back after the build


@lru_cache(maxsize=1024)
def words_of(wording: str) -> tuple[str, ...]:
    """Words of a question's wording in order, none twice at a place, no punctuation."""
    return tuple(word for word in cut(wording) if word[0].isalnum())


def cut(text: str) -> list[str]:
    """Words in order, none twice at a place, with what stands between them."""
    import rjieba

    return rjieba.cut(text, hmm=False)


def _cut_fine(text: str) -> list[str]:
    """Words and the shorter words within them: for finding."""
    import rjieba

    return rjieba.cut_for_search(text, hmm=False)


def build(entries: Iterable[tuple[Policy, Article | None]]) -> Index:
    """An index in memory over articles, and over policies as a whole (article None); an entry's
    place in the order given is what a search answers with.
    """
    from tantivy import Index

    index = Index(_schema())
    writer = index.writer(heap_size=_WRITER_BYTES, num_threads=1)
    for place, (policy, article) in enumerate(entries):
        writer.add_document(_indexed(place, policy, article))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return index


@cache
def _schema() -> Schema:
    from tantivy import SchemaBuilder

    builder = SchemaBuilder()
    for name in ("title", "words", "phrase"):
        builder.add_text_field(name, tokenizer_name="whitespace")
    for name in ("law", "number", "kind", "issuer", "region", "status", "current"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("place", "effective", "promulgated"):
        builder.add_integer_field(name, indexed=True, fast=True)
    return builder.build()


def _indexed(place: int, policy: Policy, article: Article | None) -> Document:
    from tantivy import Document

    title = short_title(policy.title).lower()
    text = f"{article.heading}\n{article.text}".lower() if article else ""
    prose = article.text.lower() if article else title
    return Document(
        place=place,
        title=" ".join(_cut_fine(title)),
        law=title,
        number=article.number if article else "",
        words=" ".join(word for word in _cut_fine(text) if word.strip()),
        phrase=" ".join(word for word in cut(prose) if word[0].isalnum()),
        kind=policy.kind,
        issuer=policy.issuer,
        region=policy.region,
        status="superseded" if policy.superseded_by else policy.status,
        current=_is_current(policy, article),
        effective=_day_number(policy.effective_on),
        promulgated=_day_number(policy.promulgated_on),
    )


def _is_current(policy: Policy, article: Article | None) -> str:
    replaced = article is not None and replaced_note(policy, article) is not None
    return "no" if replaced or policy.superseded_by or policy.status != "in_force" else "yes"


def _day_number(day: date | None) -> int:
    return int(day.strftime("%Y%m%d")) if day else 0


def ask(index: Index, query: Query, limit: int, offset: int) -> tuple[int, list[int]]:
    """How many entries match, and the places of those from `offset` on, best first."""
    searcher = index.searcher()
    found = searcher.search(query, limit=limit, offset=offset, count=True)
    places = searcher.fast_field_values("place", [address for _, address in found.hits])
    return int(found.count), [int(place) for place in places if place is not None]  # type: ignore[attr-defined]


def ways(question: Question) -> Iterator[tuple[Query, int]]:
    """Queries to try in turn, each with the number of hits that makes it the answer."""
    law = _term("law", question.law) if question.law else None
    subjects = [_subject(subject) for subject in question.subjects]
    if question.article:
        number = _term("number", question.article)
        yield _ranked(_every([number, *filter(None, [law])]), subjects), 1
    if law and not subjects:
        yield _ranked(_every([_term("number", ""), _title(question.law or "")]), [law]), 1
    for within in ([law], []) if law else ([],):
        if subjects:
            together = _every(subjects)
            yield _ranked(_every([together, *map(_unscored, within)]), []), ENOUGH
            part = _any([*subjects, _scored(together, _TOGETHER_SCORE)])
            yield _ranked(_every([part, *map(_unscored, within)]), []), 1


def everything(*, whole: bool) -> Query:
    """Every policy as a whole, or every entry."""
    from tantivy import Query

    return _term("number", "") if whole else Query.all_query()


def filtered(query: Query, filters: Filters, today: date) -> Query:
    """The query within what the filters allow; filters do not touch the order."""
    from tantivy import FieldType, Occur, Query

    exact = (("kind", filters.kind), ("issuer", filters.issuer))
    conditions = [_term(name, value) for name, value in exact if value]
    if filters.region:
        places = [NATIONAL, *(division.code for division in divisions.chain(filters.region))]
        conditions.append(_any([_term("region", place) for place in places]))
    if filters.in_force is not None:
        effective = Query.range_query(
            _schema(), "effective", FieldType.Integer, 0, _day_number(today)
        )
        holds = _every([_term("status", "in_force"), effective])
        conditions.append(
            holds
            if filters.in_force
            else Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, holds)])
        )
    return _every([query, *map(_unscored, conditions)]) if conditions else query


def _ranked(query: Query, preferred: list[Query]) -> Query:
    """The query, with what it prefers, what is in force and what is about labour further up."""
    from tantivy import Occur, Query

    core = _scored(_term("title", "劳动"), _CORE_SCORE)
    current = _scored(_term("current", "yes"), _CURRENT_SCORE)
    wishes = [(Occur.Should, wish) for wish in (*preferred, core, current)]
    return Query.boolean_query([(Occur.Must, query), *wishes])


def _subject(subject: Subject) -> Query:
    """Articles about the subject: by its own word or by any of its meanings, the best counts."""
    from tantivy import Query

    meanings = [_wording(meant) for meant in subject.meant]
    if meanings:
        meanings[0] = Query.boost_query(meanings[0], _FIRST_MEANING_BOOST)
    return Query.disjunction_max_query([_wording(subject.said), *meanings], tie_breaker=0.15)


@lru_cache(maxsize=1024)
def _wording(wording: str) -> Query:
    from tantivy import Query

    words = words_of(wording)
    if len(words) > 1:
        return Query.phrase_query(_schema(), "phrase", list(words), slop=_SLOP)
    word = words[0] if words else wording
    title = Query.boost_query(_term("title", word), _TITLE_BOOST)
    return Query.disjunction_max_query([_term("words", word), title])


def _title(title: str) -> Query:
    return _every([_term("title", word) for word in words_of(title)])


def _term(field: str, value: str) -> Query:
    from tantivy import Query

    return Query.term_query(_schema(), field, value)


def _every(queries: Iterable[Query]) -> Query:
    from tantivy import Occur, Query

    return Query.boolean_query([(Occur.Must, query) for query in queries])


def _any(queries: Iterable[Query]) -> Query:
    from tantivy import Occur, Query

    return Query.boolean_query([(Occur.Should, query) for query in queries])


def _scored(query: Query, score: float) -> Query:
    from tantivy import Query

    return Query.const_score_query(query, score)


def _unscored(query: Query) -> Query:
    return _scored(query, 0.0)
