"""How a party changes its contact, and what it sees of its application."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from services.intake.contact import CHANGES_MOST
from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from shared.sealing import Hasher, Keyring, phone_last4_hash
from tests.backends.test_intake_answers import Case, to
from tests.builders.applications import a_collective_application, an_application, with_agent
from tests.web import Web, problem

BODY = with_agent(
    an_application(
        applicant={"email": "zhao@example.com", "correspondence_address": "山东省济南市历下区1号"}
    )
)


@pytest.fixture
def case(intake: Web) -> Case:
    return Case(intake, BODY)


def changes(case: Case) -> list[dict[str, Any]]:
    events = [from_document(each) for each in case.stored["outbox"]]
    return [dict(e.data) for e in events if e.name == "application.contact_changed"]


def contacts(case: Case) -> Any:
    keyring = Keyring.parse(case.web.settings.contact_keys)
    return orjson.loads(keyring.open(changes(case)[-1]["contacts"], f"contacts:{case.number}"))


def patch(case: Case, body: Any, **more: Any) -> Any:
    return case.call("PATCH", "/contact", body, **more)


def seen(case: Case, *, unmask: bool = True, **more: Any) -> Any:
    response = case.call("GET", f"?unmask={'true' if unmask else 'false'}", **more)
    assert response.status_code == 200, response.get_data(as_text=True)
    return response.get_json()


# --- changing --------------------------------------------------------------------------------


def test_a_new_phone_reaches_whoever_sends_messages_with_everybodys_contacts(case: Case) -> None:
    response = patch(case, {"phone": "139 0000 4321"})
    assert response.status_code == 200
    assert response.get_json()["contact"]["phone"] == "139******21"
    (told,) = changes(case)
    assert faults("application.contact_changed", told) == {}
    hasher = Hasher.parse(case.web.settings.hashing_key)
    assert phone_last4_hash(hasher, case.number, "4321") in told["phone_last4_hashes"]
    assert case.stored["phone_last4_hashes"] == told["phone_last4_hashes"]
    everybody = contacts(case)
    assert everybody["query_code"] == case.answer["query_code"].replace("-", "")
    by_party = {person["party"]: person for person in everybody["persons"]}
    assert by_party["applicant"]["phone"] == "+8613900004321"
    assert by_party["agent"]["phone"] == f"+86{BODY['agent']['phone']}"
    assert by_party["respondent"]["code"] == case.codes[0]
    assert seen(case)["application"]["applicant"]["phone"] == "+8613900004321"
    assert b"13900004321" not in case.web.dump()


def test_what_is_left_out_or_still_masked_or_the_same_stays_as_it_is(case: Case) -> None:
    shown = seen(case, unmask=False)["application"]["applicant"]
    masked = {name: shown[name] for name in ("phone", "email", "correspondence_address")}
    assert all("*" in value for value in masked.values())
    assert patch(case, masked).status_code == 200
    assert patch(case, {"phone": BODY["applicant"]["phone"]}).status_code == 200
    assert patch(case, {}).status_code == 200
    assert changes(case) == []
    patch(case, {**masked, "email": "neu@example.com"})
    after = seen(case)["application"]["applicant"]
    assert after["phone"] == f"+86{BODY['applicant']['phone']}"
    assert after["email"] == "neu@example.com"
    assert after["correspondence_address"] == "山东省济南市历下区1号"


@pytest.mark.parametrize(
    "field, value",
    [
        ("phone", "138****0011"),
        ("phone", "138●●●●0011"),
        ("phone", "138••••0011"),
        ("phone", "138…0011"),
        ("phone", "138＊＊＊＊0011"),
        ("email", "z***@example.com.cn"),
        ("correspondence_address", "北京市***"),
    ],
)
def test_the_mask_of_something_else_never_takes_the_place_of_the_real_value(
    case: Case, field: str, value: str
) -> None:
    refused = problem(patch(case, {field: value}), 422, "validation_failed")
    assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [(f"/{field}", "masked_value")]
    assert changes(case) == []


@pytest.mark.parametrize(
    "body, pointer, code",
    [
        ({"phone": "12"}, "/phone", "phone_format"),
        ({"phone": None}, "/phone", "required"),
        ({"phone": ""}, "/phone", "required"),
        ({"email": "nobody"}, "/email", "bad_format"),
        ({"id_number": "1"}, "/id_number", "unknown_field"),
        ([], "", "wrong_type"),
    ],
)
def test_a_contact_is_judged_as_in_the_form(case: Case, body: Any, pointer: str, code: str) -> None:
    refused = problem(patch(case, body), 422, "validation_failed")
    assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [(pointer, code)]
    assert changes(case) == []


def test_an_e_mail_address_can_be_taken_away(case: Case) -> None:
    assert patch(case, {"email": None}).get_json()["contact"]["email"] is None
    assert contacts(case)["persons"][0]["email"] is None


def test_contacts_change_a_bounded_number_of_times(case: Case) -> None:
    case.web.database.applications.update_one({}, {"$set": {"contact_changes": CHANGES_MOST}})
    refused = problem(patch(case, {"phone": "13900004321"}), 422, "validation_failed")
    assert refused["errors"][0]["code"] == "too_many"


def test_an_archived_application_changes_no_more(case: Case) -> None:
    case.learns("case.archived", "archived")
    problem(patch(case, {"phone": "13900004321"}), 409, "command_not_allowed")


# --- each for itself -------------------------------------------------------------------------


def test_an_agent_changes_its_own_contact(case: Case) -> None:
    token = case.web.token("agent", id_number=BODY["agent"]["id_number"])
    patch(case, {"phone": "13900004321"}, token=token)
    application = seen(case)["application"]
    assert application["agent"]["phone"] == "+8613900004321"
    assert application["applicant"]["phone"] == f"+86{BODY['applicant']['phone']}"


def test_a_respondents_new_phone_is_not_shown_to_the_applicant(case: Case) -> None:
    code = case.codes[0]
    problem(patch(case, {"phone": "13900004321"}, code=code), 403, "query_code_wrong")
    case.asks(1, "consent", to("respondent", 0))
    assert patch(case, {"phone": "13900004321"}, code=code).status_code == 200
    by_party = {person["party"]: person for person in contacts(case)["persons"]}
    assert by_party["respondent"]["phone"] == "+8613900004321"
    last4 = changes(case)[0]["phone_last4_hashes"]
    hasher = Hasher.parse(case.web.settings.hashing_key)
    assert phone_last4_hash(hasher, case.number, "4321") not in last4

    def phone(**more: Any) -> Any:
        return seen(case, **more)["application"]["respondents"][0].get("phone")

    stated = phone()
    assert stated != "+8613900004321"
    assert phone(code=code) == "+8613900004321"
    patch(case, {"phone": "13900009999"}, code=code)
    assert (phone(), phone(code=code)) == (stated, "+8613900009999")


def test_workers_of_a_collective_change_their_own_line(intake: Web) -> None:
    body = a_collective_application()
    case = Case(intake, body)
    for place, phone in ((0, "13900000001"), (1, "13900000002"), (7, "13900000003")):
        token = intake.token("applicant", id_number=body["co_applicants"][place]["id_number"])
        assert patch(case, {"phone": phone}, token=token).status_code == 200
    application = seen(case)["application"]
    assert application["applicant"]["phone"] == "+8613900000001"
    roster = [person["phone"] for person in application["co_applicants"]]
    assert [roster[n] for n in (0, 1, 7)] == [f"+861390000000{n}" for n in (1, 2, 3)]
    assert roster[2] == f"+86{body['co_applicants'][2]['phone']}"


# --- wishes ----------------------------------------------------------------------------------

WISHES = {"preferred_contact": "email", "language": "en", "notify": False, "large_print": True}


def test_wishes_are_changed_shown_as_they_count_and_told_to_whoever_sends_messages(
    case: Case,
) -> None:
    before = patch(case, {}).get_json()["contact"]
    assert {name: before[name] for name in WISHES} == {
        "preferred_contact": None, "language": "zh", "notify": True, "large_print": False,
    }  # fmt: skip
    after = patch(case, {**WISHES, "push_device": "device-0001"}).get_json()["contact"]
    assert {name: after[name] for name in WISHES} == WISHES
    assert after["push_device"] == "***"
    told = {(p["party"], p["index"]): p for p in contacts(case)["persons"]}
    mine = told["applicant", 0]
    assert (mine["prefers"], mine["language"], mine["notify"]) == ("email", "en", False)
    assert (mine["large_print"], mine["push"]) == (True, "device-0001")
    assert told["respondent", 0]["prefers"] is None


def test_wishes_that_are_still_masked_stay_as_they_are(case: Case) -> None:
    patch(case, {"large_print": True, "preferred_contact": "app"})
    shown = seen(case, unmask=False)["application"]["applicant"]
    masked = {name: shown[name] for name in ("large_print", "preferred_contact")}
    assert set(masked.values()) == {"***"}
    assert patch(case, masked).get_json()["contact"]["large_print"] is True
    assert len(changes(case)) == 1
    refused = problem(patch(case, {"notify": "***"}), 422, "validation_failed")
    assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [("/notify", "masked_value")]


@pytest.mark.parametrize(
    "body, code",
    [({"preferred_contact": "pigeon"}, "unknown_value"), ({"language": "fr"}, "unknown_value"),
     ({"notify": "yes"}, "wrong_type"), ({"push_device": "a b"}, "bad_format")],
)  # fmt: skip
def test_wishes_nobody_can_follow_are_refused(case: Case, body: Any, code: str) -> None:
    refused = problem(patch(case, body), 422, "validation_failed")
    assert [e["code"] for e in refused["errors"]] == [code]


def test_an_agent_and_a_respondent_have_wishes_of_their_own(case: Case) -> None:
    agent = case.web.token("agent", id_number=BODY["agent"]["id_number"])
    assert patch(case, {"notify": False}, token=agent).get_json()["contact"]["notify"] is False
    case.asks(1, "consent", to("respondent", 0))
    body = {"notify": False, "large_print": True}
    shown = patch(case, body, code=case.codes[0]).get_json()["contact"]
    assert (shown["notify"], shown["large_print"]) == (False, True)
    told = {p["party"]: (p["notify"], p["large_print"]) for p in contacts(case)["persons"]}
    assert told == {
        "applicant": (True, False), "agent": (False, False), "respondent": (False, True),
    }  # fmt: skip


# --- seeing ----------------------------------------------------------------------------------


def test_the_small_eye_starts_closed_and_opens_for_the_holder(case: Case) -> None:
    closed = case.call("GET", "").get_json()
    assert closed["masked"] is True
    text = orjson.dumps(closed).decode()
    for section, field in (
        ("applicant", "name"), ("applicant", "id_number"), ("applicant", "phone"),
        ("agent", "name"), ("dispute", "facts_and_reasons"), ("dispute", "cause"),
    ):  # fmt: skip
        assert BODY[section][field] not in text
    assert closed["application"]["dispute"]["category"] == BODY["dispute"]["category"]
    opened = seen(case)
    assert opened["masked"] is False
    assert opened["application"]["applicant"]["name"] == BODY["applicant"]["name"]


def test_a_supplement_is_shown_to_who_wrote_it(case: Case) -> None:
    case.call("POST", "/supplements", {"statement": "还有两张考勤表"})
    assert seen(case, unmask=False)["supplements"][0]["statement"] == "***"
    assert seen(case)["supplements"][0]["statement"] == "还有两张考勤表"


def test_a_respondent_sees_who_applies_for_what_and_nothing_else(case: Case) -> None:
    case.asks(1, "consent", to("respondent", 0))
    view = seen(case, code=case.codes[0])
    application = view["application"]
    assert (view["party"], view["index"], view["supplements"]) == ("respondent", 0, [])
    assert application["applicant"] == {
        "party_type": "natural_person",
        "name": BODY["applicant"]["name"],
    }
    assert application["claims"][0]["text"] == BODY["claims"][0]["text"]
    text = orjson.dumps(view).decode()
    assert BODY["applicant"]["id_number"] not in text
    assert BODY["applicant"]["phone"] not in text
    assert BODY["dispute"]["facts_and_reasons"] not in text
    assert not {"agent", "employment", "attachments", "consents"} & set(application)
    assert seen(case, unmask=False, code=case.codes[0])["application"]["claims"][0]["text"] == "***"


def test_whoever_is_represented_sees_no_numbers_of_the_others(intake: Web) -> None:
    body = a_collective_application()
    case = Case(intake, body)
    token = intake.token("applicant", id_number=body["co_applicants"][7]["id_number"])
    view = seen(case, token=token)
    assert view["masked"] is True
    assert body["co_applicants"][3]["id_number"] not in orjson.dumps(view).decode()
