"""The usual ways to search Chinese text, to compare with: words of title and article, any of the
question's words, no dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import rjieba
import tantivy
from pymongo import IndexModel
from pymongo.collection import Collection

from services.query.policies.policy import Policy
from tests.benchmarks.judged import Cited
from tests.benchmarks.search_corpus import articles

WRITER_BYTES = 50_000_000


def words(text: str) -> list[str]:
    return [word for word in rjieba.cut(text.lower(), hmm=False) if word[0].isalnum()]


def _segmented(policies: Iterable[Policy]) -> Iterator[tuple[Cited, str]]:
    for cited, policy, article in articles(policies):
        yield cited, " ".join(words(f"{policy.title} {article.text}"))


class Bm25:
    """BM25 of tantivy, as it comes."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("words", tokenizer_name="whitespace")
        builder.add_integer_field("place", fast=True)
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema)
        self._cited: list[Cited] = []
        writer = self._index.writer(heap_size=WRITER_BYTES, num_threads=1)
        for place, (cited, text) in enumerate(_segmented(policies)):
            self._cited.append(cited)
            writer.add_document(tantivy.Document(place=place, words=text))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def search(self, question: str, count: int = 10) -> list[Cited]:
        terms = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "words", word))
            for word in dict.fromkeys(words(question))
        ]
        searcher = self._index.searcher()
        found = searcher.search(tantivy.Query.boolean_query(terms), limit=count).hits
        places = searcher.fast_field_values("place", [address for _, address in found])
        return [self._cited[place] for place in places if place is not None]


class MongoText:
    """`$text` of MongoDB over the same words, best score first."""

    def __init__(self, collection: Collection[dict[str, Any]], policies: Iterable[Policy]) -> None:
        self._collection = collection
        collection.drop()
        collection.create_indexes([IndexModel([("words", "text")], default_language="none")])
        collection.insert_many(
            {"title": cited.title, "number": cited.number, "words": text}
            for cited, text in _segmented(policies)
        )

    def search(self, question: str, count: int = 10) -> list[Cited]:
        asked = {"$text": {"$search": " ".join(words(question))}}
        score = {"score": {"$meta": "textScore"}}
        kept = {"title": 1, "number": 1} | score
        found = self._collection.find(asked, kept).sort(score).limit(count)
        return [Cited(one["title"], one["number"]) for one in found]
