"""Events and contact data as notify receives them. All people and bodies are invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.notify.domain import Desk
from services.notify.people.case_facts import CaseFacts
from services.notify.people.persons import Person, Recipients
from shared.contracts.envelope import Event, Trace

SERIAL = "2634626885086477"
QUERY_CODE = "K7RM2PXA"
ANSWER_CODE = "B4NT8WQY"
NOW = datetime(2026, 11, 2, 11, 41, 5, tzinfo=UTC)

ORGANISATION = {
    "id": "org-1",
    "name": "济南市历下区姚家街道劳动人事争议调解中心（虚构）",
    "kind": "township",
    "phone": "0531-00000002",
}
MEDIATOR = {"id": "mediator-1", "name": "林知远"}
MEDIATORS = ("林知远", "安禾", "程远林")

SESSION = {
    "id": "s1",
    "number": 1,
    "mode": "on_site",
    "starts_at": "2026-11-24T01:30:00Z",
    "ends_at": "2026-11-24T03:30:00Z",
    "place": "虚构路1号3楼调解室",
}
APPLICANT: Mapping[str, Any] = {"party": "applicant", "index": 0}
RESPONDENT: Mapping[str, Any] = {"party": "respondent", "index": 0}


def _step(
    status: str, runs: str = "", last_day: str = "2026-11-27", **facts: Any
) -> dict[str, Any]:
    """The data of a step of a case, after which this clock runs."""
    running = {"name": runs, "due_on": last_day, "provisional": False}
    return {"status": status, "deadlines": [running] if runs else [], **facts}


def _reminder(clock: str, tells: str, status: str, due_on: str = "2026-11-27") -> dict[str, Any]:
    return _step(status, clock, due_on, clock=clock, due_on=due_on, tells=tells)


CASE_FACTS: Mapping[str, Mapping[str, Any]] = {
    "application.submitted": {},
    "application.supplemented": {"supplement_count": 1, "attachment_count": 2},
    "application.evidence_received": {"index": 0, "kind": "wage_flow", "awaited": 1},
    "application.withdrawn": {"withdrawn_at": "2026-11-02T12:00:00Z"},
    "application.contact_changed": {"contacts": "sealed", "phone_last4_hashes": []},
    "application.document_issued": {
        "id": "acceptance_notice-1",
        "kind": "acceptance_notice",
        "number": 1,
        "issued_at": "2026-11-20T12:00:00Z",
        "sha256": "0" * 64,
        "history_hash": "1" * 64,
        "entitled": [APPLICANT, RESPONDENT],
    },
    "phone.code_requested": {"contacts": "sealed", "expires_at": "2026-11-02T11:51:05Z"},
    "case.unassigned": {"status": "unassigned", "reasons": ["no_organisation"]},
    "case.organisation_assigned": _step(
        "organisation_assigned",
        "mediator_assignment",
        "2026-11-03",
        organisation=ORGANISATION,
        mediator_follows=False,
        by="rules",
    ),
    "case.mediators_proposed": _step(
        "organisation_assigned",
        "mediator_choice",
        "2026-11-03",
        organisation=ORGANISATION,
        asks=[
            {
                "id": "q1",
                "kind": "mediator",
                "to": [APPLICANT],
                "options": [{"id": f"m{n}", "name": name} for n, name in enumerate(MEDIATORS)],
                "about": None,
                "expires_on": "2026-11-03",
            }
        ],
    ),
    "case.mediator_assigned": _step(
        "mediator_assigned",
        "acceptance_decision",
        "2026-11-05",
        organisation=ORGANISATION,
        mediator=MEDIATOR,
        reasons=[],
        by="rules",
    ),
    "case.transferred": _step(
        "organisation_assigned",
        "mediator_assignment",
        "2026-11-03",
        organisation=ORGANISATION,
        previous_organisation_id="org-0",
        division={"code": "370102", "name": "山东省济南市历下区"},
        mediator_follows=False,
    ),
    "case.examination_begun": _step("under_examination"),
    "case.supplement_requested": _step("supplement_requested", "supplement_answer"),
    "case.examination_resumed": _step("under_examination"),
    "case.consent_sought": _step("seeking_consent", "consent_answer"),
    "case.consent_recorded": _step(
        "seeking_consent", **RESPONDENT, answer="agree", means="code", complete=True
    ),
    "case.accepted": _step("accepted", "mediation_end", without=[]),
    "case.numbered": _step("accepted", "mediation_end", case_number="济历劳人调〔2026〕第12号"),
    "case.not_accepted": _step(
        "not_accepted",
        reason="wrong_jurisdiction",
        advice=["apply_elsewhere", "policy_hotline"],
        right_division={"code": "370103", "name": "山东省济南市市中区"},
    ),
    "case.session_scheduled": _step("mediating", session=SESSION),
    "case.session_answered": _step(
        "mediating", **RESPONDENT, session_id="s1", answer="confirm", means="code"
    ),
    "case.session_cancelled": _step("mediating", session_id="s1"),
    "case.session_held": _step("mediating", session=SESSION, absent=[]),
    "case.proposal_made": _step("mediating", number=1),
    "case.extension_proposed": _step("mediating", until="2026-12-02"),
    "case.mediation_extended": _step("mediating", until="2026-12-02"),
    "case.extension_refused": _step("mediating", until="2026-12-02"),
    "case.agreement_recorded": _step("agreed", "signature", version=1, perform_by="2026-12-20"),
    "case.signature_recorded": _step(
        "agreed", signatory="applicant", index=0, means="code", missing=3
    ),
    "case.agreement_signed": _step(
        "agreement_signed",
        "arbitration_review_request",
        "2026-12-09",
        effective_at="2026-11-24T03:00:00Z",
        perform_by="2026-12-20",
    ),
    "case.agreement_declined": _step("mediating"),
    "case.failed": _step("failed", reason="party_absent"),
    "case.review_requested": _step("review_requested"),
    "case.review_confirmed": _step("review_confirmed"),
    "case.review_refused": _step("review_refused"),
    "case.performed": _step("performed"),
    "case.breached": _step("breached"),
    "case.referral_opened": _step(
        "mediating",
        referral_id="r1",
        kind="psychological_support",
        referral_status="asked",
        to=[APPLICANT, RESPONDENT],
    ),
    "case.referral_changed": _step(
        "mediating",
        referral_id="r1",
        kind="psychological_support",
        referral_status="taken_up",
        to=[APPLICANT, RESPONDENT],
    ),
    "case.withdrawn": {"status": "withdrawn"},
    "case.closed": _step("closed", outcome="review_confirmed"),
    "case.reopened": _step("organisation_assigned"),
    "case.archived": _step("archived"),
    "case.deadline_approaching": _reminder("consent_answer", "parties", "seeking_consent"),
    "case.deadline_missed": _reminder("acceptance_decision", "organisation", "seeking_consent"),
    "warning.raised": {
        "dimension": "category",
        "division": {"code": "370102", "name": "山东省济南市历下区"},
        "category": "pay_injury_compensation",
        "count": 31,
        "expected": 4.25,
        "window_days": 7,
    },
    "organisation.registered": {},
    "organisation.changed": {},
    "subscription.paused": {
        "channel": "app_example",
        "contacts": "sealed",
        "failing_since": "2026-11-01T01:30:00Z",
        "reason": "http_500",
    },
    "subscription.stopped": {"channel": "app_example", "contacts": "sealed", "reason": "gone"},
    "partner_queue.overflowed": {"channel": "app_example", "contacts": "sealed", "dropped": 12},
}
"""What notify reads of each event, by its name."""

VARIANTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "subscription.stopped.unverified": ("subscription.stopped", {"reason": "unverified"}),
    "case.mediator_assigned.changed": ("case.mediator_assigned", {"status": "accepted"}),
    "case.session_scheduled.online": (
        "case.session_scheduled", {"session": {**SESSION, "mode": "online", "place": None}},
    ),
    "case.referral_changed.sent": ("case.referral_changed", {"referral_status": "sent"}),
    "case.referral_changed.returned": ("case.referral_changed", {"referral_status": "returned"}),
    **{
        f"case.deadline_approaching.{clock}": (
            "case.deadline_approaching", _reminder(clock, "parties", status),
        )
        for clock, status in (
            ("supplement_answer", "supplement_requested"),
            ("arbitration_review_request", "agreement_signed"),
            ("judicial_confirmation", "agreement_signed"),
            ("performance", "agreement_signed"),
            ("right_to_arbitrate", "mediating"),
            ("arbitration_limitation", "mediating"),
        )
    },
    **{
        f"case.deadline_approaching.{staff}": (
            "case.deadline_approaching", _reminder("mediation_end", staff, "mediating"),
        )
        for staff in ("mediator", "organisation", "platform")
    },
}  # fmt: skip
"""Events that read otherwise than the first of their name: (event, what differs)."""


def an_event(name: str, *, sequence: int = 1, **changes: Any) -> Event:
    """An event of this kind with what notify reads of its data."""
    return Event(
        id=f"event-{name}-{sequence}",
        name=name,
        version=1,
        source="tiaojie/test",
        subject=SERIAL,
        time=NOW,
        sequence=sequence,
        division="370102013",
        data={**CASE_FACTS[name], **changes},
        trace=Trace("00-" + "1" * 32 + "-" + "1" * 16 + "-01", "correlation-1"),
    )


def a_person(party: Any = "applicant", index: int = 0, **changes: Any) -> Person:
    """Somebody with a mobile phone and an e-mail address of its own."""
    first = {"applicant": 11, "agent": 31, "respondent": 51, "mediator": 71, "platform": 81}
    facts: dict[str, Any] = {
        "party": party,
        "index": index,
        "phone": f"138000000{first.get(party, 91) + index}",
        "email": f"{party}{index}@example.com",
        "language": "zh",
        "notify": True,
        "code": ANSWER_CODE if party == "respondent" else "",
    }
    return Person(**{**facts, **changes})


def everybody(language: Any = "zh") -> tuple[Person, ...]:
    """An applicant, an agent and two respondents, one of whom no message reaches; a partner."""
    silent = a_person("respondent", 1, phone=None, email=None)
    told = ("applicant", "agent", "respondent", "partner")
    return (*(a_person(p, language=language) for p in told), silent)


def some_recipients(*persons: Person, **facts: Any) -> Recipients:
    """These people, or an applicant, an agent and a respondent, whose case has been placed and is
    to have a session; nobody has asked the respondent yet unless `asked_at` says so."""
    known = {
        "organisation": ORGANISATION,
        "mediator": MEDIATOR,
        "sessions": {"s1": SESSION["starts_at"]},
        "respondents": 1,
    }
    return Recipients(
        persons or (a_person(), a_person("agent"), a_person("respondent")),
        QUERY_CODE,
        CaseFacts(**{**known, **facts}),
    )


def some_staff(language: Any = "zh") -> dict[str, Sequence[Person]]:
    """One of each desk that the events of these builders concern."""
    person = a_person("platform", language=language)
    desks = (Desk(), Desk(ORGANISATION["id"]), Desk(ORGANISATION["id"], MEDIATOR["id"]))
    return {desk.key: [person] for desk in desks}
