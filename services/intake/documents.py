"""Which documents a case calls for, and who may read them: decided from its events.

What is due is noted in the application in the write that follows the case (`due`, `facts`), so it
cannot be forgotten; `document_issuing` makes it and `issued` puts it in the file. Pure.

    documents_due: [{id, kind, event_id, event, history_hash, at, stated, particulars, entitled,
                     facts, correlation_id, attempts, next_at}]
    documents:     [{id, kind, number, issued_at, sha256, history_hash, entitled,
                     files: [{format, file_id, size_bytes, sha256}]}]
    document_facts: {organisation | mediator | case_number | accepted_at | without:
                     {value, sequence}}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from shared.contracts.envelope import Event, NewEvent
from shared.contracts.questions import PARTIES
from shared.decision import NOTHING, Decision, State

Due = Mapping[str, Any]
Party = dict[str, Any]
"""{party, index}, as events name somebody."""

AT_ONCE: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""When something new is due: before now by anybody's clock."""

_NOT_STATED: Final = frozenset({"particulars", "contacts", "asks", "settles"})


def _everybody(event: Event, state: State) -> list[Party]:
    """The parties, save respondents without whom the case was accepted."""
    without = _fact(event, state, "without") or []
    parties = [_ref(p) for p in state["parties"] if p["party"] in PARTIES]
    return [p for p in parties if p not in without]


def _applicants(event: Event, state: State) -> list[Party]:
    return [p for p in _everybody(event, state) if p["party"] == "applicant"]


def _respondents_asked(event: Event, _: State) -> list[Party]:
    return [p for p in _asked(event, "consent") if p["party"] == "respondent"]


def _referred(event: Event, state: State) -> list[Party]:
    if event.data["referral_status"] != "willing":
        return []
    return [_ref(p) for p in event.data.get("to") or ()] or _applicants(event, state)


def _fact(event: Event, state: State, name: str) -> Any:
    return facts(event, state).get(name, _NEVER)["value"]


ISSUED: Final[Mapping[str, tuple[str, Callable[[Event, State], list[Party]]]]] = {
    "case.supplement_requested": ("supplement_request", _applicants),
    "case.consent_sought": ("consent_invitation", _respondents_asked),
    "case.numbered": ("acceptance_notice", _everybody),
    "case.not_accepted": ("refusal_notice", _applicants),
    "case.session_scheduled": ("session_invitation", _everybody),
    "case.session_held": ("session_record", _everybody),
    "case.agreement_recorded": ("agreement_draft", _everybody),
    "case.agreement_signed": ("agreement", _everybody),
    "case.failed": ("failure_certificate", _everybody),
    "case.referral_opened": ("referral_letter", _referred),  # wanted from the start
    "case.referral_changed": ("referral_letter", _referred),
}
"""Event → kind of document and who may read it; where that is nobody, none is issued."""


def due(event: Event, state: State) -> list[dict[str, Any]]:
    """What is to be issued because of this event, as entries of `documents_due`.

    An entry holds all that the document is made from beside the application, so that it is the same
    document whenever it is made. Nothing that was noted or issued before.
    """
    if event.name not in ISSUED:
        return []
    kind, readers = ISSUED[event.name]
    known = {e["id"] for e in (*state.get("documents_due", ()), *state.get("documents", ()))}
    entries = [_entry(event, state, kind, copy) for copy in _copies(kind, readers(event, state))]
    return [entry for entry in entries if entry["id"] not in known]


def _copies(kind: str, readers: list[Party]) -> list[list[Party]]:
    """One document for all of its readers; of an invitation, which holds the reader's own code, one
    for each."""
    if kind == "consent_invitation":
        return [[reader] for reader in readers]
    return [readers] if readers else []


def _entry(event: Event, state: State, kind: str, entitled: list[Party]) -> dict[str, Any]:
    own = f"-{entitled[0]['index']}" if kind == "consent_invitation" else ""
    return {
        "id": f"{kind}-{event.id}{own}",
        "kind": kind,
        "event_id": event.id,
        "event": event.name,
        "history_hash": event.hash,
        "at": event.time,
        "stated": {k: v for k, v in event.data.items() if k not in _NOT_STATED},
        "particulars": event.data.get("particulars"),
        "entitled": entitled,
        "facts": {name: fact["value"] for name, fact in facts(event, state).items()},
        "correlation_id": event.trace.correlation_id,
        "attempts": 0,
        "next_at": AT_ONCE,
    }


def facts(event: Event, state: State) -> dict[str, Any]:
    """`document_facts` after one more event of the case, whatever the order they come in: of each
    fact the one of the highest sequence stays, as `{value, sequence}`.
    """
    known = dict(state.get("document_facts") or {})
    for name, value in _stated(event).items():
        if event.sequence > known.get(name, _NEVER)["sequence"]:
            known[name] = {"value": value, "sequence": event.sequence}
    return known


def _stated(event: Event) -> dict[str, Any]:
    stated = {name: event.data[name] for name in _NAMED if event.data.get(name)}
    if event.name in _NEW_HANDS:
        stated.setdefault("mediator", None)
    if event.name == "case.accepted":
        stated |= {"accepted_at": event.time, "without": event.data.get("without") or []}
    return stated


_NEVER: Final[Mapping[str, Any]] = {"value": None, "sequence": 0}
_NAMED: Final = ("organisation", "mediator", "case_number")
_NEW_HANDS: Final = frozenset(
    {"case.organisation_assigned", "case.transferred", "case.reopened", "case.unassigned"}
)
"""Events after which the mediator before has the case no more."""


def issued(state: State, entry: Due, files: Sequence[Mapping[str, Any]], at: datetime) -> Decision:
    """The document in the file of the case, and told; NOTHING if it is there already.

    `files` are [{format: pdf | html, file_id, size_bytes, sha256}]. What is due is taken off the
    list by whoever writes this.
    """
    held = state.get("documents", ())
    if any(document["id"] == entry["id"] for document in held):
        return NOTHING
    document = {
        "id": entry["id"],
        "kind": entry["kind"],
        "number": 1 + sum(other["kind"] == entry["kind"] for other in held),
        "issued_at": at,
        "sha256": next(file["sha256"] for file in files if file["format"] == "pdf"),
        "history_hash": entry["history_hash"],
        "entitled": entry["entitled"],
    }
    return Decision(
        push={"documents": [{**document, "files": list(files)}]},
        events=[NewEvent("application.document_issued", {**document, "issued_at": at.isoformat()})],
    )


def may_read(document: Mapping[str, Any], party: str, index: int) -> bool:
    """Whether a party is among those a document is meant for."""
    return any((p["party"], p["index"]) == (party, index) for p in document["entitled"])


def _asked(event: Event, kind: str) -> list[Party]:
    questions = (q for q in event.data.get("asks") or () if q["kind"] == kind)
    return [_ref(p) for question in questions for p in question["to"]]


def _ref(party: Mapping[str, Any]) -> Party:
    return {"party": party["party"], "index": party["index"]}
