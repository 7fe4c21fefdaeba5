"""What is said with the commands of the preliminary examination."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from services.routing.asked import ID
from services.routing.directory_bodies import DivisionCode
from shared.contracts.faults import Fault, fault
from shared.contracts.fields import Choice, Code, Count, Part, Parts, Slug, Str
from shared.contracts.questions import PARTIES, QUESTIONS
from shared.contracts.schema import Body
from shared.contracts.vocabulary import ADVICE, REFUSAL_REASONS
from shared.errors import FieldError, Text

BY_STAFF: Final = ("phone", "paper", "in_person")
"""Means by which a party's answer reaches staff, who record it."""

MOST_RESPONDENTS: Final = 100
"""More than an application may name: the case itself says how many there are."""

_RIGHT_PLACE_ONLY = Fault(
    "not_applicable",
    Text(
        "只有不属于本组织管辖时才填写", "Only of a case over which another place has jurisdiction"
    ),
)


class SupplementItem(Body):
    """One thing that is missing; `kind` as evidence is declared."""

    text = Str("需要补充的材料", 500, required=True)
    kind = Slug("材料类型", ("labour_contract", "wage_flow", "identity", "other"))


class RequestSupplement(Body):
    items = Parts("需要补充的材料", Part("材料", SupplementItem), most=20, required=True)
    note = Str("说明", 2000, lines=True)


class SeekConsent(Body):
    note = Str("说明", 2000, lines=True)


class RecordConsent(Body):
    """An answer that reached the mediator otherwise than through this service."""

    party = Choice("当事人", PARTIES, required=True)
    index = Count("序号", most=MOST_RESPONDENTS, required=True)
    answer = Choice("答复", QUESTIONS["consent"].answers, required=True)
    means = Choice("方式", BY_STAFF, required=True)


class Accept(Body):
    """Respondents who did not agree can be left out, if another agreed."""

    without_respondents = Parts(
        "不参加调解的被申请人序号", Count("序号", most=MOST_RESPONDENTS), most=MOST_RESPONDENTS
    )


def right_place_named(refusal: Mapping[str, Any], _: date) -> Iterator[FieldError]:
    """Who sends a case away says where it belongs."""
    elsewhere = refusal.get("reason") == "wrong_jurisdiction"
    named = refusal.get("right_division")
    if elsewhere and not named:
        yield fault("required").at("/right_division")
    if named and not elsewhere:
        yield _RIGHT_PLACE_ONLY.at("/right_division")


class Refuse(Body):
    """Why, in words, and what the parties can do next."""

    reason = Choice("理由", REFUSAL_REASONS, required=True)
    explanation = Str("具体说明", 4000, lines=True, required=True)
    advice = Parts("后续途径", Choice("途径", ADVICE), most=len(ADVICE), required=True)
    right_division = DivisionCode("有管辖权的行政区划")

    rules = (right_place_named,)


class Withdraw(Body):
    """The applicant told the mediator that it takes the application back."""

    means = Choice("方式", BY_STAFF, required=True)
    note = Str("说明", 2000, lines=True)


class ProposeMediators(Body):
    """Whom the applicant chooses among; without names the rules propose the fittest."""

    mediators = Parts("调解员", Code("调解员编号", ID), most=3)
