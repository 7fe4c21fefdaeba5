"""How much one address may submit without a token: what keeps a script from filling the disk."""

from __future__ import annotations

from dataclasses import dataclass

from shared.asking import caller
from shared.sealing import Hasher
from shared.throttle import LIMITS, Limit, Throttle, address_key

PURPOSE = "submissions_per_address"
WINDOW_SECONDS = 900


def limits(submissions_per_address: int) -> dict[str, tuple[Limit, ...]]:
    """Everything intake counts."""
    return {**LIMITS, PURPOSE: (Limit(submissions_per_address, WINDOW_SECONDS),)}


@dataclass(frozen=True, slots=True)
class SubmissionLimit:
    """Counts what callers without a token submit: applications and new drafts together.

    A partner or a person with a token is known, and a partner sends the applications of
    thousands from one address.
    """

    throttle: Throttle
    hasher: Hasher
    submissions_per_address: int

    def check(self) -> None:
        """Refused("too_many_attempts") while the caller's address has used its share up."""
        if self._counts:
            self.throttle.check(PURPOSE, self._key)

    def used(self) -> None:
        """Count what was stored."""
        if self._counts:
            self.throttle.used(PURPOSE, self._key)

    @property
    def _counts(self) -> bool:
        return self.submissions_per_address > 0 and caller().principal is None

    @property
    def _key(self) -> str:
        return address_key(self.hasher, caller().address)
