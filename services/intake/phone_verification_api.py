"""Proving a phone over HTTP, before applying with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from services.intake import answers, phone_verification
from services.intake.handlers import Secrets
from services.intake.phone_verification import CODE_LIFE, NO_PLACE, CodeTyped, PhoneAsking
from shared.asking import caller, json_bytes
from shared.civil_time import rfc3339, today
from shared.commands import carry_out
from shared.contracts.schema import parse_json, read
from shared.errors import Refused, Text
from shared.store import Aggregates, Document, backend_errors, new_aggregate
from shared.throttle import Throttle, address_key
from shared.web import Answer, Route

if TYPE_CHECKING:
    from pymongo.database import Database

_ASKING, _TYPED = PhoneAsking(), CodeTyped()

_WRONG = Text(
    "验证码不正确或已失效，请核对，或重新获取",
    "The code is wrong or no longer valid: check it, or ask for a new one",
)


class Verifications(Aggregates):
    """The collection `phone_verifications`."""

    def __init__(self, database: Database[Document]) -> None:
        super().__init__(database["phone_verifications"])

    def ensure_indexes(self) -> None:
        super().ensure_indexes()
        with backend_errors():
            self.collection.create_index("forget_at", name="forget_at", expireAfterSeconds=0)


@dataclass(frozen=True, slots=True)
class PhoneDesk:
    """What the views work with; made once per process by `app`."""

    verifications: Verifications
    secrets: Secrets
    throttle: Throttle

    def ask(self) -> Answer:
        """The same answer for every phone. Requests are counted before anything is sent."""
        phone = read(_ASKING, parse_json(json_bytes()), today())["phone"]
        phone_verification.require_mobile(phone)
        hasher = self.secrets.hasher
        counted = (
            ("phone_codes_per_address", address_key(hasher, caller().address)),
            ("phone_codes_per_phone", phone_verification.phone_hash(hasher, phone)),
        )
        for purpose, key in counted:
            self.throttle.check(purpose, key)
        for purpose, key in counted:
            self.throttle.failed(purpose, key)  # counted at once: each one may cost a message
        now, key = datetime.now(UTC), phone_verification.draw_id()
        decision = phone_verification.ask(
            key,
            phone,
            phone_verification.draw_code(),
            language=caller().language,
            secrets=self.secrets,
            at=now,
        )
        self.verifications.insert(
            new_aggregate(
                key, decision, source="intake", division=NO_PLACE, at=now, trace=caller().trace
            )
        )
        return Answer({"verification": key, "expires_at": rfc3339(now + CODE_LIFE)}, 202)

    def attempt(self, verification: str) -> dict[str, Any]:
        """A wrong code, one tried too often or too late, and an unknown request look the same."""
        code = read(_TYPED, parse_json(json_bytes()), today())["code"]
        hasher = self.secrets.hasher
        proof = phone_verification.draw_proof(verification)
        try:
            after = carry_out(
                self.verifications,
                verification,
                lambda state, at: phone_verification.attempt(state, code, proof, hasher, at),
                source="intake",
                trace=caller().trace,
            )
        except Refused as refusal:
            if refusal.slug != "not_found":
                raise
            raise Refused("phone_not_verified", _WRONG) from None
        if not phone_verification.proves(after, proof, hasher, datetime.now(UTC)):
            raise Refused("phone_not_verified", _WRONG)
        return {"proof": proof, "expires_at": rfc3339(after["proof_expires_at"])}


def routes(desk: PhoneDesk) -> Sequence[Route]:
    """Both steps of proving a phone."""
    body_refusals = (
        "malformed_json", "validation_failed", "body_too_large", "unsupported_media_type",
    )  # fmt: skip
    return (
        Route(
            "POST", "/v1/phone-verifications", desk.ask, "Have a code sent to a phone",
            body=PhoneAsking, answer=answers.PhoneCodeSent, status=202,
            refusals=(*body_refusals, "too_many_attempts"),
        ),
        Route(
            "POST", "/v1/phone-verifications/{verification}", desk.attempt,
            "Prove the phone with the code", body=CodeTyped, answer=answers.PhoneProof,
            refusals=(*body_refusals, "phone_not_verified"),
        ),
    )  # fmt: skip
