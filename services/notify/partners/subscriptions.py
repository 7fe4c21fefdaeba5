"""Subscriptions of partners: what is kept of them, what may become of them, and where.

    {_id: "sub_…", channel, url, event_types, divisions, description, refuses_unsigned,
     max_per_second, concurrency, alert_sealed, language, status, reason, failing_since,
     secrets: [{sealed, created_at, expires_at}], starts_after, rewind: {position, epoch, at} | None,
     verification: {tries, next_attempt_at, last_code}, created_at, updated_at}

    pending ─▶ active ⇄ paused
       ▲          │        │
       └──────────┴────────┴─▶ stopped   may be verified anew

Decisions are pure; the API and the dispatcher apply them through `shared.commands.carry_out`. What
happened in between makes a decision of the dispatcher moot, not wrong: it then changes nothing.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pymongo import ASCENDING, IndexModel

from shared.commands import Decide, carry_out
from shared.contracts.envelope import NewEvent, Trace, new_id, new_traceparent
from shared.contracts.partner_events import PARTNER_SERVICE
from shared.decision import NOTHING, Decision, State
from shared.errors import Refused
from shared.sealing import Keyring
from shared.store import Aggregates, Document, backend_errors, new_aggregate

if TYPE_CHECKING:
    from pymongo.database import Database

SUBSCRIPTIONS: Final = "subscriptions"
STATUSES: Final = ("pending", "active", "paused", "stopped")
REASONS: Final = ("failing", "asked", "gone", "unverified")
"""Why one is paused (`failing`, `asked`) or stopped (`gone`, `unverified`)."""

OVERLAP: Final = timedelta(hours=24)
"""How long a replaced secret still signs beside the new one."""

_PROVEN: Final = frozenset({"url", "refuses_unsigned"})
"""What a handshake proves."""

_SECRET_BYTES: Final = 24
_NO_REWIND_YET: Final[Mapping[str, Any]] = {"epoch": 0}


def new_secret() -> str:
    """`whsec_…`, as libraries of Standard Webhooks take it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def new_key() -> str:
    return f"sub_{secrets.token_urlsafe(16)}"


def sealed_secret(keyring: Keyring, key: str, secret: str, at: datetime) -> Document:
    """A secret as it is kept."""
    sealed = keyring.seal(secret.encode(), _context(key))
    return {"sealed": sealed, "created_at": at, "expires_at": None}


# --- decisions ---------------------------------------------------------------------------------


def created(
    wanted: Mapping[str, Any], channel: str, secret: Document, starts_after: int, at: datetime
) -> Document:
    """The first state of a subscription: it waits for its endpoint to prove control."""
    return {
        **wanted,
        "channel": channel,
        "secrets": [secret],
        "starts_after": starts_after,
        "rewind": None,
        "created_at": at,
        **_handshake_due(at),
    }


def changed(state: State, wanted: Mapping[str, Any], at: datetime) -> Decision:
    """Other wishes. Another address, or another promise about unsigned calls, is proven anew."""
    changes = {name: value for name, value in wanted.items() if value != state[name]}
    if not changes:
        return NOTHING
    if changes.keys() & _PROVEN:
        changes |= _handshake_due(at)
    return Decision(set={**changes, "updated_at": at})


def verify_again(_: State, at: datetime) -> Decision:
    """The handshake from its beginning, whatever became of it before."""
    return Decision(set=_handshake_due(at))


def verified(state: State, at: datetime) -> Decision:
    if state["status"] != "pending":
        return NOTHING
    proven = {**state["verification"], "next_attempt_at": None, "last_code": None}
    return Decision(
        set={"status": "active", "reason": None, "verification": proven, "updated_at": at}
    )


def verification_failed(
    state: State, code: str, next_attempt_at: datetime | None, at: datetime
) -> Decision:
    """One try of the handshake failed; without another one the subscription is stopped."""
    if state["status"] != "pending":
        return NOTHING
    before = state["verification"]
    tried = {
        "tries": before["tries"] + 1,
        "next_attempt_at": next_attempt_at,
        "last_code": code,
    }
    if next_attempt_at is None:
        return _stopped({**state, "verification": tried}, "unverified", at)
    return Decision(set={"verification": tried, "updated_at": at})


def paused_for_failing(
    state: State, failing_since: datetime, reason: str, at: datetime
) -> Decision:
    """Its endpoint has taken nothing for long: nothing is tried until it is resumed."""
    if state["status"] != "active":
        return NOTHING
    told = {"failing_since": failing_since.isoformat(), "reason": reason}
    return Decision(
        set={
            "status": "paused", "reason": "failing", "failing_since": failing_since,
            "updated_at": at,
        },
        events=[NewEvent("subscription.paused", {**_to_whom(state), **told})],
    )  # fmt: skip


def paused_as_asked(state: State, at: datetime) -> Decision:
    if state["status"] == "paused":
        return NOTHING
    _must_be(state, "active")
    return Decision(set={"status": "paused", "reason": "asked", "updated_at": at})


def resumed(state: State, at: datetime) -> Decision:
    if state["status"] == "active":
        return NOTHING
    _must_be(state, "paused")
    return Decision(
        set={"status": "active", "reason": None, "failing_since": None, "updated_at": at}
    )


def stopped(state: State, reason: str, at: datetime) -> Decision:
    return NOTHING if state["status"] == "stopped" else _stopped(state, reason, at)


def with_new_secret(state: State, secret: Document, at: datetime) -> Decision:
    """A new secret signs from now on; the last one beside it while partners change over. Older
    ones are gone."""
    *_, last = state["secrets"]
    ends = {**last, "expires_at": at + OVERLAP}
    return Decision(set={"secrets": [ends, secret], "updated_at": at})


