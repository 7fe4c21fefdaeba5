"""One thing guidance says: a sentence in both languages, its source, and whom it concerns."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from services.query.guidance.norms import Source, cite
from shared.errors import Language, Text

NOBODY: Final[frozenset[str]] = frozenset()


OVER_AGE_SUBJECTS: Final = frozenset(
    {"pay_injury_compensation", "hours_leave_insurance_training", "other_by_law"}
)
"""Where pay, rest, safety and injury may be: of workers past retirement age only these disputes are
mediated and arbitrated, the rest goes to court (超龄劳动者基本权益保障暂行规定)."""


@dataclass(frozen=True, slots=True)
class When:
    """Disputes of one of `categories` and with one of `flags` (either empty: all), and with none of
    `unless`; of those `mediated`, not such as only a court takes."""

    categories: frozenset[str] = NOBODY
    flags: frozenset[str] = NOBODY
    unless: frozenset[str] = NOBODY
    mediated: bool = False

    def holds(self, category: str, flags: Collection[str]) -> bool:
        return (
            (not self.categories or category in self.categories)
            and (not self.flags or not self.flags.isdisjoint(flags))
            and self.unless.isdisjoint(flags)
            and not (self.mediated and _is_for_courts(category, flags))
        )


def _is_for_courts(category: str, flags: Collection[str]) -> bool:
    return "over_age_worker" in flags and category not in OVER_AGE_SUBJECTS


@dataclass(frozen=True, slots=True)
class Statement:
    """`id` is stable, so that clients can attach pictures or remember what was read. `also` is what
    goes with it: who bears the burden of proof, which calculator works the sum out, a number to
    call."""

    id: str
    text: Text
    source: Source
    when: When
    also: str = ""

    def shown(self, language: Language) -> dict[str, Any]:
        return {
            "id": self.id,
            "text": self.text.to(language),
            "source": self.source.shown(language),
        }


def said(
    id: str,  # noqa: A002 - the name of the field
    text: Text,
    source: str,
    *,
    of: Iterable[str] = (),
    flags: Iterable[str] = (),
    unless: Iterable[str] = (),
    mediated: bool = False,
    also: str = "",
) -> Statement:
    """A statement of the catalogue; KeyError for a source that NORMS does not know."""
    when = When(frozenset(of), frozenset(flags), frozenset(unless), mediated)
    return Statement(id, text, cite(source), when, also)


def concerning(
    statements: Iterable[Statement], category: str, flags: Collection[str]
) -> list[Statement]:
    """Those that concern such a dispute, in the order of the catalogue."""
    return [statement for statement in statements if statement.when.holds(category, flags)]
