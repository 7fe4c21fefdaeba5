"""Places for calls, in three bulkheads: endpoints that hang never take the places of quick ones.

A call takes a place of the pool its lane belongs to. One that lasts longer than a second gives its
healthy place back and counts as suspect, however full that pool is: so the healthy places are never
taken for longer, even by an endpoint that began to hang with all its calls under way. In each pool
lanes take turns, one call each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from services.notify.partners.pace import SLOW_SECONDS, Standing

PLACES: Final[Mapping[Standing, int]] = {"healthy": 128, "suspect": 64, "failing": 32}

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Place:
    """What a call takes and gives back, in the pool where it counts now."""

    pool: Standing
    since: float
    free: bool = False


class Pools(Generic[T]):
    """The places, and who waits for one in each pool."""

    def __init__(self, places: Mapping[Standing, int] = PLACES) -> None:
        self._places = places
        self.taken: dict[Standing, int] = dict.fromkeys(places, 0)
        self._waiting: dict[Standing, deque[T]] = {pool: deque() for pool in places}
        self._healthy: deque[Place] = deque()

    def wait(self, who: T, pool: Standing) -> None:
        self._waiting[pool].append(who)

    def next(self) -> T | None:
        """Whose turn it is, of a pool with a free place."""
        for pool, waiting in self._waiting.items():
            if waiting and self.taken[pool] < self._places[pool]:
                return waiting.popleft()
        return None

    def take(self, pool: Standing, now: float) -> Place:
        place = Place(pool, now)
        self.taken[pool] += 1
        if pool == "healthy":
            self._healthy.append(place)
        return place

    def give_back(self, place: Place) -> None:
        if not place.free:
            place.free = True
            self.taken[place.pool] -= 1

    def sweep(self, now: float) -> bool:
        """Move calls that last out of the healthy pool; whether that freed a place."""
        freed = False
        healthy = self._healthy
        while healthy and (healthy[0].free or now - healthy[0].since >= SLOW_SECONDS):
            place = healthy.popleft()
            if not place.free:
                self.taken["healthy"] -= 1
                self.taken["suspect"] += 1
                place.pool = "suspect"
                freed = True
        return freed
