"""What one attempt makes of a message: pure rules from how it ended to the update to write.

What could not be tried at all (a limit of the provider, the quiet hours) costs no try. It ends with
the message's own time, or after DEFERRED_LONGEST; what cannot be tried again before its time is over
ends at once, so that the person's next address can still be used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from services.notify.people.messages import HISTORY_MOST, Document
from services.notify.people.quiet_hours import QuietHours
from services.notify.people.schedules import SCHEDULES
from services.notify.people.statuses import ENDED, FAILED

DEFERRED_LONGEST: Final = timedelta(days=1)
"""How long limits may keep a message from being tried."""

DEFERRED_OF_SEVERAL: Final = timedelta(hours=1)
"""The same where there is another address."""

QUIET: Final = "quiet_hours"
"""Code of what waits for the morning, which always comes."""

RECEIPT_PATIENCE: Final = timedelta(hours=72)
"""How long an accepted message waits for its receipt: operators report within three days or never."""

UNCERTAIN_PATIENCE: Final = timedelta(hours=1)
"""How long an uncertain message waits for a receipt before the person's next address is used."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: `status` is what the message becomes, `planned` if it may be tried
    again. `receipt` as in channels.Accepted; `seconds` says that it was not tried, and until when.
    """

    status: str
    code: str | None = None
    reference: str | None = None
    provider: str | None = None
    receipt: bool = False
    seconds: float | None = None


def ending(
    message: Mapping[str, Any],
    outcome: Outcome,
    *,
    now: datetime,
    jitter: float,
    quiet: QuietHours,
) -> Document:
    """The update that ends the claim of a message; `jitter` in [0, 1] spreads retries."""
    fields: Document = {
        "status": outcome.status,
        "last_error": outcome.code,
        "next_attempt_at": None,
        "handing_over": False,
        "lease_until": None,
        "lease_holder": None,
    }
    if outcome.status == "planned":
        fields |= _again(message, outcome, now, jitter, quiet)
    if outcome.status == "accepted":
        fields |= {"sent_at": now, "provider_reference": outcome.reference}
    if outcome.provider is not None:
        fields["provider"] = outcome.provider
    if fields["status"] in ENDED:
        fields["settled_at"] = now
    decides = decides_at(fields["status"], now, receipt=outcome.receipt)
    gone: set[str] = set()
    if message.get("next") and decides:
        fields["follow_at"] = decides
    else:
        gone.add("follow_at")  # that of an uncertain message whose answer came late
    update: Document = {"$set": fields}
    if outcome.seconds is not None:
        update["$inc"] = {"attempts": -1}
        if outcome.code != QUIET:
            fields["deferred_since"] = message.get("deferred_since") or now
    elif outcome.status != "cancelled":
        word = "try_later" if outcome.status == "planned" else outcome.status
        update["$push"] = {"history": attempt(now, word, outcome.code, outcome.provider)}
        gone.add("deferred_since")
    return {**update, "$unset": dict.fromkeys(sorted(gone), "")} if gone else update


def attempt(at: datetime, outcome: str, code: str | None, provider: str | None) -> Document:
    """What `$push` adds to a message's history."""
    entry = {"at": at, "provider": provider, "outcome": outcome, "code": code}
    return {"$each": [entry], "$slice": -HISTORY_MOST}


def decides_at(status: str, now: datetime, *, receipt: bool = True) -> datetime | None:
    """When the fate of a message with this status decides on the one after it; None: not yet."""
    if status in ENDED:
        return now
    if status == "accepted":
        return now + RECEIPT_PATIENCE if receipt else now
    return now + UNCERTAIN_PATIENCE if status == "uncertain" else None


def uses_next(status: str) -> bool:
    """Whether the next address is used after a message whose fate is decided.

    Also when it is uncertain and no receipt came: to be told twice, over two channels, is better
    than not at all. What nobody wants, the same text message twice, it is not.
    """
    return status in FAILED or status == "uncertain"


def _again(
    message: Mapping[str, Any],
    outcome: Outcome,
    now: datetime,
    jitter: float,
    quiet: QuietHours,
) -> Document:
    """When it is tried again, or that it is not."""
    failed: Document = {"status": "temporary_failure"}
    several = message.get("next") is not None
    if outcome.seconds is not None:
        due = now + timedelta(seconds=outcome.seconds)
        since = message.get("deferred_since") or now
        longest = DEFERRED_OF_SEVERAL if several else DEFERRED_LONGEST
        if outcome.code != QUIET and due > since + longest:
            return failed
    else:
        delay = SCHEDULES[message["channel"]].delay(message["attempts"], jitter, several=several)
        if delay is None:
            return failed
        due = now + timedelta(seconds=delay)
    due = quiet.allow(message, due)
    if message["expires_at"] is not None and message["expires_at"] <= due:
        return failed
    return {"next_attempt_at": due}
