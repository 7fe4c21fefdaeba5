"""Every event of the product, in one place.

The registry gives the marshmallow schemas, the JSON Schemas and the AsyncAPI document. A breaking
change is a new version beside the old one; consumers ignore fields they do not know. Events travel
on the exchange `tiaojie.events`, inside the product only: `contacts` is ciphertext which notify
alone can open, everything else is free of personal data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from shared.contracts.lifecycle import STATUSES
from shared.contracts.vocabulary import CATEGORIES, FLAGS, ORGANISATION_KINDS

EXCHANGE = "tiaojie.events"
"""The topic exchange all services publish to and bind their queues to."""


class Payload(Schema):
    """The `data` of an event: what is required is always there, the unknown is ignored."""

    class Meta:
        unknown = EXCLUDE


class DivisionRef(Payload):
    code = fields.String(required=True, metadata={"description": "6 or 9 digit division code"})
    name = fields.String(required=True)


class ClaimSummary(Payload):
    claim_type = fields.String(required=True)
    amount_cny = fields.Float(allow_none=True, metadata={"description": "CNY, null if not money"})


class DueOn(Payload):
    name = fields.String(required=True)
    due_on = fields.Date(required=True)
    provisional = fields.Boolean(
        metadata={"description": "the year's holiday plan was not out yet"}
    )


class OrganisationRef(Payload):
    id = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(sorted(ORGANISATION_KINDS)))
    phone = fields.String(
        required=True, metadata={"description": "the organisation's public phone"}
    )


class MediatorRef(Payload):
    id = fields.String(required=True)
    name = fields.String(required=True, metadata={"description": "name shown to the parties"})


class ApplicationSubmitted(Payload):
    received_at = fields.AwareDateTime(required=True)
    applicant_role = fields.String(required=True, validate=validate.OneOf(["worker", "employer"]))
    channel = fields.String(required=True)
    division = fields.Nested(DivisionRef, required=True)
    category = fields.String(required=True, validate=validate.OneOf(list(CATEGORIES)))
    cause = fields.String(allow_none=True)
    flags = fields.List(fields.String(validate=validate.OneOf(list(FLAGS))), required=True)
    claims = fields.List(fields.Nested(ClaimSummary), required=True)
    deadlines = fields.List(fields.Nested(DueOn), required=True)
    language = fields.String(required=True, validate=validate.OneOf(["zh", "en"]))
    interpreter_language = fields.String(allow_none=True)
    party_hashes = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "keyed hashes, conflict of interest"},
    )
    holder_hashes = fields.List(
        fields.String(), required=True, metadata={"description": "keyed hashes, `my cases`"}
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


class CaseStep(Payload):
    """What every event of a case carries: the status after it."""

    status = fields.String(required=True, validate=validate.OneOf(list(STATUSES)))


class CaseUnassigned(CaseStep):
    reasons = fields.List(fields.String(), required=True)


class CaseOrganisationAssigned(CaseStep):
    organisation = fields.Nested(OrganisationRef, required=True)
    previous_organisation_id = fields.String(allow_none=True)
    released_mediator_id = fields.String(allow_none=True)
    mediator_follows = fields.Boolean(
        required=True, metadata={"description": "a mediator was chosen in the same step"}
    )
    by = fields.String(required=True, validate=validate.OneOf(["rules", "administrator"]))


class CaseMediatorAssigned(CaseStep):
    organisation = fields.Nested(OrganisationRef, required=True)
    mediator = fields.Nested(MediatorRef, required=True)
    released_mediator_id = fields.String(allow_none=True)
    reasons = fields.List(fields.String(), required=True)
    by = fields.String(required=True, validate=validate.OneOf(["rules", "administrator"]))


class CaseWithdrawn(CaseStep):
    released_mediator_id = fields.String(allow_none=True)


class OrganisationEntry(Payload):
    """A directory entry as the public may see it."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(sorted(ORGANISATION_KINDS)))
    divisions = fields.List(fields.String(), required=True)
    categories = fields.List(fields.String(), required=True)
    phone = fields.String(required=True)
    address = fields.String(required=True)
    active = fields.Boolean(required=True)


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


EVENTS: Mapping[str, EventType] = {
    e.name: e
    for e in (
        EventType(
            "application.submitted",
            1,
            "intake",
            ("routing", "notify", "query"),
            ApplicationSubmitted,
            "An application is stored and has its serial number.",
        ),
        EventType(
            "application.supplemented",
            1,
            "intake",
            ("routing", "notify", "query"),
            ApplicationSupplemented,
            "The applicant added statements or declared more evidence.",
        ),
        EventType(
            "application.evidence_received",
            1,
            "intake",
            ("query",),
            ApplicationEvidenceReceived,
            "A declared evidence file has arrived.",
        ),
        EventType(
            "application.withdrawn",
            1,
            "intake",
            ("routing", "query"),
            ApplicationWithdrawn,
            "The applicant takes the application back.",
        ),
        EventType(
            "case.unassigned",
            1,
            "routing",
            ("intake", "notify", "query"),
            CaseUnassigned,
            "No organisation serves the place; the platform administrator decides.",
        ),
        EventType(
            "case.organisation_assigned",
            1,
            "routing",
            ("intake", "notify", "query"),
            CaseOrganisationAssigned,
            "An organisation has the case.",
        ),
        EventType(
            "case.mediator_assigned",
            1,
            "routing",
            ("intake", "notify", "query"),
            CaseMediatorAssigned,
            "A mediator has the case.",
        ),
        EventType(
            "case.withdrawn",
            1,
            "routing",
            ("intake", "routing", "notify", "query"),
            CaseWithdrawn,
            "The case ended because the applicant withdrew.",
        ),
        EventType(
            "organisation.registered",
            1,
            "routing",
            ("query",),
            OrganisationEntry,
            "An organisation joined the directory.",
        ),
        EventType(
            "organisation.changed",
            1,
            "routing",
            ("query",),
            OrganisationEntry,
            "A directory entry is different now (all of it is repeated).",
        ),
    )
}
"""The registry: who says what to whom."""


def consumed_by(service: str) -> tuple[EventType, ...]:
    return tuple(e for e in EVENTS.values() if service in e.consumers)


def faults(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What is wrong with an event's data, by field; empty if it keeps its contract."""
    return EVENTS[name].payload().validate(dict(data))
