"""Sends what is due: each message handed over at most once, and every end recorded.

A message is claimed with a lease. Right before its hand-over a second guarded write says so: a
process that lost its lease meanwhile (paused, cut off) fails there and sends nothing. A lease that
runs out before that write gives the message back; after it the message is `uncertain`, because it
may have arrived. Both writes are durable on a majority, so a fail-over cannot bring them back; how
they are shared between messages is the matter of `claiming`.

Logged as `message_sending_failed` with serial_number, event_name, channel, status, code, attempts.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import Counter

from services.notify.channels import Accepted, Channel, NotNow, NotSent
from services.notify.people.claiming import Budget, Claims, LeaseLost
from services.notify.people.entitlements import SUPERSEDED_ON_TOPIC, superseded_by
from services.notify.people.fallback import Followers
from services.notify.people.messages import Document, open_body
from services.notify.people.outcomes import QUIET, Outcome, attempt, decides_at, ending
from services.notify.people.quiet_hours import NO_QUIET_HOURS, QuietHours
from services.notify.people.schedules import SCHEDULES
from services.notify.people.statuses import FAILED
from shared.errors import Permanent, Transient
from shared.log import logger
from shared.sealing import Keyring
from shared.store import backend_errors

if TYPE_CHECKING:
    from pymongo.collection import Collection

SENDINGS = Counter(
    "tiaojie_sendings_total", "Attempts to send a message to a person.", ("channel", "outcome")
)

TURN_SECONDS: Final = 5.0
"""Longest stay in `send_due`, so that a channel that hangs keeps no other from its next turn."""

_RECORD_TRIES: Final = 3
_log = logger()


class Sender:
    """Sends the due messages of one collection; any number of senders may share it.

    `lease_seconds` must exceed every channel's time-out. Each channel has threads of its own: a
    provider that hangs holds up nothing but itself.
    """

    def __init__(
        self,
        collection: Collection[Document],
        channels: Mapping[str, Channel],
        keyring: Keyring,
        *,
        clock: Callable[[], datetime],
        lease_seconds: float,
        threads: int = 4,
        jitter: Callable[[], float] = random.random,
        quiet: QuietHours = NO_QUIET_HOURS,
    ) -> None:
        lease = timedelta(seconds=lease_seconds)
        self._claims = Claims(collection, clock=clock, lease=lease, threads=threads)
        self._messages = self._claims.messages
        self._channels = dict(channels)
        self._keyring = keyring
        self._clock = clock
        self._threads = threads
        self._jitter = jitter
        self._quiet = quiet
        self._followers = Followers(self._messages, clock=clock, quiet=quiet)
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(threads * len(self._channels), "sender")
        self._running: dict[str, set[Future[int]]] = {name: set() for name in self._channels}

    def send_due(self, limit: int = 200) -> int:
        """Attempt at most `limit` due messages of each channel; the number attempted.

        Returns after TURN_SECONDS even if a channel hangs: its messages go on in its own threads
        and are counted by a later call. Transient when the database is away.
        """
        attempted = self._ended()
        started: list[Future[int]] = []
        for name, running in self._running.items():
            if self._stopping.is_set() or not self._claims.is_due(name):
                continue
            budget = Budget(limit)
            for _ in range(min(self._threads - len(running), limit)):
                started.append(self._pool.submit(self._drain, name, budget))
                running.add(started[-1])
        wait(started, timeout=TURN_SECONDS)
        return attempted + self._ended()

    def sweep(self) -> int:
        """Decide on messages whose sender died: uncertain if it was handing over, else due again.

        Returns how many. Run it every few seconds in any process.
        """
        now = self._clock()
        expired: Document = {"status": "sending", "lease_until": {"$lt": now}}
        ended: Document = {"last_error": "lease_expired", "lease_until": None}
        # The holder stays named on an uncertain message: its answer, if it comes late, still counts.
        swept = self._update_many({**expired, "handing_over": True}, "uncertain", now, ended)
        given_back = {**ended, "lease_holder": None}
        for name, schedule in SCHEDULES.items():
            unsent = {**expired, "handing_over": False, "channel": name}
            swept += self._update_many(
                {**unsent, "attempts": {"$gte": schedule.tries}},
                "temporary_failure",
                now,
                {**given_back, "settled_at": now},
            )
            swept += self._update_many(
                unsent, "planned", now, {**given_back, "next_attempt_at": now}
            )
        return swept

    def stop(self) -> None:
        """Finish the messages in hand and give back those not begun; returns when that is done."""
        self._stopping.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._claims.give_back()

    def _ended(self) -> int:
        """Messages attempted by the threads that have ended; raises what ended one of them."""
        attempted = 0
        for running in self._running.values():
            for future in [future for future in running if future.done()]:
                running.remove(future)
                attempted += future.result()
        return attempted

    def _drain(self, channel: str, budget: Budget) -> int:
        attempted = 0
        while not self._stopping.is_set():
            message = self._claims.next(channel, budget)
            if message is None:
                break
            outcome = self._attempt(message)
            if outcome is not None:
                self._record(message, outcome)
            attempted += 1
        return attempted

    def _attempt(self, message: Document) -> Outcome | None:
        """How one attempt ended; None if it ended before the hand-over and the sweep decides."""
        handed_over = False

        def handing_over() -> None:
            nonlocal handed_over
            self._claims.fence(message)
            handed_over = True

        try:
            if premature := self._premature(message):
                return premature
            body = open_body(message, self._keyring)
            channel = self._channels[message["channel"]]
            return _accepted(channel.send(message["_id"], body, handing_over))
        except (LeaseLost, Transient):
            return None
        except NotSent as error:
            seconds = error.seconds if isinstance(error, NotNow) else None
            return Outcome(error.status, error.code, provider=error.provider, seconds=seconds)
        except Permanent:
            return Outcome("technical_failure", "unreadable")
        except Exception as error:  # noqa: BLE001 - a provider's code may raise anything
            return Outcome("uncertain" if handed_over else "planned", type(error).__name__)

    def _premature(self, message: Document) -> Outcome | None:
        """Why a message is not tried now, whatever its channel: it is no longer true, or its hour
        has become a quiet one while it waited."""
        if untrue := self._became_untrue(message):
            return Outcome("cancelled", untrue)
        now = self._clock()
        seconds = (self._quiet.allow(message, now) - now).total_seconds()
        return Outcome("planned", QUIET, seconds=seconds) if seconds > 0 else None

    def _became_untrue(self, message: Document) -> str | None:
        """Why it may no longer be sent: its time is over, or a later event says otherwise."""
        if message["expires_at"] and message["expires_at"] <= self._clock():
            return "expired"
        name, topic = message["event_name"], message["topic"]
        later: list[Document] = []
        if names := superseded_by(name, topic):
            later.append({"event_name": {"$in": list(names)}})
        if names := SUPERSEDED_ON_TOPIC.get(name, ()):
            later.append({"event_name": {"$in": list(names)}, "topic": topic})
        if not later:
            return None
        told_since = {
            "serial_number": message["serial_number"],
            "sequence": {"$gt": message["sequence"]},
            "$or": later,
        }
        with backend_errors():
            found = self._messages.find_one(told_since, {"_id": True})
        return None if found is None else "superseded"

    def _record(self, message: Document, outcome: Outcome) -> None:
        """Write the end of an attempt, guarded by the lease; the sweep covers what is not written.

        An `uncertain` message still takes the answer of the very attempt that left it uncertain.
        """
        now, quiet = self._clock(), self._quiet
        update = ending(message, outcome, now=now, jitter=self._jitter(), quiet=quiet)
        for tries_left in reversed(range(_RECORD_TRIES)):
            try:
                self._claims.record(message, update)
                break
            except Transient:
                if not tries_left:
                    raise
        self._tell(message, update["$set"])
        if message.get("next") and update["$set"]["status"] in FAILED:
            self._followers.follow([message["_id"]])

    def _tell(self, message: Document, fields: Mapping[str, Any]) -> None:
        SENDINGS.labels(message["channel"], fields["status"]).inc()
        if fields["status"] not in {"accepted", "cancelled"} and fields["last_error"] != QUIET:
            _log.warning(
                "message_sending_failed",
                serial_number=message["serial_number"],
                event_name=message["event_name"],
                channel=message["channel"],
                status=fields["status"],
                code=fields["last_error"],
                attempts=message["attempts"],
            )

    def _update_many(self, where: Document, status: str, now: datetime, fields: Document) -> int:
        follow = decides_at(status, now)
        update = {**fields, "status": status, **({"follow_at": follow} if follow else {})}
        word = "try_later" if status == "planned" else status
        history = attempt(now, word, "lease_expired", None)
        with backend_errors():
            return self._messages.update_many(
                where, {"$set": update, "$push": {"history": history}}
            ).modified_count


def _accepted(by: Accepted) -> Outcome:
    return Outcome("accepted", None, by.reference, by.provider, by.receipt)
