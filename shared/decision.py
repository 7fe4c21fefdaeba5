"""What handlers return: plain values, so that domain code needs no database and tests no mocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.contracts.envelope import NewEvent

State = Mapping[str, Any]
"""An aggregate's document as last read; its own fields beside `_id`, `version` and `sequence`."""


@dataclass(frozen=True, slots=True)
class Record:
    """A document that must exist once, whoever writes it first: inserted by `_id`, else left alone."""

    collection: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """The change of one aggregate and the events that tell of it; written together or not at all.

    For a new aggregate `set` is its whole first state. `push` appends to lists. `records` are
    written before, so that a crash in between leaves a repetition, never a gap.
    """

    set: Mapping[str, Any] = field(default_factory=dict)
    push: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    events: Sequence[NewEvent] = ()
    records: Sequence[Record] = ()

    @property
    def is_nothing(self) -> bool:
        return not (self.set or self.push or self.events or self.records)

    @property
    def only_records(self) -> bool:
        """Whether the aggregate stays as it is: nothing of it is written then, and the message is
        not noted in `seen`, since records can be inserted any number of times."""
        return bool(self.records) and not (self.set or self.push or self.events)


NOTHING = Decision()
"""Nothing to change: the message tells this aggregate nothing new."""


@dataclass(frozen=True, slots=True)
class Upsert:
    """A projection's idempotent write: fields to set on a document that need not exist yet. Of
    fields in `max` and `min` the greatest or least value ever written stays, whatever the order; a
    document as value is ranked by its first field."""

    id: str
    set: Mapping[str, Any]
    unset: Sequence[str] = ()
    pull: Mapping[str, Any] = field(default_factory=dict)
    create: bool = True
    max: Mapping[str, Any] = field(default_factory=dict)
    min: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Latest:
    """A projection's idempotent write of a whole document: the highest `sequence` wins, whatever
    the order of arrival."""

    id: str
    sequence: int
    document: Mapping[str, Any]


Write = Upsert | Latest
