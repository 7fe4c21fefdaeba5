"""From assignment to acceptance over HTTP and messages, as mediators and parties do it."""

from __future__ import annotations

import json
import threading
from datetime import UTC, date, datetime
from itertools import islice

import pytest

from services.routing import transferring
from services.routing.choosing import Choosing
from services.routing.store import Directory
from shared.civil_time import today
from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from shared.errors import Refused
from shared.sealing import records_context
from tests.builders.cases import a_mediator, an_organisation
from tests.builders.routing import (
    Staff,
    a_later_event,
    a_runner,
    a_submitted_event,
    apply,
    faults_of,
    fill,
    places,
    serials,
)

BODY = an_organisation()
NEXT_DOOR = an_organisation(
    id="org-370103", name="市中区调解中心（虚构）", divisions=("370103",), offers_choice=True
)
CITY = an_organisation(id="org-370100", kind="city", divisions=("370100",))
MEDIATOR = a_mediator(id="m1", capacity=20)
COLLEAGUE = a_mediator(id="m2", name="程远林", capacity=2)
CHOICES = [a_mediator(id=f"c{n}", organisation="org-370103", capacity=n) for n in (1, 2, 3, 4)]
IN_TOWN = a_mediator(id="t1", organisation="org-370100")
FIRST, SECOND = islice(serials(), 2)
SHIZHONG = {"code": "370103", "name": "山东省济南市市中区"}
REFUSAL = {
    "reason": "outside_scope",
    "explanation": "双方为承揽关系，不属于劳动争议。",
    "advice": ["court"],
}


@pytest.fixture
def staff(database, tmp_path):
    """m1 has the case FIRST."""
    fill(database, [BODY, NEXT_DOOR, CITY], [MEDIATOR, COLLEAGUE, *CHOICES, IN_TOWN])
    database.mediators.update_one(
        {"_id": "m1"}, {"$set": {"specialisms": ["pay_injury_compensation"]}}
    )
    apply(a_runner(database), a_submitted_event(FIRST))
    return Staff(database, tmp_path)


@pytest.fixture
def mediator(staff):
    return staff.mediator("m1")


def give(asking, command, body=None, *, number=FIRST, version=None):
    """The command on the version that the caller sees now."""
    if version is None:
        version = asking.get(f"/v1/cases/{number}").json["version"]
    return asking("POST", f"/v1/cases/{number}/{command}", body or {}, version=version)


def done(asking, command, body=None, **more):
    response = give(asking, command, body, **more)
    assert response.status_code == 200, response.json
    return response.json


def problem(response, status, code):
    assert (response.status_code, response.json.get("code")) == (status, code), response.json
    return response.json


def an_answer(question, answer, *, kind="consent", party="respondent", number=FIRST, **more):
    said = {"party": party, "index": 0, "question": question, "kind": kind, "answer": answer}
    how = {"means": "code", "by_agent": False, "answered_at": "2026-11-18T03:00:00Z"}
    return a_later_event("application.answered", number, 5, **{**said, **how, **more})


def told(database, number=FIRST):
    """Names of the events of a case, each of which keeps its contract."""
    events = [from_document(e) for e in database.cases.find_one({"_id": number})["outbox"]]
    assert [faults(e.name, e.data) for e in events] == [{}] * len(events)
    assert [e.sequence for e in events] == list(range(1, len(events) + 1))
    return [e.name for e in events]


def seeking_consent(mediator):
    done(mediator, "begin-examination")
    return done(mediator, "seek-consent", {"note": "请于两日内答复"})


