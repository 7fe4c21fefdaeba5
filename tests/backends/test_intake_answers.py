"""What parties are asked and answer, without an account: codes, tokens, and what comes of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import orjson
import pytest
from werkzeug.test import TestResponse

from services.intake import handlers
from services.intake.answering import CHANGES_MOST
from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from shared.sealing import Keyring, records_context
from tests.builders.applications import (
    a_collective_application,
    a_riders_application,
    an_application,
    an_id_number,
    with_agent,
)
from tests.builders.events import an_event
from tests.web import Web, problem

MEDIATORS = [{"id": "med-1", "name": "林知远"}, {"id": "med-2", "name": "程远林"}]
SESSION = {
    "id": "s1", "number": 1, "mode": "online", "place": None,
    "starts_at": "2026-12-01T01:00:00+00:00", "ends_at": "2026-12-01T03:00:00+00:00",
}  # fmt: skip


def to(party: str, *indexes: int) -> list[dict[str, Any]]:
    return [{"party": party, "index": index} for index in indexes]


class Case:
    """An application, what its case asks, and everybody's codes."""

    def __init__(self, web: Web, body: Any = None) -> None:
        self.web = web
        self.body = body or an_application()
        self.answer = web.call("POST", "/v1/applications", self.body).get_json()
        self.number = self.answer["serial_number"]
        self.sequence = 0
        keyring = Keyring.parse(web.settings.contact_keys)
        sealed = self.stored["outbox"][0]["data"]["contacts"]
        persons = orjson.loads(keyring.open(sealed, f"contacts:{self.number}"))["persons"]
        self.codes = [p["code"] for p in persons if p["party"] == "respondent"]

    @property
    def stored(self) -> dict[str, Any]:
        return dict(self.web.database.applications.find_one({"_id": self.number}) or {})

    @property
    def answered(self) -> list[dict[str, Any]]:
        events = [from_document(each) for each in self.stored["outbox"]]
        return [dict(e.data) for e in events if e.name == "application.answered"]

    def learns(self, name: str, status: str, **more: Any) -> None:
        self.sequence += 1
        event = an_event(name, serial=self.number, sequence=self.sequence, status=status, **more)
        self.web.runner(handlers.HANDLERS).apply([event.to_json()])

    def asks(self, number: int, kind: str, whom: list[dict[str, Any]], **more: Any) -> None:
        about = more.pop("about", None)
        question = {
            "id": f"q{number}", "kind": kind, "to": whom, "options": more.pop("options", []),
            "about": about, "expires_on": "2026-12-01",
        }  # fmt: skip
        name = more.pop("name", "case.consent_sought")
        self.learns(name, more.pop("status", "seeking_consent"), asks=[question], **more)

    def call(
        self, method: str, path: str, body: Any = None, *, code: str | None = None, **more: Any
    ) -> TestResponse:
        """By the receipt's code unless another, or a token, is given."""
        token = more.pop("token", None)
        headers = token or {"X-Query-Code": code or self.answer["query_code"]}
        headers = {**headers, **more.pop("headers", {})}
        return self.web.call(
            method, f"/v1/applications/{self.number}{path}", body, headers=headers, **more
        )

    def questions(self, **more: Any) -> Any:
        return self.call("GET", "/questions", **more).get_json()

    def says(self, question: str, answer: str, **more: Any) -> TestResponse:
        body = {"question": question, "answer": answer}
        if "note" in more:
            body["note"] = more.pop("note")
        return self.call("POST", "/answers", body, **more)

    def consents(self, answer: str = "agree", **more: Any) -> TestResponse:
        return self.call("POST", "/consent", {"answer": answer}, **more)


@pytest.fixture
def case(intake: Web) -> Case:
    return Case(intake)


# --- answering -------------------------------------------------------------------------------


def test_a_respondent_consents_with_its_code_and_no_login(case: Case) -> None:
    case.asks(1, "consent", to("respondent", 0))
    (item,) = case.questions(code=case.codes[0])["items"]
    assert item["text"] == "是否同意通过调解解决争议"
    assert item["answers"] == [
        {"answer": "agree", "text": "同意"},
        {"answer": "decline", "text": "不同意"},
    ]
    response = case.consents(code=case.codes[0])
    said = response.get_json()
    assert response.status_code == 200
    assert (said["party"], said["index"], said["answer"]) == ("respondent", 0, "agree")
    assert (said["means"], said["answer_text"]) == ("code", "同意")
    assert "办理进度" in said["what_follows"]
    (told,) = case.answered
    answered_at = told.pop("answered_at")
    assert answered_at.startswith(said["answered_at"][:16])
    assert told == {
        "party": "respondent",
        "index": 0,
        "question": "q1",
        "kind": "consent",
        "answer": "agree",
        "means": "code",
        "by_agent": False,
    }
    assert faults("application.answered", {**told, "answered_at": answered_at}) == {}
    assert case.questions(code=case.codes[0])["items"][0]["answered"] == "agree"


