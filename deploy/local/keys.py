"""Development keys and passwords: made once at random, kept in the data folder for its owner only."""

from __future__ import annotations

import base64
import dataclasses
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from deploy.local.settings import SERVICES

FILE_NAME = "development-keys.json"
OPERATOR = "operator"
PARTNERS = "partners"
"""The broker's account that makes and revokes the queues of partners, for notify."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Keys:
    """Keyrings as `kid:base64`, the hashing key, and a password per account, all 256 bits."""

    sealing_keys: str
    contact_keys: str
    record_keys: str
    hashing_key: str
    cluster_key: str
    passwords: Mapping[str, str]


def keep(folder: Path) -> Keys:
    """The keys of this data folder, made now if there are none; the file has mode 600."""
    path = folder / FILE_NAME
    kept = json.loads(path.read_text()) if path.exists() else {}
    new = dataclasses.asdict(_new())
    whole = new | kept  # a key or an account that a later release needs joins the others
    whole["passwords"] = new["passwords"] | kept.get("passwords", {})
    if whole != kept:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(whole, indent=1))
        unfinished.rename(path)
    return Keys(**whole)


def _new() -> Keys:
    return Keys(
        sealing_keys=f"dev1:{_key()}",
        contact_keys=f"dev1:{_key()}",
        record_keys=f"dev1:{_key()}",
        hashing_key=_key(),
        cluster_key=base64.b64encode(secrets.token_bytes(96)).decode(),
        passwords={name: secrets.token_hex(32) for name in (OPERATOR, PARTNERS, *SERVICES)},
    )


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
