"""Who is told of which event: the tables, and what an event itself says about them.

`ENTITLEMENTS` has a row for every event that comes to notify; `audiences` narrows it by what the
event says. Whether the respondents may hear of it yet is `may_reach_respondents`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, get_args

from shared.contracts.envelope import Event
from shared.contracts.lifecycle import ENDED, RUNS_ON, TRANSITIONS

Party = Literal["applicant", "agent", "respondent"]
Staff = Literal["mediator", "organisation", "platform"]
Audience = Party | Staff | Literal["partner"]
"""`partner` is whoever a partner channel named for alerts."""
PARTIES: Final[tuple[Party, ...]] = get_args(Party)
STAFF: Final[tuple[Staff, ...]] = get_args(Staff)
AUDIENCES: Final[tuple[Audience, ...]] = (*PARTIES, *STAFF, "partner")

_NOBODY: Final[tuple[Audience, ...]] = ()
_APPLYING: Final[tuple[Audience, ...]] = ("applicant", "agent")

ENTITLEMENTS: Final[Mapping[str, tuple[Audience, ...]]] = {
    "application.submitted": _APPLYING,
    "application.supplemented": _APPLYING,
    "application.evidence_received": _NOBODY,  # who sent it was answered at once
    "application.contact_changed": _NOBODY,  # changes where later messages go
    "application.document_issued": _NOBODY,  # the written form of a step that is told itself
    "application.withdrawn": _NOBODY,  # told when the case has ended
    "phone.code_requested": ("applicant",),
    "case.unassigned": (*_APPLYING, "platform"),
    "case.organisation_assigned": (*_APPLYING, "organisation"),  # unless a mediator follows
    "case.mediators_proposed": _APPLYING,
    "case.mediator_assigned": (*PARTIES, "mediator"),
    "case.transferred": (*PARTIES, "organisation"),
    "case.examination_begun": _NOBODY,  # said when the mediator was named
    "case.supplement_requested": _APPLYING,
    "case.examination_resumed": _NOBODY,  # the applicant knows what was sent
    "case.consent_sought": (*PARTIES, "mediator"),  # the mediator, if no message can reach one
    "case.consent_recorded": _APPLYING,  # when everybody asked has answered
    "case.accepted": _NOBODY,  # its number follows at once and says it
    "case.numbered": PARTIES,
    "case.not_accepted": PARTIES,
    "case.session_scheduled": PARTIES,
    "case.session_answered": _NOBODY,  # the mediator's matter
    "case.session_cancelled": PARTIES,
    "case.session_held": _NOBODY,  # whoever was there knows; the record is in the file
    "case.proposal_made": _NOBODY,  # made face to face, within a session
    "case.extension_proposed": PARTIES,
    "case.mediation_extended": PARTIES,
    "case.extension_refused": PARTIES,
    "case.agreement_recorded": PARTIES,
    "case.signature_recorded": _NOBODY,  # told once, when all have signed
    "case.agreement_signed": PARTIES,
    "case.agreement_declined": PARTIES,
    "case.failed": PARTIES,
    "case.review_requested": PARTIES,
    "case.review_confirmed": PARTIES,
    "case.review_refused": PARTIES,
    "case.performed": PARTIES,  # so that who was not paid can object
    "case.breached": PARTIES,
    "case.referral_opened": PARTIES,  # those whom it is for
    "case.referral_changed": PARTIES,  # those whom it is for
    "case.withdrawn": PARTIES,
    "case.closed": PARTIES,  # unless the step before has said it
    "case.reopened": PARTIES,
    "case.archived": _NOBODY,  # nothing changes for anybody
    "case.deadline_approaching": (
        *PARTIES,
        *STAFF,
    ),  # whom it tells, see CLOCKS_TOLD for the parties
    "case.deadline_missed": STAFF,
    "warning.raised": ("platform",),
    "organisation.registered": _NOBODY,  # the directory shows it
    "organisation.changed": _NOBODY,
    "subscription.paused": ("partner", "platform"),
    "subscription.stopped": ("partner", "platform"),
    "partner_queue.overflowed": ("partner", "platform"),
}
"""Event → who is told of it at most.

