"""routing's handlers as functions: an event and the case so far → what is decided."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing import handlers
from services.routing.directory import Mediator, Snapshot
from services.routing.directory_changes import (
    change_mediator,
    change_organisation,
    new_mediator,
    organisation_entry,
)
from services.routing.domain import directory_entry, receive
from services.routing.presenting import rota_line
from shared.contracts.events import consumed_by, faults
from shared.contracts.lifecycle import ENDED
from shared.decision import NOTHING
from shared.errors import Refused, Transient
from tests.builders.cases import (
    WEDNESDAY_MORNING,
    a_mediator,
    a_submission,
    an_organisation,
    stationed,
)
from tests.builders.routing import ADDRESS, a_later_event

NUMBER = "2634626885086477"
NOW = WEDNESDAY_MORNING
WITHDRAWAL = a_later_event("application.withdrawn", NUMBER, 2, withdrawn_at="2026-11-20T03:00:00Z")
ENTRY = {**an_organisation().to_document(), "address": ADDRESS}


def a_supplement(count: int):
    return a_later_event(
        "application.supplemented", NUMBER, 2, supplement_count=count, attachment_count=1
    )


def a_case_document(**changes):
    decision = receive(a_submission(), Snapshot.of([an_organisation()], [a_mediator()]), NOW)
    return {**decision.set, **changes}


def test_every_event_routing_is_sent_has_a_handler():
    assert set(handlers.handlers(None, None)) == {event.name for event in consumed_by("routing")}


@pytest.mark.parametrize("handle", [handlers.withdraw, handlers.supplement])
def test_what_follows_a_submission_waits_for_it(handle):
    event = WITHDRAWAL if handle is handlers.withdraw else a_supplement(1)
    with pytest.raises(Transient):
        handle(event, None, NOW)


def test_a_withdrawal_ends_the_case_and_names_whom_it_releases():
    decision = handlers.withdraw(WITHDRAWAL, a_case_document(), NOW)
    assert decision.set["status"] == "withdrawn"
    (event,) = decision.events
    assert faults(event.name, event.data) == {}
    assert event.data["released_mediator_id"] == "med-370102-01"


@pytest.mark.parametrize("status", sorted(ENDED))
def test_an_ended_case_is_not_withdrawn_again(status):
    assert handlers.withdraw(WITHDRAWAL, a_case_document(status=status), NOW) == NOTHING


def test_a_supplement_is_noted_once_and_never_counts_back():
    noted = handlers.supplement(a_supplement(2), a_case_document(), NOW)
    assert noted.set == {"supplement_count": 2, "supplemented_at": NOW}
    assert handlers.supplement(a_supplement(1), a_case_document(supplement_count=2), NOW) == NOTHING
    with pytest.raises(Refused):
        handlers.supplement(a_supplement(3), a_case_document(status="withdrawn"), NOW)


def test_an_ended_case_gives_its_mediators_place_back():
    event = a_later_event(
        "case.withdrawn", NUMBER, 3, status="withdrawn", released_mediator_id="m1"
    )
    (write,) = handlers.give_place_back(event)
    hours = {"serial": NUMBER, "taken_at": {"$lt": event.time}}
    held = {"open": NUMBER, "bookings": hours}
    assert (write.id, dict(write.pull), write.create) == ("m1", held, False)


def test_a_case_nobody_had_gives_nothing_back():
    event = a_later_event(
        "case.withdrawn", NUMBER, 3, status="withdrawn", released_mediator_id=None
    )
    assert list(handlers.give_place_back(event)) == []


# --- directory -----------------------------------------------------------------------------------

CODES = st.sampled_from(["370000", "370100", "370102", "370102013"])
STATED = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from([ENTRY["name"], "别名"]),
        "phone": st.sampled_from([ENTRY["phone"], "12333"]),
        "active": st.booleans(),
        "divisions": st.lists(CODES, min_size=1, max_size=4),
        "categories": st.lists(st.sampled_from(["contract", "personnel"]), max_size=3),
    },
)


@given(STATED)
def test_a_changed_entry_is_told_whole_once_and_stating_it_again_is_nothing(stated):
    decision = change_organisation(ENTRY, stated)
    after = {**ENTRY, **decision.set}
    assert [e.data for e in decision.events] == ([directory_entry(after)] if decision.set else [])
    assert all(faults(e.name, e.data) == {} for e in decision.events)
    assert after["division_code"] == after["divisions"][0]
    assert change_organisation(after, stated) == NOTHING


def test_a_stated_organisation_is_an_entry_that_keeps_the_contract():
    stated = {"kind": "county", "name": "名称", "phone": "12333", "address": ADDRESS}
    entry = organisation_entry({**stated, "divisions": ["370102", "370102"]}, "org-1")
    assert entry["divisions"] == ["370102"]
    assert faults("organisation.registered", directory_entry(entry)) == {}


HASHES = st.frozensets(st.sampled_from("abcdef"), max_size=6)


@given(known=HASHES, joined=HASHES, ended=HASHES)
def test_a_conflict_is_lost_only_when_it_is_named_as_ended(known, joined, ended):
    before = a_mediator(conflicts=known)
    changes = change_mediator(before, {}, joined, ended)
    after = Mediator.from_document({**before.to_document(), **changes})
    assert after.conflicts >= known - ended
    assert after.conflicts >= joined
    assert after.conflicts == (known - ended) | joined
    assert changes.keys() <= {"conflicts"}


def test_what_a_change_does_not_name_stays():
    before = new_mediator(
        {"name": "路遥", "capacity": 9, "languages": ["zh", "en"]}, "m", "o", ["hash"]
    )
    assert change_mediator(before, {"capacity": 9, "languages": ["en", "zh", "en"]}, [], []) == {}
    assert change_mediator(before, {"capacity": 0}, [], []) == {"capacity": 0}


@given(st.frozensets(st.integers(1, 7), min_size=1), st.dates(date(2026, 1, 1), date(2100, 1, 1)))
def test_a_stationed_mediator_is_next_on_duty_within_a_week_on_a_stated_day(weekdays, on):
    mediator = a_mediator(rota=stationed(*weekdays))
    line = rota_line({**mediator.to_document(), "version": 1}, on)
    day = date.fromisoformat(line["next_on_duty"])
    assert 0 <= (day - on).days <= 6
    assert day.isoweekday() in weekdays
    assert line["on_duty"] is (on.isoweekday() in weekdays)
