"""Signatures of calls to partners, as Standard Webhooks has them: HMAC-SHA256 of id, time and body.

Made by hand, because the library takes the time apart for each call: its `Webhook.verify` accepts
every one of them (tests/unit/notify/test_partner_signing.py). While a secret is being replaced, a
call carries one signature of each.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Final

CONTENT_TYPE: Final = b"Content-Type: application/cloudevents+json; charset=utf-8\r\n"
_PREFIX: Final = "whsec_"


class Signer:
    """Header lines of calls, signed with these secrets (`whsec_…`)."""

    __slots__ = ("_keys",)

    def __init__(self, secrets: Iterable[str]) -> None:
        self._keys = [b64decode(secret.removeprefix(_PREFIX)) for secret in secrets]

    def headers(self, event_id: str, seconds: int, body: bytes) -> bytes:
        """The header lines of one call at this time (seconds since the epoch)."""
        place = b"%b.%d." % (event_id.encode(), seconds)
        signed = place + body
        signatures = b" ".join(
            b"v1," + b64encode(hmac.digest(key, signed, "sha256")) for key in self._keys
        )
        return b"%bwebhook-id: %b\r\nwebhook-timestamp: %d\r\nwebhook-signature: %b\r\n" % (
            CONTENT_TYPE,
            event_id.encode(),
            seconds,
            signatures,
        )


def unsigned_headers(event_id: str, seconds: int) -> bytes:
    """The header lines of a call that its receiver must refuse."""
    return b"%bwebhook-id: %b\r\nwebhook-timestamp: %d\r\n" % (
        CONTENT_TYPE,
        event_id.encode(),
        seconds,
    )
