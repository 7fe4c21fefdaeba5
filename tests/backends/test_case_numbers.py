"""Case numbers: from 1, without gaps or doubles, whoever dies or asks twice."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from itertools import islice
from random import Random

import pytest

from services.routing import numbering
from services.routing.case_numbers import CaseNumbers
from services.routing.number_wording import prefixes, wording
from services.routing.store import Directory
from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from shared.errors import Permanent
from tests.builders.cases import an_organisation
from tests.builders.routing import a_later_event, a_runner, apply, fill, serials

AT = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
NEW_YEAR = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)
"""Half past midnight of the first of January 2027 in the mainland."""
LIXIA = "org-370102"


@pytest.fixture
def numbers(database):
    directory = fill(database, [an_organisation()], [])
    return CaseNumbers(database, directory)


def sequences(database, organisation=LIXIA, year=2026):
    found = database.case_numbers.find({"organisation": organisation, "year": year})
    return sorted(d["sequence"] for d in found)


def test_numbers_are_written_with_the_prefix_of_city_and_county(numbers):
    first, second = (numbers.give(n, LIXIA, 2026, AT) for n in islice(serials(), 2))
    assert first == "济历劳人调〔2026〕第1号"
    assert second == wording("济历劳人调", 2026, 2)


def test_a_case_that_asks_again_has_the_same_number(numbers, database):
    (number,) = islice(serials(), 1)
    assert len({numbers.give(number, LIXIA, 2026, AT) for _ in range(3)}) == 1
    assert sequences(database) == [1]


def test_every_year_begins_with_one(numbers):
    one, other = islice(serials(), 2)
    assert numbers.give(one, LIXIA, 2026, AT).endswith("〔2026〕第1号")
    assert numbers.give(other, LIXIA, 2027, AT).endswith("〔2027〕第1号")


def test_an_unknown_organisation_has_no_numbers(numbers):
    with pytest.raises(Permanent):
        numbers.give(next(serials()), "org-0", 2026, AT)


def test_eight_at_once_leave_no_gap_and_no_double(numbers, database):
    wanted = list(islice(serials(3), 160))
    given: dict[str, str] = {}

    def work(part):
        own = CaseNumbers(database, Directory(database))
        for number in part:
            given[number] = own.give(number, LIXIA, 2026, AT)

    run_together(work, [wanted[n::8] for n in range(8)])
    assert sequences(database) == list(range(1, 161))
    assert len(set(given.values())) == 160


def test_allocators_that_die_before_they_write_leave_no_gap(database):
    """Eight workers on the same acceptances: some die between giving a number and writing it, and
    the message comes again, to any of them, as often as it takes."""
    fill(database, [an_organisation()], [])
    cases = list(islice(serials(5), 60))
    for number in cases:
        database.cases.insert_one(an_accepted_case(number))
    events = [a_later_event("case.accepted", number, 9, status="accepted") for number in cases]

    def work(seed):
        random, runner = Random(seed), a_runner(database)
        mine = CaseNumbers(database, Directory(database))
        for event in random.sample(events, len(events)):
            if random.random() < 0.4:
                mine.give(event.subject, LIXIA, 2026, AT)  # and dies: nothing is written
            else:
                apply(runner, event)

    run_together(work, range(8))
    apply(a_runner(database), *events)  # what was left, and everything once more
    assert sequences(database) == list(range(1, 61))
    written = {c["case_number"] for c in database.cases.find()}
    assert written == {wording("济历劳人调", 2026, n) for n in range(1, 61)}
    told = [from_document(e) for c in database.cases.find() for e in c["outbox"]]
    assert [t.name for t in told] == ["case.numbered"] * 60
    assert all(faults(t.name, t.data) == {} for t in told)


def test_the_year_is_that_of_the_acceptance_in_the_mainland(database):
    fill(database, [an_organisation()], [])
    number = next(serials())
    database.cases.insert_one(an_accepted_case(number, accepted_at=NEW_YEAR))
    apply(a_runner(database), a_later_event("case.accepted", number, 9, status="accepted"))
    assert database.cases.find_one({})["case_number"] == "济历劳人调〔2027〕第1号"


def test_an_acceptance_that_was_undone_by_a_transfer_needs_no_number(database):
    fill(database, [an_organisation()], [])
    number = next(serials())
    database.cases.insert_one(an_accepted_case(number, accepted_at=None))
    apply(a_runner(database), a_later_event("case.accepted", number, 9, status="accepted"))
    assert sequences(database) == []
    assert not numbering.awaits_number(database.cases.find_one({}))


# --- prefixes ----------------------------------------------------------------------------------


def test_organisations_of_like_names_have_prefixes_of_their_own(database):
    """济南市历下区 and 历城区 both begin with 济历; a third body of the same place is numbered."""
    lixia, licheng = an_organisation(), an_organisation(id="org-370112", divisions=("370112",))
    again = an_organisation(id="org-370102-2")
    numbers = CaseNumbers(database, fill(database, [lixia, licheng, again], []))
    given = [
        numbers.give(number, body.id, 2026, AT)
        for number, body in zip(serials(), [lixia, licheng, again], strict=False)
    ]
    assert given == [
        "济历劳人调〔2026〕第1号",
        "济历城劳人调〔2026〕第1号",
        "济历下劳人调〔2026〕第1号",
    ]
    stated = {o["_id"]: o["case_number_prefix"] for o in database.organisations.find()}
    assert len(set(stated.values())) == 3


def test_two_who_make_up_the_same_prefix_at_once_end_with_different_ones(database):
    bodies = [an_organisation(id=f"org-{n}") for n in range(6)]
    fill(database, bodies, [])
    numbers = list(islice(serials(), 6))

    def work(position):
        own = CaseNumbers(database, Directory(database))
        own.give(numbers[position], bodies[position].id, 2026, AT)

    run_together(work, range(6))
    stated = [o["case_number_prefix"] for o in database.organisations.find()]
    assert len(set(stated)) == 6


@pytest.mark.parametrize("kind", ["county", "women_workers_station", "township", "industry"])
def test_prefixes_are_chinese_characters_each_once_and_never_run_out_soon(kind):
    found = list(islice(prefixes(kind, "370102"), 200))
    assert len(set(found)) == 200
    assert all(re.fullmatch("[\u4e00-\u9fff]{2,}", prefix) for prefix in found)


def an_accepted_case(number, **changes):
    """As much of an accepted case as numbering looks at."""
    return {
        "_id": number,
        "version": 1,
        "sequence": 8,
        "seen": [],
        "outbox": [],
        "status": "accepted",
        "division_code": "370102",
        "organisation": {"id": LIXIA},
        "accepted_at": AT,
        "case_number": None,
        "clocks": [],
        **changes,
    }


def run_together(work, parts):
    errors = []

    def guarded(part):
        try:
            work(part)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
