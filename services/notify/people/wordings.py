"""The wordings that administrators released: one document a version, never changed, never removed.

message_templates: {_id: `<wording>/<channel>.<language>.v<n>`, text, released_at, released_by, note}

The id is the version: of two who release the same one, the second fails. Its numbers continue those
of the files. "Back to" an earlier wording is its text released anew, so the history stays whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import DuplicateKeyError, PyMongoError

from services.notify.people.templates import Templates, is_usable, parted
from shared.errors import Transient
from shared.store import AlreadyExists, Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

COLLECTION: Final = "message_templates"


@dataclass(frozen=True, slots=True)
class Release:
    """One released version; `name` is `<wording>/<channel>.<language>`."""

    name: str
    version: int
    text: str
    released_at: datetime
    released_by: str
    note: str

    @property
    def id(self) -> str:
        return f"{self.name}.v{self.version}"


@dataclass(frozen=True, slots=True)
class Edition:
    """One version of a text, of a file or released."""

    version: int
    text: str
    release: Release | None


def editions(templates: Templates, name: str, releases: Iterable[Release]) -> list[Edition]:
    """Every version of one text, the newest first. A file that came with a number already released
    is hidden by the release: what recorded messages name must stay what it was."""
    found = {v: Edition(v, templates.source(name, v).strip(), None) for v in templates.files[name]}
    found |= {r.version: Edition(r.version, r.text, r) for r in releases if r.name == name}
    return [found[version] for version in sorted(found, reverse=True)]


def counting(name: str, versions: Iterable[Edition]) -> Edition:
    """The one of these, the newest first, that new messages take; see `Templates.look`."""
    return next(e for e in versions if e.release is None or is_usable(name, e.text))


class Wordings:
    """The collection `message_templates`; BackendAway while the database is away."""

    def __init__(self, database: Database[Document]) -> None:
        self._collection = database[COLLECTION]

    def ids(self) -> frozenset[str]:
        """All versions there are, read from the index alone."""
        with _reading():
            return frozenset(d["_id"] for d in self._collection.find({}, {"_id": 1}))

    def texts(self, ids: Collection[str]) -> Mapping[str, str]:
        with _reading():
            found = self._collection.find({"_id": {"$in": list(ids)}}, {"text": 1})
            return {document["_id"]: document["text"] for document in found}

    def of(self, wording: str) -> list[Release]:
        """Every version of one wording, whatever the channel and language, the newest first."""
        # "0" is the character after "/": a range of ids, which needs no index of its own.
        within = {"_id": {"$gt": f"{wording}/", "$lt": f"{wording}0"}}
        with backend_errors():
            found = [_release(d) for d in self._collection.find(within)]
        return sorted(found, key=lambda release: release.version, reverse=True)

    def newest(self) -> Mapping[str, Release]:
        """The newest version of each, by name, without its text."""
        with backend_errors():
            found = [_release(d) for d in self._collection.find({}, {"text": 0})]
        by_version = sorted(found, key=lambda release: release.version)
        return {release.name: release for release in by_version}

    def add(self, release: Release) -> None:
        """Durable when it returns; AlreadyExists if somebody else released this version."""
        document: dict[str, Any] = {
            "_id": release.id,
            "text": release.text,
            "released_at": release.released_at,
            "released_by": release.released_by,
            "note": release.note,
        }
        with backend_errors():
            try:
                self._collection.insert_one(document)
            except DuplicateKeyError as error:
                raise AlreadyExists("_id") from error


@contextmanager
def _reading() -> Iterator[None]:
    """A database that refuses to be read is no reason to plan nothing: see `Templates.look`."""
    try:
        with backend_errors():
            yield
    except PyMongoError as error:
        raise Transient(f"mongodb: {type(error).__name__}") from error


def _release(document: Mapping[str, Any]) -> Release:
    name, version = parted(document["_id"])
    return Release(
        name,
        version,
        document.get("text", ""),
        document["released_at"],
        document["released_by"],
        document["note"],
    )
