"""How a message leaves the house: one interface, a module for each way.

A channel ends in one of six ways: it returns Accepted, or raises

    RefusedForGood      this message will never be accepted: do not try again
    OursToMend          we are refused, not the message: do not try again, tell operators
    TryLater            nothing was handed over: the same message may be tried again
    NotNow              a limit stands against it for a while: nothing was tried
    HandedOverUnknown   it may have arrived: never try again by itself

It calls `handing_over` once, right before the first byte that could make the message arrive, and
passes on what that raises: then nobody may send. No code carries an address or a server's text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from services.notify.people.messages import Body


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has taken the message over; `reference` is its name for it, if it gave one, and
    `provider` which of several it was. `receipt`: it will tell what became of it (`settling`)."""

    reference: str | None = None
    provider: str | None = None
    receipt: bool = False


class NotSent(Exception):
    """`code` says why, in a few characters of our own making (`smtp_550`, `timeout`); `status` is
    what becomes of the message, `provider` the one of several that said so.
    """

    status: ClassVar[str]
    provider: str | None = None

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class RefusedForGood(NotSent):
    """It will never be accepted, however often it is tried."""

    status = "permanent_failure"


class OursToMend(NotSent):
    """The provider refuses us, not the message: no account, a wrong key, no approved template."""

    status = "technical_failure"


class TryLater(NotSent):
    """Nothing was handed over; the same message may be accepted later."""

    status = "planned"


class NotNow(NotSent):
    """A limit stands against it for so many seconds; it was not tried, and no try is counted."""

    status = "planned"

    def __init__(self, code: str, seconds: float) -> None:
        super().__init__(code)
        self.seconds = seconds


class HandedOverUnknown(NotSent):
    """The message was handed over and no answer came: it may have arrived."""

    status = "uncertain"


class Channel(Protocol):
    """One way to people. Safe to use from several threads; returns or raises within a time-out."""

    def send(self, reference: str, body: Body, handing_over: Callable[[], None], /) -> Accepted: ...


class Unconfigured:
    """Ends every message visibly as a technical failure instead of keeping it for a flood on some later day."""

    def send(self, _reference: str, _body: Body, _handing_over: Callable[[], None]) -> Accepted:
        raise OursToMend("not_configured")
