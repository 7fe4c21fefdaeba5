"""Messages on their way out: recorded as the handlers record them, sent over channels that do as told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from services.notify.channels import Accepted
from services.notify.domain import plan
from services.notify.people.indexes import INDEXES
from services.notify.people.messages import Body, to_document
from services.notify.people.persons import Person, Recipients
from services.notify.people.quiet_hours import NO_QUIET_HOURS, QuietHours
from services.notify.people.sending import Sender
from services.notify.people.templates import Templates
from shared.contracts.envelope import Event
from shared.sealing import Keyring, new_key
from shared.store import Document, insert_records
from tests.builders.notices import NOW, a_person, an_event, some_recipients
from tests.builders.plain_sms import Sms

if TYPE_CHECKING:
    from pymongo.collection import Collection
    from pymongo.database import Database

KEYS = f"k1:{new_key()}"
KEYRING = Keyring.parse(KEYS)
TEMPLATES = Templates("https://tiaojie.example")
LEASE = 120.0


class Clock:
    """Time that a test moves by hand."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float = 0, *, hours: float = 0) -> None:
        self.now += timedelta(seconds=seconds, hours=hours)


class Gateway:
    """An SMS provider that answers as told: a value is returned, an exception raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.handed_over: list[str] = []

    def send(self, _to: str, _text: str, reference: str) -> Accepted:
        self.handed_over.append(reference)
        answer = self.answers.pop(0) if self.answers else Accepted(f"provider-{reference[:6]}")
        if isinstance(answer, BaseException):
            raise answer
        assert isinstance(answer, Accepted)
        return answer


class Told:
    """Any channel that answers as told, and keeps what it was given."""

    def __init__(self, *answers: Any) -> None:
        self._gateway = Gateway(*answers)
        self.bodies: list[Body] = []

    @property
    def handed_over(self) -> list[str]:
        return self._gateway.handed_over

    def send(self, reference: str, body: Body, handing_over: Callable[[], None]) -> Accepted:
        handing_over()
        self.bodies.append(body)
        return self._gateway.send(body.to, body.text, reference)


def the_collection(database: Database[Document]) -> Collection[Document]:
    """The messages, with their indexes."""
    messages = database["messages"]
    messages.create_indexes(INDEXES)
    return messages


def record_event(
    messages: Collection[Document],
    event: Event,
    recipients: Recipients,
    *,
    at: datetime = NOW,
    quiet: QuietHours = NO_QUIET_HOURS,
) -> list[str]:
    """Record what this event causes; the ids, each person's first before its others."""
    planned = plan(event, recipients)
    assert isinstance(planned, list)
    insert_records(messages, [to_document(m, TEMPLATES, KEYRING, at, quiet) for m in planned])
    return [message.id for message in planned]


def record(
    messages: Collection[Document],
    *names: str,
    people: int = 1,
    email: bool = False,
    first: int = 1,
) -> None:
    """Record the messages of these events to so many people with a phone, and an e-mail address."""
    without: dict[str, Any] = {} if email else {"email": None}
    persons: list[Person] = [a_person(index=index, **without) for index in range(people)]
    for sequence, name in enumerate(names or ("application.submitted",), start=first):
        record_event(messages, an_event(name, sequence=sequence), some_recipients(*persons))


@contextmanager
def senders(messages: Collection[Document], clock: Clock) -> Iterator[Callable[..., Sender]]:
    """Makes senders with a gateway, and other channels; they are stopped afterwards."""
    made: list[Sender] = []

    def make(gateway: Any = None, *, quiet: QuietHours = NO_QUIET_HOURS, **channels: Any) -> Sender:
        made.append(
            Sender(
                messages,
                {"sms": Sms(gateway or Gateway()), **channels},
                KEYRING,
                clock=clock,
                lease_seconds=LEASE,
                threads=2,
                jitter=lambda: 0.5,
                quiet=quiet,
            )
        )
        return made[-1]

    yield make
    for one in made:
        one.stop()
