"""An application after its submission: evidence, supplements, receipt, withdrawal, drafts."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.intake import handlers
from shared.contracts.envelope import from_document
from tests.builders.applications import a_woman_in_lactation, an_application
from tests.builders.events import an_event
from tests.builders.evidence import PDF, PNG, PROGRAM, a_jpeg
from tests.builders.notices import CASE_FACTS
from tests.web import Web, problem


class Held:
    """An application in the hands of whoever has its query code."""

    def __init__(self, web: Web, body: Any = None) -> None:
        self.web = web
        self.answer = web.call("POST", "/v1/applications", body or an_application()).get_json()
        self.number = self.answer["serial_number"]

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        code = {"X-Query-Code": self.answer["query_code"]}
        return self.web.call(
            method, f"/v1/applications/{self.number}{path}", body, headers={**code, **headers}
        )

    def put(self, content: bytes, index: int | str = 0, **headers: str) -> TestResponse:
        return self.call("PUT", f"/attachments/{index}", content, **headers)

    @property
    def stored(self) -> dict[str, Any]:
        found = self.web.database.applications.find_one({"_id": self.number})
        assert found is not None
        return found

    @property
    def events(self) -> list[Any]:
        return [from_document(each) for each in self.stored["outbox"]]

    def learns(self, name: str, sequence: int) -> None:
        """What the case tells of itself."""
        event = an_event(name, serial=self.number, sequence=sequence, **CASE_FACTS[name])
        self.web.runner(handlers.HANDLERS).apply([event.to_json()])


@pytest.fixture
def held(intake: Web) -> Held:
    return Held(intake)


def a_file(name: str = "补充.pdf", kind: str = "other") -> dict[str, Any]:
    return {"file_name": name, "kind": kind, "size_bytes": 100}


# --- evidence --------------------------------------------------------------------------------


def test_a_file_comes_back_as_a_download_byte_for_byte(held: Held) -> None:
    photo = a_jpeg(700_000)
    response = held.put(photo)
    assert response.status_code == 200
    assert response.get_json() == {
        "index": 0,
        "file_name": "工资条.jpg",
        "state": "received",
        "sha256": hashlib.sha256(photo).hexdigest(),
        "size_bytes": 700_000,
        "content_type": "image/jpeg",
    }
    back = held.call("GET", "/attachments/0")
    assert back.data == photo
    assert back.content_type == "image/jpeg"
    assert back.headers["Content-Disposition"].startswith("attachment;")
    assert [event.name for event in held.events] == [
        "application.submitted",
        "application.evidence_received",
    ]
    assert held.events[1].data == {"index": 0, "kind": "wage_flow", "awaited": 0}


def test_the_same_file_again_changes_nothing(held: Held) -> None:
    first = held.put(a_jpeg())
    version = held.stored["version"]
    again = held.put(a_jpeg())
    assert (again.status_code, again.data) == (200, first.data)
    assert held.stored["version"] == version
    assert held.web.count()["evidence.files"] == 1


def test_another_file_takes_the_place_of_the_first(held: Held) -> None:
    held.put(a_jpeg(seed=1))
    assert held.put(a_jpeg(seed=2)).status_code == 200
    assert held.call("GET", "/attachments/0").data == a_jpeg(seed=2)
    assert held.web.count()["evidence.files"] == 1


def test_a_refused_file_says_why_and_a_good_one_follows(held: Held) -> None:
    refusal = problem(held.put(PROGRAM), 422, "evidence_refused")
    assert refusal["errors"][0]["code"] == "executable"
    assert refusal["errors"][0]["message"] == refusal["detail"]
    assert held.stored["attachments"][0]["state"] == "refused"
    assert "程序" in held.call("GET", "/receipt").get_data(as_text=True)

    assert held.put(a_jpeg()).status_code == 200
    (entry,) = held.stored["attachments"]
    assert entry["state"] == "received"
    assert "refusal" not in entry


def test_a_bad_file_does_not_push_a_good_one_out(held: Held) -> None:
    held.put(a_jpeg())
    problem(held.put(PROGRAM), 422, "evidence_refused")
    assert held.stored["attachments"][0]["state"] == "received"
    assert held.call("GET", "/attachments/0").data == a_jpeg()


@pytest.mark.parametrize(
    "content, code",
    [(b"", "empty"), (PDF, "type_mismatch"), (a_jpeg(2 * 1024 * 1024), "too_large")],
)
def test_what_cannot_be_taken_is_refused_with_its_reason(
    intake: Web, content: bytes, code: str
) -> None:
    held = Held(intake.beside(evidence_max_bytes=1024 * 1024))
    refusal = problem(held.put(content), 422, "evidence_refused")
    assert refusal["errors"][0]["code"] == code
    assert "evidence.files" not in held.web.count()


def test_a_file_larger_than_any_json_body_is_no_problem(held: Held) -> None:
    assert held.put(a_jpeg(3 * 1024 * 1024)).status_code == 200


@pytest.mark.parametrize(
    "index", ["1", "-1", "00", "0x0", "1e0", "٠", "０", "9" * 400, "0 ", "%00", "..", "a", "0.0"]
)
def test_an_index_nothing_was_declared_under_is_not_found(held: Held, index: str) -> None:
    problem(held.put(a_jpeg(), index), 404, "not_found")
    problem(held.call("GET", f"/attachments/{index}"), 404, "not_found")
    assert "evidence.files" not in held.web.count()


def test_a_file_that_has_not_come_is_not_found(held: Held) -> None:
    problem(held.call("GET", "/attachments/0"), 404, "not_found")


def test_uploads_at_the_same_moment_all_arrive(intake: Web) -> None:
    files = [a_file(f"{n}.jpg") for n in range(8)]
    held = Held(intake, an_application({"/attachments": files}))
    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda n: held.put(a_jpeg(seed=n), n), range(8)))
    assert {r.status_code for r in responses} == {200}
    assert {a["state"] for a in held.stored["attachments"]} == {"received"}
    arrivals = [e.data["awaited"] for e in held.events if "awaited" in e.data]
    assert arrivals == [7, 6, 5, 4, 3, 2, 1, 0]


# --- supplements -----------------------------------------------------------------------------


def test_a_supplement_adds_a_statement_and_files(held: Held) -> None:
    body = {"statement": "补充说明：还有两张考勤表。", "attachments": [a_file("考勤.png")]}
    response = held.call("POST", "/supplements", body)
    answer = response.get_json()
    assert response.status_code == 201
    assert [a["file_name"] for a in answer["attachments"]] == ["工资条.jpg", "考勤.png"]
    assert [a["index"] for a in answer["attachments"]] == [0, 1]
    assert held.events[1].data == {"supplement_count": 1, "attachment_count": 2}
    assert held.put(PNG, 1).status_code == 200
    assert "考勤表".encode() not in held.web.dump()


def test_all_supplements_together_declare_twenty_files_at_most(held: Held) -> None:
    nine = {"attachments": [a_file() for _ in range(9)]}
    assert held.call("POST", "/supplements", nine).status_code == 201
    assert held.call("POST", "/supplements", nine).status_code == 201
    two = {"attachments": [a_file(), a_file()]}
    refusal = problem(held.call("POST", "/supplements", two), 422, "validation_failed")
    assert [(e["pointer"], e["code"]) for e in refusal["errors"]] == [("/attachments", "too_many")]
    assert held.call("POST", "/supplements", {"attachments": [a_file()]}).status_code == 201
    assert len(held.stored["attachments"]) == 20


def test_supplements_at_the_same_moment_keep_to_the_limit_too(held: Held) -> None:
    five = {"attachments": [a_file() for _ in range(5)]}
    with ThreadPoolExecutor(8) as pool:
        statuses = list(
            pool.map(lambda _: held.call("POST", "/supplements", five).status_code, range(8))
        )
    assert sorted(statuses) == [201] * 3 + [422] * 5
    assert len(held.stored["attachments"]) == 16


def test_an_application_takes_a_bounded_number_of_supplements(held: Held) -> None:
    full = [{"at": held.stored["received_at"], "sealed": held.stored["sealed"]}] * 100
    held.web.database.applications.update_one({}, {"$set": {"supplements": full}})
    response = held.call("POST", "/supplements", {"statement": "再补充"})
    assert problem(response, 422, "validation_failed")["errors"][0]["code"] == "too_many"


@pytest.mark.parametrize("body", [{}, {"statement": ""}, {"statement": None, "attachments": []}])
def test_an_empty_supplement_is_refused(held: Held, body: Any) -> None:
    refusal = problem(held.call("POST", "/supplements", body), 422, "validation_failed")
    assert refusal["errors"][0]["pointer"] == "/statement"


def test_a_supplement_with_a_key_is_taken_once(held: Held) -> None:
    key, body = (
        {"Idempotency-Key": "supplement-1"},
        {"statement": "补充说明", "attachments": [a_file()]},
    )
    first = held.call("POST", "/supplements", body, **key)
    held.call("POST", "/supplements", {"statement": "另一份"})
    again = held.call("POST", "/supplements", body, **key)
    assert (again.status_code, again.get_json()) == (201, first.get_json())
    assert len(held.stored["supplements"]) == 2
    other = held.call("POST", "/supplements", {"statement": "不同的一份"}, **key)
    problem(other, 422, "idempotency_key_reused")
    problem(held.call("POST", "/supplements", body, **{"Idempotency-Key": " "}), 422,
            "idempotency_key_invalid")  # fmt: skip


def test_a_key_of_one_application_says_nothing_of_another(intake: Web) -> None:
    for seed in (1, 2):
        held = Held(intake, an_application(seed=seed))
        body = {"statement": f"补充{seed}"}
        response = held.call("POST", "/supplements", body, **{"Idempotency-Key": "k"})
        assert response.status_code == 201


def test_supplements_with_one_key_at_the_same_moment_are_one(held: Held) -> None:
    body = {"statement": "补充说明"}
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(
                lambda _: held.call("POST", "/supplements", body, **{"Idempotency-Key": "k"}),
                range(6),
            )
        )
    assert {a.status_code for a in answers} == {201}
    assert len({a.data for a in answers}) == 1
    assert len(held.stored["supplements"]) == 1


# --- withdrawal ------------------------------------------------------------------------------


def test_a_withdrawal_is_final_and_may_be_repeated(held: Held) -> None:
    first = held.call("POST", "/withdrawal", {"reason": "双方已经和解"})
    assert first.status_code == 200
    assert first.get_json()["status"] == "withdrawn"
    again = held.call("POST", "/withdrawal")
    assert (again.status_code, again.data) == (200, first.data)
    assert [e.name for e in held.events] == ["application.submitted", "application.withdrawn"]
    assert "已撤回" in held.call("GET", "/receipt").get_data(as_text=True)


def test_the_reason_of_a_withdrawal_is_kept_sealed(held: Held) -> None:
    held.call("POST", "/withdrawal", {"reason": "双方已经和解"})
    assert held.stored["withdrawal"]["sealed"]
    assert "和解".encode() not in held.web.dump()


@pytest.mark.parametrize("body", [b"{", {"why": 1}, {"reason": 5}, []])
def test_a_faulty_withdrawal_changes_nothing(held: Held, body: Any) -> None:
    response = held.call("POST", "/withdrawal", body)
    assert response.status_code in (415, 422)
    assert held.stored["status"] == "submitted"


@pytest.mark.parametrize(
    "method, path, body, command",
    [
        ("POST", "/supplements", {"statement": "补充"}, "supplement"),
        ("PUT", "/attachments/0", a_jpeg(), "supply_evidence"),
    ],
)
def test_nothing_can_be_added_after_a_withdrawal(
    held: Held, method: str, path: str, body: Any, command: str
) -> None:
    held.call("POST", "/withdrawal")
    refusal = problem(held.call(method, path, body), 409, "command_not_allowed")
    assert refusal["command"] == command
    assert refusal["case_status"] == "withdrawn"
    assert refusal["allowed"] == []


def test_a_case_withdrawn_elsewhere_is_withdrawn_here(held: Held) -> None:
    held.learns("case.withdrawn", 3)
    response = held.call("POST", "/withdrawal")
    assert response.status_code == 200
    assert response.get_json()["status"] == "withdrawn"
    assert response.get_json()["withdrawn_at"]


def test_the_status_follows_the_case_in_any_order_and_a_withdrawal_stays(held: Held) -> None:
    held.learns("case.mediator_assigned", 2)
    held.learns("case.organisation_assigned", 1)
    assert held.stored["status"] == "mediator_assigned"
    held.call("POST", "/withdrawal")
    held.learns("case.mediator_assigned", 3)
    assert (held.stored["status"], held.stored["open"]) == ("withdrawn", False)


# --- receipt ---------------------------------------------------------------------------------


def test_the_receipt_shows_number_code_and_what_is_still_missing(held: Held) -> None:
    response = held.call("GET", "/receipt")
    page = response.get_data(as_text=True)
    assert response.content_type == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "no-store" in response.headers["Cache-Control"]
    assert held.answer["serial_number_display"] in page
    assert held.answer["query_code"] in page
    assert "还有1份材料尚未上传" in page
    held.put(a_jpeg())
    assert "尚未上传" not in held.call("GET", "/receipt").get_data(as_text=True)
    english = held.call("GET", "/receipt", **{"Accept-Language": "en"}).get_data(as_text=True)
    assert 'lang="en"' in english


def test_the_receipt_carries_the_newest_hash_of_application_and_case(held: Held) -> None:
    first = held.answer["history_hash"]
    assert first == held.stored["outbox"][0]["hash"]
    page = held.call("GET", "/receipt").get_data(as_text=True)
    assert first in page
    assert f"{first[:4]} {first[4:8]} {first[8:12]} {first[12:16]}" in page
    held.call("POST", "/supplements", {"statement": "补充"})
    held.learns("case.mediator_assigned", 1)
    page = held.call("GET", "/receipt").get_data(as_text=True)
    assert first not in page
    assert held.stored["outbox"][1]["hash"] in page
    assert held.stored["case_history_hash"] in page


def test_the_fast_track_has_its_receipt_too(intake: Web) -> None:
    held = Held(intake, a_woman_in_lactation())
    assert "绿色通道" in held.call("GET", "/receipt").get_data(as_text=True)


# --- drafts ----------------------------------------------------------------------------------


def test_a_draft_is_saved_resumed_changed_and_forgotten(intake: Web) -> None:
    half = {"applicant": {"name": "赵铁柱"}, "anything": [None, 1.5, {"deep": True}]}
    created = intake.call("POST", "/v1/drafts", half)
    draft = created.get_json()
    path = f"/v1/drafts/{draft['id']}"
    assert created.status_code == 201
    assert (draft["application"], draft["version"]) == (half, 1)
    assert created.headers["ETag"] == '"1"'
    assert intake.call("GET", path).get_json() == draft

    changed = intake.call("PUT", path, {"claims": []}, headers={"If-Match": '"1"'})
    assert changed.get_json()["version"] == 2
    assert intake.call("GET", path).get_json()["application"] == {"claims": []}
    gone = intake.call("DELETE", path)
    assert (gone.status_code, gone.data) == (204, b"")
    for method in ("GET", "DELETE"):
        problem(intake.call(method, path), 404, "draft_expired")
    problem(intake.call("PUT", path, {}), 404, "draft_expired")


@pytest.mark.parametrize("seen", ['"1"', 'W/"1"', "1", "abc", '""', "", '"1", "2"', "99999999999"])
def test_a_draft_changed_elsewhere_is_never_overwritten_unseen(intake: Web, seen: str) -> None:
    path = f"/v1/drafts/{intake.call('POST', '/v1/drafts', {}).get_json()['id']}"
    intake.call("PUT", path, {"by": "phone"})
    response = intake.call("PUT", path, {"by": "pc"}, headers={"If-Match": seen})
    problem(response, 412, "version_conflict")
    assert intake.call("GET", path).get_json()["application"] == {"by": "phone"}


@pytest.mark.parametrize("seen", ["*", '"2"', 'W/"2"', "2"])
def test_whoever_saw_the_newest_draft_may_change_it(intake: Web, seen: str) -> None:
    path = f"/v1/drafts/{intake.call('POST', '/v1/drafts', {}).get_json()['id']}"
    intake.call("PUT", path, {"by": "phone"})
    assert intake.call("PUT", path, {"by": "pc"}, headers={"If-Match": seen}).status_code == 200
