"""Who may touch an application: the query code, the person's own token, and how often one may err."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.builders.applications import an_application, an_id_number, with_agent
from tests.web import Web, problem

UNKNOWN = "2634626885086477"


@pytest.fixture
def submitted(intake: Web) -> dict[str, Any]:
    return dict(intake.call("POST", "/v1/applications", with_agent(an_application())).get_json())


def receipt(web: Web, number: str, code: str | None = None, **more: Any) -> Any:
    headers = {**more.pop("token", {}), **({} if code is None else {"X-Query-Code": code})}
    return web.call("GET", f"/v1/applications/{number}/receipt", headers=headers, **more)


PATHS = [
    ("GET", "/receipt", None),
    ("POST", "/withdrawal", None),
    ("POST", "/supplements", {"statement": "补充"}),
    ("PUT", "/attachments/0", b"%PDF-1.7"),
    ("GET", "/attachments/0", None),
]


@pytest.mark.parametrize("method, path, body", PATHS)
def test_nothing_of_an_application_opens_without_right_code_or_token(
    intake: Web, submitted: dict[str, Any], method: str, path: str, body: Any
) -> None:
    whole = f"/v1/applications/{submitted['serial_number']}{path}"
    before = intake.dump()
    missing = intake.call(method, whole, body)
    problem(missing, 401, "unauthorised")
    assert missing.headers["WWW-Authenticate"] == "Bearer"
    wrong = intake.call(method, whole, body, headers={"X-Query-Code": "ABCD-EFGH"})
    problem(wrong, 403, "query_code_wrong")
    stranger = intake.token("applicant", id_number=an_id_number(seed=77))
    problem(intake.call(method, whole, body, headers=stranger), 401, "unauthorised")
    staff_may_read = (method, path) == ("GET", "/attachments/0")
    for role in ("mediator", "organisation_admin", "partner", "auditor"):
        refused = intake.call(method, whole, body, headers=intake.token(role))
        if staff_may_read and role in {"mediator", "organisation_admin"}:
            problem(refused, 404, "not_found")  # it is no case of theirs
        else:
            problem(refused, 403, "forbidden")
    unknown = intake.call(method, f"/v1/applications/{UNKNOWN}{path}", body)
    problem(unknown, 404, "not_found")
    assert intake.dump().count(b"outbox") == before.count(b"outbox")
    (stored,) = intake.database.applications.find()
    assert (stored["version"], stored["status"]) == (1, "submitted")


@pytest.mark.parametrize(
    "spelling",
    [
        lambda code: code,
        lambda code: code.replace("-", ""),
        lambda code: code.lower(),
        lambda code: f" {code[:4]} {code[5:]} ",
    ],
)
def test_the_query_code_opens_however_it_is_written(
    intake: Web, submitted: dict[str, Any], spelling: Any
) -> None:
    code = spelling(submitted["query_code"])
    assert receipt(intake, submitted["serial_number"], code).status_code == 200


@pytest.mark.parametrize(
    "spelling",
    [
        lambda n: n,
        lambda n: f"{n[:4]} {n[4:8]} {n[8:12]} {n[12:]}",
        lambda n: f"{n[:4]}-{n[4:8]}－{n[8:12]}—{n[12:]}",
        lambda n: n.translate({48 + d: 0xFF10 + d for d in range(10)}),
        lambda n: n.translate({48 + d: "〇一二三四五六七八九"[d] for d in range(10)}),
        lambda n: n.translate({48 + d: "零壹贰叁肆伍陆柒捌玖"[d] for d in range(10)}),
    ],
)
def test_a_serial_number_is_understood_however_it_is_typed(
    intake: Web, submitted: dict[str, Any], spelling: Any
) -> None:
    typed = spelling(submitted["serial_number"])
    assert receipt(intake, typed, submitted["query_code"]).status_code == 200


@pytest.mark.parametrize("typed", ["2634626885086478", "263462688508647", "2634x26885086477", "1"])
def test_a_mistyped_serial_number_is_told_apart_from_an_unknown_one(
    intake: Web, typed: str
) -> None:
    problem(receipt(intake, typed), 422, "serial_checksum")


def test_applicant_and_agent_need_no_code_when_logged_in(
    intake: Web, submitted: dict[str, Any]
) -> None:
    body = with_agent(an_application())
    for role, person in (("applicant", body["applicant"]), ("agent", body["agent"])):
        token = intake.token(role, id_number=person["id_number"])
        assert receipt(intake, submitted["serial_number"], token=token).status_code == 200


def test_a_code_opens_its_own_application_only(intake: Web, submitted: dict[str, Any]) -> None:
    other = intake.call("POST", "/v1/applications", an_application(seed=2)).get_json()
    response = receipt(intake, other["serial_number"], submitted["query_code"])
    problem(response, 403, "query_code_wrong")


def test_an_expired_code_opens_nothing(intake: Web, submitted: dict[str, Any]) -> None:
    expired = {"query_code_expires_at": datetime.now(UTC) - timedelta(seconds=1)}
    intake.database.applications.update_one({}, {"$set": expired})
    response = receipt(intake, submitted["serial_number"], submitted["query_code"])
    problem(response, 403, "query_code_wrong")


# --- guessing --------------------------------------------------------------------------------


def locked(intake: Web, number: str) -> Any:
    """The answer after a hundred wrong codes for one application, five from each address."""
    for attempt in range(100):
        response = receipt(intake, number, "ABCD-EFGH", address=f"198.51.100.{attempt // 5}")
        problem(response, 403, "query_code_wrong")
    return receipt(intake, number, "ABCD-EFGH", address="198.51.100.99")


def test_wrong_codes_from_twenty_addresses_lock_an_application_for_every_code_and_address(
    intake: Web, submitted: dict[str, Any]
) -> None:
    number, code = submitted["serial_number"], submitted["query_code"]
    response = locked(intake, number)
    refusal = problem(response, 429, "too_many_attempts")
    assert 0 < int(response.headers["Retry-After"]) == refusal["retry_after"] <= 900
    # the right code too, wherever it comes from: else trying on would still tell which is right
    problem(receipt(intake, number, code, address="192.0.2.1"), 429, "too_many_attempts")
    # and in every process, once it has looked
    other = intake.beside()
    problem(receipt(other, number, code, address="192.0.2.1"), 429, "too_many_attempts")


def test_a_lock_of_one_application_leaves_the_others_open(
    intake: Web, submitted: dict[str, Any]
) -> None:
    locked(intake, submitted["serial_number"])
    other = intake.call("POST", "/v1/applications", an_application(seed=2)).get_json()
    response = receipt(intake, other["serial_number"], other["query_code"], address="198.51.100.1")
    assert response.status_code == 200


def test_whoever_is_logged_in_is_never_locked_out(intake: Web, submitted: dict[str, Any]) -> None:
    number = submitted["serial_number"]
    locked(intake, number)
    token = intake.token("applicant", id_number=an_application()["applicant"]["id_number"])
    assert receipt(intake, number, token=token).status_code == 200


def test_an_address_that_tries_many_unknown_numbers_is_refused_known_ones_too(
    intake: Web, submitted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    number, code = submitted["serial_number"], submitted["query_code"]
    for _ in range(60):
        problem(receipt(intake, UNKNOWN), 404, "not_found")
    problem(receipt(intake, UNKNOWN), 429, "too_many_attempts")
    problem(receipt(intake, number, code), 429, "too_many_attempts")
    assert receipt(intake, number, code, address="192.0.2.1").status_code == 200
    token = intake.token("applicant", id_number=an_application()["applicant"]["id_number"])
    assert receipt(intake, number, token=token).status_code == 200


def test_right_codes_are_never_counted(intake: Web, submitted: dict[str, Any]) -> None:
    for _ in range(30):
        response = receipt(intake, submitted["serial_number"], submitted["query_code"])
        assert response.status_code == 200


def test_attempts_are_counted_under_hashes_only(intake: Web, submitted: dict[str, Any]) -> None:
    locked(intake, submitted["serial_number"])
    counters = str(list(intake.database.throttle.find()))
    assert submitted["serial_number"] not in counters
    assert "198.51.100" not in counters
