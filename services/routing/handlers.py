"""What routing does with events. The table at the end is the table of contents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from services.routing import domain
from services.routing.answering import Answering
from services.routing.case_numbers import CaseNumbers
from services.routing.numbering import Numbering
from services.routing.placing import Placing
from services.routing.steps import Actor
from services.routing.store import Directory
from shared import replay
from shared.contracts.envelope import Event
from shared.contracts.lifecycle import ENDED
from shared.decision import NOTHING, Decision, State, Upsert
from shared.errors import Transient
from shared.runner import Deciding, Handlers, Projecting


def withdraw(_: Event, state: State | None, at: datetime) -> Decision:
    """The applicant took the application back: so ends the case."""
    if state is None:
        raise Transient("case_not_open_yet")  # its submission is on the way
    return (
        NOTHING
        if state["status"] in ENDED
        else domain.withdraw(state, at, actor=Actor("applicant"))
    )


def supplement(event: Event, state: State | None, at: datetime) -> Decision:
    """The application has grown."""
    if state is None:
        raise Transient("case_not_open_yet")
    return domain.supplement(state, event.data, at)


def give_place_back(event: Event) -> Iterable[Upsert]:
    """The mediator who had an ended case can take another, and has the hours of its sessions."""
    mediator = event.data.get("released_mediator_id")
    if mediator:
        hours = {"serial": event.subject, "taken_at": {"$lt": event.time}}
        held = {"open": event.subject, "bookings": hours}
        yield Upsert(mediator, set={}, pull=held, create=False)


def handlers(directory: Directory, numbers: CaseNumbers) -> Handlers:
    """Event → what is done with it."""
    ended = [Projecting("mediators", give_place_back)]
    return {
        "application.submitted": [Deciding("cases", surroundings=Placing(directory))],
        "application.supplemented": [Deciding("cases", supplement)],
        "application.answered": [Deciding("cases", Answering(directory))],
        "application.withdrawn": [Deciding("cases", withdraw)],
        "case.accepted": [Deciding("cases", surroundings=Numbering(numbers))],
        "case.not_accepted": ended,
        "case.failed": ended,
        "case.withdrawn": ended,
        "case.closed": ended,
        "read_models.rebuild_requested": replay.HANDLERS,
    }
