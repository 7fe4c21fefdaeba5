"""Unfinished applications: whoever holds the id can go on, nobody else can read a word.

The id is 128 random bits; only its hash is stored, and the body is sealed to that hash. A draft
lives `days` after its last change. One document: {_id: hash, sealed, version, expires_at}.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from pymongo import ReturnDocument

from shared.errors import Refused, Text
from shared.sealing import Keyring
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.collection import Collection

_CHANGED_ELSEWHERE = Text(
    "草稿已在另一处修改，请重新打开后再保存",
    "The draft was changed elsewhere; open it again, then save",
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as its holder sees it; `version` counts its changes from 1."""

    id: str
    body: Mapping[str, Any]
    version: int
    expires_at: datetime


def new_draft_id() -> str:
    """128 bits, 22 URL-safe characters; a secret: never to be logged."""
    return secrets.token_urlsafe(16)


def ensure_indexes(drafts: Collection[Document]) -> None:
    with backend_errors():
        drafts.create_index("expires_at", name="expires_at", expireAfterSeconds=0)


def save(
    drafts: Collection[Document],
    keyring: Keyring,
    draft_id: str,
    body: Mapping[str, Any],
    *,
    now: datetime,
    days: int,
) -> Draft:
    """Store a new draft durably under a fresh `draft_id`."""
    key, expires_at = _key(draft_id), now + timedelta(days=days)
    document = {
        "_id": key,
        "sealed": _seal(keyring, key, body),
        "version": 1,
        "expires_at": expires_at,
    }
    with backend_errors():
        drafts.insert_one(document)
    return Draft(draft_id, body, 1, expires_at)


def load(drafts: Collection[Document], keyring: Keyring, draft_id: str, *, now: datetime) -> Draft:
    """The draft; Refused("draft_expired") when there is none (any more)."""
    key = _key(draft_id)
    with backend_errors():
        found = drafts.find_one({"_id": key, "expires_at": {"$gt": now}})
    if found is None:
        raise Refused("draft_expired")
    body = orjson.loads(keyring.open(found["sealed"], sealing_context(key)))
    return Draft(draft_id, body, found["version"], found["expires_at"])


def replace(
    drafts: Collection[Document],
    keyring: Keyring,
    draft_id: str,
    body: Mapping[str, Any],
    *,
    now: datetime,
    days: int,
    seen_version: int | None = None,
) -> Draft:
    """Store another body and renew the draft's life.

    With `seen_version` (If-Match) only if nobody changed it since: else
    Refused("version_conflict"). Refused("draft_expired") when there is none (any more).
    """
    key, expires_at = _key(draft_id), now + timedelta(days=days)
    alive = {"_id": key, "expires_at": {"$gt": now}}
    guard = alive if seen_version is None else {**alive, "version": seen_version}
    update = {
        "$set": {"sealed": _seal(keyring, key, body), "expires_at": expires_at},
        "$inc": {"version": 1},
    }
    with backend_errors():
        found = drafts.find_one_and_update(
            guard, update, projection={"version": 1}, return_document=ReturnDocument.AFTER
        )
        if found is None and seen_version is not None and drafts.count_documents(alive, limit=1):
            raise Refused("version_conflict", _CHANGED_ELSEWHERE)
    if found is None:
        raise Refused("draft_expired")
    return Draft(draft_id, body, found["version"], expires_at)


def delete(drafts: Collection[Document], draft_id: str) -> None:
    """Forget the draft at once; Refused("draft_expired") when there is none (any more)."""
    with backend_errors():
        if not drafts.delete_one({"_id": _key(draft_id)}).deleted_count:
            raise Refused("draft_expired")


def _key(draft_id: str) -> str:
    # The id has full entropy, so an unkeyed hash cannot be reversed by trying.
    return hashlib.sha256(draft_id.encode("utf-8", "surrogatepass")).hexdigest()


def _seal(keyring: Keyring, key: str, body: Mapping[str, Any]) -> bytes:
    return keyring.seal_binary(orjson.dumps(body), sealing_context(key))


def sealing_context(key: str) -> str:
    """What the body of the draft of this stored key is sealed to."""
    return f"draft:{key}"
