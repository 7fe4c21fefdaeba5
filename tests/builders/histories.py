"""Whole lives of cases as query hears of them: events of both chains, linked as the store links
them. What the words of sealed parts are does not matter here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.contracts.envelope import Event
from tests.builders.events import AT, a_submission, an_event, linked
from tests.builders.notices import MEDIATOR, ORGANISATION

NUMBER = "2634626885086477"

APPLICANT = {"party": "applicant", "index": 0}
RESPONDENT = {"party": "respondent", "index": 0}
OTHER_RESPONDENT = {"party": "respondent", "index": 1}

ACCEPTANCE = {"name": "acceptance_decision", "due_on": "2026-11-25", "provisional": False}
LIMITATION = {"name": "arbitration_limitation", "due_on": "2027-03-01", "provisional": True}
SESSION = {
    "id": "s1",
    "number": 1,
    "mode": "on_site",
    "starts_at": "2026-11-27T01:00:00+00:00",
    "ends_at": "2026-11-27T03:00:00+00:00",
    "place": "虚构路1号3楼调解室",
}
TOWNSHIP = {**ORGANISATION, "id": "org-2", "name": "虚构街道劳动争议调解中心"}

Told = tuple[str, Mapping[str, Any]]


def asked(key: str, kind: str, *to: Mapping[str, Any], about: str | None = None) -> dict[str, Any]:
    return {
        "id": key,
        "kind": kind,
        "to": list(to),
        "options": [],
        "about": about,
        "expires_on": "2026-11-24",
    }


def of_case(status: str, **facts: Any) -> dict[str, Any]:
    """The data of an event of a case that leaves it in this status."""
    return {
        "status": status,
        "deadlines": [ACCEPTANCE, LIMITATION],
        "asks": [],
        "settles": [],
        **facts,
    }


HANDED: tuple[Told, ...] = (
    (
        "case.organisation_assigned",
        of_case("organisation_assigned", organisation=ORGANISATION, mediator_follows=True,
                by="rules"),
    ),
    (
        "case.mediator_assigned",
        of_case("mediator_assigned", organisation=ORGANISATION, mediator=MEDIATOR, reasons=[],
                by="rules"),
    ),
)  # fmt: skip

EXAMINED: tuple[Told, ...] = (
    ("case.examination_begun", of_case("under_examination")),
    ("case.supplement_requested", of_case("supplement_requested", particulars="sealed-words")),
    ("case.examination_resumed", of_case("under_examination")),
    ("case.deadline_approaching",
     of_case("under_examination", clock="acceptance_decision", due_on="2026-11-25",
             tells="mediator")),
)  # fmt: skip

CONSENTED: tuple[Told, ...] = (
    ("case.consent_sought",
     of_case("seeking_consent", asks=[asked("q1", "consent", RESPONDENT, OTHER_RESPONDENT)])),
    ("case.consent_recorded",
     of_case("seeking_consent", **RESPONDENT, answer="agree", means="code", complete=False)),
    ("case.consent_recorded",
     of_case("seeking_consent", **OTHER_RESPONDENT, answer="agree", means="phone", complete=True,
             settles=["q1"])),
)  # fmt: skip

ACCEPTED: tuple[Told, ...] = (
    ("case.accepted", of_case("accepted")),
    ("case.numbered", of_case("accepted", case_number="济历劳人调〔2026〕第12号")),
)

MEDIATED: tuple[Told, ...] = (
    ("case.session_scheduled",
     of_case("mediating", session=SESSION,
             asks=[asked("q2", "session", APPLICANT, RESPONDENT, OTHER_RESPONDENT, about="s1")])),
    ("case.session_answered",
     of_case("mediating", **RESPONDENT, session_id="s1", answer="confirm", means="code")),
    ("case.session_held",
     of_case("mediating", session=SESSION, absent=[], settles=["q2"], particulars="sealed-words")),
    ("case.proposal_made", of_case("mediating", number=1, particulars="sealed-words")),
)  # fmt: skip

SETTLED: tuple[Told, ...] = (
    ("case.agreement_recorded",
     of_case("agreed", version=1, perform_by="2026-12-20", particulars="sealed-words",
             asks=[asked("q3", "signature", APPLICANT),
                   asked("q4", "signature", RESPONDENT, OTHER_RESPONDENT)])),
    ("case.signature_recorded",
     of_case("agreed", signatory="applicant", index=0, means="code", missing=4, settles=["q3"])),
    ("case.agreement_signed",
     of_case("agreement_signed", effective_at="2026-11-27T04:00:00+00:00",
             perform_by="2026-12-20", settles=["q4"], particulars="sealed-words")),
    ("case.referral_opened",
     of_case("agreement_signed", referral_id="r1", kind="psychological_support",
             referral_status="asked", asks=[asked("q5", "referral", APPLICANT, about="r1")])),
    ("case.referral_changed",
     of_case("agreement_signed", referral_id="r1", kind="psychological_support",
             referral_status="willing", settles=["q5"])),
)  # fmt: skip

CLOSED: tuple[Told, ...] = (
    ("case.performed", of_case("performed")),
    ("case.closed", of_case("closed", outcome="performed", deadlines=[])),
)

REOPENED: tuple[Told, ...] = (
    ("case.reopened", of_case("organisation_assigned", particulars="sealed-words")),
    ("case.transferred",
     of_case("organisation_assigned", organisation=TOWNSHIP,
             previous_organisation_id=ORGANISATION["id"], mediator_follows=False,
             division={"code": "370103", "name": "山东省济南市市中区"})),
)  # fmt: skip

A_LIFE = (*HANDED, *EXAMINED, *CONSENTED, *ACCEPTED, *MEDIATED, *SETTLED, *CLOSED)

OF_APPLICATION: tuple[Told, ...] = (
    ("application.evidence_received", {"index": 0, "kind": "wage_flow", "awaited": 1}),
    ("application.supplemented", {"supplement_count": 1, "attachment_count": 3}),
    ("application.answered",
     {**RESPONDENT, "question": "q1", "kind": "consent", "answer": "agree", "means": "code",
      "by_agent": False, "answered_at": "2026-11-20T08:00:00+00:00"}),
    ("application.document_issued",
     {"id": "acceptance_notice-1", "kind": "acceptance_notice", "number": 1,
      "issued_at": "2026-11-20T12:00:00+00:00", "sha256": "0" * 64, "history_hash": "1" * 64,
      "entitled": [APPLICANT, RESPONDENT]}),
    ("application.document_issued",
     {"id": "supplement_request-1", "kind": "supplement_request", "number": 1,
      "issued_at": "2026-11-20T07:00:00+00:00", "sha256": "2" * 64, "history_hash": "3" * 64,
      "entitled": [APPLICANT]}),
    ("application.contact_changed",
     {"contacts": "sealed", "phone_last4_hashes": ["hash-of-new-last4"]}),
)  # fmt: skip


def a_history(
    steps: Sequence[Told] = A_LIFE,
    of_application: Sequence[Told] = OF_APPLICATION,
    *,
    number: str = NUMBER,
    submission: Event | None = None,
) -> list[Event]:
    """Everything that is told of one application and its case: the submission, then what follows in
    each chain, an hour from step to step."""
    first = submission or a_submission(serial=number)
    return [
        first,
        *chained(of_application, first.hash, number, sequence=2),
        *chained(steps, first.hash, number, sequence=1),
    ]


def chained(
    told: Iterable[Told], previous: str, number: str, *, sequence: int, at: datetime = AT
) -> list[Event]:
    """Events of one chain that follow the one of this hash."""
    events: list[Event] = []
    for position, (name, facts) in enumerate(told):
        after = at + timedelta(hours=position + 1)
        event = an_event(name, serial=number, sequence=sequence + position, at=after)
        events.append(linked(replace(event, data=dict(facts)), previous))
        previous = events[-1].hash
    return events
