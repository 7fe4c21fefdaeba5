"""What lies far apart in the log is found, page by page and by its moment, however long the log is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from services.notify.partners import log as module
from services.notify.partners.log import LOG, EventLog
from shared.contracts.envelope import Event
from tests.builders.events import AT
from tests.builders.partner_log import a_partner_event, as_logged

Db = Database[dict[str, Any]]


@pytest.fixture
def log(database: Db) -> EventLog:
    found = EventLog(database)
    found.ensure_indexes(90)
    return found


def placed(database: Db, events: Sequence[Event], arrived: Sequence[timedelta] = ()) -> None:
    documents = [as_logged(event, position) for position, event in enumerate(events, 1)]
    for document, since in zip(documents, arrived, strict=False):
        document["arrived"] = AT + since
    database[LOG].insert_many(documents)


def test_a_filter_that_lets_hardly_any_through_finds_them_all(
    database: Db, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WINDOW", 3)
    here, there = a_partner_event("case.closed"), a_partner_event("case.closed", division="51")
    others = [a_partner_event() for _ in range(20)]
    placed(database, [*others[:7], here, *others[7:18], there, *others[18:]])
    assert [e.id for e in log.after(0, 9, ["case.closed"])] == [here.id, there.id]
    assert [e.id for e in log.after(0, 1, ["case.closed"])] == [here.id]
    assert [e.id for e in log.after(8, 9, ["case.closed"])] == [there.id]
    assert [e.id for e in log.after(0, 9, divisions=["51"])] == [there.id]
    assert log.after(0, 9, ["case.closed"], until=7) == []
    assert log.after(0, 9, ["case.archived"]) == []


def test_events_of_several_names_come_in_the_order_of_the_log(
    database: Db, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WINDOW", 5)
    names = ["case.closed", "case.accepted", "case.archived"] * 6
    events = [a_partner_event(name) for name in names]
    placed(database, events)
    found = log.after(0, 100, ["case.archived", "case.closed"])
    assert [e.id for e in found] == [e.id for e in events if e.name != "case.accepted"]


@pytest.mark.parametrize("seed", range(3))
def test_a_moment_is_found_as_if_the_whole_log_was_looked_through(
    database: Db, log: EventLog, seed: int
) -> None:
    """Also where events did not arrive quite in order, and where the first and some have expired."""
    drawn = random.Random(seed)
    arrived = [timedelta(hours=n / 4 - drawn.choice((0, 0, 0, 2.5))) for n in range(120)]
    placed(database, [a_partner_event() for _ in arrived], arrived)
    gone = [1, 2, *drawn.sample(range(3, 121), 10)]
    database[LOG].delete_many({"position": {"$in": gone}})
    kept = [(n, since) for n, since in enumerate(arrived, 1) if n not in gone]
    for hours in (-9, 0, 1.3, 7, 15.5, 29, 31):
        since = [n for n, came in kept if came >= timedelta(hours=hours)]
        expected = min(since) - 1 if since else log.newest()
        assert log.position_at(AT + timedelta(hours=hours)) == expected
