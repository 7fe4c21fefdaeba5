"""What query does with events: read models that come out the same in any order, any number of times.

One document a serial number, `progress`. Every event is an entry under its aggregate and sequence,
so repeating it writes the same and order does not matter; of what each event repeats only the
newest is kept. HANDLERS is the table of contents.

    steps    {case-000002: {name, at, sequence, status, …what the step says of itself}}
    history  {case-000002: the link of the chain, see `chains`}
    facts    what statistics count, see `facts`
    newest   {deadlines | phone_last4_hashes: {sequence, value}}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from services.query.progress.chains import link, step_key
from services.query.statistics import facts
from shared.contracts.envelope import Event
from shared.contracts.events import consumed_by
from shared.decision import Latest, Upsert
from shared.log import logger
from shared.runner import Projecting

_OF_CASE = (
    "status", "organisation", "mediator", "division", "case_number", "asks", "settles",
    "party", "index", "answer", "means", "session", "session_id", "referral_id", "kind",
    "referral_status", "reason", "advice", "right_division", "until", "effective_at", "perform_by",
    "missing", "outcome",
)  # fmt: skip
"""What is kept of an event of a case, beside the running clocks."""

_ONCE = (
    "division", "category", "flags", "deadlines", "holder_hashes", "query_code_hash",
    "respondent_code_hashes",
)  # fmt: skip
_ANSWER = ("question", "kind", "party", "index", "answer", "means")
_DOCUMENT = ("id", "kind", "number", "sha256", "history_hash", "entitled")


def begin(event: Event) -> Iterable[Upsert]:
    """What the submission tells once and for all, and the first step."""
    told = event.data
    first: dict[str, Any] = {"status": "submitted"}
    if "attachment_count" in told:
        first["attachment_count"] = told["attachment_count"]
    once = {name: told[name] for name in _ONCE} | {
        "received_at": _moment(told["received_at"]),
        "submitted_hash": event.hash,
        "respondent_hashes": list(told.get("respondent_hashes") or ()),
        "query_code_expires_at": _moment(told["query_code_expires_at"]),
    }
    newest = _newest(event, "phone_last4_hashes", list(told["phone_last4_hashes"]))
    yield _noted(event, first, {**once, **facts.of_submission(event)}, newest)


def add_step(event: Event) -> Iterable[Upsert]:
    """A step of the case: where it stands, what it says of itself, the clocks that run now."""
    told = event.data
    step = {name: told[name] for name in _OF_CASE if told.get(name) not in (None, [])}
    newest = {} if told.get("deadlines") is None else _newest(event, "deadlines", told["deadlines"])
    first = facts.first_times(event)
    if event.name == "case.consent_sought":  # respondents are let in from now on
        first["consent_sought_at"] = event.time
    yield _noted(event, step, {}, {**newest, **facts.standing(event)}, first)


def remind(event: Event) -> Iterable[Upsert]:
    """A clock told of itself: no step, but a link of the chain."""
    yield _noted(event, {}, {}, _newest(event, "deadlines", event.data.get("deadlines") or []))


def withdrawn(event: Event) -> Iterable[Upsert]:
    yield _noted(event, {"status": "withdrawn"})


def supplemented(event: Event) -> Iterable[Upsert]:
    yield _noted(event, {"attachment_count": event.data["attachment_count"]})


def evidence_received(event: Event) -> Iterable[Upsert]:
    yield _noted(event, {"index": event.data["index"], "awaited": event.data["awaited"]})


def answered(event: Event) -> Iterable[Upsert]:
    """A party answered: shown to it until the case has taken note."""
    answer = {name: event.data[name] for name in _ANSWER}
    yield _noted(event, {**answer, "answered_at": _moment(event.data["answered_at"])})


def contact_changed(event: Event) -> Iterable[Upsert]:
    """The last digits of other phones let in from now on."""
    hashes = list(event.data["phone_last4_hashes"])
    yield _noted(event, {}, {}, _newest(event, "phone_last4_hashes", hashes))


def document_issued(event: Event) -> Iterable[Upsert]:
    document = {name: event.data[name] for name in _DOCUMENT}
    yield _noted(event, {**document, "issued_at": _moment(event.data["issued_at"])})


def list_organisation(event: Event) -> Iterable[Latest]:
    """The directory entry as it is now."""
    entry = {name: value for name, value in event.data.items() if name != "id"}
    yield Latest(event.data["id"], event.sequence, entry)


def _noted(
    event: Event,
    step: Mapping[str, Any],
    once: Mapping[str, Any] | None = None,
    newest: Mapping[str, Any] | None = None,
    first: Mapping[str, Any] | None = None,
) -> Upsert:
    """The event in the progress of its serial number: its step if it is one, and its link."""
    linked = link(event)
    if not linked["verified"]:
        logger().error(
            "history_mismatch",
            event_name=event.name,
            event_id=event.id,
            serial_number=event.subject,
        )
    key = step_key(event)
    fields = {**(once or {}), f"history.{key}": linked}
    if step:
        kept = {"name": event.name, "at": event.time, "sequence": event.sequence, **step}
        fields[f"steps.{key}"] = kept
    return Upsert(event.subject, fields, max=newest or {}, min=first or {})


def _newest(event: Event, name: str, value: Any) -> dict[str, Any]:
    return {f"newest.{name}": {"sequence": event.sequence, "value": value}}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


_STEP = [Projecting("progress", add_step)]
_REMINDER = [Projecting("progress", remind)]
_ORGANISATION = [Projecting("organisations", list_organisation)]

HANDLERS = {
    "application.submitted": [Projecting("progress", begin)],
    "application.supplemented": [Projecting("progress", supplemented)],
    "application.evidence_received": [Projecting("progress", evidence_received)],
    "application.answered": [Projecting("progress", answered)],
    "application.contact_changed": [Projecting("progress", contact_changed)],
    "application.document_issued": [Projecting("progress", document_issued)],
    "application.withdrawn": [Projecting("progress", withdrawn)],
    **{e.name: _STEP for e in consumed_by("query") if e.name.startswith("case.")},
    "case.deadline_approaching": _REMINDER,
    "case.deadline_missed": _REMINDER,
    "organisation.registered": _ORGANISATION,
    "organisation.changed": _ORGANISATION,
}
