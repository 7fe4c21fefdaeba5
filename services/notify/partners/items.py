"""What lanes are about: one delivery in memory, and what has to be recorded of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.notify.partners.endings import Ending
from services.notify.partners.log import Entry

Status = Literal["retrying", "delivered", "exhausted", "held", "cancelled"]
Effect = Literal["pause", "stop"]


@dataclass(slots=True, eq=False)
class Item:
    """One delivery of a lane; `position` is None for a test event, which has no place in the log."""

    event_id: str
    subject: str
    position: int | None
    entry: Entry | None = None
    tries: int = 0
    recorded: bool = False
    due: float | None = None

    @property
    def line(self) -> str:
        """What is delivered one after the other: the events of a subject."""
        return self.event_id if self.position is None else self.subject


@dataclass(slots=True)
class Write:
    """What has to be recorded of a delivery; `first` if nothing was recorded before, then `entry`
    is there. Without an `ending` it is kept back behind an earlier one."""

    item: Item
    status: Status
    first: bool
    tries: int
    next_at: float | None
    ending: Ending | None
    ended_at: float
    entry: Entry | None
