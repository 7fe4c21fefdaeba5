"""The index's fields and the queries over them: the one module that speaks tantivy.

tantivy and the dictionary of rjieba (32 MiB) are loaded at first use, not at import, so that a
process is ready and light until there is something to search.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from services.query.policies.policy import Article, Policy, short_title
from services.query.search.question import Question, Subject
from services.query.search.ranking import factor

if TYPE_CHECKING:
    from tantivy import Document, Index, Query, Schema

ENOUGH = 5
"""Articles about all that was asked that make an answer by themselves."""

MANY = 3
"""Subjects of which hardly any article has all: those that have most come first anyway."""

LONGEST_LITERAL = 64
"""Characters of a phrase that are looked for letter by letter; what is longer is cut."""

_TITLE_BOOST = 1.2
_FIRST_MEANING_BOOST = 1.4
_TIE_BREAKER = 0.3  # what further meanings of a subject add, beside the best
_LENGTH_EVENED = 0.3
_SUBJECT_SCORE = 10.0  # for each subject that is met: more of them go before fewer
_WORD_BOOST, _MEANT_WORD_BOOST = 0.3, 0.2
_HINTING_MEANINGS, _MEANT_WORDS = 3, 8
_SLOP = 3  # 解除劳动合同 also finds 解除或者终止劳动合同
_WRITER_BYTES = 120_000_000  # at most; one segment is searched in a third of the time of eight
_ALIKE_WORDS, _LEAST_ALIKE = 24, 3


class Entry(NamedTuple):
    """What can be found: an article, or a policy as a whole (article None). `number` is the
    policy's place among the policies.
    """

    number: int
    policy: Policy
    article: Article | None


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


def build(entries: Iterable[Entry]) -> Index:
    """An index in memory; an entry's place in the order given is what a search answers with."""
    from tantivy import Index

    index = Index(_schema())
    writer = index.writer(heap_size=_WRITER_BYTES, num_threads=1)
    for place, entry in enumerate(entries):
        writer.add_document(_indexed(place, entry))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return index


