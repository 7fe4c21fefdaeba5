"""The log of partner events: every event once, each at a place that stays, whoever is at work on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from services.notify.partners.deliveries import Deliveries
from services.notify.partners.log import LOG, EventLog, Sequencer, log_document
from shared.contracts.envelope import Event
from shared.store import insert_records
from tests.builders.events import AT, an_event
from tests.builders.partner_log import a_partner_event, many

Db = Database[dict[str, Any]]
DAYS = 90


@pytest.fixture
def log(database: Db) -> EventLog:
    found = EventLog(database)
    found.ensure_indexes(DAYS)
    return found


def recorded(database: Db, *events: Event) -> list[str]:
    insert_records(database[LOG], [d for event in events if (d := log_document(event))])
    return [event.id for event in events]


def ids(log: EventLog, after: int = 0) -> list[str]:
    return [entry.id for entry in log.after(after, 10_000)]


# --- placing -------------------------------------------------------------------------------------


def test_events_get_places_in_the_order_of_their_time_and_number(
    database: Db, log: EventLog
) -> None:
    later, earlier = (a_partner_event(at=AT + timedelta(seconds=s), sequence=1) for s in (9, 3))
    third, second = (a_partner_event(at=AT, sequence=n) for n in (3, 2))
    recorded(database, later, earlier, third, second)
    assert log.after(0, 10) == []  # what has no place yet is not there
    assert log.newest() == 0
    assert Sequencer(database).place() == 4
    assert ids(log) == [event.id for event in (second, third, earlier, later)]
    assert [entry.position for entry in log.after(0, 10)] == [1, 2, 3, 4]
    assert Sequencer(database).place() == 0


def test_an_entry_is_what_partners_get(database: Db, log: EventLog) -> None:
    event = a_partner_event(serial="2634626885086477")
    recorded(database, event)
    Sequencer(database).place()
    (entry,) = log.after(0, 10)
    assert (entry.name, entry.type) == ("case.accepted", "cn.tiaojie.case.accepted.v1")
    assert (entry.subject, entry.division, entry.time) == ("2634626885086477", "370102", AT)
    assert b"traceparent" not in entry.body
    assert b'"data":{"status":"accepted","deadlines":[]}' in entry.body


def test_an_event_that_is_not_offered_is_not_recorded() -> None:
    assert log_document(an_event("phone.code_requested", contacts="sealed")) is None


def test_an_event_that_comes_again_keeps_its_place(database: Db, log: EventLog) -> None:
    events = many(3)
    recorded(database, *events)
    sequencer = Sequencer(database)
    sequencer.place()
    recorded(database, *events, *many(1))
    assert sequencer.place() == 1
    assert ids(log)[:3] == [event.id for event in events]


def test_readers_get_pages_and_parts(database: Db, log: EventLog) -> None:
    here = recorded(database, *many(4))
    there = recorded(database, a_partner_event("case.closed", division="510104", sequence=2))
    assert Sequencer(database).place() == 5
    assert [e.id for e in log.after(1, 2)] == ids(log)[1:3]
    assert [e.id for e in log.after(0, 9, until=2)] == ids(log)[:2]
    assert [e.id for e in log.after(0, 9, ["case.closed"])] == there
    assert [e.id for e in log.after(0, 9, divisions=["51", "11"])] == there
    assert [e.id for e in log.after(0, 9, ["case.accepted"], ["51"])] == []
    assert {*log.by_ids([here[0], there[0], "unknown"])} == {here[0], there[0]}


# --- who leads -----------------------------------------------------------------------------------


def test_of_several_one_places_until_it_says_that_it_stops(database: Db, log: EventLog) -> None:
    first, second = Sequencer(database), Sequencer(database)
    recorded(database, *many(1))
    assert first.place() == 1
    recorded(database, *many(1))
    assert second.place() == 0
    first.stop()
    assert second.place() == 1
    assert [entry.position for entry in log.after(0, 10)] == [1, 2]


def believes_to_lead(sequencer: Sequencer) -> None:
    """As after a long pause of its process, or with a clock that stands still."""
    sequencer._lease_until = time.monotonic() + 3600


def test_a_leader_that_lost_its_lease_takes_no_place_of_another(
    database: Db, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = Sequencer(database), Sequencer(database)
    believes_to_lead(old)
    waiting = many(6)
    recorded(database, *waiting[:3])
    write = old._write

    def overtaken(writes: Any) -> int:
        recorded(database, *waiting[3:])
        assert new.place() == 6  # while the old one had its writes in hand
        return write(writes)

    monkeypatch.setattr(old, "_write", overtaken)
    assert old.place() == 0
    assert [entry.position for entry in log.after(0, 10)] == [1, 2, 3, 4, 5, 6]
    assert sorted(ids(log)) == sorted(event.id for event in waiting)


def test_one_that_collides_stops_there_and_asks_who_leads(database: Db, log: EventLog) -> None:
    old, new = Sequencer(database), Sequencer(database)
    recorded(database, *many(2))
    assert new.place() == 2
    believes_to_lead(old)
    recorded(database, *many(2))
    old._log.newest = lambda: 1  # type: ignore[method-assign] - as it was before the other one
    assert old.place() == 0
    assert old.place() == 0, "it does not lead any more"
    assert new.place() == 2
    assert [entry.position for entry in log.after(0, 10)] == [1, 2, 3, 4]


WRITERS, EVENTS_EACH = 4, 150


class Tailing:
    """A reader that goes on behind the last position it saw, for ever."""

    def __init__(self, log: EventLog) -> None:
        self.seen: list[tuple[int, str]] = []
        self._log = log

    def __call__(self) -> None:
        last = self.seen[-1][0] if self.seen else 0
        self.seen += [(entry.position, entry.id) for entry in self._log.after(last, 50)]


@contextmanager
def again_and_again(*acts: Callable[[], Any]) -> Iterator[None]:
    """Each on a thread of its own until the end; what fails there fails here."""
    stop = threading.Event()

    def repeat(act: Callable[[], Any]) -> None:
        while not stop.is_set():
            act()

    with ThreadPoolExecutor(len(acts)) as pool:
        running = [pool.submit(repeat, act) for act in acts]
        try:
            yield
        finally:
            stop.set()
    for each in running:
        each.result()


def test_a_reader_sees_every_event_once_and_nothing_appears_behind_it(
    database: Db, log: EventLog
) -> None:
    """Writers record at once and repeat themselves; two sequencers both believe that they lead."""
    events = [many(EVENTS_EACH) for _ in range(WRITERS)]
    rivals = Sequencer(database), Sequencer(database)
    readers = [Tailing(log), Tailing(log)]

    def place(sequencer: Sequencer) -> Callable[[], None]:
        def act() -> None:
            believes_to_lead(sequencer)
            sequencer.place(limit=40)

        return act

    def write(own: list[Event]) -> None:
        for start in range(0, len(own), 5):
            recorded(database, *own[max(0, start - 5) : start + 5])  # the last five once more

    with (
        again_and_again(*map(place, rivals), *readers),
        ThreadPoolExecutor(WRITERS) as writers,
    ):
        for each in [writers.submit(write, list(own)) for own in events]:
            each.result()
        ends = time.monotonic() + 15
        while any(len(reader.seen) < WRITERS * EVENTS_EACH for reader in readers):
            assert time.monotonic() < ends, "not everything was placed, or something was missed"
            time.sleep(0.02)
    wanted = sorted(event.id for own in events for event in own)
    kept = [(entry.position, entry.id) for entry in log.after(0, 10_000)]
    for reader in readers:
        assert sorted(event_id for _, event_id in reader.seen) == wanted
        assert reader.seen == kept
    assert [position for position, _ in kept] == [*range(1, len(wanted) + 1)]


# --- what is kept --------------------------------------------------------------------------------


def test_an_empty_log_has_a_beginning_and_an_end(log: EventLog) -> None:
    assert (log.oldest(), log.newest()) == (1, 0)
    assert log.position_at(datetime.now(UTC)) == 0


def test_positions_go_on_when_everything_has_expired(database: Db, log: EventLog) -> None:
    recorded(database, *many(5))
    Sequencer(database).place()
    database[LOG].delete_many({"position": {"$lte": 2}})
    assert (log.oldest(), log.newest()) == (3, 5)
    database[LOG].delete_many({})
    assert (log.oldest(), log.newest()) == (6, 5)
    assert log.position_at(datetime.now(UTC)) == 5
    recorded(database, *many(1))
    database["leases"].update_many({}, {"$set": {"until": AT}})
    assert Sequencer(database).place() == 1
    assert (log.oldest(), log.newest()) == (6, 6)


def test_no_place_is_given_twice_when_the_last_event_expires_before_others(
    database: Db, log: EventLog
) -> None:
    """Of events that were placed together the last one may be the first that came."""
    recorded(database, *many(3))
    sequencer = Sequencer(database)
    sequencer.place()
    database[LOG].delete_one({"position": 3})
    assert log.newest() == 3
    later = recorded(database, *many(1))
    sequencer.place()
    assert [(e.position, e.id) for e in log.after(3, 10)] == [(4, later[0])]


def test_a_moment_names_the_place_behind_which_everything_lies_that_came_since(
    database: Db, log: EventLog
) -> None:
    recorded(database, *many(4))
    Sequencer(database).place()
    for position in range(1, 5):
        moment = AT + timedelta(hours=position)
        database[LOG].update_one({"position": position}, {"$set": {"arrived": moment}})
    hour = timedelta(hours=1)
    assert log.position_at(AT) == 0
    assert log.position_at(AT + 2 * hour) == 1
    assert log.position_at(AT + 2.5 * hour) == 2
    assert log.position_at(AT + 9 * hour) == 4
    database[LOG].update_one({"position": 2}, {"$set": {"arrived": AT + 4 * hour}})
    assert log.position_at(AT + 3.5 * hour) == 1, "it came late and was placed before others"


def test_how_long_events_are_kept_follows_the_setting(database: Db, log: EventLog) -> None:
    def kept() -> set[int]:
        indexes = [database[name].index_information()["kept"] for name in (LOG, "deliveries")]
        return {int(index["expireAfterSeconds"]) for index in indexes}

    for days in (DAYS, DAYS, 30):
        log.ensure_indexes(days)
        Deliveries(database).ensure_indexes(days)
        assert kept() == {days * 86_400}
