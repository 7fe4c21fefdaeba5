"""Intake's commands and what it learns of its case: values in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest

from services.intake import handlers
from services.intake.application import validate
from services.intake.following import follow_case
from services.intake.handlers import Receipt, Secrets
from shared.decision import NOTHING, Decision
from shared.errors import Refused
from shared.sealing import Hasher, Keyring, identity_hash, new_key, phone_last4_hash
from tests.builders import applications as builders
from tests.builders.applications import an_application, with_agent
from tests.builders.events import an_event
from tests.builders.notices import CASE_FACTS

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
NUMBER = "2634626885086477"
KEYS = {"k1": new_key(), "k2": new_key()}
HASHER = Hasher.parse(new_key())
CONTACTS = Keyring.parse(f"c1:{new_key()}")
RECORDS = Keyring.parse(f"r1:{new_key()}")


def secrets(first: str = "k1") -> Secrets:
    order = sorted(KEYS, key=lambda kid: kid != first)
    ring = Keyring.parse(",".join(f"{kid}:{KEYS[kid]}" for kid in order))
    return Secrets(ring, CONTACTS, HASHER, RECORDS)


RECEIPT = Receipt(
    serial_number=NUMBER,
    query_code="K7RM2PXA",
    respondent_codes=("B4NT8WQY", "C5PU9XRZ", "D6QV2YSA"),
    received_at=NOW,
    query_code_days=730,
    division_code="370102013",
    division_name="山东省济南市历下区姚家街道",
    idempotency_key=None,
    body_digest="",
)


def submitted(body: dict[str, Any] | None = None, **changes: Any) -> Decision:
    application = validate(body or an_application(), date(2026, 11, 20))
    return handlers.submit(application, replace(RECEIPT, **changes), secrets())


def a_state(decision: Decision | None = None, **changes: Any) -> dict[str, Any]:
    return {"_id": NUMBER, **(decision or submitted()).set, **changes}


def after(state: Mapping[str, Any], decision: Decision) -> dict[str, Any]:
    pushed = {k: [*state.get(k, ()), *v] for k, v in decision.push.items()}
    return {**state, **decision.set, **pushed}


def refusal(act: Any, *arguments: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        act(*arguments)
    return caught.value


# --- submitting ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build",
    [builders.an_application, builders.an_employers_application, builders.a_woman_in_lactation,
     builders.a_collective_application, builders.a_foreign_teacher, builders.a_riders_application],
)  # fmt: skip
def test_one_submission_is_one_open_state_and_one_event(build: Any) -> None:
    decision = submitted(build())
    (event,) = decision.events
    assert event.name == "application.submitted"
    assert (decision.set["status"], decision.set["open"]) == ("submitted", True)
    for shared in ("flags", "claims", "deadlines", "party_hashes", "query_code_hash", "category"):
        assert event.data[shared] == decision.set[shared]
    assert "parties_key" not in event.data
    assert "sealed" not in event.data


def test_what_is_sealed_opens_for_its_place_only() -> None:
    decision = submitted()
    opened = orjson.loads(
        secrets().applications.open(decision.set["sealed"], f"application:{NUMBER}")
    )
    assert opened["query_code"] == "K7RM2PXA"
    assert opened["application"]["applicant"]["name"] == an_application()["applicant"]["name"]
    contacts = decision.events[0].data["contacts"]
    told = orjson.loads(CONTACTS.open(contacts, f"contacts:{NUMBER}"))
    assert {person["party"] for person in told["persons"]} == {"applicant", "respondent"}


def test_holders_are_applicants_and_agent_by_their_hash() -> None:
    body = with_agent(an_application())
    expected = {identity_hash(HASHER, body[who]["id_number"]) for who in ("applicant", "agent")}
    assert set(submitted(body).set["holder_hashes"]) == expected


def test_the_last_digits_of_a_phone_are_those_of_the_number_not_of_its_extension() -> None:
    body = an_application({"/applicant/phone": "0531-88886666转123"})
    assert submitted(body).set["phone_last4_hashes"] == [phone_last4_hash(HASHER, NUMBER, "6666")]


def test_the_agents_phone_opens_the_progress_too_and_the_respondents_does_not() -> None:
    body = with_agent(an_application())
    phones = (body["applicant"]["phone"], body["agent"]["phone"])
    expected = {phone_last4_hash(HASHER, NUMBER, phone) for phone in phones}
    assert set(submitted(body).set["phone_last4_hashes"]) == expected


def test_a_key_is_kept_with_the_digest_of_its_body() -> None:
    assert "idempotency" not in submitted().set
    decision = submitted(idempotency_key="hash", body_digest="digest")
    assert decision.set["idempotency"] == {"key": "hash", "body": "digest"}


def test_a_query_code_ends_after_its_days() -> None:
    expires = submitted(query_code_days=10).set["query_code_expires_at"]
    assert expires == NOW + timedelta(days=10)


# --- adding ----------------------------------------------------------------------------------

ADDED = {
    "statement": "补充",
    "attachments": [{"file_name": "a.pdf", "kind": "other", "size_bytes": 5}],
}


def test_a_supplement_seals_its_words_and_declares_its_files() -> None:
    state = a_state()
    decision = handlers.supplement(state, ADDED, secrets(), NOW)
    (kept,) = decision.push["supplements"]
    opened = secrets().applications.open(kept["sealed"], f"application:{NUMBER}")
    assert orjson.loads(opened) == ADDED
    (declared,) = decision.push["attachments"]
    assert declared == {"kind": "other", "content_type": None, "size_bytes": 5, "state": "awaited"}
    assert decision.events[0].data == {"supplement_count": 1, "attachment_count": 2}


def test_a_state_sealed_with_two_keys_says_so_until_it_is_sealed_again() -> None:
    state = a_state()
    same = after(state, handlers.supplement(state, ADDED, secrets("k1"), NOW))
    assert same["sealed_with"] == "k1"
    mixed = after(same, handlers.supplement(same, ADDED, secrets("k2"), NOW))
    assert mixed["sealed_with"] == ""
    still = after(mixed, handlers.supplement(mixed, ADDED, secrets("k2"), NOW))
    assert still["sealed_with"] == ""
    withdrawn = after(state, handlers.withdraw(state, {"reason": "和解"}, secrets("k2"), NOW))
    assert withdrawn["sealed_with"] == ""


def test_supplements_are_bounded() -> None:
    state = a_state(supplements=[{}] * handlers.SUPPLEMENTS_MOST)
    refused = refusal(handlers.supplement, state, ADDED, secrets(), NOW)
    assert (refused.slug, refused.errors[0].code) == ("validation_failed", "too_many")


RECEIVED = {"file_id": "f", "sha256": "00", "size_bytes": 3, "content_type": "image/png"}


def test_a_file_that_arrives_clears_an_earlier_refusal() -> None:
    state = a_state()
    state = after(state, handlers.refuse_evidence(state, 0, "empty"))
    assert state["attachments"][0]["refusal"] == "empty"
    decision = handlers.receive_evidence(state, 0, RECEIVED)
    (entry,) = decision.set["attachments"]
    assert entry == {"kind": "wage_flow", "state": "received", **RECEIVED}
    assert decision.events[0].data == {"index": 0, "kind": "wage_flow", "awaited": 0}


def test_a_refusal_never_takes_the_place_of_a_file_that_is_there() -> None:
    state = a_state()
    state = after(state, handlers.receive_evidence(state, 0, RECEIVED))
    assert handlers.refuse_evidence(state, 0, "empty") is NOTHING


# --- withdrawing -----------------------------------------------------------------------------


def test_a_withdrawal_closes_at_once_and_tells_it_once() -> None:
    state = a_state()
    decision = handlers.withdraw(state, {}, secrets(), NOW)
    assert decision.set == {
        "status": "withdrawn",
        "open": False,
        "withdrawn_at": NOW,
        "withdrawal_pending": True,
        "withdrawn_after": 0,
    }
    assert [event.name for event in decision.events] == ["application.withdrawn"]
    assert handlers.withdraw(after(state, decision), {}, secrets(), NOW) is NOTHING


@pytest.mark.parametrize(
    "act",
    [
        lambda state: handlers.supplement(state, ADDED, secrets(), NOW),
        lambda state: handlers.receive_evidence(state, 0, RECEIVED),
        lambda state: handlers.withdraw(state, {}, secrets(), NOW),
    ],
)
def test_nothing_can_be_done_to_what_has_ended(act: Any) -> None:
    refused = refusal(act, a_state(status="closed", open=False))
    assert refused.slug == "command_not_allowed"
    assert refused.extra["case_status"] == "closed"
    assert refused.extra["allowed"] == []


@pytest.mark.parametrize("status", ["agreement_signed", "performed", "review_requested"])
def test_what_has_been_settled_is_not_withdrawn(status: str) -> None:
    refused = refusal(handlers.withdraw, a_state(status=status), {}, secrets(), NOW)
    assert refused.slug == "command_not_allowed"


# --- following the case ----------------------------------------------------------------------


def told(name: str, sequence: int) -> Any:
    return an_event(name, sequence=sequence, **CASE_FACTS[name])


def test_the_newest_step_counts_whatever_came_first() -> None:
    state = a_state()
    state = after(state, follow_case(told("case.mediator_assigned", 2), state, NOW))
    assert (state["status"], state["open"]) == ("mediator_assigned", True)
    assert follow_case(told("case.organisation_assigned", 1), state, NOW) is NOTHING
    assert follow_case(told("case.mediator_assigned", 2), state, NOW) is NOTHING


def test_a_withdrawal_is_not_undone_by_a_step_that_crossed_it() -> None:
    state = a_state()
    state = after(state, handlers.withdraw(state, {}, secrets(), NOW))
    state = after(state, follow_case(told("case.mediator_assigned", 2), state, NOW))
    assert (state["status"], state["open"], state["case_sequence"]) == ("withdrawn", False, 2)


def test_a_case_withdrawn_elsewhere_has_its_moment() -> None:
    state = a_state()
    state = after(state, follow_case(told("case.withdrawn", 1), state, NOW))
    assert (state["status"], state["open"]) == ("withdrawn", False)
    assert state["withdrawn_at"] == told("case.withdrawn", 1).time


def test_a_step_of_an_application_that_is_not_here_is_nothing() -> None:
    assert follow_case(told("case.withdrawn", 1), None, NOW) is NOTHING