The agent stands in the applicant's place and hears the same, if it asked to. A respondent hears
nothing before its consent is sought: nobody has examined anything yet, and a worker may still be
employed there. A withdrawal is told once, when the case has ended, not also when it was asked for.
Staff hear of what waits for them; a message to staff says nothing about the parties.
"""

CLOCKS_TOLD: Final[Mapping[str, tuple[Party, ...]]] = {
    "mediator_assignment": (),
    "mediator_choice": (),  # the question itself named the day
    "examination_start": (),
    "supplement_answer": ("applicant", "agent"),
    "consent_answer": ("respondent",),
    "fast_track_acceptance": (),
    "acceptance_decision": (),
    "fast_track_mediation": (),
    "mediation_end": (),
    "signature": (),
    "arbitration_review_request": PARTIES,
    "judicial_confirmation": PARTIES,
    "arbitration_review": (),  # the commission's matter
    "performance": PARTIES,
    "closing": (),
    "archiving": (),
    "right_to_arbitrate": ("applicant", "agent"),
    "arbitration_limitation": ("applicant", "agent"),
}
"""Clock → the parties reminded when it approaches; the others concern staff, or move by themselves.
"""

CLOSING_IS_NEWS: Final = frozenset({"agreement_signed", "review_confirmed", "review_refused"})
"""Outcomes of a case whose end no step before has told."""

REFERRAL_NEWS: Final = frozenset({"asked", "sent", "taken_up", "returned"})
"""Steps of a referral that the person referred learns by message; the others are its own."""

_ASKED: Final = frozenset(
    {"seeking_consent", "accepted", "mediating", "agreed", "agreement_signed", "review_requested",
     "review_confirmed", "review_refused", "performed", "breached", "failed"}
)  # fmt: skip
"""Statuses that a case reaches only after the respondents' consent was sought."""

AFTER_ACCEPTANCE: Final = _ASKED - {"seeking_consent"}
"""Statuses in which it is settled which respondents take part."""

_AFTER_ASKING: Final = frozenset({"case.consent_sought", "case.numbered", "case.closed"})
"""Events that come only then, although the case may have another status by now."""


def audiences(event: Event) -> tuple[Audience, ...]:
    """Who is told of this very event, whoever they are; () if nobody is."""
    entitled = ENTITLEMENTS.get(event.name, ())
    narrow = _NARROWED.get(event.name)
    if narrow is None:
        return entitled
    told = narrow(event.data)
    return tuple(audience for audience in entitled if audience in told)


def _of_transfer(data: Mapping[str, Any]) -> tuple[Audience, ...]:
    """The others hear of the mediator who follows, and so of the body."""
    return ("respondent",) if data["mediator_follows"] else AUDIENCES


def _of_mediator(data: Mapping[str, Any]) -> tuple[Audience, ...]:
    return AUDIENCES if data["status"] in _ASKED else ("applicant", "agent", "mediator")


def _of_deadline(data: Mapping[str, Any]) -> tuple[Audience, ...]:
    if data["tells"] == "parties":
        return CLOCKS_TOLD[data["clock"]]
    return tuple(staff for staff in STAFF if staff == data["tells"])


def _of_referral(data: Mapping[str, Any]) -> tuple[Audience, ...]:
    """Those it is for, an agent in the applicant's place; of a referral wanted from the start
    nobody is asked."""
    if data["referral_status"] not in REFERRAL_NEWS:
        return ()
    sides = {party for party, _ in referred(data)}
    return tuple(p for p in PARTIES if ("applicant" if p == "agent" else p) in sides)


def _only_if(condition: Callable[[Mapping[str, Any]], bool]) -> _Narrowing:
    return lambda data: AUDIENCES if condition(data) else ()


_Narrowing = Callable[[Mapping[str, Any]], tuple[Audience, ...]]