def test_a_case_goes_from_assignment_to_acceptance_with_its_number(staff, mediator, database):
    runner = a_runner(database)
    assert done(mediator, "begin-examination")["status"] == "under_examination"
    asked = done(mediator, "request-supplement", {"items": [{"text": "工资条"}]})
    assert asked["status"] == "supplement_requested"
    grown = a_later_event(
        "application.supplemented", FIRST, 2, supplement_count=1, attachment_count=1
    )
    apply(runner, grown)
    sought = done(mediator, "seek-consent", {"note": "请于两日内答复"})
    assert [q["state"] for q in sought["questions"]] == ["open"]
    problem(give(mediator, "accept"), 409, "rule_not_met")

    apply(runner, an_answer("q1", "agree"))
    accepted = done(mediator, "accept")
    assert (accepted["status"], accepted["case_number"]) == (
        "accepted",
        "济历劳人调〔2026〕第1号",
    )
    assert accepted["accepted_at"]
    assert "mediation_end" in {d["name"] for d in accepted["deadlines"]}
    assert [(c["party"], c["means"]) for c in accepted["consents"]] == [
        ("applicant", "application"),
        ("respondent", "code"),
    ]
    assert "schedule-session" in accepted["allowed_commands"]
    assert told(database) == [
        "case.organisation_assigned",
        "case.mediator_assigned",
        "case.examination_begun",
        "case.supplement_requested",
        "case.examination_resumed",
        "case.consent_sought",
        "case.consent_recorded",
        "case.accepted",
        "case.numbered",
    ]
    before = database.cases.find_one({})
    apply(runner, a_later_event("case.accepted", FIRST, 9, status="accepted"))
    assert database.cases.find_one({}) == before  # it has its number


def test_words_of_staff_are_sealed_and_shown_to_those_who_work_on_the_case(
    staff, mediator, database
):
    sought = seeking_consent(mediator)
    assert sought["records"][-1]["words"] == {"note": "请于两日内答复"}
    stored = database.cases.find_one({})
    assert "请于两日内答复" not in json.dumps(stored, default=str, ensure_ascii=False)
    sealed = from_document(stored["outbox"][-1]).data["particulars"]
    opened = staff.records.open(sealed, records_context(FIRST))
    assert json.loads(opened) == {"note": "请于两日内答复"}

    path = f"/v1/cases/{FIRST}"
    assert staff.administrator().get(path).json["records"] == sought["records"]
    assert staff.anyone("auditor").get(path).json["records"] == []
    assert staff.platform().get(path).json["records"] == []


def test_words_a_party_sends_with_its_answer_are_kept_with_the_case(staff, mediator, database):
    seeking_consent(mediator)
    words = staff.records.seal('{"note": "愿意协商"}'.encode(), records_context(FIRST))
    apply(a_runner(database), an_answer("q1", "agree", particulars=words))
    record = mediator.get(f"/v1/cases/{FIRST}").json["records"][-1]
    assert (record["command"], record["words"]) == ("answer", {"note": "愿意协商"})


def test_an_answer_comes_twice_and_counts_once(mediator, database):
    seeking_consent(mediator)
    event = an_answer("q1", "agree")
    apply(a_runner(database), event)
    before = database.cases.find_one({})
    apply(a_runner(database), event)
    assert database.cases.find_one({}) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"question": "q7"},
        {"kind": "session", "answer": "confirm"},
        {"answer": "perhaps"},
        {"party": "applicant"},
        {"index": 3},
    ],
)
def test_an_answer_to_what_was_not_asked_changes_nothing(mediator, database, changes):
    seeking_consent(mediator)
    before = database.cases.find_one({})
    apply(a_runner(database), an_answer(**{"question": "q1", "answer": "agree", **changes}))
    assert database.cases.find_one({}) == before
    assert database.set_aside.count_documents({}) == 0  # refused for good, not tried again


def test_an_answer_that_crosses_the_end_of_the_case_changes_nothing(mediator, database):
    seeking_consent(mediator)
    done(mediator, "refuse", REFUSAL)
    before = database.cases.find_one({})
    apply(a_runner(database), an_answer("q1", "agree"))
    assert database.cases.find_one({}) == before


def test_an_answer_before_its_case_waits_for_it(database):
    apply(a_runner(database), an_answer("q1", "agree", number=SECOND))
    assert database.set_aside.find_one({})["state"] == "waiting"


