"""What a receipt says becomes the end of its message, in any order and however often it comes.

The rules are those of `statuses`: a stronger word replaces a weaker one, a weaker one changes
nothing. A message that failed by its receipt makes the person's next address due (`fallback`); if the
process dies in between, the sweep does it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from prometheus_client import Counter
from pymongo import UpdateOne

from services.notify.people.fallback import Followers
from services.notify.people.messages import Document
from services.notify.people.outcomes import attempt
from services.notify.people.statuses import before
from shared.store import backend_errors

if TYPE_CHECKING:
    from pymongo.collection import Collection

Said = Literal["delivered", "permanent_failure", "temporary_failure"]
Settled = Literal["settled", "repeated", "unknown"]

RECEIPTS = Counter(
    "tiaojie_receipts_total", "Receipts of providers for messages to people.", ("provider", "said")
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider says of a message: of our `message_id`, or else of its own `reference`.

    `provider` is the name that channels.Accepted gave, `code` a code of our own making for why, `at`
    when it happened.
    """

    said: Said
    at: datetime
    provider: str
    message_id: str | None = None
    reference: str | None = None
    code: str | None = None


class Settling:
    """Applies receipts to the messages of one collection, which must write durably."""

    def __init__(
        self,
        collection: Collection[Document],
        followers: Followers,
        clock: Callable[[], datetime],
    ) -> None:
        self._messages = collection
        self._followers = followers
        self._clock = clock

    def settle(self, receipts: Sequence[Receipt]) -> list[Settled]:
        """What each receipt did: `settled` changed its message, `repeated` told nothing new,
        `unknown` names no message that was ever handed over: its provider may have been faster than
        our own record of the answer, so it should come again. BackendAway when the database is away:
        all of them may come again.
        """
        found = self._found(receipts)
        results: list[Settled] = []
        writes: list[UpdateOne] = []
        now_decided: list[str] = []
        for receipt, message in zip(receipts, found, strict=True):
            if message is None:
                results.append("unknown")
                continue
            changes = message["status"] in before(receipt.said)
            results.append("settled" if changes else "repeated")
            if changes:
                writes.append(_write(message, receipt, self._clock()))
                message["status"] = receipt.said  # what later ones of this call find
                if message.get("next"):
                    now_decided.append(message["_id"])
        if writes:
            with backend_errors():
                self._messages.bulk_write(writes, ordered=True)
        if now_decided:
            self._followers.follow(now_decided)
        for receipt in receipts:
            RECEIPTS.labels(receipt.provider, receipt.said).inc()
        return results

    def _found(self, receipts: Sequence[Receipt]) -> list[Document | None]:
        """The message of each receipt: tried at least once, and if the reference is the provider's,
        accepted by that provider."""
        ids = [r.message_id for r in receipts if r.message_id]
        references = [r.reference for r in receipts if r.reference and not r.message_id]
        fields = dict.fromkeys(("status", "next", "provider", "provider_reference"), True)
        query = {
            "attempts": {"$gt": 0},
            "$or": [{"_id": {"$in": ids}}, {"provider_reference": {"$in": references}}],
        }
        with backend_errors():
            documents = list(self._messages.find(query, fields))
        by_id = {d["_id"]: d for d in documents}
        by_reference = {(d["provider"], d["provider_reference"]): d for d in documents}
        return [
            by_id.get(r.message_id) if r.message_id else by_reference.get((r.provider, r.reference))
            for r in receipts
        ]


def _write(message: Mapping[str, Any], receipt: Receipt, now: datetime) -> UpdateOne:
    fields: Document = {
        "status": receipt.said,
        "last_error": receipt.code,
        "settled_at": receipt.at,
        "next_attempt_at": None,
        "handing_over": False,
        "lease_until": None,
        "lease_holder": None,
    }
    if message.get("next"):
        fields["follow_at"] = now
    entry = attempt(receipt.at, receipt.said, receipt.code, receipt.provider)
    return UpdateOne(
        {
            "_id": message["_id"],
            "attempts": {"$gt": 0},
            "status": {"$in": sorted(before(receipt.said))},
        },
        {"$set": fields, "$push": {"history": entry}},
    )
