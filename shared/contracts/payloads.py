"""What events say: the `data` of each, free of personal data except for sealed parts.

`contacts` opens with the contact keyring (intake, notify), `particulars` with the records keyring
(routing, intake): free words of staff and parties, which documents are made from.
"""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from shared.contracts.clocks import CLOCKS
from shared.contracts.lifecycle import OUTCOMES, STATUSES
from shared.contracts.questions import MEANS, PARTIES, QUESTIONS
from shared.contracts.vocabulary import (
    ADVICE,
    CATEGORIES,
    DOCUMENTS,
    FAILURE_REASONS,
    FLAGS,
    ORGANISATION_KINDS,
    REFERRAL_STATUSES,
    REFERRALS,
    REFUSAL_REASONS,
    SESSION_MODES,
)


class Payload(Schema):
    """The `data` of an event: what is required is always there, the unknown is ignored."""

    class Meta:
        unknown = EXCLUDE


def _one_of(names: Any, *, required: bool = True, null: bool = False) -> fields.String:
    return fields.String(required=required, allow_none=null, validate=validate.OneOf(sorted(names)))


class DivisionRef(Payload):
    code = fields.String(required=True, metadata={"description": "6 or 9 digit division code"})
    name = fields.String(required=True)


class ClaimSummary(Payload):
    claim_type = fields.String(required=True)
    amount_cny = fields.Float(allow_none=True, metadata={"description": "CNY, null if not money"})


class DueOn(Payload):
    name = _one_of(CLOCKS)
    due_on = fields.Date(required=True)
    provisional = fields.Boolean(
        metadata={"description": "the year's holiday plan was not out yet"}
    )


class OrganisationRef(Payload):
    id = fields.String(required=True)
    name = fields.String(required=True)
    kind = _one_of(ORGANISATION_KINDS)
    phone = fields.String(
        required=True, metadata={"description": "the organisation's public phone"}
    )


class MediatorRef(Payload):
    id = fields.String(required=True)
    name = fields.String(required=True, metadata={"description": "name shown to the parties"})


class PartyRef(Payload):
    """A party by its place in the application: no name."""

    party = fields.String(
        required=True,
        validate=validate.OneOf(sorted(PARTIES)),
        metadata={"description": "which side"},
    )
    index = fields.Integer(
        required=True, metadata={"description": "counts the persons of a party from 0"}
    )


class PartyFacts(Payload):
    """What routing must know of somebody who takes part."""

    party = _one_of((*PARTIES, "agent"))
    index = fields.Integer(required=True)
    kind = _one_of(("person", "employer"))
    may_settle = fields.Boolean(
        required=True,
        metadata={"description": "false for an agent without special authority to settle"},
    )


class Question(Payload):
    """Something the parties named in `to` are asked; `id` is unique within the case."""

    id = fields.String(required=True)
    kind = _one_of(QUESTIONS)
    to = fields.List(fields.Nested(PartyRef), required=True)
    options = fields.List(
        fields.Nested(MediatorRef),
        metadata={"description": "of a question `mediator`: who can be chosen"},
    )
    about = fields.String(
        allow_none=True, metadata={"description": "id of the session or referral, or its kind"}
    )
    expires_on = fields.Date(allow_none=True)


class Session(Payload):
    id = fields.String(required=True)
    number = fields.Integer(required=True)
    mode = _one_of(SESSION_MODES)
    starts_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)
    place = fields.String(allow_none=True, metadata={"description": "of a session on site"})


class ApplicationSubmitted(Payload):
    received_at = fields.AwareDateTime(required=True)
    applicant_role = _one_of(("worker", "employer"))
    channel = fields.String(required=True)
    division = fields.Nested(DivisionRef, required=True)
    category = _one_of(CATEGORIES)
    cause = fields.String(allow_none=True)
    flags = fields.List(fields.String(validate=validate.OneOf(list(FLAGS))), required=True)
    claims = fields.List(fields.Nested(ClaimSummary), required=True)
    deadlines = fields.List(fields.Nested(DueOn), required=True)
    language = _one_of(("zh", "en"))
    interpreter_language = fields.String(allow_none=True)
    parties = fields.List(
        fields.Nested(PartyFacts),
        required=True,
        metadata={"description": "who takes part: speakers of a collective, not all of it"},
    )
    represented_count = fields.Integer(
        required=True, metadata={"description": "applicants who are represented by others"}
    )
    party_hashes = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "keyed hashes, conflict of interest"},
    )
    employer_hashes = fields.List(
        fields.String(), required=True, metadata={"description": "keyed hashes, early warning"}
    )
    holder_hashes = fields.List(
        fields.String(), required=True, metadata={"description": "keyed hashes, `my cases`"}
    )
    respondent_hashes = fields.List(fields.String())  # keyed, in their order: their `my cases`
    respondent_code_hashes = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "keyed hashes of the respondents' codes, in their order"},
    )
    attachment_count = fields.Integer(metadata={"description": "evidence files declared"})
    query_code_hash = fields.String(required=True)
    query_code_expires_at = fields.AwareDateTime(required=True)
    phone_last4_hashes = fields.List(fields.String(), required=True)
    contacts = fields.String(required=True, metadata={"description": "sealed for notify"})


class ApplicationSupplemented(Payload):
    supplement_count = fields.Integer(required=True)
    attachment_count = fields.Integer(required=True)


class ApplicationEvidenceReceived(Payload):
    index = fields.Integer(required=True)
    kind = fields.String(required=True)
    awaited = fields.Integer(
        required=True, metadata={"description": "declared files still missing"}
    )