def test_words_are_sealed_for_routing_and_stand_nowhere_else(case: Case) -> None:
    case.asks(1, "consent", to("respondent", 0))
    case.says("q1", "decline", code=case.codes[0], note="已另行协商此独一句")
    keyring = Keyring.parse(case.web.settings.record_keys)
    opened = keyring.open(case.answered[0]["particulars"], records_context(case.number))
    assert orjson.loads(opened) == {"note": "已另行协商此独一句"}
    assert "独一句".encode() not in case.web.dump()


def test_the_same_answer_again_is_answered_again_and_told_once(case: Case) -> None:
    case.asks(1, "consent", to("respondent", 0))
    first = case.says("q1", "agree", code=case.codes[0], note="同意")
    again = case.says("q1", "agree", code=case.codes[0], note="同意")
    assert (again.status_code, again.data) == (200, first.data)
    assert len(case.answered) == 1
    case.says("q1", "agree", code=case.codes[0], note="但请安排在下午")
    case.says("q1", "decline", code=case.codes[0])
    assert [told["answer"] for told in case.answered] == ["agree", "agree", "decline"]


def test_answers_at_the_same_moment_are_told_once(case: Case) -> None:
    case.asks(1, "consent", to("respondent", 0))
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: case.consents(code=case.codes[0]).status_code, range(6)))
    assert set(made) == {200}
    assert len(case.answered) == 1


def test_a_party_may_change_its_mind_a_bounded_number_of_times(case: Case) -> None:
    case.asks(1, "consent", to("respondent", 0))
    for turn in range(CHANGES_MOST):
        assert case.consents(("agree", "decline")[turn % 2], code=case.codes[0]).status_code == 200
    refused = problem(case.consents(code=case.codes[0]), 422, "validation_failed")
    assert refused["errors"][0]["code"] == "too_many"
    assert len(case.stored["answers"]) == 1


def test_an_answer_that_is_none_is_refused_naming_the_possible_ones(case: Case) -> None:
    case.asks(1, "mediator", to("applicant", 0), options=MEDIATORS, name="case.mediators_proposed",
              status="organisation_assigned",
              organisation={"id": "org-1", "name": "x", "kind": "township", "phone": "1"})  # fmt: skip
    refused = problem(case.says("q1", "med-9"), 422, "validation_failed")
    (error,) = refused["errors"]
    assert (error["pointer"], error["code"]) == ("/answer", "unknown_value")
    assert "med-1（林知远）" in error["message"]
    assert "med-9" not in error["message"]
    assert case.says("q1", "med-2").get_json()["answer_text"] == "程远林"


def test_a_settled_question_is_no_longer_answered(case: Case) -> None:
    case.asks(1, "consent", to("respondent", 0))
    case.learns("case.accepted", "accepted", settles=["q1"])
    problem(case.consents(code=case.codes[0]), 409, "question_not_open")
    problem(case.says("q1", "agree", code=case.codes[0]), 409, "question_not_open")
    assert case.questions(code=case.codes[0])["items"] == []


def test_nobody_answers_for_another_party(intake: Web) -> None:
    case = Case(intake, a_riders_application())
    case.asks(1, "consent", to("respondent", 0, 1))
    case.asks(2, "consent", to("respondent", 1))
    assert [q["id"] for q in case.questions(code=case.codes[0])["items"]] == ["q1"]
    assert [q["id"] for q in case.questions(code=case.codes[1])["items"]] == ["q1", "q2"]
    problem(case.says("q2", "agree", code=case.codes[0]), 409, "question_not_open")
    problem(case.says("q1", "agree"), 409, "question_not_open")
    problem(case.consents(), 409, "question_not_open")
    assert case.answered == []


def test_nothing_is_asked_any_more_of_who_withdrew(case: Case) -> None:
    case.asks(1, "session", to("applicant", 0), name="case.session_scheduled", session=SESSION)
    assert len(case.questions()["items"]) == 1
    case.call("POST", "/withdrawal")
    assert case.questions()["items"] == []


def test_a_question_says_what_it_is_about(case: Case) -> None:
    case.asks(1, "session", to("applicant", 0), about="s1", name="case.session_scheduled",
              status="mediating", session=SESSION)  # fmt: skip
    (item,) = case.questions()["items"]
    assert item["about"] == "第1次调解会：2026年12月1日09:00–11:00（北京时间），线上"
    english = case.questions(headers={"Accept-Language": "en"})["items"][0]
    assert english["about"] == "Session 1: 2026-12-01, 09:00–11:00 Beijing time, online"
    assert (item["about_id"], item["expires_on"]) == ("s1", "2026-12-01")


@pytest.mark.parametrize(
    "body", [b"{", {}, {"question": "q1"}, {"question": "q1", "answer": ["agree"]}, []]
)
def test_a_faulty_answer_changes_nothing(case: Case, body: Any) -> None:
    case.asks(1, "session", to("applicant", 0), name="case.session_scheduled", session=SESSION)
    assert case.call("POST", "/answers", body).status_code in (415, 422)
    assert case.answered == []


# --- who is who ------------------------------------------------------------------------------


