"""Text messages counted for all workers together, on a real MongoDB."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from services.notify.channels.counts import DAY, Days, Numbers
from services.notify.channels.failover import Held
from services.notify.channels.lateness import Lateness
from services.notify.channels.limits import Window
from shared.sealing import Hasher, new_key

TO = "+8613800000011"
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
HASHER = Hasher.parse(new_key())


def numbers(database, *allowed: Window) -> Numbers:
    made = Numbers(database, HASHER, allowed or (Window(1, 60), Window(3, 3600)))
    made.ensure_indexes()
    return made


def take(counted: Numbers, *references: str, to: str = TO, urgent: bool = False) -> list[float]:
    return [counted.take(to, reference, urgent=urgent) for reference in references]


def test_a_second_message_within_a_minute_waits_for_the_rest_of_it(database):
    first, second = take(numbers(database), "m1", "m2")
    assert first == 0
    assert 50 < second <= 60


def test_the_same_message_is_counted_once_however_often_it_is_tried(database):
    assert take(numbers(database), "m1", "m1", "m1") == [0, 0, 0]
    (document,) = database.sms_numbers.find()
    assert len(document["sent"]) == 1


def test_when_the_minute_is_over_the_next_one_may_go_until_the_hour_is_full(database):
    counted = numbers(database)
    for number in range(1, 4):
        assert take(counted, f"m{number}") == [0]
        _as_if_earlier(database, seconds=70)
    (wait,) = take(counted, "m4")
    assert 3600 - 3 * 70 - 10 < wait <= 3600 - 3 * 70
    _as_if_earlier(database, seconds=3600)
    assert take(counted, "m4") == [0]
    (document,) = database.sms_numbers.find()
    assert len(document["sent"]) == 1, "what no window looks at is forgotten"


def _as_if_earlier(database, seconds: int) -> None:
    """As if everything had been sent so much longer ago."""
    earlier = {"$subtract": ["$$each.at", seconds * 1000]}
    moved = {"$map": {"input": "$sent", "as": "each", "in": {"at": earlier, "of": "$$each.of"}}}
    database.sms_numbers.update_many({}, [{"$set": {"sent": moved}}])


def test_what_is_urgent_is_not_held_up_by_what_is_not_nor_one_number_by_another(database):
    counted = numbers(database)
    assert take(counted, "m1") == [0]
    assert take(counted, "m2", urgent=True) == [0]
    assert take(counted, "m3", to="+8613800000012") == [0]
    assert take(counted, "m4", urgent=True)[0] > 0


def test_of_many_workers_at_once_only_as_many_get_through_as_the_limit_says(database):
    workers = [numbers(database, Window(5, 3600)) for _ in range(4)]

    def one(number: int) -> float:
        return workers[number % 4].take(TO, f"m{number}", urgent=False)

    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(one, range(40)))
    assert waits.count(0) == 5


def test_the_database_holds_no_number(database):
    take(numbers(database), "m1")
    assert b"13800000011" not in b"".join(str(d).encode() for d in database.sms_numbers.find())
    assert {"ends_at_1"} <= set(database.sms_numbers.index_information())


def test_without_a_limit_nothing_is_written(database):
    counted = Numbers(database, HASHER, ())
    assert take(counted, "m1", "m2") == [0, 0]
    assert database.sms_numbers.count_documents({}) == 0


# --- a day ---------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def test_the_last_tenth_of_a_day_is_for_what_is_urgent(database):
    days = Days(database, 20, Clock())
    assert [days.take(urgent=False) for _ in range(18)] == [0] * 18
    assert days.take(urgent=False) == pytest.approx(12 * 3600 + 1)
    assert [days.take(urgent=True) for _ in range(2)] == [0, 0]
    assert days.take(urgent=True) > 0
    assert DAY._value.get() == 1.0


def test_all_workers_share_a_day_and_a_new_day_begins_at_midnight_of_the_mainland(database):
    clock = Clock()
    one, two = Days(database, 10, clock), Days(database, 10, clock)
    taken = [worker.take(urgent=False) for _ in range(5) for worker in (one, two)]
    assert taken.count(0) == 9
    clock.now += timedelta(hours=12)
    assert one.take(urgent=False) == 0
    assert sorted(d["_id"] for d in database.sms_days.find()) == ["2026-11-20", "2026-11-21"]


def test_a_process_takes_messages_of_a_day_in_blocks(database):
    days = Days(database, 1_000_000, Clock())
    for _ in range(51):
        assert days.take(urgent=False) == 0
    assert database.sms_days.find_one()["count"] == 100


def test_what_was_not_handed_over_can_be_used_again(database):
    days = Days(database, 10, Clock())
    assert [days.take(urgent=False) for _ in range(9)] == [0] * 9
    days.give_back(urgent=False)
    assert days.take(urgent=False) == 0
    assert days.take(urgent=False) > 0


def test_without_a_brake_nothing_is_counted(database):
    days = Days(database, 0, Clock())
    assert days.take(urgent=False) == 0
    days.give_back(urgent=False)
    assert database.sms_days.count_documents({}) == 0


def test_who_has_a_message_is_known_to_all_workers(database):
    held = Held(database)
    held.ensure_indexes()
    assert held.holder("m1") is None
    held.hold("m1", "own")
    held.hold("m1", "own")
    assert Held(database).holder("m1") == "own"


# --- what receipts tell of a provider ------------------------------------------------------------


def test_of_what_a_provider_accepted_the_undelivered_and_the_late_are_counted(database):
    def message(minutes: float, status: str, settled: float | None = None, provider="aliyun"):
        sent_at = NOON - timedelta(minutes=minutes)
        settled_at = None if settled is None else sent_at + timedelta(minutes=settled)
        return {
            "provider": provider, "status": status, "sent_at": sent_at, "settled_at": settled_at,
        }  # fmt: skip

    database.messages.insert_many(
        [
            message(5, "delivered", 0.1), message(5, "delivered", 3.9), message(14, "delivered", 4.1),
            message(6, "accepted"), message(7, "temporary_failure", 1),
            message(8, "permanent_failure", 1),
            message(3, "accepted"), message(16, "accepted"), message(6, "accepted", provider="tencent"),
        ]
    )  # fmt: skip
    lateness = Lateness(database, ["aliyun", "nobody"], Clock())
    lateness.ensure_indexes()
    assert lateness.shares() == {"aliyun": (3, 6), "nobody": (0, 0)}
