"""An owner tells again, to whoever rebuilds its read models, everything it has told so far.

Asked by `read_models.rebuild_requested`, carried out by one worker of the service in short turns: a
portion of what was told is read in the order of `_id`, published with confirms to the asker's bounded
queue, and only then the position is stored. So nothing is left out, whatever ends the process; a
portion may come twice. A newer rebuild, whose id is greater (the asker sees to that), replaces one
that is under way.

    replays  {_id: rebuild, asker, place: the collection it is in, after: the last _id told, told,
              total, done}
    message  a line {rebuild, owner, told, total, end, first, last}, then the events from subject
             `first` to `last`, up to MESSAGE_BYTES; both JSON
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson

from shared.backoff import pause
from shared.broker import Broker, Outcome, Outgoing, rebuild_queue_name
from shared.contracts.envelope import Event, new_id
from shared.decision import NOTHING, Decision, State
from shared.leases import Lease
from shared.log import logger
from shared.runner import Deciding
from shared.told import subject_of, told_name
from shared.worker import AGAIN

if TYPE_CHECKING:
    from pymongo.database import Database

Document = dict[str, Any]

MESSAGE_BYTES: Final = 256 * 1024
PORTION: Final = 2000
"""Events read and published in one turn: some 2 MiB, some 0.1 s."""

IDLE_SECONDS: Final = 1.0
_LEASE = timedelta(seconds=10)
_CONFIRM_SECONDS = 10.0
_TURN_SECONDS = 2.0


def begin(event: Event, state: State | None, _: datetime) -> Decision:
    """Note that everything is to be told again; asked twice is asked once."""
    if state is not None:
        return NOTHING
    begun = {
        "asker": event.source,
        "place": 0,
        "after": "",
        "told": 0,
        "total": None,
        "done": False,
    }
    return Decision(set=begun)


HANDLERS = [Deciding("replays", begin)]
"""What an owner does with `read_models.rebuild_requested`."""


@dataclass
class _Turn:
    """What is published and not yet all confirmed, whose and from where, and the position once it
    is."""

    start: Document
    unsent: list[Outgoing]
    position: Document
    refusals: int = 0


class Replay:
    """The task of a worker that tells again what `collections` of its service told."""

    def __init__(
        self, service: str, database: Database[Document], collections: Sequence[str], url: str
    ) -> None:
        self._service = service
        self._replays = database["replays"]
        self._told = [database[told_name(name)] for name in collections]
        self._lease = Lease(database, "replay", _LEASE)
        self._url = url
        self._broker: Broker | None = None
        self._turn: _Turn | None = None

    def act(self) -> object:
        """One turn, if there is something to tell again; AGAIN if there may be more."""
        wanted = self._replays.find_one({}, sort=[("_id", -1)])
        if wanted is None or wanted["done"] or not self._lease.hold():
            self._rest()
            return None
        if self._turn is None or self._turn.start != _start(wanted):
            self._turn = self._next_turn(wanted)
        if self._published(self._turn):
            # Only from where the turn began: another holder of the lease may be further by now.
            self._replays.update_one(self._turn.start, {"$set": self._turn.position})
            self._turn = None
        return AGAIN

    def _rest(self) -> None:
        self._turn = None
        if self._broker is not None:
            self._broker.stop()
            self._broker = None
            self._lease.give_up()

    def _next_turn(self, replay: Document) -> _Turn:
        told, place, after = replay["told"], replay["place"], replay["after"]
        total = replay["total"]
        if total is None:
            total = sum(told.estimated_document_count() for told in self._told)
            logger().info("replay_begun", count=total)
        found: list[Document] = []
        if place < len(self._told):
            found = list(
                self._told[place]
                .find({"_id": {"$gt": after}})
                .sort("_id", 1)
                .limit(PORTION)
                .batch_size(PORTION)
            )
        end = place >= len(self._told)
        if found:
            after = found[-1]["_id"]
        else:
            place, after = place + 1, ""
        head = {"rebuild": replay["_id"], "owner": self._service, "total": total, "end": end}
        queue = rebuild_queue_name(replay["asker"], self._service)
        told_again = [body(head, told, [])] if end else bodies(head, told, found)
        messages = [Outgoing(new_id(), queue, each, exchange="") for each in told_again]
        if end:
            logger().info("replay_done", count=told)
        position = {
            "place": place,
            "after": after,
            "told": told + len(found),
            "total": total,
            "done": end,
        }
        return _Turn(_start(replay), messages, position)

    def _published(self, turn: _Turn) -> bool:
        """Whether the broker has all of it; a full queue is tried with one message at a time, longer
        apart each time, for no longer than a turn may take."""
        broker = self._connected()
        ends = time.monotonic() + _TURN_SECONDS
        while turn.unsent and time.monotonic() < ends:
            tried = turn.unsent[:1] if turn.refusals else turn.unsent
            outcomes = broker.publish(tried, _CONFIRM_SECONDS)
            left = [m for m, o in zip(tried, outcomes, strict=True) if o is not Outcome.CONFIRMED]
            turn.unsent = left + turn.unsent[len(tried) :]
            turn.refusals = turn.refusals + 1 if left else 0
            if left:
                time.sleep(pause(turn.refusals, first=0.02, longest=0.5))
        return not turn.unsent

    def _connected(self) -> Broker:
        """A connection of its own: the large messages of a replay hold up nobody's events."""
        if self._broker is None:
            self._broker = Broker(self._url)
            self._broker.start()
        ends = time.monotonic() + _TURN_SECONDS
        while not self._broker.ready and time.monotonic() < ends:
            time.sleep(0.05)
        return self._broker


def _start(replay: Document) -> Document:
    return {field: replay[field] for field in ("_id", "place", "after", "done")}


def bodies(head: Document, told: int, kept: Iterable[Document]) -> Iterator[bytes]:
    """Messages of as many events as fit; each says how many were told with it."""
    portion: list[Document] = []
    size = 0
    for each in kept:
        if portion and size + len(each["event"]) > MESSAGE_BYTES:
            told += len(portion)
            yield body(head, told, portion)
            portion, size = [], 0
        portion.append(each)
        size += len(each["event"])
    if portion:
        yield body(head, told + len(portion), portion)


def body(head: Document, told: int, kept: Sequence[Document]) -> bytes:
    """One message. The events are JSON already and stay as they are."""
    ends = [subject_of(kept[place]) for place in (0, -1)] if kept else ["", ""]
    line = orjson.dumps({**head, "told": told, "first": ends[0], "last": ends[1]})
    return line + b"\n[" + ",".join(each["event"] for each in kept).encode() + b"]"
