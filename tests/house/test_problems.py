"""Every problem that code names exists, and every one that exists is named by code."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from shared.errors import PROBLEMS
from tests.house.sources import Source, called, keyword, planted, sources, string, strings


def unknown(files: Iterable[Source]) -> Iterator[str]:
    """Slugs raised that are no problem of the table."""
    for source in files:
        for call in source.calls:
            slug: ast.expr | None = None
            if called(call) == "Refused" and call.args:
                slug = call.args[0]
            elif called(call) in {"Refused", "Transient", "BackendAway"}:
                slug = keyword(call, "slug")
            name = string(slug)
            if name is not None and name not in PROBLEMS:
                yield f"{source.at(call)}: {name}"


def unused(files: Iterable[Source]) -> set[str]:
    """Problems that no code but the table itself names."""
    elsewhere = (source for source in files if source.path != "shared/errors.py")
    return (
        set(PROBLEMS)
        - {text for source in elsewhere for text in strings(source)}
        - {
            "unavailable",  # the default of Transient
        }
    )


def test_every_slug_that_is_raised_is_a_problem():
    assert list(unknown(sources("shared", "services"))) == []


def test_every_problem_is_used():
    assert unused(sources("shared", "services")) == set()


def test_an_unknown_and_an_unused_slug_are_noticed():
    assert list(unknown(planted('raise Refused("odd")'))) == ["services/intake/planted.py:1: odd"]
    assert list(unknown(planted('raise Transient("x", slug="odd")'))) == [
        "services/intake/planted.py:1: odd"
    ]
    assert list(unknown(planted('raise Refused("not_found")'))) == []
    assert "not_found" in unused(planted('raise Refused("forbidden")'))
    assert "forbidden" not in unused(planted('raise Refused("forbidden")'))
