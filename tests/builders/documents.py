"""Matters of every kind of document, and the events of a case that call for them. All invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from services.intake.application import validate
from services.intake.document_matter import Matter
from shared.contracts.envelope import Event
from shared.sealing import Keyring, records_context
from tests.builders.applications import an_application
from tests.builders.events import an_event

SERIAL = "2634626885086477"
CASE_NUMBER = "济历劳人调〔2026〕第12号"
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ORGANISATION = {
    "id": "org-370102",
    "name": "济南市历下区劳动人事争议调解中心（虚构）",
    "kind": "county",
    "phone": "0531-00000000",
}
MEDIATOR = {"id": "med-370102-01", "name": "安禾"}
APPLICANT = {"party": "applicant", "index": 0}
RESPONDENT = {"party": "respondent", "index": 0}
SESSION = {
    "id": "s1",
    "number": 1,
    "mode": "online",
    "starts_at": "2026-11-27T01:30:00Z",
    "ends_at": "2026-11-27T03:30:00Z",
    "place": None,
}
DEADLINES = [
    {"name": "supplement_answer", "due_on": "2026-12-01"},
    {"name": "consent_answer", "due_on": "2026-11-26"},
    {"name": "mediation_end", "due_on": "2026-12-09"},
    {"name": "arbitration_limitation", "due_on": "2027-09-20"},
]
TEXT: dict[str, Any] = {
    "claims": ["支付2026年7月至9月拖欠的工资20,020.50元"],
    "result": "被申请人确认拖欠工资共计20,020.50元，分两期支付；双方就本案争议再无其他纠纷。",
    "items": [
        {"obligor": RESPONDENT, "obligee": APPLICANT, "what": "第一期工资", "amount_cny": 10000,
         "due_on": "2026-12-15", "manner": "汇入原工资卡"},
        {"obligor": RESPONDENT, "obligee": APPLICANT, "what": "第二期工资", "amount_cny": 10020.5,
         "due_on": "2027-01-15", "manner": "汇入原工资卡"},
    ],
    "confidentiality": True,
    "remarks": "逾期支付任何一期的，申请人可以就全部未付款项一并主张。",
}  # fmt: skip
SIGNATURES = [
    {"signatory": "applicant", "index": 0, "means": "code", "at": "2026-12-01T02:00:00Z"},
    {"signatory": "respondent", "index": 0, "means": "in_person", "at": "2026-12-01T06:00:00Z"},
    {"signatory": "mediator", "index": 0, "means": "token", "at": "2026-12-02T02:00:00Z"},
    {"signatory": "organisation", "index": 0, "means": "seal", "at": "2026-12-02T03:00:00Z"},
]
STATED: dict[str, dict[str, Any]] = {
    "case.mediator_assigned": {
        "organisation": ORGANISATION, "mediator": MEDIATOR, "reasons": [], "by": "rules",
    },
    "case.supplement_requested": {},
    "case.consent_sought": {
        "asks": [{"id": "q1", "kind": "consent", "to": [RESPONDENT], "expires_on": "2026-11-26"}]
    },
    "case.numbered": {"case_number": CASE_NUMBER},
    "case.not_accepted": {
        "reason": "wrong_jurisdiction",
        "advice": ["apply_elsewhere", "arbitration"],
        "right_division": {"code": "370103", "name": "山东省济南市市中区"},
    },
    "case.session_scheduled": {"session": SESSION},
    "case.session_held": {"session": SESSION, "absent": []},
    "case.agreement_recorded": {"version": 2, "perform_by": "2027-01-15"},
    "case.agreement_signed": {
        "effective_at": "2026-12-02T03:00:00Z",
        "perform_by": "2027-01-15",
        "signatures": SIGNATURES,
    },
    "case.failed": {"reason": "no_agreement"},
    "case.referral_changed": {
        "referral_id": "r1", "kind": "legal_aid", "referral_status": "willing", "to": [APPLICANT],
    },
}  # fmt: skip
SAID: dict[str, dict[str, Any]] = {
    "case.supplement_requested": {
        "items": [{"text": "七月至九月的工资流水"}, {"text": "劳动合同复印件"}],
        "note": "请尽量提供原件照片。",
    },
    "case.consent_sought": {"note": "如有疑问请来电。"},
    "case.numbered": {},
    "case.not_accepted": {"explanation": "双方争议不属于本区管辖。\n请向市中区申请。"},
    "case.session_scheduled": {"join_url": "https://meet.example.org/j/12345"},
    "case.session_held": {
        "minutes": "申请人：公司从七月起没有发工资。\n被申请人：请求分期支付。",
        "attendance": [
            {**APPLICANT, "attendance": "present"},
            {**RESPONDENT, "attendance": "represented", "represented_by": "钱经理"},
        ],
        "result": "adjourned",
    },
    "case.agreement_recorded": TEXT,
    "case.agreement_signed": TEXT,
    "case.failed": {"explanation": "双方对支付数额分歧较大。", "minutes": "双方各执一词。"},
    "case.referral_changed": {},
}
STATUS_AFTER = {
    "case.supplement_requested": "supplement_requested",
    "case.consent_sought": "seeking_consent",
    "case.numbered": "accepted",
    "case.not_accepted": "not_accepted",
    "case.session_scheduled": "mediating",
    "case.session_held": "mediating",
    "case.agreement_recorded": "agreed",
    "case.agreement_signed": "agreement_signed",
    "case.failed": "failed",
    "case.referral_changed": "mediating",
}
KIND_OF = {
    "case.supplement_requested": "supplement_request",
    "case.consent_sought": "consent_invitation",
    "case.numbered": "acceptance_notice",
    "case.not_accepted": "refusal_notice",
    "case.session_scheduled": "session_invitation",
    "case.session_held": "session_record",
    "case.agreement_recorded": "agreement_draft",
    "case.agreement_signed": "agreement",
    "case.failed": "failure_certificate",
    "case.referral_changed": "referral_letter",
}
EVENT_OF = {kind: event for event, kind in KIND_OF.items()}


def a_step(
    name: str, sequence: int, *, serial: str = SERIAL, records: Keyring | None = None, **more: Any
) -> Event:
    """An event of a case as routing tells it; its words are sealed if a keyring is given."""
    data = {"status": STATUS_AFTER.get(name, "under_examination"), "deadlines": DEADLINES}
    data |= {**STATED.get(name, {}), **more}
    if records and SAID.get(name):
        data["particulars"] = records.seal(orjson.dumps(SAID[name]), records_context(serial))
    event = an_event(name, serial=serial, sequence=sequence, at=AT, **data)
    return replace(event, hash=HASH)


def a_matter(kind: str, application: dict[str, Any] | None = None, **changes: Any) -> Matter:
    """What a document of this kind is about."""
    event = EVENT_OF[kind]
    matter = Matter(
        serial_number=SERIAL,
        application=validate(application or an_application(), date(2026, 11, 20)),
        at=AT,
        stated={"deadlines": DEADLINES, **STATED[event]},
        said=SAID[event],
        entitled=[RESPONDENT if kind == "consent_invitation" else APPLICANT],
        received_at=AT - timedelta(days=4),
        known={"organisation": ORGANISATION, "mediator": MEDIATOR, "case_number": CASE_NUMBER},
    )
    return replace(matter, **changes)
