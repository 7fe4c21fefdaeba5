"""An issuer of access tokens in a folder, for development; production refuses it and its keys."""

from __future__ import annotations

import json
import os
import secrets
import time
from datetime import timedelta
from pathlib import Path
from typing import Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from shared.contracts.vocabulary import ROLES
from shared.settings import Settings, SettingsError

DEVELOPMENT_ISSUER: Final = "urn:tiaojie:development-issuer"
DEVELOPMENT_KID: Final = "development-"
"""How the kid of every development key begins, by which production knows and refuses it."""


class DevelopmentIssuer:
    """Signs tokens with a key made once in `data_dir/issuer` (ES256, readable by its owner only).

    Several processes may begin at the same time: one key wins and all use it.
    """

    def __init__(self, settings: Settings) -> None:
        """Make key and JWKS if they are not there; SettingsError unless this is development."""
        if not settings.is_development:
            raise SettingsError("TIAOJIE_ENVIRONMENT: development tokens need `development`")
        folder = settings.data_dir / "issuer"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.jwks_path = folder / "jwks.json"
        self._issuer = settings.oidc_issuer or DEVELOPMENT_ISSUER
        self._audience = settings.oidc_audience
        self._key = _key_made_once(folder / "key.pem")
        jwk = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        self._kid = DEVELOPMENT_KID + jwk["x"][:16]
        entry = {**jwk, "kid": self._kid, "alg": "ES256", "use": "sig"}
        whole = _written_beside(self.jwks_path, json.dumps({"keys": [entry]}, indent=2).encode())
        whole.replace(self.jwks_path)

    def token(
        self,
        *,
        role: str,
        lifetime: timedelta = timedelta(hours=8),
        subject: str = "",
        organisation: str | None = None,
        divisions: tuple[str, ...] = (),
        id_number_hash: str | None = None,
        channel: str | None = None,
    ) -> str:
        """A signed token for `role` (one of ROLES, else ValueError), valid from now on."""
        if role not in ROLES:
            raise ValueError(f"role: one of {', '.join(ROLES)}")
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": subject or f"development-{role}",
            "iat": now,
            "exp": now + int(lifetime.total_seconds()),
            "role": role,
            "organisation": organisation,
            "divisions": list(divisions),
            "id_number_hash": id_number_hash,
            "channel": channel,
        }
        named = {name: value for name, value in claims.items() if value not in (None, [])}
        return jwt.encode(named, self._key, algorithm="ES256", headers={"kid": self._kid})


def _key_made_once(path: Path) -> ec.EllipticCurvePrivateKey:
    """The key in the file, made now if there is none; of several makers the first wins."""
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        candidate = _written_beside(path, made)
        try:
            os.link(candidate, path)  # fails if it exists: never two keys, never half a key
        except FileExistsError:
            pass
        finally:
            candidate.unlink()
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SettingsError(f"{path}: not an ES256 key; delete the folder to make a new one")
    return key


def _written_beside(path: Path, content: bytes) -> Path:
    """A complete file of mode 600 in the same folder, to be put in its place in one step."""
    candidate = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(candidate, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return candidate
