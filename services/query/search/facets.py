"""How an answer is spread over kinds, issuers, regions and status: for narrowing it further."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.query.policies.policy import Policy

MAX_VALUES = 20
"""Values of a facet that are told, those with most hits."""


@dataclass(frozen=True, slots=True)
class Facets:
    """Hits by value, most first; for each at most MAX_VALUES."""

    kinds: tuple[tuple[str, int], ...]
    issuers: tuple[tuple[str, int], ...]
    regions: tuple[tuple[str, int], ...]
    statuses: tuple[tuple[str, int], ...]


Traits = tuple[str, tuple[str, ...], str, str]
"""Kind, issuers, region and status of a policy; few policies differ from all others in these."""


def traits(policy: Policy, today: date) -> Traits:
    return policy.kind, policy.issuers, policy.region, policy.status_on(today)


def counted(hits: Mapping[Traits, int]) -> Facets:
    """Facets of an answer, given how many hits have the traits."""
    kinds: Counter[str] = Counter()
    issuers: Counter[str] = Counter()
    regions: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    for (kind, names, region, status), count in hits.items():
        kinds[kind] += count
        regions[region] += count
        statuses[status] += count
        for name in names:
            issuers[name] += count
    return Facets(*(_most(values) for values in (kinds, issuers, regions, statuses)))


def _most(values: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(values.items(), key=lambda item: (-item[1], item[0]))[:MAX_VALUES])
