"""Which messages an event causes: pure rules from the event and what is known to what is sent.

Who is told of which event stands in `entitlements`, over what in `preferences`, what a message may
say in `values`, its words in `templates/`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.notify.people.case_facts import CaseFacts, lacks, takes_part
from services.notify.people.entitlements import (
    AUDIENCES,
    PARTIES,
    STAFF,
    Audience,
    Staff,
    audiences,
    may_reach_respondents,
    referred,
    topic,
)
from services.notify.people.persons import Person, Recipients
from services.notify.people.preferences import BY_TEXT_ALONE, Channel, addresses
from services.notify.people.quiet_hours import is_urgent
from services.notify.people.values import expiry, values, wording
from shared.contracts.envelope import Event
from shared.errors import Language


@dataclass(frozen=True, slots=True)
class PlannedMessage:
    """One message to one person over one channel, not yet rendered. `topic` is what of its case it
    is about, `division` the place of it, `expires_at` the moment after which it would be untrue.
    `rank` counts the addresses of the person from 0, `next` is the id of the message to the next."""

    id: str
    serial_number: str | None
    division: str
    event_id: str
    event_name: str
    sequence: int
    party: Audience
    index: int
    channel: Channel
    rank: int
    next: str | None
    language: Language
    large_print: bool
    address: str  # E.164 for `sms`, empty for `inbox`
    template: str
    topic: str
    urgent: bool
    expires_at: datetime | None
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The event came before something it needs: keep it, and plan it once that is known."""

    event: Event


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose matter something is: the platform administrators', an organisation's, or that of one
    mediator as a member of an organisation."""

    organisation: str | None = None
    mediator: str | None = None

    @property
    def key(self) -> str:
        """`platform`, `organisation:<id>` or `<organisation>/mediator:<id>`."""
        if self.organisation is None:
            return "platform"
        if self.mediator is None:
            return f"organisation:{self.organisation}"
        return f"{self.organisation}/mediator:{self.mediator}"


StaffPersons = Mapping[str, Sequence[Person]]
"""Staff who registered, by the key of their desk."""


def plan(
    event: Event,
    recipients: Recipients | None,
    staff: StaffPersons | None = None,
    only: Collection[Audience] = AUDIENCES,
) -> list[PlannedMessage] | Waiting:
    """The messages `event` causes to `only` these: to each person one, and one in reserve for each
    of its other addresses. An address that several persons share is the first one's. A party whom
    nothing reaches finds its message in the inbox.

    Planning the same event again gives the same ids, so that recording them twice changes nothing.
    """
    told = [audience for audience in audiences(event) if audience in only]
    if not told:
        return []
    if recipients is None or lacks(event, recipients.case):
        return Waiting(event)
    messages: list[PlannedMessage] = []
    taken: set[tuple[Channel, str]] = set()
    unreached: dict[tuple[str, int], Person] = {}
    reached: set[tuple[str, int]] = set()
    for person in sorted(_listeners(event, recipients, told, staff or {}), key=_order):
        own = addresses(event.name, person) if person.notify else ()
        free = [place for place in own if place not in taken]
        taken.update(free)
        messages += _messages(event, recipients, person, free)
        if free:
            reached.add(_side(person))
        elif person.party in PARTIES and event.name not in BY_TEXT_ALONE:
            unreached.setdefault(_side(person), person)
    for side, person in unreached.items():
        if side not in reached:
            messages += _messages(event, recipients, person, [("inbox", "")])
    return messages


def withholds(event: Event, recipients: Recipients) -> bool:
    """Whether the respondents would be told of this, had they been asked: keep it, since the event
    that asked them may have been overtaken."""
    return "respondent" in audiences(event) and not may_reach_respondents(
        event, recipients.case.asked_at
    )


def is_about_a_case(event: Event) -> bool:
    """Whether its subject is a serial number."""
    return event.name.startswith(("application.", "case."))


def desk_of(audience: Staff, event: Event, facts: CaseFacts) -> Desk:
    """Which mediator or organisation is told: the one that the event names, else the one that has
    the case. Without one it is the next above: a case never waits unseen."""
    organisation = event.data.get("organisation") or facts.organisation
    mediator = event.data.get("mediator") or facts.mediator
    if audience == "platform" or not organisation:
        return Desk()
    if audience == "mediator" and mediator:
        return Desk(organisation["id"], mediator["id"])
    return Desk(organisation["id"])


def message_id(event_id: str, party: str, index: int, channel: str) -> str:
    """40 hexadecimal digits, the same for the same event, person and channel: its identity."""
    key = f"{event_id}|{party}|{index}|{channel}"
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def _listeners(
    event: Event, recipients: Recipients, told: Collection[Audience], staff: StaffPersons
) -> Iterator[Person]:
    facts = recipients.case
    asked = may_reach_respondents(event, facts.asked_at)
    for person in recipients.persons:
        place = person.party, person.index
        if person.party == "respondent" and not (asked and takes_part(place, event, facts)):
            continue
        if event.name.startswith("case.referral_") and not _is_referred(person, event):
            continue
        if person.party in told:
            yield person
    if event.name == "case.consent_sought" and _all_reachable(event, recipients):
        return
    for audience in STAFF:
        if audience in told:
            for person in staff.get(desk_of(audience, event, facts).key, ()):
                yield _as(audience, person)


def _all_reachable(event: Event, recipients: Recipients) -> bool:
    """Whether every respondent has an address that messages can reach; else somebody must call."""
    respondents = [p for p in recipients.persons if p.party == "respondent"]
    return all(p.notify and any(addresses(event.name, p)) for p in respondents)


def _is_referred(person: Person, event: Event) -> bool:
    """Whether a referral is for this person; an agent stands in the applicant's place."""
    places = referred(event.data)
    if person.party == "agent":
        return any(party == "applicant" for party, _ in places)
    return (person.party, person.index) in places


def _as(audience: Staff, person: Person) -> Person:
    return replace(person, party=audience)


def _order(person: Person) -> tuple[int, int]:
    return AUDIENCES.index(person.party), person.index


def _side(person: Person) -> tuple[str, int]:
    """Whose inbox a person looks into: the applicants and their agent share one."""
    return ("respondent", person.index) if person.party == "respondent" else ("applicant", 0)


def _messages(
    event: Event,
    recipients: Recipients,
    person: Person,
    places: Sequence[tuple[Channel, str]],
) -> Iterator[PlannedMessage]:
    """A person's messages of one event, in the order in which they are to be tried."""
    if not places:
        return
    codes = {"query": recipients.query_code, "respondent": person.code}
    filled = values(event, recipients.case, person.party, person.language, codes)
    ids = [message_id(event.id, person.party, person.index, channel) for channel, _ in places]
    for rank, (channel, address) in enumerate(places):
        yield PlannedMessage(
            id=ids[rank],
            serial_number=event.subject if is_about_a_case(event) else None,
            division=event.division,
            event_id=event.id,
            event_name=event.name,
            sequence=event.sequence,
            party=person.party,
            index=person.index,
            channel=channel,
            rank=rank,
            next=ids[rank + 1] if rank + 1 < len(ids) else None,
            language=person.language,
            large_print=person.large_print,
            address=address,
            template=wording(event, person.party),
            topic=topic(event),
            urgent=is_urgent(event, recipients.case),
            expires_at=expiry(event),
            values=filled,
        )
