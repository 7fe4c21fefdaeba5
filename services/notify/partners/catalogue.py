"""What partners may ask for: types of events exactly, or a beginning of them, and places. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from shared.contracts.events import EVENTS
from shared.contracts.partner_events import OFFERED

_TYPES: Final = {EVENTS[name].type: name for name in OFFERED}


def names_of(patterns: Iterable[str]) -> frozenset[str]:
    """The offered events that these mean: a type (`cn.tiaojie.case.accepted.v1`), or a beginning
    with `*` behind it (`cn.tiaojie.case.*`). A pattern that matches nothing adds nothing."""
    return frozenset(name for pattern in patterns for name in _matched(pattern))


@lru_cache(maxsize=1024)
def _matched(pattern: str) -> frozenset[str]:
    if pattern.endswith("*"):
        beginning = pattern[:-1]
        return frozenset(name for type_, name in _TYPES.items() if type_.startswith(beginning))
    return frozenset({_TYPES[pattern]} if pattern in _TYPES else ())


@dataclass(frozen=True, slots=True)
class Filter:
    """Events of these names, of these places: digits that their division codes begin with (`37`,
    `370102`); no places means all of them."""

    names: frozenset[str]
    divisions: tuple[str, ...] = ()

    def wants(self, name: str, division: str) -> bool:
        return name in self.names and (not self.divisions or division.startswith(self.divisions))
