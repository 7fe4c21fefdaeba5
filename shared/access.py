"""Who may call a route: said beside the route, checked before its handler runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.contracts.vocabulary import ROLES
from shared.errors import Refused
from shared.tokens import MISSING, Principal

_PARTIES: Final = frozenset({"applicant", "agent", "respondent"})


@dataclass(frozen=True, slots=True)
class Access:
    """Lets in callers without a token if `anonymous`, and tokens of `roles` (None: of any role).

    ValueError, when the route is declared, for a role that does not exist.
    """

    anonymous: bool
    roles: frozenset[str] | None

    def __post_init__(self) -> None:
        unknown = (self.roles or frozenset()) - frozenset(ROLES)
        if unknown:
            raise ValueError(f"unknown roles: {', '.join(sorted(unknown))}")

    def check(self, principal: Principal | None) -> None:
        """Refused("unauthorised") without a token, Refused("forbidden") with another role."""
        if principal is None:
            if not self.anonymous:
                raise Refused("unauthorised", MISSING)
        elif self.roles is not None and principal.role not in self.roles:
            raise Refused("forbidden")


PUBLIC: Final = Access(anonymous=True, roles=None)
"""Anyone, with or without a token."""


def Roles(*roles: str) -> Access:  # noqa: N802 - reads as a value beside a route
    """Only a token of one of these roles."""
    return Access(anonymous=False, roles=frozenset(roles))


def HolderOr(*roles: str) -> Access:  # noqa: N802 - reads as a value beside a route
    """Someone with a query code, a party with a token of its own, or a token of these roles.

    Whether the code is right, or the case the party's own, is for the handler to check.
    """
    return Access(anonymous=True, roles=_PARTIES | frozenset(roles))
