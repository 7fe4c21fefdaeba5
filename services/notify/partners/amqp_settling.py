"""Make the broker what the documents of `amqp_credentials` say: by whoever changed one, and by a sweep.

Every step can be repeated. Of a new queue the rights come last, so that whatever a crash leaves
behind is closed to everybody: a user without rights whose password nobody was told. Of a revoked
one the user goes first, which closes its connections at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo.collection import Collection

from services.notify.partners.amqp import (
    BROKEN_OFF_AFTER,
    MAX_CHANNELS,
    MAX_CONNECTIONS,
    bindings_difference,
    queue_arguments,
    queue_name,
)
from services.notify.partners.bindings import routing_keys
from services.notify.partners.management import Management, Session
from shared.contracts.partner_events import PARTNER_EXCHANGE
from shared.errors import BackendAway, Permanent, Transient
from shared.log import logger
from shared.store import Document, backend_errors

SETTLED_AT_ONCE: Final = 100
"""Documents a turn of the sweep takes; the rest follow with the next."""

FORGOTTEN_AFTER: Final = timedelta(days=1)

_NOTHING: Final = "^$"


@dataclass(frozen=True, slots=True)
class Settling:
    """`settle` for one document, `sweep` for those that broke off."""

    credentials: Collection[Document]
    management: Management
    vhost: str
    clock: Callable[[], datetime]

    def settle(self, document: Document) -> Document | None:
        """Make the broker like the document, and like what others have made of it meanwhile; the
        document then, None if it is no more. Raises Transient when the broker cannot be asked."""
        settled = False
        while not settled:
            with self.management.session() as session:
                if document["status"] == "revoked":
                    remove(session, self.vhost, document["_id"])
                else:
                    self._make(session, document)
            settled = self._settled(document)
            with backend_errors():
                now = self.credentials.find_one({"_id": document["_id"]})
            if now is None:
                return None
            document = now
        return document

    def sweep(self) -> int:
        """Settle what was left unsettled, and take back creations that broke off; how many."""
        with backend_errors():
            broken_off = {"$lt": self.clock() - BROKEN_OFF_AFTER}
            self.credentials.update_many(
                {"status": "creating", "created_at": broken_off},
                {"$set": {"status": "revoked", "updated_at": self.clock()}, "$inc": {"version": 1}},
            )
            found = list(
                self.credentials.find({"unsettled": True, "status": {"$ne": "creating"}}).limit(
                    SETTLED_AT_ONCE
                )
            )
        for document in found:
            self._try(self.settle, document)
        self._forget()
        return len(found)

    def _forget(self) -> None:
        """Revoked ones are kept for a day and looked after once more: should a change that was
        under way have made something of them again, it goes."""
        long_ago = {"$lt": self.clock() - FORGOTTEN_AFTER}
        with backend_errors():
            found = list(
                self.credentials.find(
                    {"status": "revoked", "updated_at": long_ago, "pending": {"$exists": False}}
                ).limit(SETTLED_AT_ONCE)
            )
        for document in found:
            self._try(self._forget_one, document)

    def _forget_one(self, document: Document) -> None:
        with self.management.session() as session:
            remove(session, self.vhost, document["_id"])
        with backend_errors():
            self.credentials.delete_one({"_id": document["_id"], "version": document["version"]})

    def _try(self, act: Callable[[Document], Any], document: Document) -> None:
        try:
            act(document)
        except BackendAway:
            raise
        except (Transient, Permanent) as error:
            logger().warning("partner_queue_unsettled", reason=str(error))

    def _make(self, session: Session, document: Mapping[str, Any]) -> None:
        user, queue, vhost = document["_id"], queue_name(document["_id"]), self.vhost
        session.put(
            "queues", vhost, queue, body={"durable": True, "arguments": queue_arguments(document)}
        )
        self._bind(session, queue, document)
        if document["fresh_user"]:
            session.delete("users", user)
        session.put("users", user, body={"password_hash": document["password_hash"], "tags": ""})
        for limit, most in (("max-connections", MAX_CONNECTIONS), ("max-channels", MAX_CHANNELS)):
            session.put("user-limits", user, limit, body={"value": most})
        session.put(
            "topic-permissions", vhost, user,
            body={"exchange": PARTNER_EXCHANGE, "write": _NOTHING, "read": _NOTHING},
        )  # fmt: skip
        session.put(
            "permissions", vhost, user,
            body={"configure": _NOTHING, "write": _NOTHING, "read": f"^{re.escape(queue)}$"},
        )  # fmt: skip

    def _bind(self, session: Session, queue: str, document: Mapping[str, Any]) -> None:
        place = ("bindings", self.vhost, "e", PARTNER_EXCHANGE, "q", queue)
        there = {each["routing_key"]: each["properties_key"] for each in session.get(*place) or ()}
        wanted = routing_keys(document["event_types"], document["divisions"])
        more, less = bindings_difference(wanted, list(there))
        for key in more:
            session.post(*place, body={"routing_key": key})
        for key in less:
            session.delete(*place, there[key])

    def _settled(self, document: Mapping[str, Any]) -> bool:
        """Say that it is done; not if somebody has changed the document since it was read, who may
        have been overtaken at the broker by what was done for us."""
        settled: Document = {"$unset": {"unsettled": ""}, "$inc": {"version": 1}}
        if document["status"] != "revoked":
            settled["$set"] = {"status": "active", "fresh_user": False}
        with backend_errors():
            return bool(
                self.credentials.update_one(
                    {"_id": document["_id"], "version": document["version"]}, settled
                ).matched_count
            )


def remove(session: Session, vhost: str, credentials: str) -> None:
    """Leave nothing of them at the broker."""
    session.delete("users", credentials)
    session.delete("queues", vhost, queue_name(credentials))