def rewound(state: State, position: int, at: datetime) -> Decision:
    """Everything behind a position is delivered again, in order, and then what follows."""
    epoch = (state["rewind"] or _NO_REWIND_YET)["epoch"] + 1
    return Decision(
        set={"rewind": {"position": position, "epoch": epoch, "at": at}, "updated_at": at}
    )


def same_endpoint(state: State, known: State) -> bool:
    """Whether what was found out about the one holds of the other: an address that was changed
    meanwhile is not proven by the answers of the one before, nor ended by them."""
    return all(state[name] == known[name] for name in _PROVEN)


def _handshake_due(at: datetime) -> Document:
    return {
        "status": "pending",
        "reason": None,
        "failing_since": None,
        "verification": {"tries": 0, "next_attempt_at": at, "last_code": None},
        "updated_at": at,
    }


def _stopped(state: State, reason: str, at: datetime) -> Decision:
    verification = {**state["verification"], "next_attempt_at": None}
    return Decision(
        set={
            "status": "stopped", "reason": reason, "verification": verification, "updated_at": at,
        },
        events=[NewEvent("subscription.stopped", {**_to_whom(state), "reason": reason})],
    )  # fmt: skip


def _to_whom(state: State) -> Document:
    return {"channel": state["channel"], "contacts": state["alert_sealed"]}


def _must_be(state: State, status: str) -> None:
    if state["status"] != status:
        raise Refused("subscription_not_ready", extra={"subscription_status": state["status"]})


# --- the collection ----------------------------------------------------------------------------


class Subscriptions:
    """The collection `subscriptions`."""

    def __init__(self, database: Database[Document], keyring: Keyring) -> None:
        self.aggregates = Aggregates(database[SUBSCRIPTIONS])
        self.lanes = database["lanes"]
        self._collection = database[SUBSCRIPTIONS]
        self._keyring = keyring
        self._versions: dict[str, int] = {}

    def ensure_indexes(self) -> None:
        self.aggregates.ensure_indexes()
        self._collection.create_indexes(
            [IndexModel([("channel", ASCENDING), ("created_at", ASCENDING)], name="channel")]
        )

    def insert(self, key: str, state: Mapping[str, Any], *, at: datetime, trace: Trace) -> Document:
        document = new_aggregate(
            key, Decision(set=state), source=PARTNER_SERVICE, division="", at=at, trace=trace
        )
        self.aggregates.insert(document)
        return document

    def read(self, key: str) -> Document | None:
        return self.aggregates.read(key)

    def read_many(self, keys: Sequence[str]) -> list[Document]:
        with backend_errors():
            return list(self._collection.find({"_id": {"$in": list(keys)}}))

    def of_channel(self, channel: str | None, most: int) -> list[Document]:
        """The newest of a channel, or of all; what was stopped is shown too."""
        wanted: Document = {} if channel is None else {"channel": channel}
        with backend_errors():
            return list(self._collection.find(wanted).sort("created_at", -1).limit(most))

    def changed(self) -> list[Document]:
        """Those that are new or different since this was last asked; one that was deleted comes
        once more, as stopped. There are hundreds: their versions alone are read each time."""
        with backend_errors():
            versions = {
                d["_id"]: d["version"] for d in self._collection.find({}, {"version": True})
            }
            different = [k for k, v in versions.items() if self._versions.get(k) != v]
            found = self.read_many(different) if different else []
        gone = [_deleted(key, self._versions[key]) for key in self._versions.keys() - versions]
        self._versions = {key: versions[key] for key in versions if key not in different} | {
            each["_id"]: each["version"] for each in found
        }
        return [*found, *gone]

    def open_secrets(self, subscription: Mapping[str, Any], now: datetime) -> list[str]:
        """The secrets that sign now, the newest first. Permanent if they cannot be opened."""
        context = _context(subscription["_id"])
        return [
            self._keyring.open(secret["sealed"], context).decode()
            for secret in reversed(subscription["secrets"])
            if secret["expires_at"] is None or secret["expires_at"] > now
        ]

    def delete(self, key: str) -> None:
        """With its lane: a dispatcher that still runs it finds nothing to write its place to."""
        with backend_errors():
            self._collection.delete_one({"_id": key})
            self.lanes.delete_one({"_id": key})

    def carry_out(self, key: str, decide: Decide, *, trace: Trace | None = None) -> Document:
        """The subscription after a decision; Refused("not_found") for none."""
        begun = trace or Trace(new_traceparent(), new_id())
        return carry_out(self.aggregates, key, decide, source=PARTNER_SERVICE, trace=begun)

    # What the dispatcher has found out about the endpoint of a subscription as it knew it.

    def verified(self, known: State) -> None:
        self._found(known, verified)

    def verification_failed(self, known: State, code: str, next_at: datetime | None) -> None:
        self._found(known, lambda s, at: verification_failed(s, code, next_at, at))

    def pause(self, known: State, failing_since: datetime, reason: str) -> None:
        self._found(known, lambda s, at: paused_for_failing(s, failing_since, reason, at))

    def stop(self, known: State, reason: str) -> None:
        self._found(known, lambda s, at: stopped(s, reason, at))

    def _found(self, known: State, decide: Decide) -> None:
        self.carry_out(
            known["_id"], lambda s, at: decide(s, at) if same_endpoint(s, known) else NOTHING
        )


def _context(key: str) -> str:
    return f"subscription:{key}"


def _deleted(key: str, version: int) -> Document:
    """What is left of a subscription that was deleted: nothing is delivered, nothing due."""
    return {
        "_id": key,
        "version": version + 1,
        "status": "stopped",
        "channel": "",
        "url": "",
        "event_types": [],
        "divisions": [],
        "secrets": [],
        "rewind": None,
        "verification": {"tries": 0, "next_attempt_at": None, "last_code": None},
    }
