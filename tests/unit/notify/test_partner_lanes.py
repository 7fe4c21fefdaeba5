"""What always holds for a lane, whatever comes in whatever order; and its rules one by one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.notify.partners.endings import Ending
from services.notify.partners.items import Item
from services.notify.partners.lanes import (
    OPEN_FAILING,
    OPEN_MOST,
    PAUSE_TRIES,
    PROBE_SECONDS,
    QUEUE,
    Lane,
)
from services.notify.partners.log import Entry
from services.notify.partners.pace import Pace
from services.notify.partners.schedule import DELIVERY

HOURS = 3600.0
TAKEN = Ending(None, 200, 0.01)
REFUSED = Ending("http_500", 500, 0.01)
GONE = Ending("http_410", 410, 0.01)


def entry(position: int, subject: str = "") -> Entry:
    return Entry(
        position=position,
        id=f"event-{position}",
        name="case.accepted",
        type="cn.tiaojie.case.accepted.v1",
        subject=subject or f"case-{position}",
        division="370102",
        time=datetime(2026, 1, 1, tzinfo=UTC),
        body=b"{}",
    )


def a_lane(pause_after: float = 24 * HOURS, **pace) -> Lane:
    return Lane(Pace(**pace), read_to=0, pause_after=pause_after)


def end(lane: Lane, item: Item, ending: Ending, now: float, jitter: float = 0.5):
    """The end of a call, what it writes, and that this is durable."""
    lane.ended(item, ending, now, jitter)
    return flush(lane)


def flush(lane: Lane):
    writes, lane.writes = lane.writes, []
    for write in writes:
        if write.first and write.item.position is not None:
            lane.durable(write.item.position)
    return writes


def load(lane: Lane, now: float = 0.0) -> None:
    for item in lane.take_wanted():
        lane.loaded(item, entry(item.position or 0, item.subject), now)


class AnyLane(RuleBasedStateMachine):
    """A lane with a log before it and a database behind it, and crashes in between."""

    @initialize(concurrency=st.integers(1, 4))
    def begin(self, concurrency: int) -> None:
        self.concurrency = concurrency
        self.now = 0.0
        self.log: list[Entry] = []
        self.recorded: dict[int, tuple[str, int, float | None]] = {}
        self.calls: dict[int, int] = {}
        self.crashed = False
        self.start(cursor=0)

    def start(self, cursor: int) -> None:
        already = {p for p in self.recorded if p > cursor}
        pace = Pace(concurrency=self.concurrency)
        self.lane = Lane(pace, read_to=cursor, already=already, pause_after=10**9)
        for position, (status, tries, due) in sorted(self.recorded.items()):
            if status == "retrying":
                event = self.log[position - 1]
                self.lane.remember(Item(event.id, event.subject, position, None, tries, True, due))
        self.under_way: dict[int, Item] = {}
        self.offered = cursor
        self.in_hand: list = []

    @rule(subject=st.sampled_from("abc"))
    def an_event(self, subject: str) -> None:
        self.log.append(entry(len(self.log) + 1, subject))

    @rule()
    def read(self) -> None:
        while self.offered < len(self.log) and self.lane.offer(self.log[self.offered]):
            self.offered += 1

    @rule()
    def call(self) -> None:
        item = self.lane.next(self.now)
        self.in_hand += self.lane.writes
        self.lane.writes = []
        if item is None:
            return
        assert item.entry is not None
        position, subject = item.position, item.subject
        assert subject not in {each.subject for each in self.under_way.values()}
        settled = {p for p, (status, *_) in self.recorded.items() if status != "retrying"}
        settled |= {w.item.position for w in self.in_hand if w.status != "retrying"}
        earlier = {e.position for e in self.log[: position - 1] if e.subject == subject}
        assert earlier <= settled
        assert position not in settled
        self.under_way[position] = item
        self.calls[position] = self.calls.get(position, 0) + 1
        assert self.crashed or self.calls[position] <= DELIVERY.tries

    @precondition(lambda self: self.under_way)
    @rule(chosen=st.randoms(use_true_random=False), ok=st.booleans())
    def end(self, chosen, ok: bool) -> None:
        position = chosen.choice(sorted(self.under_way))
        item = self.under_way.pop(position)
        self.lane.ended(item, TAKEN if ok else REFUSED, self.now, chosen.random())
        self.in_hand += self.lane.writes
        self.lane.writes = []

    @rule()
    def bodies(self) -> None:
        for item in self.lane.take_wanted():
            self.lane.loaded(item, self.log[item.position - 1], self.now)

    @rule()
    def record(self) -> None:
        for write in self.in_hand:
            position = write.item.position
            assert write.first == (position not in self.recorded)
            assert (write.entry is not None) or not write.first
            self.recorded[position] = (write.status, write.tries, write.next_at)
            if write.first:
                self.lane.durable(position)
        self.in_hand = []

    @rule(seconds=st.sampled_from([1.0, 60.0, 3600.0, 50_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def crash(self) -> None:
        self.crashed = True
        self.start(self.lane.cursor)

    @invariant()
    def nothing_is_passed_over(self) -> None:
        assert all(p in self.recorded for p in range(1, self.lane.cursor + 1))

    @invariant()
    def no_more_calls_than_allowed(self) -> None:
        assert len(self.under_way) == self.lane.pace.in_flight <= self.concurrency

    @invariant()
    def the_account_of_open_ones_is_right(self) -> None:
        after = dict(self.recorded) | {
            w.item.position: (w.status, w.tries, w.next_at) for w in self.in_hand
        }
        assert self.lane.open == sum(status == "retrying" for status, *_ in after.values())

    def teardown(self) -> None:
        """Given time and an endpoint that works, everything is delivered or was tried to the end."""
        if not hasattr(self, "lane"):
            return
        for _ in range(40 * (len(self.log) + 2)):
            self.read()
            self.bodies()
            self.call()
            for position in [*self.under_way]:
                item = self.under_way.pop(position)
                self.lane.ended(item, TAKEN, self.now, 0.5)
                self.in_hand += self.lane.writes
                self.lane.writes = []
            self.record()
            self.now += 3600
            if len(self.recorded) == len(self.log) and not self.lane.open:
                break
        assert {p for p, _ in enumerate(self.log, 1)} == set(self.recorded)
        assert all(status in {"delivered", "exhausted"} for status, *_ in self.recorded.values())
        assert self.lane.cursor == len(self.log)


AnyLane.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestAnyLane = AnyLane.TestCase


def test_a_lane_begins_with_one_call_and_doubles_with_each_success_up_to_its_concurrency() -> None:
    lane = a_lane(concurrency=8)
    for position in range(1, 100):
        lane.offer(entry(position))
    allowed = []
    for _ in range(5):
        under_way = []
        while (item := lane.next(0.0)) is not None:
            under_way.append(item)
        allowed.append(len(under_way))
        for item in under_way:
            end(lane, item, TAKEN, 0.0)
    assert allowed == [1, 2, 8, 8, 8]


def test_a_failure_brings_the_lane_back_to_one_call_at_a_time() -> None:
    lane = a_lane(concurrency=8, allowance=8)
    for position in range(1, 20):
        lane.offer(entry(position))
    items = [lane.next(0.0) for _ in range(8)]
    end(lane, items[0], REFUSED, 0.0)
    for item in items[1:]:
        assert lane.next(0.0) is None
        end(lane, item, REFUSED, 0.0)
    assert lane.pace.standing == "failing"
    assert lane.next(3600.0) is not None
    assert lane.next(3600.0) is None


def test_later_events_of_a_case_wait_for_the_earlier_one_and_others_go_on() -> None:
    lane = a_lane(concurrency=4, allowance=4)
    for position, subject in enumerate(["a", "a", "b", "a"], 1):
        lane.offer(entry(position, subject))
    first, other = lane.next(0.0), lane.next(0.0)
    assert (first.position, other.position) == (1, 3)
    assert lane.next(0.0) is None
    writes = end(lane, first, REFUSED, 0.0)
    assert [(w.item.position, w.status, w.tries, w.next_at) for w in writes] == [
        (1, "retrying", 1, 5.0),
        (2, "retrying", 0, None),
        (4, "retrying", 0, None),
    ]
    end(lane, other, TAKEN, 0.0)
    assert lane.cursor == 4
    assert lane.next(4.9) is None
    assert lane.next(5.0) is None  # its body has to be read first
    load(lane)
    assert lane.next(5.0).position == 1


def test_the_next_of_a_case_goes_at_once_when_the_one_before_is_settled() -> None:
    lane = a_lane()
    for position in (1, 2, 3):
        lane.offer(entry(position, "a"))
    end(lane, lane.next(0.0), REFUSED, 0.0)
    for position in (1, 2, 3):
        lane.next(10.0)
        load(lane)
        item = lane.next(10.0)
        assert item.position == position
        end(lane, item, TAKEN, 10.0)
    assert lane.open == 0


def test_a_delivery_ends_with_its_eighth_attempt() -> None:
    lane = a_lane(pause_after=10**9)
    lane.offer(entry(1))
    now, ends = 0.0, []
    item = lane.next(now)
    while True:
        (write,) = end(lane, item, REFUSED, now)
        ends.append((write.status, write.tries))
        if write.next_at is None:
            break
        now = max(write.next_at, now + 60)
        lane.next(now)
        load(lane)
        item = lane.next(now)
    assert ends == [("retrying", n) for n in range(1, 8)] + [("exhausted", 8)]
    assert lane.open == 0


def test_retry_after_holds_the_whole_lane() -> None:
    lane = a_lane()
    for position in range(1, 4):
        lane.offer(entry(position))
    busy = Ending("http_429", 429, 0.01, retry_after=120.0)
    (write,) = end(lane, lane.next(0.0), busy, 0.0)
    assert write.next_at == 120.0
    assert lane.wake_at() == 120.0
    assert lane.next(119.0) is None
    assert lane.next(120.0) is not None


def test_calls_are_spread_over_the_second() -> None:
    lane = a_lane(concurrency=50, per_second=10.0)
    lane.pace.allowance = 50
    for position in range(1, 100):
        lane.offer(entry(position))
    begun = []
    for tick in range(200):
        now = 1000 + tick / 100
        while lane.next(now) is not None:
            begun.append(now)
    assert 20 <= len(begun) <= 21
    assert max(sum(at <= other < at + 1 for other in begun) for at in begun) <= 11


def test_an_endpoint_that_takes_nothing_leaves_the_rest_in_the_log_but_for_a_probe() -> None:
    lane = a_lane()
    now = 0.0
    offered = 0
    while lane.open < OPEN_FAILING:
        while offered < 1000 and lane.offer(entry(offered + 1)):
            offered += 1
        now += 60
        item = lane.next(now)
        if item is None:
            load(lane)
            item = lane.next(now)
        end(lane, item, REFUSED, now, jitter=1.0)
    due = [d for d, _, i in lane._retries if i.due == d]
    quiet = Lane(lane.pace, read_to=0, pause_after=10**9)
    for position in range(1, OPEN_FAILING + 1):
        quiet.remember(Item(f"e{position}", f"s{position}", position, None, 1, True, max(due)))
    quiet.offer(entry(5000))
    assert quiet.next(now + PROBE_SECONDS - 1) is None
    assert quiet.wake_at() == now + PROBE_SECONDS
    assert quiet.next(now + PROBE_SECONDS).position == 5000


def test_when_an_outage_is_over_everything_that_waits_is_due() -> None:
    lane = a_lane(failures=3, failing_since=1.0)
    for position in range(1, 6):
        lane.remember(Item(f"e{position}", f"s{position}", position, None, 5, True, 30_000.0))
    lane.offer(entry(10))
    end(lane, lane.next(1000.0), TAKEN, 1000.0)
    assert lane.next(1000.0) is None
    load(lane)
    assert lane.next(1000.0).position == 1


def test_one_failure_among_successes_makes_nothing_due_before_its_time() -> None:
    lane = a_lane()
    for position in (1, 2):
        lane.offer(entry(position))
    end(lane, lane.next(0.0), REFUSED, 0.0)
    end(lane, lane.next(1.0), TAKEN, 1.0)
    assert lane.next(4.0) is None
    assert lane.wake_at() == 5.0


def test_a_lane_is_given_up_after_a_day_of_nothing_but_failures() -> None:
    lane = a_lane(failures=PAUSE_TRIES - 2, failing_since=1.0)
    for position in (1, 2):
        lane.offer(entry(position))
    end(lane, lane.next(24 * HOURS + 1), REFUSED, 24 * HOURS + 1)
    assert lane.effect is None  # not yet often enough
    end(lane, lane.next(25 * HOURS), REFUSED, 25 * HOURS)
    assert lane.effect == "pause"
    assert lane.next(10**9) is None


def test_any_success_begins_the_day_anew() -> None:
    lane = a_lane(failures=500, failing_since=1.0)
    lane.offer(entry(1))
    lane.offer(entry(2))
    end(lane, lane.next(30 * HOURS), TAKEN, 30 * HOURS)
    end(lane, lane.next(30 * HOURS), REFUSED, 30 * HOURS)
    assert lane.effect is None
    assert lane.pace.failing_since == 30 * HOURS


def test_410_ends_the_lane_and_cancels_the_delivery() -> None:
    lane = a_lane()
    lane.offer(entry(1))
    lane.offer(entry(2))
    (write,) = end(lane, lane.next(0.0), GONE, 0.0)
    assert (write.status, write.ending.status_code) == ("cancelled", 410)
    assert lane.effect == "stop"
    assert lane.next(10**9) is None
    assert lane.cursor == 1


def test_a_lane_takes_only_what_it_has_room_for() -> None:
    lane = a_lane()
    taken = [position for position in range(1, 1000) if lane.offer(entry(position, "a"))]
    assert taken == list(range(1, QUEUE + 1))
    assert lane.read_to == QUEUE


def test_events_of_one_case_do_not_pile_up_beside_the_queue() -> None:
    lane = a_lane(concurrency=2, allowance=2)
    offered = 0
    for _ in range(10):
        while lane.offer(entry(offered + 1, "a")):
            offered += 1
        lane.next(0.0)
    assert lane.held <= QUEUE


def test_an_event_that_has_left_the_log_is_told_as_exhausted() -> None:
    lane = a_lane()
    lane.remember(Item("e1", "a", 1, None, 3, True, 5.0))
    assert lane.next(5.0) is None
    (wanted,) = lane.take_wanted()
    lane.loaded(wanted, None, 5.0)
    (write,) = flush(lane)
    assert (write.status, write.ending.code, write.tries) == ("exhausted", "expired", 3)


def test_never_more_than_the_most_open_deliveries() -> None:
    lane = a_lane()
    for number in range(OPEN_MOST):
        lane.remember(Item(f"e{number}", "a", number, None, 1, True, 10**9))
    lane.offer(entry(5000))
    assert lane.next(0.0) is None
    assert lane.wake_at() == 10**9


def test_a_test_event_is_called_for_at_once_and_in_no_order() -> None:
    lane = a_lane()
    lane.offer(entry(1, "a"))
    lane.asked(Item("test-1", "a", None, None, 0, True, 7.0), 7.0)
    assert lane.next(7.0).position == 1
    assert [item.event_id for item in lane.take_wanted()] == ["test-1"]


@pytest.mark.parametrize("asked_at,again", [(3.0, False), (11.0, True)])
def test_what_was_read_before_a_delivery_was_settled_does_not_make_it_due_again(
    asked_at: float, again: bool
) -> None:
    lane = a_lane()
    lane.remember(Item("event-1", "a", 1, None, 1, True, 3.0))
    lane.next(5.0)
    load(lane)
    end(lane, lane.next(5.0), TAKEN, 10.0)
    lane.asked(Item("event-1", "a", 1, None, 1, True, asked_at), 12.0)
    assert lane.open == again


def test_a_replay_of_one_event_that_waits_brings_it_forward() -> None:
    lane = a_lane()
    lane.remember(Item("event-1", "a", 1, None, 4, True, 30_000.0))
    lane.asked(Item("event-1", "a", 1, None, 0, True, 50.0), 50.0)
    assert lane.open == 1
    lane.next(50.0)
    load(lane)
    item = lane.next(50.0)
    assert (item.event_id, item.tries) == ("event-1", 0)


def test_the_schedule_is_that_of_the_record() -> None:
    minutes = [round(seconds / 60) for seconds in DELIVERY.elapsed()]
    assert minutes == [0, 0, 5, 35, 155, 455, 1055, 1655]
    assert DELIVERY.elapsed()[1] == 5
    assert DELIVERY.delay(8, 0.5) is None
    assert (DELIVERY.delay(1, 0.0), DELIVERY.delay(1, 1.0)) == pytest.approx((4.0, 6.0))
