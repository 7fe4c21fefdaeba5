"""Decision records and the changelog: each number once, each record complete."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from tests.house.sources import ROOT

_FILE = re.compile(r"(\d{4})-[a-z0-9-]+\.md")
_VERSION = re.compile(r"^## \[?([^\]\s]+)", re.MULTILINE)


def decision_faults(records: Mapping[str, str]) -> Iterator[str]:
    """Faults of {file name: text}: names, numbers used twice, headings of another number."""
    numbers: Counter[str] = Counter()
    for name, text in sorted(records.items()):
        match = _FILE.fullmatch(name)
        if match is None:
            yield f"{name}: not called NNNN-subject.md"
            continue
        numbers[match[1]] += 1
        if not text.startswith(f"# {int(match[1])}. "):
            yield f"{name}: its heading has another number"
        if not re.search(r"^(?:Status: \w|\*\*Decided\*\*)", text, re.MULTILINE):
            yield f"{name}: not said whether it is decided"
    yield from (f"{number}: used {count} times" for number, count in numbers.items() if count > 1)


def repeated_versions(changelog: str) -> set[str]:
    return {version for version, count in Counter(_VERSION.findall(changelog)).items() if count > 1}


def test_every_decision_has_its_own_number_and_says_whether_it_holds():
    records = {f.name: f.read_text("utf-8") for f in (ROOT / "docs/decisions").glob("*.md")}
    assert records
    assert list(decision_faults(records)) == []


def test_every_version_is_in_the_changelog_once():
    assert repeated_versions((ROOT / "CHANGELOG.md").read_text("utf-8")) == set()


def test_offences_in_records_are_noticed():
    right = "# 1. Sealing\n\nStatus: accepted\n"
    assert list(decision_faults({"0001-sealing.md": right})) == []
    assert list(decision_faults({"0001-a.md": right, "0001-b.md": right})) == ["0001: used 2 times"]
    assert list(decision_faults({"0002-a.md": right})) == [
        "0002-a.md: its heading has another number"
    ]
    assert list(decision_faults({"0001-a.md": "# 1. x\n"})) == [
        "0001-a.md: not said whether it is decided"
    ]
    assert list(decision_faults({"notes.md": right})) == ["notes.md: not called NNNN-subject.md"]
    assert repeated_versions("## 0.1.0\n\n## [0.1.0] - x\n") == {"0.1.0"}
