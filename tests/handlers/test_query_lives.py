"""query's view of cases as routing really lives them: from the events in their outboxes."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.query import domain
from services.query.progress.chains import chains
from services.query.progress.verifying import verify
from services.query.progress.viewer import APPLICANT, Viewer
from shared.contracts.envelope import Event, from_document
from shared.contracts.lifecycle import ENDED, STATUSES
from shared.history import data_hash, link_hash
from tests.builders.events import AT, a_submission
from tests.builders.lives import LIVES, a_case_in, a_life
from tests.handlers.test_query import project

NUMBER = "2634626885086477"
POINTS = (*STATUSES, "reopened")
RESPONDENT = Viewer("respondent", 0)


def lived(status: str) -> tuple[dict[str, Any], list[Event]]:
    """A case in this status, and all that is told of it, its chain joined to the application's."""
    case = (
        a_life(*LIVES["closed"], "is reopened").document
        if status == "reopened"
        else a_case_in(status)
    )
    events = [a_submission(received_at=case["received_at"].isoformat())]
    previous = events[0].hash
    for told in case["outbox"]:
        own = {**told, "previoushash": previous}
        own["hash"] = previous = link_hash(
            own, data_hash(own["data"], own.get("salt", "")), previous
        )
        # as it travels: JSON and back
        events.append(from_document(orjson.loads(orjson.dumps(own))))
    return case, events


@pytest.mark.parametrize("status", POINTS)
def test_progress_tells_of_a_case_what_routing_knows_of_it(status: str) -> None:
    case, events = lived(status)
    shown = domain.unmasked(project(events), NUMBER, APPLICANT, "zh", "http://here", now=AT)
    assert shown["status"] == case["status"]
    assert shown["organisation"] == case["organisation"]
    assert shown["mediator"] == case["mediator"]
    assert shown["case_number"] == case["case_number"]
    assert (shown["outcome"] or {}).get("code") == case["outcome"]
    told = {clock["name"]: clock["due_on"] for clock in shown["deadlines"]}
    if len(events) > 1:
        assert told == {clock["name"]: clock["due_on"] for clock in case["clocks"]}
    for viewer in (APPLICANT, RESPONDENT):
        seen = domain.unmasked(project(events), NUMBER, viewer, "zh", "http://here", now=AT)
        assert [q["id"] for q in seen["questions"]] == [
            q["id"] for q in case["questions"] if q["state"] == "open" and viewer.is_among(q["to"])
        ]
    states = {s["id"]: s["status"] for s in shown["sessions"]}
    assert states == {s["id"]: s["status"] for s in case["sessions"]}
    referrals = {r["id"]: r["status"] for r in shown["referrals"]}
    assert referrals == {
        r["id"]: r["status"] for r in case["referrals"] if APPLICANT.is_among(r["to"])
    }


@pytest.mark.parametrize("status", POINTS)
def test_the_timeline_is_the_changes_of_status_in_the_cases_own_history(status: str) -> None:
    case, events = lived(status)
    lines = ["submitted"]
    for line in case["history"]:
        if line["status"] != lines[-1]:
            lines.append(line["status"])
    shown = domain.masked(project(events), NUMBER, "zh")
    assert [step["status"] for step in shown["timeline"]] == lines


@pytest.mark.parametrize("status", POINTS)
@pytest.mark.parametrize("with_data", [True, False])
def test_the_history_of_every_life_holds(status: str, with_data: bool) -> None:
    _, events = lived(status)
    links = project(events)["history"]
    found = verify(orjson.dumps(chains(links, NUMBER, "zh", with_data=with_data)), events[-1].hash)
    assert found.holds, found.lines


@pytest.mark.parametrize("status", POINTS)
def test_facts_stand_where_the_case_does(status: str) -> None:
    case, events = lived(status)
    facts = project(events)["facts"]
    assert facts.get("standing", {}).get("status", "submitted") == case["status"]
    if status in ENDED:
        assert facts["ended_day"] >= facts["received_day"]
    if status in {"closed", "archived"}:
        assert facts["result"]["outcome"] == case["outcome"]


ARCHIVED = lived("archived")[1]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**9), st.lists(st.sampled_from(ARCHIVED), max_size=10))
def test_a_real_life_in_any_order_and_repetition_gives_the_same_document(
    seed: int, repeated: list[Event]
) -> None:
    shuffled = [*ARCHIVED, *repeated]
    random.Random(seed).shuffle(shuffled)
    assert project(shuffled) == project(ARCHIVED)
