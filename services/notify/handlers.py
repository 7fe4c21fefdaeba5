"""What notify does with events: plan the messages, record them, hand them to the sender.

One aggregate a serial number, `recipients`, keeps the sealed contact data. An event that comes
before it waits in the aggregate and is planned when the contact data is there. Messages are
records with an id of their event, person and channel: written once, however often this runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from services.notify.domain import PlannedMessage, Recipients, Waiting, plan, read_recipients
from services.notify.messages import to_document
from services.notify.templates import Templates
from shared.contracts.envelope import Event, from_document
from shared.decision import NOTHING, Decision, Record, State
from shared.runner import Deciding, Handlers
from shared.sealing import Keyring

MESSAGES = "messages"


class Planning:
    """The handlers; made with the templates and the contact keyring."""

    def __init__(self, templates: Templates, keyring: Keyring) -> None:
        self._templates = templates
        self._keyring = keyring

    def submitted(self, event: Event, state: State | None, at: datetime) -> Decision:
        """Learn whom to tell; tell the applicant, and what waited for the contact data."""
        if state is not None and "contacts" in state:
            return NOTHING
        kept = {"contacts": event.data["contacts"], "deadlines": event.data["deadlines"]}
        recipients = self._recipients(event.subject, kept)
        waiting = [from_document(orjson.loads(e)) for e in (state or {}).get("waiting", ())]
        records = [r for each in (event, *waiting) for r in self._records(each, recipients, at)]
        return Decision(set={**kept, "waiting": []}, records=records)

    def told(self, event: Event, state: State | None, at: datetime) -> Decision:
        """Tell the people concerned, or keep the event until it is known who they are."""
        if state is None or "contacts" not in state:
            if isinstance(plan(event, None), Waiting):
                return Decision(push={"waiting": [event.to_json().decode()]})
            return NOTHING
        recipients = self._recipients(event.subject, state)
        return Decision(set={"told_at": at}, records=self._records(event, recipients, at))

    def _recipients(self, serial_number: str, kept: Mapping[str, Any]) -> Recipients:
        contacts = self._keyring.open(kept["contacts"], f"contacts:{serial_number}")
        return read_recipients(contacts, kept["deadlines"])

    def _records(self, event: Event, recipients: Recipients, at: datetime) -> Sequence[Record]:
        planned = plan(event, recipients)
        if isinstance(planned, Waiting):
            return ()
        return [Record(MESSAGES, self._document(message, at)) for message in planned]

    def _document(self, message: PlannedMessage, at: datetime) -> Mapping[str, Any]:
        return to_document(message, self._templates, self._keyring, at)


def handlers(planning: Planning) -> Handlers:
    """Event → what is done with it."""
    told = [Deciding("recipients", planning.told)]
    return {
        "application.submitted": [Deciding("recipients", planning.submitted)],
        "application.supplemented": told,
        "case.unassigned": told,
        "case.organisation_assigned": told,
        "case.mediator_assigned": told,
        "case.withdrawn": told,
    }
