"""The one place where a subscription's deliveries are decided: a pure state machine.

    from the log   offer ─▶ queue ─┐
    from the API   asked ──────────┼─▶ next ─▶ a call ─▶ ended ─▶ writes, perhaps an effect
    a retry is due ────────────────┘

What always holds, whatever happens in whatever order (tests/unit/notify/test_partner_lanes.py):

- Of one subject one call is under way at a time, and none overtakes an earlier one: while a delivery
  waits for its retry, later ones of its subject are recorded and kept back. Other subjects go on.
- Never more calls at once than the pace allows, none before its time.
- `cursor` never passes an event that is not recorded: reading on from there loses nothing.
- While the endpoint takes nothing, no more than OPEN_FAILING deliveries become open, but for one
  a minute that finds out whether it is back; never more than OPEN_MOST.

Bodies of what waits are not kept: `wanted` names what has to be read again.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection
from itertools import count
from typing import Final

from services.notify.partners.endings import Ending
from services.notify.partners.items import Effect, Item, Status, Write
from services.notify.partners.log import Entry
from services.notify.partners.pace import Pace
from services.notify.partners.schedule import DELIVERY, Pauses

QUEUE: Final = 256
"""Events a lane holds that were not tried yet; the rest stays in the log."""

OPEN_FAILING: Final = 100
OPEN_MOST: Final = 2_000
PROBE_SECONDS: Final = 60.0
PAUSE_TRIES: Final = 10
"""Failures in a row before a lane may be paused: more than the tries of one event."""

_AHEAD: Final = 4
"""Due deliveries made ready beyond what may be called now."""

_LATELY_MOST: Final = 1_000
_LATELY_SECONDS: Final = 60.0
"""How long a settled delivery is known as such: far longer than a question to the database takes."""


class Lane:
    """The deliveries of one subscription from `read_to` on; `already` are positions behind it that
    are recorded. Open deliveries found in the database are handed in with `remember`."""

    def __init__(
        self,
        pace: Pace,
        *,
        read_to: int,
        already: Collection[int] = (),
        pause_after: float,
        schedule: Pauses = DELIVERY,
    ) -> None:
        self.pace = pace
        self.read_to = read_to
        self.closed = False
        self.effect: Effect | None = None
        self.writes: list[Write] = []
        self.wanted: list[Item] = []
        self.open = 0
        self._already = set(already)
        self._pause_after = pause_after
        self._schedule = schedule
        self._queue: deque[Entry] = deque()
        self._heads: dict[str, Item] = {}
        self._behind: dict[str, deque[Item]] = {}
        self._unrecorded_behind = 0
        self._ready: deque[Item] = deque()
        self._loading = 0
        self._retries: list[tuple[float, int, Item]] = []
        self._number = count()
        self._order: deque[int] = deque()
        self._durable: set[int] = set()
        self._lately: dict[str, float] = {}

    # --- what comes in ------------------------------------------------------------------------

    @property
    def held(self) -> int:
        """Events in memory that nothing is recorded of."""
        return len(self._queue) + self._unrecorded_behind

    @property
    def cursor(self) -> int:
        """Everything up to here is recorded, or nothing this lane delivers."""
        return self._order[0] - 1 if self._order else self.read_to

    def offer(self, entry: Entry) -> bool:
        """Take the next event of the log that this subscription wants; False if there is no room:
        then it must be offered again, and nothing after it before."""
        if self.held >= QUEUE:
            return False
        self.read_to = entry.position
        if entry.position in self._already:
            self._already.discard(entry.position)
        else:
            self._queue.append(entry)
            self._order.append(entry.position)
        return True

    def remember(self, item: Item) -> None:
        """An open delivery as it was found recorded; of a subject in the order of the log."""
        item.recorded = True
        self.open += 1
        if item.line in self._heads:
            self._behind.setdefault(item.line, deque()).append(item)
        else:
            self._heads[item.line] = item
            self._wait(item, item.due or 0.0)

    def asked(self, item: Item, now: float) -> None:
        """The database says that this delivery is due: a test event, a replay of single ones, or one
        that is known here anyway. What was read before it was settled here says nothing."""
        if item.due is not None and item.due <= self._lately.get(item.event_id, 0.0):
            return
        head = self._heads.get(item.line)
        if head is None:
            self.remember(item)
        elif head.event_id == item.event_id:
            if head.due is not None and head.due > now:
                head.tries = item.tries
                self._wait(head, now)
        elif all(each.event_id != item.event_id for each in self._behind.get(item.line, ())):
            self.remember(item)

    def loaded(self, item: Item, entry: Entry | None, now: float) -> None:
        """The body of a wanted delivery, or None: its event has left the log."""
        self._loading -= 1
        item.entry = entry
        if entry is not None:
            self._ready.append(item)
            return
        self._write(item, "exhausted", Ending("expired"), now)
        self._settled(item, now)

    def take_wanted(self) -> list[Item]:
        """What has to be read again; each is asked for once."""
        wanted, self.wanted = self.wanted, []
        self._loading += len(wanted)
        return wanted

    # --- what goes out ------------------------------------------------------------------------

    def next(self, now: float) -> Item | None:
        """The delivery to call for now, if there is one and the pace allows it."""
        if self.closed or not self.pace.may_call(now):
            return None
        self._promote(now)
        item = self._ready.popleft() if self._ready else self._fresh(now)
        if item is not None:
            self.pace.began(now)
        return item

    def wake_at(self) -> float | None:
        """When time alone brings the next call; None if something else has to happen first."""
        if self.closed or self.pace.in_flight >= self.pace.allowance:
            return None
        at: float | None = None
        if self._ready:
            at = 0.0
        elif self._queue:
            at = self._fresh_at()
        if self._retries:
            due = self._retries[0][0]
            at = due if at is None else min(at, due)
        return None if at is None else max(at, self.pace.ready_at())

    def ended(self, item: Item, ending: Ending, now: float, jitter: float) -> None:
        """A call that `next` gave has come to its end; `writes` has what that means."""
        item.tries += 1
        if ending.ok:
            over = self.pace.succeeded(now, ending.seconds)
            self._write(item, "delivered", ending, now)
            self._settled(item, now)
            if over:
                self._all_due(now)
            return
        self.pace.failed(now, ending)
        delay = self._schedule.delay(item.tries, jitter)
        if ending.gone:
            self.closed, self.effect = True, "stop"
            self._write(item, "cancelled", ending, now)
        elif delay is None:
            self._write(item, "exhausted", ending, now)
            self._settled(item, now)
        else:
            self._again(item, ending, now, max(now + delay, self.pace.not_before))
        if self.effect is None and self._is_beyond_hope(now):
            self.closed, self.effect = True, "pause"

    def durable(self, position: int) -> None:
        """The first record of the event there is durable now."""
        order, durable = self._order, self._durable
        if not order or order[0] != position:
            durable.add(position)
            return
        order.popleft()
        while order and order[0] in durable:
            durable.discard(order.popleft())

    # --- inside -------------------------------------------------------------------------------

    def _promote(self, now: float) -> None:
        """Make ready what is due, as far as it can be called soon."""
        most = self.pace.allowance + _AHEAD
        while (
            self._retries
            and self._retries[0][0] <= now
            and len(self._ready) + len(self.wanted) + self._loading < most
        ):
            due, _, item = heapq.heappop(self._retries)
            if item.due == due:  # else it was made due at another time since
                self._make_ready(item)

    def _make_ready(self, item: Item) -> None:
        item.due = None
        if item.entry is None:
            self.wanted.append(item)
        else:
            self._ready.append(item)

    def _fresh_at(self) -> float | None:
        """When an event that was not tried yet may be."""
        if self.open >= OPEN_MOST:
            return None
        if self.pace.failures and self.open >= OPEN_FAILING:
            return self.pace.last_call_at + PROBE_SECONDS
        return 0.0

    def _fresh(self, now: float) -> Item | None:
        at = self._fresh_at()
        if at is None or at > now:
            return None
        queue = self._queue
        while queue and self.open < OPEN_MOST:
            entry = queue.popleft()
            item = Item(entry.id, entry.subject, entry.position, entry)
            head = self._heads.get(entry.subject)
            if head is None:
                self._heads[entry.subject] = item
                return item
            self._behind.setdefault(entry.subject, deque()).append(item)
            self._unrecorded_behind += 1
            if head.recorded:
                self._keep_back(item)
        return None

    def _again(self, item: Item, ending: Ending, now: float, due: float) -> None:
        self._write(item, "retrying", ending, now, due)
        item.entry = None
        self._wait(item, due)
        for later in self._behind.get(item.line, ()):
            if not later.recorded:
                self._keep_back(later)

    def _keep_back(self, item: Item) -> None:
        """Record an event that has to wait for an earlier one of its subject."""
        self._unrecorded_behind -= 1
        self._write(item, "retrying", None, 0.0)
        item.entry = None

    def _wait(self, item: Item, due: float) -> None:
        item.due = due
        heapq.heappush(self._retries, (due, next(self._number), item))

    def _all_due(self, now: float) -> None:
        """The endpoint is back: what waits for a retry need not wait any longer."""
        waiting = [item for due, _, item in self._retries if item.due == due]
        waiting.sort(key=lambda item: item.position or 0)
        self._retries.clear()
        for item in waiting:
            self._wait(item, now)

    def _settled(self, item: Item, now: float) -> None:
        """Nothing more happens to it: the next one of its subject may go."""
        if item.recorded:
            self.open -= 1
            self._remember_end(item, now)
        behind = self._behind.get(item.line)
        if not behind:
            del self._heads[item.line]
            return
        later = behind.popleft()
        if not behind:
            del self._behind[item.line]
        if not later.recorded:
            self._unrecorded_behind -= 1
        self._heads[item.line] = later
        self._make_ready(later)

    def _remember_end(self, item: Item, now: float) -> None:
        if len(self._lately) >= _LATELY_MOST:
            recent = now - _LATELY_SECONDS
            self._lately = {key: at for key, at in self._lately.items() if at > recent}
        self._lately[item.event_id] = now

    def _is_beyond_hope(self, now: float) -> bool:
        since = self.pace.failing_since
        return (
            since is not None
            and now - since >= self._pause_after
            and self.pace.failures >= PAUSE_TRIES
        )

    def _write(
        self,
        item: Item,
        status: Status,
        ending: Ending | None,
        now: float,
        next_at: float | None = None,
    ) -> None:
        first = not item.recorded
        self.writes.append(Write(item, status, first, item.tries, next_at, ending, now, item.entry))
        if first and status == "retrying":
            item.recorded = True
            self.open += 1
