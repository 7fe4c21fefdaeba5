"""Validating applications: the compiled fast path against the declaration it is derived from.

    python -m tests.benchmarks.validation

Three ways read the same valid bodies, alternating in rounds: `plain` is Schema.load of the whole
form and its rules; `lean` the same with a form cut down to the fields these bodies use, so that
optional fields nobody sent cost it nothing; `compiled` is what the service runs. `error` is a body
with one mistyped digit, which takes both paths. Figures are medians in microseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from services.intake.application import SCHEMA, Application, validate
from shared.contracts.schema import read
from shared.errors import Refused
from tests.builders import applications as builders

TODAY = date(2026, 11, 21)
ROUNDS = 15
FOLDER = Path(os.environ.get("TIAOJIE_EXAMPLES") or "../shared/examples")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    say(f"{'body':<38}{'plain':>9}{'lean':>9}{'compiled':>10}{'/ plain':>9}{'/ lean':>9}")
    for name, body in bodies():
        lean = Application(only=sorted(set(paths(body))))
        plain_us, lean_us, compiled_us = medians(
            rounds,
            partial(read, SCHEMA, body, TODAY),
            partial(read, lean, body, TODAY),
            partial(validate, body, TODAY),
        )
        ratios = f"{compiled_us / plain_us:>9.3f}{compiled_us / lean_us:>9.3f}"
        say(f"{name:<38}{plain_us:>9.0f}{lean_us:>9.0f}{compiled_us:>10.0f}{ratios}")
    faulty = builders.an_application({"/applicant/id_number": "370102198506150031"})
    [error_us] = medians(rounds, partial(refused, faulty))
    say(f"{'error':<38}{error_us:>37.0f} both paths")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Valid bodies: the examples if their folder is there, else the tests' own."""
    examples = [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))]
    for example in examples:
        if example["expected"]["valid"]:
            yield example["title"][:16], example["application"]
    if not examples:
        yield "a worker", builders.an_application()
        yield "an employer with an agent", builders.an_employers_application()
        yield "a collective of twelve", builders.a_collective_application(12)


def paths(value: Any, prefix: str = "") -> Iterator[str]:
    """Dotted names of every member a body uses, as marshmallow's `only` wants them."""
    for key, member in value.items():
        inner = member if isinstance(member, list) else [member]
        objects = [entry for entry in inner if isinstance(entry, dict)]
        if not objects:
            yield f"{prefix}{key}"
        for entry in objects:
            yield from paths(entry, f"{prefix}{key}.")


def medians(rounds: int, *variants: Callable[[], object]) -> list[float]:
    """Median microseconds of one call of each variant, the variants taking turns."""
    times: list[list[float]] = [[] for _ in variants]
    for _ in range(rounds):
        for variant, taken in zip(variants, times, strict=True):
            start = time.perf_counter()
            for _ in range(10):
                variant()
            taken.append((time.perf_counter() - start) / 10 * 1e6)
    return [statistics.median(taken) for taken in times]


def refused(body: object) -> None:
    try:
        validate(body, TODAY)
    except Refused:
        return
    raise AssertionError("the faulty body was accepted")


if __name__ == "__main__":
    main()
