"""How a case stands, from the steps known of it: pure, and the same whatever order they came in."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.query.progress.advice import Standing, coming, coming_to, next_steps
from services.query.progress.following import Following, follow
from services.query.progress.viewer import Viewer
from shared.civil_time import rfc3339
from shared.contracts.clocks import CLOCKS
from shared.contracts.lifecycle import OUTCOMES, STATUSES, find
from shared.contracts.questions import QUESTIONS
from shared.contracts.vocabulary import (
    DOCUMENTS,
    FAILURE_REASONS,
    REFERRAL_STATUSES,
    REFERRALS,
    REFUSAL_REASONS,
    SESSION_MODES,
)
from shared.errors import Language

Progress = Mapping[str, Any]
Step = Mapping[str, Any]

_REASONS: Final = {**REFUSAL_REASONS, **FAILURE_REASONS}


def masked(progress: Progress, number: str, language: Language) -> dict[str, Any]:
    """What a serial number alone shows: the coarse status and dates, nothing personal."""
    seen = _standing(progress, number, language, _told(progress))
    return seen | {"next": coming(seen["status"], _running(progress), language)}


def unmasked(
    progress: Progress,
    number: str,
    viewer: Viewer,
    language: Language,
    public_url: str,
    *,
    now: datetime,
) -> dict[str, Any]:
    """What a party sees besides: who has the case, what runs, what is asked, what there is to read,
    as far as it is meant for this side."""
    told = _told(progress)
    seen = _standing(progress, number, language, told)
    known = follow(told.case)
    address = f"{public_url}/v1/applications/{number}"
    clocks = viewer.clocks(_running(progress))
    standing = Standing(seen["status"], viewer, progress["category"], progress["flags"], known)
    return seen | {
        "masked": False,
        "next": coming_to(seen["status"], clocks, known.sessions.values(), language, now),
        "party": viewer.party,
        "category": progress["category"],
        "flags": viewer.flags(progress["flags"]),
        "organisation": known.organisation,
        "mediator": known.mediator,
        "case_number": known.case_number,
        "outcome": _worded(known.outcome, OUTCOMES, language),
        "reason": _worded((known.ended or {}).get("reason"), _REASONS, language),
        "deadlines": [_clock(clock, language) for clock in clocks],
        "next_steps": [text.to(language) for text in next_steps(standing)],
        "questions": _questions(told, known, viewer, language, f"{address}/answers"),
        "sessions": [_session(session, language) for session in known.sessions.values()],
        "agreement": known.agreement,
        "referrals": _referrals(known, viewer, language),
        "evidence_awaited": _evidence_awaited(told) if viewer.is_applicant else None,
        "documents": _documents(progress, told, viewer, language, address),
    }


def revised(progress: Progress) -> tuple[int, datetime]:
    """How many steps are known and when the last was: both grow with whatever is told."""
    steps = progress["steps"].values()
    return len(steps), max((step["at"] for step in steps), default=progress["received_at"])


def is_known(progress: Progress | None) -> bool:
    """Whether the submission itself has arrived; steps of the case may be there before it."""
    return progress is not None and "division" in progress


def last4_hashes(progress: Progress) -> Sequence[str]:
    """Keyed hashes of the last digits of the phones that let in today."""
    hashes: Sequence[str] = _newest(progress, "phone_last4_hashes", ())
    return hashes


# --- status and timeline ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Told:
    """The known steps of either chain, each in the order of their sequence."""

    application: Sequence[Step]
    case: Sequence[Step]

    def named(self, name: str) -> list[Step]:
        return [step for step in self.application if step["name"] == name]


def _told(progress: Progress) -> _Told:
    """The steps in their order: a key ends in the sequence."""
    steps = progress["steps"]
    keys = sorted(steps)
    first = bisect(keys, "case")  # keys of the application come before
    return _Told([steps[key] for key in keys[:first]], [steps[key] for key in keys[first:]])


def _standing(progress: Progress, number: str, language: Language, told: _Told) -> dict[str, Any]:
    timeline = _timeline(progress, told)
    status, changed_at = timeline[-1]
    places = (step["division"] for step in reversed(told.case) if "division" in step)
    return {
        "serial_number": number,
        "status": status,
        "status_text": STATUSES[status].to(language),
        "updated_at": rfc3339(changed_at),
        "division": next(places, progress["division"]),
        "masked": True,
        "timeline": [
            {"status": name, "at": rfc3339(at), "text": STATUSES[name].to(language)}
            for name, at in timeline
        ],
    }


def _timeline(progress: Progress, told: _Told) -> list[tuple[str, datetime]]:
    """Every change of status and when, in order: several steps in one status are one entry. A
    withdrawal that the case has yet to follow is its status at once."""
    timeline: list[tuple[str, datetime]] = [("submitted", progress["received_at"])]
    for step in told.case:
        if step["status"] != timeline[-1][0]:
            timeline.append((step["status"], step["at"]))
    withdrawals = [step["at"] for step in told.named("application.withdrawn")]
    followed = sum(step["name"] == "case.withdrawn" for step in told.case) if withdrawals else 0
    if len(withdrawals) > followed and find("withdraw", timeline[-1][0]):
        timeline.append(("withdrawn", max(withdrawals[-1], timeline[-1][1])))
    return timeline


def _running(progress: Progress) -> Sequence[Mapping[str, Any]]:
    clocks: Sequence[Mapping[str, Any]] = _newest(progress, "deadlines", progress["deadlines"])
    return clocks


def _newest(progress: Progress, name: str, otherwise: Any) -> Any:
    """What the newest event said of something that many of them repeat."""
    said = progress.get("newest", {}).get(name)
    return said["value"] if said else otherwise


# --- what is meant for a side ------------------------------------------------------------------


def _questions(
    told: _Told, known: Following, viewer: Viewer, language: Language, url: str
) -> list[dict[str, Any]]:
    """What is open and asked of the viewer, with its own last answer."""
    answered = told.named("application.answered")
    shown = []
    for question in known.questions.values():
        if not viewer.is_among(question["to"]):
            continue
        kind = QUESTIONS[question["kind"]]
        options = [{"answer": a, "text": t.to(language)} for a, t in kind.answers.items()]
        options += [{"answer": o["id"], "text": o["name"]} for o in question.get("options") or ()]
        given = [
            {"answer": a["answer"], "at": rfc3339(a["answered_at"])}
            for a in answered
            if a["question"] == question["id"] and viewer.is_among([a])
        ]
        shown.append(
            {
                "id": question["id"],
                "kind": question["kind"],
                "text": kind.text.to(language),
                "about": question.get("about"),
                "until": question.get("until"),
                "options": options,
                "expires_on": question.get("expires_on"),
                "answered": given[-1] if given else None,
                "url": url,
            }
        )
    return shown


def _referrals(known: Following, viewer: Viewer, language: Language) -> list[dict[str, Any]]:
    """Those the viewer was asked about; of those nobody was asked about the applicant hears."""
    return [
        {
            "id": key,
            "kind": referral["kind"],
            "text": REFERRALS[referral["kind"]].to(language),
            "status": referral["status"],
            "status_text": REFERRAL_STATUSES[referral["status"]].to(language),
        }
        for key, referral in known.referrals.items()
        if (viewer.is_among(referral["to"]) if referral["to"] else viewer.is_applicant)
    ]


def _documents(
    progress: Progress, told: _Told, viewer: Viewer, language: Language, address: str
) -> list[dict[str, Any]]:
    """The receipt for the applicant, then what was issued to the viewer, oldest first."""
    issued = told.named("application.document_issued")
    shown = [
        {
            "id": document["id"],
            "kind": document["kind"],
            "title": DOCUMENTS[document["kind"]].to(language),
            "number": document["number"],
            "issued_at": rfc3339(document["issued_at"]),
            "sha256": document["sha256"],
            "history_hash": document["history_hash"],
            "url": f"{address}/documents/{document['id']}",
        }
        for document in issued
        if viewer.is_among(document["entitled"])
    ]
    return [_receipt(progress, language, address), *shown] if viewer.is_applicant else shown


def _receipt(progress: Progress, language: Language, address: str) -> dict[str, Any]:
    return {
        "id": "receipt",
        "kind": "receipt",
        "title": DOCUMENTS["receipt"].to(language),
        "number": 1,
        "issued_at": rfc3339(progress["received_at"]),
        "sha256": None,
        "history_hash": progress["submitted_hash"],
        "url": f"{address}/receipt",
    }


def _evidence_awaited(told: _Told) -> int | None:
    """Declared files still missing; None while no event has told of any."""
    awaited: int | None = None
    arrived: set[int] = set()
    for step in told.application:
        if "awaited" in step:
            arrived.add(step["index"])
            awaited = step["awaited"]
        elif "attachment_count" in step:
            awaited = step["attachment_count"] - len(arrived)
    return awaited


def _clock(clock: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {
        "name": clock["name"],
        "title": CLOCKS[clock["name"]].title.to(language),
        "due_on": clock["due_on"],
        "provisional": bool(clock.get("provisional")),
    }


def _session(session: Mapping[str, Any], language: Language) -> dict[str, Any]:
    mode = SESSION_MODES[session["mode"]].to(language)
    return {**session, "mode_text": mode}


def _worded(
    word: str | None, texts: Mapping[str, Any], language: Language
) -> dict[str, str] | None:
    return {"code": word, "text": texts[word].to(language)} if word else None
