"""Sessions: when they may be, who is invited, who came; what stands against them changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from services.routing.sessions import (
    MOST_SESSIONS,
    JoinLinks,
    answer_session,
    schedule_session,
    was_held,
)
from services.routing.steps import Actor, Said, open_question
from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from shared.sealing import Hasher, new_key, records_context
from shared.settings import SettingsError
from tests.builders.cases import a_mediator, an_organisation
from tests.builders.lives import (
    APPLICANT,
    LIVES,
    RECORDS,
    RESPONDENT,
    a_life,
    a_record,
    a_session,
)
from tests.builders.refusals import refused, rule_not_met

INVITED = (*LIVES["accepted"], "schedule-session")


def accepted(**submitted):
    return a_life(*LIVES["accepted"], **submitted)


def invited(**submitted):
    return a_life(*INVITED, **submitted)


def told(life):
    event = from_document(life.document["outbox"][-1])
    assert faults(event.name, event.data) == {}
    return event


def words(event):
    sealed = event.data["particulars"]
    return orjson.loads(RECORDS.open(sealed, records_context(event.subject)))


def session(life, **changes):
    return {**a_session(life), **changes}


def in_time(life, **time):
    return (life.at + timedelta(**time)).isoformat()


# --- scheduling ----------------------------------------------------------------------------------


def test_a_session_invites_all_parties_and_the_mediation_begins():
    life = invited()
    case, event = life.document, told(life)
    assert (case["status"], event.name) == ("mediating", "case.session_scheduled")
    assert [s["status"] for s in case["sessions"]] == ["scheduled"]
    (question,) = [q for q in case["questions"] if q["kind"] == "session"]
    assert (question["about"], question["to"]) == ("s1", [APPLICANT, RESPONDENT])
    assert event.data["session"] == {
        "id": "s1",
        "number": 1,
        "mode": "online",
        "place": None,
        "starts_at": "2026-11-18T03:02:00Z",
        "ends_at": "2026-11-18T03:08:00Z",
    }


def test_the_join_link_is_only_among_the_sealed_words():
    event = told(invited())
    assert words(event) == {"join_url": "https://meet.example.org/a-room"}
    assert b"meet.example.org" not in orjson.dumps(event.data)


def test_a_link_that_the_mediator_states_is_the_one_that_counts():
    life = accepted()
    life.give("schedule-session", session(life, join_url="https://talk.example.com/r?x=1"))
    assert words(told(life))["join_url"] == "https://talk.example.com/r?x=1"


def test_without_a_provider_an_online_session_needs_a_link_of_its_own():
    life = accepted()
    given = replace(life.given("schedule-session", a_session(life)), found=None)
    with refused("validation_failed", "/join_url"):
        schedule_session(life.document, given)


def test_only_a_women_workers_station_invites_the_bodies_that_keep_it():
    bodies = ["union", "womens_federation", "union"]
    life = accepted()
    with refused("validation_failed", "/joint_bodies"):
        life.decide("schedule-session", session(life, joint_bodies=bodies))
    station = a_life(
        *LIVES["accepted"],
        organisation=an_organisation(kind="women_workers_station"),
        mediator=a_mediator(specialisms=["women_workers"]),
        flags=["women_workers"],
    )
    station.give("schedule-session", session(station, joint_bodies=bodies))
    assert words(told(station))["joint_bodies"] == ["union", "womens_federation"]


def test_a_session_on_site_is_somewhere_and_has_no_link():
    life = accepted()
    with refused("validation_failed", "/place"):
        life.decide("schedule-session", session(life, mode="on_site"))
    life.give("schedule-session", session(life, mode="on_site", place="二楼调解室", note="带原件"))
    assert told(life).data["session"]["place"] == "二楼调解室"
    assert words(told(life)) == {"note": "带原件"}


@pytest.mark.parametrize(
    "link", ["http://meet.example.org/x", "javascript:alert(1)", "https://", "https://a b/"]
)
def test_a_link_is_https(link):
    life = accepted()
    with refused("validation_failed", "/join_url"):
        life.decide("schedule-session", session(life, join_url=link))


@pytest.mark.parametrize(
    "starts,ends,places",
    [
        ({"minutes": -1}, {"minutes": 30}, ["/starts_at"]),
        ({"days": 181}, {"days": 181, "hours": 1}, ["/starts_at"]),
        ({"hours": 2}, {"hours": 2}, ["/ends_at"]),
        ({"hours": 2}, {"hours": 1}, ["/ends_at"]),
        ({"hours": 1}, {"hours": 9, "seconds": 1}, ["/ends_at"]),
        ({"days": -1}, {"days": -2}, ["/starts_at", "/ends_at"]),
    ],
)
def test_a_session_lies_ahead_and_is_of_a_day_at_most(starts, ends, places):
    life = accepted()
    times = {"starts_at": in_time(life, **starts), "ends_at": in_time(life, **ends)}
    with rule_not_met("session_ahead", *places):
        life.decide("schedule-session", session(life, **times))


@pytest.mark.parametrize("begin,end", [(1, 3), (3, 5), (2, 4), (0, 30), (7, 9)])
def test_sessions_of_a_case_do_not_lie_on_top_of_each_other(begin, end):
    life = invited()
    starts_at = life.document["sessions"][0]["starts_at"] + timedelta(minutes=30)
    life.document["sessions"][0] |= {
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=8),
    }
    times = {
        "starts_at": (starts_at + timedelta(minutes=begin)).isoformat(),
        "ends_at": (starts_at + timedelta(minutes=end)).isoformat(),
    }
    with rule_not_met("sessions_apart", slug="sessions_overlap"):
        life.decide("schedule-session", session(life, **times))


def test_sessions_may_follow_each_other_at_once():
    life = accepted()
    first = {"starts_at": in_time(life, hours=1), "ends_at": in_time(life, hours=2)}
    second = {"starts_at": in_time(life, hours=2), "ends_at": in_time(life, hours=3)}
    life.give("schedule-session", session(life, **first))
    life.give("schedule-session", session(life, **second))
    assert [s["id"] for s in life.document["sessions"]] == ["s1", "s2"]


def test_sessions_of_a_case_have_a_bound():
    life = invited()
    life.document["sessions"] *= MOST_SESSIONS
    with refused("validation_failed", "/starts_at"):
        life.decide("schedule-session")


# --- answers -------------------------------------------------------------------------------------


def test_a_party_asks_for_another_time_and_thinks_better_of_it():
    life = a_life(*INVITED)
    question = open_question(life.document, "session")
    for answer in ("another_time", "confirm"):
        party = ("respondent", 0)
        said = Said(question["id"], party, answer, "code", life.at, Actor("respondent"))
        life.apply(answer_session(life.document, said))
        event = told(life)
        assert event.data | {"session_id": "s1", "answer": answer, "party": "respondent"} == dict(
            event.data
        )
    asked = open_question(life.document, "session")
    assert [a["answer"] for a in asked["answers"]] == ["confirm"]
    assert life.document["sessions"][0]["status"] == "scheduled"


def test_staff_note_an_answer_given_by_phone():
    life = invited()
    life.give(
        "answer-session",
        {**APPLICANT, "session": "s1", "answer": "another_time", "means": "phone"},
    )
    assert told(life).data["means"] == "phone"
    assert life.document["history"][-1]["by"] == "mediator"


def test_nobody_but_those_invited_answers_and_only_while_it_is_asked():
    life = invited()
    stranger = {"party": "respondent", "index": 1, "answer": "confirm", "means": "phone"}
    with refused("question_not_open"):
        life.decide("answer-session", {**stranger, "session": "s1"})
    with refused("validation_failed", "/session"):
        life.decide("answer-session", {**stranger, "session": "s7"})
    life.give("cancel-session")
    with refused("validation_failed", "/session"):
        life.decide("answer-session", {**stranger, "session": "s1"})


# --- cancelled and held --------------------------------------------------------------------------


def test_a_cancelled_session_is_told_with_its_reason_and_nobody_is_asked_any_longer():
    life = invited().give("cancel-session")
    event = told(life)
    assert (event.name, event.data["session_id"]) == ("case.session_cancelled", "s1")
    assert words(event) == {"reason": "调解员临时有事"}
    assert open_question(life.document, "session") is None
    with refused("validation_failed", "/session"):
        life.decide("cancel-session")


def test_a_record_says_who_stayed_away_and_keeps_what_was_said_sealed():
    life = invited()
    attendance = [
        {**APPLICANT, "attendance": "represented", "represented_by": "虚构代理人"},
        {**RESPONDENT, "attendance": "absent"},
    ]
    life.give("record-session", {**a_record(life), "attendance": attendance, "result": "adjourned"})
    event = told(life)
    assert event.data["absent"] == [RESPONDENT]
    assert b"\xe8\x99\x9a\xe6\x9e\x84" not in orjson.dumps(event.data)
    said = words(event)
    assert said["attendance"] == attendance
    assert (said["result"], said["minutes"]) == ("adjourned", a_record(life)["minutes"])
    held = life.document["sessions"][0]
    assert held["status"] == "held"
    assert held["attendance"] == [
        {**APPLICANT, "attendance": "represented"},
        {**RESPONDENT, "attendance": "absent"},
    ]
    assert open_question(life.document, "session") is None
    assert was_held(life.document)


def test_a_session_nobody_came_to_was_not_held():
    life = invited()
    absent = [{**p, "attendance": "absent"} for p in (APPLICANT, RESPONDENT)]
    life.give("record-session", {**a_record(life), "attendance": absent})
    assert told(life).data["absent"] == [APPLICANT, RESPONDENT]
    assert not was_held(life.document)


def test_a_session_is_not_recorded_before_it_begins():
    life = accepted()
    times = {"starts_at": in_time(life, hours=1), "ends_at": in_time(life, hours=2)}
    life.give("schedule-session", session(life, **times))
    with rule_not_met("session_begun"):
        life.decide("record-session")


@pytest.mark.parametrize(
    "parties,place",
    [
        ([APPLICANT], "/attendance/1"),
        ([APPLICANT, RESPONDENT, RESPONDENT], "/attendance/2/index"),
        ([APPLICANT, RESPONDENT, {"party": "respondent", "index": 3}], "/attendance/2/index"),
    ],
)
def test_a_record_names_every_party_once(parties, place):
    life = invited()
    attendance = [{**p, "attendance": "present"} for p in parties]
    with refused("validation_failed", place):
        life.decide("record-session", {**a_record(life), "attendance": attendance})


# --- links ---------------------------------------------------------------------------------------


def test_a_providers_link_is_the_same_for_a_session_and_guessed_by_nobody():
    hasher = Hasher.parse(new_key())
    links = JoinLinks("https://meet.example.org/{room}?lang=zh", hasher)
    first = links("2634626885086477", "s1")
    assert first == links("2634626885086477", "s1")
    others = {links("2634626885086477", "s2"), links("2634626885086400", "s1")}
    others.add(JoinLinks(links.template, Hasher.parse(new_key()))("2634626885086477", "s1"))
    assert len({first, *others}) == 4
    assert "2634626885086477" not in first
    assert JoinLinks("", hasher)("2634626885086477", "s1") is None


@pytest.mark.parametrize("template", ["http://m.example/{room}", "https://m.example/", "{room}"])
def test_a_template_that_makes_no_links_is_refused_at_start(template):
    with pytest.raises(SettingsError, match="SESSION_LINK_TEMPLATE"):
        JoinLinks(template, Hasher.parse(new_key()))
