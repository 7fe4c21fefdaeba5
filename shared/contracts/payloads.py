"""What events say: the parts that several of them have, free of personal data.

The `data` of each event is in `application_payloads` and `case_payloads`. Two fields are sealed:
`contacts` opens with the contact keyring (intake, notify), `particulars` with the records keyring
(routing, intake): free words of staff and parties, which documents are made from.
"""

from __future__ import annotations

from collections.abc import Iterable

from marshmallow import EXCLUDE, Schema, fields, validate

from shared.contracts.clocks import CLOCKS
from shared.contracts.questions import MEANS, PARTIES, QUESTIONS
from shared.contracts.vocabulary import ORGANISATION_KINDS, SESSION_MODES


class Payload(Schema):
    """The `data` of an event: what is required is always there, the unknown is ignored."""

    class Meta:
        unknown = EXCLUDE


def one_of(names: Iterable[str], *, required: bool = True, null: bool = False) -> fields.String:
    """One word of a closed list."""
    return fields.String(required=required, allow_none=null, validate=validate.OneOf(sorted(names)))


class DivisionRef(Payload):
    code = fields.String(required=True, metadata={"description": "6 or 9 digit division code"})
    name = fields.String(required=True)


class ClaimSummary(Payload):
    claim_type = fields.String(required=True)
    amount_cny = fields.Float(allow_none=True, metadata={"description": "CNY, null if not money"})


class DueOn(Payload):
    name = one_of(CLOCKS)
    due_on = fields.Date(required=True)
    provisional = fields.Boolean(
        metadata={"description": "the year's holiday plan was not out yet"}
    )


class OrganisationRef(Payload):
    id = fields.String(required=True)
    name = fields.String(required=True)
    kind = one_of(ORGANISATION_KINDS)
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

    party = one_of((*PARTIES, "agent"))
    index = fields.Integer(required=True)
    kind = one_of(("person", "employer"))
    may_settle = fields.Boolean(
        required=True,
        metadata={"description": "false for an agent without special authority to settle"},
    )


class Question(Payload):
    """Something the parties named in `to` are asked; `id` is unique within the case."""

    id = fields.String(required=True)
    kind = one_of(QUESTIONS)
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
    id = fields.String(required=True, metadata={"description": "unique within the case"})
    number = fields.Integer(required=True, metadata={"description": "counts from 1"})
    mode = fields.String(
        required=True,
        validate=validate.OneOf(sorted(SESSION_MODES)),
        metadata={"description": "online or on site"},
    )
    starts_at = fields.AwareDateTime(required=True, metadata={"description": "RFC 3339"})
    ends_at = fields.AwareDateTime(required=True, metadata={"description": "RFC 3339"})
    place = fields.String(allow_none=True, metadata={"description": "of a session on site"})


class Signature(Payload):
    signatory = one_of((*PARTIES, "mediator", "organisation"))
    index = fields.Integer(required=True)
    means = one_of((*MEANS, "seal"))
    at = fields.AwareDateTime(required=True)
