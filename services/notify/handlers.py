"""What notify does with events: plan the messages, record them, hand them to the sender.

One aggregate a serial number, `recipients`, keeps the sealed contact data and what later messages
need of the case (`case_facts`). An event that comes before what it needs waits in the aggregate
and is planned when that is there. Messages are records with an id of their event, person and
channel: written once, however often this runs; an event that adds nothing to what is kept costs
no other write, one that nobody is told of costs none.

    {contacts, contacts_at, submitted, respondents, placed, asked_at, accepted, sessions,
     holder_hashes, respondent_hashes, codes_expire_at: who may look into an inbox,
     waiting: events nobody was told of yet, withheld: events the respondents were not told of}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol

import orjson

from services.notify.domain import (
    PlannedMessage,
    StaffPersons,
    Waiting,
    is_about_a_case,
    plan,
    withholds,
)
from services.notify.partners.log import LOG, log_document
from services.notify.people.case_facts import CaseFacts, Kept, learn
from services.notify.people.entitlements import AUDIENCES, Audience, audiences
from services.notify.people.messages import to_document
from services.notify.people.persons import (
    Recipients,
    read_alert_address,
    read_phone_code,
    read_recipients,
)
from services.notify.people.quiet_hours import NO_QUIET_HOURS, QuietHours
from services.notify.people.templates import Templates
from shared.contracts.envelope import Event, from_document
from shared.contracts.events import consumed_by
from shared.contracts.partner_events import OFFERED
from shared.decision import NOTHING, Decision, Record, State
from shared.errors import Transient
from shared.runner import Decide, Deciding, Handlers, Recording
from shared.sealing import Keyring

MESSAGES: Final = "messages"

WAITING_MOST: Final = 200
"""Events kept for one serial number; a whole life of a case has fewer."""


class StaffDirectory(Protocol):
    """Who of the staff has registered for messages."""

    def concerned(self, events: Iterable[Event], states: Mapping[str, Kept], /) -> StaffPersons: ...


class Planning:
    """The rules with what they need: templates, the contact keyring, the staff's contacts, the
    hours at which no phone may ring."""

    def __init__(
        self,
        templates: Templates,
        keyring: Keyring,
        staff: StaffDirectory,
        quiet: QuietHours = NO_QUIET_HOURS,
    ) -> None:
        self._templates = templates
        self._keyring = keyring
        self._staff = staff
        self._quiet = quiet

    def for_batch(self, events: Sequence[Event], states: Mapping[str, State]) -> Decide:
        """`decide` for these events, knowing the staff they concern and the newest wordings."""
        self._templates.look()
        return partial(self.decide, staff=self._staff.concerned(events, states))

    def decide(
        self, event: Event, state: State | None, at: datetime, *, staff: StaffPersons
    ) -> Decision:
        """Keep what the event says, tell whom it concerns, and whom earlier events waited for."""
        if not is_about_a_case(event):
            planned = plan(event, self._outsiders(event), staff)
            return Decision(records=self._records(planned, at))
        kept: Kept = state or {}
        learned = _learned(event, kept)
        if not learned and not audiences(event):
            return NOTHING
        if event.name == "application.submitted" and kept.get("submitted"):
            return NOTHING
        known = {**kept, **learned}
        turn = _Turn(self._recipients(event.subject, known), staff)
        turn.take(event)
        if learned:
            turn.take_again(kept)
            known = {**known, **turn.left()}
        elif turn.keeps:
            known = {**known, **turn.added_to(kept)}
        changes = {name: value for name, value in known.items() if value != kept.get(name)}
        records = self._records(turn.messages, at)
        return Decision(set=changes, records=records) if changes or records else NOTHING

    def _recipients(self, serial_number: str, known: Kept) -> Recipients | None:
        if "contacts" not in known:
            return None
        contacts = self._keyring.open(known["contacts"], f"contacts:{serial_number}")
        return read_recipients(contacts, CaseFacts.of(known))

    def _outsiders(self, event: Event) -> Recipients:
        """Who is told of what is no case: the owner of a phone, a partner channel, or staff alone."""
        sealed = event.data.get("contacts")
        if sealed is None:
            return Recipients(())
        if event.name == "phone.code_requested":
            return read_phone_code(self._keyring.open(sealed, f"phone:{event.subject}"))
        return read_alert_address(self._keyring.open(sealed, f"alert:{event.subject}"))

    def _records(
        self, planned: Iterable[PlannedMessage] | Waiting, at: datetime
    ) -> Sequence[Record]:
        if isinstance(planned, Waiting):
            return ()
        return [
            Record(MESSAGES, to_document(message, self._templates, self._keyring, at, self._quiet))
            for message in planned
        ]


class _Turn:
    """The events planned in one decision: what they cause and what must wait."""

    def __init__(self, recipients: Recipients | None, staff: StaffPersons) -> None:
        self.messages: list[PlannedMessage] = []
        self._recipients = recipients
        self._staff = staff
        self._waiting: list[str] = []
        self._withheld: list[str] = []

    @property
    def keeps(self) -> bool:
        return bool(self._waiting or self._withheld)

    def take(self, event: Event, only: Sequence[Audience] = AUDIENCES) -> None:
        planned = plan(event, self._recipients, self._staff, only)
        if isinstance(planned, Waiting):
            self._waiting.append(_text(event))
            return
        self.messages += planned
        if self._recipients is not None and withholds(event, self._recipients):
            self._withheld.append(_text(event))

    def take_again(self, kept: Kept) -> None:
        """Plan what waited; of what the respondents were not told, their share alone."""
        for event in _events(kept.get("waiting", ())):
            self.take(event)
        for event in _events(kept.get("withheld", ())):
            self.take(event, only=("respondent",))

    def left(self) -> dict[str, Any]:
        return _bounded(self._waiting, self._withheld)

    def added_to(self, kept: Kept) -> dict[str, Any]:
        return _bounded(
            [*kept.get("waiting", ()), *self._waiting],
            [*kept.get("withheld", ()), *self._withheld],
        )


def _learned(event: Event, kept: Kept) -> dict[str, Any]:
    """The fields that this event changes, beside the events that wait."""
    if event.name not in {"application.submitted", "application.contact_changed"}:
        return learn(event, kept)
    learned: dict[str, Any] = {}
    if event.sequence > kept.get("contacts_at", 0):
        learned = {"contacts": event.data["contacts"], "contacts_at": event.sequence}
    if event.name == "application.submitted":
        respondents = [p for p in event.data["parties"] if p["party"] == "respondent"]
        learned |= {"submitted": True, "respondents": len(respondents)}
        learned |= {
            "holder_hashes": event.data["holder_hashes"],
            "respondent_hashes": event.data.get("respondent_hashes") or [],
            "codes_expire_at": datetime.fromisoformat(event.data["query_code_expires_at"]),
        }
    return learned


def _bounded(waiting: list[str], withheld: list[str]) -> dict[str, Any]:
    if max(len(waiting), len(withheld)) > WAITING_MOST:
        raise Transient("too_many_waiting")
    return {"waiting": waiting, "withheld": withheld}


def _text(event: Event) -> str:
    return event.to_json().decode()


def _events(texts: Iterable[str]) -> Iterator[Event]:
    return (from_document(orjson.loads(text)) for text in texts)


def handlers(planning: Planning) -> Handlers:
    """Event → what is done with it: people are told, and what partners may know is recorded."""
    telling = Deciding("recipients", surroundings=planning.for_batch)
    recording = Recording(LOG, log_document)
    return {
        event.name: [telling, *([recording] if event.name in OFFERED else [])]
        for event in consumed_by("notify")
    }
