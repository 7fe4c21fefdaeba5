"""Verification of an exported history, offline: what `GET …/history` answered, and nothing else.

What is shown of an event is covered by its hash (shared.history) or by the table of a case's life:
its status is the one its type leads to from the status before, its text that of the status. A chain cannot tell whether it
goes on after its last event; the hash on a receipt or document can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from services.query.progress.chains import AGGREGATES, text_of
from shared.contracts.lifecycle import TRANSITIONS
from shared.history import LINKED, breaks

Chain = Sequence[Mapping[str, Any]]

_TYPE: Final = "cn.tiaojie."
_MEMBERS: Final = frozenset(
    {*LINKED, "data_hash", "previous_hash", "hash", "verified", "status", "text", "data", "salt"}
)
"""Of an event as exported; exports made before there was a salt have none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the history holds, and what is to be said of it, a sentence a line."""

    holds: bool
    lines: Sequence[str]


def verify(text: bytes, receipt_hash: str | None = None) -> Verdict:
    """The verdict on the bytes of an export, and on where a hash printed elsewhere belongs."""
    try:
        history = orjson.loads(text)
        application, case = (history["chains"][name] for name in AGGREGATES)
        faults = list(_faults(history, application, case))
        lines = [_found(name, history["chains"][name]) for name in AGGREGATES]
        wanted = receipt_hash.strip().lower() if receipt_hash else None
        place = _place(history["chains"], wanted) if wanted else None
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return Verdict(holds=False, lines=["This is no exported history."])
    lines = [f"Case {history['serial_number']}", *lines, *faults]
    if wanted is not None:
        lines.append(place or "The hash is not in this history.")
    holds = not faults and (wanted is None or place is not None)
    return Verdict(holds, [*lines, "The history holds." if holds else "The history does NOT hold."])


def _faults(history: Mapping[str, Any], application: Chain, case: Chain) -> Iterator[str]:
    """Everything wrong with a history; KeyError and TypeError for what is none at all."""
    number, heads = history["serial_number"], history["heads"]
    if not application:
        yield "The submission is missing."
    began = application[0]["hash"] if application else ""
    for name, chain, previous in zip(AGGREGATES, (application, case), ("", began), strict=True):
        for place, wrong in breaks(chain, previous):
            yield _said(name, chain, place, wrong)
        for place, event in enumerate(chain):
            for wrong in _inconsistent(event, name, number):
                yield _said(name, chain, place, wrong)
        if heads[name] != (chain[-1]["hash"] if chain else None):
            yield f"{name}: the last event is not the one the history was exported with."
    status = "submitted"
    for place, event in enumerate(case):
        expected = _status_after(_name(event), status)
        status = event["status"]
        if status != expected or (event["data"] or event)["status"] != status:
            yield _said("case", case, place, "its status is not the one it led to")
    if history["verified"] is not True:
        yield "The service itself could not verify this history when it arrived."


def _inconsistent(event: Mapping[str, Any], aggregate: str, number: str) -> Iterator[str]:
    """What beside the hashes contradicts itself: whose event it is, what it says in words."""
    status = event["status"]
    if not event.keys() <= _MEMBERS:
        yield "it has a member that no event has"
    if not _name(event).startswith(f"{aggregate}."):
        yield "it is of another chain"
    if event["subject"] != number:
        yield "it is of another case"
    if event["verified"] is not True:
        yield "the service could not verify it when it arrived"
    if aggregate == "application" and status is not None:
        yield "it has a status, which only events of the case have"
    elif event["text"] not in text_of(event["type"], status):
        yield "its text is not that of its status"


def _name(event: Mapping[str, Any]) -> str:
    name: str = event["type"].removeprefix(_TYPE).rpartition(".v")[0]
    return name


def _status_after(name: str, before: str) -> str | None:
    """The status an event leaves a case in by the table; None if it cannot happen in `before`. What
    the table does not have (a clock told of itself, the number was given) leaves it as it is."""
    rows = [row for row in TRANSITIONS if row.event == name]
    found = [row.target or before for row in rows if before in row.sources]
    return next(iter(found), None) if rows else before


def _place(chains: Mapping[str, Chain], wanted: str) -> str | None:
    for name in AGGREGATES:
        for event in chains[name]:
            if event["hash"] == wanted:
                kind = event["type"].removeprefix(_TYPE)
                return (
                    f"The hash is that of {name} event {event['sequence']}: {kind}, {event['time']}"
                )
    return None


def _found(name: str, chain: Chain) -> str:
    shown = sum(event["data"] is not None for event in chain)
    last = f", the last at {chain[-1]['time']}" if chain else ""
    return f"{name}: {len(chain)} events, the data of {shown} shown{last}"


def _said(name: str, chain: Chain, place: int, wrong: str) -> str:
    event = chain[place]
    return f"{name} event {place + 1} ({event['type']}, {event['time']}): {wrong}."