def test_staff_record_what_a_respondent_said_by_phone(mediator):
    seeking_consent(mediator)
    body = {"party": "respondent", "index": 0, "answer": "agree", "means": "phone"}
    assert done(mediator, "record-consent", body)["consents"][-1]["means"] == "phone"
    body["index"] = 4
    assert faults_of(give(mediator, "record-consent", body)) == [("/index", "unknown_value")]


def test_a_refusal_says_why_and_frees_the_mediator(staff, mediator, database):
    done(mediator, "begin-examination")
    refused = done(mediator, "refuse", REFUSAL)
    assert refused["status"] == "not_accepted"
    assert refused["records"][-1]["words"] == {"explanation": REFUSAL["explanation"]}
    event = from_document(database.cases.find_one({})["outbox"][-1])
    apply(a_runner(database), event)
    assert places(database)["m1"] == []


def test_a_withdrawal_told_on_paper_ends_the_case(mediator, database):
    assert done(mediator, "withdraw", {"means": "paper"})["status"] == "withdrawn"
    assert told(database)[-1] == "case.withdrawn"


def test_of_two_who_act_at_once_one_gets_the_version_there_is(mediator):
    version = mediator.get(f"/v1/cases/{FIRST}").json["version"]
    results = []
    barrier = threading.Barrier(2)

    def act(command, body):
        barrier.wait(10)
        results.append(give(mediator, command, body, version=version))

    threads = [
        threading.Thread(target=act, args=("begin-examination", {})),
        threading.Thread(target=act, args=("refuse", REFUSAL)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    winner, loser = sorted(results, key=lambda r: r.status_code)
    assert winner.status_code == 200
    assert problem(loser, 412, "version_conflict")["current_version"] == version + 1


def test_commands_are_the_mediators_and_the_organisations(staff, mediator):
    version = mediator.get(f"/v1/cases/{FIRST}").json["version"]
    refused = give(staff.platform(), "begin-examination", version=version)
    problem(refused, 403, "forbidden")
    problem(give(staff.anyone("auditor"), "begin-examination", version=version), 403, "forbidden")
    problem(give(staff.mediator("m2"), "begin-examination", version=version), 404, "not_found")
    assert give(staff.administrator(), "begin-examination", version=version).status_code == 200


def test_out_of_order_a_command_is_refused_with_those_that_are_possible(mediator, database):
    before = database.cases.find_one({})
    refused = problem(give(mediator, "accept"), 409, "command_not_allowed")
    assert refused["case_status"] == "mediator_assigned"
    assert {"begin-examination", "refuse", "withdraw"} <= set(refused["allowed"])
    assert database.cases.find_one({}) == before


def test_a_rule_that_stands_against_a_command_is_named_with_its_source(mediator, database):
    seeking_consent(mediator)
    before = database.cases.find_one({})
    refused = problem(give(mediator, "accept"), 409, "rule_not_met")
    assert refused["rule"] == "all_consented"
    assert refused["source"] == "《企业劳动争议协商调解规定》第二十二条"
    assert database.cases.find_one({}) == before


def test_the_mediator_is_told_what_to_look_out_for(staff, database):
    parties = [
        {"party": "applicant", "index": 0, "kind": "person", "may_settle": True},
        {"party": "agent", "index": 0, "kind": "person", "may_settle": False},
        {"party": "respondent", "index": 0, "kind": "employer", "may_settle": True},
    ]
    flags = ["limitation_risk", "legal_aid_without_means_test", "interpreter_needed"]
    apply(a_runner(database), a_submitted_event(SECOND, flags=flags, parties=parties))
    case = staff.platform().get(f"/v1/cases/{SECOND}").json
    assert [w["code"] for w in case["warnings"]] == [
        "limitation_risk",
        "agent_cannot_settle",
        "interpreter_needed",
    ]
    assert [r["kind"] for r in case["suggested_referrals"]] == ["legal_aid"]
    ours = {d["name"]: d["due_on"] for d in case["deadlines"]}
    assert case["next_due_on"] == min(ours["acceptance_decision"], ours["examination_start"])
    assert case["overdue"] is (date.fromisoformat(case["next_due_on"]) < today())


def test_a_mediator_a_party_refused_never_has_the_case_again(staff, database):
    administrator = staff.administrator()
    done(administrator, "assign-mediator", {"mediator": "m2", "refused_by_party": True})
    assert database.cases.find_one({})["refused_mediators"] == ["m1"]
    refused = give(administrator, "assign-mediator", {"mediator": "m1"})
    problem(refused, 409, "not_eligible")
    same = give(administrator, "assign-mediator", {"mediator": "m2", "refused_by_party": True})
    problem(same, 409, "not_eligible")


# --- choice of a mediator ------------------------------------------------------------------------


@pytest.fixture
def choosing(staff, database):
    """SECOND is with a body whose applicants choose: among c4, c3 and c2, by load and id."""
    database.mediators.update_one({"_id": "c1"}, {"$set": {"capacity": 0}})
    apply(a_runner(database), a_submitted_event(SECOND, division=SHIZHONG))
    return database


def choice(answer, **more):
    return an_answer("q1", answer, kind="mediator", party="applicant", number=SECOND, **more)


def test_the_applicant_chooses_among_three(staff, choosing):
    case = staff.platform().get(f"/v1/cases/{SECOND}").json
    assert (case["status"], case["mediator"]) == ("organisation_assigned", None)
    (question,) = case["questions"]
    assert {o["id"] for o in question["options"]} == {"c2", "c3", "c4"}
    assert "mediator_choice" in {d["name"] for d in case["deadlines"]}
    assert all(held == [] for key, held in places(choosing).items() if key.startswith("c"))

    apply(a_runner(choosing), choice("c3", by_agent=True))
    case = staff.platform().get(f"/v1/cases/{SECOND}").json
    assert (case["status"], case["mediator"]["id"]) == ("mediator_assigned", "c3")
    assert case["reasons"][0]["code"] == "chosen_by_applicant"
    assert places(choosing)["c3"] == [SECOND]
    assert told(choosing, SECOND) == [
        "case.organisation_assigned",
        "case.mediators_proposed",
        "case.mediator_assigned",
    ]
    event = from_document(choosing.cases.find_one({"_id": SECOND})["outbox"][-1])
    assert (event.data["by"], event.data["settles"]) == ("applicant", ["q1"])


def test_one_who_has_no_place_left_by_then_gives_way_to_the_next(staff, choosing):
    choosing.mediators.update_one({"_id": "c3"}, {"$set": {"open": ["a", "b", "c"]}})
    apply(a_runner(choosing), choice("c3"))
    case = staff.platform().get(f"/v1/cases/{SECOND}").json
    assert case["mediator"]["id"] in {"c2", "c4"}
    assert case["reasons"][0]["code"] == "choice_unavailable"
    assert places(choosing)[case["mediator"]["id"]] == [SECOND]


def test_when_none_of_the_three_can_the_rules_assign_anew(staff, choosing):
    for key in ("c2", "c3", "c4"):
        choosing.mediators.update_one({"_id": key}, {"$set": {"active": False}})
    choosing.mediators.update_one({"_id": "c1"}, {"$set": {"capacity": 5}})
    apply(a_runner(choosing), choice("c2"))
    assert staff.platform().get(f"/v1/cases/{SECOND}").json["mediator"]["id"] == "c1"


def test_when_nobody_is_left_the_organisation_decides(staff, choosing):
    for key in ("c2", "c3", "c4"):
        choosing.mediators.update_one({"_id": key}, {"$set": {"active": False}})
    apply(a_runner(choosing), choice("c2"))
    case = staff.platform().get(f"/v1/cases/{SECOND}").json
    assert (case["status"], case["mediator"]) == ("organisation_assigned", None)
    assert case["questions"][0]["state"] != "open"
    assert "mediator_choice" not in {d["name"] for d in case["deadlines"]}
    assert told(choosing, SECOND)[-1] == "case.organisation_assigned"


def test_a_choice_that_comes_again_after_a_crash_keeps_its_place(staff, choosing):
    choosing.mediators.update_one({"_id": "c2"}, {"$set": {"capacity": 1, "open": [SECOND]}})
    apply(a_runner(choosing), choice("c2"))
    assert staff.platform().get(f"/v1/cases/{SECOND}").json["mediator"]["id"] == "c2"
    assert places(choosing)["c2"] == [SECOND]


def test_when_the_day_is_over_the_fittest_of_those_proposed_has_the_case(choosing):
    case = choosing.cases.find_one({"_id": SECOND})
    first = case["questions"][0]["options"][0]["id"]
    decision = Choosing(Directory(choosing)).nobody_chose(case, datetime.now(UTC))
    assert decision.set["mediator"]["id"] == first
    assert decision.set["reasons"][0] == "no_choice_in_time"
    assert decision.set["questions"][0]["state"] == "settled"
    assert "mediator_choice" not in {clock["name"] for clock in decision.set["clocks"]}
    (event,) = decision.events
    assert (event.data["by"], faults(event.name, event.data)) == ("rules", {})
    assert places(choosing)[first] == [SECOND]


def test_whom_the_organisation_assigns_meanwhile_the_applicant_no_longer_chooses(staff, choosing):
    administrator = staff.administrator("org-370103")
    assigned = done(administrator, "assign-mediator", {"mediator": "c4"}, number=SECOND)
    assert assigned["questions"][0]["state"] == "settled"
    apply(a_runner(choosing), choice("c2"))
    assert staff.platform().get(f"/v1/cases/{SECOND}").json["mediator"]["id"] == "c4"
    assert places(choosing)["c2"] == []


def test_the_organisation_proposes_others_by_hand(staff, choosing):
    administrator = staff.administrator("org-370103")
    choosing.mediators.update_one({"_id": "c1"}, {"$set": {"capacity": 5}})
    case = done(administrator, "propose-mediators", {"mediators": ["c1", "c2"]}, number=SECOND)
    assert [q["state"] for q in case["questions"]] == ["withdrawn", "open"]
    assert [o["id"] for o in case["questions"][1]["options"]] == ["c1", "c2"]
    case = done(administrator, "propose-mediators", number=SECOND)
    assert len(case["questions"][2]["options"]) == 3
    unknown = give(administrator, "propose-mediators", {"mediators": ["m1"]}, number=SECOND)
    assert faults_of(unknown) == [("/mediators/0", "unknown_value")]


def test_where_no_choice_is_offered_nobody_proposes(staff, database):
    database.cases.update_one({}, {"$set": {"status": "organisation_assigned", "mediator": None}})
    refused = problem(give(staff.administrator(), "propose-mediators"), 409, "rule_not_met")
    assert refused["rule"] == "choice_offered"


# --- transfer ------------------------------------------------------------------------------------


def test_a_case_moves_to_another_organisation_with_what_the_parties_agreed_to(
    staff, mediator, database
):
    seeking_consent(mediator)
    apply(a_runner(database), an_answer("q1", "agree"))
    assert done(mediator, "accept")["case_number"] == "济历劳人调〔2026〕第1号"
    body = {"organisation": "org-370100", "reason": "案情复杂，移送市中心"}
    moved = done(staff.administrator(), "transfer", body)
    assert (moved["status"], moved["organisation"]["id"]) == ("mediator_assigned", "org-370100")
    assert moved["mediator"]["id"] == "t1"
    assert (moved["case_number"], moved["accepted_at"]) == (None, None)
    assert {c["answer"] for c in moved["consents"]} == {"agree"}
    assert "mediation_end" not in {d["name"] for d in moved["deadlines"]}
    assert "acceptance_decision" in {d["name"] for d in moved["deadlines"]}
    assert (places(database)["m1"], places(database)["t1"]) == ([], [FIRST])
    assert told(database)[-2:] == ["case.transferred", "case.mediator_assigned"]
    problem(mediator.get(f"/v1/cases/{FIRST}"), 404, "not_found")

    in_town = staff.mediator("t1")
    seeking_consent(in_town)
    assert done(in_town, "accept")["case_number"] == "济劳人调〔2026〕第1号"


def test_a_case_moves_to_another_division_where_the_rules_choose(staff, mediator, database):
    seeking_consent(mediator)
    moved = done(staff.administrator(), "transfer", {"division": "370103", "reason": "管辖错误"})
    assert moved["division"] == SHIZHONG
    assert moved["organisation"]["id"] == "org-370103"
    assert (moved["status"], moved["mediator"]) == ("organisation_assigned", None)
    assert [(q["kind"], q["state"]) for q in moved["questions"]] == [
        ("consent", "withdrawn"),
        ("mediator", "open"),
    ]
    assert places(database)["m1"] == []
    stored = database.cases.find_one({})
    assert (stored["division_code"], stored["places"][0]) == ("370103", "370103")
    transferred = from_document(stored["outbox"][-2])
    assert transferred.division == "370103"
    assert transferred.data["settles"] == ["q1"]
    assert transferred.data["previous_organisation_id"] == "org-370102"


def test_a_case_goes_nowhere_where_nobody_serves_it(staff, database):
    administrator, before = staff.administrator(), database.cases.find_one({})
    refused = give(administrator, "transfer", {"division": "510104", "reason": "管辖错误"})
    problem(refused, 409, "not_eligible")
    refused = give(administrator, "transfer", {"organisation": "org-370103", "reason": "x"})
    problem(refused, 409, "not_eligible")
    refused = give(administrator, "transfer", {"organisation": "org-370102", "reason": "x"})
    problem(refused, 409, "not_eligible")
    assert database.cases.find_one({}) == before
    assert places(database)["m1"] == [FIRST]


@pytest.mark.parametrize(
    "body,expected",
    [
        ({"reason": "x"}, [("", "required")]),
        ({"division": "370103"}, [("/reason", "required")]),
        (
            {"division": "370103", "organisation": "org-370100", "reason": "x"},
            [("/division", "not_applicable")],
        ),
        ({"organisation": "org-0", "reason": "x"}, [("/organisation", "unknown_value")]),
        ({"division": "000000", "reason": "x"}, [("/division", "unknown_division")]),
    ],
)
def test_faults_of_a_transfer_are_told_at_their_place(staff, body, expected):
    assert faults_of(give(staff.administrator(), "transfer", body)) == expected


def test_a_transfer_that_loses_the_race_gives_its_place_back(staff, database, monkeypatch):
    secured = transferring.secure_place

    def somebody_is_faster(*arguments):
        newly = secured(*arguments)
        assert places(database)["t1"] == [FIRST]
        database.cases.update_one({"_id": FIRST}, {"$inc": {"version": 1}})
        return newly

    monkeypatch.setattr(transferring, "secure_place", somebody_is_faster)
    body = {"organisation": "org-370100", "reason": "案情复杂"}
    problem(give(staff.administrator(), "transfer", body), 412, "version_conflict")
    assert (places(database)["m1"], places(database)["t1"]) == ([FIRST], [])


def test_where_the_last_place_goes_to_others_the_organisation_decides(staff, database, monkeypatch):
    def always_taken(*_):
        raise Refused("capacity_exceeded")

    monkeypatch.setattr(transferring, "secure_place", always_taken)
    body = {"organisation": "org-370100", "reason": "案情复杂"}
    moved = done(staff.administrator(), "transfer", body)
    assert (moved["status"], moved["mediator"]) == ("organisation_assigned", None)


def test_a_mediator_transfers_nothing(mediator):
    refused = give(mediator, "transfer", {"division": "370103", "reason": "管辖错误"})
    problem(refused, 403, "forbidden")
