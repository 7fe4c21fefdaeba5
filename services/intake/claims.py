"""What an application asks for: pay, injury benefits, or something else; and its time limit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from services.intake.persons import Application, civil_date, says
from shared.working_days import one_year_after

ClaimKind = Literal["pay", "injury", "other"]

_INJURY_WORDS = frozenset({"injury", "disability", "occupational", "death", "funeral"})
_NO_PAY_WORDS = frozenset({"severance", "compensation", "damages", "double", "notice"})
_PAY_WORDS = frozenset(
    {"wage", "wages", "pay", "salary", "remuneration", "overtime", "bonus", "commission"}
    | {"allowance", "subsidy", "piecework"}
)
"""English words of claim types. 劳动报酬 is what is owed for work done: neither economic
compensation nor the second half of a double wage is (劳动合同法 46, 82, 87)."""

_INJURY_TEXT = re.compile(
    r"(?<![员职])工伤(?!保险费|保险参保)|职业病|职业伤害|工亡|伤残|work injury"
)
_INJURY_FIELDS = (
    *("injury_date", "injury_description", "occupational_disease"),
    *("work_injury_recognised", "work_injury_recognized", "injury_recognised"),
    *("work_injury_recognition", "injury_recognition_number"),
)
_NO_PAY_TEXT = re.compile(r"二倍|双倍|两倍|经济补偿|赔偿金|代通知金")
_PAY_TEXT = re.compile(r"工资|劳动报酬|薪|加班费|奖金|提成|津贴|工钱")

_DISPUTED_PAY = frozenset({"annual_leave_pay"})
"""Pay to some tribunals and a welfare benefit to others: the shorter limit is the safe one."""


def kind(claim: Mapping[str, Any]) -> ClaimKind:
    """What a claim asks for, by its type; by its words only if the type is `other` or missing."""
    claim_type = str(claim.get("claim_type") or "other").lower()
    if claim_type == "other" or not claim_type.isascii():
        return _kind_of_text(f"{claim_type} {claim.get('text') or ''}")
    words = set(re.split(r"[^a-z]+", claim_type))
    if words & _INJURY_WORDS:
        return "injury"
    return "pay" if words & _PAY_WORDS and not words & _NO_PAY_WORDS else "other"


def kinds(application: Application) -> frozenset[ClaimKind]:
    return frozenset(kind(claim) for claim in application["claims"])


def about_injury(application: Application) -> bool:
    """Whether the dispute is about an injury at work or an occupational disease."""
    dispute = application["dispute"]
    return (
        "injury" in kinds(application)
        or says((dispute,), *_INJURY_FIELDS)
        or bool(_INJURY_TEXT.search(str(dispute.get("cause") or "")))
    )


def pay_or_injury_claimed(application: Application) -> bool:
    return "pay" in kinds(application) or about_injury(application)


def arbitration_limit(application: Application) -> date | None:
    """The last day to go to arbitration for the claim that lapses first, before holidays.

    One year from knowing of the infringement; for a worker's pay arrears none while the
    employment lasts, one year from its end after that (LDMA 27). None if nothing lapses or the
    dates are not known. Interruption and suspension are left to the tribunal.
    """
    limits = [_limit(claim, application) for claim in application["claims"]]
    return min((limit for limit in limits if limit), default=None)


def _limit(claim: Mapping[str, Any], application: Application) -> date | None:
    employment = application.get("employment")
    arrears = kind(claim) == "pay" and claim.get("claim_type") not in _DISPUTED_PAY
    if arrears and employment and application["applicant_role"] == "worker":
        ended = civil_date(employment.get("ended_on"))
        if ended:
            return one_year_after(ended)
        if employment.get("still_employed") is not False:
            return None
    known = civil_date(application["dispute"].get("known_infringement_on"))
    return one_year_after(known) if known else None


def _kind_of_text(text: str) -> ClaimKind:
    if _INJURY_TEXT.search(text):
        return "injury"
    return "pay" if _PAY_TEXT.search(text) and not _NO_PAY_TEXT.search(text) else "other"
