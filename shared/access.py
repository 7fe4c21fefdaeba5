"""Who is let in, and how far: the policy table applied to a caller.

The frame asks a row whether the caller's role is let in at all; the services ask how far: of one
document with `reaches`, of a list with `within`, which is the same rule as a query.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.contracts.policy import Relation, Rule
from shared.divisions import is_within, prefix
from shared.errors import Refused
from shared.tokens import MISSING, Principal

Query = dict[str, Any]

NOTHING: Final[Mapping[str, Any]] = {"_id": {"$in": []}}
"""The query that finds no document."""


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

    def check(self, principal: Principal | None) -> Relation | None:
        """How far the caller is let in; None for a caller without a token.

        Refused("unauthorised") without a token, Refused("forbidden") with another role.
        """
        if principal is None:
            if not self.anonymous:
                raise Refused("unauthorised", MISSING)
            return None
        if principal.role not in self.rule.roles:
            raise Refused("forbidden")
        return self.rule.roles[principal.role]


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whose something is: the place, the body, the person and the channel that have it; its parties
    and, of those, its applicants and their agents, as keyed identity hashes. What is unknown is
    None and nobody's."""

    division: str | None = None
    organisation: str | None = None
    mediator: str | None = None
    parties: Collection[str] = ()
    holders: Collection[str] = ()
    channel: str | None = None


def reaches(relation: Relation, principal: Principal, concerned: Concerned) -> bool:
    """Whether somebody so related may come to what concerns these."""
    return _REACHES[relation](principal, concerned)


def within(relation: Relation, principal: Principal, fields: Mapping[str, str]) -> Query:
    """The documents that somebody so related may come to, as a query that an index can serve.

    `fields` names the fields that hold what `Concerned` calls division, organisation, mediator. A
    relation to what the documents do not hold finds none of them.
    """
    if relation == "any" or (relation in _BY_DIVISION and not principal.divisions):
        return {}
    part, value = {
        "own_divisions": ("division", principal.subject),
        "own_organisation": ("organisation", principal.organisation),
        "own_case": ("mediator", principal.subject),
        "self": ("mediator", principal.subject),
    }.get(relation, ("", None))
    if part not in fields or value is None:
        return dict(NOTHING)
    if relation != "own_divisions":
        return {fields[part]: value}
    ranges = [{fields[part]: _in_place(code)} for code in principal.divisions]
    return ranges[0] if len(ranges) == 1 else {"$or": ranges}


def _own_divisions(principal: Principal, concerned: Concerned) -> bool:
    if not principal.divisions:
        return True
    place = concerned.division
    return place is not None and any(is_within(place, code) for code in principal.divisions)


def _in_place(code: str) -> Query:
    """The codes of a division and all in it; none for no code at all. Digits end before colon."""
    return {"$gte": prefix(code), "$lt": f"{prefix(code)}:"} if code else {"$in": []}


_BY_DIVISION: Final = frozenset({"own_divisions", "all_divisions"})
"""Relations that nothing limits where the token names no division."""


def _all_divisions(principal: Principal, _: Concerned) -> bool:
    return not principal.divisions


def _own_organisation(principal: Principal, concerned: Concerned) -> bool:
    return principal.organisation is not None and principal.organisation == concerned.organisation


def _own_case(principal: Principal, concerned: Concerned) -> bool:
    return principal.subject == concerned.mediator


def _holder(principal: Principal, concerned: Concerned) -> bool:
    return principal.id_number_hash is not None and principal.id_number_hash in concerned.holders


def _party(principal: Principal, concerned: Concerned) -> bool:
    hashed = principal.id_number_hash
    return hashed is not None and (hashed in concerned.parties or hashed in concerned.holders)


def _own_channel(principal: Principal, concerned: Concerned) -> bool:
    return principal.channel is not None and principal.channel == concerned.channel


_REACHES: Final[Mapping[Relation, Callable[[Principal, Concerned], bool]]] = {
    "any": lambda _, __: True,
    "own_divisions": _own_divisions,
    "all_divisions": _all_divisions,
    "own_organisation": _own_organisation,
    "own_case": _own_case,
    "self": _own_case,
    "holder": _holder,
    "party": _party,
    "own_channel": _own_channel,
}
