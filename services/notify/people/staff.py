"""Where staff want to be told of what waits for them; personal, so sealed with the contact keyring.

staff_contacts: {_id: key of the desk, sealed, updated_at, updated_by}

An administrator registers mediators of the own organisation without notify knowing who belongs
where: an entry is used for cases of the organisation that made it, and for no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from services.notify.domain import Desk, StaffPersons
from services.notify.people.addresses import chat_address, email_address, masked, sms_address
from services.notify.people.case_facts import Kept
from services.notify.people.entitlements import STAFF, audiences
from services.notify.people.persons import Person
from shared.contracts.envelope import Event, from_document
from shared.errors import Language
from shared.sealing import Keyring
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database


class StaffContacts:
    """The collection `staff_contacts`."""

    def __init__(self, database: Database[Document], keyring: Keyring) -> None:
        self._collection = database["staff_contacts"]
        self._keyring = keyring

    def put(self, desk: Desk, contacts: Sequence[Mapping[str, Any]], by: str, at: datetime) -> None:
        """Replace all contacts of a desk."""
        sealed = self._keyring.seal_binary(orjson.dumps(list(contacts)), _context(desk.key))
        with backend_errors():
            self._collection.replace_one(
                {"_id": desk.key},
                {"sealed": sealed, "updated_at": at, "updated_by": by},
                upsert=True,
            )

    def delete(self, desk: Desk) -> bool:
        """Forget the contacts of a desk; whether there were any."""
        with backend_errors():
            return bool(self._collection.delete_one({"_id": desk.key}).deleted_count)

    def shown(self, desk: Desk) -> dict[str, Any] | None:
        """A desk's contacts as they may be shown, addresses masked; None if it has none."""
        with backend_errors():
            found = self._collection.find_one({"_id": desk.key})
        if found is None:
            return None
        contacts = [_masked(contact) for contact in self._open(found)]
        return {"contacts": contacts, "updated_at": found["updated_at"].isoformat()}

    def concerned(self, events: Iterable[Event], states: Mapping[str, Kept]) -> StaffPersons:
        """Whoever of the staff these events may have to be told to, by audience key, in one query;
        none is made when none of them is for staff."""
        wanted = {desk.key for desk in _desks(events, states)}
        if not wanted:
            return {}
        with backend_errors():
            found = list(self._collection.find({"_id": {"$in": list(wanted)}}))
        return {
            document["_id"]: [
                _person(index, contact) for index, contact in enumerate(self._open(document))
            ]
            for document in found
        }

    def _open(self, document: Mapping[str, Any]) -> list[dict[str, Any]]:
        opened = self._keyring.open(document["sealed"], _context(document["_id"]))
        contacts: list[dict[str, Any]] = orjson.loads(opened)
        return contacts


def _desks(events: Iterable[Event], states: Mapping[str, Kept]) -> Iterator[Desk]:
    """Every desk that one of these events, or one that waits, may concern."""
    for event in events:
        state = states.get(event.subject) or {}
        waiting = [from_document(orjson.loads(text)) for text in state.get("waiting", ())]
        if not any(a in STAFF for each in (event, *waiting) for a in audiences(each)):
            continue
        yield Desk()
        for facts in (state.get("placed") or {}, *(each.data for each in (event, *waiting))):
            if organisation := facts.get("organisation"):
                yield Desk(organisation["id"])
                if mediator := facts.get("mediator"):
                    yield Desk(organisation["id"], mediator["id"])


def _person(index: int, contact: Mapping[str, Any]) -> Person:
    language: Language = "en" if contact.get("language") == "en" else "zh"
    return Person(
        "platform",
        index,
        contact.get("phone"),
        contact.get("email"),
        language,
        notify=True,
        chat=contact.get("chat"),
    )


def _masked(contact: Mapping[str, Any]) -> dict[str, Any]:
    phone, email = sms_address(contact.get("phone")), email_address(contact.get("email"))
    chat = chat_address(contact.get("chat"))
    return {
        "phone": masked("sms", phone) if phone else None,
        "email": masked("email", email) if email else None,
        "chat": masked("chat", chat) if chat else None,
        "language": contact.get("language") or "zh",
    }


def _context(key: str) -> str:
    return f"staff:{key}"
