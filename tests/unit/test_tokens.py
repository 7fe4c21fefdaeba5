"""Tokens are believed only when everything about them holds."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import stat
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from shared.contracts.vocabulary import ROLES
from shared.devissuer import DEVELOPMENT_ISSUER, DevelopmentIssuer
from shared.errors import Refused, Transient
from shared.sealing import Hasher, new_key
from shared.settings import Settings, SettingsError
from shared.tokens import Principal, Verifier, bearer_token

ISSUER = "https://login.example.cn"
KEY = ec.generate_private_key(ec.SECP256R1())
STRANGER = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - weak on purpose
ED_KEY = ed25519.Ed25519PrivateKey.generate()
SECRET = b"a shared secret that is long enough to be used"


def a_jwks() -> list[dict[str, Any]]:
    return [
        {**ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "ec", "use": "sig"},
        {**RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": "rsa", "alg": "RS256"},
        {**RSAAlgorithm.to_jwk(WEAK_KEY.public_key(), as_dict=True), "kid": "weak"},
        {**OKPAlgorithm.to_jwk(ED_KEY.public_key(), as_dict=True), "kid": "ed"},
        {**RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": "ps", "alg": "PS256"},
        {**ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "enc", "use": "enc"},
        {**ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "development-left-behind"},
        {
            "kty": "oct",
            "kid": "secret",
            "alg": "HS256",
            "k": base64.urlsafe_b64encode(SECRET).rstrip(b"=").decode(),
        },
    ]


def some_claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": "tiaojie",
        "sub": "u-1",
        "role": "mediator",
        "iat": now,
        "exp": now + 600,
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def a_token(
    key: Any = KEY, algorithm: str = "ES256", kid: str | None = "ec", **changes: Any
) -> str:
    headers = {"kid": kid} if kid is not None else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the weak keys are on purpose
        return jwt.encode(some_claims(**changes), key, algorithm=algorithm, headers=headers)


def production(jwks: str, **changes: Any) -> Settings:
    return Settings(**{"oidc_issuer": ISSUER, "oidc_jwks": jwks, **changes})


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Verifier:
    path = tmp_path_factory.mktemp("issuer") / "jwks.json"
    path.write_text(json.dumps({"keys": a_jwks()}))
    return Verifier(production(str(path)))


def refusal(verifier: Verifier, token: str | None) -> str:
    with pytest.raises(Refused) as caught:
        verifier.verify(token)
    assert caught.value.slug == "unauthorised"
    assert caught.value.detail is not None
    assert caught.value.detail.zh
    return caught.value.detail.en


def test_a_valid_token_becomes_a_principal(verifier: Verifier) -> None:
    token = a_token(organisation="org-370102", divisions=["370102"], id_number_hash="h" * 24)
    assert verifier.verify(token) == Principal(
        "u-1", "mediator", "org-370102", ("370102",), "h" * 24
    )


def test_client_credentials_of_a_partner_name_its_channel(verifier: Verifier) -> None:
    token = a_token(role="partner", sub="client-7", channel="app_pocket_12333")
    assert verifier.verify(token) == Principal("client-7", "partner", channel="app_pocket_12333")
    assert verifier.verify(a_token(role="partner", channel="")).channel is None


def test_what_a_token_does_not_say_is_empty(verifier: Verifier) -> None:
    assert verifier.verify(a_token()) == Principal("u-1", "mediator")


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_known(verifier: Verifier, role: str) -> None:
    assert verifier.verify(a_token(role=role)).role == role


def test_the_three_algorithms_are_accepted(verifier: Verifier) -> None:
    for key, algorithm, kid in (
        (KEY, "ES256", "ec"),
        (RSA_KEY, "RS256", "rsa"),
        (ED_KEY, "EdDSA", "ed"),
    ):
        assert verifier.verify(a_token(key, algorithm, kid)).subject == "u-1"


def test_one_audience_of_several_is_enough(verifier: Verifier) -> None:
    assert verifier.verify(a_token(aud=["other", "tiaojie"])).subject == "u-1"


def test_clocks_may_differ_by_a_minute(verifier: Verifier) -> None:
    now = int(time.time())
    verifier.verify(a_token(exp=now - 50))
    verifier.verify(a_token(nbf=now + 50, iat=now + 50))
    assert "expired" in refusal(verifier, a_token(exp=now - 70))
    assert "not valid yet" in refusal(verifier, a_token(nbf=now + 70))
    assert "not valid yet" in refusal(verifier, a_token(iat=now + 70))


@pytest.mark.parametrize("claim", ["exp", "iss", "aud", "sub", "role"])
def test_a_token_without_a_required_claim_is_refused(verifier: Verifier, claim: str) -> None:
    assert "lacks a required claim" in refusal(
        verifier, jwt.encode(some_claims(**{claim: None}), KEY, "ES256", {"kid": "ec"})
    )


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"iss": "https://elsewhere.example.cn"}, "another issuer"),
        ({"iss": DEVELOPMENT_ISSUER}, "another issuer"),
        ({"aud": "another"}, "another audience"),
        ({"role": "superuser"}, "role is unknown"),
        ({"role": ["mediator"]}, "role is unknown"),
        ({"role": {}}, "role is unknown"),
        ({"sub": ""}, "malformed"),
        ({"divisions": "370102"}, "malformed"),
        ({"divisions": [370102]}, "malformed"),
        ({"organisation": 7}, "malformed"),
        ({"id_number_hash": ["x"]}, "malformed"),
        ({"channel": ["web"]}, "malformed"),
        ({"channel": 12333}, "malformed"),
        ({"exp": "soon"}, "malformed"),
    ],
)
def test_wrong_claims_are_refused(verifier: Verifier, changes: dict[str, Any], words: str) -> None:
    assert words in refusal(verifier, a_token(**changes))


def test_another_key_under_a_known_kid_is_refused(verifier: Verifier) -> None:
    assert "signature is invalid" in refusal(verifier, a_token(STRANGER))


@pytest.mark.parametrize(
    "kid", [None, "", "nobody", "enc", "ps", "secret", "development-left-behind"]
)
def test_keys_the_issuer_does_not_publish_for_this_use_are_unknown(
    verifier: Verifier, kid: str | None
) -> None:
    assert "unknown key" in refusal(verifier, a_token(kid=kid))


def test_a_symmetric_key_in_the_jwks_signs_nothing(verifier: Verifier) -> None:
    assert "unknown key" in refusal(verifier, a_token(SECRET, "HS256", "secret"))


def test_a_key_too_short_to_be_safe_is_refused(verifier: Verifier) -> None:
    refusal(verifier, a_token(WEAK_KEY, "RS256", "weak"))


def forged(header: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    def encoded(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    head = encoded(json.dumps(header).encode())
    body = head + b"." + encoded(json.dumps(some_claims()).encode())
    return (body + b"." + encoded(sign(body))).decode()


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None])
def test_an_unsigned_token_is_refused(verifier: Verifier, algorithm: str | None) -> None:
    header = {"alg": algorithm, "kid": "ec", "typ": "JWT"}
    assert "algorithm" in refusal(verifier, forged(header, lambda _: b""))


@pytest.mark.parametrize("kid", ["rsa", "ec"])
def test_a_public_key_is_not_taken_for_a_shared_secret(verifier: Verifier, kid: str) -> None:
    public = (RSA_KEY if kid == "rsa" else KEY).public_key()
    secret = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    token = forged(
        {"alg": "HS256", "kid": kid}, lambda body: hmac.digest(secret, body, hashlib.sha256)
    )
    assert "algorithm" in refusal(verifier, token)


def test_an_algorithm_of_the_same_key_type_is_still_another_algorithm(verifier: Verifier) -> None:
    assert "algorithm" in refusal(verifier, a_token(RSA_KEY, "PS256", "rsa"))
    assert "algorithm" in refusal(verifier, a_token(RSA_KEY, "RS512", "rsa"))


def test_a_critical_header_nobody_understands_is_refused(verifier: Verifier) -> None:
    token = jwt.encode(some_claims(), KEY, "ES256", headers={"kid": "ec", "crit": ["x"], "x": 1})
    refusal(verifier, token)


def test_a_key_address_in_the_token_is_not_followed(verifier: Verifier) -> None:
    theirs = ECAlgorithm.to_jwk(STRANGER.public_key(), as_dict=True)
    headers = {"kid": "ec", "jku": "http://127.0.0.1:9/jwks", "jwk": theirs}
    token = jwt.encode(some_claims(), STRANGER, "ES256", headers=headers)
    assert "signature is invalid" in refusal(verifier, token)


@pytest.mark.parametrize("token", [None, ""])
def test_no_token_is_said_to_be_missing(verifier: Verifier, token: str | None) -> None:
    assert "no access token" in refusal(verifier, token)


@pytest.mark.parametrize(
    "token",
    [
        "a",
        "a.b.c",
        "....",
        "e30.e30.e30",
        "é.é.é",
        "A" * 9000,
        base64.urlsafe_b64encode(b"[" * 6000).decode() + ".e30.AA",
    ],
)
def test_a_malformed_token_is_refused(verifier: Verifier, token: str) -> None:
    refusal(verifier, token)


@given(text=st.text(min_size=1, max_size=60))
def test_any_text_is_refused_and_nothing_worse(verifier: Verifier, text: str) -> None:
    refusal(verifier, text)


@given(draw=st.data())
def test_changing_any_character_of_a_token_makes_it_refused(
    verifier: Verifier, draw: st.DataObject
) -> None:
    token = a_token()
    # Not the last character: the bits it leaves over carry nothing.
    position = draw.draw(st.integers(0, len(token) - 2))
    other = draw.draw(st.sampled_from("ABCxyz019-_.=").filter(lambda c: c != token[position]))
    refusal(verifier, token[:position] + other + token[position + 1 :])


class IssuerEndpoint:
    """A JWKS endpoint on this machine that counts its calls and can be made to fail."""

    def __init__(self) -> None:
        self.keys = a_jwks()[:1]
        self.status = 200
        self.body: bytes | None = None
        self.calls = 0
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                endpoint.calls += 1
                body = endpoint.body or json.dumps({"keys": endpoint.keys}).encode()
                self.send_response(endpoint.status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def endpoint() -> Iterator[IssuerEndpoint]:
    one = IssuerEndpoint()
    yield one
    one.server.shutdown()
    one.server.server_close()


def a_minute_passes(monkeypatch: pytest.MonkeyPatch, seconds: float = 60) -> None:
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + seconds)


def test_keys_are_fetched_once_and_remembered(endpoint: IssuerEndpoint) -> None:
    verifier = Verifier(production(endpoint.url))
    assert endpoint.calls == 0
    for _ in range(5):
        verifier.verify(a_token())
    assert endpoint.calls == 1


def test_unknown_kids_do_not_make_us_call_the_issuer_again_and_again(
    endpoint: IssuerEndpoint,
) -> None:
    verifier = Verifier(production(endpoint.url))
    for number in range(5):
        assert "unknown key" in refusal(verifier, a_token(kid=f"made-up-{number}"))
    assert endpoint.calls == 1


def test_a_new_key_of_the_issuer_is_found_and_a_withdrawn_one_forgotten(
    endpoint: IssuerEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = Verifier(production(endpoint.url))
    verifier.verify(a_token())
    endpoint.keys = a_jwks()[1:2]
    a_minute_passes(monkeypatch)
    assert verifier.verify(a_token(RSA_KEY, "RS256", "rsa")).subject == "u-1"
    assert "unknown key" in refusal(verifier, a_token())


def test_while_an_issuer_changes_its_key_tokens_of_both_are_good(
    endpoint: IssuerEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = Verifier(production(endpoint.url))
    verifier.verify(a_token())
    endpoint.keys = a_jwks()[:2]
    a_minute_passes(monkeypatch)
    assert verifier.verify(a_token(RSA_KEY, "RS256", "rsa")).subject == "u-1"
    assert verifier.verify(a_token()).subject == "u-1"
    assert endpoint.calls == 2


def test_a_withdrawn_key_is_forgotten_within_minutes_without_any_new_key(
    endpoint: IssuerEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = Verifier(production(endpoint.url))
    verifier.verify(a_token())
    endpoint.keys = a_jwks()[1:2]
    a_minute_passes(monkeypatch, 301)
    assert "unknown key" in refusal(verifier, a_token())


@pytest.mark.parametrize("fault", ["gone", "failing", "not json", "no keys"])
def test_an_issuer_that_is_away_is_not_the_callers_fault(
    endpoint: IssuerEndpoint, fault: str
) -> None:
    if fault == "gone":
        endpoint.server.shutdown()
        endpoint.server.server_close()
    endpoint.status = 503 if fault == "failing" else 200
    endpoint.body = {"not json": b"<html>", "no keys": b'{"keys": []}'}.get(fault)
    verifier = Verifier(production(endpoint.url))
    for _ in range(3):
        with pytest.raises(Transient):
            verifier.verify(a_token())
    assert endpoint.calls <= 1


def test_known_keys_outlive_an_absence_of_the_issuer_for_an_hour(
    endpoint: IssuerEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = Verifier(production(endpoint.url))
    verifier.verify(a_token())
    endpoint.status = 503
    with monkeypatch.context() as later:
        a_minute_passes(later, 1800)
        assert verifier.verify(a_token()).subject == "u-1"
        with pytest.raises(Transient):
            verifier.verify(a_token(kid="new"))
    a_minute_passes(monkeypatch, 3700)
    with pytest.raises(Transient):
        verifier.verify(a_token())


def test_an_issuer_that_never_answers_is_waited_for_no_longer_than_the_time_out() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/jwks"
        verifier = Verifier(production(url, backend_timeout_seconds=0.2))
        began = time.monotonic()
        with pytest.raises(Transient):
            verifier.verify(a_token())
        assert time.monotonic() - began < 10


def test_production_says_all_that_is_missing() -> None:
    with pytest.raises(SettingsError) as caught:
        Verifier(Settings())
    assert "TIAOJIE_OIDC_ISSUER" in str(caught.value)
    assert "TIAOJIE_OIDC_JWKS" in str(caught.value)


def test_production_refuses_the_development_issuer_and_its_keys(tmp_path: Path) -> None:
    development = Settings(environment="development", data_dir=tmp_path)
    token = DevelopmentIssuer(development).token(role="platform_admin")
    jwks = str(DevelopmentIssuer(development).jwks_path)
    assert Verifier(development).verify(token).role == "platform_admin"
    with pytest.raises(SettingsError, match="development issuer"):
        Verifier(production(jwks, oidc_issuer=DEVELOPMENT_ISSUER))
    named = Settings(environment="development", data_dir=tmp_path, oidc_issuer=ISSUER)
    token = DevelopmentIssuer(named).token(role="platform_admin")
    assert "unknown key" in refusal(Verifier(production(jwks)), token)
    with pytest.raises(SettingsError):
        DevelopmentIssuer(Settings(data_dir=tmp_path))


@pytest.mark.parametrize("source", ["nowhere/jwks.json", "ftp://example.cn/jwks", "."])
def test_a_jwks_that_cannot_be_read_is_told_at_the_start(source: str) -> None:
    with pytest.raises(SettingsError, match="OIDC_JWKS"):
        Verifier(production(source))


def test_development_works_with_no_setting_at_all(tmp_path: Path) -> None:
    settings = Settings(environment="development", data_dir=tmp_path / "not" / "there")
    verifier = Verifier(settings)
    token = DevelopmentIssuer(settings).token(
        role="mediator", organisation="org-1", divisions=("37",), lifetime=timedelta(minutes=5)
    )
    principal = verifier.verify(token)
    assert principal == Principal("development-mediator", "mediator", "org-1", ("37",))
    expired = DevelopmentIssuer(settings).token(role="mediator", lifetime=timedelta(minutes=-2))
    assert "expired" in refusal(verifier, expired)
    with pytest.raises(ValueError, match="role"):
        DevelopmentIssuer(settings).token(role="king")


def test_only_its_owner_reads_the_development_key(tmp_path: Path) -> None:
    DevelopmentIssuer(Settings(environment="development", data_dir=tmp_path))
    key = tmp_path / "issuer" / "key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    assert sorted(path.name for path in key.parent.iterdir()) == ["jwks.json", "key.pem"]


def test_processes_that_begin_together_agree_on_one_key(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "shared.devtoken", "--role", "mediator"]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(tmp_path))
        for _ in range(3)
    ]
    printed = [process.communicate(timeout=30)[0].strip() for process in started]
    verifier = Verifier(Settings(environment="development", data_dir=tmp_path))
    assert [verifier.verify(token).role for token in printed] == ["mediator"] * 3


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    named = {"TIAOJIE_ENVIRONMENT": "development", "TIAOJIE_DATA_DIR": str(data_dir)}
    return {**named, "PYTHONPATH": ":".join(filter(None, sys.path)), **more}


def run_devtoken(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "shared.devtoken", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)


def test_the_command_prints_a_token_and_nothing_else(tmp_path: Path) -> None:
    key = new_key()
    ran = run_devtoken(
        environment(tmp_path, TIAOJIE_HASHING_KEY=key),
        *("--role", "applicant", "--division", "37", "--division", "370102"),
        *("--id-number", "41132419780316997x", "--lifetime", "30m", "--subject", "u-9"),
        *("--channel", "essc"),
    )
    assert ran.stderr == ""
    assert ran.stdout.count("\n") == 1
    principal = Verifier(Settings(environment="development", data_dir=tmp_path)).verify(
        ran.stdout.strip()
    )
    hashed = Hasher.parse(key).hash("identity", "41132419780316997X")
    assert principal == Principal("u-9", "applicant", None, ("37", "370102"), hashed, "essc")


@pytest.mark.parametrize(
    "changes, arguments, words",
    [
        ({"TIAOJIE_ENVIRONMENT": "production"}, ("--role", "mediator"), "development"),
        ({}, ("--role", "applicant", "--id-number", "X"), "hashing key"),
        ({}, ("--role", "mediator", "--lifetime", "forever"), "such as 8h"),
        ({}, ("--role", "king"), "mediator"),
    ],
)
def test_the_command_says_why_it_prints_none(
    tmp_path: Path, changes: dict[str, str], arguments: tuple[str, ...], words: str
) -> None:
    ran = run_devtoken(environment(tmp_path, **changes), *arguments)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "BEARER  abc "])
def test_a_bearer_token_is_taken_from_its_header(header: str) -> None:
    assert bearer_token(header) == "abc"


def test_without_a_header_there_is_no_token() -> None:
    assert bearer_token(None) is None


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "abc"])
def test_other_credentials_are_refused_and_not_ignored(header: str) -> None:
    with pytest.raises(Refused, match="unauthorised"):
        bearer_token(header)
