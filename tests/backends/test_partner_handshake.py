"""No endpoint gets an event before it has proved that it wants them."""

from __future__ import annotations

import datetime as dt
import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pymongo.database import Database

from services.notify.partners.subscriptions import new_secret
from tests.builders.endpoints import Endpoints, endpoints
from tests.builders.webhooks import (
    a_subscription,
    change,
    dispatching,
    log_events,
    provided,
)
from tests.waiting import eventually

Db = Database[dict[str, Any]]


@pytest.fixture
def db(database: Db) -> Db:
    provided(database)
    return database


def pending(db: Db, url: str, **fields: Any) -> str:
    now = dt.datetime.now(dt.UTC)
    begun = {"tries": 0, "next_attempt_at": now, "last_code": None}
    document = a_subscription(url, status="pending", verification=begun, **fields)
    db["subscriptions"].insert_one(document)
    return str(document["_id"])


def of(db: Db, key: str) -> dict[str, Any]:
    return db["subscriptions"].find_one({"_id": key}) or {}


def test_an_endpoint_that_repeats_the_challenge_gets_what_came_since_it_was_registered(
    db: Db, partners: Endpoints
) -> None:
    secret = new_secret()
    partners.secrets.append(secret)
    ids = log_events(db, 5)
    key = pending(db, partners.url("/handshake"), secret=secret, starts_after=2)
    with dispatching(db):
        eventually(lambda: of(db, key)["status"] == "active")
        eventually(lambda: db["deliveries"].count_documents({"status": "delivered"}) == 3)
    first, *events = partners.received["/handshake"]
    assert first.event["type"] == "cn.tiaojie.subscription.verification.v1"
    assert first.event["subject"] == key
    assert first.event["id"] == first.event_id
    assert sorted(call.event_id for call in events) == sorted(ids[2:])


def test_one_that_says_it_refuses_what_is_not_signed_has_to(db: Db, partners: Endpoints) -> None:
    secret = new_secret()
    partners.secrets.append(secret)
    strict = pending(db, partners.url("/handshake"), secret=secret, refuses_unsigned=True)
    lenient = pending(db, partners.url("/lenient"), refuses_unsigned=True)
    with dispatching(db):
        eventually(lambda: of(db, strict)["status"] == "active")
        eventually(lambda: of(db, lenient)["verification"]["tries"] == 1)
    assert of(db, lenient)["verification"]["last_code"] == "accepted_unsigned"
    unsigned, signed = partners.received["/handshake"]
    assert "webhook-signature" not in unsigned.headers
    assert "webhook-signature" in signed.headers
    assert unsigned.event["data"] != signed.event["data"]
    assert len(partners.received["/lenient"]) == 1


FAILING = {
    "/ok": "challenge_not_repeated",
    "/status/500": "http_500",
    "/redirect": "redirect",
    "/hang": "timeout",
    "/stream": "response_too_large",
    "/early": "closed_early",
    "/garbage": "not_http",
}


def test_each_failure_is_told_and_tried_again_later(db: Db, partners: Endpoints) -> None:
    channels = {path: f"app_{number}" for number, path in enumerate(FAILING)}
    keys = {
        pending(db, partners.url(path), channel=channel): FAILING[path]
        for path, channel in channels.items()
    }
    keys[pending(db, "http://10.0.0.1/", channel="app_a")] = "address_not_allowed"
    keys[pending(db, "http://127.0.0.1:1/", channel="app_b")] = "connection"
    began = dt.datetime.now(dt.UTC)
    with dispatching(db, seconds=2.0):
        eventually(lambda: all(of(db, key)["verification"]["tries"] for key in keys))
    for key, code in keys.items():
        found = of(db, key)
        assert found["status"] == "pending"
        assert found["verification"]["last_code"] == code
        assert found["verification"]["next_attempt_at"] - began > dt.timedelta(seconds=3.9)
    assert db["deliveries"].count_documents({}) == 0


def test_the_last_failure_ends_it_and_410_the_first_time(db: Db, partners: Endpoints) -> None:
    key, gone = (pending(db, partners.url(f"/status/{n}"), channel=f"app_{n}") for n in (500, 410))
    late = {"tries": 7, "next_attempt_at": dt.datetime.now(dt.UTC), "last_code": "http_500"}
    change(db, key, verification=late)
    with dispatching(db):
        eventually(lambda: of(db, key)["status"] == of(db, gone)["status"] == "stopped")
    assert (of(db, key)["reason"], of(db, gone)["reason"]) == ("unverified", "gone")


def test_one_channel_with_endpoints_that_hang_does_not_keep_others_waiting(
    db: Db, partners: Endpoints
) -> None:
    for _ in range(40):
        pending(db, partners.url("/hang"), channel="app_many")
    key = pending(db, partners.url("/lenient"), channel="app_one")
    with dispatching(db, seconds=5.0):
        eventually(lambda: of(db, key)["status"] == "active")
        assert len(partners.received["/hang"]) <= 4


@pytest.fixture
def own_certificate(tmp_path: Path) -> ssl.SSLContext:
    """A certificate for 127.0.0.1 that nobody we trust has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_a_certificate_of_an_unknown_authority_is_no_certificate(
    db: Db, own_certificate: ssl.SSLContext
) -> None:
    with endpoints(tls=own_certificate) as behind_tls:
        key = pending(db, behind_tls.url("/lenient"))
        with dispatching(db):
            eventually(lambda: of(db, key)["verification"]["tries"] == 1)
        assert of(db, key)["verification"]["last_code"] == "tls"
        assert not behind_tls.received


def test_a_certificate_of_a_known_authority_lets_events_through(
    db: Db, own_certificate: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    with endpoints(tls=own_certificate) as behind_tls:
        key = pending(db, behind_tls.url("/lenient"))
        log_events(db, 20)
        with dispatching(db):
            eventually(lambda: of(db, key)["status"] == "active")
            eventually(lambda: db["deliveries"].count_documents({"status": "delivered"}) == 20)
        assert behind_tls.connections <= 10  # used again
