"""All that guidance says about a dispute, chosen from the catalogues and put into one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from services.query.guidance.calculators.catalogue import CALCULATORS
from services.query.guidance.claims import CLAIMS
from services.query.guidance.clocks import clocks
from services.query.guidance.evidence import BURDENS, EVIDENCE
from services.query.guidance.places import PLACES
from services.query.guidance.statement import Statement, concerning
from services.query.guidance.steps import STEPS
from services.query.progress.sentences import DISCLAIMER
from shared.contracts.vocabulary import CATEGORIES
from shared.errors import Language

PATH: Final = "/v1/guidance"
CALCULATIONS: Final = f"{PATH}/calculations"
_ORGANISATIONS: Final = "/v1/organisations"


@dataclass(frozen=True, slots=True)
class Dispute:
    """What guidance is asked about; `days` are those of `clocks.STARTS` that are known."""

    category: str
    flags: tuple[str, ...]
    division: str | None
    days: Mapping[str, date]


def guidance(dispute: Dispute, today: date, language: Language) -> dict[str, Any]:
    """The answer to a worker's or employer's "what now?"."""
    category, flags = dispute.category, dispute.flags

    def about(statements: tuple[Statement, ...]) -> list[Statement]:
        return concerning(statements, category, flags)

    return {
        "category": category,
        "category_text": CATEGORIES[category].to(language),
        "flags": list(flags),
        "steps": [each.shown(language) for each in about(STEPS)],
        "clocks": list(clocks(category, flags, dispute.days, today, language)),
        "evidence": [
            each.shown(language)
            | {"burden": each.also, "burden_text": BURDENS[each.also].to(language)}
            for each in about(EVIDENCE)
        ],
        "claims": [
            each.shown(language) | {"calculator": _calculator(each.also)} for each in about(CLAIMS)
        ],
        "places": [each.shown(language) | {"phone": each.also or None} for each in about(PLACES)],
        "links": {
            "organisations": _organisations(dispute.division),
            "calculators": CALCULATIONS,
        },
        "disclaimer": DISCLAIMER.to(language),
    }


def guidance_url(
    category: str,
    flags: tuple[str, ...] = (),
    division: str | None = None,
    days: Mapping[str, date] | None = None,
) -> str:
    """The address of the guidance for a case, without anything that tells whose it is."""
    asked = {"category": category, "flags": ",".join(flags), "division": division or ""}
    asked |= {name: on.isoformat() for name, on in (days or {}).items()}
    return f"{PATH}?" + urlencode({name: value for name, value in asked.items() if value}, safe=",")


def _calculator(name: str) -> str | None:
    return f"{CALCULATIONS}/{CALCULATORS[name].name}" if name else None


def _organisations(division: str | None) -> str:
    return f"{_ORGANISATIONS}?division={division}" if division else "/v1/divisions"
