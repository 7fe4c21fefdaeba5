"""The people of a case as notify knows them, read from what was sealed for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import orjson

from services.notify.people.case_facts import CaseFacts
from services.notify.people.entitlements import PARTIES, Audience, Party
from shared.errors import Language, Permanent

PREFERENCES: Final = ("sms", "email", "app")
"""What a person can say it prefers."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with contact data; `index` counts those of one audience from 0. `code` is what a
    respondent answers with, `push` the device of an app, `chat` a robot of a staff's group,
    `prefers` one of PREFERENCES."""

    party: Audience
    index: int
    phone: str | None
    email: str | None
    language: Language
    notify: bool
    code: str = ""
    push: str | None = None
    chat: str | None = None
    prefers: str | None = None
    large_print: bool = False


@dataclass(frozen=True, slots=True)
class Recipients:
    """What is known of the people of one serial number, and of their case."""

    persons: tuple[Person, ...]
    query_code: str = ""
    case: CaseFacts = field(default_factory=CaseFacts)


def read_recipients(contacts: bytes, case: CaseFacts | None = None) -> Recipients:
    """Recipients from the opened `contacts`: JSON {"query_code": text, "persons": [{party, index,
    phone, email, language, notify, code?}]}.

    Anything else is Permanent("contacts_unreadable"), which quotes nothing.
    """
    try:
        document = orjson.loads(contacts)
        persons = tuple(_person(entry) for entry in document["persons"])
        return Recipients(persons, str(document["query_code"]), case or CaseFacts())
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Permanent("contacts_unreadable") from None


def read_phone_code(contacts: bytes) -> Recipients:
    """Whoever waits for a one-time code: JSON {"phone", "code", "language"}; faults as above."""
    try:
        document = orjson.loads(contacts)
        language: Language = "en" if document.get("language") == "en" else "zh"
        person = Person("applicant", 0, str(document["phone"]), None, language, notify=True)
        return Recipients((person,), str(document["code"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Permanent("contacts_unreadable") from None


def read_alert_address(contacts: bytes) -> Recipients:
    """Whom a partner channel named for alerts: JSON {"email", "language"}; faults as above."""
    try:
        document = orjson.loads(contacts)
        language: Language = "en" if document.get("language") == "en" else "zh"
        person = Person("partner", 0, None, str(document["email"]), language, notify=True)
        return Recipients((person,))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Permanent("contacts_unreadable") from None


def _person(entry: Mapping[str, Any]) -> Person:
    party = entry["party"]
    if party not in PARTIES:
        raise ValueError("party")
    return Person(
        party=cast("Party", party),
        index=int(entry["index"]),
        phone=entry.get("phone"),
        email=entry.get("email"),
        language="en" if entry.get("language") == "en" else "zh",
        notify=bool(entry.get("notify")),
        code=str(entry.get("code") or ""),
        push=entry.get("push"),
        prefers=entry.get("prefers") if entry.get("prefers") in PREFERENCES else None,
        large_print=bool(entry.get("large_print")),
    )
