"""Who gets a case: each rule by an example of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.routing.assigning import (
    PROPOSED,
    REASONS,
    assign,
    assign_within,
    check_mediator,
    check_organisation,
    choose_mediator,
    choose_organisation,
    days_to_duty,
    fittest,
    serving_codes,
)
from services.routing.directory import Mediator, Organisation, Snapshot
from shared.contracts.vocabulary import ORGANISATION_KINDS
from shared.errors import Refused
from tests.builders.cases import (
    CHINA,
    ON_CALL,
    WEDNESDAY_MORNING,
    a_case,
    a_mediator,
    an_organisation,
    stationed,
)

NOW = WEDNESDAY_MORNING
TOWNSHIP = an_organisation(id="org-370102013", kind="township", divisions=("370102013",))
COUNTY = an_organisation()
CITY = an_organisation(id="org-370100", kind="city", divisions=("370100",))
PROVINCE = an_organisation(id="org-370000", kind="province", divisions=("370000",))
COUNTY_STATION = an_organisation(id="org-370102-w", kind="women_workers_station")
CITY_STATION = replace(COUNTY_STATION, id="org-370100-w", divisions=("370100",))
A_WOMANS_CASE = a_case(flags=["women_workers"])


def chosen(case, *mediators, on=NOW):
    mediator = choose_mediator(case, COUNTY, mediators, on)
    return mediator.id if mediator else None


def refusal(check, *arguments):
    with pytest.raises(Refused) as caught:
        check(*arguments)
    return caught.value


@pytest.mark.parametrize(
    "division, codes",
    [
        ("370102013", ("370102013", "370102", "370100", "370000")),
        ("370102", ("370102", "370100", "370000")),
        ("441900003", ("441900003", "441900", "440000")),
        ("659001", ("659001", "659000", "650000")),
        ("110105", ("110105", "110100", "110000")),
        ("370000", ("370000",)),
    ],
)
def test_a_place_is_served_by_its_own_code_and_all_above(division, codes):
    assert serving_codes(division) == codes


@pytest.mark.parametrize(
    "bodies, nearest",
    [
        ([PROVINCE, CITY, COUNTY, TOWNSHIP], TOWNSHIP),
        ([PROVINCE, CITY, COUNTY], COUNTY),
        ([PROVINCE, CITY], CITY),
        ([PROVINCE], PROVINCE),
        ([], None),
        ([an_organisation(divisions=("370103",))], None),
    ],
)
def test_the_nearest_body_has_the_case(bodies, nearest):
    assert choose_organisation(a_case(), bodies) == nearest


def test_a_case_that_names_only_its_county_goes_to_no_township():
    assert choose_organisation(a_case(division="370102"), [TOWNSHIP, CITY, COUNTY]) == COUNTY


def test_a_body_of_several_divisions_counts_by_the_nearest_it_serves():
    wide = an_organisation(id="org-wide", divisions=("370100", "370102013"))
    assert choose_organisation(a_case(), [COUNTY, wide]) == wide


def test_a_county_under_no_city_falls_back_to_its_province():
    region = an_organisation(id="org-650000", divisions=("650000",))
    assert choose_organisation(a_case(division="659001"), [region]) == region


def test_a_code_that_no_list_knows_still_finds_its_city():
    assert choose_organisation(a_case(division="370199"), [PROVINCE, CITY]) == CITY


def test_an_inactive_body_is_passed_over():
    assert choose_organisation(a_case(), [replace(COUNTY, active=False), CITY]) == CITY


def test_a_body_takes_only_its_categories():
    personnel = an_organisation(id="org-p", categories=["personnel"])
    assert choose_organisation(a_case(), [personnel, CITY]) == CITY
    assert choose_organisation(a_case(category="personnel"), [personnel, CITY]) == personnel


@pytest.mark.parametrize("kind", ["enterprise_committee", "industry"])
def test_a_body_for_certain_employers_is_left_to_a_person_to_choose(kind):
    body = an_organisation(id="org-a", kind=kind)
    assert choose_organisation(a_case(), [body, CITY]) == CITY
    check_organisation(a_case(), body)


def test_a_womans_case_goes_to_the_nearest_station_even_past_a_nearer_body():
    assert choose_organisation(A_WOMANS_CASE, [TOWNSHIP, COUNTY, CITY_STATION]) == CITY_STATION
    bodies = [CITY_STATION, COUNTY_STATION, TOWNSHIP]
    assert choose_organisation(A_WOMANS_CASE, bodies) == COUNTY_STATION


def test_a_womans_case_goes_to_the_ordinary_body_where_there_is_no_station():
    elsewhere = replace(COUNTY_STATION, divisions=("370103",))
    assert choose_organisation(A_WOMANS_CASE, [COUNTY, elsewhere]) == COUNTY


def test_a_station_takes_no_other_case():
    assert choose_organisation(a_case(), [COUNTY_STATION, CITY]) == CITY


def test_of_two_bodies_of_a_level_the_less_loaded_has_it_then_the_lower_id():
    busy = an_organisation(id="org-a", capacity=10, open_cases=6)
    free = an_organisation(id="org-b", capacity=100, open_cases=59)
    assert choose_organisation(a_case(), [busy, free]) == free
    assert (
        choose_organisation(a_case(), [replace(free, id="org-c", capacity=10, open_cases=6), busy])
        == busy
    )


@pytest.mark.parametrize(
    "unfit",
    [
        {"active": False},
        {"organisation": "org-370103"},
        {"open_cases": 10},
        {"capacity": 0},
        {"divisions": ("370102014",)},
        {"conflicts": ["hash-of-employer", "hash-of-brother"]},
        {"id": "med-refused"},
    ],
)
def test_who_may_not_take_a_case_never_does(unfit):
    case = a_case(party_hashes=["hash-of-employer"], refused_mediators=["med-refused"])
    best = {"specialisms": [case.category], **unfit}
    assert chosen(case, a_mediator(**best)) is None
    assert chosen(case, a_mediator(**best), a_mediator(id="b", open_cases=9)) == "b"


def test_a_mediator_of_a_street_takes_its_cases():
    assert chosen(a_case(), a_mediator(id="a", divisions=("370102013",))) == "a"


def test_the_language_needed_comes_before_the_rota():
    speaker = a_mediator(id="b", languages=["en"], rota=stationed(5))
    case = a_case(interpreter_language="en")
    assert chosen(case, a_mediator(id="a"), speaker) == "b"


def test_without_a_speaker_the_case_is_assigned_and_an_interpreter_arranged():
    case = a_case(interpreter_language="sw")
    assignment = assign(case, Snapshot.of([COUNTY], [a_mediator()]), NOW)
    assert assignment.mediator == a_mediator()
    assert "interpreter_to_arrange" in assignment.reasons


def test_who_is_on_the_rota_today_comes_before_who_fits_better():
    specialist = a_mediator(id="a", rota=stationed(4), specialisms=["pay_injury_compensation"])
    assert chosen(a_case(), specialist, a_mediator(id="b", rota=stationed(3))) == "b"


@pytest.mark.parametrize(
    "on, next_one",
    [
        ("2026-11-18T10:00", "wednesday"),
        ("2026-11-18T16:59", "wednesday"),
        ("2026-11-18T17:00", "friday"),
        ("2026-11-20T23:30", "monday"),
        ("2026-11-21T12:00", "monday"),
    ],
)
def test_at_night_and_on_weekends_the_next_on_the_rota_has_the_case(on, next_one):
    people = [
        a_mediator(id=name, rota=stationed(day))
        for name, day in (("monday", 1), ("wednesday", 3), ("friday", 5))
    ]
    moment = datetime.fromisoformat(on).replace(tzinfo=CHINA)
    assert chosen(a_case(), *people, on=moment) == next_one
    assert (
        chosen(a_case(), *people, a_mediator(id="call"), on=datetime(2026, 11, 21, tzinfo=UTC))
        == "call"
    )


def test_the_rota_is_read_in_the_time_of_china():
    sunday_in_london = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
    assert days_to_duty(stationed(1), sunday_in_london) == 0


def test_a_rota_without_days_comes_last_but_leaves_no_case_lying():
    assert days_to_duty(stationed(), NOW) > max(
        days_to_duty(stationed(day), NOW.replace(hour=20)) for day in range(1, 8)
    )
    assert chosen(a_case(), a_mediator(id="a", rota=stationed())) == "a"
    assert days_to_duty(ON_CALL, NOW) == 0


def test_specialisms_count_in_their_order():
    case = a_case(flags=["women_workers", "psychological_support"])
    women = a_mediator(id="c", specialisms=["women_workers"], open_cases=9)
    mind = a_mediator(id="b", specialisms=["psychological_support"])
    pay = a_mediator(id="a", specialisms=["pay_injury_compensation"])
    assert chosen(case, pay, mind, women) == "c"
    assert chosen(case, pay, mind) == "b"
    assert chosen(a_case(), pay, mind, women) == "a"


def test_of_equals_the_least_loaded_then_the_longest_waiting_then_the_lower_id():
    yesterday = NOW - timedelta(days=1)
    busy = a_mediator(id="a", open_cases=5)
    less = a_mediator(id="b", capacity=20, open_cases=8, last_assigned_at=NOW)
    assert chosen(a_case(), busy, less) == "b"
    waited = a_mediator(id="c", open_cases=4, last_assigned_at=yesterday)
    assert chosen(a_case(), busy, less, waited) == "c"
    assert chosen(a_case(), less, waited, a_mediator(id="z", open_cases=4)) == "z"
    assert chosen(a_case(), a_mediator(id="y"), a_mediator(id="x")) == "x"


def test_an_assignment_tells_its_reasons():
    mediator = a_mediator(
        languages=["en"], specialisms=["women_workers"], organisation="org-370102-w"
    )
    case = a_case(flags=["women_workers"], interpreter_language="en")
    assignment = assign(case, Snapshot.of([COUNTY, COUNTY_STATION], [mediator]), NOW)
    assert assignment.organisation == COUNTY_STATION
    assert assignment.mediator == mediator
    assert assignment.reasons == (
        "county_organisation",
        "women_workers_station",
        "speaks_language",
        "on_duty",
        "women_workers",
        "least_loaded",
    )
    assert set(assignment.reasons) <= set(REASONS)


def test_another_body_of_the_level_helps_out_a_farther_one_does_not():
    neighbour = an_organisation(id="org-union", kind="union", open_cases=90)
    far = a_mediator(id="far", organisation=CITY.id)
    near = a_mediator(id="near", organisation="org-union")
    helped = assign(a_case(), Snapshot.of([CITY, COUNTY, neighbour], [far, near]), NOW)
    assert (helped.organisation, helped.mediator) == (neighbour, near)
    left = assign(a_case(), Snapshot.of([CITY, COUNTY, neighbour], [far]), NOW)
    assert (left.organisation, left.mediator) == (COUNTY, None)
    assert left.reasons == ("county_organisation", "no_eligible_mediator")


def test_where_nobody_serves_the_case_has_no_body_and_says_so():
    assignment = assign(a_case(division="810000"), Snapshot.of([COUNTY], [a_mediator()]), NOW)
    assert (assignment.organisation, assignment.mediator) == (None, None)
    assert assignment.reasons == ("no_organisation",)


def test_a_batch_spreads_as_single_cases_do():
    snapshot = Snapshot.of([COUNTY], [a_mediator(id=name) for name in "abc"])
    taken = []
    for _ in range(6):
        assignment = assign(a_case(), snapshot, NOW)
        taken.append(assignment.mediator.id)
        snapshot = snapshot.after(assignment, NOW)
    assert sorted(taken) == list("aabbcc")
    assert snapshot.by_id[COUNTY.id].open_cases == 6
    assert {m.last_assigned_at for m in snapshot.staff[COUNTY.id]} == {NOW}


@pytest.mark.parametrize(
    "case, body",
    [
        (a_case(), replace(COUNTY, active=False)),
        (a_case(), an_organisation(divisions=("370103",))),
        (a_case(), an_organisation(categories=["personnel"])),
        (a_case(), COUNTY_STATION),
    ],
)
def test_an_administrator_may_not_send_a_case_where_it_does_not_belong(case, body):
    refused = refusal(check_organisation, case, body)
    assert refused.slug == "not_eligible"
    assert refused.detail.zh
    assert refused.detail.en


def test_an_administrator_may_choose_a_full_or_a_farther_body():
    check_organisation(a_case(), replace(PROVINCE, open_cases=100))
    check_organisation(A_WOMANS_CASE, COUNTY_STATION)


def test_a_case_that_nobody_serves_may_go_to_any_active_body():
    check_organisation(a_case(division="810000", unassigned=True), COUNTY)
    inactive = replace(COUNTY, active=False)
    assert refusal(check_organisation, a_case(unassigned=True), inactive).slug == "not_eligible"


@pytest.mark.parametrize(
    "unfit, slug",
    [
        ({"organisation": "org-370103"}, "not_eligible"),
        ({"active": False}, "not_eligible"),
        ({"id": "med-refused"}, "not_eligible"),
        ({"conflicts": ["hash-of-employer"]}, "not_eligible"),
        ({"open_cases": 10}, "capacity_exceeded"),
        ({"open_cases": 10, "conflicts": ["hash-of-employer"]}, "not_eligible"),
    ],
)
def test_an_administrator_may_not_choose_who_must_not_take_it(unfit, slug):
    case = a_case(party_hashes=["hash-of-employer"], refused_mediators=["med-refused"])
    mediator = a_mediator(**unfit)
    refused = refusal(check_mediator, case, COUNTY.id, mediator)
    assert refused.slug == slug
    assert mediator.name not in f"{refused} {refused.detail}"


def test_an_administrator_may_choose_against_rota_speciality_and_place():
    mediator = a_mediator(rota=stationed(7), divisions=("370103",))
    check_mediator(a_case(interpreter_language="en"), COUNTY.id, mediator)


def test_directory_values_survive_their_documents():
    body = an_organisation(categories=["personnel", "contract"], open_cases=3)
    person = a_mediator(
        languages=["bo"], specialisms=["contract"], conflicts=["h"], rota=stationed(1, 6),
        divisions=("370102",), open_cases=2, last_assigned_at=NOW,
    )  # fmt: skip
    assert Organisation.from_document({**body.to_document(), "version": 3}) == body
    assert Mediator.from_document({**person.to_document(), "version": 3}) == person
    assert body.kind in ORGANISATION_KINDS


# --- the applicant's choice ----------------------------------------------------------------------

CHOICE = replace(COUNTY, offers_choice=True)
FOUR = [a_mediator(id=f"m{n}", open_cases=n) for n in (4, 1, 3, 2)]


def test_where_applicants_choose_the_three_fittest_are_proposed_in_order():
    found = assign(a_case(), Snapshot.of([CHOICE], FOUR), NOW)
    assert found.mediator is None
    assert [m.id for m in found.choices] == ["m1", "m2", "m3"]
    assert found.reasons == ("county_organisation", "applicant_chooses")
    assert set(found.reasons) <= set(REASONS)


def test_of_fewer_than_three_those_are_proposed_and_a_single_one_is_assigned():
    assert [m.id for m in assign_within(a_case(), CHOICE, FOUR[:2], NOW).choices] == ["m1", "m4"]
    alone = assign_within(a_case(), CHOICE, FOUR[:1], NOW)
    assert (alone.mediator.id, alone.choices) == ("m4", ())
    nobody = assign_within(a_case(), CHOICE, [], NOW)
    assert (nobody.mediator, nobody.choices) == (None, ())
    assert "no_eligible_mediator" in nobody.reasons


def test_nobody_is_proposed_who_may_not_have_the_case():
    relative = a_mediator(id="m0", conflicts=["hash-of-worker"])
    case = a_case(party_hashes=["hash-of-worker"], refused_mediators=["m1"])
    assert [m.id for m in assign_within(case, CHOICE, [relative, *FOUR], NOW).choices] == [
        "m2",
        "m3",
        "m4",
    ]


def test_the_first_of_the_fittest_is_whom_the_rules_choose():
    (best, *_) = fittest(a_case(), COUNTY, FOUR, NOW, PROPOSED)
    assert best == choose_mediator(a_case(), COUNTY, FOUR, NOW)
