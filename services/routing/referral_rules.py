"""When a referral (转介) fits a case, by its kind, and how a referral goes on: two small tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from services.routing.steps import rule_not_met
from shared.civil_time import civil_day
from shared.contracts.clocks import due
from shared.decision import State
from shared.errors import Text

BY_ALL_PARTIES: Final = frozenset({"arbitration_review", "judicial_confirmation"})
"""Referrals that all parties ask for together."""

FLAGS_OF_WILL: Final[Mapping[str, str]] = {
    "legal_aid": "legal_aid_requested",
    "psychological_support": "psychological_support",
}
"""Kinds whose wish an applicant may have stated in the application, by the triage flag."""

NEXT: Final[Mapping[str, frozenset[str]]] = {
    "asked": frozenset({"willing", "declined"}),
    "willing": frozenset({"sent"}),
    "sent": frozenset({"taken_up", "returned"}),
    "taken_up": frozenset({"completed", "returned"}),
}
"""Status of a referral → the statuses it can have next; the others are final."""

_IN_EFFECT: Final = frozenset({"agreement_signed", "review_confirmed", "review_refused"})


@dataclass(frozen=True, slots=True)
class Fit:
    """A condition on a case at a moment, worded, with the rule it comes from."""

    holds: Callable[[State, datetime], bool]
    text: Text
    source: str  # a key of SOURCES


def standing(case: State) -> str:
    """Where the case stands, or stood when it was closed."""
    return str(case["outcome"] if case["status"] == "closed" else case["status"])


def _may_be_reviewed(case: State, _: datetime) -> bool:
    return standing(case) == "agreement_signed"


def _may_be_confirmed(case: State, at: datetime) -> bool:
    return standing(case) in _IN_EFFECT and civil_day(at) <= last_day_of(
        case, "judicial_confirmation"
    )


def _may_be_arbitrated(case: State, at: datetime) -> bool:
    opens = due("right_to_arbitrate", civil_day(case["received_at"])).on
    waited = civil_day(at) > opens and not _settled(case)
    return waited or standing(case) in {"not_accepted", "failed", "breached"}


def _may_be_ordered_to_pay(case: State, at: datetime) -> bool:
    if standing(case) == "breached":
        return True
    unpaid = _settled(case) and civil_day(at).isoformat() > case["agreement"]["perform_by"]
    about_pay = case["category"] == "pay_injury_compensation"
    return unpaid and about_pay and standing(case) in _IN_EFFECT


def _settled(case: State) -> bool:
    return bool(case["agreement"] and case["agreement"]["effective_at"])


FITS: Final[Mapping[str, Fit]] = {
    "arbitration_review": Fit(
        _may_be_reviewed,
        Text(
            "调解协议生效后方可共同申请仲裁审查",
            "Review is asked for once the agreement is in effect",
        ),
        "R33 74",
    ),
    "judicial_confirmation": Fit(
        _may_be_confirmed,
        Text(
            "调解协议生效之日起30日内方可共同申请司法确认",
            "Confirmation is asked for within 30 days from the agreement's effect",
        ),
        "CPL 205",
    ),
    "arbitration": Fit(
        _may_be_arbitrated,
        Text(
            "不予受理、调解不成、协议未履行，或者自收到申请之日起15日内未达成协议的，方可转介仲裁",
            "After non-acceptance, failure or breach, or 15 days from receipt without an agreement",
        ),
        "LDMA 14",
    ),
    "payment_order": Fit(
        _may_be_ordered_to_pay,
        Text(
            "支付劳动报酬、工伤医疗费、经济补偿或者赔偿金的协议到期未履行的，方可申请支付令",
            "After an agreement on pay, injury costs or compensation was not performed in time",
        ),
        "LDMA 16",
    ),
}
"""Kinds that not every case can be referred by; the others go beside a case at any time."""


def check_fits(case: State, kind: str, at: datetime) -> None:
    """Refused("rule_not_met", referral_fits or review_in_time) unless the kind fits the case now."""
    fit = FITS.get(kind)
    if fit and not fit.holds(case, at):
        raise rule_not_met("referral_fits", text=fit.text, source=fit.source)
    if kind == "arbitration_review":
        check_review_in_time(case, at)


def check_review_in_time(case: State, at: datetime) -> None:
    """Refused("rule_not_met", review_in_time) once the period for a review has passed."""
    if civil_day(at) > last_day_of(case, "arbitration_review_request"):
        raise rule_not_met("review_in_time")


def check_order(referral: Mapping[str, Any], status: str) -> None:
    """Refused("rule_not_met", referral_in_order) unless the referral can have this status next."""
    if status not in NEXT.get(referral["status"], frozenset()):
        raise rule_not_met("referral_in_order")


def last_day_of(case: State, clock: str) -> date:
    """The last day of a period that began when the agreement took effect."""
    return due(clock, civil_day(case["agreement"]["effective_at"])).on
