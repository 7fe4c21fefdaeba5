"""Staff read an application: only of their cases, for a purpose, written down before it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pymongo
import pytest

from services.intake.audit import PURPOSES, Audit
from shared.errors import Transient
from tests.builders.applications import (
    ABSENT,
    a_collective_application,
    an_application,
    an_id_number,
    with_agent,
)
from tests.builders.evidence import PDF
from tests.web import AWAY, Web, problem

MEDIATOR, ORGANISATION = "med-370102-01", "org-370102"


class Case:
    """An application that a mediator has, and those who look at it."""

    def __init__(self, intake: Web, application: dict[str, Any]) -> None:
        self.intake = intake
        self.application = application
        sent = intake.call("POST", "/v1/applications", application)
        assert sent.status_code == 201, sent.get_data(as_text=True)
        self.serial = sent.get_json()["serial_number"]
        self.code = sent.get_json()["query_code"]
        self.path = f"/v1/applications/{self.serial}"
        self.placed(ORGANISATION, MEDIATOR)

    def placed(self, organisation: str | None, mediator: str | None) -> None:
        self.intake.database.applications.update_one(
            {"_id": self.serial},
            {"$set": {"organisation_id": organisation, "mediator_id": mediator}},
        )

    def mediator(self, subject: str = MEDIATOR) -> dict[str, str]:
        return self.intake.token("mediator", subject=subject, organisation=ORGANISATION)

    def get(self, query: str = "", token: dict[str, str] | None = None, path: str = "") -> Any:
        headers = self.mediator() if token is None else token
        return self.intake.call("GET", f"{self.path}{path}{query}", headers=headers)

    def log(self) -> list[dict[str, Any]]:
        database = self.intake.database
        return list(database.client[f"{database.name}_audit"]["audit"].find().sort("number", 1))


@pytest.fixture
def case(intake: Web) -> Case:
    return Case(intake, with_agent(an_application({"/attachments": ABSENT})))


@pytest.fixture
def file(case: Case) -> Case:
    """The same with one evidence file, which has arrived."""
    sent = case.intake.call(
        "POST",
        f"{case.path}/supplements",
        {
            "statement": "补充说明",
            "attachments": [{"file_name": "工资单.pdf", "kind": "wage_flow", "size_bytes": 9}],
        },
        headers={"X-Query-Code": case.code},
    )
    assert sent.status_code == 201, sent.get_data(as_text=True)
    put = case.intake.call(
        "PUT", f"{case.path}/attachments/0", PDF, headers={"X-Query-Code": case.code}
    )
    assert put.status_code == 200, put.get_data(as_text=True)
    return case


def personal_values(application: dict[str, Any]) -> set[str]:
    """Whatever names a person of the application or says how to reach or find it."""
    people = [
        application["applicant"],
        *application["respondents"],
        *(application.get("co_applicants") or ()),
        application.get("agent") or {},
    ]
    named = re.compile(r"(.*_)?(name|phone|address|number|email|uscc|legal_representative)")
    return {
        value
        for person in people
        for name, value in person.items()
        if named.fullmatch(name) and isinstance(value, str) and len(value) > 1
    }


# --- who, and what for ---------------------------------------------------------------------------


def test_the_mediator_of_the_case_reads_it_and_another_does_not_know_it_exists(case: Case) -> None:
    assert case.get("?purpose=examination").status_code == 200
    problem(case.get("?purpose=examination", case.mediator("somebody")), 404, "not_found")
    case.placed(ORGANISATION, "somebody")
    problem(case.get("?purpose=examination"), 404, "not_found")


@pytest.mark.parametrize("query", ["", "?purpose=", "?purpose=curiosity", "?unmask=true"])
def test_without_a_known_purpose_nothing_is_shown_and_the_purposes_are_listed(
    case: Case, query: str
) -> None:
    refused = problem(case.get(query), 422, "validation_failed")
    (error,) = refused["errors"]
    assert error["pointer"] == "/purpose"
    assert all(purpose in error["message"] for purpose in PURPOSES)
    assert case.log() == []


@pytest.mark.parametrize("purpose", PURPOSES)
def test_each_purpose_is_accepted_and_shown_again(case: Case, purpose: str) -> None:
    shown = case.get(f"?purpose={purpose}").get_json()
    assert shown["purpose"] == purpose
    assert case.log()[-1]["purpose"] == purpose


def test_an_odd_word_for_unmasking_is_refused(case: Case) -> None:
    problem(case.get("?purpose=examination&unmask=yes"), 422, "validation_failed")
    assert case.log() == []


# --- what is shown -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "application",
    [
        with_agent(an_application()),
        a_collective_application(12),
        an_application(
            {"/applicant/email": "someone@example.cn", "/dispute/facts_and_reasons": "王经理拖欠"}
        ),
    ],
    ids=["agent", "collective", "facts"],
)
def test_the_small_eye_starts_closed_and_opens_on_demand(
    intake: Web, application: dict[str, Any]
) -> None:
    case = Case(intake, application)
    closed = case.get("?purpose=examination")
    text = closed.get_data(as_text=True)
    assert closed.get_json()["masked"] is True
    shown = {value for value in personal_values(application) if value in text}
    assert shown == set()
    open_ = case.get("?purpose=examination&unmask=true").get_json()
    assert open_["masked"] is False
    assert personal_values(application) - set(_strings(open_["application"])) == set()
    assert [entry["unmasked"] for entry in case.log()] == [False, True]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        if value.startswith("+86"):  # numbers are kept in E.164
            yield from (value[3:], f"0{value[3:]}")
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def test_supplements_and_files_are_shown_too_and_codes_never(file: Case) -> None:
    closed = file.get("?purpose=session").get_json()
    assert [s["statement"] for s in closed["supplements"]] == ["***"]
    assert [f["file_name"] for f in closed["files"]] == ["***"]
    open_ = file.get("?purpose=session&unmask=true")
    shown = open_.get_json()
    assert [s["statement"] for s in shown["supplements"]] == ["补充说明"]
    assert [(f["index"], f["file_name"], f["state"]) for f in shown["files"]] == [
        (0, "工资单.pdf", "received")
    ]
    assert file.code not in open_.get_data(as_text=True)
    assert file.code.replace("-", "") not in open_.get_data(as_text=True)


def test_a_party_sees_its_own_without_a_purpose_and_without_the_log(case: Case) -> None:
    own = {"X-Query-Code": case.code}
    assert case.get(token=own).get_json()["masked"] is True
    assert case.get("?unmask=true", own).get_json()["masked"] is False
    token = case.intake.token("applicant", id_number=case.application["applicant"]["id_number"])
    assert case.get("?unmask=true", token).get_json()["party"] == "applicant"
    assert case.log() == []


def test_staff_without_a_purpose_are_not_let_in_by_the_query_code(case: Case) -> None:
    both = {**case.mediator("somebody"), "X-Query-Code": case.code}
    problem(case.get("?purpose=examination", both), 404, "not_found")


# --- evidence ------------------------------------------------------------------------------------


def test_a_file_is_read_for_a_purpose_and_the_read_is_written_down(file: Case) -> None:
    problem(file.get(path="/attachments/0"), 422, "validation_failed")
    assert file.log() == []
    read = file.get("?purpose=session", path="/attachments/0")
    assert read.data == PDF
    (entry,) = file.log()
    assert (entry["what"], entry["unmasked"]) == ("attachments/0", True)
    stranger = file.mediator("somebody")
    problem(file.get("?purpose=session", stranger, "/attachments/0"), 404, "not_found")
    problem(file.get("?purpose=session", path="/attachments/1"), 404, "not_found")
    assert len(file.log()) == 1


# --- the log -------------------------------------------------------------------------------------


def test_nothing_is_shown_that_could_not_be_written_down(file: Case) -> None:
    for path in ("", "/attachments/0"):
        with patch.object(Audit, "_append", side_effect=Transient("audit_contended")):
            refused = file.get("?purpose=examination&unmask=true", path=path)
        assert "Retry-After" in refused.headers
        problem(refused, 503, "unavailable")


def test_nothing_is_shown_while_the_database_of_the_log_is_away(case: Case) -> None:
    real, opened = Audit.__init__, list[Any]()

    def elsewhere(self: Audit, database: Any, hasher: Any) -> None:
        real(self, database, hasher)
        away: Any = pymongo.MongoClient(AWAY, serverSelectionTimeoutMS=200)
        opened.append(away)
        self._entries = away["log"]["audit"]

    with patch.object(Audit, "__init__", elsewhere):
        cut_off = case.intake.beside()
    refused = cut_off.call(
        "GET", f"{case.path}?purpose=examination&unmask=true", headers=case.mediator()
    )
    problem(refused, 503, "unavailable")
    assert an_id_number() not in refused.get_data(as_text=True)
    own = cut_off.call("GET", case.path, headers={"X-Query-Code": case.code})
    assert own.status_code == 200  # the parties' own view needs no log
    opened[0].close()


def test_the_auditor_finds_reads_by_application_reader_and_day(case: Case) -> None:
    case.get("?purpose=examination")
    case.get("?purpose=contact_party&unmask=true")
    admin = case.intake.token("platform_admin", subject="admin-1")
    case.get("?purpose=supervision", admin)
    other = Case(case.intake, an_application(seed=5))
    other.get("?purpose=complaint")

    def reads(query: str = "") -> list[tuple[str, str]]:
        answer = case.intake.call("GET", f"/v1/audit{query}", headers=case.intake.token("auditor"))
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return [(entry["subject"], entry["purpose"]) for entry in answer.get_json()["items"]]

    assert reads() == [
        (MEDIATOR, "complaint"),
        ("admin-1", "supervision"),
        (MEDIATOR, "contact_party"),
        (MEDIATOR, "examination"),
    ]
    assert reads(f"?serial_number={other.serial}") == [(MEDIATOR, "complaint")]
    assert reads("?subject=admin-1") == [("admin-1", "supervision")]
    assert reads(f"?subject=admin-1&serial_number={other.serial}") == []
    assert reads("?until=2026-01-01") == []
    assert len(reads("?since=2026-01-01")) == 4
    for odd in ("?serial_number=1", "?since=yesterday", "?after=1", "?more=1"):
        answer = case.intake.call("GET", f"/v1/audit{odd}", headers=case.intake.token("auditor"))
        assert answer.status_code == 422


def test_the_log_goes_on_page_by_page(case: Case) -> None:
    auditor = case.intake.token("auditor")
    with patch("services.intake.reading_api.PAGE_SIZE", 2):
        for _ in range(5):
            case.get("?purpose=examination")
        seen, after = [], ""
        for _ in range(3):
            page = case.intake.call("GET", f"/v1/audit{after}", headers=auditor).get_json()
            seen += [entry["number"] for entry in page["items"]]
            after = f"?after={page['next']}"
    assert seen == [5, 4, 3, 2, 1]
    assert page["next"] is None


def test_nothing_personal_is_in_the_log_of_reads_nor_in_the_logs(case: Case, logged: Any) -> None:
    case.get("?purpose=examination&unmask=true")
    told = logged.getvalue() + str(case.log())
    assert "personal_data_read" in told
    assert case.log()[0]["hash"] in told
    for value in personal_values(case.application):
        assert value not in told