def test_a_token_says_who_of_applicant_agent_and_respondent_answers(intake: Web) -> None:
    body = with_agent(an_application())
    number = an_id_number(born=date(1970, 1, 2), seed=5)
    person = {"party_type": "natural_person", "name": "钱某", "id_type": "resident_id"}
    body["respondents"][0] = {**person, "id_number": number}
    case = Case(intake, body)
    case.asks(1, "session", [*to("applicant", 0), *to("respondent", 0)], session=SESSION,
              name="case.session_scheduled", status="mediating")  # fmt: skip
    for role, who in (
        ("applicant", body["applicant"]),
        ("agent", body["agent"]),
        ("respondent", body["respondents"][0]),
    ):
        token = intake.token(role, id_number=who["id_number"])
        assert case.says("q1", "confirm", token=token).status_code == 200
    assert [(t["party"], t["means"], t["by_agent"]) for t in case.answered] == [
        ("applicant", "token", False),
        ("applicant", "token", True),
        ("respondent", "token", False),
    ]


def test_an_agent_without_authority_to_settle_does_not_sign(intake: Web) -> None:
    body = with_agent(an_application())
    body["agent"] |= {"authority": "general", "authority_scope": []}
    case = Case(intake, body)
    case.asks(1, "signature", to("applicant", 0), name="case.agreement_recorded",
              status="agreed", version=1)  # fmt: skip
    agent = intake.token("agent", id_number=body["agent"]["id_number"])
    refused = problem(case.says("q1", "sign", token=agent), 409, "rule_not_met")
    assert refused["rule"] == "authorised_to_settle"
    assert case.says("q1", "decline", token=agent).status_code == 200
    own = intake.token("applicant", id_number=body["applicant"]["id_number"])
    assert case.says("q1", "sign", token=own).status_code == 200


def test_in_a_collective_each_representative_answers_for_itself_and_the_others_do_not(
    intake: Web,
) -> None:
    body = a_collective_application()
    case = Case(intake, body)
    case.asks(1, "session", to("applicant", 0, 1, 2), session=SESSION,
              name="case.session_scheduled", status="mediating")  # fmt: skip
    second, represented = (
        intake.token("applicant", id_number=body["co_applicants"][place]["id_number"])
        for place in (1, 7)
    )
    assert case.says("q1", "confirm", token=second).get_json()["index"] == 1
    assert case.says("q1", "confirm").get_json()["index"] == 0
    assert case.questions(token=represented)["index"] is None
    problem(case.says("q1", "confirm", token=represented), 409, "question_not_open")


# --- codes -----------------------------------------------------------------------------------


def wrong(response: TestResponse) -> Any:
    body = problem(response, 403, "query_code_wrong")
    return {name: value for name, value in body.items() if name != "instance"}


def test_before_anything_is_asked_of_respondents_their_code_is_as_good_as_a_wrong_one(
    case: Case,
) -> None:
    guessed = wrong(case.call("GET", "/questions", code="ABCD-EFGH"))
    assert wrong(case.call("GET", "/questions", code=case.codes[0])) == guessed
    assert wrong(case.consents(code=case.codes[0])) == guessed
    # and it counts like one: five lock the application
    for _ in range(2):
        wrong(case.call("GET", "/questions", code=case.codes[0]))
    problem(case.call("GET", "/questions", code="ABCD-EFGH"), 429, "too_many_attempts")


def test_a_respondents_token_is_a_strangers_until_it_is_asked(intake: Web) -> None:
    body = an_application()
    number = an_id_number(seed=5)
    person = {"party_type": "natural_person", "name": "钱某", "id_type": "resident_id"}
    body["respondents"][0] = {**person, "id_number": number}
    case = Case(intake, body)
    token = intake.token("respondent", id_number=number)
    problem(case.call("GET", "/questions", token=token), 401, "unauthorised")
    case.asks(1, "consent", to("respondent", 0))
    assert case.call("GET", "/questions", token=token).status_code == 200


def test_a_respondents_code_opens_nothing_of_the_applicants(case: Case) -> None:
    case.asks(1, "consent", to("respondent", 0))
    code = case.codes[0]
    wrong(case.call("GET", "/receipt", code=code))
    wrong(case.call("POST", "/withdrawal", code=code))
    wrong(case.call("POST", "/supplements", {"statement": "x"}, code=code))
    wrong(case.call("GET", "/attachments/0", code=code))


def test_a_code_of_one_application_is_wrong_for_another(intake: Web) -> None:
    first, second = Case(intake), Case(intake, an_application(seed=2))
    for each in (first, second):
        each.asks(1, "consent", to("respondent", 0))
    wrong(second.consents(code=first.codes[0]))


def test_after_five_wrong_codes_from_one_address_the_right_ones_wait_there_too(case: Case) -> None:
    case.asks(1, "consent", to("respondent", 0))
    for _ in range(5):
        wrong(case.consents(code="ABCD-EFGH"))
    for code in (case.codes[0], case.answer["query_code"]):
        problem(case.consents(code=code), 429, "too_many_attempts")
    assert case.answered == []
    assert (
        case.call("GET", "/questions", code=case.codes[0], address="192.0.2.1").status_code == 200
    )
