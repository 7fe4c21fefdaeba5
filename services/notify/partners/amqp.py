"""A partner's own queue: what its credentials are, and every change of them, as values.

    amqp_credentials: {_id: "amqp_" + 22 characters, channel, status, event_types, divisions,
     description, max_length, message_ttl_days, alert_sealed, language, password_hash,
     unsettled: true | absent, fresh_user: bool,
     dropped: {count, total, since, latest_at, from_position}, untold, told_at,
     created_at, updated_at} and the fields of every aggregate

    creating ─▶ active ─▶ revoked        a creation that broke off goes the same way, unseen

The document is what shall be; the broker is made like it by `amqp_settling`, any number of times,
and `unsettled` says that this is still to be done. The password is nowhere: only the salted hash
that the broker keeps too, of 256 random bits, so that it is told once and can be put back after a
broker was set up anew.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from shared.contracts.envelope import NewEvent
from shared.contracts.partner_events import DROPPED_QUEUE
from shared.decision import NOTHING, Decision, State
from shared.errors import Refused

CREDENTIALS: Final = "amqp_credentials"

MAX_LENGTH_USUAL: Final = 10_000
MAX_LENGTH_MOST: Final = 100_000
TTL_DAYS_USUAL: Final = 7
TTL_DAYS_MOST: Final = 30
MAX_CONNECTIONS: Final = 5
MAX_CHANNELS: Final = 25
MOST_OF_A_CHANNEL: Final = 10
"""Credentials that one channel may have at a time."""

TOLD_EVERY: Final = timedelta(hours=1)
PERIOD_ENDS_AFTER: Final = timedelta(hours=24)
"""Without a loss for so long, the next one begins a new period."""

BROKEN_OFF_AFTER: Final = timedelta(minutes=10)
"""A creation that has not ended by then never will: it is taken back."""

_DAY_MS: Final = 24 * 60 * 60 * 1000
_ID_BYTES: Final = 16  # 22 characters


@dataclass(frozen=True, slots=True)
class Password:
    """A new one: the words for the partner, the hash for the broker."""

    words: str
    hash: str

    @classmethod
    def draw(cls) -> Password:
        words = secrets.token_urlsafe(32)
        return cls(words, hashed(words, secrets.token_bytes(4)))


def hashed(password: str, salt: bytes) -> str:
    """RabbitMQ's salted SHA-256: base64 of the 4 salt bytes and the digest of salt + password."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def new_id() -> str:
    """Name of the credentials, and of their user: nobody guesses it."""
    return f"amqp_{secrets.token_urlsafe(_ID_BYTES)}"


def queue_name(credentials: str) -> str:
    return f"tiaojie.partner.{credentials}"


def owner_of(queue: str) -> str | None:
    """The credentials whose queue this is."""
    found = queue.removeprefix("tiaojie.partner.")
    return found if found != queue and found.startswith("amqp_") else None


def queue_arguments(state: State) -> dict[str, Any]:
    """A replicated queue that is bounded in length and age and lets its oldest events go.

    There is no limit to redeliveries: a consumer that crashes again and again loses nothing but time.
    """
    return {
        "x-queue-type": "quorum",
        "x-overflow": "drop-head",
        "x-max-length": state["max_length"],
        "x-message-ttl": state["message_ttl_days"] * _DAY_MS,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": DROPPED_QUEUE,
    }


# Decisions -------------------------------------------------------------------------------------


def created(
    stated: Mapping[str, Any], channel: str, password: Password, at: datetime
) -> dict[str, Any]:
    """The first state: nothing of it is usable before its owner has been told the password."""
    return {
        **stated,
        "channel": channel,
        "status": "creating",
        "password_hash": password.hash,
        "fresh_user": True,
        "unsettled": True,
        "dropped": {
            "count": 0,
            "total": 0,
            "since": None,
            "latest_at": None,
            "from_position": None,
        },
        "untold": 0,
        "told_at": None,
        "created_at": at,
        "updated_at": at,
    }


def changed(state: State, stated: Mapping[str, Any], at: datetime) -> Decision:
    """Other event types, divisions, words or addresses."""
    _must_be_active(state)
    changes = {name: value for name, value in stated.items() if value != state.get(name)}
    if not changes:
        return NOTHING
    if changes.keys() & {"event_types", "divisions"}:
        changes["unsettled"] = True
    return Decision(set={**changes, "updated_at": at})


def with_new_password(state: State, password: Password, at: datetime) -> Decision:
    """The old one counts no more, also for connections that are open: the user is made anew."""
    _must_be_active(state)
    return Decision(
        set={
            "password_hash": password.hash,
            "fresh_user": True,
            "unsettled": True,
            "updated_at": at,
        }
    )


def revoked(state: State, at: datetime) -> Decision:
    """Nothing of it shall be left at the broker."""
    if state["status"] == "revoked":
        return NOTHING
    return Decision(set={"status": "revoked", "unsettled": True, "updated_at": at})


def _must_be_active(state: State) -> None:
    if state["status"] != "active":
        raise Refused("not_found")


# What was lost ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Loss:
    """Events that left a queue unread: how many, when, and the least position among them."""

    count: int
    first_at: datetime
    latest_at: datetime
    from_position: int | None

    def with_(self, other: Loss) -> Loss:
        positions = [p for p in (self.from_position, other.from_position) if p is not None]
        return Loss(
            self.count + other.count,
            min(self.first_at, other.first_at),
            max(self.latest_at, other.latest_at),
            min(positions, default=None),
        )


def lost(state: State, loss: Loss, at: datetime) -> Decision:
    """Count a loss; tell it unless one was told within the hour."""
    if state["status"] != "active":
        return NOTHING
    before = state["dropped"]
    period = before
    if before["latest_at"] is None or loss.first_at - before["latest_at"] > PERIOD_ENDS_AFTER:
        period = {"count": 0, "since": loss.first_at, "latest_at": loss.latest_at}
    positions = [period.get("from_position"), loss.from_position]
    dropped = {
        "count": period["count"] + loss.count,
        "total": before["total"] + loss.count,
        "since": min(period["since"], loss.first_at),
        "latest_at": max(period["latest_at"], loss.latest_at),
        "from_position": min((p for p in positions if p is not None), default=None),
    }
    after = {**state, "dropped": dropped, "untold": state["untold"] + loss.count}
    told = told_if_due(after, at)
    return Decision(
        set={"dropped": dropped, "untold": after["untold"], **told.set}, events=told.events
    )


def told_if_due(state: State, at: datetime) -> Decision:
    """Tell what is untold, at most once an hour."""
    told_at = state["told_at"]
    if not state["untold"] or (told_at is not None and at - told_at < TOLD_EVERY):
        return NOTHING
    event = NewEvent(
        "partner_queue.overflowed",
        {
            "channel": state["channel"],
            "contacts": state["alert_sealed"],
            "dropped": state["untold"],
        },
    )
    return Decision(set={"untold": 0, "told_at": at}, events=[event])


def bindings_difference(
    wanted: Sequence[str], there: Sequence[str]
) -> tuple[Sequence[str], Sequence[str]]:
    """Routing keys to bind, then those to unbind: a change leaves no moment without either."""
    return sorted(set(wanted) - set(there)), sorted(set(there) - set(wanted))
