"""Every event of the product, in one place: who says it, who listens, what it says.

The registry gives the marshmallow schemas, the JSON Schemas and the AsyncAPI document. A breaking
change is a new version beside the old one; consumers ignore fields they do not know. Events travel
on the exchange `tiaojie.events`, inside the product only: `contacts` and `particulars` are
ciphertext, everything else is free of personal data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from shared.contracts import application_payloads as a
from shared.contracts import case_payloads as c
from shared.contracts import channel_payloads as p
from shared.contracts import rebuild_payloads as r
from shared.contracts.payloads import Payload

EXCHANGE = "tiaojie.events"
"""The topic exchange all services publish to and bind their queues to."""


REBUILT_SERVICE = "query"
"""The service whose read models the others can be asked to tell everything again for."""


@dataclass(frozen=True, slots=True)
class EventType:
    """One kind of event: who emits it, who consumes it, what it says."""

    name: str
    version: int
    owner: str
    consumers: tuple[str, ...]
    payload: type[Payload]
    summary: str

    @property
    def type(self) -> str:
        return f"cn.tiaojie.{self.name}.v{self.version}"

    @property
    def required(self) -> frozenset[str]:
        """Fields that are always there."""
        return _required(self.payload)


@cache
def _required(payload: type[Payload]) -> frozenset[str]:
    return frozenset(name for name, field in payload().fields.items() if field.required)


_I, _R, _N, _Q = "intake", "routing", "notify", "query"
_STEP = (_I, _N, _Q)
_OWN_STEP = (_I, _R, _N, _Q)
"""routing hears of its own steps where something follows: a number, a place given back."""

EVENTS: Mapping[str, EventType] = {
    e.name: e
    for e in (
        EventType("application.submitted", 1, _I, (_R, _N, _Q), a.ApplicationSubmitted,
                  "An application is stored and has its serial number."),
        EventType("application.supplemented", 1, _I, (_R, _N, _Q), a.ApplicationSupplemented,
                  "The applicant added statements or declared more evidence."),
        EventType("application.evidence_received", 1, _I, (_N, _Q), a.ApplicationEvidenceReceived,
                  "A declared evidence file has arrived."),
        EventType("application.answered", 1, _I, (_R, _Q), a.ApplicationAnswered,
                  "A party answered a question of its case."),
        EventType("application.contact_changed", 1, _I, (_N, _Q), a.ApplicationContactChanged,
                  "A party can be reached in another way now."),
        EventType("application.document_issued", 1, _I, (_N, _Q), a.ApplicationDocumentIssued,
                  "A document of the case is in the file."),
        EventType("application.withdrawn", 1, _I, (_R, _N, _Q), a.ApplicationWithdrawn,
                  "The applicant takes the application back."),
        EventType("phone.code_requested", 1, _I, (_N,), a.PhoneCodeRequested,
                  "Somebody who wants to apply proves a phone number."),
        EventType("case.unassigned", 1, _R, _STEP, c.CaseUnassigned,
                  "No organisation serves the place; the platform administrator decides."),
        EventType("case.organisation_assigned", 1, _R, _STEP, c.CaseOrganisationAssigned,
                  "An organisation has the case."),
        EventType("case.mediators_proposed", 1, _R, _STEP, c.CaseMediatorsProposed,
                  "The applicant chooses among proposed mediators."),
        EventType("case.mediator_assigned", 1, _R, _STEP, c.CaseMediatorAssigned,
                  "A mediator has the case."),
        EventType("case.transferred", 1, _R, _STEP, c.CaseTransferred,
                  "Another organisation, perhaps of another division, has the case."),
        EventType("case.examination_begun", 1, _R, _STEP, c.CaseStep,
                  "The mediator examines the application."),
        EventType("case.supplement_requested", 1, _R, _STEP, c.CaseStep,
                  "The applicant is asked for more material."),
        EventType("case.examination_resumed", 1, _R, _STEP, c.CaseStep,
                  "The material has come, or is no longer waited for."),
        EventType("case.consent_sought", 1, _R, _STEP, c.CaseStep,
                  "The parties are asked whether they agree to mediate."),
        EventType("case.consent_recorded", 1, _R, _STEP, c.CaseConsentRecorded,
                  "A party agreed or declined to mediate."),
        EventType("case.accepted", 1, _R, _OWN_STEP, c.CaseAccepted,
                  "The case is accepted; its number follows."),
        EventType("case.numbered", 1, _R, _STEP, c.CaseNumbered,
                  "The accepted case has its number."),
        EventType("case.not_accepted", 1, _R, _OWN_STEP, c.CaseNotAccepted,
                  "The case is not accepted, with the reason and what can be done."),
        EventType("case.session_scheduled", 1, _R, _STEP, c.CaseSessionScheduled,
                  "The parties are invited to a session."),
        EventType("case.session_answered", 1, _R, _STEP, c.CaseSessionAnswered,
                  "A party confirmed a session or asks for another time."),
        EventType("case.session_cancelled", 1, _R, _STEP, c.CaseSessionCancelled,
                  "A session will not take place."),
        EventType("case.session_held", 1, _R, _STEP, c.CaseSessionHeld,
                  "A session took place, or a party stayed away."),
        EventType("case.proposal_made", 1, _R, _STEP, c.CaseProposalMade,
                  "A proposal for settlement is on record."),
        EventType("case.extension_proposed", 1, _R, _STEP, c.CaseExtension,
                  "The parties are asked to extend the mediation."),
        EventType("case.mediation_extended", 1, _R, _STEP, c.CaseExtension,
                  "All parties agreed to extend the mediation."),
        EventType("case.extension_refused", 1, _R, _STEP, c.CaseExtension,
                  "A party does not agree to extend the mediation."),
        EventType("case.agreement_recorded", 1, _R, _STEP, c.CaseAgreementRecorded,
                  "An agreement is written down, to be signed."),
        EventType("case.signature_recorded", 1, _R, _STEP, c.CaseSignatureRecorded,
                  "Somebody signed the agreement, or it was sealed."),
        EventType("case.agreement_signed", 1, _R, _STEP, c.CaseAgreementSigned,
                  "All have signed: the agreement is in effect."),
        EventType("case.agreement_declined", 1, _R, _STEP, c.CaseStep,
                  "A party does not sign; mediation goes on."),
        EventType("case.failed", 1, _R, _OWN_STEP, c.CaseFailed,
                  "No agreement; the parties may go to arbitration."),
        EventType("case.review_requested", 1, _R, _STEP, c.CaseStep,
                  "The parties jointly asked for arbitration review."),
        EventType("case.review_confirmed", 1, _R, _STEP, c.CaseStep,
                  "The arbitration commission confirmed the agreement."),
        EventType("case.review_refused", 1, _R, _STEP, c.CaseStep,
                  "The arbitration commission did not confirm the agreement."),
        EventType("case.performed", 1, _R, _STEP, c.CaseStep,
                  "The agreement was performed."),
        EventType("case.breached", 1, _R, _STEP, c.CaseStep,
                  "The agreement was not performed."),
        EventType("case.referral_opened", 1, _R, _STEP, c.CaseReferral,
                  "A referral is offered to a party."),
        EventType("case.referral_changed", 1, _R, _STEP, c.CaseReferral,
                  "A referral has gone a step further."),
        EventType("case.withdrawn", 1, _R, _OWN_STEP, c.CaseStep,
                  "The case ended because the applicant withdrew."),
        EventType("case.closed", 1, _R, _OWN_STEP, c.CaseClosed,
                  "The case is closed with its outcome."),
        EventType("case.reopened", 1, _R, _STEP, c.CaseStep,
                  "An administrator opened a closed case again."),
        EventType("case.archived", 1, _R, _STEP, c.CaseStep,
                  "The case is in the archive; nothing changes it."),
        EventType("case.deadline_approaching", 1, _R, _STEP, c.CaseDeadline,
                  "A clock is about to run out."),
        EventType("case.deadline_missed", 1, _R, _STEP, c.CaseDeadline,
                  "A clock ran out."),
        EventType("organisation.registered", 1, _R, (_N, _Q), c.OrganisationEntry,
                  "An organisation joined the directory."),
        EventType("organisation.changed", 1, _R, (_N, _Q), c.OrganisationEntry,
                  "A directory entry is different now (all of it is repeated)."),
        EventType("warning.raised", 1, _R, (_N,), c.WarningRaised,
                  "Cases of an employer, a division or a category grow unusually."),
        EventType("read_models.rebuild_requested", 1, _Q, (_I, _R), r.RebuildRequested,
                  "Everything told so far is to be told again, to the queue of rebuilds."),
        EventType("subscription.paused", 1, _N, (_N,), p.SubscriptionPaused,
                  "A partner's endpoint has taken nothing for long; its events are kept."),
        EventType("subscription.stopped", 1, _N, (_N,), p.SubscriptionStopped,
                  "A partner's endpoint is gone (410) or never proved that it wants events."),
        EventType("partner_queue.overflowed", 1, _N, (_N,), p.PartnerQueueOverflowed,
                  "A partner's own queue was full: its oldest events left it."),
    )
}  # fmt: skip
"""The registry: who says what to whom."""

REBUILT_FROM = EVENTS["read_models.rebuild_requested"].consumers
"""The services that tell again."""


def consumed_by(service: str) -> tuple[EventType, ...]:
    return tuple(e for e in EVENTS.values() if service in e.consumers)


def faults(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What is wrong with an event's data, by field; empty if it keeps its contract."""
    return EVENTS[name].payload().validate(dict(data))
