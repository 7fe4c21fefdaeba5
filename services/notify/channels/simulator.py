"""A provider that is none: what becomes of a message follows from its address (docs/simulator.md).

Numbers and addresses of the table below always fare alike, whatever the channel; any other is
delivered. Their prefix is given to no network operator, their domain can belong to nobody (RFC 2606),
so that a test that goes astray reaches no one. Receipts come a moment later over the same way as those
of real providers: as a due receipt in the database, so that a process that dies loses none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, Protocol

from pymongo import IndexModel, ReturnDocument

from services.notify.channels import (
    Accepted,
    HandedOverUnknown,
    NotSent,
    OursToMend,
    RefusedForGood,
    TryLater,
)
from services.notify.people.messages import Body
from services.notify.people.settling import Receipt, Said
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database

NAME: Final = "simulator"
NUMBERS: Final = "+861540000000"
"""The prefix 154 is given to nobody; one digit more makes a number of the table."""

DOMAIN: Final = "@simulator.invalid"
DEVICE: Final = "simulator:"

RECEIPT_SECONDS: Final = 1.0
LATE_SECONDS: Final = 60.0

Answer = Literal["accepted", "refused", "later", "unknown", "ours"]


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a message: how the provider answers, the first `failing` times with `later`
    instead, and what its receipt says after so many seconds, if one comes."""

    word: str
    answer: Answer
    said: Said | None = None
    after: float = RECEIPT_SECONDS
    failing: int = 0


FATES: Final[Mapping[str, Fate]] = {
    fate.word: fate
    for fate in (
        Fate("delivered", "accepted", "delivered"),
        Fate("refused", "refused"),
        Fate("recovering", "accepted", "delivered", failing=2),
        Fate("uncertain", "unknown"),
        Fate("misconfigured", "ours"),
        Fate("unreported", "accepted"),
        Fate("late", "accepted", "delivered", after=LATE_SECONDS),
        Fate("undelivered", "accepted", "temporary_failure"),
        Fate("doubtful", "unknown", "delivered"),
        Fate("failing", "later"),
    )
}
"""In the order of the last digit of the numbers, from 1 on; 0 is the last."""

_ERRORS: Final[Mapping[str, tuple[type[NotSent], str]]] = {
    "refused": (RefusedForGood, "number_invalid"),
    "later": (TryLater, "vendor_error"),
    "unknown": (HandedOverUnknown, "timeout"),
    "ours": (OursToMend, "account"),
}


class Expecting(Protocol):
    """Who sees to it that receipts come when they are due; see people.receipts."""

    def expect(self, receipts: Sequence[Receipt], due_at: datetime, /) -> None: ...


class Outbox(Protocol):
    """Where a development system keeps what was sent."""

    def keep(self, channel: str, reference: str, body: Body, /) -> None: ...


def fate_of(to: str) -> Fate:
    """What becomes of messages to this address."""
    if to.startswith(NUMBERS) and len(to) == len(NUMBERS) + 1:
        return list(FATES.values())[(int(to[-1]) - 1) % 10]
    word = to.removesuffix(DOMAIN) if to.endswith(DOMAIN) else to.removeprefix(DEVICE)
    return FATES.get(word, FATES["delivered"])


class Simulator:
    """One channel, simulated. `outbox` only in development: elsewhere nothing is kept in clear."""

    def __init__(
        self,
        channel: str,
        database: Database[Document],
        receipts: Expecting,
        *,
        outbox: Outbox | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._channel = channel
        self._tries = database["simulated_tries"]
        self._receipts = receipts
        self._outbox = outbox
        self._clock = clock

    def send(self, reference: str, body: Body, handing_over: Callable[[], None]) -> Accepted:
        fate = fate_of(body.to)
        if fate.failing and self._tried(reference) <= fate.failing:
            raise TryLater("vendor_error")
        if fate.answer in {"accepted", "unknown"}:
            handing_over()
        if self._outbox is not None and (fate.said == "delivered" or fate.answer == "accepted"):
            self._outbox.keep(self._channel, reference, body)
        if fate.said is not None:
            self._expect(reference, fate, fate.said)
        if fate.answer != "accepted":
            kind, code = _ERRORS[fate.answer]
            raise kind(code)
        return Accepted(f"{NAME}-{reference[:8]}", NAME, receipt=fate.word != "unreported")

    def _expect(self, reference: str, fate: Fate, said: Said) -> None:
        due_at = self._clock() + timedelta(seconds=fate.after)
        code = None if said == "delivered" else "undelivered"
        receipt = Receipt(said, due_at, NAME, message_id=reference, code=code)
        self._receipts.expect([receipt], due_at)

    def _tried(self, reference: str) -> int:
        """How often this message has been tried, this time included."""
        counted = {"$inc": {"tries": 1}, "$setOnInsert": {"at": self._clock()}}
        with backend_errors():
            document = self._tries.find_one_and_update(
                {"_id": reference}, counted, upsert=True, return_document=ReturnDocument.AFTER
            )
        return int(document["tries"]) if document else 1


class SimulatedSms:
    """The same as one provider of text messages among others."""

    name = NAME
    takes_keys = False

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def send(
        self, to: str, text: str, reference: str, handing_over: Callable[[], None]
    ) -> Accepted:
        return self._simulator.send(reference, Body(to, "", text), handing_over)


def ensure_indexes(database: Database[Document]) -> None:
    database["simulated_tries"].create_indexes([IndexModel("at", expireAfterSeconds=86_400)])
