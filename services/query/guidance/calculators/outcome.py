"""What a calculator answers: figures, how each came about, the bounds and what to be careful of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from services.query.guidance.calculators.amounts import plain, rounded, yuan
from services.query.guidance.calculators.inputs import UNITS, Input, Unit, Values, body
from services.query.guidance.norms import Source, cite
from shared.contracts.schema import Body, Rule
from shared.errors import Language, Text


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence and what it rests on."""

    text: Text
    source: Source

    def shown(self, language: Language) -> dict[str, Any]:
        return {"text": self.text.to(language), "source": self.source.shown(language)}


def line(text: Text, source: str) -> Line:
    return Line(text, cite(source))


@dataclass(frozen=True, slots=True)
class Figure:
    """One result; money in CNY, other units as they are called, days as ISO 8601."""

    name: str
    title: Text
    value: Decimal | date
    unit: Unit = "CNY"

    @property
    def written(self) -> str:
        if isinstance(self.value, date):
            return self.value.isoformat()
        return yuan(self.value) if self.unit.startswith("CNY") else plain(self.value)

    def shown(self, language: Language) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title.to(language),
            "value": self.written,
            "unit": self.unit,
            "unit_text": UNITS[self.unit].to(language),
        }


def money(name: str, title: Text, amount: Decimal, unit: Unit = "CNY") -> Figure:
    return Figure(name, title, rounded(amount), unit)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The first figure is the answer, the others are parts of it or stand beside it."""

    figures: Sequence[Figure]
    steps: Sequence[Line]
    bounds: Sequence[Line] = ()
    assumptions: Sequence[Line] = ()
    warnings: Sequence[Line] = ()


@dataclass(frozen=True, slots=True)
class Calculator:
    """A formula of the law: what it asks for, the articles it follows, and how it is worked out."""

    name: str
    title: Text
    sources: tuple[Source, ...]
    inputs: tuple[Input, ...]
    schema: type[Body]
    work_out: Callable[[Values], Outcome]

    def shown(self, language: Language) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title.to(language),
            "url": f"/v1/guidance/calculations/{self.name}",
            "sources": [source.shown(language) for source in self.sources],
            "inputs": [asked.shown(language) for asked in self.inputs],
        }

    def answer(self, values: Values, today: date, language: Language) -> Mapping[str, Any]:
        """The outcome as clients see it. `today` is among the values: what has not come yet is not
        owed."""
        found = self.work_out({**values, "today": today})
        return {
            "calculator": self.name,
            "title": self.title.to(language),
            "amount": found.figures[0].written,
            "unit": found.figures[0].unit,
            "results": [figure.shown(language) for figure in found.figures],
            "steps": [step.shown(language) for step in found.steps],
            "bounds": [bound.shown(language) for bound in found.bounds],
            "assumptions": [assumed.shown(language) for assumed in found.assumptions],
            "warnings": [warning.shown(language) for warning in found.warnings],
            "sources": [source.shown(language) for source in self.sources],
        }


def calculator(
    name: str,
    title: Text,
    sources: str,
    inputs: Sequence[Input],
    work_out: Callable[[Values], Outcome],
    *,
    rules: Sequence[Rule] = (),
) -> Calculator:
    """A calculator; `sources` are citations with `;` between."""
    cited = tuple(cite(code) for code in sources.split("; "))
    return Calculator(name, title, cited, tuple(inputs), body(name, inputs, rules), work_out)
