"""The lifecycle table is sound: every status can be reached and left, every name means something."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import pytest

from shared.contracts import lifecycle
from shared.contracts.clocks import CLOCKS
from shared.contracts.events import EVENTS
from shared.contracts.guards import GUARDS
from shared.contracts.lifecycle import (
    COMMANDS,
    ENDED,
    FINAL,
    OUTCOMES,
    RULES,
    RUNS_ON,
    STATUSES,
    TRANSITIONS,
    Transition,
    allowed,
    find,
    givers,
    running_after,
)
from shared.contracts.sources import SOURCES
from shared.contracts.vocabulary import ROLES

ROWS = [pytest.param(row, id=f"{row.command}-{row.target}") for row in TRANSITIONS]


def reached(start: str, rows: Iterable[Transition]) -> set[str]:
    """Every status that steps lead to from one."""
    rows = list(rows)
    seen = {start}
    while True:
        further = {r.target for r in rows if r.target and r.sources & seen} - seen
        if not further:
            return seen
        seen |= further


def test_every_status_is_reached_from_a_submission():
    assert reached("submitted", TRANSITIONS) == set(STATUSES)


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_has_a_way_to_the_archive(status):
    assert FINAL in reached(status, TRANSITIONS)


@pytest.mark.parametrize("status", sorted(set(STATUSES) - {"submitted", "unassigned", FINAL}))
def test_a_case_with_an_organisation_reaches_the_archive_without_its_parties(status):
    by_staff = [r for r in TRANSITIONS if r.who - {"applicant", "agent", "respondent"}]
    assert FINAL in reached(status, by_staff)


def test_nothing_leaves_the_archive():
    assert allowed(FINAL) == ()


def test_a_command_does_one_thing_in_a_status():
    pairs = [(row.command, source) for row in TRANSITIONS for source in row.sources]
    assert len(pairs) == len(set(pairs))


@pytest.mark.parametrize("row", ROWS)
def test_a_row_names_only_what_there_is(row):
    assert row.sources <= set(STATUSES)
    assert row.sources
    assert row.target in {None, *STATUSES}
    assert EVENTS[row.event].owner == "routing"
    assert row.who <= {RULES, *ROLES}
    assert row.who
    assert set(row.guards) <= set(GUARDS)
    assert {*row.starts, *row.stops} <= set(CLOCKS)
    assert not set(row.starts) & set(row.stops)


def test_every_guard_and_every_clock_is_used():
    assert {guard for row in TRANSITIONS for guard in row.guards} == set(GUARDS)
    started = {clock for row in TRANSITIONS for clock in row.starts}
    at_receipt = {"mediator_assignment", "fast_track_acceptance", "acceptance_decision"}
    assert started | at_receipt | RUNS_ON == set(CLOCKS)


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_names_its_source_in_both_languages(name):
    assert all(GUARDS[name].text)
    assert all(SOURCES[GUARDS[name].source])


@pytest.mark.parametrize("name", CLOCKS)
def test_a_clock_of_ours_is_stopped_by_a_step_or_by_the_end(name):
    clock = CLOCKS[name]
    assert all(clock.title)
    assert clock.source in SOURCES
    if clock.is_ours:
        stopping = [row for row in TRANSITIONS if name not in running_after(row, [name])]
        assert any(row.target not in ENDED for row in stopping)


@pytest.mark.parametrize("row", [r for r in TRANSITIONS if r.target in ENDED])
def test_at_the_end_no_clock_runs_but_those_of_the_law_and_what_the_end_starts(row):
    assert set(running_after(row, CLOCKS)) == RUNS_ON | set(row.starts)


def test_a_clock_that_runs_is_not_started_again():
    transfer = find("transfer", "under_examination")
    assert transfer is not None
    running = running_after(transfer, ["acceptance_decision", "right_to_arbitrate"])
    assert running == ("acceptance_decision", "right_to_arbitrate", "mediator_assignment")


def test_outcomes_are_exactly_the_statuses_a_case_is_closed_from():
    closing = {source for row in TRANSITIONS if row.command == "close" for source in row.sources}
    assert closing == set(OUTCOMES)
    assert ENDED - {"closed", FINAL} <= set(OUTCOMES)


@pytest.mark.parametrize("status, role", list(product(STATUSES, (None, RULES, *ROLES))))
def test_what_is_allowed_is_what_can_be_found(status, role):
    for command in COMMANDS:
        row = find(command, status)
        may = row is not None and (role is None or role in row.who)
        assert (command in allowed(status, role)) is may


def test_only_those_without_a_case_cannot_give_any_command():
    silent = {role for role in ROLES if not any(role in givers(c) for c in COMMANDS)}
    assert silent == {"partner", "auditor"}


def test_the_diagram_draws_every_change_of_status_and_no_other():
    lines = set(lifecycle.diagram().splitlines()[2:-1])
    assert lines == {
        f"    {source} --> {row.target}: {row.command}"
        for row in TRANSITIONS
        for source in row.sources
        if row.target not in {None, source}
    }


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_is_told_in_both_languages(status):
    assert all(STATUSES[status])
