"""How well search answers the judged questions, beside plain ways to search.

`python -m tests.benchmarks.search_quality [--policies FOLDER] [--verbose]` prints the table alone,
in seconds; with --verbose the worst answers to tuning questions too, never to those held back.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from services.query.policies.policy import Policy, short_title
from services.query.search.index import SearchIndex
from services.query.search.question import Filters
from tests.benchmarks import judged
from tests.benchmarks.figures import Figure, table
from tests.benchmarks.judged import Cited, Question
from tests.benchmarks.quality import Quality, mean, quality
from tests.benchmarks.search_baselines import Bm25
from tests.benchmarks.search_corpus import articles, library

DEPTH = 10
WORST = 40
WELL_ABOVE = 1.5
"""How many times the nDCG@10 of plain BM25 is well above it."""

Search = Callable[[str], Sequence[Cited]]


class Answered(NamedTuple):
    """A question, the grades given for it, what was found, and how good that is."""

    question: Question
    grades: Mapping[Cited, int]
    found: Sequence[Cited]
    quality: Quality


def ours(policies: Iterable[Policy], today: date) -> Search:
    """The product's search; a policy found as a whole counts as nothing found."""
    index = SearchIndex.build(policies)

    def search(question: str) -> list[Cited]:
        hits = index.search(question, Filters(), 1, DEPTH, today=today).hits
        return [
            Cited(short_title(hit.policy.title), hit.article.number if hit.article else "")
            for hit in hits
        ]

    return search


def answered(
    questions: Iterable[Question], held: frozenset[Cited], search: Search
) -> list[Answered]:
    """The answers to all questions that an article of the library answers."""
    asked = ((question, question.judged_in(held)) for question in questions)
    answers = []
    for question, grades in asked:
        if grades:
            found = search(question.text)
            # Several versions of one article are one answer: only the first earns its grade.
            earned = [
                grades.get(cited, 0) if cited not in found[:place] else 0
                for place, cited in enumerate(found)
            ]
            judgement = quality(earned, tuple(grades.values()))
            answers.append(Answered(question, grades, found, judgement))
    return answers


def figures(
    policies: Sequence[Policy], others: Mapping[str, Search], mine: Search
) -> Iterator[Figure]:
    """Ours and the others on the tuning questions, on those held back, and on all."""
    held = frozenset(cited for cited, _, _ in articles(policies))
    parts = {"tuning": judged.tuning(), "held back": judged.held_back()}
    for part, questions in (*parts.items(), ("all", [*parts["tuning"], *parts["held back"]])):
        found = {
            name: answered(questions, held, search)
            for name, search in {"ours": mine, **others}.items()
        }
        means = {name: mean(one.quality for one in answers) for name, answers in found.items()}
        for field, called in (
            ("ndcg", "nDCG@10"),
            ("success", "success@3"),
            ("recall", "recall@10"),
        ):
            note = ", ".join(f"{name} {getattr(means[name], field):.3f}" for name in others)
            yield Figure(
                f"{called}, {part}",
                getattr(means["ours"], field),
                "",
                note=f"{note}; {len(found['ours'])} questions",
            )
        for name in others:
            ratio = means["ours"].ndcg / means[name].ndcg
            yield Figure(f"nDCG@10 ÷ {name}, {part}", ratio, at_least=WELL_ABOVE)


def worst(answers: Iterable[Answered], count: int = WORST) -> str:
    """The least good answers: what was found (grade in brackets), then what was judged."""
    lines = []
    for one in sorted(answers, key=lambda answer: answer.quality.ndcg)[:count]:
        marks = [
            f"{cited.title}{cited.number}({one.grades.get(cited, 0)})" for cited in one.found[:5]
        ]
        wanted = [f"{c.title}{c.number}={g}" for c, g in one.grades.items()]
        lines.append(
            f"{one.quality.ndcg:.2f} {one.question.text}\n"
            f"       found {' '.join(marks) or 'nothing'}\n       judged {' '.join(wanted)}"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policies", type=Path, help="a folder of Markdown law files to import")
    parser.add_argument("--verbose", action="store_true", help="the worst tuning questions")
    parsed = parser.parse_args()
    policies = library(parsed.policies)
    mine = ours(policies, datetime.now(UTC).date())
    sys.stdout.write(table(list(figures(policies, {"BM25": Bm25(policies).search}, mine))) + "\n")
    if parsed.verbose:
        held = frozenset(cited for cited, _, _ in articles(policies))
        sys.stdout.write(worst(answered(judged.tuning(), held, mine)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
