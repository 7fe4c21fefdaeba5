"""Key rotation: everything sealed with an older key is sealed again, while serving."""

from __future__ import annotations

from typing import Any

from services.intake.handlers import sealing_context
from services.intake.store import Applications
from shared.sealing import Keyring
from shared.store import VersionConflict

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


def _sealed_again(document: Document, keyring: Keyring, newest: str) -> Document:
    context = sealing_context(document["_id"])
    return {
        "$set": {
            "sealed": keyring.rotate(bytes(document["sealed"]), context),
            "supplements": [
                {**s, "sealed": keyring.rotate(bytes(s["sealed"]), context)}
                for s in document["supplements"]
            ],
            "sealed_with": newest,
            "version": document["version"] + 1,
        }
    }
