"""Who may do what: every route of every service × role × relation to what it is about.

This table is the whole of it. The frame refuses whom a row does not name (401, 403); the service
asks `shared.access` whether the relation holds, and what one is not related to does not exist
(404). Commands on a case are narrowed further by `who` of the lifecycle table. Of a person who
logs in the role says little: one side of a case is the applicant of the next; which side it is, and
whether any, the identity hash says. Where codes are asked for, a person's token that does not
reach is as good as none: the code is asked for (401).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from shared.contracts.vocabulary import ROLES

Relation = Literal[
    "any",  # whoever has the role
    "own_divisions",  # of the token's divisions; all, if it names none
    "all_divisions",  # whatever it is about, if the token names no division
    "own_organisation",  # of the token's organisation
    "own_case",  # the mediator of the case
    "self",  # about the caller
    "holder",  # who applied, or its agent
    "party",  # a party of the case or its agent
    "own_channel",  # of the token's channel
]


@dataclass(frozen=True, slots=True)
class Rule:
    """Callers without a token if `anonymous` (where a code is needed, the code lets in), and tokens
    of the roles named, each as far as its relation reaches."""

    anonymous: bool
    roles: Mapping[str, Relation]


_PERSONS: Final = ("applicant", "agent", "respondent")

EVERYONE: Final = Rule(anonymous=True, roles=dict.fromkeys(ROLES, "any"))


def _tokens(**roles: Relation) -> Rule:
    return Rule(anonymous=False, roles=roles)


def _holders(**others: Relation) -> Rule:
    """Who applied, with a token or the receipt's code, and others with a token."""
    return Rule(anonymous=True, roles={**dict.fromkeys(_PERSONS, "holder"), **others})


def _parties(**others: Relation) -> Rule:
    """Every party, with a token or the code it was sent, and others with a token."""
    return Rule(anonymous=True, roles={**dict.fromkeys(_PERSONS, "party"), **others})


_STAFF: Final[Mapping[str, Relation]] = {
    "platform_admin": "own_divisions",
    "organisation_admin": "own_organisation",
    "mediator": "own_case",
}
_PLATFORM: Final = _tokens(platform_admin="own_divisions")
_DIRECTORY: Final = _tokens(platform_admin="own_divisions", organisation_admin="own_organisation")
_STAFF_CONTACTS: Final = _tokens(
    platform_admin="all_divisions", organisation_admin="own_organisation"
)
_WORDINGS: Final = _tokens(platform_admin="all_divisions")
_LIBRARIAN: Final = _tokens(platform_admin="all_divisions")
_CHANNEL: Final = _tokens(partner="own_channel", platform_admin="all_divisions")

_APPLICATION = "/v1/applications/{serial_number}"
_CASE = "/v1/cases/{serial_number}"
_SUBSCRIPTION = "/v1/subscriptions/{subscription}"

