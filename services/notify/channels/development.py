"""Where a development system keeps its messages, so that they can be read without any provider: all
of its channels are simulated.

Loaded only where the environment says development.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import CollectionInvalid, OperationFailure

from services.notify.channels import Channel
from services.notify.channels.simulator import Simulator
from services.notify.people.messages import Body
from services.notify.people.receipts import WaitingReceipts
from shared.store import Document

if TYPE_CHECKING:
    from pymongo.collection import Collection
    from pymongo.database import Database

OUTBOX_LIMIT: Final = 1000
_BYTES: Final = 16 * 1024 * 1024  # a capped collection needs a size; 1,000 messages fit
_NAMESPACE_EXISTS: Final = 48  # another process was faster


class DevelopmentOutbox:
    """The last 1,000 messages of a development system, readable in clear."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database
        self._is_capped = False

    @classmethod
    def of(cls, database: Database[dict[str, Any]]) -> DevelopmentOutbox:
        """The outbox of this database; nothing is connected yet."""
        return cls(database)

    def keep(self, channel: str, reference: str, body: Body) -> None:
        """Keep one message; the oldest leaves when there are OUTBOX_LIMIT."""
        self._cap()
        self._collection.insert_one(
            {
                "message_id": reference,
                "channel": channel,
                "to": body.to,
                "subject": body.subject,
                "text": body.text,
                "at": datetime.now(UTC),
            }
        )

    def texts(self, references: list[str]) -> dict[str, dict[str, Any]]:
        """{message id: {to, subject, text}} of those among `references` that are still kept."""
        found = self._collection.find({"message_id": {"$in": references}})
        return {d["message_id"]: {k: d[k] for k in ("to", "subject", "text")} for d in found}

    @property
    def _collection(self) -> Collection[dict[str, Any]]:
        return self._database["development_outbox"]

    def _cap(self) -> None:
        """Make the collection capped before the first insert; harmless if another process did."""
        if self._is_capped:
            return
        try:
            self._database.create_collection(
                "development_outbox", capped=True, size=_BYTES, max=OUTBOX_LIMIT
            )
        except CollectionInvalid:
            pass
        except OperationFailure as error:
            if error.code != _NAMESPACE_EXISTS:
                raise
        self._is_capped = True


def channels_of(database: Database[Document]) -> dict[str, Channel]:
    """Every channel simulated, what was sent readable in the outbox of this database."""
    outbox = DevelopmentOutbox.of(database)
    return {
        name: Simulator(name, database, WaitingReceipts(database), outbox=outbox)
        for name in ("sms", "email", "push", "chat")
    }
