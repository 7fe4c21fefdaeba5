"""The fast path over the application form: the same as the declaration for thousands of changes.

`validate` falls back to the declaration at any doubt, so only what the fast path accepts can
differ: every accepted body is compared, refused ones by sample.
"""

import copy
from datetime import date

import orjson
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from services.intake.application import SCHEMA, validate
from shared.contracts.compiled import compile_schema
from shared.contracts.fields import Doubt
from shared.contracts.schema import read
from shared.errors import Refused
from tests.builders.applications import (
    ABSENT,
    a_collective_application,
    a_foreign_teacher,
    a_riders_application,
    a_woman_in_lactation,
    an_application,
    an_employers_application,
    put,
    with_agent,
)

TODAY = date(2026, 11, 21)
LAST_DAY = TODAY.isoformat()
ACCEPT = compile_schema(SCHEMA)

BODIES = [
    with_agent(an_application(), seed=8),
    an_employers_application(),
    a_collective_application(11),
    a_woman_in_lactation(),
    a_foreign_teacher(),
    a_riders_application(),
]


def places(value, pointer=""):
    """Every pointer of a body, containers included."""
    if pointer:
        yield pointer
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, member in inner:
        if isinstance(member, (dict, list)):
            yield from places(member, f"{pointer}/{key}")
        else:
            yield f"{pointer}/{key}"


PLACES = [sorted(places(body)) for body in BODIES]

WIDE = str.maketrans("0123456789X-", "０１２３４５６７８９Ｘ－")
ALTERATIONS = {
    "full width": lambda text: text.translate(WIDE),
    "lower case": str.lower,
    "spaces around": lambda text: f" {text}\u3000",
    "last character": lambda text: text[:-1] + ("1" if text[-1:] != "1" else "2"),
    "first character": lambda text: ("2" if text[:1] != "2" else "1") + text[1:],
    "shorter": lambda text: text[:-1],
    "doubled": lambda text: text + text,
    "very long": lambda text: text * 400,
    "blank": lambda _: " ",
    "line break": lambda text: f"{text[:2]}\n{text[2:]}",
    "line break behind": lambda text: text + "\n",
    "control character": lambda text: text[:1] + "\x00" + text[1:],
    "lone surrogate": lambda text: text + "\ud83d",
    "invisible": lambda text: "\u200b" + text,
    "hyphens": "-".join,
}
VALUES = [
    None, True, False, 0, 1, -1, 7.25, 7.255, 1e300, float("nan"), 10**20, "", "x", "女", "worker",
    "2020-02-29", "2019-02-29", "2026-11-22", "20200101", "2020-W01-1", "13800000011", "0531-00000001",
    "370102", "441900", "passport", "AK0000017", "resident_id", "employer", "special", [], {}, [[]],
    [None], ["accept"], {"a": {"b": {"c": []}}},
]  # fmt: skip

JUNK = st.one_of(
    st.sampled_from(VALUES),
    st.text(max_size=30),
    st.integers(),
    st.floats(),
    st.recursive(st.none(), lambda inner: st.lists(inner, max_size=2), max_leaves=4),
)
CHANGES = st.one_of(
    st.tuples(st.just("set"), JUNK),
    st.tuples(st.just("alter"), st.sampled_from(sorted(ALTERATIONS))),
    st.tuples(st.just("delete"), st.none()),
    st.tuples(st.just("add"), st.sampled_from(["unknown", "note", "platform", "urgent", "x" * 80])),
)


@st.composite
def altered_bodies(draw):
    number = draw(st.integers(0, len(BODIES) - 1))
    body = copy.deepcopy(BODIES[number])
    for _ in range(draw(st.integers(1, 3))):
        pointer = draw(st.sampled_from(PLACES[number]))
        kind, detail = draw(CHANGES)
        try:
            alter(body, pointer, kind, detail)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            continue  # an earlier change took the place away
    return body


def alter(body, pointer, kind, detail):
    if kind == "set":
        put(body, pointer, detail)
    elif kind == "delete":
        put(body, pointer, ABSENT)
    elif kind == "add":
        put(body, f"{pointer.rpartition('/')[0]}/{detail}", "五月")
    else:
        *path, last = pointer.removeprefix("/").split("/")
        for part in path:
            body = body[int(part)] if isinstance(body, list) else body[part]
        key = int(last) if isinstance(body, list) else last
        body[key] = ALTERATIONS[detail](body[key])


def outcome(read_body, body):
    try:
        return orjson.dumps(read_body(body, TODAY))
    except Refused as refusal:
        return refusal.errors


def test_every_kind_of_clean_application_takes_the_fast_path():
    for body in BODIES:
        assert ACCEPT(body, LAST_DAY) == read(SCHEMA, body, TODAY)


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(altered_bodies())
def test_what_the_fast_path_accepts_is_what_the_declaration_returns(body):
    before = repr(body)
    try:
        accepted = ACCEPT(body, LAST_DAY)
    except Doubt:
        event("doubted")
        return
    event("accepted")
    assert orjson.dumps(accepted) == outcome(lambda body, _: SCHEMA.load(body), body)
    assert repr(body) == before


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(altered_bodies())
def test_results_and_errors_are_the_same_on_both_paths(body):
    plain = outcome(lambda body, today: read(SCHEMA, body, today), body)
    assert outcome(validate, body) == plain


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(altered_bodies())
def test_what_is_accepted_is_json_and_is_accepted_again_unchanged(body):
    try:
        once = validate(body, TODAY)
    except Refused:
        return
    assert orjson.loads(orjson.dumps(once)) == once
    assert validate(once, TODAY) == once


def test_accepted_values_are_not_shared_with_the_body():
    body = an_application()
    kept = ACCEPT(body, LAST_DAY)
    kept["claims"].append("more")
    kept["applicant"]["name"] = "别人"
    assert body == an_application()
