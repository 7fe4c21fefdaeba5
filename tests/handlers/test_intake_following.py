"""What intake learns of its case, whatever the order and however often it is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.following import UNKNOWN, follow_case
from shared.contracts.envelope import Event
from shared.decision import NOTHING
from tests.builders.events import AT, an_event

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
FIRST: Mapping[str, Any] = {
    **UNKNOWN,
    "_id": "2634626885086477",
    "status": "submitted",
    "open": True,
    "parties": [],
}
ORGANISATION = {"id": "org-1", "name": "调解中心", "kind": "township", "phone": "0531-00000002"}
MEDIATOR = {"id": "med-1", "name": "林知远"}
RESPONDENT = {"party": "respondent", "index": 0}


def a_question(number: int, kind: str = "consent", **changes: Any) -> dict[str, Any]:
    return {"id": f"q{number}", "kind": kind, "to": [RESPONDENT], "options": [], **changes}


def told(sequence: int, name: str, status: str, **more: Any) -> Event:
    return an_event(
        name, sequence=sequence, at=AT + timedelta(hours=sequence), status=status, **more
    )


SESSION = {
    "id": "s1", "number": 1, "mode": "online", "place": None,
    "starts_at": "2026-12-01T01:00:00+00:00", "ends_at": "2026-12-01T03:00:00+00:00",
}  # fmt: skip
LIFE = (
    told(1, "case.organisation_assigned", "organisation_assigned", organisation=ORGANISATION),
    told(2, "case.mediator_assigned", "mediator_assigned", organisation=ORGANISATION,
         mediator=MEDIATOR),
    told(3, "case.examination_begun", "under_examination"),
    told(4, "case.consent_sought", "seeking_consent", asks=[a_question(1), a_question(2)]),
    told(5, "case.consent_recorded", "seeking_consent", settles=["q1"]),
    told(6, "case.accepted", "accepted", settles=["q2"]),
    told(7, "case.session_scheduled", "mediating", session=SESSION,
         asks=[a_question(3, "session", about="s1")]),
    told(8, "case.transferred", "organisation_assigned", settles=["q3"],
         organisation={**ORGANISATION, "id": "org-2"}),
    told(9, "case.consent_sought", "seeking_consent", asks=[a_question(4)]),
)  # fmt: skip


def learned(events: Iterable[Event], first: Mapping[str, Any] = FIRST) -> dict[str, Any]:
    state = dict(first)
    for event in events:
        decision = follow_case(event, state, NOW)
        state |= decision.set
        for name, values in decision.push.items():
            state[name] = [*state.get(name, ()), *values]
    return state


KNOWN = (
    *("status", "open", "case_sequence", "case_history_hash", "case_division_code"),
    *("organisation_id", "mediator_id", "questions", "settled_questions", "asked_respondents"),
)

orders = st.lists(st.sampled_from(LIFE), max_size=8).flatmap(
    lambda repeated: st.permutations([*LIFE, *repeated])
)


@given(orders)
@settings(max_examples=200, deadline=None)
def test_any_order_and_any_repetition_of_the_same_events_teaches_the_same(
    events: list[Event],
) -> None:
    expected, found = learned(LIFE), learned(events)
    assert {name: found[name] for name in KNOWN} == {name: expected[name] for name in KNOWN}
    assert [q["id"] for q in found["questions"]] == ["q4"]
    assert (found["organisation_id"], found["mediator_id"]) == ("org-2", None)
    assert found["case_history_hash"] == LIFE[-1].hash


@given(st.permutations(LIFE), st.integers(0, len(LIFE)))
@settings(max_examples=100, deadline=None)
def test_a_question_is_open_from_its_asking_to_its_settling_at_any_moment(
    events: list[Event], count: int
) -> None:
    heard = events[:count]
    asked = {q["id"] for e in heard for q in e.data.get("asks", ())}
    settled = {key for e in heard for key in e.data.get("settles", ())}
    state = learned(heard)
    assert {q["id"] for q in state["questions"]} == asked - settled
    assert state["asked_respondents"] == ([0] if asked else [])


def test_asks_that_come_after_their_settling_open_nothing() -> None:
    assert learned([LIFE[5], LIFE[4], LIFE[3]])["questions"] == []


def test_what_was_known_is_no_news() -> None:
    state = learned(LIFE)
    assert all(follow_case(event, state, NOW) is NOTHING for event in LIFE)


def test_a_question_keeps_what_it_is_about() -> None:
    (question,) = learned(LIFE[6:7])["questions"]
    assert question["subject"] == SESSION
    assert question["about"] == "s1"


# --- withdrawals that cross steps of the case ------------------------------------------------

WITHDRAWN = {
    "status": "withdrawn",
    "open": False,
    "withdrawn_at": NOW,
    "withdrawal_pending": True,
    "withdrawn_after": 3,
}


def test_a_withdrawal_stays_until_the_case_has_ended_and_then_the_case_tells() -> None:
    state = {**learned(LIFE[:3]), **WITHDRAWN}
    state = learned(LIFE[3:5], state)
    assert (state["status"], state["open"]) == ("withdrawn", False)
    state = learned([told(6, "case.withdrawn", "withdrawn")], state)
    assert (state["status"], state["withdrawal_pending"]) == ("withdrawn", False)
    reopened = told(8, "case.reopened", "organisation_assigned")
    state = learned([reopened], state)
    assert (state["status"], state["open"]) == ("organisation_assigned", True)
    assert (state["organisation_id"], state["mediator_id"]) == ("org-1", None)


def test_a_reopening_that_overtakes_the_end_of_the_case_counts_in_the_end() -> None:
    state = {**learned(LIFE[:3]), **WITHDRAWN}
    events = [
        told(8, "case.reopened", "organisation_assigned"),
        told(6, "case.withdrawn", "withdrawn"),
        told(7, "case.closed", "closed", outcome="withdrawn"),
    ]
    for order in (events, events[::-1]):
        after = learned(order, state)
        assert (after["status"], after["open"]) == ("organisation_assigned", True)


def test_an_end_from_before_the_withdrawal_is_not_taken_for_its_answer() -> None:
    state = {**learned(LIFE[:3]), **WITHDRAWN, "withdrawn_after": 8}
    state = learned([told(6, "case.withdrawn", "withdrawn")], state)
    assert state["withdrawal_pending"] is True
