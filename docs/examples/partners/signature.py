"""Signatures of Standard Webhooks with the standard library alone.

The same interface as the package `standardwebhooks`, for whoever cannot install it:
`Webhook(secret).verify(body, headers)` returns the event, or raises WebhookVerificationError.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

TOLERANCE_SECONDS = 5 * 60


class WebhookVerificationError(Exception):
    """The call was not signed with this secret, or not just now."""


class Webhook:
    """Checks calls against one secret, `whsec_…`."""

    def __init__(self, secret: str) -> None:
        self._key = base64.b64decode(secret.removeprefix("whsec_"))

    def verify(self, body: bytes, headers: Mapping[str, str]) -> Any:
        given = {name.lower(): value for name, value in headers.items()}
        identity, at = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
        if not at.isascii() or not at.isdigit() or abs(time.time() - int(at)) > TOLERANCE_SECONDS:
            raise WebhookVerificationError("not a time of now")
        # The bytes as they came: parsing and writing them again would change them.
        signed = f"{identity}.{at}.".encode() + body
        digest = hmac.new(self._key, signed, hashlib.sha256).digest()
        expected = "v1," + base64.b64encode(digest).decode()
        # While a secret is being replaced, a call carries a signature of each, divided by spaces.
        for signature in given.get("webhook-signature", "").split(" "):
            if hmac.compare_digest(signature.encode(), expected.encode()):
                return json.loads(body)
        raise WebhookVerificationError("no signature with this secret")
