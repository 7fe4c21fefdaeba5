"""What notify keeps of a case, so that each message reaches the right people with the right facts.

Events may come in any order: what is kept is told apart by the sequence of the event that said it,
and `lacks` says when an event must wait for another that is still on its way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.notify.people.entitlements import AFTER_ACCEPTANCE, audiences
from shared.contracts.clocks import CLOCKS
from shared.contracts.envelope import Event
from shared.contracts.lifecycle import RUNS_ON

Kept = Mapping[str, Any]
"""The `recipients` aggregate's document, or a part of it."""

PartyPlace = tuple[str, int]

_WITHOUT_ORGANISATION: Final = frozenset(
    {"case.unassigned", "case.withdrawn", "case.deadline_approaching", "case.deadline_missed"}
)
"""Told whether or not an organisation has the case; every other event follows its assignment."""

_CLOCKS_OF_MEDIATION: Final = frozenset(CLOCKS) - RUNS_ON
"""Clocks that parties are reminded of only once an organisation has the case."""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """`organisation` {id, name, phone} and `mediator` {id, name} as last known; `asked_at` is the
    sequence of the first case.consent_sought, `accepted_at` of the last case.accepted, `without`
    the respondents who then did not take part; `sessions` their beginnings by id."""

    organisation: Mapping[str, str] | None = None
    mediator: Mapping[str, str] | None = None
    asked_at: int | None = None
    respondents: int = 1
    accepted_at: int | None = None
    without: frozenset[PartyPlace] = frozenset()
    sessions: Mapping[str, str] | None = None

    @classmethod
    def of(cls, kept: Kept) -> CaseFacts:
        """From the aggregate's document."""
        placed, accepted = kept.get("placed") or {}, kept.get("accepted") or {}
        return cls(
            organisation=placed.get("organisation"),
            mediator=placed.get("mediator"),
            asked_at=kept.get("asked_at"),
            respondents=kept.get("respondents", 2),
            accepted_at=accepted.get("sequence"),
            without=frozenset((p["party"], p["index"]) for p in accepted.get("without", ())),
            sessions=kept.get("sessions") or {},
        )


def learn(event: Event, kept: Kept) -> dict[str, Any]:
    """The fields that an event of the case adds to what is kept; {} if it says nothing to keep."""
    keep = _KEEPING.get(event.name)
    return {} if keep is None else keep(event, kept)


def lacks(event: Event, facts: CaseFacts) -> bool:
    """Whether a told event refers to something that another event has yet to say."""
    name, data = event.name, event.data
    if not name.startswith("case."):
        return False
    if facts.organisation is None and data.get("organisation") is None:
        reminded = data.get("tells") == "parties" and data["clock"] in _CLOCKS_OF_MEDIATION
        return reminded or name not in _WITHOUT_ORGANISATION
    if name == "case.session_cancelled":
        return data["session_id"] not in (facts.sessions or {})
    return awaits_acceptance(event, facts) and facts.accepted_at is None


def awaits_acceptance(event: Event, facts: CaseFacts) -> bool:
    """Whether it matters which respondents take part: of one, it is the one."""
    mediated = event.name == "case.numbered" or event.data.get("status") in AFTER_ACCEPTANCE
    return facts.respondents > 1 and mediated and "respondent" in audiences(event)


def takes_part(place: PartyPlace, event: Event, facts: CaseFacts) -> bool:
    """Whether a respondent is in the mediation that an event is about."""
    if facts.accepted_at is None or event.sequence < facts.accepted_at:
        return True
    return not awaits_acceptance(event, facts) or place not in facts.without


def _asked(event: Event, kept: Kept) -> dict[str, Any]:
    first = kept.get("asked_at")
    return {} if first is not None and first < event.sequence else {"asked_at": event.sequence}


def _placed(event: Event, kept: Kept) -> dict[str, Any]:
    """Who has the case, if this is the newest word on it. A body announced together with its
    mediator is kept with the mediator: one write for both."""
    before = kept.get("placed") or {}
    if event.data.get("mediator_follows") or before.get("sequence", 0) > event.sequence:
        return {}
    body, person = event.data.get("organisation"), event.data.get("mediator")
    if event.name == "case.reopened":  # its organisation has it again, without a mediator
        body = before.get("organisation")
    return {
        "placed": {
            "sequence": event.sequence,
            "organisation": body and {n: body[n] for n in ("id", "name", "phone")},
            "mediator": person and {n: person[n] for n in ("id", "name")},
        }
    }


def _accepted(event: Event, kept: Kept) -> dict[str, Any]:
    """Who does not take part. With a single respondent there is nothing to keep."""
    before = kept.get("accepted") or {}
    if kept.get("respondents", 2) < 2 or before.get("sequence", 0) > event.sequence:
        return {}
    without = [{n: p[n] for n in ("party", "index")} for p in event.data.get("without") or ()]
    return {"accepted": {"sequence": event.sequence, "without": without}}


def _session(event: Event, kept: Kept) -> dict[str, Any]:
    session = event.data["session"]
    return {"sessions": {**(kept.get("sessions") or {}), session["id"]: session["starts_at"]}}


_KEEPING: Final[Mapping[str, Callable[[Event, Kept], dict[str, Any]]]] = {
    "case.unassigned": _placed,
    "case.organisation_assigned": _placed,
    "case.mediators_proposed": _placed,
    "case.mediator_assigned": _placed,
    "case.transferred": _placed,
    "case.reopened": _placed,
    "case.consent_sought": _asked,
    "case.accepted": _accepted,
    "case.session_scheduled": _session,
}
"""Event → what of it is kept."""
