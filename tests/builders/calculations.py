"""Working a calculator out as the API does: what was typed is read by its schema first."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.query.guidance.calculators.catalogue import CALCULATORS
from shared.contracts.schema import read
from shared.errors import Language, Refused

TODAY = date(2026, 11, 25)


def worked_out(
    name: str, language: Language = "zh", today: date = TODAY, **typed: Any
) -> dict[str, Any]:
    """The answer of this calculator."""
    calculator = CALCULATORS[name]
    return dict(calculator.answer(read(calculator.schema(), typed, today), today, language))


def amount(name: str, **typed: Any) -> str:
    return str(worked_out(name, **typed)["amount"])


def results(name: str, **typed: Any) -> dict[str, str]:
    """Every result by its name."""
    return {result["name"]: result["value"] for result in worked_out(name, **typed)["results"]}


def faults_of(name: str, **typed: Any) -> list[tuple[str, str]]:
    """Pointer and code of everything that is wrong with what was typed."""
    try:
        worked_out(name, **typed)
    except Refused as refusal:
        return [(error.pointer, error.code) for error in refusal.errors]
    return []
