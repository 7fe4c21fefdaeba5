"""An endpoint proves that it wants events before it gets one.

It is sent a signed CloudEvent with a challenge, and has to answer 2xx with `{"challenge": "…"}`, the
same. If its subscription says that it refuses what is not signed, the same call without a signature
(and with another challenge) comes first and must end in 4xx. A failure is tried again by a schedule of
its own, `schedule.HANDSHAKE`; 410 ends it at once.

    challenge_not_repeated   2xx, but without the challenge
    accepted_unsigned        not 4xx to the call without a signature
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from services.notify.partners.calls import Endpoint
from services.notify.partners.endings import Ending
from services.notify.partners.signing import Signer, unsigned_headers
from shared.contracts.envelope import new_id

VERIFICATION: Final = "cn.tiaojie.subscription.verification.v1"

NOT_REPEATED: Final = "challenge_not_repeated"
ACCEPTED_UNSIGNED: Final = "accepted_unsigned"


@dataclass(frozen=True, slots=True)
class Challenge:
    """One call of a handshake."""

    event_id: str
    challenge: str
    body: bytes


def challenge(subscription: str, at: datetime) -> Challenge:
    """A new challenge for an endpoint, as the CloudEvent it gets."""
    event_id, words = new_id(), secrets.token_urlsafe(24)
    event = {
        "specversion": "1.0",
        "id": event_id,
        "type": VERIFICATION,
        "source": "notify",
        "subject": subscription,
        "time": at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {"challenge": words},
    }
    return Challenge(event_id, words, orjson.dumps(event))


async def verify(
    endpoint: Endpoint,
    signer: Signer,
    subscription: str,
    clock: Callable[[], datetime],
    *,
    refuses_unsigned: bool,
) -> str | None:
    """Go through the handshake once: None if control is proved, else the code of what failed."""
    if refuses_unsigned:
        asked = challenge(subscription, clock())
        headers = unsigned_headers(asked.event_id, int(time.time()))
        ending = await _posted(endpoint, headers, asked.body)
        if ending.status_code is None or ending.gone:
            return ending.code
        if not 400 <= ending.status_code < 500:
            return ACCEPTED_UNSIGNED if ending.ok else ending.code
    asked = challenge(subscription, clock())
    headers = signer.headers(asked.event_id, int(time.time()), asked.body)
    ending = await _posted(endpoint, headers, asked.body)
    if not ending.ok:
        return ending.code
    return None if repeats(ending.body, asked.challenge) else NOT_REPEATED


def repeats(body: bytes, words: str) -> bool:
    """Whether an answer is a JSON object with the challenge in it."""
    try:
        answer: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(answer, dict) and answer.get("challenge") == words


async def _posted(endpoint: Endpoint, headers: bytes, body: bytes) -> Ending:
    told: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()

    def ended(ending: Ending) -> None:
        if not told.done():
            told.set_result(ending)

    call = endpoint.post(headers, body, ended)
    try:
        return await told
    finally:
        if call is not None and not told.done():
            call.abort("stopped")
