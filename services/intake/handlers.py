"""What intake does: people's commands on an application, and what it learns of its case.

HANDLERS at the end is the table of contents for messages; the commands are called by `api`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from services.intake import domain
from services.intake.deadlines import deadlines
from services.intake.following import UNKNOWN, follow_case
from services.intake.persons import identity, normal_number
from services.intake.triage import triage
from shared import replay
from shared.civil_time import civil_day
from shared.contracts.envelope import NewEvent
from shared.contracts.events import consumed_by
from shared.contracts.faults import fault
from shared.contracts.lifecycle import find
from shared.decision import NOTHING, Decision, State
from shared.errors import Refused
from shared.runner import Deciding
from shared.sealing import Hasher, Keyring, QueryCodes, identity_hash, phone_last4_hash

Application = Mapping[str, Any]

SUPPLEMENTS_MOST = 100
"""Supplements of one application: a document has its limit, and a mediator's patience too."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The keys intake works with: what is sealed for itself, what for notify, what is hashed, and
    what routing may read too."""

    applications: Keyring
    contacts: Keyring
    hasher: Hasher
    records: Keyring


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is new about a submission: drawn or read from a clock by the caller."""

    serial_number: str
    query_code: str
    respondent_codes: tuple[str, ...]
    received_at: datetime
    query_code_days: int
    division_code: str
    division_name: str
    idempotency_key: str | None
    body_digest: str


_KEPT_HASHES = frozenset({"parties_key", "speaker_hashes", "agent_hash"})
"""Hashes that nobody else needs."""


def sealing_context(serial_number: str) -> str:
    return f"application:{serial_number}"


def contacts_context(serial_number: str) -> str:
    return f"contacts:{serial_number}"


# --- commands --------------------------------------------------------------------------------


def submit(application: Application, receipt: Receipt, secrets: Secrets) -> Decision:
    """The first state of an application and its `application.submitted`."""
    serial = receipt.serial_number
    flags = triage(application, civil_day(receipt.received_at))
    expires_at = receipt.received_at + timedelta(days=receipt.query_code_days)
    due = [
        {"name": d.name, "due_on": d.due_on.isoformat(), "provisional": d.provisional}
        for d in deadlines(receipt.received_at, application, flags)
    ]
    stated = domain.open_part(application, flags) | {"deadlines": due}
    persons = with_codes(domain.contacts(application), receipt.respondent_codes)
    hashed = _hashes(application, persons, receipt, secrets.hasher)
    sealed = secrets.applications.seal_binary(
        orjson.dumps(
            {
                "application": application,
                "query_code": receipt.query_code,
                "respondent_codes": receipt.respondent_codes,
            }
        ),
        sealing_context(serial),
    )
    state = {
        **UNKNOWN,
        **stated,
        **hashed,
        "status": "submitted",
        "open": True,
        "received_at": receipt.received_at,
        "division_code": receipt.division_code,
        "division_name": receipt.division_name,
        "query_code_expires_at": expires_at,
        "sealed": sealed,
        "sealed_with": secrets.applications.first_kid,
        "attachments": [_declared(a) for a in application.get("attachments") or ()],
        "supplements": [],
        "parties": domain.parties(application),
    }
    if receipt.idempotency_key:
        state["idempotency"] = {"key": receipt.idempotency_key, "body": receipt.body_digest}
    contacts = orjson.dumps({"persons": persons, "query_code": receipt.query_code})
    event = {
        **stated,
        **{k: v for k, v in hashed.items() if k not in _KEPT_HASHES},
        "parties": state["parties"],
        "represented_count": domain.represented_count(application),
        "employer_hashes": [
            identity_hash(secrets.hasher, v) for v in domain.employer_values(application)
        ],
        "received_at": receipt.received_at.isoformat(),
        "division": {"code": receipt.division_code, "name": receipt.division_name},
        "attachment_count": len(state["attachments"]),
        "query_code_expires_at": expires_at.isoformat(),
        "contacts": secrets.contacts.seal(contacts, contacts_context(serial)),
    }
    return Decision(set=state, events=[NewEvent("application.submitted", event)])


def supplement(
    state: State,
    added: Mapping[str, Any],
    secrets: Secrets,
    at: datetime,
    *,
    once: Mapping[str, str] | None = None,
) -> Decision:
    """Add a validated statement and declare more evidence; refused once the case has ended, and
    after SUPPLEMENTS_MOST of them. `once` is the {key, body} that is_repeated knows it by."""
    require_open(state, "supplement")
    if len(state["supplements"]) >= SUPPLEMENTS_MOST:
        too_many = fault("too_many", SUPPLEMENTS_MOST).at("")
        raise Refused("validation_failed", errors=[too_many])
    sealed = _sealed(added, state, secrets)
    declared = [_declared(a) for a in added.get("attachments") or ()]
    told = {
        "supplement_count": len(state["supplements"]) + 1,
        "attachment_count": len(state["attachments"]) + len(declared),
    }
    return Decision(
        set={"sealed_with": sealed_with(state, secrets)},
        push={
            "supplements": [{"at": at, "sealed": sealed, **({"once": once} if once else {})}],
            "attachments": declared,
        },
        events=[NewEvent("application.supplemented", told)],
    )


def is_repeated(state: State, once: Mapping[str, str]) -> bool:
    """Whether this supplement is there already; Refused("idempotency_key_reused") if the key is,
    with another body."""
    for known in state["supplements"]:
        if known.get("once", {}).get("key") == once["key"]:
            if known["once"]["body"] != once["body"]:
                raise Refused("idempotency_key_reused")
            return True
    return False


