"""Attempts are bounded on a real MongoDB, also when several processes share it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pymongo
import pytest
from pymongo import monitoring
from pymongo.database import Database

from shared import throttle
from shared.errors import Refused, Transient
from shared.sealing import Hasher
from shared.throttle import (
    COLLECTION,
    LIMITS,
    Limit,
    Throttle,
    address_key,
    serial_key,
    visitor_key,
)

HASHER = Hasher(bytes(32))
KEY, OTHER = (serial_key(HASHER, serial) for serial in ("2634626885086477", "2612345678901258"))
THREE_A_MINUTE = {"wrong": (Limit(3, 60),), "use": (Limit(3, 60),), "other": (Limit(3, 60),)}

Documents = Database[dict[str, Any]]


def a_throttle(database: Documents, **limits: tuple[Limit, ...]) -> Throttle:
    made = Throttle(database, {**THREE_A_MINUTE, **limits})
    made.create_indexes()
    return made


def refusal(each: Throttle, purpose: str, key: str) -> Refused:
    with pytest.raises(Refused) as caught:
        each.check(purpose, key)
    return caught.value


def fail(each: Throttle, times: int, purpose: str = "wrong", key: str = KEY) -> None:
    for _ in range(times):
        each.check(purpose, key)
        each.failed(purpose, key)


def after_a_sync() -> None:
    time.sleep(1.05)


def test_the_attempt_after_the_last_allowed_failure_is_refused(database: Documents) -> None:
    one = a_throttle(database)
    fail(one, 3)
    refused = refusal(one, "wrong", KEY)
    assert refused.slug == "too_many_attempts"
    assert 55 <= refused.extra["retry_after"] <= 60


def test_keys_and_purposes_are_counted_apart(database: Documents) -> None:
    one = a_throttle(database)
    fail(one, 3)
    one.check("wrong", OTHER)
    one.check("other", KEY)


def test_another_process_refuses_within_a_second(database: Documents) -> None:
    one, two = a_throttle(database), a_throttle(database)
    two.check("wrong", KEY)
    fail(one, 3)
    after_a_sync()
    refusal(two, "wrong", KEY)


def test_failures_of_several_processes_add_up_at_once(database: Documents) -> None:
    one, two = a_throttle(database), a_throttle(database)
    fail(one, 2)
    fail(two, 1)
    refusal(two, "wrong", KEY)


def test_failures_at_the_same_time_are_all_counted(database: Documents) -> None:
    one = a_throttle(database, many=(Limit(1000, 60),))
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: one.failed("many", KEY), range(200)))
    counter = database[COLLECTION].find_one({})
    assert counter is not None
    assert counter["count"] == 200


def test_guessing_in_parallel_gains_one_attempt_for_each_request_in_flight(
    database: Documents,
) -> None:
    processes = [a_throttle(database, guess=(Limit(5, 60),)) for _ in range(2)]
    threads = 4

    def guess_until_refused(each: Throttle) -> int:
        for attempts in range(100):
            try:
                each.check("guess", KEY)
            except Refused:
                return attempts
            each.failed("guess", KEY)
        return 100

    with ThreadPoolExecutor(len(processes) * threads) as pool:
        attempts = sum(pool.map(guess_until_refused, processes * threads))
    assert 5 <= attempts <= 5 + len(processes) * threads


def test_of_attempts_counted_first_never_one_too_many_is_looked_at(database: Documents) -> None:
    processes = [a_throttle(database, guess=(Limit(5, 60), Limit(20, 600))) for _ in range(2)]

    def looked_at(each: Throttle) -> int:
        for attempts in range(100):
            try:
                each.tried("guess", KEY)
            except Refused:
                return attempts
        return 100

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(looked_at, processes * 4)) == 5
    assert (
        50
        < refusal(a_throttle(database, guess=(Limit(5, 60),)), "guess", KEY).extra["retry_after"]
        <= 60
    )


def test_what_was_right_is_taken_back(database: Documents) -> None:
    one, two = (a_throttle(database, guess=(Limit(2, 60), Limit(5, 600))) for _ in range(2))
    for each in (one, two) * 4:
        each.tried("guess", KEY)
        each.succeeded("guess", KEY)
        each.check("guess", KEY)
    one.tried("guess", KEY)
    two.tried("guess", KEY)  # the last allowed: while it is looked at others wait
    refusal(two, "guess", KEY)
    two.succeeded("guess", KEY)
    two.check("guess", KEY)
    one.tried("guess", KEY)
    with pytest.raises(Refused):
        two.tried("guess", KEY)


def test_who_was_refused_because_many_came_at_once_is_not_counted(database: Documents) -> None:
    one = a_throttle(database, guess=(Limit(2, 60), Limit(4, 600)))
    for _ in range(2):
        one.tried("guess", KEY)
    for _ in range(8):
        with pytest.raises(Refused):
            one.tried("guess", KEY)
    refusal(one, "guess", KEY)
    for _ in range(2):
        one.succeeded("guess", KEY)
    one.check("guess", KEY)
    assert [each["count"] for each in database[COLLECTION].find()] == [0, 0]


def test_a_new_process_knows_what_is_refused(database: Documents) -> None:
    fail(a_throttle(database), 3)
    refusal(Throttle(database, THREE_A_MINUTE), "wrong", KEY)


def test_the_window_ends_and_begins_anew(database: Documents) -> None:
    one = a_throttle(database, short=(Limit(2, 1),))
    fail(one, 2, "short")
    assert refusal(one, "short", KEY).extra["retry_after"] == 1
    after_a_sync()
    fail(one, 1, "short")
    one.check("short", KEY)


def test_the_longest_of_several_windows_decides(database: Documents) -> None:
    one = a_throttle(database, both=(Limit(1, 1), Limit(2, 600)))
    fail(one, 1, "both")
    after_a_sync()
    fail(one, 1, "both")
    assert refusal(one, "both", KEY).extra["retry_after"] > 590


def test_uses_are_refused_in_this_process_at_once_and_elsewhere_a_little_later(
    database: Documents,
) -> None:
    one, two = a_throttle(database), a_throttle(database)
    for _ in range(3):
        one.check("use", KEY)
        one.used("use", KEY)
    refusal(one, "use", KEY)
    after_a_sync()
    refusal(one, "use", KEY)
    refusal(two, "use", KEY)


def test_uses_of_several_processes_add_up(database: Documents) -> None:
    one, two = a_throttle(database), a_throttle(database)
    for each in (one, two, two):
        each.used("use", KEY)
    one.check("use", KEY)
    refusal(two, "use", KEY)
    after_a_sync()
    refusal(one, "use", KEY)


class Commands(monitoring.CommandListener):
    """Counts the commands a client sends."""

    def __init__(self) -> None:
        self.sent = 0

    def started(self, _: monitoring.CommandStartedEvent) -> None:
        self.sent += 1

    def succeeded(self, _: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, _: monitoring.CommandFailedEvent) -> None: ...


def test_callers_who_failed_nowhere_cost_one_read_a_second(
    mongo_url: str, database: Documents
) -> None:
    commands = Commands()
    with pymongo.MongoClient[dict[str, Any]](mongo_url, event_listeners=[commands]) as client:
        one = Throttle(client[database.name], THREE_A_MINUTE)
        began = time.monotonic()
        for number in range(1000):
            one.check("wrong", str(number))
            one.used("use", str(number))
        assert commands.sent <= 1 + 2 * int(time.monotonic() - began)


def test_when_very_many_are_refused_each_is_looked_up(
    database: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "_BLOCKED_KEPT", 2)
    one = a_throttle(database)
    keys = [serial_key(HASHER, str(number)) for number in range(4)]
    for key in keys:
        fail(one, 3, key=key)
    after_a_sync()
    for key in keys:
        refusal(one, "wrong", key)
    one.check("wrong", OTHER)


def test_nothing_personal_is_kept(database: Documents) -> None:
    address = "203.0.113.77"
    fail(a_throttle(database), 1, key=address_key(HASHER, address))
    kept = str(list(database[COLLECTION].find()))
    assert address not in kept


def test_ended_windows_are_left_to_the_server_to_delete(database: Documents) -> None:
    one = a_throttle(database)
    one.failed("wrong", KEY)
    assert database[COLLECTION].index_information()["ends_at_1"]["expireAfterSeconds"] == 0
    counter = database[COLLECTION].find_one({})
    assert counter is not None
    assert 0 < (counter["ends_at"] - datetime.now(UTC)).total_seconds() <= 61


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Documents]:
    monkeypatch.setattr(throttle, "_CALL_SECONDS", 0.3)
    with pymongo.MongoClient[dict[str, Any]]("mongodb://127.0.0.1:1/") as client:
        yield client["throttle"]


def test_a_back_end_that_is_away_is_not_the_callers_fault(nowhere: Documents) -> None:
    one = Throttle(nowhere)
    for attempt in (one.check, one.failed, one.tried):
        with pytest.raises(Transient):
            attempt("digits_per_serial", KEY)


def test_one_caller_waits_for_a_back_end_that_is_away_and_the_others_do_not(
    nowhere: Documents,
) -> None:
    one = Throttle(nowhere)

    def attempt(_: int) -> None:
        with pytest.raises(Transient):
            one.check("digits_per_serial", KEY)

    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(attempt, range(8)))
    assert time.monotonic() - began < 2


def test_how_much_each_guess_is_borne(database: Documents) -> None:
    one = Throttle(database)
    fail(one, 5, "digits_per_serial")
    assert 890 < refusal(one, "digits_per_serial", KEY).extra["retry_after"] <= 900
    assert LIMITS["digits_per_serial"] == (Limit(5, 900), Limit(20, 86_400))
    assert LIMITS["digits_per_address"] == (Limit(20, 900),)
    assert LIMITS["wrong_code_per_visitor"] == (Limit(5, 900),)
    assert LIMITS["wrong_code_per_address"] == (Limit(200, 900),)
    assert LIMITS["wrong_code_per_serial"] == (Limit(100, 900),)
    assert LIMITS["unknown_serial_per_address"] == (
        Limit(60, 900),
        Limit(300, 86_400),
        Limit(3000, 86_400, of_network=True),
    )


def test_a_network_of_many_addresses_is_counted_as_one_too(database: Documents) -> None:
    one = a_throttle(database, tries=(Limit(2, 60), Limit(3, 60, of_network=True)))
    first, second, third, outside = (
        address_key(HASHER, address)
        for address in ("2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:0:3::1", "2001:db8:1::1")
    )
    fail(one, 1, "tries", first)
    fail(one, 1, "tries", second)
    one.check("tries", third)
    fail(one, 1, "tries", second)
    refusal(one, "tries", third)
    one.check("tries", outside)


def test_an_ipv4_address_is_no_network(database: Documents) -> None:
    one = a_throttle(database, tries=(Limit(2, 60), Limit(1, 60, of_network=True)))
    fail(one, 1, "tries", address_key(HASHER, "203.0.113.1"))
    one.check("tries", address_key(HASHER, "203.0.113.1"))


@pytest.mark.parametrize(
    "one, other, same",
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("203.0.113.1", "::ffff:203.0.113.1", True),
        ("203.0.113.1", "203.0.113.2", False),
        ("::ffff:203.0.113.1", "::ffff:203.0.113.2", False),
        ("unix:", "unix:", True),
    ],
)
def test_an_address_is_one_client(one: str, other: str, *, same: bool) -> None:
    assert (address_key(HASHER, one) == address_key(HASHER, other)) is same


def test_one_network_is_one_visitor_of_a_case() -> None:
    """Or whoever has a /48 would lock a code with twenty of its addresses, without an effort."""
    one, same, other = (
        visitor_key(HASHER, "2634626885086477", address_key(HASHER, address))
        for address in ("2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:1::1")
    )
    assert one == same != other


def test_few_patient_addresses_never_use_up_the_codes_of_a_case() -> None:
    """All day long one visitor is left a twentieth of what a case bears."""
    (visitor,), serial = LIMITS["wrong_code_per_visitor"], LIMITS["wrong_code_per_serial"]
    for limit in serial:
        assert visitor.attempts * max(limit.seconds / visitor.seconds, 1) * 20 <= limit.attempts
