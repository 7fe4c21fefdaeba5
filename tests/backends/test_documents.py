"""Documents on a real MongoDB: issued once whatever happens, sealed, and shown to those entitled."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from pypdf import PdfReader
from werkzeug.test import TestResponse

from services.intake.document_issuing import STUCK_AFTER, Issuing
from services.intake.documents import AT_ONCE
from services.intake.evidence_files import DocumentFiles
from services.intake.handlers import HANDLERS
from services.intake.maintenance import seal_due_again
from services.intake.store import Applications
from shared import metrics
from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from shared.contracts.vocabulary import DOCUMENTS
from shared.errors import Permanent
from shared.sealing import Keyring, new_key, records_context
from tests.builders.applications import (
    a_collective_application,
    a_foreign_teacher,
    a_riders_application,
    an_application,
)
from tests.builders.documents import CASE_NUMBER, KIND_OF, MEDIATOR, ORGANISATION, a_step
from tests.web import Web, problem


class Case:
    """An application whose case moves, and the worker that issues its documents."""

    def __init__(self, web: Web, body: dict[str, Any] | None = None) -> None:
        self.web = web
        self.answer = web.call("POST", "/v1/applications", body or an_application()).get_json()
        self.number = self.answer["serial_number"]
        self.path = f"/v1/applications/{self.number}/documents"
        self.sequence = 0
        contacts = Keyring.parse(web.settings.contact_keys)
        sealed = self.stored["outbox"][0]["data"]["contacts"]
        persons = orjson.loads(contacts.open(sealed, f"contacts:{self.number}"))["persons"]
        self.codes = [p["code"] for p in persons if p["party"] == "respondent"]
        self.issuing = Issuing(
            applications=Applications(web.database),
            files=DocumentFiles(web.database, Keyring.parse(web.settings.sealing_keys), 10),
            application_keys=Keyring.parse(web.settings.sealing_keys),
            record_keys=Keyring.parse(web.settings.record_keys),
            public_url=web.settings.public_url,
        )
        self.hears("case.mediator_assigned")

    @property
    def stored(self) -> dict[str, Any]:
        return dict(self.web.database.applications.find_one({"_id": self.number}) or {})

    @property
    def told(self) -> list[dict[str, Any]]:
        events = [from_document(each) for each in self.stored["outbox"]]
        return [dict(e.data) for e in events if e.name == "application.document_issued"]

    def hears(self, name: str, **more: Any) -> None:
        self.sequence += 1
        records = Keyring.parse(self.web.settings.record_keys)
        event = a_step(name, self.sequence, serial=self.number, records=records, **more)
        self.event = event
        self.web.runner(HANDLERS).apply([event.to_json()])

    def issue(self) -> int:
        return self.issuing.issue_due()

    def listed(self, code: str | None = None) -> list[dict[str, Any]]:
        answer = self.call(code=code).get_json()
        assert answer["serial_number"] == self.number
        items: list[dict[str, Any]] = answer["items"]
        return items

    def call(
        self, document: str = "", *, code: str | None = None, token: Any = None, **more: Any
    ) -> TestResponse:
        headers = token or {"X-Query-Code": code or self.answer["query_code"]}
        path = f"{self.path}/{document}" if document else self.path
        query = more.pop("query", "")
        return self.web.call("GET", path + query, headers={**headers, **more.pop("headers", {})})

    def files(self) -> int:
        return self.web.database["documents.files"].count_documents({})


@pytest.fixture
def case(intake: Web) -> Case:
    return Case(intake)


def text_of(response: TestResponse) -> str:
    assert response.status_code == 200, response.get_data(as_text=True)
    pages = PdfReader(io.BytesIO(response.data)).pages
    return "".join("".join(page.extract_text() for page in pages).split())


# --- what is issued --------------------------------------------------------------------------


def test_a_case_leaves_every_document_of_its_life_in_the_file(case: Case) -> None:
    for name in KIND_OF:
        case.hears(name)
    assert case.issue() == len(KIND_OF)
    assert case.issue() == 0
    assert case.stored["documents_due"] == []
    assert {d["kind"] for d in case.stored["documents"]} == set(DOCUMENTS) - {"receipt"}
    mine = {item["kind"] for item in case.listed()}
    assert mine == set(KIND_OF.values()) - {"consent_invitation"}
    assert len(case.told) == len(KIND_OF)
    for told in case.told:
        assert faults("application.document_issued", told) == {}


def test_a_document_is_what_its_hash_says_in_both_forms(case: Case) -> None:
    case.hears("case.numbered")
    case.issue()
    (item,) = case.listed()
    assert item["title"] == "受理通知书"
    assert item["number"] == 1
    assert item["history_hash"] == case.event.hash
    assert item["url"].endswith(f"{case.path}/{item['id']}")
    pdf = case.call(item["id"])
    assert pdf.content_type == "application/pdf"
    assert hashlib.sha256(pdf.data).hexdigest() == item["sha256"] == case.told[0]["sha256"]
    assert pdf.headers["ETag"] == f'"{item["sha256"]}"'
    assert CASE_NUMBER in text_of(pdf)
    page = case.call(item["id"], query="?format=html")
    assert page.content_type == "text/html; charset=utf-8"
    assert CASE_NUMBER in page.get_data(as_text=True)
    forms = {f["format"]: f for f in item["files"]}
    assert hashlib.sha256(page.data).hexdigest() == forms["html"]["sha256"]
    assert len(page.data) == forms["html"]["size_bytes"]
    assert "style-src 'sha256-" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "accept, kind",
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("application/pdf", "application/pdf"),
        ("*/*", "application/pdf"),
        ("image/png", "application/pdf"),
    ],
)
def test_the_form_is_that_which_the_reader_accepts(case: Case, accept: str, kind: str) -> None:
    case.hears("case.numbered")
    case.issue()
    answer = case.call(case.listed()[0]["id"], headers={"Accept": accept})
    assert answer.mimetype == kind


def test_a_document_has_a_name_for_old_and_new_browsers(case: Case) -> None:
    case.hears("case.numbered")
    case.issue()
    named = case.call(case.listed()[0]["id"]).headers["Content-Disposition"]
    assert f'filename="acceptance_notice-{case.number}.pdf"' in named
    assert "filename*=UTF-8''%E5%8F%97%E7%90%86" in named
    assert named.isascii()


def test_another_form_is_refused_and_an_unknown_document_does_not_exist(case: Case) -> None:
    case.hears("case.numbered")
    case.issue()
    problem(case.call(case.listed()[0]["id"], query="?format=docx"), 422, "validation_failed")
    problem(case.call("acceptance_notice-none"), 404, "not_found")


def test_a_person_who_reads_english_gets_a_translation_behind(intake: Web) -> None:
    case = Case(intake, a_foreign_teacher())
    case.hears("case.failed")
    case.issue()
    text = text_of(case.call(case.listed()[0]["id"]))
    assert "调解不成告知书" in text
    assert "theChinesetextprevails" in text


def test_the_receipt_is_to_be_had_as_pdf(case: Case) -> None:
    path = f"/v1/applications/{case.number}/receipt"
    mine = {"X-Query-Code": case.answer["query_code"]}
    pdf = case.web.call("GET", f"{path}?format=pdf", headers=mine)
    text = text_of(pdf)
    assert case.number in text
    assert case.answer["query_code"] in text
    assert case.stored["case_history_hash"] in text
    accepting = {**mine, "Accept": "application/pdf"}
    assert case.web.call("GET", path, headers=accepting).mimetype == "application/pdf"
    assert case.web.call("GET", path, headers=mine).mimetype == "text/html"


# --- who may read ----------------------------------------------------------------------------


def test_a_respondent_sees_only_what_is_for_it(intake: Web) -> None:
    case = Case(intake, a_riders_application())
    case.hears("case.supplement_requested")
    case.hears("case.consent_sought")
    case.hears("case.numbered")
    case.issue()
    first, second = case.codes
    kinds = {i["kind"] for i in case.listed(code=first)}
    assert kinds == {"consent_invitation", "acceptance_notice"}
    hidden = next(i for i in case.listed() if i["kind"] == "supplement_request")
    problem(case.call(hidden["id"], code=first), 404, "not_found")
    problem(case.call(code=second), 403, "query_code_wrong")  # it was asked nothing yet


def test_whoever_is_represented_reads_what_its_representatives_read(intake: Web) -> None:
    body = a_collective_application()
    case = Case(intake, body)
    case.hears("case.numbered")
    case.issue()
    token = intake.token("applicant", id_number=body["co_applicants"][9]["id_number"])
    assert [i["kind"] for i in case.call(token=token).get_json()["items"]] == ["acceptance_notice"]


def test_nobody_else_comes_to_a_document(case: Case) -> None:
    case.hears("case.numbered")
    case.issue()
    document = case.listed()[0]["id"]
    problem(case.web.call("GET", f"{case.path}/{document}"), 401, "unauthorised")
    problem(case.call(document, code="ABCD-EFGH"), 403, "query_code_wrong")
    stranger = case.web.token("mediator", subject="med-other", organisation="org-other")
    problem(case.call(document, token=stranger, query="?purpose=document"), 404, "not_found")
    problem(case.call(document, token=case.web.token("auditor")), 403, "forbidden")


def test_the_mediator_of_the_case_reads_for_a_purpose_that_is_written_down(case: Case) -> None:
    case.hears("case.numbered")
    case.issue()
    mediator = case.web.token("mediator", subject=MEDIATOR["id"], organisation=ORGANISATION["id"])
    (item,) = case.call(token=mediator).get_json()["items"]
    problem(case.call(item["id"], token=mediator), 422, "validation_failed")
    read = case.call(item["id"], token=mediator, query="?purpose=document")
    assert CASE_NUMBER in text_of(read)
    database = case.web.database
    (entry,) = database.client[f"{database.name}_audit"]["audit"].find(
        {"serial_number": case.number}
    )
    assert (entry["what"], entry["purpose"]) == (f"documents/{item['id']}", "document")


# --- once, whatever happens ------------------------------------------------------------------


def test_an_event_told_twice_gives_one_document(case: Case) -> None:
    case.hears("case.failed")
    case.issue()
    again = replace(case.event, trace=replace(case.event.trace, causation_id=None))
    case.web.runner(HANDLERS).apply([again.to_json(), again.to_json()])
    assert case.issue() == 0
    assert len(case.stored["documents"]) == len(case.told) == 1


def test_a_worker_that_dies_between_making_and_entering_leaves_one_document(case: Case) -> None:
    case.hears("case.failed")
    claimed = case.issuing._claim(datetime.now(UTC))
    assert claimed is not None
    case.issuing.store(case.issuing.make(*claimed), "x")  # and there it dies
    assert case.issue() == 0, "the lease of the dead worker still holds"
    _let_leases_end(case)
    assert case.issue() == 1
    assert len(case.stored["documents"]) == len(case.told) == 1
    assert case.files() == 4
    case.issuing.sweep(older_than=-timedelta(minutes=1))
    assert case.files() == 2, "what nobody refers to is gone"
    assert case.call(case.listed()[0]["id"]).status_code == 200


def test_two_workers_with_one_document_enter_it_once_and_leave_nothing_behind(case: Case) -> None:
    case.hears("case.failed")
    slow = case.issuing._claim(datetime.now(UTC))
    assert slow is not None
    _let_leases_end(case)
    assert case.issue() == 1
    case.issuing._attempt(*slow)
    assert len(case.stored["documents"]) == len(case.told) == 1
    assert case.files() == 2


def test_workers_side_by_side_issue_each_document_once(intake: Web) -> None:
    cases = [Case(intake) for _ in range(4)]
    for case in cases:
        for name in ("case.numbered", "case.session_scheduled", "case.failed"):
            case.hears(name)
    with ThreadPoolExecutor(3) as pool:
        done = [pool.submit(cases[0].issue) for _ in range(3)]
        assert sum(future.result() for future in done) == 12
    for case in cases:
        kinds = sorted(d["kind"] for d in case.stored["documents"])
        assert kinds == ["acceptance_notice", "failure_certificate", "session_invitation"]
        assert len(case.told) == 3
    assert cases[0].files() == 24


def test_a_step_of_the_case_while_a_document_is_made_costs_neither(case: Case) -> None:
    case.hears("case.numbered")
    claimed = case.issuing._claim(datetime.now(UTC))
    assert claimed is not None
    case.hears("case.failed")
    case.issuing._attempt(*claimed)
    assert case.stored["status"] == "failed"
    assert [e["kind"] for e in case.stored["documents_due"]] == ["failure_certificate"]
    assert case.issue() == 1


def test_what_cannot_be_made_is_tried_again_and_never_lost(case: Case, logged: Any) -> None:
    def broken(*_: Any) -> dict[str, bytes]:
        raise Permanent("unprintable")

    case.hears("case.failed")
    failing = replace(case.issuing, render=broken)
    for _ in range(STUCK_AFTER):
        assert failing.issue_due() == 0
        _let_leases_end(case)
    lines = [orjson.loads(line) for line in logged.getvalue().splitlines()]
    told = [line for line in lines if line["event"] == "document_failed"]
    assert [line["attempts"] for line in told] == [*range(1, STUCK_AFTER + 1)]
    stuck = [line["level"] for line in lines if line["event"] == "document_stuck"]
    assert stuck == ["error"]
    case.issuing.measure()
    assert metrics.DOCUMENTS_DUE.labels("stuck")._value.get() == 1
    assert case.issue() == 1, "once the fault is mended"
    case.issuing.measure()
    assert metrics.DOCUMENTS_DUE.labels("stuck")._value.get() == 0


def test_one_that_cannot_be_made_holds_up_no_other(intake: Web) -> None:
    poisonous, sound = Case(intake), Case(intake)
    poisonous.hears("case.not_accepted", reason="unheard_of")
    sound.hears("case.failed")
    assert sound.issue() == 1
    assert [d["kind"] for d in sound.stored["documents"]] == ["failure_certificate"]
    assert len(poisonous.stored["documents_due"]) == 1


def test_what_is_due_is_found_by_index(case: Case) -> None:
    case.hears("case.failed")
    due = {"documents_due": {"$elemMatch": {"next_at": {"$lte": datetime.now(UTC)}}}}
    plan = case.web.database.applications.find(due).explain()["queryPlanner"]["winningPlan"]
    assert plan["inputStage"]["indexName"] == "documents_due"
    files = {"documents.files.file_id": {"$in": ["x"]}}
    plan = case.web.database.applications.find(files).explain()["queryPlanner"]["winningPlan"]
    assert plan["inputStage"]["indexName"] == "document_files"


# --- secrecy and keys ------------------------------------------------------------------------


def test_nothing_of_a_document_can_be_read_in_the_database_or_the_log(
    case: Case, logged: Any
) -> None:
    name = an_application()["applicant"]["name"]
    case.hears("case.agreement_signed")
    case.issue()
    dump = case.web.dump() + logged.getvalue().encode()
    for secret in (name, "第一期工资", "调解协议书"):
        assert secret.encode() not in dump
    assert b"%PDF" not in dump
    assert b"<html" not in dump


def test_documents_and_words_that_wait_survive_a_change_of_keys(case: Case) -> None:
    case.hears("case.numbered")
    case.issue()
    case.hears("case.failed")
    old = case.web.settings
    new = replace(
        old,
        sealing_keys=f"k2:{new_key()},{old.sealing_keys}",
        record_keys=f"r2:{new_key()},{old.record_keys}",
    )
    keys, records = Keyring.parse(new.sealing_keys), Keyring.parse(new.record_keys)
    files = DocumentFiles(case.web.database, keys, 10)
    assert files.seal_again() == 2
    assert files.seal_again() == 0
    assert seal_due_again(Applications(case.web.database), records) == 1
    assert seal_due_again(Applications(case.web.database), records) == 0
    only_new = Keyring.parse(new.record_keys.partition(",")[0])
    (entry,) = case.stored["documents_due"]
    assert only_new.open(entry["particulars"], records_context(case.number))
    issuing = replace(case.issuing, record_keys=only_new)
    assert issuing.issue_due() == 1
    with_new_keys = case.web.beside(sealing_keys=new.sealing_keys, record_keys=new.record_keys)
    document = case.listed()[0]["id"]
    headers = {"X-Query-Code": case.answer["query_code"]}
    assert with_new_keys.call("GET", f"{case.path}/{document}", headers=headers).status_code == 200


def _let_leases_end(case: Case) -> None:
    case.web.database.applications.update_many(
        {"documents_due.0": {"$exists": True}},
        {"$set": {"documents_due.$[].next_at": AT_ONCE}},
    )
