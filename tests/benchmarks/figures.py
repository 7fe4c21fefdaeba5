"""A measured figure, its target, and the table of them all."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure in its unit (`×` for a ratio to a floor of the same run).

    One of `at_least` and `at_most` is its target; neither: it is only reported.
    """

    name: str
    value: float
    unit: str = "×"
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        if self.at_least is not None:
            return self.value >= self.at_least
        if self.at_most is not None:
            return self.value <= self.at_most
        return None

    @property
    def target(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return f"≤ {self.at_most:g}" if self.at_most is not None else ""

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


def paired_ratio(ours: Sequence[float], floor: Sequence[float]) -> float:
    """The median of the ratios of legs that ran one after the other: what disturbs the machine
    for longer than two legs disturbs both of them."""
    return statistics.median(one / other for one, other in zip(ours, floor, strict=True))


def percentile(values: Iterable[float], share: float) -> float:
    """The value that `share` (0 to 1) of them do not exceed; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def legs(values: Sequence[float]) -> str:
    """Every leg, for a note."""
    return " ".join(f"{value:.0f}" for value in values)


def table(figures: Sequence[Figure]) -> str:
    """One line a figure: what, value, target, whether it is met."""
    marks = {True: "met", False: "MISSED", None: ""}
    width = max(len(figure.name) for figure in figures)
    lines = [f"  {'figure':<{width}}  {'value':>12}  {'target':>9}"]
    lines += [
        f"  {f.name:<{width}}  {shown(f):>12}  {f.target:>9}  {marks[f.met]:<7} {f.note}".rstrip()
        for f in figures
    ]
    return "\n".join(lines)


def shown(figure: Figure) -> str:
    digits = 2 if abs(figure.value) < 10 else 1 if abs(figure.value) < 100 else 0
    return f"{figure.value:.{digits}f} {figure.unit}"
