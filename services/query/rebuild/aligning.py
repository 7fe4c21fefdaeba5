"""What several owners tell of the same cases is brought together: pure.

Each owner tells in the order of the subjects. Messages wait here until every owner that still tells
has some; then all that end before the least of the last subjects go together. So nearly every case is
written once, whole. Order and repetition do not matter for what is written, only for how often.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

ENOUGH: Final = 4
"""Messages of each owner that are waited for: what lies across the end of a portion is written twice."""


_AFTER_ALL: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Message:
    """A message in hand: what its first line says, and whole."""

    head: Mapping[str, Any]
    tag: int
    epoch: int
    body: bytes

    @property
    def owner(self) -> str:
        return str(self.head["owner"])

    @property
    def last(self) -> str:
        return _AFTER_ALL if self.is_end else str(self.head["last"])

    @property
    def is_end(self) -> bool:
        return bool(self.head["end"])


@dataclass
class Aligned:
    """Messages that wait, by owner; `telling` are the owners that have not ended."""

    telling: set[str]
    _waiting: dict[str, deque[Message]] = field(default_factory=dict)

    def add(self, message: Message) -> None:
        self._waiting.setdefault(message.owner, deque()).append(message)
        if message.is_end:
            self.telling.discard(message.owner)

    def take(self) -> Sequence[Message]:
        """The messages that go together now, in the order of each owner; none yet if empty."""
        if any(len(self._waiting.get(owner, ())) < ENOUGH for owner in self.telling):
            return ()
        upto = min((_reach(each) for each in self._waiting.values() if each), default="")
        taken: list[Message] = []
        for messages in self._waiting.values():
            while messages and messages[0].last <= upto:
                taken.append(messages.popleft())
        return taken


def _reach(messages: Iterable[Message]) -> str:
    """How far the first ENOUGH of them go."""
    return max(message.last for message in islice(messages, ENOUGH))
