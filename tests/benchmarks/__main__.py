"""`python -m tests.benchmarks [NAME…]`: run them, show a table, write .data/bench.json."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.local.terminal import Terminal
from tests.benchmarks import (
    cases,
    consumers,
    counts,
    deliveries,
    forms,
    intake,
    isolation,
    planning,
    progress,
    progress_seen,
    rebuild,
    relay,
    search,
    soak,
    startup,
    visible,
)
from tests.benchmarks.figures import Figure, table
from tests.benchmarks.stand import BACKENDS, LOAD, ROOT, SERVER, stand

BENCHMARKS: Mapping[str, tuple[str, Callable[..., Iterator[Figure]]]] = {
    "intake": ("submissions per second", intake.measure),
    "validation": ("checking an application", forms.measure),
    "visible": ("from submitted to visible", visible.measure),
    "consumers": ("messages per second", consumers.measure),
    "relay": ("events per second, commit to confirm", relay.measure),
    "progress": ("lookups per second", progress.measure),
    "seen": ("from an event to the lookup that shows it", progress_seen.measure),
    "cases": ("the work list, commands and clocks over a million cases", cases.measure),
    "startup": ("cold start and memory", startup.measure),
    "planning": ("events per second, planned as messages", planning.measure),
    "deliveries": ("webhook deliveries per second", deliveries.measure),
    "isolation": ("what dead endpoints cost the others", isolation.measure),
    "rebuild": ("read models of a million cases, built anew", rebuild.measure),
    "search": ("answers to judged questions, speed, index", search.measure),
    "counts": ("statistics of a year of the country", counts.measure),
    "soak": ("nothing grows", soak.measure),
}
APART = {"planning", "deliveries", "isolation", "rebuild", "search", "seen", "counts", "soak"}
"""Run only when named: those of notify (`make bench-notify`), some of query (`make bench-query`), and
ten minutes of soak."""

RESULTS = ROOT / ".data" / "bench.json"


def main() -> int:
    """Exit status 0 if every target was met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--minutes", type=float, default=soak.MINUTES, help="length of soak")
    parser.add_argument(
        "--share",
        type=float,
        default=1.0,
        help="of isolation's subscriptions, 0 to 1, to be quicker",
    )
    parser.add_argument(
        "--policies", type=Path, help="a folder of Markdown law files for search to find too"
    )
    parsed = parser.parse_args()
    names = parsed.names or [name for name in BENCHMARKS if name not in APART]
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    told = {"soak": parsed.minutes, "isolation": parsed.share, "search": parsed.policies}
    figures = measured(names, told)
    record(figures)
    return 0 if all(figure.met is not False for figure in figures) else 1


def measured(names: list[str], sizes: Mapping[str, Any]) -> list[Figure]:
    """Run these; `sizes` are what benchmarks that take one are told."""
    terminal = Terminal()
    terminal.heading(
        f"Benchmarks · under test: core {SERVER} · load: {LOAD} · back-ends: {BACKENDS}"
    )
    figures: list[Figure] = []
    with stand() as running:
        for name in names:
            what, measure = BENCHMARKS[name]
            with terminal.step(name) as step:
                step.note = what
                found = list(measure(running, *([sizes[name]] if name in sizes else [])))
                step.result = what
            figures += found
    terminal.line()
    terminal.line(table(figures))
    return figures


def record(figures: list[Figure]) -> None:
    """What this run found, with where and when, for comparing with other runs."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    told = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "python": sys.version.split()[0],
        "figures": [figure.as_json() for figure in figures],
    }
    RESULTS.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
