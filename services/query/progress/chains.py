"""The history of a case as two chains of events: the application's, and the case's that begins
where the application was submitted (shared.history).

A link as stored: {id, type, source, time, division, data_hash, previous_hash, hash, verified,
status, data, salt}; `data` and its salt only where nothing in it is sealed or hashed, `status` of
events of a case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from shared.contracts.envelope import Event
from shared.contracts.lifecycle import STATUSES
from shared.errors import Language, Text
from shared.history import data_hash, link_hash

AGGREGATES: Final = ("application", "case")
"""The chains of a history, in order."""

_LINK: Final = ("id", "type", "source", "time", "division")
_SEALED: Final = frozenset({"contacts", "particulars"})
_SECRET: Final = ("_hashes", "code_hash")

APPLICATION_TEXTS: Mapping[str, Text] = {
    "application.submitted": STATUSES["submitted"],
    "application.supplemented": Text("已补充陈述或者材料", "Statements or evidence were added"),
    "application.evidence_received": Text("已收到材料", "An evidence file arrived"),
    "application.answered": Text("当事人已答复", "A party answered a question"),
    "application.contact_changed": Text("已更新联系方式", "A party's contact details changed"),
    "application.document_issued": Text("已出具文书", "A document was issued"),
    "application.withdrawn": Text("申请人撤回申请", "The applicant took the application back"),
}
"""What an event of an application is to its reader; one of a case is its status."""


def step_key(event: Event) -> str:
    """Under which an event is kept: in the order of its aggregate's events."""
    return f"{event.name.partition('.')[0]}-{event.sequence:06d}"


def link(event: Event) -> dict[str, Any]:
    """What is kept of an event for the chain; `verified` if it has the hash it says it has."""
    document = event.to_document()
    hashed = data_hash(event.data, event.salt)
    kept = {name: document[name] for name in _LINK} | {
        "data_hash": hashed,
        "previous_hash": event.previous_hash,
        "hash": event.hash,
        "verified": link_hash(document, hashed, event.previous_hash) == event.hash,
    }
    if event.name.startswith("case."):
        kept["status"] = event.data["status"]
    if is_open(event.data):
        kept |= {"data": dict(event.data), "salt": event.salt}
    return kept


def is_open(data: Mapping[str, Any]) -> bool:
    """Whether nothing in an event's data is sealed or a keyed hash."""
    return not any(
        (name in _SEALED and value is not None) or name.endswith(_SECRET)
        for name, value in data.items()
    )


def chains(
    links: Mapping[str, Mapping[str, Any]], number: str, language: Language, *, with_data: bool
) -> dict[str, Any]:
    """A history as it is shown and exported; of an event that has not arrived there is nothing, so
    that the chain does not hold until it does. Without `with_data` only hashes of data are shown, and
    no salt, so that the hashes tell nothing.
    """
    shown: dict[str, list[dict[str, Any]]] = {name: [] for name in AGGREGATES}
    for key, kept in sorted(links.items()):
        aggregate, _, sequence = key.partition("-")
        said = kept if with_data and "data" in kept else {}
        shown[aggregate].append(_shown(kept, number, int(sequence), said, language))
    return {
        "serial_number": number,
        "chains": shown,
        "heads": {name: chain[-1]["hash"] if chain else None for name, chain in shown.items()},
        "verified": all(kept["verified"] for kept in links.values()),
    }


def _shown(
    kept: Mapping[str, Any],
    number: str,
    sequence: int,
    said: Mapping[str, Any],
    language: Language,
) -> dict[str, Any]:
    status = kept.get("status")
    return {
        "id": kept["id"],
        "type": kept["type"],
        "source": kept["source"],
        "subject": number,
        "time": kept["time"],
        "sequence": str(sequence),
        "division": kept["division"],
        "data_hash": kept["data_hash"],
        "previous_hash": kept["previous_hash"],
        "hash": kept["hash"],
        "verified": kept["verified"],
        "status": status,
        "text": text_of(kept["type"], status).to(language),
        "data": dict(said["data"]) if said else None,
        "salt": said.get("salt") or None,
    }


def text_of(event_type: str, status: str | None) -> Text:
    """What an event is to its reader; KeyError for a type or status that does not exist."""
    if status is not None:
        return STATUSES[status]
    return APPLICATION_TEXTS[event_type.removeprefix("cn.tiaojie.").rpartition(".v")[0]]
