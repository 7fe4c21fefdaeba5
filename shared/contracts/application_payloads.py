"""What events of applications say; see `payloads` for what is sealed."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.payloads import (
    ClaimSummary,
    DivisionRef,
    DueOn,
    PartyFacts,
    PartyRef,
    Payload,
    one_of,
)
from shared.contracts.questions import MEANS, QUESTIONS
from shared.contracts.vocabulary import CATEGORIES, DOCUMENTS, FLAGS


class ApplicationSubmitted(Payload):
    received_at = fields.AwareDateTime(required=True)
    applicant_role = one_of(("worker", "employer"))
    channel = fields.String(required=True)
    division = fields.Nested(DivisionRef, required=True)
    category = one_of(CATEGORIES)
    cause = fields.String(allow_none=True)
    flags = fields.List(fields.String(validate=validate.OneOf(list(FLAGS))), required=True)
    claims = fields.List(fields.Nested(ClaimSummary), required=True)
    deadlines = fields.List(fields.Nested(DueOn), required=True)
    language = one_of(("zh", "en"))
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
    kind = one_of(QUESTIONS)
    answer = fields.String(required=True)
    means = one_of(MEANS)
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
    kind = one_of(DOCUMENTS)
    number = fields.Integer(
        required=True, metadata={"description": "counts documents of its kind, from 1"}
    )
    issued_at = fields.AwareDateTime(required=True)
    sha256 = fields.String(required=True, metadata={"description": "of the PDF"})
    history_hash = fields.String(
        required=True, metadata={"description": "of the event that the document is about"}
    )
    entitled = fields.List(fields.Nested(PartyRef), required=True)


class PhoneCodeRequested(Payload):
    """A one-time code is to be sent to a phone that wants to apply."""

    contacts = fields.String(
        required=True, metadata={"description": "sealed for notify: the phone and the code"}
    )
    expires_at = fields.AwareDateTime(required=True)
