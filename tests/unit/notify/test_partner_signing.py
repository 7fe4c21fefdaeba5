"""Signatures that every library of Standard Webhooks accepts."""

from __future__ import annotations

import base64
import json
import secrets
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.notify.partners.handshake import VERIFICATION, challenge, repeats
from services.notify.partners.signing import Signer, unsigned_headers


def a_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def parsed(lines: bytes) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in lines.decode().split("\r\n") if line)


@given(st.text("abc-0123456789", min_size=1, max_size=40), st.text(max_size=200))
def test_the_library_accepts_every_signature(event_id: str, text: str) -> None:
    secret, body = a_secret(), text.encode("utf-8", "replace")
    headers = parsed(Signer([secret]).headers(event_id, int(time.time()), body))
    Webhook(secret).verify(body, headers, json_parse=False)


def test_a_changed_body_an_older_moment_or_another_secret_is_not_accepted() -> None:
    secret, now = a_secret(), int(time.time())
    headers = parsed(Signer([secret]).headers("event-1", now, b"{}"))
    for webhook, body, changed in (
        (Webhook(secret), b"{ }", {}),
        (Webhook(a_secret()), b"{}", {}),
        (Webhook(secret), b"{}", {"webhook-id": "event-2"}),
        (Webhook(secret), b"{}", {"webhook-timestamp": str(now - 1)}),
    ):
        with pytest.raises(WebhookVerificationError):
            webhook.verify(body, headers | changed)


def test_while_a_secret_is_replaced_either_one_accepts() -> None:
    old, new = a_secret(), a_secret()
    headers = parsed(Signer([new, old]).headers("event-1", int(time.time()), b"{}"))
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (old, new):
        assert Webhook(secret).verify(b"{}", headers) == {}


def test_the_call_that_must_be_refused_is_the_same_without_a_signature() -> None:
    headers = parsed(unsigned_headers("event-1", 1_700_000_000))
    signed = parsed(Signer([a_secret()]).headers("event-1", 1_700_000_000, b"{}"))
    assert "webhook-signature" not in headers
    assert signed == headers | {"webhook-signature": signed["webhook-signature"]}


def test_a_challenge_is_a_cloud_event_that_cannot_be_guessed() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    first, second = challenge("sub_1", at), challenge("sub_1", at)
    assert first.challenge != second.challenge
    assert len(first.challenge) >= 32
    event = json.loads(first.body)
    assert event == {
        "specversion": "1.0",
        "id": first.event_id,
        "type": VERIFICATION,
        "source": "notify",
        "subject": "sub_1",
        "time": "2026-01-02T03:04:05Z",
        "datacontenttype": "application/json",
        "data": {"challenge": first.challenge},
    }


@pytest.mark.parametrize(
    "body,proved",
    [
        (b'{"challenge": "words"}', True),
        (b'{"challenge": "words", "more": [1]}', True),
        (b'{"challenge": "other"}', False),
        (b'"words"', False),
        (b"words", False),
        (b'["challenge", "words"]', False),
        (b"", False),
        (b"\xff", False),
    ],
)
def test_only_the_challenge_itself_proves_control(body: bytes, proved: bool) -> None:
    assert repeats(body, "words") == proved
