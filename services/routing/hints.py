"""What staff are told beside a case: warnings, needs of the parties, referrals that may help.

Follows from the triage flags and who takes part; nothing here decides anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from shared.contracts.vocabulary import JOINT_BODIES, REFERRALS, WOMEN_WORKERS_STATION
from shared.errors import Language, Text

WARNINGS: Final[Mapping[str, Text]] = {
    "limitation_risk": Text(
        "仲裁时效已过或将在30日内届满：请尽快告知申请人可以申请仲裁，调解不停止时效的风险应当说明。",
        "The arbitration limit is past or ends within 30 days: tell the applicant at once that"
        " arbitration is open and what waiting for mediation risks (LDMA 27).",
    ),
    "over_age_worker": Text(
        "申请人已超过法定退休年龄：自2026年7月1日起仅劳动报酬、休息休假、劳动安全卫生、工伤保障争议可在此处理，"
        "其他争议请告知向人民法院起诉。",
        "The worker is past retirement age: only disputes on pay, rest, safety and injury come here"
        " (since 1 July 2026); others go to the people's court.",
    ),
    "collective": Text(
        "集体争议：代表人变更、放弃请求或者和解，须经被代表的当事人同意（《民事诉讼法》第五十六条）。",
        "Collective dispute: representatives change or waive claims or settle only with the consent"
        " of those they represent (CPL 56).",
    ),
    "agent_cannot_settle": Text(
        "代理人为一般授权，无权代为和解：协议须由当事人本人签署，或者取得特别授权"
        "（《民事诉讼法》第六十二条）。",
        "The agent has general authority and cannot settle: the party signs, or gives special"
        " authority (CPL 62).",
    ),
    "interpreter_needed": Text(
        "当事人需要翻译：请在约定调解会前安排。",
        "A party needs an interpreter: arrange one before a session is set.",
    ),
    "assistance_needed": Text(
        "当事人需要协助（如高龄、识字困难、残障）：请主动提供读写协助和无障碍安排。",
        "A party needs assistance (age, literacy, disability): offer help with reading and writing"
        " and barrier-free arrangements.",
    ),
    "fast_track": Text(
        "速裁绿色通道：1个工作日内决定是否受理，受理后7日内调解。",
        "Fast track: acceptance is decided within one working day, mediation within 7 days.",
    ),
}
"""What the mediator should know, by triage flag or by what was found."""

_BECAUSE: Final[Mapping[str, str]] = {
    "legal_aid_without_means_test": "legal_aid",
    "legal_aid_requested": "legal_aid",
    "psychological_support": "psychological_support",
    "migrant_worker_wages": "labour_inspection",
    "collective": "lawyer",
}
"""Triage flag → the referral that may help."""

_SETTLED: Final = frozenset(
    {"agreement_signed", "review_requested", "review_confirmed", "review_refused"}
)
_AGREED: Final = frozenset({*_SETTLED, "breached"})
_PAY: Final = re.compile(r"wage|salary|pay|overtime|bonus|injury|medical|compensation|severance")
"""Claim types for which an agreement not performed allows a payment order (LDMA 16)."""


def warnings(case: Mapping[str, Any], language: Language) -> list[dict[str, str]]:
    """What the mediator should know before anything else, in the caller's language."""
    return [{"code": code, "text": WARNINGS[code].to(language)} for code in _warned(case)]


def suggested_referrals(case: Mapping[str, Any], language: Language) -> list[dict[str, str]]:
    """Referrals that may help now and were not opened yet, each with its name."""
    opened = {referral["kind"] for referral in case["referrals"]}
    kinds = dict.fromkeys(kind for kind in _fitting(case) if kind not in opened)
    return [{"kind": kind, "text": REFERRALS[kind].to(language)} for kind in kinds]


def joint_bodies(case: Mapping[str, Any], language: Language) -> list[dict[str, str]]:
    """The bodies that can join a session: those of the women workers' station that has the case."""
    bodies = JOINT_BODIES if is_at_a_station(case) else {}
    return [{"code": code, "text": text.to(language)} for code, text in bodies.items()]


def is_at_a_station(case: Mapping[str, Any]) -> bool:
    """Whether a women workers' rights station has the case."""
    return (case["organisation"] or {}).get("kind") == WOMEN_WORKERS_STATION


def _warned(case: Mapping[str, Any]) -> Iterator[str]:
    limited = any(p["party"] == "agent" and not p["may_settle"] for p in case["parties"])
    held = {*case["flags"], *(["agent_cannot_settle"] if limited else ())}
    return (code for code in WARNINGS if code in held)


def _fitting(case: Mapping[str, Any]) -> Iterator[str]:
    yield from (kind for flag, kind in _BECAUSE.items() if flag in case["flags"])
    if case["status"] == "agreement_signed":
        yield from ("arbitration_review", "judicial_confirmation")
    if case["status"] in _AGREED and any(_PAY.search(c["claim_type"]) for c in case["claims"]):
        yield "payment_order"
    if case["status"] in {"failed", "not_accepted", "breached"}:
        yield "arbitration"
