"""What is said with the commands that follow a mediation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from services.routing.asked import ID
from services.routing.examination_bodies import BY_STAFF
from services.routing.mediation_bodies import MOST_PARTIES, PartyPlace
from shared.contracts.faults import Fault, fault
from shared.contracts.fields import Choice, Code, Part, Parts, Str
from shared.contracts.questions import QUESTIONS
from shared.contracts.schema import Body
from shared.contracts.vocabulary import REFERRALS
from shared.errors import FieldError, Text

_ONE_OF_THEM = Fault(
    "not_applicable", Text("进展和答复只能填写一项", "State a status or an answer, not both")
)


class Refer(Body):
    """What for and whom; `means` if they have said already that they want it, else they are asked."""

    kind = Choice("转介类型", REFERRALS, required=True)
    to = Parts("当事人", Part("当事人", PartyPlace), most=2 * MOST_PARTIES)
    means = Choice("表示愿意的方式", BY_STAFF)
    note = Str("说明", 2000, lines=True)


class ReferralAnswer(PartyPlace):
    """What a party said by phone, on paper or in person."""

    answer = Choice("答复", QUESTIONS["referral"].answers, required=True)
    means = Choice("方式", BY_STAFF, required=True)


def status_or_answer(update: Mapping[str, Any], _: date) -> Iterator[FieldError]:
    """A referral goes on by a status or by what a party said."""
    if update.get("status") and update.get("answer"):
        yield _ONE_OF_THEM.at("/answer")
    if not (update.get("status") or update.get("answer")):
        yield fault("required").at("/status")


class UpdateReferral(Body):
    """How a referral went on, or an answer that reached the mediator."""

    referral = Code("转介编号", ID, required=True)
    status = Choice("进展", ("sent", "taken_up", "returned", "completed"))
    answer = Part("当事人答复", ReferralAnswer)

    rules = (status_or_answer,)


class Noted(Body):
    """A step with a word of explanation."""

    note = Str("说明", 2000, lines=True)


class Reopen(Body):
    reason = Str("理由", 2000, lines=True, required=True)
