"""What events of cases, the directory and early warning say; see `payloads` for what is sealed."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.clocks import CLOCKS
from shared.contracts.lifecycle import OUTCOMES, STATUSES
from shared.contracts.payloads import (
    DivisionRef,
    DueOn,
    MediatorRef,
    OrganisationRef,
    PartyRef,
    Payload,
    Question,
    Session,
    Signature,
    one_of,
)
from shared.contracts.questions import MEANS, PARTIES
from shared.contracts.vocabulary import (
    ADVICE,
    CATEGORIES,
    FAILURE_REASONS,
    ORGANISATION_KINDS,
    REFERRAL_STATUSES,
    REFERRALS,
    REFUSAL_REASONS,
)


class CaseStep(Payload):
    """What every event of a case carries: the status after it, the clocks that run, what parties
    are asked, and whether a mediator is free of the case now."""

    status = one_of(STATUSES)
    deadlines = fields.List(
        fields.Nested(DueOn), metadata={"description": "all clocks that run after this step"}
    )
    asks = fields.List(fields.Nested(Question), metadata={"description": "questions opened"})
    settles = fields.List(
        fields.String(), metadata={"description": "ids of questions no longer open"}
    )
    released_mediator_id = fields.String(allow_none=True)
    particulars = fields.String(
        allow_none=True, metadata={"description": "sealed: words for documents"}
    )


class CaseUnassigned(CaseStep):
    reasons = fields.List(fields.String(), required=True)


class CaseOrganisationAssigned(CaseStep):
    organisation = fields.Nested(OrganisationRef, required=True)
    previous_organisation_id = fields.String(allow_none=True)
    mediator_follows = fields.Boolean(
        required=True, metadata={"description": "a mediator was chosen in the same step"}
    )
    by = one_of(("rules", "administrator"))


class CaseMediatorsProposed(CaseStep):
    organisation = fields.Nested(OrganisationRef, required=True)


class CaseMediatorAssigned(CaseStep):
    organisation = fields.Nested(OrganisationRef, required=True)
    mediator = fields.Nested(MediatorRef, required=True)
    reasons = fields.List(fields.String(), required=True)
    by = one_of(("rules", "administrator", "applicant"))


class CaseTransferred(CaseStep):
    organisation = fields.Nested(OrganisationRef, required=True)
    previous_organisation_id = fields.String(required=True)
    division = fields.Nested(DivisionRef, required=True)
    mediator_follows = fields.Boolean(required=True)


class CaseConsentRecorded(CaseStep, PartyRef):
    answer = fields.String(required=True)
    means = one_of(MEANS)
    complete = fields.Boolean(
        required=True, metadata={"description": "everybody asked has answered"}
    )


class CaseAccepted(CaseStep):
    without = fields.List(
        fields.Nested(PartyRef),
        metadata={"description": "respondents who do not take part in the mediation"},
    )


class CaseNumbered(CaseStep):
    case_number = fields.String(required=True, metadata={"examples": ["济历劳人调〔2026〕第12号"]})


class CaseNotAccepted(CaseStep):
    reason = one_of(REFUSAL_REASONS)
    advice = fields.List(fields.String(validate=validate.OneOf(sorted(ADVICE))), required=True)
    right_division = fields.Nested(DivisionRef, allow_none=True)


class CaseSessionScheduled(CaseStep):
    session = fields.Nested(Session, required=True)


class CaseSessionAnswered(CaseStep, PartyRef):
    session_id = fields.String(required=True)
    answer = fields.String(required=True)
    means = one_of(MEANS)


class CaseSessionCancelled(CaseStep):
    session_id = fields.String(required=True)


class CaseSessionHeld(CaseStep):
    session = fields.Nested(Session, required=True)
    absent = fields.List(fields.Nested(PartyRef), required=True)


class CaseProposalMade(CaseStep):
    number = fields.Integer(required=True)


class CaseExtension(CaseStep):
    until = fields.Date(required=True)


class CaseAgreementRecorded(CaseStep):
    version = fields.Integer(required=True)
    perform_by = fields.Date(allow_none=True)


class CaseSignatureRecorded(CaseStep):
    signatory = one_of((*PARTIES, "mediator", "organisation"))
    index = fields.Integer(required=True)
    means = one_of((*MEANS, "seal"))
    missing = fields.Integer(required=True, metadata={"description": "signatures still awaited"})


class CaseAgreementSigned(CaseStep):
    effective_at = fields.AwareDateTime(required=True)
    signatures = fields.List(
        fields.Nested(Signature), metadata={"description": "all of them, for the document"}
    )
    perform_by = fields.Date(allow_none=True)


class CaseFailed(CaseStep):
    reason = one_of(FAILURE_REASONS)


class CaseReferral(CaseStep):
    referral_id = fields.String(required=True)
    kind = one_of(REFERRALS)
    referral_status = one_of(REFERRAL_STATUSES)
    to = fields.List(fields.Nested(PartyRef), metadata={"description": "who is referred"})


class CaseClosed(CaseStep):
    outcome = one_of(OUTCOMES)


class CaseDeadline(CaseStep):
    """A clock approaches its end or has passed it; `tells` says whose turn it is to hear of it."""

    clock = one_of(CLOCKS)
    due_on = fields.Date(required=True)
    tells = one_of(("mediator", "organisation", "platform", "parties"))


class OrganisationEntry(Payload):
    """A directory entry as the public may see it."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    kind = one_of(ORGANISATION_KINDS)
    divisions = fields.List(fields.String(), required=True)
    categories = fields.List(fields.String(), required=True)
    phone = fields.String(required=True)
    address = fields.String(required=True)
    active = fields.Boolean(required=True)


class WarningRaised(Payload):
    """Cases of one employer, division or category have grown unusually."""

    dimension = one_of(("employer", "division", "category"))
    division = fields.Nested(DivisionRef, required=True)
    category = one_of(CATEGORIES, required=False, null=True)
    count = fields.Integer(required=True, metadata={"description": "cases within the window"})
    expected = fields.Float(
        required=True, metadata={"description": "cases a window had on average before"}
    )
    window_days = fields.Integer(required=True)
