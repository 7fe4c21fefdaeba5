"""The example applications of the folder TIAOJIE_EXAMPLES, each with what is expected of it."""

import importlib
import json
import os
from datetime import date
from pathlib import Path

import pytest

from services.intake.application import SCHEMA, validate
from shared.contracts.schema import read
from shared.errors import Refused

TODAY = date(2026, 11, 21)
ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("TIAOJIE_EXAMPLES") or ROOT.parent / "shared" / "examples")
EXAMPLES = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))
}

every_example = pytest.mark.parametrize("example", EXAMPLES.values(), ids=list(EXAMPLES))


def errors_of(read_body, body):
    try:
        read_body(body, TODAY)
    except Refused as refusal:
        return refusal.errors
    return ()


@every_example
def test_an_example_gives_the_errors_it_is_expected_to_give(example):
    errors = errors_of(validate, example["application"])
    expected = example["expected"]["errors"]
    assert [(e.pointer, e.code) for e in errors] == [(e["pointer"], e["code"]) for e in expected]
    for error, told in zip(errors, expected, strict=True):
        assert error.message.zh == told.get("message_zh", error.message.zh)
    assert (not errors) == example["expected"]["valid"]


@every_example
def test_the_fast_path_reads_an_example_as_the_declaration_does(example):
    body = example["application"]
    errors = errors_of(validate, body)
    assert errors == errors_of(lambda body, today: read(SCHEMA, body, today), body)
    if not errors:
        assert validate(body, TODAY) == read(SCHEMA, body, TODAY)


@every_example
def test_a_valid_example_carries_the_flags_it_is_expected_to_carry(example):
    if not example["expected"]["valid"]:
        assert example["expected"]["flags"] == []
        return
    triage = importlib.import_module("services.intake.triage").triage
    flags = triage(validate(example["application"], TODAY), TODAY)
    assert list(flags) == sorted(example["expected"]["flags"])
