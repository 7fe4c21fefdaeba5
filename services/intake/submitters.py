"""Who may submit an application: anybody, whoever has proven a phone, or only known people.

Besides, a partner may claim its own channel only, and channels that have a partner no one else's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from flask import request

from services.intake import phone_verification
from services.intake.persons import normal_number
from services.intake.phone_verification_api import Verifications
from shared.access import Concerned
from shared.asking import caller, reached
from shared.errors import Refused, Text
from shared.sealing import Hasher, identity_hash

OPEN, PHONE_VERIFIED, LOGIN = MODES = ("open", "phone_verified", "login")
PROOF_HEADER: Final = "X-Phone-Proof"

_OTHER_CHANNEL = Text(
    "只能以自己的渠道提交申请", "A partner submits applications of its own channel only"
)
_CHANNEL_TAKEN = Text(
    "该渠道的申请只能由渠道方凭令牌提交",
    "Applications of this channel are submitted by its partner, with a token",
)
_NOT_THEIRS = Text(
    "只能由申请人或代理人本人登录提交",
    "Only the applicant or the agent, logged in, may submit this application",
)
_LOG_IN = Text("请登录后提交申请", "Log in to submit an application")


@dataclass(frozen=True, slots=True)
class Submitters:
    """Judges who submits, by the settings `submission` and `channels_with_token`."""

    mode: str
    channels_with_token: Collection[str]
    verifications: Verifications
    hasher: Hasher

    def check(self, application: Mapping[str, Any]) -> None:
        """Refused: forbidden for another's channel or another's application, unauthorised and
        phone_not_verified where a login or a proven phone is needed."""
        self._check_channel(application["channel"])
        principal = caller().principal
        if self.mode == OPEN or caller().relation == "own_channel":
            return
        if principal and principal.id_number_hash in self._identities(application):
            return
        if self.mode == LOGIN:
            if principal is None:
                raise Refused("unauthorised", _LOG_IN)
            raise Refused("forbidden", _NOT_THEIRS)
        self._check_proof(application)

    def _check_channel(self, channel: str) -> None:
        if caller().relation == "own_channel":
            if not reached(Concerned(channel=channel)):
                raise Refused("forbidden", _OTHER_CHANNEL)
        elif channel in self.channels_with_token:
            raise Refused("forbidden", _CHANNEL_TAKEN)

    def _identities(self, application: Mapping[str, Any]) -> set[str]:
        people = (application["applicant"], application.get("agent") or {})
        numbers = (normal_number(str(p["id_number"])) for p in people if p.get("id_number"))
        return {identity_hash(self.hasher, number) for number in numbers}

    def _check_proof(self, application: Mapping[str, Any]) -> None:
        proof = request.headers.get(PROOF_HEADER, "")
        state = self.verifications.read(proof.partition(".")[0]) if proof else None
        if state is None or not phone_verification.proves(
            state, proof, self.hasher, datetime.now(UTC)
        ):
            raise Refused("phone_not_verified")
        people = (application["applicant"], application.get("agent") or {})
        hashes = {
            phone_verification.phone_hash(self.hasher, p["phone"]) for p in people if p.get("phone")
        }
        if state["phone_hash"] not in hashes:
            raise Refused("phone_not_verified")
