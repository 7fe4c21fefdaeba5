"""Who may submit: anybody within limits, with a proven phone, logged in; and for which channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from services.intake.phone_verification import TRIES_MOST, context
from shared.contracts.envelope import from_document
from shared.contracts.events import faults
from shared.sealing import Keyring
from tests.builders.applications import a_mobile, an_application, an_id_number, with_agent
from tests.web import Web, problem

PHONE = a_mobile(1)


def ask(web: Web, phone: str = PHONE, **more: Any) -> Any:
    return web.call("POST", "/v1/phone-verifications", {"phone": phone}, **more)


def sent(web: Web, verification: str) -> Any:
    """What notify reads of the request: the phone and its code."""
    document = web.database.phone_verifications.find_one({"_id": verification})
    assert document is not None
    event = from_document(document["outbox"][0])
    assert (event.name, event.subject) == ("phone.code_requested", verification)
    assert faults(event.name, event.data) == {}
    keyring = Keyring.parse(web.settings.contact_keys)
    return orjson.loads(keyring.open(event.data["contacts"], context(verification)))


def attempt(web: Web, verification: str, code: str) -> Any:
    return web.call("POST", f"/v1/phone-verifications/{verification}", {"code": code})


def proof(web: Web, phone: str = PHONE) -> dict[str, str]:
    key = ask(web, phone).get_json()["verification"]
    return {"X-Phone-Proof": attempt(web, key, sent(web, key)["code"]).get_json()["proof"]}


def submit(web: Web, body: Any = None, headers: Any = None) -> Any:
    return web.call("POST", "/v1/applications", body or an_application(), headers=headers or {})


def wrong_code(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


# --- proving a phone -------------------------------------------------------------------------


def test_a_code_goes_sealed_to_the_phone_and_proves_it(intake: Web) -> None:
    response = ask(intake, "138 0000 0001")
    assert response.status_code == 202
    key = response.get_json()["verification"]
    told = sent(intake, key)
    assert (told["phone"], told["language"]) == ("+8613800000001", "zh")
    assert len(told["code"]) == 6
    proven = attempt(intake, key, told["code"])
    assert proven.status_code == 200
    assert proven.get_json()["proof"].startswith(f"{key}.")
    dump = intake.dump()
    for secret in ("13800000001", told["code"], proven.get_json()["proof"]):
        assert secret.encode() not in dump


def test_the_answer_is_the_same_whoever_the_phone_is(intake: Web) -> None:
    submit(intake)
    known, unknown = ask(intake), ask(intake, a_mobile(999))
    assert (known.status_code, unknown.status_code) == (202, 202)
    assert set(known.get_json()) == set(unknown.get_json())


def test_five_wrong_codes_use_a_verification_up(intake: Web) -> None:
    key = ask(intake).get_json()["verification"]
    code = sent(intake, key)["code"]
    for _ in range(TRIES_MOST):
        problem(attempt(intake, key, wrong_code(code)), 403, "phone_not_verified")
    used_up = problem(attempt(intake, key, code), 403, "phone_not_verified")
    unknown = problem(attempt(intake, "A" * 22, code), 403, "phone_not_verified")
    assert used_up["detail"] == unknown["detail"]
    stored = intake.database.phone_verifications.find_one({"_id": key}) or {}
    assert (stored["tries"], stored["proof_hash"]) == (TRIES_MOST, None)


def test_the_right_code_after_wrong_ones_still_proves(intake: Web) -> None:
    key = ask(intake).get_json()["verification"]
    code = sent(intake, key)["code"]
    for _ in range(TRIES_MOST - 1):
        attempt(intake, key, wrong_code(code))
    assert attempt(intake, key, code).status_code == 200


def test_a_code_ends_after_its_minutes(intake: Web) -> None:
    key = ask(intake).get_json()["verification"]
    past = {"expires_at": datetime.now(UTC) - timedelta(seconds=1)}
    intake.database.phone_verifications.update_one({}, {"$set": past})
    problem(attempt(intake, key, sent(intake, key)["code"]), 403, "phone_not_verified")


def test_a_phone_gets_a_few_codes_only_wherever_they_are_asked_for(intake: Web) -> None:
    for n in range(3):
        assert ask(intake, address=f"198.51.100.{n}").status_code == 202
    problem(ask(intake, address="198.51.100.9"), 429, "too_many_attempts")
    assert ask(intake, a_mobile(2), address="198.51.100.9").status_code == 202


def test_an_address_asks_for_a_bounded_number_of_codes(intake: Web) -> None:
    for seed in range(20):
        assert ask(intake, a_mobile(seed)).status_code == 202
    problem(ask(intake, a_mobile(50)), 429, "too_many_attempts")
    assert ask(intake, a_mobile(50), address="192.0.2.1").status_code == 202


@pytest.mark.parametrize(
    "phone, code",
    [("12", "phone_format"), ("0531-00000001", "mobile_required"), ("", "required"),
     (5, "wrong_type"), ("138****0001", "phone_format")],
)  # fmt: skip
def test_a_phone_that_takes_no_messages_is_refused(intake: Web, phone: Any, code: str) -> None:
    refused = problem(ask(intake, phone), 422, "validation_failed")
    assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [("/phone", code)]
    assert intake.count() == {}


# --- submitting with it ----------------------------------------------------------------------


def test_with_a_proven_phone_of_applicant_or_agent_one_may_submit(intake: Web) -> None:
    strict = intake.beside(submission="phone_verified")
    problem(submit(strict), 403, "phone_not_verified")
    assert submit(strict, headers=proof(strict)).status_code == 201
    body = with_agent(an_application(seed=7))
    assert submit(strict, body, proof(strict, body["agent"]["phone"])).status_code == 201
    problem(submit(strict, an_application(seed=9), proof(strict)), 403, "phone_not_verified")
    assert intake.database.applications.count_documents({}) == 2


def test_a_proof_that_was_changed_or_has_ended_proves_nothing(intake: Web) -> None:
    strict = intake.beside(submission="phone_verified")
    headers = proof(strict)
    whole = headers["X-Phone-Proof"]
    for changed in (whole[:-1], whole + "x", whole.partition(".")[0], ".", "x" * 5000):
        problem(submit(strict, headers={"X-Phone-Proof": changed}), 403, "phone_not_verified")
    past = {"proof_expires_at": datetime.now(UTC) - timedelta(seconds=1)}
    intake.database.phone_verifications.update_one({}, {"$set": past})
    problem(submit(strict, headers=headers), 403, "phone_not_verified")


def test_whoever_is_logged_in_needs_no_proof(intake: Web) -> None:
    strict = intake.beside(submission="phone_verified")
    token = strict.token("applicant", id_number=an_application()["applicant"]["id_number"])
    assert submit(strict, headers=token).status_code == 201


def test_where_a_login_is_needed_only_the_persons_themselves_and_partners_submit(
    intake: Web,
) -> None:
    strict = intake.beside(submission="login")
    body = with_agent(an_application())
    problem(submit(strict, body), 401, "unauthorised")
    problem(submit(strict, body, proof(strict)), 401, "unauthorised")
    stranger = strict.token("applicant", id_number=an_id_number(seed=77))
    problem(submit(strict, body, stranger), 403, "forbidden")
    problem(submit(strict, body, strict.token("applicant")), 403, "forbidden")
    problem(submit(strict, body, strict.token("mediator")), 403, "forbidden")
    for who, role in ((body["applicant"], "applicant"), (body["agent"], "agent")):
        token = strict.token(role, id_number=who["id_number"])
        assert submit(strict, body, token).status_code == 201
    partner = strict.token("partner", channel="web")
    assert submit(strict, body, partner).status_code == 201


def test_one_phone_applies_a_bounded_number_of_times_a_day(intake: Web) -> None:
    strict = intake.beside(submissions_per_phone=2)
    for n in range(2):
        assert strict.call(
            "POST", "/v1/applications", an_application(), address=f"198.51.100.{n}",
            headers={"Idempotency-Key": f"key-{n}"},
        ).status_code == 201  # fmt: skip
    problem(submit(strict), 429, "too_many_attempts")
    again = submit(strict, headers={"Idempotency-Key": "key-1"})
    assert again.status_code == 201  # what was stored is told again
    assert submit(strict, an_application(seed=2)).status_code == 201
    token = strict.token("applicant", id_number=an_application()["applicant"]["id_number"])
    assert submit(strict, headers=token).status_code == 201


# --- channels --------------------------------------------------------------------------------


def test_a_partner_claims_its_own_channel_only(intake: Web) -> None:
    partner = intake.token("partner", channel="bank_app")
    refused = problem(submit(intake, headers=partner), 403, "forbidden")
    assert "渠道" in refused["detail"]
    own = an_application(channel="bank_app")
    assert submit(intake, own, partner).status_code == 201
    problem(submit(intake, own, intake.token("partner")), 403, "forbidden")


def test_a_channel_with_a_partner_takes_nothing_from_others(intake: Web) -> None:
    strict = intake.beside(channels_with_token="bank_app, portal")
    own = an_application(channel="bank_app")
    problem(submit(strict, own), 403, "forbidden")
    person = strict.token("applicant", id_number=own["applicant"]["id_number"])
    problem(submit(strict, own, person), 403, "forbidden")
    assert submit(strict, own, strict.token("partner", channel="bank_app")).status_code == 201
    assert submit(strict).status_code == 201
