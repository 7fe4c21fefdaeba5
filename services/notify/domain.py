"""Who is told what, and when: pure rules from one event to the messages it causes.

ENTITLEMENTS is the table of contents. What a message says is in `templates/`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, get_args

import orjson
import phonenumbers

from shared import serial
from shared.contracts.envelope import Event
from shared.errors import Language, Permanent
from shared.sealing import QueryCodes

Party = Literal["applicant", "agent", "respondent"]
Channel = Literal["sms", "email"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)

ENTITLEMENTS: Final[Mapping[str, tuple[Party, ...]]] = {
    "application.submitted": ("applicant", "agent"),
    "application.supplemented": ("applicant", "agent"),
    "case.unassigned": ("applicant", "agent"),
    "case.organisation_assigned": ("applicant", "agent"),  # unless a mediator follows at once
    "case.mediator_assigned": ("applicant", "agent"),
    "case.withdrawn": ("applicant", "agent"),
}
"""Event → who is told of it.

The agent stands in the applicant's place and hears the same, if it asked to. The respondent is
absent: nobody has examined anything yet, so nothing may reach the employer; it is first told when
its consent is sought. A withdrawal is told once, when the case has ended (case.withdrawn), not
also when it was asked for (application.withdrawn). The arrival of an evidence file is told by the
answer to its upload: twenty photos must not become twenty text messages.
"""

_LATER: Final = ("case.organisation_assigned", "case.mediator_assigned", "case.withdrawn")
SUPERSEDED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "case.unassigned": _LATER,
    "case.organisation_assigned": _LATER,
    "case.mediator_assigned": _LATER,
}
"""Event → later events of the same case which make its message untrue: then it is not sent."""

_MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"  # whatever the locale


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with contact data; `index` counts the persons of one party from 0."""

    party: Party
    index: int
    phone: str | None
    email: str | None
    language: Language
    notify: bool


@dataclass(frozen=True, slots=True)
class Recipients:
    """What is known of the people of one serial number; `deadlines` by name of the clock."""

    persons: tuple[Person, ...]
    query_code: str
    deadlines: Mapping[str, date]


@dataclass(frozen=True, slots=True)
class PlannedMessage:
    """One message to one person over one channel, not yet rendered."""

    id: str
    serial_number: str
    event_id: str
    event_name: str
    sequence: int
    party: Party
    index: int
    channel: Channel
    language: Language
    address: str  # E.164 for `sms`
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The event came before the contact data of its serial number: keep it and plan it then."""

    event: Event


def plan(event: Event, recipients: Recipients | None) -> list[PlannedMessage] | Waiting:
    """The messages `event` causes, each person once a channel and each address once.

    Planning the same event again gives the same ids, so that recording them twice changes nothing.
    """
    parties = ENTITLEMENTS.get(event.name, ())
    if not parties or event.data.get("mediator_follows"):
        return []
    if recipients is None:
        return Waiting(event)
    messages: dict[tuple[Channel, str], PlannedMessage] = {}
    for person in sorted(recipients.persons, key=lambda p: (_ORDER.index(p.party), p.index)):
        if person.notify and person.party in parties:
            for channel, address in _addresses(person):
                message = _message(event, recipients, person, channel, address)
                messages.setdefault((channel, address), message)
    return list(messages.values())


def read_recipients(contacts: bytes, deadlines: Sequence[Mapping[str, Any]]) -> Recipients:
    """Recipients from the opened `contacts` and the `deadlines` of application.submitted.

    `contacts` is JSON: {"query_code": text, "persons": [{party, index, phone, email, language,
    notify}]}. Anything else is Permanent("contacts_unreadable"), which quotes nothing.
    """
    try:
        document = orjson.loads(contacts)
        return Recipients(
            tuple(_person(entry) for entry in document["persons"]),
            str(document["query_code"]),
            {str(d["name"]): date.fromisoformat(str(d["due_on"])) for d in deadlines},
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Permanent("contacts_unreadable") from None


def message_id(event_id: str, party: str, index: int, channel: str) -> str:
    """40 hexadecimal digits, the same for the same event, person and channel: its identity."""
    key = f"{event_id}|{party}|{index}|{channel}"
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def sms_address(phone: str | None) -> str | None:
    """`phone` as E.164 if text messages can reach it (not a landline), else None.

    Numbers without a country code are mainland ones.
    """
    try:
        number = phonenumbers.parse(phone or "", "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.FIXED_LINE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email_address(email: str | None) -> str | None:
    """`email` if it can stand in an envelope as it is, else None."""
    address = (email or "").strip()
    local, at, domain = address.rpartition("@")
    usable = local and at and domain and address.isascii() and not set(address) & set(' \t\r\n<>,"')
    return address if usable else None


def masked(channel: str, address: str) -> str:
    """`138****0011`, `+852****78`, `z***@example.com`: enough to recognise, not to reach."""
    if channel == "email":
        local, _, domain = address.rpartition("@")
        return f"{local[:1] if len(local) > 1 else ''}***@{domain}"
    national = address.removeprefix("+86")
    if national != address and len(national) == 11:
        return f"{national[:3]}****{national[-4:]}"
    return f"{address[:4]}****{address[-2:]}"


_ORDER: Final[tuple[Party, ...]] = get_args(Party)


def _person(entry: Mapping[str, Any]) -> Person:
    party = entry["party"]
    if party not in _ORDER:
        raise ValueError("party")
    return Person(
        party=party,
        index=int(entry["index"]),
        phone=entry.get("phone"),
        email=entry.get("email"),
        language="en" if entry.get("language") == "en" else "zh",
        notify=bool(entry.get("notify")),
    )


def _addresses(person: Person) -> Iterator[tuple[Channel, str]]:
    if phone := sms_address(person.phone):
        yield "sms", phone
    if email := email_address(person.email):
        yield "email", email


def _message(
    event: Event, recipients: Recipients, person: Person, channel: Channel, address: str
) -> PlannedMessage:
    return PlannedMessage(
        id=message_id(event.id, person.party, person.index, channel),
        serial_number=event.subject,
        event_id=event.id,
        event_name=event.name,
        sequence=event.sequence,
        party=person.party,
        index=person.index,
        channel=channel,
        language=person.language,
        address=address,
        values={
            "party": person.party,
            "serial_number": serial.display(event.subject),
            **_values(event, recipients, person.language),
        },
    )


def _values(event: Event, recipients: Recipients, language: Language) -> dict[str, str]:
    """What the templates of this event may say beyond the serial number."""
    values: dict[str, str] = {}
    if event.name == "application.submitted":
        values["query_code"] = QueryCodes.grouped(QueryCodes.normalise(recipients.query_code))
    if organisation := event.data.get("organisation"):
        values["organisation"] = _line(organisation["name"], 40)
        values["organisation_phone"] = _line(organisation["phone"], 20)
    if mediator := event.data.get("mediator"):
        due_on = recipients.deadlines.get(DECISION_CLOCK)
        values["mediator"] = _line(mediator["name"], 20)
        values["due_on"] = _day(due_on, language) if due_on else ""
    return values


DECISION_CLOCK: Final = "acceptance_decision"
"""Name of the clock by which the mediator must have examined the application (R17 art. 22)."""


def _line(text: str, limit: int) -> str:
    """One bounded line: a name typed by somebody else cannot add lines or segments."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _day(day: date, language: Language) -> str:
    if language == "en":
        return f"{day.day} {_MONTHS[3 * day.month - 3 : 3 * day.month]} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日"
