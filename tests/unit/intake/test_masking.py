"""Masks: little is shown, the shape stays, and a mask is known again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.application import validate
from services.intake.contact import FIELDS
from services.intake.masking import HIDDEN, MASK_CHARACTERS, mask, masked
from tests.builders import applications as builders

BUILDERS = [
    builders.an_application, builders.an_employers_application, builders.a_woman_in_lactation,
    builders.a_collective_application, builders.a_foreign_teacher, builders.a_riders_application,
]  # fmt: skip

OPEN = {
    *("channel", "applicant_role", "language", "party_type", "unit_type", "id_type", "authority"),
    *("authority_scope", "is_representative", "category", "claim_type", "amount_cny", "kind"),
    *("content_type", "size_bytes", "truthfulness", "personal_information", "electronic_service"),
    "sensitive_health_information",
}


def leaves(value: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, *path, name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, *path)
    elif value is not None:
        yield path, value


@pytest.mark.parametrize("build", BUILDERS)
def test_every_value_that_is_not_declared_open_is_masked(build: Any) -> None:
    application = validate(build(), date(2026, 11, 20))
    before, after = list(leaves(application)), list(leaves(masked(application)))
    assert [path for path, _ in after] == [path for path, _ in before]
    for (path, value), (_, shown) in zip(before, after, strict=True):
        if path[-1] in OPEN or path[0] == "submit_division":
            continue
        assert shown != value, path
        assert MASK_CHARACTERS.search(shown), path


@pytest.mark.parametrize(
    "name, value, shown",
    [
        ("phone", "+8613800000011", "138******11"),
        ("phone", "+8653188886666;ext=123", "531******66"),
        ("phone", "+85291234567", "+85*******67"),
        ("email", "zhao@example.com", "z***@example.com"),
        ("name", "赵铁柱", "赵**"),
        ("name", "赵", "赵*"),
        ("id_number", "370102198506150033", "3****************3"),
        ("correspondence_address", "山东省济南市历下区1号", "山东省***"),
        ("correspondence_address", "一号楼", HIDDEN),
        ("facts_and_reasons", "自2026年3月起拖欠工资", HIDDEN),
        ("birth_date", "1985-06-15", HIDDEN),
        ("is_pregnant", True, HIDDEN),
        ("monthly_wage_cny", 6000, HIDDEN),
        ("email", None, None),
    ],
)
def test_little_is_shown_of_a_value(name: str, value: Any, shown: Any) -> None:
    assert mask(name, value) == shown


@given(st.sampled_from(FIELDS), st.text(min_size=1, max_size=60))
def test_a_mask_is_known_by_its_characters_and_is_the_same_each_time(name: str, value: str) -> None:
    assert MASK_CHARACTERS.search(mask(name, value))
    assert mask(name, value) == mask(name, value)
