"""What partner channels may know of an event: an allow-list, field by field.

An event that has no row is not offered. Of one that has, the named fields go out and nothing else,
so that a field added to an internal event stays inside until somebody decides otherwise. Nothing
here is about a person: no names (a mediator's neither), no codes, no hashes, no words that somebody
typed, no sensitive circumstances (triage flags, the kind of a referral), nothing of an agreement
but that there is one (R17 24).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from marshmallow import EXCLUDE

from shared.contracts.envelope import Event
from shared.contracts.events import EVENTS
from shared.contracts.payloads import Payload

PARTNER_EXCHANGE: Final = "tiaojie.partner"
"""The topic exchange that partners' own queues are bound to; routing keys as on the internal one."""

DROPPED_QUEUE: Final = "tiaojie.partner.dropped"
"""Where events go that left a partner's own queue unread: they are counted for its owner."""

PARTNER_SERVICE: Final = "notify"
"""The service that publishes there and keeps the partners' queues."""

_STEP: Final = ("status", "deadlines")
_ASKING: Final = (*_STEP, "asks.id", "asks.kind", "asks.to", "asks.about", "asks.expires_on")
_SESSION: Final = tuple(
    f"session.{part}" for part in ("id", "number", "mode", "starts_at", "ends_at")
)
_ENTRY: Final = ("id", "name", "kind", "divisions", "categories", "phone", "address", "active")

OFFERED: Final[Mapping[str, tuple[str, ...]]] = {
    "application.submitted": (
        "received_at", "applicant_role", "channel", "division", "category", "deadlines",
        "attachment_count",
    ),
    "application.supplemented": ("supplement_count", "attachment_count"),
    "application.evidence_received": ("awaited",),
    "application.document_issued": ("id", "kind", "number", "issued_at"),
    "application.withdrawn": ("withdrawn_at",),
    "case.unassigned": _STEP,
    "case.organisation_assigned": (*_STEP, "organisation", "mediator_follows"),
    "case.mediators_proposed": (*_ASKING, "organisation"),
    "case.mediator_assigned": (*_STEP, "organisation"),
    "case.transferred": (*_STEP, "organisation", "previous_organisation_id", "division"),
    "case.examination_begun": _STEP,
    "case.supplement_requested": _ASKING,
    "case.examination_resumed": _STEP,
    "case.consent_sought": _ASKING,
    "case.consent_recorded": (*_STEP, "complete"),
    "case.accepted": _STEP,
    "case.numbered": (*_STEP, "case_number"),
    "case.not_accepted": (*_STEP, "reason", "advice", "right_division"),
    "case.session_scheduled": (*_ASKING, *_SESSION),
    "case.session_cancelled": (*_STEP, "session_id"),
    "case.session_held": (*_STEP, *_SESSION),
    "case.extension_proposed": (*_ASKING, "until"),
    "case.mediation_extended": (*_STEP, "until"),
    "case.extension_refused": (*_STEP, "until"),
    "case.agreement_recorded": _STEP,
    "case.agreement_signed": (*_STEP, "effective_at"),
    "case.agreement_declined": _STEP,
    "case.failed": (*_STEP, "reason"),
    "case.review_requested": _STEP,
    "case.review_confirmed": _STEP,
    "case.review_refused": _STEP,
    "case.performed": _STEP,
    "case.breached": _STEP,
    "case.withdrawn": _STEP,
    "case.closed": (*_STEP, "outcome"),
    "case.reopened": _STEP,
    "case.archived": _STEP,
    "case.deadline_approaching": (*_STEP, "clock", "due_on", "tells"),
    "case.deadline_missed": (*_STEP, "clock", "due_on", "tells"),
    "organisation.registered": _ENTRY,
    "organisation.changed": _ENTRY,
}  # fmt: skip
"""Event → the fields of its data that partners get, `a.b` for a field of a part."""


@cache
def payload(name: str) -> Payload:
    """The schema of what partners get of an offered event; KeyError for any other."""
    return EVENTS[name].payload(only=OFFERED[name], unknown=EXCLUDE)


def partner_document(event: Event) -> dict[str, Any] | None:
    """The CloudEvent that partners get of an event, JSON-ready; None if it is not offered.

    `sequence` orders the events of one `subject` and `source`; a gap is an event not offered.
    """
    fields = OFFERED.get(event.name)
    if fields is None:
        return None
    whole = event.to_document()
    kept = {name: whole[name] for name in ATTRIBUTES}
    return {**kept, "data": _picked(event.data, _tree(fields))}


ATTRIBUTES: Final = (
    "specversion", "id", "type", "source", "subject", "time", "datacontenttype", "sequence",
    "division",
)  # fmt: skip
"""Attributes of the envelope that go out: not those that trace the inside of the product."""

_Tree = Mapping[str, Any]


@cache
def _tree(fields: tuple[str, ...]) -> _Tree:
    """{"session": {"id": None}, "status": None} of ("session.id", "status")."""
    tree: dict[str, Any] = {}
    for field in fields:
        at = tree
        *parents, last = field.split(".")
        for parent in parents:
            at = at.setdefault(parent, {})
        at[last] = None
    return tree


def _picked(value: Any, tree: _Tree | None) -> Any:
    if tree is None:
        return value
    if isinstance(value, list):
        return [_picked(each, tree) for each in value]
    if not isinstance(value, Mapping):
        return value
    return {name: _picked(value[name], below) for name, below in tree.items() if name in value}
