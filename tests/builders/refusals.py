"""How tests say that something is refused, and by which rule."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shared.contracts.guards import GUARDS
from shared.contracts.sources import SOURCES
from shared.errors import Refused


@contextmanager
def refused(slug: str, *places: str) -> Iterator[None]:
    """The block is refused as `slug`; faults are named at exactly these places of the body."""
    with pytest.raises(Refused) as refusal:
        yield
    assert refusal.value.slug == slug
    assert {error.pointer for error in refusal.value.errors} == set(places)
    assert all(all(error.message) for error in refusal.value.errors)


@contextmanager
def rule_not_met(
    rule: str, *places: str, source: str | None = None, slug: str = "rule_not_met"
) -> Iterator[None]:
    """The block is refused by this rule, which is named with its source in both languages."""
    with pytest.raises(Refused) as refusal:
        yield
    said = refusal.value
    assert (said.slug, said.extra["rule"]) == (slug, rule)
    assert said.extra["source"] == SOURCES[source or GUARDS[rule].source]
    assert said.detail is not None
    assert all(said.detail)
    assert {error.pointer for error in said.errors} == set(places)
