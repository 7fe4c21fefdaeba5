"""Who looks at a case: a side of it, and what of the case is meant for that side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

PRIVATE_CLOCKS: Final = frozenset(
    {"arbitration_limitation", "supplement_answer", "mediator_choice"}
)
"""Clocks that are the applicant's matter: the other side must not learn when a claim lapses."""

COMMON_FLAGS: Final = frozenset(
    {"collective", "priority", "fast_track", "multiple_respondents", "employer_applicant"}
)
"""Flags that say how the case is dealt with; the others tell of the applicant."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """A side of the case. The applicants and their agent see with one code what any of them may
    see; a respondent (by its place) sees what is meant for it."""

    party: Literal["applicant", "respondent"]
    index: int = 0

    @property
    def is_applicant(self) -> bool:
        return self.party == "applicant"

    def is_among(self, parties: Iterable[Mapping[str, Any]]) -> bool:
        """Whether something is meant for the viewer; `parties` are {party, index}."""
        return any(
            each["party"] == self.party and (self.is_applicant or each["index"] == self.index)
            for each in parties
        )

    def flags(self, flags: Collection[str]) -> list[str]:
        return [flag for flag in flags if self.is_applicant or flag in COMMON_FLAGS]

    def clocks(self, clocks: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return [c for c in clocks if self.is_applicant or c["name"] not in PRIVATE_CLOCKS]


APPLICANT: Final = Viewer("applicant")


def by_identity(progress: Mapping[str, Any], identity_hash: str | None) -> Viewer | None:
    """The side of somebody who is logged in; None for whoever takes no part, and for a respondent
    whose consent has not been sought: to it there is no case yet."""
    if identity_hash is None:
        return None
    if identity_hash in progress["holder_hashes"]:
        return APPLICANT
    respondents = progress["respondent_hashes"]
    if identity_hash in respondents and lets_respondents_in(progress):
        return Viewer("respondent", respondents.index(identity_hash))
    return None


def lets_respondents_in(progress: Mapping[str, Any]) -> bool:
    """Whether the respondents have been told of the case: their consent was sought."""
    return "consent_sought_at" in progress
