"""Services look alike; files stay small; nothing is left for later."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator

import pytest

from tests.house.sources import ROOT, SERVICES, Source, planted, sources

SEVEN = ("__init__", "__main__", "app", "api", "handlers", "domain", "store")
HEADINGS = ("Owns", "Emits", "Consumes")
LONGEST = 400
LONGER: dict[str, int] = {}
"""Files that may be longer, and how long; none so far."""

_LATER = re.compile(rf"\b(?:{'|'.join(w.upper() for w in ('todo', 'fixme', 'xxx'))})\b")


def missing(files: Collection[str]) -> set[str]:
    """Which of the seven a service lacks."""
    return {name for name in SEVEN if f"{name}.py" not in files}


def silent(docstring: str) -> set[str]:
    """Headings that a service's docstring lacks."""
    return {h for h in HEADINGS if not re.search(rf"^{h}[ \t]+\S", docstring, re.MULTILINE)}


def too_long(files: Iterable[Source]) -> Iterator[str]:
    for source in files:
        lines = source.text.count("\n")
        if lines > LONGER.get(source.path, LONGEST):
            yield f"{source.path}: {lines} lines"


def for_later(files: Iterable[Source]) -> Iterator[str]:
    """Marks of unfinished work, with their place."""
    for source in files:
        for number, line in enumerate(source.text.splitlines(), 1):
            if _LATER.search(line):
                yield f"{source.path}:{number}"


def unsaid(files: Iterable[Source]) -> set[str]:
    """Files that hold code and do not say what they are."""
    return {s.path for s in files if s.text.strip() and ast.get_docstring(s.tree) is None}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_seven_files_of_every_service(service):
    files = {file.name for file in (ROOT / "services" / service).iterdir()}
    assert missing(files) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_says_what_it_owns_emits_and_consumes(service):
    text = (ROOT / "services" / service / "__init__.py").read_text("utf-8")
    assert silent(ast.get_docstring(ast.parse(text)) or "") == set()


def test_no_file_of_the_product_is_too_long():
    assert list(too_long(sources())) == []


def test_nothing_is_left_for_later():
    assert list(for_later(sources("shared", "services", "deploy", "tests"))) == []


def test_every_file_of_the_product_says_what_it_is():
    assert unsaid(sources()) == set()


def test_offences_against_the_layout_are_noticed():
    assert missing({"api.py", "app.py"}) == set(SEVEN) - {"api", "app"}
    assert silent("x: y\n\nOwns      cases.\nEmits\nConsumes  case.*") == {"Emits"}
    assert list(too_long(planted("\n" * 401))) == ["services/intake/planted.py: 401 lines"]
    assert list(too_long(planted("\n" * 400))) == []
    assert list(for_later(planted(f"x = 1  # {'todo'.upper()}: later"))) == [
        "services/intake/planted.py:1"
    ]
    assert unsaid(planted("x = 1")) == {"services/intake/planted.py"}
    assert unsaid(planted('"""Says it."""')) == set()
