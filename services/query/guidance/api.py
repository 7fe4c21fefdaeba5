"""Guidance over HTTP: what to do about a dispute, and what a claim comes to. Nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from flask import request

from services.query.guidance import answers
from services.query.guidance.calculators.catalogue import CALCULATORS
from services.query.guidance.clocks import STARTS
from services.query.guidance.guide import CALCULATIONS, PATH, Dispute, guidance
from services.query.progress.sentences import DISCLAIMER
from shared.asking import caller, json_bytes
from shared.civil_time import today
from shared.contracts.faults import fault
from shared.contracts.fields import Choice, Date, Str
from shared.contracts.schema import Body, parse_json, read
from shared.contracts.vocabulary import CATEGORIES, FLAGS
from shared.divisions import find
from shared.errors import FieldError, Refused, Text
from shared.web import Answer, Route

_PUBLIC_FOR_AN_HOUR: Final = {"Cache-Control": "public, max-age=3600", "Vary": "Accept-Language"}
_FARTHEST_YEARS: Final = 60


class GuidanceQuery(Body):
    """`flags` with commas between; a day makes the clocks that run from it dates."""

    category = Choice("争议类别", CATEGORIES, required=True)
    flags = Str("标记，以逗号分隔", 1000)
    division = Str("区划代码", 12)
    known_on = Date(STARTS["known_on"].zh)
    injured_on = Date(STARTS["injured_on"].zh)
    employment_ended_on = Date(STARTS["employment_ended_on"].zh)
    received_on = Date(STARTS["received_on"].zh)
    accepted_on = Date(STARTS["accepted_on"].zh)
    agreement_effective_on = Date(STARTS["agreement_effective_on"].zh)
    award_received_on = Date(STARTS["award_received_on"].zh)


@dataclass(frozen=True, slots=True)
class GuidanceDesk:
    """The views; guidance is public and knows no case."""

    def guidance(self) -> Answer:
        asked = read(GuidanceQuery(), dict(request.args.to_dict()), today())
        body = guidance(_dispute(asked), today(), caller().language)
        return Answer(body, headers=_PUBLIC_FOR_AN_HOUR)

    def calculators(self) -> Answer:
        language = caller().language
        items = [calculator.shown(language) for calculator in CALCULATORS.values()]
        body = {"items": items, "disclaimer": DISCLAIMER.to(language)}
        return Answer(body, headers=_PUBLIC_FOR_AN_HOUR)

    def calculate(self, calculator: str) -> dict[str, Any]:
        known = CALCULATORS.get(calculator)
        if known is None:
            raise Refused("not_found")
        on, language = today(), caller().language
        values = read(known.schema(), parse_json(json_bytes()), on)
        return {**known.answer(values, on, language), "disclaimer": DISCLAIMER.to(language)}


def _dispute(asked: dict[str, Any]) -> Dispute:
    """What is asked about; Refused for a flag, division or day that cannot be."""
    errors: list[FieldError] = []
    stated = [flag.strip() for flag in (asked.get("flags") or "").split(",")]
    flags = tuple(dict.fromkeys(flag for flag in stated if flag))
    if not set(flags) <= set(FLAGS):
        errors.append(fault("unknown_value").at("/flags"))
    division = asked.get("division")
    if division and find(division) is None:
        message = Text("没有这个行政区划代码", "There is no such division code")
        errors.append(FieldError("/division", "unknown_division", message))
    days = {name: date.fromisoformat(asked[name]) for name in STARTS if asked.get(name)}
    year = today().year
    for name, on in days.items():
        if not year - _FARTHEST_YEARS <= on.year <= year + 1:
            first, last = date(year - _FARTHEST_YEARS, 1, 1), date(year + 1, 12, 31)
            errors.append(fault("out_of_range", first, last).at(f"/{name}"))
    if errors:
        raise Refused("validation_failed", errors=errors)
    return Dispute(asked["category"], flags, division or None, days)


def routes(desk: GuidanceDesk) -> Sequence[Route]:
    """Operations on guidance."""
    return (
        Route(
            "GET", PATH, desk.guidance,
            "Steps, clocks, evidence, claims and places for a kind of dispute",
            query=GuidanceQuery, answer=answers.Guidance, refusals=("validation_failed",),
        ),
        Route(
            "GET", CALCULATIONS, desk.calculators, "The calculators and what each asks for",
            answer=answers.Calculators,
        ),
        Route(
            "POST", f"{CALCULATIONS}/{{calculator}}", desk.calculate,
            "What a claim comes to by the formula of the law; nothing is stored",
            body=tuple(each.schema for each in CALCULATORS.values()), answer=answers.Calculation,
            choices={"calculator": tuple(CALCULATORS)},
            refusals=("malformed_json", "body_too_large", "unsupported_media_type",
                      "validation_failed", "not_found"),
        ),
    )  # fmt: skip
