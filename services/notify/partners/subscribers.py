"""Who wants an event: found by its name and the divisions it lies in, without asking everybody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Generic, TypeVar

from services.notify.partners.catalogue import Filter

T = TypeVar("T")


class Subscribers(Generic[T]):
    """Those who want events, each with its filter."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], dict[T, Filter]] = defaultdict(dict)

    def add(self, who: T, filter_: Filter) -> None:
        for key in _keys(filter_):
            self._of[key][who] = filter_

    def remove(self, who: T, filter_: Filter) -> None:
        for key in _keys(filter_):
            self._of[key].pop(who, None)
            if not self._of[key]:
                del self._of[key]

    def of(self, name: str, division: str) -> Iterator[T]:
        """All who want it, each once."""
        for length in range(len(division) + 1):
            prefix = division[:length]
            for who, filter_ in self._of.get((name, prefix), {}).items():
                # one that names a province and a city in it is found twice: the wider one counts
                if _widest(filter_, division) == prefix and filter_.wants(name, division):
                    yield who


def _keys(filter_: Filter) -> Iterator[tuple[str, str]]:
    for name in filter_.names:
        for division in filter_.divisions or ("",):
            yield name, division


def _widest(filter_: Filter, division: str) -> str:
    """The shortest of a filter's divisions that this one lies in; "" for a filter without any."""
    return min((d for d in filter_.divisions if division.startswith(d)), key=len, default="")
