"""Key rotation: everything sealed with an older key is sealed again, while serving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.intake.drafts import sealing_context as drafts_context
from services.intake.handlers import sealing_context
from services.intake.store import Applications
from shared.sealing import Keyring, records_context
from shared.store import VersionConflict

if TYPE_CHECKING:
    from pymongo.collection import Collection

Document = dict[str, Any]


def seal_again(applications: Applications, keyring: Keyring) -> int:
    """Seal all applications that another key than the first sealed; how many were.

    May be stopped and started again at any point; an application changed meanwhile is met on the
    next pass. Afterwards the old key can leave the keyring.
    """
    newest = keyring.first_kid
    done = 0
    while True:
        batch = list(applications.collection.find({"sealed_with": {"$ne": newest}}).limit(100))
        if not batch:
            return done
        for document in batch:
            try:
                applications.replace(document, _sealed_again(document, keyring, newest))
            except VersionConflict:
                continue
            done += 1


def seal_drafts_again(drafts: Collection[Document], keyring: Keyring) -> int:
    """The same for drafts. One that is saved meanwhile is sealed with the first key by that."""
    done = 0
    for draft in drafts.find({}, {"sealed": 1, "version": 1}):
        sealed = bytes(draft["sealed"])
        if keyring.needs_rotation(sealed):
            again = keyring.rotate(sealed, drafts_context(draft["_id"]))
            guard = {"_id": draft["_id"], "version": draft["version"]}
            done += drafts.update_one(guard, {"$set": {"sealed": again}}).modified_count
    return done


def seal_due_again(applications: Applications, records: Keyring) -> int:
    """The same for words that documents still to be made wait with, under the records keyring;
    what was issued holds no words of its own."""
    done = 0
    for document in applications.collection.find({"documents_due.0": {"$exists": True}}):
        context = records_context(document["_id"])
        for entry in document["documents_due"]:
            sealed = entry["particulars"]
            if sealed and records.needs_rotation(sealed):
                guard = {"_id": document["_id"], "documents_due.id": entry["id"]}
                again = {"documents_due.$.particulars": records.rotate(sealed, context)}
                done += applications.collection.update_one(guard, {"$set": again}).modified_count
    return done


def _sealed_again(document: Document, keyring: Keyring, newest: str) -> Document:
    context = sealing_context(document["_id"])

    def again(sealed: bytes) -> bytes:
        return keyring.rotate(bytes(sealed), context)

    sets = {
        "sealed": again(document["sealed"]),
        "supplements": [{**s, "sealed": again(s["sealed"])} for s in document["supplements"]],
        "sealed_with": newest,
        "version": document["version"] + 1,
    }
    if "withdrawal" in document:
        sets["withdrawal"] = {"sealed": again(document["withdrawal"]["sealed"])}
    return {"$set": sets}
