"""Who is let in, and how far: the policy table applied to a caller."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from shared.contracts.policy import Relation, Rule
from shared.errors import Refused
from shared.tokens import MISSING, Principal


@dataclass(frozen=True, slots=True)
class Access:
    """A row of the policy table, as the frame and the services ask it."""

    rule: Rule

    @property
    def anonymous(self) -> bool:
        return self.rule.anonymous

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(self.rule.roles)

    def check(self, principal: Principal | None) -> None:
        """Refused("unauthorised") without a token, Refused("forbidden") with another role."""
        if principal is None:
            if not self.anonymous:
                raise Refused("unauthorised", MISSING)
        elif principal.role not in self.rule.roles:
            raise Refused("forbidden")


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whose something is: the place, the body and the person who have it, and its parties as keyed
    identity hashes. What is unknown is None and nobody's."""

    division: str | None = None
    organisation: str | None = None
    mediator: str | None = None
    parties: Collection[str] = ()
    channel: str | None = None


def reaches(relation: Relation, principal: Principal, concerned: Concerned) -> bool:
    """Whether somebody so related may come to what concerns these."""
    return _REACHES[relation](principal, concerned)


def _own_divisions(principal: Principal, concerned: Concerned) -> bool:
    if not principal.divisions:
        return True
    place = concerned.division
    return place is not None and any(place.startswith(stem(code)) for code in principal.divisions)


def stem(code: str) -> str:
    """The part of a division's code that all places in it begin with: 37 of 370000."""
    six = code[:6]
    if len(code) > 6:
        return code
    return six[:2] if six.endswith("0000") else six[:4] if six.endswith("00") else six


def _own_organisation(principal: Principal, concerned: Concerned) -> bool:
    return principal.organisation is not None and principal.organisation == concerned.organisation


def _own_case(principal: Principal, concerned: Concerned) -> bool:
    return principal.subject == concerned.mediator


def _party(principal: Principal, concerned: Concerned) -> bool:
    return principal.id_number_hash is not None and principal.id_number_hash in concerned.parties


def _own_channel(principal: Principal, concerned: Concerned) -> bool:
    return principal.channel is not None and principal.channel == concerned.channel


_REACHES: Final[Mapping[Relation, Callable[[Principal, Concerned], bool]]] = {
    "any": lambda _, __: True,
    "own_divisions": _own_divisions,
    "own_organisation": _own_organisation,
    "own_case": _own_case,
    "self": _own_case,
    "party": _party,
    "own_channel": _own_channel,
}