POLICY: Final[Mapping[str, Rule]] = {
    # intake
    "POST /v1/applications": Rule(
        anonymous=True, roles={**dict.fromkeys(ROLES, "any"), "partner": "own_channel"}
    ),
    f"GET {_APPLICATION}": _parties(**_STAFF),
    f"POST {_APPLICATION}/supplements": _holders(),
    f"POST {_APPLICATION}/withdrawal": _holders(),
    f"POST {_APPLICATION}/consent": _parties(),
    f"GET {_APPLICATION}/questions": _parties(),
    f"POST {_APPLICATION}/answers": _parties(),
    f"PATCH {_APPLICATION}/contact": _parties(),
    f"GET {_APPLICATION}/receipt": _holders(),
    f"PUT {_APPLICATION}/attachments/{{index}}": _holders(),
    f"GET {_APPLICATION}/attachments/{{index}}": _holders(**_STAFF),
    f"GET {_APPLICATION}/documents": _parties(**_STAFF),
    f"GET {_APPLICATION}/documents/{{document}}": _parties(**_STAFF),
    "POST /v1/drafts": EVERYONE,
    "GET /v1/drafts/{draft_id}": EVERYONE,
    "PUT /v1/drafts/{draft_id}": EVERYONE,
    "DELETE /v1/drafts/{draft_id}": EVERYONE,
    "POST /v1/phone-verifications": EVERYONE,
    "POST /v1/phone-verifications/{verification}": EVERYONE,
    "GET /v1/audit": _tokens(auditor="any"),
    # routing
    "GET /v1/cases": _tokens(**_STAFF, auditor="any"),
    "GET /v1/cases/counts": _tokens(**_STAFF, auditor="any"),
    f"GET {_CASE}": _tokens(**_STAFF, auditor="any"),
    f"POST {_CASE}/{{command}}": _tokens(**_STAFF),
    "GET /v1/organisations/managed": _DIRECTORY,
    "GET /v1/organisations/{organisation}": _DIRECTORY,
    "POST /v1/organisations": _PLATFORM,
    "PATCH /v1/organisations/{organisation}": _DIRECTORY,
    "GET /v1/mediators": _DIRECTORY,
    "POST /v1/mediators": _DIRECTORY,
    "GET /v1/mediators/{mediator}": _DIRECTORY,
    "PATCH /v1/mediators/{mediator}": _DIRECTORY,
    "POST /v1/mediators/{mediator}/leave": _DIRECTORY,
    "POST /v1/mediators/{mediator}/calendar": _tokens(
        platform_admin="own_divisions", organisation_admin="own_organisation", mediator="self"
    ),
    "GET /v1/calendars/{calendar}": EVERYONE,  # the secret in the address lets in
    "GET /v1/rota": _DIRECTORY,
    "PUT /v1/rota/{mediator}": _DIRECTORY,
    "GET /v1/warnings": _tokens(platform_admin="own_divisions", auditor="any"),
    # notify
    "GET /v1/messages": _PLATFORM,
    "GET /v1/messages/{message}": _PLATFORM,
    "POST /v1/messages/{message}/resend": _PLATFORM,
    "GET /v1/inbox/{serial_number}": _parties(),
    "POST /v1/inbox/{serial_number}/read": _parties(),
    "POST /v1/message-receipts/{provider}": EVERYONE,  # the secret in the address lets in
    "GET /v1/staff-contacts/{audience}": _STAFF_CONTACTS,
    "PUT /v1/staff-contacts/{audience}": _STAFF_CONTACTS,
    "DELETE /v1/staff-contacts/{audience}": _STAFF_CONTACTS,
    "GET /v1/message-templates": _WORDINGS,
    "GET /v1/message-templates/{wording}": _WORDINGS,
    "PUT /v1/message-templates/{wording}/{channel}/{language}": _WORDINGS,
    "POST /v1/message-templates/{wording}/{channel}/{language}/preview": _WORDINGS,
    "GET /v1/message-templates/{wording}/{channel}/{language}/versions": _WORDINGS,
    "POST /v1/subscriptions": _CHANNEL,
    "GET /v1/subscriptions": _CHANNEL,
    f"GET {_SUBSCRIPTION}": _CHANNEL,
    f"PATCH {_SUBSCRIPTION}": _CHANNEL,
    f"DELETE {_SUBSCRIPTION}": _CHANNEL,
    f"POST {_SUBSCRIPTION}/verify": _CHANNEL,
    f"POST {_SUBSCRIPTION}/pause": _CHANNEL,
    f"POST {_SUBSCRIPTION}/resume": _CHANNEL,
    f"POST {_SUBSCRIPTION}/rotate-secret": _CHANNEL,
    f"POST {_SUBSCRIPTION}/test": _CHANNEL,
    f"POST {_SUBSCRIPTION}/replay": _CHANNEL,
    f"GET {_SUBSCRIPTION}/deliveries": _CHANNEL,
    f"GET {_SUBSCRIPTION}/deliveries/{{delivery}}": _CHANNEL,
    "POST /v1/amqp-credentials": _CHANNEL,
    "GET /v1/amqp-credentials": _CHANNEL,
    "GET /v1/amqp-credentials/{credentials}": _CHANNEL,
    "PATCH /v1/amqp-credentials/{credentials}": _CHANNEL,
    "POST /v1/amqp-credentials/{credentials}/rotate-password": _CHANNEL,
    "DELETE /v1/amqp-credentials/{credentials}": _CHANNEL,
    "GET /v1/events": _CHANNEL,
    "GET /v1/events/stream": _CHANNEL,
    # query
    "GET /v1/progress/{serial_number}": _parties(),
    "GET /v1/progress/{serial_number}/history": _parties(auditor="any"),
    "GET /v1/progress/{serial_number}/stream": _parties(),
    "GET /v1/progress/{serial_number}/calendar.ics": _parties(),
    "POST /v1/progress/lookups": EVERYONE,
    "GET /progress": EVERYONE,
    "GET /progress/{serial_number}": EVERYONE,
    "POST /progress/{serial_number}": EVERYONE,
    "GET /v1/my/cases": _tokens(applicant="party", agent="party", respondent="party"),
    "GET /v1/divisions": EVERYONE,
    "GET /v1/organisations": EVERYONE,
    "GET /v1/guidance": EVERYONE,
    "GET /v1/guidance/calculations": EVERYONE,
    "POST /v1/guidance/calculations/{calculator}": EVERYONE,
    "GET /v1/statistics": EVERYONE,
    "GET /v1/policies": EVERYONE,
    "GET /v1/policies/suggest": EVERYONE,
    "POST /v1/policies/imports": _LIBRARIAN,
    "GET /v1/policies/{policy_id}": EVERYONE,
    "GET /v1/policies/{policy_id}/versions": EVERYONE,
    "GET /v1/policies/{policy_id}/articles/{number}": EVERYONE,
    "GET /v1/policies/{policy_id}/articles/{number}/related": EVERYONE,
    "GET /asyncapi.json": EVERYONE,
}
"""Operation → rule."""