def receive_evidence(state: State, index: int, received: Mapping[str, Any]) -> Decision:
    """Point the declared file at what arrived; refused once the case has ended."""
    require_open(state, "supply_evidence")
    attachments = list(state["attachments"])
    entry = {**attachments[index], **received, "state": "received"}
    entry.pop("refusal", None)
    attachments[index] = entry
    awaited = sum(a["state"] != "received" for a in attachments)
    kind = attachments[index]["kind"]
    return Decision(
        set={"attachments": attachments},
        events=[
            NewEvent(
                "application.evidence_received", {"index": index, "kind": kind, "awaited": awaited}
            )
        ],
    )


def refuse_evidence(state: State, index: int, code: str) -> Decision:
    """Remember why a file was refused, unless a good one is there already."""
    attachments = list(state["attachments"])
    if attachments[index]["state"] == "received":
        return NOTHING
    attachments[index] = {**attachments[index], "state": "refused", "refusal": code}
    return Decision(set={"attachments": attachments})


def withdraw(state: State, stated: Mapping[str, Any], secrets: Secrets, at: datetime) -> Decision:
    """Take the application back, with the reason if one is `stated`; twice changes nothing."""
    if state["status"] == "withdrawn":
        return NOTHING
    require_open(state, "withdraw")
    if find("withdraw", state["status"]) is None:
        raise _not_allowed(state, "withdraw")
    changes = {
        "status": "withdrawn",
        "open": False,
        "withdrawn_at": at,
        "withdrawal_pending": True,
        "withdrawn_after": state["case_sequence"],
    }
    if stated.get("reason"):
        changes |= {
            "withdrawal": {"sealed": _sealed(stated, state, secrets)},
            "sealed_with": sealed_with(state, secrets),
        }
    return Decision(
        set=changes,
        events=[NewEvent("application.withdrawn", {"withdrawn_at": at.isoformat()})],
    )


def require_open(state: State, command: str) -> None:
    """Refused("command_not_allowed") once the case has ended."""
    if not state["open"]:
        raise _not_allowed(state, command)


def _not_allowed(state: State, command: str) -> Refused:
    return Refused(
        "command_not_allowed",
        extra={"command": command, "case_status": state["status"], "allowed": []},
    )


def digest(body: bytes) -> str:
    """What tells two bodies apart under one Idempotency-Key."""
    return hashlib.sha256(body).hexdigest()


def _hashes(
    application: Application,
    persons: Sequence[Mapping[str, Any]],
    receipt: Receipt,
    hasher: Hasher,
) -> dict[str, Any]:
    serial, codes = receipt.serial_number, QueryCodes(hasher)
    agent = application.get("agent")
    return {
        "party_hashes": [identity_hash(hasher, v) for v in domain.identity_values(application)],
        "holder_hashes": [identity_hash(hasher, v) for v in domain.holder_values(application)],
        "parties_key": hasher.hash("parties", "\n".join(domain.parties_key_parts(application))),
        "respondent_hashes": [
            identity_hash(hasher, identity(party)) for party in application["respondents"]
        ],
        "query_code_hash": codes.hash(serial, receipt.query_code),
        "respondent_code_hashes": [codes.hash(serial, code) for code in receipt.respondent_codes],
        "phone_last4_hashes": last4_hashes(hasher, serial, persons),
        "speaker_hashes": [number_hash(hasher, p) for p in domain.speakers(application)],
        "agent_hash": number_hash(hasher, agent) if agent else None,
    }


def last4_hashes(hasher: Hasher, serial: str, persons: Sequence[Mapping[str, Any]]) -> list[str]:
    """Hashes of the last digits of the phones that open the progress: all but respondents'."""
    phones = [p["phone"] for p in persons if p["party"] != "respondent"]
    # of the number itself: nobody takes an extension (`;ext=`) for its last digits
    numbers = {phone.partition(";")[0] for phone in phones if phone}
    last4 = {phone_last4_hash(hasher, serial, number) for number in numbers}
    return sorted(value for value in last4 if value)


def number_hash(hasher: Hasher, person: Mapping[str, Any]) -> str | None:
    number = person.get("id_number")
    return identity_hash(hasher, normal_number(str(number))) if number else None


def with_codes(persons: list[dict[str, Any]], codes: Sequence[str]) -> list[dict[str, Any]]:
    """The contacts, each respondent with the code that lets it answer without an account."""
    return [{**p, "code": codes[p["index"]]} if p["party"] == "respondent" else p for p in persons]


def _declared(attachment: Mapping[str, Any]) -> dict[str, Any]:
    # the file's name may name a person, so it stays in the sealed part
    return {
        "kind": attachment["kind"],
        "content_type": attachment.get("content_type"),
        "size_bytes": attachment.get("size_bytes"),
        "state": "awaited",
    }


def _sealed(words: Mapping[str, Any], state: State, secrets: Secrets) -> bytes:
    return secrets.applications.seal_binary(orjson.dumps(words), sealing_context(state["_id"]))


def sealed_with(state: State, secrets: Secrets) -> str:
    """The key of all that is sealed in the document, "" once there are several."""
    kid = secrets.applications.first_kid
    return kid if state["sealed_with"] == kid else ""


# --- messages --------------------------------------------------------------------------------


_FOLLOW = [Deciding("applications", follow_case)]

HANDLERS = {
    **{event.name: _FOLLOW for event in consumed_by("intake") if event.name.startswith("case.")},
    "read_models.rebuild_requested": replay.HANDLERS,
}
