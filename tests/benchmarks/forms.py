"""Validation as the service runs it beside plain marshmallow; details: `validation`."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from functools import partial

from services.intake.application import SCHEMA, validate
from shared.contracts.schema import read
from tests.benchmarks.figures import Figure
from tests.benchmarks.stand import SERVER, Stand, on_core
from tests.benchmarks.validation import ROUNDS, TODAY, bodies, medians


def measure(_: Stand) -> Iterator[Figure]:
    """Time of compiled validation ÷ time of Schema.load with the same rules, median of bodies."""
    ratios, times = [], []
    with on_core(SERVER):
        for _name, body in bodies():
            plain, compiled = medians(
                ROUNDS, partial(read, SCHEMA, body, TODAY), partial(validate, body, TODAY)
            )
            ratios.append(compiled / plain)
            times.append(compiled)
    yield Figure(
        "validation ÷ plain marshmallow",
        statistics.median(ratios),
        at_most=0.2,
        note=f"{len(ratios)} bodies, {min(times):.0f}-{max(times):.0f} µs each",
    )
