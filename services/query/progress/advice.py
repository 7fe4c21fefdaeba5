"""What the parties can do or expect next, in every status: which of the `sentences` are said."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.query.progress import sentences
from services.query.progress.following import Following
from services.query.progress.viewer import PRIVATE_CLOCKS, Viewer
from shared.civil_time import civil_day
from shared.contracts.clocks import CLOCKS
from shared.contracts.vocabulary import ADVICE
from shared.errors import Language, Text


@dataclass(frozen=True, slots=True)
class Standing:
    """What advice depends on: where the case stands, who asks, what the dispute is about."""

    status: str
    viewer: Viewer
    category: str
    flags: Collection[str]
    known: Following

    @property
    def result(self) -> str:
        """The status that says how it ended, of a case that is closed by now too."""
        return (self.known.outcome or self.status) if self.status in _LAST else self.status


_LAST: Final = frozenset({"closed", "archived"})

_WOMEN: Final = frozenset({"women_workers", "fast_track"})
_TO_ARBITRATION: Final = frozenset({"not_accepted", "failed", "breached", "review_refused"})
_UNDER_WAY: Final = frozenset({"accepted", "mediating", "agreed"})
_MONEY: Final = "pay_injury_compensation"


def next_steps(standing: Standing) -> tuple[Text, ...]:
    """Sentences in the order of use: what to do now, what the law offers, whom to call; the
    disclaimer last."""
    return (*_now(standing), *_law(standing), *_calls(standing), sentences.DISCLAIMER)


def _now(standing: Standing) -> Iterator[Text]:
    yield _told(standing.status, standing.viewer)
    ended = standing.known.ended
    if standing.result == "not_accepted" and standing.viewer.is_applicant and ended:
        place = ended.get("right_division")
        if place:
            name = place["name"]
            yield Text(
                f"有管辖权的地区：{name}，可请调解组织移送。",
                f"Jurisdiction lies with {name}; the organisation can transfer the case.",
            )
        for word in ended.get("advice", ()):
            text = ADVICE[word]
            yield Text(f"{text.zh}。", f"{text.en}.")


def _told(status: str, viewer: Viewer) -> Text:
    if not viewer.is_applicant and status in sentences.FOR_RESPONDENTS:
        return sentences.FOR_RESPONDENTS[status]
    return sentences.NEXT_STEPS[status]


def _law(standing: Standing) -> Iterator[Text]:
    """What the law offers in this status to this side."""
    result, worker = standing.result, is_worker(standing.viewer, standing.flags)
    if result in _UNDER_WAY:
        yield sentences.RIGHT_TO_ARBITRATE
    if result == "agreement_signed" and standing.status not in _LAST:
        yield from (sentences.REVIEW, sentences.JUDICIAL_CONFIRMATION)
    if standing.status in _LAST and result in _TO_ARBITRATION:
        yield _told(result, standing.viewer)
    if result in {"agreement_signed", "breached"} and standing.category == _MONEY and worker:
        yield sentences.PAYMENT_ORDER
    if result in _TO_ARBITRATION and standing.viewer.is_applicant:
        yield sentences.PRESERVATION
        if standing.category == _MONEY and worker:
            yield sentences.ADVANCE_ENFORCEMENT


def _calls(standing: Standing) -> Iterator[Text]:
    yield sentences.HOTLINES
    if standing.viewer.is_applicant and not _WOMEN.isdisjoint(standing.flags):
        yield sentences.WOMENS_HOTLINE


def is_worker(viewer: Viewer, flags: Collection[str]) -> bool:
    """Whether the viewer is the worker of a dispute with these flags."""
    return viewer.is_applicant != ("employer_applicant" in flags)


# --- what happens next, and by when -----------------------------------------------------------

_FOR_ALL: Final = frozenset(
    name
    for name, clock in CLOCKS.items()
    if not clock.flag and clock.unit != "date" and name not in PRIVATE_CLOCKS
)
"""Clocks that tell nothing of anybody: they run alike for every case in the same status."""


def coming(
    status: str, clocks: Iterable[Mapping[str, Any]], language: Language
) -> dict[str, str | None]:
    """What happens next and by when, as anybody may know it who has the serial number."""
    return _next(status, [c for c in clocks if c["name"] in _FOR_ALL], language)


def coming_to(
    status: str,
    clocks: Iterable[Mapping[str, Any]],
    sessions: Iterable[Mapping[str, Any]],
    language: Language,
    now: datetime,
) -> dict[str, str | None]:
    """The same for a party, of the clocks that are its business, and of the next session."""
    scheduled = [
        session
        for session in sessions
        if session["status"] == "scheduled" and datetime.fromisoformat(session["ends_at"]) > now
    ]
    if not scheduled:
        return _next(status, clocks, language)
    first = min(scheduled, key=lambda session: session["starts_at"])
    text = sentences.SESSION.to(language).format(number=first["number"])
    day = civil_day(datetime.fromisoformat(first["starts_at"]))
    return {"text": text, "by": day.isoformat()}


def _next(
    status: str, clocks: Iterable[Mapping[str, Any]], language: Language
) -> dict[str, str | None]:
    text, names = sentences.COMING[status]
    due = {clock["name"]: clock["due_on"] for clock in clocks if clock["name"] in names}
    return {
        "text": text.to(language),
        "by": next((due[name] for name in names if name in due), None),
    }
