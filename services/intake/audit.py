"""Who of staff read what of whose application, and what for: an append-only log of its own.

    audit  {_id: sortable by time, number, at, subject, role, organisation, serial_number, what,
            purpose, unmasked, correlation_id, previous_hash, hash}

Nothing in it is personal. It lies in a database of its own, on which the account of intake may find
and insert but not update or remove; the code here can do no more either. `number` counts the reads
of one application from 1 without gaps (a unique index), each with the keyed hash of the one before:
taking an entry out or changing one shows, and nobody without the key can mend the chain. What a
chain cannot show is that its newest entries are gone; those are in the log as well. Entries are
kept without end: how long is the authority's to say, and its archivist's account that removes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, Final

import orjson
from pymongo.errors import DuplicateKeyError, PyMongoError

from shared.asking import caller
from shared.contracts.envelope import new_id
from shared.errors import Text, Transient
from shared.log import logger
from shared.sealing import Hasher
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

    from shared.tokens import Principal

PURPOSES: Final[Mapping[str, Text]] = {
    "examination": Text("初步审查", "Preliminary examination"),
    "contact_party": Text("联系当事人", "Contacting a party"),
    "session": Text("准备或者进行调解", "Preparing or holding a session"),
    "document": Text("制作文书", "Making a document"),
    "supervision": Text("监督检查", "Supervision"),
    "complaint": Text("处理投诉", "Handling a complaint"),
}
"""What staff may read personal data for."""

DATABASE: Final = "_audit"
"""What the name of the log's database ends in, behind that of the service."""

_TRIES: Final = 20
"""Readers of one application at the same moment that an entry can wait behind."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_HASHED: Final = (
    "_id", "number", "subject", "role", "organisation", "serial_number", "what", "purpose",
    "unmasked", "correlation_id", "previous_hash",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: of an application, of a reader, from a moment on, before a moment, and
    behind the last one of the page before."""

    serial_number: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: str | None = None


class Audit:
    """The log of reads; it grows and can be looked at, nothing else."""

    def __init__(self, database: Database[Document], hasher: Hasher) -> None:
        """Beside the service's `database`, in that of the log."""
        beside = database.client.get_database(
            f"{database.name}{DATABASE}", write_concern=database.write_concern
        )
        self._entries = beside["audit"]
        self._hasher = hasher

    def ensure_indexes(self) -> None:
        with backend_errors():
            self._entries.create_index(
                [("serial_number", 1), ("number", 1)], name="chain", unique=True
            )
            for field in ("serial_number", "subject"):
                self._entries.create_index([(field, 1), ("_id", -1)])

    def record(
        self, principal: Principal, serial_number: str, what: str, purpose: str, *, unmasked: bool
    ) -> None:
        """The read is in the log, durably, when this returns; call it before anything is shown.

        `what` names the thing read (`application`, `attachments/0`), `purpose` one of PURPOSES.
        Raises Transient when it cannot be written: then nothing may be shown.
        """
        try:
            entry = self._append(principal, serial_number, what, purpose, unmasked=unmasked)
        except PyMongoError as error:
            raise Transient(f"audit_unwritable: {type(error).__name__}") from error
        logger().info(
            "personal_data_read",
            serial_number=serial_number,
            count=entry["number"],
            hash=entry["hash"],
        )

    def page(self, wanted: Wanted, size: int) -> list[Document]:
        """Up to `size` entries, newest first."""
        query: Document = {
            name: value
            for name, value in (
                ("serial_number", wanted.serial_number), ("subject", wanted.subject),
            )
            if value is not None
        }  # fmt: skip
        bounds = [{"$lt": wanted.after}] if wanted.after else []
        if wanted.since:
            bounds.append({"$gte": _first_id(wanted.since)})
        if wanted.until:
            bounds.append({"$lt": _first_id(wanted.until)})
        if bounds:
            query["$and"] = [{"_id": bound} for bound in bounds]
        with backend_errors():
            return list(self._entries.find(query).sort("_id", -1).limit(size))

    def faults(self) -> Iterator[str]:
        """What is wrong with the log, one sentence each; none if all of it is as it was written."""
        number, hashed, serial = 0, "", ""
        with backend_errors():
            for entry in self._entries.find().sort([("serial_number", 1), ("number", 1)]):
                if entry["serial_number"] != serial:
                    serial, number, hashed = entry["serial_number"], 0, ""
                where = f"{serial} entry {entry['number']}"
                if entry["number"] != number + 1:
                    yield f"{where}: {entry['number'] - number - 1} missing before it"
                elif entry["previous_hash"] != hashed:
                    yield f"{where}: does not follow the one before"
                if entry["hash"] != self._hash(entry):
                    yield f"{where}: changed"
                number, hashed = entry["number"], entry["hash"]

    def _append(
        self, principal: Principal, serial_number: str, what: str, purpose: str, *, unmasked: bool
    ) -> Document:
        for _ in range(_TRIES):
            last = self._entries.find_one({"serial_number": serial_number}, sort=[("number", -1)])
            key = new_id()
            entry: Document = {
                "_id": key,
                "number": last["number"] + 1 if last else 1,
                "at": _moment(key),
                "subject": principal.subject,
                "role": principal.role,
                "organisation": principal.organisation,
                "serial_number": serial_number,
                "what": what,
                "purpose": purpose,
                "unmasked": unmasked,
                "correlation_id": caller().trace.correlation_id,
                "previous_hash": last["hash"] if last else "",
            }
            entry["hash"] = self._hash(entry)
            try:
                self._entries.insert_one(entry)
            except DuplicateKeyError:
                continue  # somebody else read the same application at the same moment
            return entry
        raise Transient("audit_contended", retry_after=1)

    def _hash(self, entry: Mapping[str, Any]) -> str:
        hashed = {name: entry[name] for name in _HASHED}
        hashed["at"] = round((entry["at"] - _EPOCH) / timedelta(milliseconds=1))
        text = orjson.dumps(hashed, option=orjson.OPT_SORT_KEYS).decode()
        return self._hasher.hash("audit", text)


def _moment(key: str) -> datetime:
    """The millisecond in which an id was made (RFC 9562, version 7)."""
    return _EPOCH + timedelta(milliseconds=int(key[:8] + key[9:13], 16))


def _first_id(at: datetime) -> str:
    """What every id made from a moment on is not less than, and every earlier one is."""
    milliseconds = max(0, ceil((at - _EPOCH) / timedelta(milliseconds=1)))
    text = f"{milliseconds:012x}"
    return f"{text[:8]}-{text[8:]}"
