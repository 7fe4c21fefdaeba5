"""How much may be submitted without a token: what keeps a script from filling the disk.

By one address, and for one phone; and how many codes may be sent to a phone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.asking import caller
from shared.sealing import Hasher
from shared.throttle import LIMITS, Limit, Throttle, address_key

PURPOSE = "submissions_per_address"
PHONE_PURPOSE = "submissions_per_phone"
WINDOW_SECONDS = 900
DAY_SECONDS = 86_400


def limits(
    submissions_per_address: int, submissions_per_phone: int
) -> dict[str, tuple[Limit, ...]]:
    """Everything intake counts."""
    return {
        **LIMITS,
        PURPOSE: (Limit(submissions_per_address, WINDOW_SECONDS),),
        PHONE_PURPOSE: (Limit(submissions_per_phone, DAY_SECONDS),),
        "phone_codes_per_phone": (Limit(3, WINDOW_SECONDS), Limit(10, DAY_SECONDS)),
        "phone_codes_per_address": (Limit(20, WINDOW_SECONDS),),
    }


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


@dataclass(frozen=True, slots=True)
class PhoneLimit:
    """Counts the applications that callers without a token submit for one phone in a day: the
    applicant's, or the agent's where the applicant has none."""

    throttle: Throttle
    hasher: Hasher
    submissions_per_phone: int

    def check(self, application: Mapping[str, Any]) -> None:
        """Refused("too_many_attempts") while the phone has used its share up."""
        if key := self._key(application):
            self.throttle.check(PHONE_PURPOSE, key)

    def used(self, application: Mapping[str, Any]) -> None:
        """Count what was stored."""
        if key := self._key(application):
            self.throttle.used(PHONE_PURPOSE, key)

    def _key(self, application: Mapping[str, Any]) -> str | None:
        if not self.submissions_per_phone or caller().principal is not None:
            return None
        agent = application.get("agent") or {}
        phone = application["applicant"].get("phone") or agent.get("phone")
        return self.hasher.hash("throttle", phone) if phone else None