_NARROWED: Final[Mapping[str, _Narrowing]] = {
    "case.organisation_assigned": _only_if(lambda data: not data["mediator_follows"]),
    "case.transferred": _of_transfer,
    "case.mediator_assigned": _of_mediator,
    "case.consent_recorded": _only_if(lambda data: bool(data["complete"])),
    "case.closed": _only_if(lambda data: data["outcome"] in CLOSING_IS_NEWS),
    "case.referral_opened": _of_referral,
    "case.referral_changed": _of_referral,
    "case.deadline_approaching": _of_deadline,
    "case.deadline_missed": _of_deadline,
}
"""Event → those of its entitled whom it concerns by what it says."""


def may_reach_respondents(event: Event, asked_at: int | None) -> bool:
    """Whether the respondents had been asked when this happened; `asked_at` is the sequence of the
    first case.consent_sought that is known of the case."""
    if event.name in _AFTER_ASKING or event.data.get("status") in _ASKED:
        return True
    return asked_at is not None and asked_at < event.sequence


def referred(data: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The parties, (party, index), whom a referral is for."""
    return [(to["party"], to["index"]) for to in data.get("to") or ()]


def topic(event: Event) -> str:
    """What of its case an event is about where there can be several: a session, a referral, a
    clock; "" where there is one."""
    match event.name:
        case "case.session_scheduled":
            return str(event.data["session"]["id"])
        case "case.session_cancelled":
            return str(event.data["session_id"])
        case "case.referral_opened" | "case.referral_changed":
            return str(event.data["referral_id"])
        case "case.deadline_approaching" | "case.deadline_missed":
            return str(event.data["clock"])
        case _:
            return ""


_PLACED = ("case.organisation_assigned", "case.mediator_assigned", "case.transferred")
_ENDED = ("case.not_accepted", "case.failed", "case.withdrawn")
_MOVED = (*_ENDED, "case.transferred")

SUPERSEDED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "case.unassigned": (*_PLACED, *_ENDED),
    "case.organisation_assigned": (*_PLACED, *_ENDED),
    "case.mediators_proposed": (*_PLACED, *_ENDED),
    "case.mediator_assigned": (*_PLACED, *_ENDED),
    "case.transferred": (*_PLACED, *_ENDED),
    "case.supplement_requested": (*_MOVED, "case.consent_sought"),
    "case.consent_sought": (*_MOVED, "case.numbered"),
    "case.consent_recorded": (*_MOVED, "case.numbered"),
    "case.session_scheduled": (*_MOVED, "case.agreement_signed"),
    "case.extension_proposed": (
        *_MOVED, "case.mediation_extended", "case.extension_refused", "case.agreement_signed",
    ),
    "case.mediation_extended": (*_MOVED, "case.agreement_signed"),
    "case.extension_refused": (*_MOVED, "case.mediation_extended", "case.agreement_signed"),
    "case.agreement_recorded": (
        *_MOVED, "case.agreement_recorded", "case.agreement_signed", "case.agreement_declined",
    ),
    "case.agreement_declined": (*_MOVED, "case.agreement_recorded"),
    "case.review_requested": ("case.review_confirmed", "case.review_refused"),
    "case.closed": ("case.reopened",),
}  # fmt: skip
"""Event → later events of the same case which make its message untrue: then it is not sent."""

SUPERSEDED_ON_TOPIC: Final[Mapping[str, tuple[str, ...]]] = {
    "case.session_scheduled": ("case.session_cancelled",),
    "case.referral_opened": ("case.referral_changed",),
    "case.referral_changed": ("case.referral_changed",),
}
"""The same, where the later event must be about the same session or referral."""


def superseded_by(event_name: str, about: str) -> tuple[str, ...]:
    """Later events that make a message untrue whatever they are about. A reminder of a clock is
    untrue once a step has stopped the clock; a missed one stays missed."""
    if event_name == "case.deadline_approaching":
        return _STOPPED_BY.get(about, ())
    return SUPERSEDED_BY.get(event_name, ())


def _stopped_by(clock: str) -> tuple[str, ...]:
    stopping = (
        row.event
        for row in TRANSITIONS
        if clock in row.stops or (row.target in ENDED and clock not in RUNS_ON)
    )
    return tuple(dict.fromkeys(stopping))


_STOPPED_BY: Final = {clock: _stopped_by(clock) for clock in CLOCKS_TOLD}
