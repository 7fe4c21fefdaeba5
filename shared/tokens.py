"""Who is calling: OIDC access tokens (JWT, RFC 7519 and 9068) checked against the issuer's keys.

The algorithm is pinned to the key, never taken from the token; every fault is a refusal that says
its kind; an issuer that is away is Transient, not the caller's fault. For development there is an
issuer in a folder, which production refuses. Reasons: docs/decisions/0004-tokens.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt
import structlog

from shared.contracts.vocabulary import ROLES
from shared.devissuer import DEVELOPMENT_ISSUER, DEVELOPMENT_KID, DevelopmentIssuer
from shared.errors import Refused, Text, Transient
from shared.settings import Settings, SettingsError

ALGORITHMS: Final = ("ES256", "RS256", "EdDSA")
_LEEWAY_SECONDS: Final = 60
_TOKEN_CHARACTERS: Final = 8192
_KEYS_FRESH_SECONDS: Final = 300.0
_KEYS_USABLE_SECONDS: Final = 3600.0
_LOAD_PAUSE_SECONDS: Final = 10.0

_log = structlog.get_logger(__name__)

MISSING: Final = Text("缺少访问令牌", "There is no access token")
_MALFORMED = Text("访问令牌格式不正确", "The access token is malformed")
_UNKNOWN_KEY = Text("访问令牌的签名密钥不明", "The access token was signed with an unknown key")
_BAD_SIGNATURE = Text("访问令牌的签名无效", "The access token's signature is invalid")
_BAD_ALGORITHM = Text("访问令牌的签名算法不被接受", "The access token's algorithm is not accepted")
_EXPIRED = Text("访问令牌已过期，请重新登录", "The access token has expired, log in again")
_NOT_YET = Text("访问令牌尚未生效", "The access token is not valid yet")
_WRONG_ISSUER = Text("访问令牌的签发方不被接受", "The access token is of another issuer")
_WRONG_AUDIENCE = Text("访问令牌不是签发给本平台的", "The access token is for another audience")
_MISSING_CLAIM = Text("访问令牌缺少必要的声明", "The access token lacks a required claim")
_UNKNOWN_ROLE = Text("访问令牌中的角色不明", "The access token's role is unknown")

_DETAILS: Mapping[type[jwt.PyJWTError], Text] = {
    jwt.InvalidSignatureError: _BAD_SIGNATURE,
    jwt.InvalidAlgorithmError: _BAD_ALGORITHM,
    jwt.ExpiredSignatureError: _EXPIRED,
    jwt.ImmatureSignatureError: _NOT_YET,
    jwt.InvalidIssuerError: _WRONG_ISSUER,
    jwt.InvalidAudienceError: _WRONG_AUDIENCE,
    jwt.MissingRequiredClaimError: _MISSING_CLAIM,
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a valid token speaks for. `divisions` are division codes (empty: none named);
    `id_number_hash` is the keyed hash (purpose "identity") of the person's identity number; `channel` the one that a
    partner's client credentials were given for.
    """

    subject: str
    role: str
    organisation: str | None = None
    divisions: tuple[str, ...] = ()
    id_number_hash: str | None = None
    channel: str | None = None


def bearer_token(authorization: str | None) -> str | None:
    """The token of an `Authorization` header (RFC 6750); None when there is no header.

    Refused("unauthorised") for any other scheme: a caller who sends credentials wants them used.
    """
    if authorization is None:
        return None
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused("unauthorised", _MALFORMED)
    return token.strip()


class Verifier:
    """Turns tokens into principals. Safe to share between threads; loads keys when needed."""

    def __init__(self, settings: Settings) -> None:
        """SettingsError when production names no issuer or keys, or names development ones."""
        self._issuer = settings.oidc_issuer
        self._audience = settings.oidc_audience
        source = settings.oidc_jwks
        if settings.is_development:
            self._issuer = self._issuer or DEVELOPMENT_ISSUER
            source = source or str(DevelopmentIssuer(settings).jwks_path)
        else:
            _check_production(settings)
        self._keys = _Keys(
            _loader(source, settings.backend_timeout_seconds),
            allow_development=settings.is_development,
        )

    def verify(self, token: str | None) -> Principal:
        """The principal of a token whose signature, issuer, audience, times and claims all hold.

        Refused("unauthorised") telling the kind of fault; Transient when the issuer's keys cannot
        be loaded. Clocks may differ by 60 s.
        """
        if not token:
            raise Refused("unauthorised", MISSING)
        if len(token) > _TOKEN_CHARACTERS:
            raise Refused("unauthorised", _MALFORMED)
        try:
            key = self._keys.find(_kid(token))
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self._issuer,
                audience=self._audience,
                leeway=_LEEWAY_SECONDS,
                options={
                    "require": ["exp", "iss", "aud", "sub", "role"],
                    "enforce_minimum_key_length": True,
                },
            )
        except jwt.PyJWTError as error:
            raise Refused("unauthorised", _DETAILS.get(type(error), _MALFORMED)) from None
        return _principal(claims)


