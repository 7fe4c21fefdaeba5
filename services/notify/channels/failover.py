"""Text messages over several providers: each message handed over once, by one that can.

What was not handed over (a provider away, our account there, its limits) goes to the next provider in
the same attempt. A refusal of the number or the words ends it, and so does an unknown answer: another
provider would not know of the first one's message. Only a provider that takes idempotency keys may
be asked again, and then no other may: which one that is is kept in `Held` before the attempt ends.

Logged as `sms_provider_rests`, `sms_provider_returns` with name.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

from prometheus_client import Counter, Gauge
from pymongo import IndexModel

from services.notify.channels import (
    Accepted,
    HandedOverUnknown,
    NotNow,
    NotSent,
    OursToMend,
    RefusedForGood,
    TryLater,
)
from services.notify.channels.health import Health
from services.notify.channels.sms import SmsProvider
from services.notify.people.messages import Body
from shared.errors import Transient
from shared.log import logger
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

ATTEMPTS = Counter(
    "tiaojie_sms_attempts_total",
    "Text messages given to a provider, by how that ended.",
    ("provider", "outcome"),
)
BAD_SHARE = Gauge(
    "tiaojie_sms_provider_bad_share",
    "Share of a provider's attempts of ten minutes that failed or were slow.",
    ("provider",),
    multiprocess_mode="mostrecent",
)
LATE_SHARE = Gauge(
    "tiaojie_sms_provider_late_share",
    "Share of a provider's messages of a quarter of an hour that were not delivered in four minutes.",
    ("provider",),
    multiprocess_mode="mostrecent",
)
RESTING = Gauge(
    "tiaojie_sms_provider_resting",
    "1 while a provider of text messages is asked after the others.",
    ("provider",),
    multiprocess_mode="mostrecent",
)

HELD_SECONDS: Final = 3 * 86_400
"""Longer than any message is tried."""

OF_A_MESSAGE: Final = frozenset(
    {"no_approved_template", "wrong_signature", "region", "template", "template_values"}
)
"""Codes of OursToMend that say nothing about other messages."""

_log = logger()


class Limits(Protocol):
    """What may be sent at all, and how fast; see `limits`."""

    def admit(self, reference: str, to: str, *, urgent: bool) -> None:
        """NotNow for a message that has to wait."""

    def pace(self, provider: str, *, urgent: bool) -> None:
        """Wait a moment for a provider's turn, or NotNow."""

    def give_back(self, *, urgent: bool) -> None:
        """What was admitted was not handed over."""


class Holding(Protocol):
    """Which provider a message may have been handed over to, by an attempt that may be repeated
    there and nowhere else."""

    def holder(self, reference: str, /) -> str | None: ...

    def hold(self, reference: str, provider: str, /) -> None: ...