@cache
def _schema() -> Schema:
    from tantivy import SchemaBuilder

    builder = SchemaBuilder()
    for name in ("title", "words", "phrase", "characters"):
        builder.add_text_field(name, tokenizer_name="whitespace")
    for name in ("law", "number"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("place", "policy", "promulgated"):
        builder.add_integer_field(name, indexed=True, fast=True)
    builder.add_float_field("weight", fast=True)
    return builder.build()


def _indexed(place: int, entry: Entry) -> Document:
    from tantivy import Document

    policy, article = entry.policy, entry.article
    title = short_title(policy.title).lower()
    text = f"{article.heading}\n{article.text}".lower() if article else ""
    prose = article.text.lower() if article else title
    day = policy.promulgated_on
    return Document(
        place=place,
        policy=entry.number,
        title=" ".join(_cut_fine(title)),
        law=title,
        number=article.number if article else "",
        words=" ".join(word for word in _cut_fine(text) if word.strip()),
        phrase=" ".join(word for word in cut(prose) if word[0].isalnum()),
        characters=" ".join(prose),
        promulgated=int(day.strftime("%Y%m%d")) if day else 0,
        weight=4.0 ** factor(policy, article) - 2.0,  # tantivy multiplies by log2(2 + weight)
    )


def ask(
    index: Index, query: Query, limit: int, offset: int, *, newest_first: bool = False
) -> tuple[int, list[int]]:
    """How many entries match, and the places of those from `offset` on, best first."""
    searcher = index.searcher()
    found = searcher.search(
        query,
        limit=limit,
        offset=offset,
        count=True,
        order_by_field="promulgated" if newest_first else None,
        weight_by_field=None if newest_first else "weight",
    )
    places = searcher.fast_field_values("place", [address for _, address in found.hits])
    return int(found.count), [int(place) for place in places if place is not None]  # type: ignore[attr-defined]


def count_by_policy(index: Index, query: Query) -> dict[int, int]:
    """How many entries of each policy match, by its number."""
    spread = {"policies": {"terms": {"field": "policy", "size": 65_000}}}
    buckets = index.searcher().aggregate(query, spread)["policies"]["buckets"]
    return {int(bucket["key"]): int(bucket["doc_count"]) for bucket in buckets}


class Way(NamedTuple):
    """What to look for; the answer if so many are `enough`."""

    query: Query
    enough: int = 1


def ways(question: Question) -> Iterator[Way]:
    """What to try in turn."""
    law = _term("law", question.law) if question.law else None
    subjects = [_subject(subject) for subject in question.subjects]
    phrases = [literal(phrase) for phrase in question.phrases]
    hints = _hints(question)
    if question.article:
        number = _term("number", question.article)
        there = _every([number, *filter(None, [law]), *phrases])
        yield Way(_ranked(there, subjects))
    if law and not subjects and not phrases:
        whole = _every([_term("number", ""), _title(question.law or "")])
        yield Way(_ranked(whole, [law]))
    for within in ([law], []) if law else ([],):
        conditions = [*map(_unscored, within), *phrases]
        if 0 < len(subjects) < MANY or (subjects and phrases):
            together = _every([*subjects, *conditions])
            alone = len(subjects) == 1 or bool(phrases)
            yield Way(_ranked(together, hints), 1 if alone else ENOUGH)
        if len(subjects) > 1:
            each = [_scored(subject, _SUBJECT_SCORE) for subject in subjects]
            part = _every([_any([*subjects, *each]), *conditions])
            yield Way(_ranked(part, hints))
        if phrases:
            yield Way(_every(conditions))
    if not phrases and question.text:
        yield Way(literal(question.text))


def whole_policies() -> Way:
    """Every policy as a whole."""
    return Way(_term("number", ""))


def within(query: Query, policies: Sequence[int]) -> Query:
    """The query within some policies, by their numbers; these do not touch the order."""
    from tantivy import Query

    return _every([query, _unscored(Query.term_set_query(_schema(), "policy", policies))])


def literal(text: str) -> Query:
    """Texts in which this stands letter by letter."""
    from tantivy import Query

    characters = "".join(text.split())[:LONGEST_LITERAL]
    if len(characters) > 1:
        return Query.phrase_query(_schema(), "characters", list(characters))
    return _term("characters", characters)


def alike(index: Index, text: str, entries: int) -> Query:
    """Texts that share the words of this one that few others of so many entries have."""
    from tantivy import Occur, Query

    searcher = index.searcher()
    spread: Mapping[str, int] = {
        word: searcher.doc_freq("words", word) for word in set(words_of(text)) if len(word) > 1
    }
    telling = sorted((count, word) for word, count in spread.items() if 1 < count < entries / 8 + 3)
    words = [(Occur.Should, _term("words", word)) for _, word in telling[:_ALIKE_WORDS]]
    return Query.boolean_query(words, minimum_number_should_match=min(_LEAST_ALIKE, len(words)))


def _ranked(query: Query, preferred: list[Query]) -> Query:
    """The query, with what it prefers further up."""
    from tantivy import Occur, Query

    wishes = [(Occur.Should, wish) for wish in preferred]
    return Query.boolean_query([(Occur.Must, query), *wishes])


def _hints(question: Question) -> list[Query]:
    """Weak evidence, to put articles about the same subjects in order: the words of the question
    and those of the wordings meant.
    """
    from tantivy import Query

    meant = dict.fromkeys(
        word
        for subject in question.subjects
        for wording in subject.meant[:_HINTING_MEANINGS]
        for word in words_of(wording)
        if len(word) > 1
    )
    boosts = [(word, _WORD_BOOST) for word in question.words]
    boosts += [(word, _MEANT_WORD_BOOST) for word in list(meant)[:_MEANT_WORDS]]
    return [Query.boost_query(_term("words", word), boost) for word, boost in boosts]


def _subject(subject: Subject) -> Query:
    """Articles about the subject: by its own word or by any of its meanings, the best counts. A
    long wording is no better evidence than a short one, so its sum over words is evened out.
    """
    from tantivy import Query

    meanings = [
        Query.boost_query(_wording(meant), max(len(words_of(meant)), 1) ** -_LENGTH_EVENED)
        for meant in subject.meant
    ]
    if meanings:
        meanings[0] = Query.boost_query(meanings[0], _FIRST_MEANING_BOOST)
    return Query.disjunction_max_query(
        [_wording(subject.said), *meanings], tie_breaker=_TIE_BREAKER
    )


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
