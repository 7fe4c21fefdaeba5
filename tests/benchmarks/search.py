"""Search over policies: how good its answers are, how fast, and what its index costs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks import judged
from tests.benchmarks.figures import Figure, paired_ratio, percentile
from tests.benchmarks.search_baselines import Bm25, MongoText
from tests.benchmarks.search_corpus import ARTICLES, library, thirty_thousand
from tests.benchmarks.search_quality import figures, ours
from tests.benchmarks.stand import SERVER, Stand, on_core

SAID: tuple[str, ...] = ("{}", "请问{}", "{}？谢谢")
"""What people put around a question: each round asks all of them in another way, so that nothing
is answered from what was remembered of the same words."""

BUILDS = 3
WARMING = 20


def measure(stand: Stand, folder: Path | None = None) -> Iterator[Figure]:
    """The quality on the library as `make run` has it (and a folder of policies, if told), then
    speed on 30,000 articles."""
    today = datetime.now(UTC).date()
    database = stand.client["bench_search"]
    policies = library(folder)
    others = {
        "BM25": Bm25(policies).search,
        "MongoDB $text": MongoText(database["few"], policies).search,
    }
    yield from figures(policies, others, ours(policies, today))
    yield from costs(stand)
    many = thirty_thousand()
    yield from speed(ours(many, today), MongoText(database["many"], many).search)


def costs(stand: Stand) -> Iterator[Figure]:
    """The build in a process of its own."""
    runs = [
        [float(part) for part in stand.run(["-m", "tests.benchmarks.search_programs"], {}).split()]
        for _ in range(BUILDS)
    ]
    seconds, grown, most = (statistics.median(column) for column in zip(*runs, strict=True))
    yield Figure(f"index of {ARTICLES:,} articles, built", seconds, "s", at_most=20)
    note = f"texts, segmenter and first answers included; {most:.0f} MiB while building"
    yield Figure(f"index of {ARTICLES:,} articles, memory", grown, "MiB", at_most=150, note=note)


def speed(mine: Callable[[str], object], text: Callable[[str], object]) -> Iterator[Figure]:
    """Each round asks all judged questions of ours, then of MongoDB."""
    questions = [question.text for question in (*judged.tuning(), *judged.held_back())]
    ours_took: list[list[Took]] = []
    text_took: list[list[Took]] = []
    with on_core(SERVER):
        timed(mine, questions[:WARMING])  # what is loaded at first use is no search's time
        timed(text, questions[:WARMING])
        for said in SAID:
            asked = [said.format(question) for question in questions]
            ours_took.append(timed(mine, asked))
            text_took.append(timed(text, asked))
    ours_all, text_all = list(chain(*ours_took)), list(chain(*text_took))
    worst = percentile((took.processor for took in ours_all), 0.99)
    yield Figure(
        "search, p50", milliseconds(0.5, ours_all), "ms", note=f"{len(ours_all):,} searches"
    )
    note = f"processor {1e3 * worst:.1f}; of each round " + " ".join(
        f"{milliseconds(0.99, took):.1f}" for took in ours_took
    )
    yield Figure("search, p99", milliseconds(0.99, ours_all), "ms", at_most=5, note=note)
    ratio = paired_ratio([total(took) for took in text_took], [total(took) for took in ours_took])
    note = f"$text p50 {milliseconds(0.5, text_all):.1f}, p99 {milliseconds(0.99, text_all):.1f} ms"
    yield Figure("MongoDB $text ÷ search, time", ratio, at_least=20, note=note)


class Took(NamedTuple):
    """Seconds of one search, and those of the processor in this thread."""

    seconds: float
    processor: float


def timed(search: Callable[[str], object], questions: Sequence[str]) -> list[Took]:
    took = []
    for question in questions:
        began, used = time.perf_counter(), time.thread_time()
        search(question)
        took.append(Took(time.perf_counter() - began, time.thread_time() - used))
    return took


def milliseconds(share: float, took: Sequence[Took]) -> float:
    """The percentile in milliseconds."""
    return 1e3 * percentile((one.seconds for one in took), share)


def total(took: Sequence[Took]) -> float:
    return sum(one.seconds for one in took)
