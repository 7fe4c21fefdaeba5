"""query's projections: the same read model from the same events, in whatever order they come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.query import domain
from services.query.handlers import HANDLERS
from services.query.progress.chains import chains
from services.query.progress.viewer import APPLICANT, Viewer
from shared import projection
from shared.contracts.envelope import Event
from shared.contracts.events import EVENTS, faults
from shared.decision import Upsert
from shared.errors import Language
from shared.runner import Projecting
from tests.builders.events import AT, a_submission, an_event
from tests.builders.histories import A_LIFE, REOPENED, a_history
from tests.builders.notices import CASE_FACTS

NUMBER = "2634626885086477"
LANGUAGES: Sequence[Language] = ("zh", "en")
VIEWERS = (APPLICANT, Viewer("respondent", 0), Viewer("respondent", 1))


def project(events: Iterable[Event]) -> dict[str, Any]:
    """The `progress` document these events leave, as the database would make it."""
    writes: list[Upsert] = []
    for event in events:
        for handler in HANDLERS[event.name]:
            assert isinstance(handler, Projecting)
            for write in handler.project(event):
                assert isinstance(write, Upsert)
                writes.append(write)
    (merged,) = projection._merged(writes)
    return projection._whole(merged) or {}


def told(name: str, sequence: int, minutes: int, **changes: Any) -> Event:
    facts = {**CASE_FACTS[name], **changes}
    return an_event(name, sequence=sequence, at=AT + timedelta(minutes=minutes), **facts)


CASE_STEPS = ("case.unassigned", "case.organisation_assigned", "case.mediator_assigned")


@st.composite
def lives(draw: st.DrawFn) -> Sequence[Event]:
    """An application and its case as they may happen, each aggregate counting its own events."""
    minutes = iter(sorted(draw(st.lists(st.integers(0, 10_000), min_size=20, max_size=20))))
    events = [a_submission()]
    sequence = 1
    for name in draw(
        st.lists(
            st.sampled_from(["application.supplemented", "application.evidence_received"]),
            max_size=4,
        )
    ):
        sequence += 1
        index = draw(st.integers(0, 3))
        facts = {"attachment_count": index + 1} if name.endswith("mented") else {"index": index}
        events.append(told(name, sequence, next(minutes), **facts))
    steps = draw(st.lists(st.sampled_from(CASE_STEPS), max_size=4))
    events += [told(name, n, next(minutes)) for n, name in enumerate(steps, start=1)]
    if draw(st.booleans()):
        events.append(told("application.withdrawn", sequence + 1, next(minutes)))
        if draw(st.booleans()):
            events.append(told("case.withdrawn", len(steps) + 1, next(minutes)))
    return events


def answers(progress: dict[str, Any]) -> list[Any]:
    return [
        show
        for language in LANGUAGES
        for show in (
            domain.masked(progress, NUMBER, language),
            chains(progress["history"], NUMBER, language, with_data=True),
            *(domain.unmasked(progress, NUMBER, v, language, "http://x", now=AT) for v in VIEWERS),
        )
    ]


@settings(deadline=None)  # each example shows whole lives to everybody
@given(lives(), st.data())
def test_any_order_and_any_repetition_give_the_same_answers(
    events: Sequence[Event], drawn: st.DataObject
) -> None:
    shuffled = drawn.draw(st.permutations(events))
    repeated = drawn.draw(st.lists(st.sampled_from(events), max_size=5))
    assert project([*shuffled, *repeated]) == project(events)
    assert answers(project([*shuffled, *repeated])) == answers(project(events))


WHOLE = a_history((*A_LIFE, *REOPENED))


@settings(max_examples=60, deadline=None)
@given(st.permutations(WHOLE), st.lists(st.sampled_from(WHOLE), max_size=10))
def test_a_whole_life_in_any_order_and_repetition_gives_the_same_document(
    shuffled: Sequence[Event], repeated: Sequence[Event]
) -> None:
    assert project([*shuffled, *repeated]) == project(WHOLE)


@settings(deadline=None)
@given(st.integers(1, len(WHOLE)))
def test_every_beginning_of_a_life_can_be_shown(length: int) -> None:
    begun = project(WHOLE[:length])
    for seen in answers(begun):
        assert seen["serial_number"] == NUMBER


@given(lives())
def test_the_timeline_is_in_order_and_the_update_its_last_moment(events: Sequence[Event]) -> None:
    shown = domain.masked(project(events), NUMBER, "zh")
    moments = [step["at"] for step in shown["timeline"]]
    assert moments == sorted(moments)
    assert shown["updated_at"] == moments[-1]
    assert shown["timeline"][0]["status"] == "submitted"
    withdrawn = any(event.name == "application.withdrawn" for event in events)
    assert (shown["status"] == "withdrawn") == withdrawn


@given(lives())
def test_nothing_beyond_status_and_dates_shows_without_a_second_factor(
    events: Sequence[Event],
) -> None:
    shown = domain.masked(project(events), NUMBER, "zh")
    assert set(shown) == {
        "serial_number", "status", "status_text", "updated_at", "division", "masked", "timeline",
        "next",
    }  # fmt: skip
    text = str(shown)
    for hidden in ("林知远", "调解中心", "0531-00000002", "hash-of"):
        assert hidden not in text


def test_the_timeline_tells_each_change_of_status_and_nothing_else() -> None:
    shown = domain.masked(project(WHOLE), NUMBER, "zh")
    assert [step["status"] for step in shown["timeline"]] == [
        "submitted", "organisation_assigned", "mediator_assigned", "under_examination",
        "supplement_requested", "under_examination", "seeking_consent", "accepted", "mediating",
        "agreed", "agreement_signed", "performed", "closed", "organisation_assigned",
    ]  # fmt: skip


def test_steps_alone_are_no_known_application() -> None:
    assert not domain.is_known(None)
    assert not domain.is_known(project([told("case.mediator_assigned", 1, 1)]))
    assert domain.is_known(project([told("case.mediator_assigned", 1, 1), a_submission()]))


@pytest.mark.parametrize("event", WHOLE, ids=lambda event: event.name)
def test_every_event_writes_to_its_own_subject_only(event: Event) -> None:
    for handler in HANDLERS[event.name]:
        assert isinstance(handler, Projecting)
        writes = list(handler.project(event))
        assert [write.id for write in writes] == [event.subject]


def test_every_event_query_handles_is_declared() -> None:
    assert set(HANDLERS) <= set(EVENTS)


@pytest.mark.parametrize("event", WHOLE, ids=lambda event: event.name)
def test_the_events_of_these_tests_keep_their_contracts(event: Event) -> None:
    assert faults(event.name, event.data) == {}