def _check_production(settings: Settings) -> None:
    faults = []
    if not settings.oidc_issuer:
        faults.append("TIAOJIE_OIDC_ISSUER: required in production")
    if not settings.oidc_jwks:
        faults.append("TIAOJIE_OIDC_JWKS: required in production")
    if settings.oidc_issuer == DEVELOPMENT_ISSUER:
        faults.append("TIAOJIE_OIDC_ISSUER: the development issuer is refused in production")
    if faults:
        raise SettingsError("\n".join(faults))


def _kid(token: str) -> str:
    kid = jwt.get_unverified_header(token).get("kid")
    if not isinstance(kid, str) or not kid:
        raise Refused("unauthorised", _UNKNOWN_KEY)
    return kid


def _principal(claims: Mapping[str, Any]) -> Principal:
    role = claims["role"]
    if role not in ROLES:
        raise Refused("unauthorised", _UNKNOWN_ROLE)
    divisions = claims.get("divisions") or []
    if not isinstance(divisions, list):
        raise Refused("unauthorised", _MALFORMED)
    optional = (claims.get(n) or "" for n in ("organisation", "id_number_hash", "channel"))
    texts = (claims["sub"], *optional)
    if not claims["sub"] or not all(isinstance(value, str) for value in (*texts, *divisions)):
        raise Refused("unauthorised", _MALFORMED)
    subject, organisation, id_number_hash, channel = texts
    return Principal(
        subject,
        role,
        organisation or None,
        tuple(divisions),
        id_number_hash or None,
        channel or None,
    )


class _Keys:
    """The issuer's public keys by kid, loaded again every 5 minutes and for an unknown kid.

    Loads are at least 10 s apart, by one thread at a time. While the issuer is away known keys
    stay good for an hour.
    """

    def __init__(self, load: Callable[[], list[jwt.PyJWK]], *, allow_development: bool) -> None:
        self._load = load
        self._allow_development = allow_development
        self._lock = threading.Lock()
        self._by_kid: Mapping[str, jwt.PyJWK] = {}
        self._loaded_at = self._tried_at = float("-inf")

    def find(self, kid: str) -> jwt.PyJWK:
        """The key; Refused("unauthorised") when the issuer has none, Transient when it is away."""
        key = self._by_kid.get(kid)
        if key is None or self._age() > _KEYS_FRESH_SECONDS:
            # With an ageing key in hand only one thread loads and the others go on.
            if self._lock.acquire(blocking=key is None or self._age() > _KEYS_USABLE_SECONDS):
                try:
                    self._reload(kid)
                finally:
                    self._lock.release()
            key = self._by_kid.get(kid)
        if key is not None and self._age() < _KEYS_USABLE_SECONDS:
            return key
        if self._loaded_at < self._tried_at:
            raise Transient("issuer_keys_unavailable")
        raise Refused("unauthorised", _UNKNOWN_KEY)

    def _age(self) -> float:
        return time.monotonic() - self._loaded_at

    def _reload(self, kid: str) -> None:
        now = time.monotonic()
        if now - self._tried_at < _LOAD_PAUSE_SECONDS:
            return
        if kid in self._by_kid and self._age() <= _KEYS_FRESH_SECONDS:
            return  # another thread loaded it while this one waited
        self._tried_at = now
        try:
            keys = self._load()
        except (jwt.PyJWTError, OSError, ValueError) as error:
            _log.warning("issuer_keys_unavailable", error=type(error).__name__)
            return
        self._by_kid = {key.key_id: key for key in keys if key.key_id and self._is_usable(key)}
        self._loaded_at = self._tried_at

    def _is_usable(self, key: jwt.PyJWK) -> bool:
        if key.algorithm_name not in ALGORITHMS:
            return False
        return self._allow_development or not str(key.key_id).startswith(DEVELOPMENT_KID)


def _loader(source: str, timeout: float) -> Callable[[], list[jwt.PyJWK]]:
    """What reads the JWKS at `source`; SettingsError for a file that is not there."""
    if source.startswith(("http://", "https://")):
        # It only fetches, and follows no redirects: _Keys remembers, for files too.
        return jwt.PyJWKClient(source, cache_jwk_set=False, timeout=timeout).get_signing_keys
    path = Path(source)
    if not path.is_file():
        raise SettingsError("TIAOJIE_OIDC_JWKS: neither an http(s) URL nor a file that exists")

    def load() -> list[jwt.PyJWK]:
        keys = jwt.PyJWKSet.from_json(path.read_text("utf-8")).keys
        return [key for key in keys if key.public_key_use in ("sig", None)]

    return load
