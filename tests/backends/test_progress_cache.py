"""Kept answers on a real MongoDB: never older than a second, never what a change has overtaken."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from pymongo import MongoClient

from services.query.handlers import HANDLERS
from services.query.progress.cached import Kept, MaskedAnswers
from services.query.progress.changes import Changes
from services.query.progress.readers import Readers
from services.query.store import ReadModels
from shared.asking import Caller, current
from shared.contracts.envelope import Trace, new_id, new_traceparent
from shared.errors import Language, Refused
from shared.sealing import Hasher, QueryCodes
from shared.serial import new_serial
from shared.throttle import LIMITS, Throttle, address_key
from tests.builders.events import a_submission, an_event
from tests.waiting import eventually
from tests.web import AWAY, Web, problem

NUMBER, UNKNOWN = "2634626885086477", new_serial(2026, "123456789012")
CODE = "K7RM2PXA"
ADDRESS, OTHER_ADDRESS = "203.0.113.7", "203.0.113.8"


@contextmanager
def asking(language: Language = "zh", address: str = ADDRESS) -> Iterator[None]:
    """A request by somebody with nothing but a serial number."""
    trace = Trace(new_traceparent(), new_id())
    token = current.set(Caller(None, language, address, trace))
    try:
        yield
    finally:
        current.reset(token)


def submitted(web: Web) -> None:
    learn(web, a_submission(serial=NUMBER))


def learn(web: Web, *events: Any) -> None:
    web.runner(HANDLERS).apply([event.to_json() for event in events])


def unassigned(sequence: int) -> Any:
    """A step that says nothing but its time."""
    at = datetime(2026, 11, 20, 3, 0, sequence % 60, tzinfo=UTC)
    return an_event(
        "case.unassigned", serial=NUMBER, sequence=sequence, at=at, status="unassigned",
        reasons=["no_organisation"], by="rules", previous_organisation_id=None,
    )  # fmt: skip


def the_answers(web: Web, kept: Kept, changes: Changes | None = None) -> MaskedAnswers:
    hasher = Hasher.parse(web.settings.hashing_key)
    readers = Readers(ReadModels(web.database), hasher, Throttle(web.database))
    return MaskedAnswers(readers, changes or Changes(web.database), kept)


@pytest.fixture
def deaf() -> Iterator[Changes]:
    """Changes whose stream cannot be opened."""
    client: MongoClient[dict[str, Any]] = MongoClient(AWAY, serverSelectionTimeoutMS=100)
    yield Changes(client["nowhere"])
    client.close()


def timeline(answers: MaskedAnswers) -> int:
    with asking():
        return len(orjson.loads(answers.of(NUMBER))["timeline"])


def test_a_change_is_shown_as_soon_as_it_is_heard_of(query: Web) -> None:
    submitted(query)
    answers = the_answers(query, Kept(monotonic=lambda: 0.0))  # nothing ever grows old
    assert timeline(answers) == 1
    learn(query, unassigned(1))
    eventually(lambda: timeline(answers) == 2)


def test_an_answer_is_kept_less_than_a_second_though_no_change_is_heard_of(
    query: Web, deaf: Changes
) -> None:
    submitted(query)
    now = [100.0]
    answers = the_answers(query, Kept(monotonic=lambda: now[0]), deaf)
    assert timeline(answers) == 1
    learn(query, unassigned(1))
    now[0] = 100.89
    assert timeline(answers) == 1
    now[0] = 100.9
    assert timeline(answers) == 2


@pytest.mark.parametrize("is_deaf", [False, True])
def test_whatever_was_there_a_second_before_is_in_every_answer(
    query: Web, deaf: Changes, is_deaf: bool
) -> None:
    """One writes all the time while others read; the stream runs, or it cannot be opened."""
    submitted(query)
    answers = the_answers(query, Kept(), deaf if is_deaf else None)
    written: list[float] = []  # when each version was there
    ends = time.monotonic() + 1.8

    def write() -> None:
        while time.monotonic() < ends:
            place = {"code": "370102", "name": str(len(written) + 1)}
            query.database.progress.update_one({"_id": NUMBER}, {"$set": {"division": place}})
            written.append(time.monotonic())

    def read() -> int:
        count = 0
        while time.monotonic() < ends:
            asked_at = time.monotonic()
            least = sum(at <= asked_at - 1.0 for at in tuple(written))
            with asking():
                shown = orjson.loads(answers.of(NUMBER))["division"]["name"]
            assert (int(shown) if shown.isdigit() else 0) >= least
            count += 1
        return count

    with ThreadPoolExecutor(3) as pool:
        writing = pool.submit(write)
        reading = [pool.submit(read) for _ in range(2)]
        writing.result()
        assert all(each.result() for each in reading)
    assert written[-1] - written[0] > 1.0


def test_a_read_that_a_change_overtakes_is_answered_and_not_kept() -> None:
    for heard in (NUMBER, None):
        kept = Kept()

        def overtaken(kept: Kept = kept, heard: str | None = heard) -> bytes:
            kept.heard(heard)
            return b"before"

        assert kept.read(NUMBER, "zh", overtaken) == b"before"
        assert kept.get(NUMBER, "zh") is None


def test_of_two_reads_the_one_that_began_before_a_change_does_not_replace_the_one_after() -> None:
    kept, began, goes_on = Kept(), threading.Event(), threading.Event()

    def slow() -> bytes:
        began.set()
        assert goes_on.wait(10)
        return b"before"

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(kept.read, NUMBER, "zh", slow)
        assert began.wait(10)
        kept.heard(NUMBER)
        kept.read(NUMBER, "zh", lambda: b"after")
        goes_on.set()
        assert reading.result() == b"before"
    assert kept.get(NUMBER, "zh") == b"after"


def test_a_change_of_one_case_leaves_the_others_kept_and_takes_both_languages() -> None:
    kept = Kept()
    kept.read(NUMBER, "zh", lambda: b"zh")
    kept.read(NUMBER, "en", lambda: b"en")
    kept.read(UNKNOWN, "zh", lambda: b"other")
    assert kept.get(NUMBER, "en") == b"en"
    kept.heard(NUMBER)
    assert kept.get(NUMBER, "zh") is None
    assert kept.get(NUMBER, "en") is None
    assert kept.get(UNKNOWN, "zh") == b"other"
    kept.heard(None)
    assert kept.get(UNKNOWN, "zh") is None


def test_what_is_kept_is_bounded_and_the_oldest_goes_first() -> None:
    few, small = Kept(most_entries=3), Kept(most_bytes=30)
    for kept in (few, small):
        for number in range(10):
            kept.read(str(number), "zh", lambda: b"0123456789")
        there = [number for number in range(10) if kept.get(str(number), "zh")]
        assert there == [7, 8, 9]


def test_a_failed_read_leaves_nothing_behind() -> None:
    kept = Kept()

    def failing() -> bytes:
        raise Refused("not_found")

    with pytest.raises(Refused):
        kept.read(NUMBER, "zh", failing)
    assert kept.get(NUMBER, "zh") is None
    assert kept.read(NUMBER, "zh", lambda: b"later") == b"later"
    assert kept.get(NUMBER, "zh") == b"later"


def test_a_kept_answer_too_is_refused_to_an_address_that_guessed_about(query: Web) -> None:
    submitted(query)
    answers = the_answers(query, Kept(monotonic=lambda: 0.0))
    timeline(answers)
    hasher, throttle = Hasher.parse(query.settings.hashing_key), Throttle(query.database)
    with asking(address=OTHER_ADDRESS):
        answers.of(NUMBER)
        for _ in range(LIMITS["unknown_serial_per_address"][0].attempts):
            throttle.failed("unknown_serial_per_address", address_key(hasher, OTHER_ADDRESS))
        time.sleep(1.05)  # until this process has learnt of it
        with pytest.raises(Refused) as refused:
            answers.of(NUMBER)
    assert refused.value.slug == "too_many_attempts"
    assert timeline(answers) == 1


def test_nothing_that_a_second_factor_unmasks_is_kept(query: Web) -> None:
    codes = QueryCodes(Hasher.parse(query.settings.hashing_key))
    learn(query, a_submission(serial=NUMBER, query_code_hash=codes.hash(NUMBER, CODE)))
    for given, is_masked in (({"X-Query-Code": CODE}, False), ({}, True)) * 2:
        response = query.call("GET", f"/v1/progress/{NUMBER}", headers=given)
        assert response.get_json()["masked"] is is_masked
    wrong = query.call("GET", f"/v1/progress/{NUMBER}", headers={"X-Query-Code": "AAAAAAAA"})
    problem(wrong, 403, "query_code_wrong")


@pytest.mark.parametrize(
    "number, status", [(NUMBER, 200), (UNKNOWN, 404), ("2634626885086478", 422)]
)
def test_a_number_spelled_plainly_is_answered_as_in_any_other_spelling(
    query: Web, number: str, status: int
) -> None:
    """The plain one is answered without Flask, the one with hyphens by it."""
    submitted(query)
    given = {"X-Request-Id": "request-0001", "Accept-Language": "en"}
    hyphens = "-".join(number[start : start + 4] for start in range(0, 16, 4))
    plain = query.call("GET", f"/v1/progress/{number}", headers=given)
    spelled = query.call("GET", f"/v1/progress/{hyphens}", headers=given)
    assert plain.status_code == spelled.status_code == status
    assert plain.get_json() == spelled.get_json()
    assert dict(plain.headers) == dict(spelled.headers)
    assert plain.headers["X-Request-Id"] == "request-0001"
