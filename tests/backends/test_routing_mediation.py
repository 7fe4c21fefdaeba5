"""An accepted case through HTTP to the archive, as its mediator and both administrators work it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from services.routing.booking import hours_of
from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from shared.sealing import records_context
from tests.builders.cases import a_mediator, an_organisation
from tests.builders.lives import APPLICANT, RESPONDENT, a_case_in
from tests.builders.routing import Staff, a_later_event, a_runner, apply, faults_of, fill, serials

BODY = an_organisation()
MEDIATOR, COLLEAGUE = a_mediator(id="m1"), a_mediator(id="m2", name="程远林")
FIRST, SECOND, THIRD = (number for number, _ in zip(serials(31), range(3), strict=False))
LINKS = "https://meet.example.org/{room}"


class Desk:
    """The people who work with cases, the database, and what has been told so far."""

    def __init__(self, database, folder):
        fill(database, [BODY], [MEDIATOR, COLLEAGUE])
        self.database = database
        self.staff = Staff(database, folder, session_link_template=LINKS)
        self.mediator = self.staff.mediator("m1")
        self.administrator = self.staff.administrator()
        self.platform = self.staff.platform()
        self.runner = a_runner(database)
        self.answered = 0

    def have(self, status, number=FIRST, **submitted):
        """A case that m1 has, received two hours ago."""
        case = a_case_in(
            status,
            serial_number=number,
            organisation=BODY,
            mediator=MEDIATOR,
            at=datetime.now(UTC) - timedelta(hours=6),
            records=self.staff.records,
            **submitted,
        )
        self.database.cases.insert_one(case)
        self.database.mediators.update_one({"_id": "m1"}, {"$push": {"open": number}})
        return case

    def case(self, number=FIRST):
        return self.database.cases.find_one({"_id": number})

    def give(self, asking, command, body=None, number=FIRST, version=None):
        version = version or self.case(number)["version"]
        return asking("POST", f"/v1/cases/{number}/{command}", body or {}, version=version)

    def done(self, asking, command, body=None, number=FIRST):
        response = self.give(asking, command, body, number)
        assert response.status_code == 200, response.json
        return response.json

    def answer(self, side, kind, answer, number=FIRST, means="code", **more):
        """What intake tells when a party answers the open question of a kind."""
        (question,) = [
            q for q in self.case(number)["questions"] if q["kind"] == kind and q["state"] == "open"
        ]
        self.answered += 1
        event = a_later_event(
            "application.answered",
            number,
            self.answered + 1,
            party=side,
            index=0,
            question=question["id"],
            kind=kind,
            answer=answer,
            means=means,
            by_agent=False,
            answered_at=datetime.now(UTC).isoformat(),
            **more,
        )
        apply(self.runner, event)

    def told(self, number=FIRST):
        events = [from_document(e) for e in self.case(number)["outbox"]]
        assert [faults(e.name, e.data) for e in events] == [{}] * len(events)
        return events

    def hours(self, mediator="m1"):
        found = self.database.mediators.find_one({"_id": mediator})
        return sorted((b["serial"], b["session"]) for b in found.get("bookings", ()))


@pytest.fixture
def desk(database, tmp_path):
    return Desk(database, tmp_path)


def in_time(**time):
    return (datetime.now(UTC) + timedelta(**time)).isoformat()


def session(begin=1, end=2, **changes):
    """Online, so many hours from now."""
    times = {"starts_at": in_time(hours=begin), "ends_at": in_time(hours=end)}
    return {"mode": "online", **times, **changes}


def an_agreement(**changes):
    item = {
        "obligor": RESPONDENT,
        "obligee": APPLICANT,
        "what": "支付劳动报酬",
        "amount_cny": 18000,
        "due_on": in_time(days=14)[:10],
        "manner": "银行转账",
    }
    text = {"claims": ["支付劳动报酬"], "result": "一次性支付18000元（虚构）", "items": [item]}
    return {**text, **changes}


def problem(response, status, code):
    assert (response.status_code, response.json.get("code")) == (status, code), response.json
    return response.json


# --- the whole way -------------------------------------------------------------------------------


def test_an_accepted_case_is_worked_to_the_archive(desk):
    desk.have("accepted")
    soon = datetime.now(UTC) + timedelta(seconds=2)
    when = {"starts_at": soon.isoformat(), "ends_at": (soon + timedelta(hours=1)).isoformat()}
    case = desk.done(desk.mediator, "schedule-session", {"mode": "online", **when})
    assert case["status"] == "mediating"
    assert desk.hours() == [(FIRST, "s1")]
    link = words(desk, desk.told()[-1])["join_url"]
    assert link.startswith("https://meet.example.org/")
    assert FIRST not in link

    desk.answer("respondent", "session", "confirm")
    desk.done(desk.mediator, "extend", {"until": in_time(days=30)[:10]})
    desk.answer("applicant", "extension", "agree", means="token")
    desk.answer("respondent", "extension", "agree")
    assert desk.case()["extension"]["state"] == "agreed"

    time.sleep(2.1)
    attendance = [{**p, "attendance": "present"} for p in (APPLICANT, RESPONDENT)]
    record = {"session": "s1", "attendance": attendance, "minutes": "双方陈述意见（虚构）"}
    desk.done(desk.mediator, "record-session", record)
    assert desk.hours() == []
    desk.done(desk.mediator, "record-proposal", {"by": "respondent", "terms": "支付18000元"})

    assert desk.done(desk.mediator, "record-agreement", an_agreement())["status"] == "agreed"
    desk.answer("applicant", "signature", "sign", means="token")
    desk.answer("respondent", "signature", "sign")
    desk.done(desk.mediator, "sign", {"signatory": "mediator", "means": "in_person"})
    signed = desk.done(desk.administrator, "sign", {"signatory": "organisation", "means": "seal"})
    assert signed["status"] == "agreement_signed"
    assert "judicial_confirmation" in {d["name"] for d in signed["deadlines"]}

    desk.done(desk.mediator, "refer", {"kind": "arbitration_review"})
    desk.answer("applicant", "referral", "willing")
    desk.answer("respondent", "referral", "willing")
    assert desk.case()["status"] == "review_requested"
    desk.done(desk.mediator, "confirm-review")
    desk.done(desk.mediator, "confirm-performance")
    closed = desk.done(desk.mediator, "close")
    assert closed["status"] == "closed"
    problem(desk.give(desk.platform, "archive"), 409, "rule_not_met")

    long_ago = datetime.now(UTC) - timedelta(days=50)
    desk.database.cases.update_one({}, {"$set": {"closed_at": long_ago}})
    assert desk.done(desk.platform, "archive")["status"] == "archived"
    assert [e.name for e in desk.told()][-19:] == [
        "case.session_scheduled",
        "case.session_answered",
        "case.extension_proposed",
        "case.mediation_extended",
        "case.session_held",
        "case.proposal_made",
        "case.agreement_recorded",
        *["case.signature_recorded"] * 4,
        "case.agreement_signed",
        "case.referral_opened",
        "case.referral_changed",
        "case.review_requested",
        "case.review_confirmed",
        "case.performed",
        "case.closed",
        "case.archived",
    ]
    assert desk.case()["history_hash"] == desk.told()[-1].hash


def words(desk, event):
    sealed = event.data["particulars"]
    return orjson.loads(desk.staff.records.open(sealed, records_context(event.subject)))


def test_a_failed_case_frees_its_mediator_is_closed_and_reopened(desk):
    desk.have("accepted")
    desk.done(desk.mediator, "schedule-session", session())
    desk.done(desk.mediator, "fail", {"reason": "no_agreement", "explanation": "分歧较大"})
    apply(desk.runner, desk.told()[-1])
    found = desk.database.mediators.find_one({"_id": "m1"})
    assert (found["open"], found["bookings"]) == ([], [])
    desk.done(desk.mediator, "close")
    problem(desk.give(desk.mediator, "reopen", {"reason": "新材料"}), 403, "forbidden")
    reopened = desk.done(desk.administrator, "reopen", {"reason": "新材料"})
    assert (reopened["status"], reopened["mediator"]) == ("organisation_assigned", None)
    desk.done(desk.administrator, "assign-mediator", {"mediator": "m2"})
    assert desk.case()["mediator"]["id"] == "m2"


# --- refusals change nothing ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "body,rule,places",
    [
        (session(-2, 1), "session_ahead", {"/starts_at"}),
        (session(24 * 181, 24 * 181 + 1), "session_ahead", {"/starts_at"}),
        (session(2, 1), "session_ahead", {"/ends_at"}),
        (session(1, 10), "session_ahead", {"/ends_at"}),
    ],
)
def test_a_session_at_an_impossible_time_is_refused_with_rule_and_source(desk, body, rule, places):
    before = desk.have("accepted")
    said = problem(desk.give(desk.mediator, "schedule-session", body), 409, "rule_not_met")
    assert said["rule"] == rule
    assert said["source"] == "本平台服务规则"
    assert {e["pointer"] for e in said["errors"]} == places
    assert desk.case()["version"] == before["version"]
    assert desk.hours() == []


def test_an_incomplete_agreement_is_refused_with_what_is_missing(desk):
    before = desk.have("mediating")
    response = desk.give(desk.mediator, "record-agreement", an_agreement(result=None, claims=[]))
    said = problem(response, 409, "rule_not_met")
    assert (said["rule"], said["source"]) == (
        "agreement_complete",
        "《企业劳动争议协商调解规定》第二十六条",
    )
    assert [e["pointer"] for e in said["errors"]] == ["/claims", "/result"]
    assert desk.case()["version"] == before["version"]


def test_an_unknown_shape_is_told_at_its_place(desk):
    desk.have("mediating")
    wrong = an_agreement(items=[{"obligor": {"party": "judge", "index": 0}}], colour="red")
    response = desk.give(desk.mediator, "record-agreement", wrong)
    assert faults_of(response) == [
        ("/colour", "unknown_field"),
        ("/items/0/obligor/party", "unknown_value"),
    ]


def test_a_mediator_is_not_in_two_sessions_at_once(desk):
    desk.have("accepted")
    desk.have("accepted", SECOND)
    desk.done(desk.mediator, "schedule-session", session(1, 3))
    response = desk.give(desk.mediator, "schedule-session", session(2, 4), SECOND)
    said = problem(response, 409, "sessions_overlap")
    assert said["rule"] == "sessions_apart"
    assert desk.case(SECOND)["status"] == "accepted"
    desk.done(desk.mediator, "schedule-session", session(3.01, 4), SECOND)
    response = desk.give(desk.mediator, "schedule-session", session(2, 2.5))
    problem(response, 409, "sessions_overlap")
    desk.done(desk.mediator, "cancel-session", {"session": "s1", "reason": "改期"})
    desk.done(desk.mediator, "schedule-session", session(2, 2.5))
    assert desk.hours() == sorted([(FIRST, "s2"), (SECOND, "s1")])


def test_of_two_who_schedule_at_once_one_wins_and_the_hours_are_those_of_the_case(desk):
    version = desk.have("accepted")["version"]
    asked = [
        (desk.staff.mediator("m1"), session(1, 2)),
        (desk.staff.administrator(), session(5, 6)),
    ] * 2
    codes, ready = [], threading.Barrier(len(asked), timeout=20)

    def schedule(asking, body):
        ready.wait()
        codes.append(desk.give(asking, "schedule-session", body, version=version).status_code)

    threads = [threading.Thread(target=schedule, args=one) for one in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert codes.count(200) == 1
    assert set(codes) <= {200, 409, 412}
    (kept,) = hours_of(desk.case()).values()
    bookings = desk.database.mediators.find_one({"_id": "m1"})["bookings"]
    assert [(b["session"], b["starts_at"]) for b in bookings] == [("s1", kept.starts_at)]


def test_a_reassigned_case_keeps_its_sessions_if_the_new_mediator_is_free(desk):
    desk.have("accepted")
    desk.have("accepted", SECOND)
    desk.done(desk.mediator, "schedule-session", session(1, 3))
    desk.done(desk.mediator, "schedule-session", session(4, 5), SECOND)
    desk.done(desk.administrator, "assign-mediator", {"mediator": "m2"})
    assert (desk.hours("m1"), desk.hours("m2")) == ([(SECOND, "s1")], [(FIRST, "s1")])
    colleague = desk.staff.mediator("m2")
    desk.done(colleague, "schedule-session", session(3.9, 4.5))
    response = desk.give(desk.administrator, "assign-mediator", {"mediator": "m2"}, SECOND)
    problem(response, 409, "sessions_overlap")
    assert desk.case(SECOND)["mediator"]["id"] == "m1"
    assert SECOND not in desk.database.mediators.find_one({"_id": "m2"})["open"]


def test_a_party_that_does_not_sign_sends_the_case_back(desk):
    desk.have("agreed")
    desk.answer("respondent", "signature", "decline")
    assert (desk.case()["status"], desk.told()[-1].name) == ("mediating", "case.agreement_declined")


def test_a_general_agents_code_does_not_sign(desk):
    parties = [
        {**APPLICANT, "kind": "person", "may_settle": True},
        {"party": "agent", "index": 0, "kind": "person", "may_settle": False},
        {**RESPONDENT, "kind": "employer", "may_settle": True},
    ]
    desk.have("agreed", parties=parties)
    desk.answer("applicant", "signature", "sign", means="code")
    assert desk.case()["agreement"]["signatures"] == []
    desk.answer("applicant", "signature", "sign", means="token")
    assert [s["signatory"] for s in desk.case()["agreement"]["signatures"]] == ["applicant"]


def test_what_was_said_is_nowhere_to_be_read(desk):
    desk.have("mediating")
    secret = "仅此一句的方案"
    body = {"by": "applicant", "terms": secret}
    response = desk.give(desk.staff.platform(), "record-proposal", body)
    problem(response, 403, "forbidden")
    desk.done(desk.mediator, "record-proposal", body)
    desk.done(desk.mediator, "record-agreement", an_agreement(remarks=secret))
    assert secret not in str(desk.case())
    assert secret not in desk.platform.get(f"/v1/cases/{FIRST}").text
