"""A phone proven by a one-time code: asked for, typed, turned into a proof to apply with. Pure.

One document for each request, removed a day after its proof ended:

    {_id, phone_hash, code_hash, expires_at, tries, proof_hash, proof_expires_at, forget_at}

Nothing in it can be read back: the phone and the code travel sealed to notify and nowhere else.
"""

from __future__ import annotations

import secrets as randomness
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from services.intake import wording
from services.intake.handlers import Secrets
from services.intake.phone import Phone
from shared.contracts.envelope import NewEvent
from shared.contracts.fields import Code
from shared.contracts.schema import Body
from shared.decision import NOTHING, Decision, State
from shared.errors import Language, Refused
from shared.sealing import Hasher

CODE_LIFE: Final = timedelta(minutes=10)
TRIES_MOST: Final = 5
PROOF_LIFE: Final = timedelta(hours=24)
NO_PLACE: Final = "000000"
"""The division of an event of a phone, which lies nowhere."""

_KEPT: Final = timedelta(days=2)


class PhoneAsking(Body):
    """The phone to be proven."""

    phone = Phone("手机号", required=True)


class CodeTyped(Body):
    """The code that was sent to it."""

    code = Code("验证码", "[0-9]{6}", compact=True, required=True)


def draw_id() -> str:
    """128 random bits, 22 URL-safe characters: whoever asked may try the code, nobody else."""
    return randomness.token_urlsafe(16)


def draw_code() -> str:
    """Six digits."""
    return f"{randomness.randbelow(10**6):06d}"


def draw_proof(verification: str) -> str:
    """What is sent along with the application; it names its verification."""
    return f"{verification}.{randomness.token_urlsafe(24)}"


def context(verification: str) -> str:
    """The place that the sealed phone and code belong to."""
    return f"phone:{verification}"


def phone_hash(hasher: Hasher, phone: str) -> str:
    return hasher.hash("phone", phone)


def require_mobile(phone: str) -> None:
    """Refused("validation_failed") for a mainland number that takes no text messages."""
    if ";" in phone or (phone.startswith("+86") and not _is_mobile(phone.removeprefix("+86"))):
        errors = [wording.fault("mobile_required").at("/phone")]
        raise Refused("validation_failed", errors=errors)


def ask(
    verification: str, phone: str, code: str, *, language: Language, secrets: Secrets, at: datetime
) -> Decision:
    """A new verification, and the code on its way to the phone."""
    expires_at = at + CODE_LIFE
    words = orjson.dumps({"phone": phone, "code": code, "language": language})
    return Decision(
        set={
            "phone_hash": phone_hash(secrets.hasher, phone),
            "code_hash": _code_hash(secrets.hasher, verification, code),
            "expires_at": expires_at,
            "tries": 0,
            "proof_hash": None,
            "proof_expires_at": None,
            "forget_at": at + _KEPT,
        },
        events=[
            NewEvent(
                "phone.code_requested",
                {
                    "contacts": secrets.contacts.seal(words, context(verification)),
                    "expires_at": expires_at.isoformat(),
                },
            )
        ],
    )


def attempt(state: State, code: str, proof: str, hasher: Hasher, at: datetime) -> Decision:
    """One try counted, whatever the code; with the right one `proof` is good from now on.

    NOTHING once the code has expired or TRIES_MOST tries are used up. Whether it was right shows in
    `proves` of the state after it.
    """
    if at >= state["expires_at"] or state["tries"] >= TRIES_MOST:
        return NOTHING
    changes: dict[str, Any] = {"tries": state["tries"] + 1}
    if hasher.matches(_CODE, f"{state['_id']}:{code}", state["code_hash"]):
        changes |= {"proof_hash": hasher.hash(_PROOF, proof), "proof_expires_at": at + PROOF_LIFE}
    return Decision(set=changes)


def proves(state: State, proof: str, hasher: Hasher, at: datetime) -> bool:
    """Whether this is the proof of the verification, and still good."""
    if state["proof_hash"] is None or at >= state["proof_expires_at"]:
        return False
    return hasher.matches(_PROOF, proof, state["proof_hash"])


_CODE: Final = "phone_code"
_PROOF: Final = "phone_proof"


def _code_hash(hasher: Hasher, verification: str, code: str) -> str:
    return hasher.hash(_CODE, f"{verification}:{code}")


def _is_mobile(national: str) -> bool:
    return len(national) == 11 and national.startswith("1")
