"""An exported history holds, and whatever is changed in it is noticed."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.query.progress.chains import chains, text_of
from services.query.progress.verifying import verify
from shared.history import data_hash, link_hash
from tests.builders.histories import A_LIFE, NUMBER, REOPENED, a_history
from tests.handlers.test_query import project

EVENTS = a_history((*A_LIFE, *REOPENED))
LINKS = project(EVENTS)["history"]
WHOLE = chains(LINKS, NUMBER, "zh", with_data=True)
HASHES_ONLY = chains(LINKS, NUMBER, "en", with_data=False)


def exported(history: Any) -> bytes:
    return orjson.dumps(history)


@pytest.mark.parametrize("history", [WHOLE, HASHES_ONLY])
def test_what_was_exported_holds(history: Any) -> None:
    found = verify(exported(history))
    assert found.holds, found.lines
    assert found.lines[0] == f"Case {NUMBER}"
    assert found.lines[-1] == "The history holds."


def test_what_was_told_before_there_was_a_salt_holds_too() -> None:
    history, began = copy.deepcopy(WHOLE), ""
    for name, chain in history["chains"].items():
        previous = began
        for event in chain:
            if event["data"] is not None:
                event |= {"salt": None, "data_hash": data_hash(event["data"])}
            event["previous_hash"] = previous
            event["hash"] = previous = link_hash(event, event["data_hash"], previous)
        began = began or chain[0]["hash"]
        history["heads"][name] = previous
    assert verify(exported(history)).holds


def test_whoever_sees_hashes_alone_cannot_find_the_data_by_trying() -> None:
    compared = 0
    for name, chain in WHOLE["chains"].items():
        for event, hidden in zip(chain, HASHES_ONLY["chains"][name], strict=True):
            assert (hidden["data"], hidden["salt"]) == (None, None)
            if event["data"] is not None:
                assert hidden["data_hash"] == data_hash(event["data"], event["salt"])
                assert hidden["data_hash"] != data_hash(event["data"])
                compared += 1
    assert compared > len(EVENTS) / 2


def test_nothing_sealed_or_hashed_of_people_is_shown() -> None:
    text = exported(WHOLE).decode()
    assert "sealed" not in text
    assert "hash-of" not in text
    shown = [e for chain in WHOLE["chains"].values() for e in chain if e["data"] is not None]
    assert len(shown) > len(EVENTS) / 2


def test_the_chain_of_the_case_begins_where_the_application_was_submitted() -> None:
    application, case = WHOLE["chains"]["application"], WHOLE["chains"]["case"]
    assert application[0]["previous_hash"] == ""
    assert case[0]["previous_hash"] == application[0]["hash"]


def test_a_printed_hash_is_found_in_its_place_or_not_at_all() -> None:
    event = WHOLE["chains"]["case"][8]
    found = verify(exported(WHOLE), f" {event['hash'].upper()} ")
    assert found.holds
    assert any(f"case event 9: {event['type'].removeprefix('cn.tiaojie.')}" in line for line in found.lines)  # fmt: skip
    strange = verify(exported(WHOLE), "0" * 64)
    assert not strange.holds
    assert "The hash is not in this history." in strange.lines


PLACES = [(name, place) for name, chain in WHOLE["chains"].items() for place, _ in enumerate(chain)]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([WHOLE, HASHES_ONLY]), st.sampled_from(PLACES), st.data())
def test_any_changed_field_is_noticed_where_it_is(
    history: Any, place: tuple[str, int], drawn: st.DataObject
) -> None:
    changed = copy.deepcopy(history)
    name, position = place
    event = changed["chains"][name][position]
    field = drawn.draw(st.sampled_from(sorted(event)))
    if field == "data" and event["data"] is None:
        event["data"] = {}
    elif field == "data":
        inner = drawn.draw(st.sampled_from(sorted(event["data"])))
        event["data"][inner] = drawn.draw(
            st.sampled_from([None, "x", 7, []]).filter(lambda v: v != event["data"][inner])
        )
    elif field == "verified":
        event["verified"] = False
    else:
        same = text_of(event["type"], event["status"]) if field == "text" else (event[field],)
        event[field] = drawn.draw(
            st.sampled_from(["1", "closed", "已结案", "0" * 64]).filter(lambda v: v not in same)
        )
    found = verify(exported(changed))
    assert not found.holds
    assert any(f"{name} event {position + 1} (" in line for line in found.lines) or len(found.lines) == 1  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["drop", "swap", "repeat", "insert"]), st.sampled_from(PLACES))
def test_dropped_swapped_and_inserted_events_are_noticed(how: str, place: tuple[str, int]) -> None:
    changed = copy.deepcopy(WHOLE)
    name, position = place
    chain = changed["chains"][name]
    if how == "drop":
        del chain[position]
    elif how == "swap":
        other = (position + 1) % len(chain)
        chain[position], chain[other] = chain[other], chain[position]
    elif how == "repeat":
        chain.insert(position, copy.deepcopy(chain[position]))
    else:
        chain.insert(position, {**copy.deepcopy(chain[position]), "id": "another"})
    assert not verify(exported(changed)).holds


TEXT = exported(HASHES_ONLY)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from([exported(WHOLE), TEXT]), st.integers(0, 10**6), st.integers(33, 126))
def test_any_changed_byte_is_noticed(text: bytes, place: int, byte: int) -> None:
    place %= len(text)
    if text[place] == byte:
        return
    changed = text[:place] + bytes([byte]) + text[place + 1 :]
    assert not verify(changed).holds


@given(st.sampled_from(["application", "case"]))
def test_a_history_cut_short_is_noticed_by_the_head_it_was_exported_with(name: str) -> None:
    cut = copy.deepcopy(WHOLE)
    cut["chains"][name].pop()
    assert not verify(exported(cut)).holds


def test_an_event_that_has_not_arrived_is_a_gap() -> None:
    missing = {key: link for key, link in LINKS.items() if key != "case-000004"}
    found = verify(exported(chains(missing, NUMBER, "zh", with_data=True)))
    assert not found.holds
    assert any("its number is 5, 4 was due" in line for line in found.lines)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"null", b'{"chains": 7}', b"\xff", b'{"chains": {"application": [1], "case": []}, "serial_number": "", "heads": {}, "verified": true}'])  # fmt: skip
def test_what_is_no_history_is_said_to_be_none(text: bytes) -> None:
    assert verify(text).lines == ["This is no exported history."]


def run(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "services.query", "verify-history", *arguments],
        input=given,
        capture_output=True,
        timeout=60,
        check=False,
        env={"TIAOJIE_ENVIRONMENT": "production"},  # whose other settings are missing
    )


def test_the_command_needs_neither_settings_nor_back_ends(tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    file.write_bytes(exported(WHOLE))
    done = run(str(file), "--hash", WHOLE["heads"]["case"])
    assert done.returncode == 0, done.stderr
    assert b"The history holds." in done.stdout
    broken = exported(WHOLE).replace(b"agreement_signed", b"agreement_signet")
    failed = run("-", given=broken)
    assert failed.returncode == 1
    assert failed.stdout