class ApplicationWithdrawn(Payload):
    withdrawn_at = fields.AwareDateTime(required=True)


class ApplicationAnswered(PartyRef):
    """A party's answer to a question of its case."""

    question = fields.String(required=True, metadata={"description": "id within the case"})
    kind = _one_of(QUESTIONS)
    answer = fields.String(required=True)
    means = _one_of(MEANS)
    by_agent = fields.Boolean(required=True)
    answered_at = fields.AwareDateTime(required=True)
    particulars = fields.String(
        allow_none=True, metadata={"description": "sealed: the party's own words"}
    )


class ApplicationContactChanged(Payload):
    contacts = fields.String(
        required=True, metadata={"description": "sealed for notify: all contacts as they are now"}
    )
    phone_last4_hashes = fields.List(fields.String(), required=True)


class ApplicationDocumentIssued(Payload):
    """A document is in the file; who may read it is in `entitled`."""

    id = fields.String(required=True)
    kind = _one_of(DOCUMENTS)
    number = fields.Integer(
        required=True, metadata={"description": "counts documents of its kind, from 1"}
    )
    issued_at = fields.AwareDateTime(required=True)
    sha256 = fields.String(required=True, metadata={"description": "of the PDF"})
    history_hash = fields.String(
        required=True, metadata={"description": "of the event that the document is about"}
    )
    entitled = fields.List(fields.Nested(PartyRef), required=True)


class CaseStep(Payload):
    """What every event of a case carries: the status after it, the clocks that run, what parties
    are asked, and whether a mediator is free of the case now."""

    status = _one_of(STATUSES)
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
    by = _one_of(("rules", "administrator"))


class CaseMediatorsProposed(CaseStep):
    organisation = fields.Nested(OrganisationRef, required=True)


class CaseMediatorAssigned(CaseStep):
    organisation = fields.Nested(OrganisationRef, required=True)
    mediator = fields.Nested(MediatorRef, required=True)
    reasons = fields.List(fields.String(), required=True)
    by = _one_of(("rules", "administrator", "applicant"))


class CaseTransferred(CaseStep):
    organisation = fields.Nested(OrganisationRef, required=True)
    previous_organisation_id = fields.String(required=True)
    division = fields.Nested(DivisionRef, required=True)
    mediator_follows = fields.Boolean(required=True)


class CaseConsentRecorded(CaseStep, PartyRef):
    answer = fields.String(required=True)
    means = _one_of(MEANS)
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
    reason = _one_of(REFUSAL_REASONS)
    advice = fields.List(fields.String(validate=validate.OneOf(sorted(ADVICE))), required=True)
    right_division = fields.Nested(DivisionRef, allow_none=True)


class CaseSessionScheduled(CaseStep):
    session = fields.Nested(Session, required=True)


class CaseSessionAnswered(CaseStep, PartyRef):
    session_id = fields.String(required=True)
    answer = fields.String(required=True)
    means = _one_of(MEANS)


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
    signatory = _one_of((*PARTIES, "mediator", "organisation"))
    index = fields.Integer(required=True)
    means = _one_of((*MEANS, "seal"))
    missing = fields.Integer(required=True, metadata={"description": "signatures still awaited"})


class Signature(Payload):
    signatory = _one_of((*PARTIES, "mediator", "organisation"))
    index = fields.Integer(required=True)
    means = _one_of((*MEANS, "seal"))
    at = fields.AwareDateTime(required=True)


class CaseAgreementSigned(CaseStep):
    effective_at = fields.AwareDateTime(required=True)
    signatures = fields.List(
        fields.Nested(Signature), metadata={"description": "all of them, for the document"}
    )
    perform_by = fields.Date(allow_none=True)


class CaseFailed(CaseStep):
    reason = _one_of(FAILURE_REASONS)


class CaseReferral(CaseStep):
    referral_id = fields.String(required=True)
    kind = _one_of(REFERRALS)
    referral_status = _one_of(REFERRAL_STATUSES)
    to = fields.List(fields.Nested(PartyRef), metadata={"description": "who is referred"})


class CaseClosed(CaseStep):
    outcome = _one_of(OUTCOMES)


class CaseDeadline(CaseStep):
    """A clock approaches its end or has passed it; `tells` says whose turn it is to hear of it."""

    clock = _one_of(CLOCKS)
    due_on = fields.Date(required=True)
    tells = _one_of(("mediator", "organisation", "platform", "parties"))


class OrganisationEntry(Payload):
    """A directory entry as the public may see it."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    kind = _one_of(ORGANISATION_KINDS)
    divisions = fields.List(fields.String(), required=True)
    categories = fields.List(fields.String(), required=True)
    phone = fields.String(required=True)
    address = fields.String(required=True)
    active = fields.Boolean(required=True)


class WarningRaised(Payload):
    """Cases of one employer, division or category have grown unusually."""

    dimension = _one_of(("employer", "division", "category"))
    division = fields.Nested(DivisionRef, required=True)
    category = _one_of(CATEGORIES, required=False, null=True)
    count = fields.Integer(required=True, metadata={"description": "cases within the window"})
    expected = fields.Float(
        required=True, metadata={"description": "cases a window had on average before"}
    )
    window_days = fields.Integer(required=True)


class PhoneCodeRequested(Payload):
    """A one-time code is to be sent to a phone that wants to apply."""

    contacts = fields.String(
        required=True, metadata={"description": "sealed for notify: the phone and the code"}
    )
    expires_at = fields.AwareDateTime(required=True)
