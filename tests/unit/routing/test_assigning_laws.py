"""What holds for the assigning rules whatever the directory and the cases look like."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.routing.assigning import (
    REASONS,
    assign,
    check_mediator,
    check_organisation,
    choose_mediator,
    choose_organisation,
    days_to_duty,
    fitness,
)
from services.routing.directory import Snapshot
from tests.builders.cases import (
    ON_CALL,
    WEDNESDAY_MORNING,
    a_case,
    a_mediator,
    an_organisation,
    stationed,
)

HASHES = ["h1", "h2", "h3"]
CATEGORIES = ["pay_injury_compensation", "contract", "personnel"]
PLACES = ["370102013", "370102", "370100", "370000", "370103", "110105"]
IDS = [f"med-{n}" for n in range(6)]

rotas = st.one_of(st.just(ON_CALL), st.sets(st.integers(1, 7)).map(lambda days: stationed(*days)))
some = lambda values: st.sets(st.sampled_from(values), max_size=2)  # noqa: E731
moments = st.integers(0, 14 * 24).map(lambda hours: WEDNESDAY_MORNING + timedelta(hours=hours))

cases = st.builds(
    a_case,
    division=st.sampled_from(["370102013", "370102", "370103", "110105", "999999"]),
    category=st.sampled_from(CATEGORIES),
    flags=some(["women_workers", "psychological_support", "priority"]),
    interpreter_language=st.sampled_from([None, "en", "bo"]),
    party_hashes=some(HASHES),
    refused_mediators=some(IDS),
)
organisations = st.builds(
    an_organisation,
    id=st.sampled_from(["org-a", "org-b", "org-c", "org-d"]),
    kind=st.sampled_from(["county", "union", "women_workers_station", "industry"]),
    divisions=some(PLACES).map(tuple),
    categories=some(CATEGORIES),
    active=st.booleans(),
    capacity=st.integers(0, 20),
    open_cases=st.integers(0, 20),
)
mediators = st.builds(
    a_mediator,
    id=st.sampled_from(IDS),
    organisation=st.sampled_from(["org-a", "org-b"]),
    capacity=st.integers(0, 5),
    open_cases=st.integers(0, 5),
    rota=rotas,
    divisions=some(PLACES).map(tuple),
    specialisms=some([*CATEGORIES, "women_workers", "psychological_support"]),
    languages=some(["en", "bo"]),
    conflicts=some(HASHES),
    active=st.booleans(),
    last_assigned_at=st.one_of(st.none(), moments),
)
snapshots = st.builds(
    Snapshot.of,
    st.lists(organisations, max_size=4, unique_by=lambda o: o.id),
    st.lists(mediators, max_size=6, unique_by=lambda m: m.id),
)


def bodies(snapshot):
    return list(snapshot.by_id.values())


def people_of(snapshot):
    return [mediator for staff in snapshot.staff.values() for mediator in staff]


@given(cases, snapshots, moments, st.randoms(use_true_random=False))
def test_the_order_of_the_directory_changes_nothing(case, snapshot, on, random):
    shuffled = Snapshot.of(
        random.sample(bodies(snapshot), len(bodies(snapshot))),
        random.sample(people_of(snapshot), len(people_of(snapshot))),
    )
    assert assign(case, shuffled, on) == assign(case, snapshot, on)


@given(cases, snapshots, moments)
def test_nobody_gets_a_case_that_an_administrator_could_not_give(case, snapshot, on):
    assignment = assign(case, snapshot, on)
    if assignment.organisation:
        check_organisation(case, assignment.organisation)
    if assignment.mediator:
        check_mediator(case, assignment.organisation.id, assignment.mediator)
    assert set(assignment.reasons) <= set(REASONS)
    assert len(set(assignment.reasons)) == len(assignment.reasons)


@given(cases, snapshots, moments)
def test_a_case_waits_only_if_nobody_could_take_it(case, snapshot, on):
    assignment = assign(case, snapshot, on)
    assert (assignment.organisation is None) == (
        choose_organisation(case, bodies(snapshot)) is None
    )
    if assignment.organisation and not assignment.mediator:
        assert choose_mediator(case, assignment.organisation, people_of(snapshot), on) is None


@given(cases, snapshots, moments)
def test_the_chosen_one_has_the_least_load_of_the_eligible_who_fit_best(case, snapshot, on):
    organisation = an_organisation(id="org-a")
    chosen = choose_mediator(case, organisation, people_of(snapshot), on)
    if chosen is None:
        return
    alone = [
        m for m in people_of(snapshot) if choose_mediator(case, organisation, [m], on) is not None
    ]
    speaks = lambda m: case.interpreter_language in m.languages  # noqa: E731
    if case.interpreter_language and any(speaks(m) for m in alone):
        alone = [m for m in alone if speaks(m)]
    ready = min(days_to_duty(m.rota, on) for m in alone)
    alone = [m for m in alone if days_to_duty(m.rota, on) == ready]
    best = max(fitness(case, m) for m in alone)
    assert fitness(case, chosen) == best
    assert chosen.load == min(m.load for m in alone if fitness(case, m) == best)


@settings(max_examples=50)
@given(
    people=st.integers(1, 6),
    capacity=st.integers(1, 5),
    arrivals=st.integers(0, 35),
    gaps=st.integers(0, 72),
)
def test_loads_of_equal_mediators_differ_by_at_most_one_and_end_at_capacity(
    people, capacity, arrivals, gaps
):
    snapshot = Snapshot.of(
        [an_organisation()], [a_mediator(id=f"m{n}", capacity=capacity) for n in range(people)]
    )
    for number in range(arrivals):
        at = WEDNESDAY_MORNING + timedelta(hours=number * gaps)
        snapshot = snapshot.after(assign(a_case(), snapshot, at), at)
        loads = [m.open_cases for m in people_of(snapshot)]
        assert max(loads) - min(loads) <= 1
        assert max(loads) <= capacity
    assert sum(loads if arrivals else [0]) == min(arrivals, people * capacity)


@settings(max_examples=50)
@given(
    st.lists(st.builds(a_mediator, capacity=st.integers(1, 6)), min_size=1, max_size=5),
    st.lists(st.booleans(), max_size=60),
)
def test_with_cases_ending_too_nobody_is_idle_while_an_equal_is_overloaded(people, arrivals):
    """True is an arrival, False the end of a case of the most loaded. After every arrival the one
    who got it has, before it, no greater load per capacity than any other with a free place."""
    people = [replace(m, id=f"m{n}") for n, m in enumerate(people)]
    snapshot = Snapshot.of([an_organisation()], people)
    for arrives in arrivals:
        if arrives:
            assignment = assign(a_case(), snapshot, WEDNESDAY_MORNING)
            free = [m for m in people_of(snapshot) if m.has_capacity]
            assert (assignment.mediator is None) == (not free)
            assert all(assignment.mediator.load <= m.load for m in free)
            snapshot = snapshot.after(assignment, WEDNESDAY_MORNING)
        else:
            busiest = max(people_of(snapshot), key=lambda m: m.open_cases)
            rest = [m for m in people_of(snapshot) if m.id != busiest.id]
            freed = replace(busiest, open_cases=max(0, busiest.open_cases - 1))
            snapshot = Snapshot.of(bodies(snapshot), [*rest, freed])
        assert all(m.open_cases <= m.capacity for m in people_of(snapshot))
