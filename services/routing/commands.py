"""The commands people give a case, in one table: their body, what they secure, what they decide.

A command is decided by a pure function of the case. What must be taken of other documents before
(a mediator's place, an hour in a calendar) is the part of `prepare`; it is given back if the
decision does not come to be written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.routing.case_numbers import CaseNumbers
from services.routing.steps import Actor
from services.routing.store import Cases, Directory
from shared.contracts.envelope import Trace
from shared.contracts.schema import Body
from shared.decision import Decision, State
from shared.store import Document


def nothing() -> None:
    """Nothing to undo, nothing to finish."""


def no_link(_serial_number: str, _session: str) -> str | None:
    """No provider makes addresses of online sessions."""
    return None


@dataclass(frozen=True, slots=True)
class Given:
    """A command as it was given: the normalised body, by whom and when; `seal` turns words into
    what only routing and intake can read; `found` is what `prepare` brought along."""

    body: Mapping[str, Any]
    actor: Actor
    at: datetime
    seal: Callable[[Mapping[str, Any]], str]
    found: Any = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a command has secured: `undo` gives it back when nothing was written, `finish` lets go
    of what the written decision no longer needs. Both are harmless when repeated."""

    found: Any = None
    undo: Callable[[], None] = nothing
    finish: Callable[[], None] = nothing


Decide = Callable[[State, Given], Decision]
Prepare = Callable[["Desk", State, Given], Prepared]
Follow = Callable[["Desk", Document, Trace], Document]


@dataclass(frozen=True, slots=True)
class Desk:
    """The documents a command may look at beside its case; `join_link` makes the address of an
    online session from serial number and session, None without a provider."""

    cases: Cases
    directory: Directory
    numbers: CaseNumbers
    join_link: Callable[[str, str], str | None] = no_link


@dataclass(frozen=True, slots=True)
class Command:
    """One row: `body` is the schema of what is sent with the command. `follow` does at once what
    an event of the written decision would do soon: it may fail, and gives the case after it."""

    body: type[Body]
    decide: Decide
    prepare: Prepare | None = None
    follow: Follow | None = None


class Nothing(Body):
    """A command that needs no more than its name."""
