"""What routing does with events. The table at the end is the table of contents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from services.routing import domain
from services.routing.placing import Placing
from services.routing.steps import Actor
from services.routing.store import Directory
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
    """The mediator who had an ended case can take another."""
    mediator = event.data.get("released_mediator_id")
    if mediator:
        yield Upsert(mediator, set={}, pull={"open": event.subject}, create=False)


def handlers(directory: Directory) -> Handlers:
    """Event → what is done with it."""
    return {
        "application.submitted": [Deciding("cases", surroundings=Placing(directory))],
        "application.supplemented": [Deciding("cases", supplement)],
        "application.withdrawn": [Deciding("cases", withdraw)],
        "case.withdrawn": [Projecting("mediators", give_place_back)],
    }