class Failover:
    """The channel of text messages over these providers, the preferred one first.

    `reports` are those that send receipts, `lateness` what these tell of them. Each process measures
    for itself: what one learns of a provider, the others learn as fast.
    """

    def __init__(
        self,
        providers: Sequence[SmsProvider],
        limits: Limits,
        held: Holding,
        *,
        reports: Collection[str] = (),
        lateness: Callable[[], Mapping[str, tuple[int, int]]] = dict,
        slow_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._limits = limits
        self._held = held
        self._reports = frozenset(reports)
        self._lateness = lateness
        self._slow_seconds = slow_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._health = Health([*self._providers])
        self._keeps = any(provider.takes_keys for provider in providers)

    def send(self, reference: str, body: Body, handing_over: Callable[[], None]) -> Accepted:
        self._limits.admit(reference, body.to, urgent=body.urgent)
        try:
            return self._send(reference, body, _Fence(handing_over))
        except _AskAgain:
            raise
        except (TryLater, NotNow, OursToMend):
            self._limits.give_back(urgent=body.urgent)
            raise

    def review(self) -> None:
        """Learn from receipts; to be done now and then. BackendAway when the database is away."""
        for name, (late, total) in self._lateness().items():
            if name in self._providers:
                LATE_SHARE.labels(name).set(late / total if total else 0)
                with self._lock:
                    changed = self._health.report(name, self._clock(), late=late, total=total)
                self._tell(name, changed=changed)

    def _send(self, reference: str, body: Body, fence: _Fence) -> Accepted:
        if holder := self._held.holder(reference) if self._keeps else None:
            return self._repeat(holder, reference, body, fence)
        failures: list[NotSent] = []
        with self._lock:
            order = self._health.order(self._clock())
        for name in order:
            try:
                return self._ask(name, reference, body, fence)
            except _AskAgain:
                raise
            except (TryLater, NotNow, OursToMend) as failure:
                failures.append(failure)
        raise _kindest(failures)

    def _repeat(self, holder: str, reference: str, body: Body, fence: _Fence) -> Accepted:
        """Ask the one that may have it already, and whatever becomes of that, nobody else."""
        if holder not in self._providers:
            raise HandedOverUnknown("provider_gone")
        try:
            return self._ask(holder, reference, body, fence)
        except OursToMend as failure:  # says nothing about what was handed over before
            raise HandedOverUnknown(failure.code) from None

    def _ask(self, name: str, reference: str, body: Body, fence: _Fence) -> Accepted:
        self._limits.pace(name, urgent=body.urgent)
        provider, began = self._providers[name], self._clock()
        try:
            accepted = provider.send(body.to, body.text, reference, fence)
        except Exception as error:
            if error is fence.stopped:
                raise
            failure = _failure(error, fenced=fence.passed)
            failure.provider = name
            self._learn(name, type(failure).__name__, bad=_is_bad(failure))
            if isinstance(failure, HandedOverUnknown) and provider.takes_keys:
                failure = self._again(name, reference, failure)
            raise failure from None
        slow = self._clock() - began > self._slow_seconds
        self._learn(name, "slow" if slow else "accepted", bad=slow)
        return replace(accepted, provider=name, receipt=accepted.receipt or name in self._reports)

    def _again(self, name: str, reference: str, failure: HandedOverUnknown) -> NotSent:
        """The same key may be given to the same provider again, if nobody else will be asked."""
        try:
            self._held.hold(reference, name)
        except Transient:
            return failure
        later = _AskAgain(failure.code)
        later.provider = name
        return later

    def _learn(self, name: str, outcome: str, *, bad: bool) -> None:
        ATTEMPTS.labels(name, outcome).inc()
        with self._lock:
            changed = self._health.observe(name, self._clock(), bad=bad)
            BAD_SHARE.labels(name).set(self._health.bad_share(name))
        self._tell(name, changed=changed)

    def _tell(self, name: str, *, changed: bool) -> None:
        with self._lock:
            rests = self._health.rests(name)
        RESTING.labels(name).set(rests)
        if changed and rests:
            _log.warning("sms_provider_rests", name=name)
        elif changed:
            _log.info("sms_provider_returns", name=name)


class _AskAgain(TryLater):
    """It may have been handed over; its provider will know it again by its key, no other would."""


class Held:
    """The collection `sms_held`: {_id: message id, provider, at}, forgotten after three days."""

    def __init__(self, database: Database[Document]) -> None:
        self._collection = database["sms_held"]

    def ensure_indexes(self) -> None:
        self._collection.create_indexes([IndexModel("at", expireAfterSeconds=HELD_SECONDS)])

    def holder(self, reference: str) -> str | None:
        """BackendAway when the database is away: then nobody may be asked."""
        with backend_errors():
            found = self._collection.find_one({"_id": reference})
        return None if found is None else str(found["provider"])

    def hold(self, reference: str, provider: str) -> None:
        fields = {"provider": provider, "at": datetime.now(UTC)}
        with backend_errors():
            self._collection.update_one({"_id": reference}, {"$set": fields}, upsert=True)


class _Fence:
    """A fence that several providers in turn pass: it is written with the first of them."""

    def __init__(self, handing_over: Callable[[], None]) -> None:
        self._handing_over = handing_over
        self.passed = False
        self.stopped: Exception | None = None

    def __call__(self) -> None:
        if self.passed:
            return
        try:
            self._handing_over()
        except Exception as stopped:
            self.stopped = stopped
            raise
        self.passed = True


def _failure(error: Exception, *, fenced: bool) -> NotSent:
    """What a provider raised; of what it does not declare the worst is believed."""
    if isinstance(error, NotSent):
        return error
    name = type(error).__name__
    return HandedOverUnknown(name) if fenced else TryLater(name)


def _is_bad(failure: NotSent) -> bool:
    """Whether it speaks against the provider: not what is the matter with one message alone."""
    return not isinstance(failure, (RefusedForGood, NotNow)) and failure.code not in OF_A_MESSAGE


def _kindest(failures: Sequence[NotSent]) -> NotSent:
    """Of the failures of all providers, the one that leaves the message most hope."""
    for kind in (TryLater, NotNow):
        hopeful = [failure for failure in failures if isinstance(failure, kind)]
        if hopeful:
            return min(hopeful, key=lambda failure: getattr(failure, "seconds", 0.0))
    return failures[0]
