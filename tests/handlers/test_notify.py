"""notify's planning: contact data and events in any order, each message once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.handlers import Planning, handlers
from services.notify.templates import Templates
from shared.contracts.envelope import Event
from shared.decision import NOTHING, Decision
from shared.errors import Permanent
from shared.runner import Deciding
from shared.sealing import Keyring, new_key
from tests.builders.events import a_submission as submitted
from tests.builders.events import an_event
from tests.builders.notices import CASE_FACTS, NOW, QUERY_CODE, SERIAL

KEYRING = Keyring.parse(f"c1:{new_key()}")
TABLE = handlers(Planning(Templates("http://localhost:8000"), KEYRING))
PERSON = {"party": "applicant", "index": 0, "phone": "+8613800000011", "email": None,
          "language": "zh", "notify": True}  # fmt: skip


def a_submission(*persons: dict[str, Any], place: str = SERIAL) -> Event:
    contacts = orjson.dumps({"persons": persons or [PERSON], "query_code": QUERY_CODE})
    return submitted(serial=SERIAL, contacts=KEYRING.seal(contacts, f"contacts:{place}"))


def told(name: str, sequence: int) -> Event:
    return an_event(name, serial=SERIAL, sequence=sequence, **CASE_FACTS[name])


def decide(event: Event, state: dict[str, Any] | None) -> Decision:
    (handler,) = TABLE[event.name]
    assert isinstance(handler, Deciding)
    assert handler.decide
    return handler.decide(event, state, NOW)


def live(events: Sequence[Event]) -> tuple[dict[str, Any] | None, list[str]]:
    """The state these events leave and the ids of the messages planned on the way."""
    state: dict[str, Any] | None = None
    planned: list[str] = []
    for event in events:
        decision = decide(event, state)
        planned += [str(record.document["_id"]) for record in decision.records]
        if not decision.is_nothing:
            before = state or {}
            pushed = {k: [*before.get(k, ()), *v] for k, v in decision.push.items()}
            state = {**before, **decision.set, **pushed}
    return state, planned


SUBMISSION = a_submission()
LIFE = [SUBMISSION, told("case.organisation_assigned", 1), told("case.mediator_assigned", 2),
        told("case.withdrawn", 3)]  # fmt: skip


@given(st.permutations(LIFE))
def test_the_same_messages_are_planned_in_any_order_each_once(events: list[Event]) -> None:
    _, expected = live(LIFE)
    state, planned = live(events)
    assert sorted(planned) == sorted(expected)
    assert len(set(planned)) == len(planned) == 4
    assert state is not None
    assert state["waiting"] == []


def test_a_second_submission_of_the_same_number_tells_nothing() -> None:
    state, _ = live([SUBMISSION])
    assert decide(SUBMISSION, state) is NOTHING


def test_what_nobody_is_told_of_does_not_wait() -> None:
    follows = told("case.organisation_assigned", 1)
    quiet = an_event(
        follows.name, serial=SERIAL, sequence=1, **{**follows.data, "mediator_follows": True}
    )
    assert decide(quiet, None) is NOTHING
    state, _ = live([SUBMISSION])
    assert not decide(quiet, state).records


def test_a_person_without_any_address_is_not_written_to() -> None:
    nobody = {**PERSON, "phone": None}
    landline = {**PERSON, "phone": "+8653100000001"}
    unwilling = {**PERSON, "notify": False}
    for person in (nobody, landline, unwilling):
        assert live([a_submission(person)])[1] == []


def test_what_is_recorded_holds_no_address_and_no_word() -> None:
    decision = decide(SUBMISSION, None)
    text = str([dict(record.document) for record in decision.records])
    for hidden in ("13800000011", QUERY_CODE, "K7RM"):
        assert hidden not in text
    assert "138****0011" in text


@pytest.mark.parametrize(
    "event",
    [
        a_submission(place="2600000000000093"),  # sealed for another number
        submitted(serial=SERIAL, contacts="v1.c9.AAAA"),  # with a key that is not here
        a_submission({"party": "stranger", "index": 0}),
    ],
)
def test_contact_data_that_cannot_be_opened_is_a_fault_that_quotes_nothing(event: Event) -> None:
    with pytest.raises(Permanent) as caught:
        decide(event, None)
    assert "stranger" not in caught.value.reason
    assert caught.value.reason in ("contacts_unreadable", "sealed_unreadable")
