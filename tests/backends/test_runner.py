"""The runner on a real database: what becomes of every kind of message."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandListener, CommandStartedEvent

from shared.contracts.envelope import Event, NewEvent
from shared.decision import NOTHING, Decision, Record, State, Upsert
from shared.errors import Refused, Transient
from shared.runner import Deciding, Handler, Projecting, Runner
from tests.builders.events import an_event

Db = Database[dict[str, Any]]


def count_up(event: Event, state: State | None, at: datetime) -> Decision:
    if event.data.get("fault") == "bug":
        raise KeyError("a bug")
    if event.data.get("fault") == "rule":
        raise Refused("command_not_allowed")
    if event.data.get("fault") == "passing":
        raise Transient("not_yet")
    number = state["number"] + 1 if state else 1
    return Decision(
        set={"number": number},
        push={"history": [event.id]},
        events=[NewEvent("case.withdrawn", {"status": "withdrawn"})],
        records=[Record("letters", {"_id": f"letter-{event.id}"})],
    )


def a_runner(database: Db, *handlers: Handler, tries: int = 3) -> Runner:
    table = {"application.withdrawn": list(handlers or [Deciding("counters", count_up)])}
    return Runner("test", database, table, tries)


def bodies(*events: Event) -> list[bytes]:
    return [event.to_json() for event in events]


def test_messages_of_one_aggregate_in_a_batch_are_chained_into_one_write(database: Db) -> None:
    events = [an_event(sequence=n) for n in range(1, 6)]
    a_runner(database).apply(bodies(*events[:2]))
    a_runner(database).apply(bodies(*events[2:]))

    document = database.counters.find_one({})
    assert document is not None
    assert document["number"] == 5
    assert document["history"] == [e.id for e in events]
    assert document["version"] == 5
    assert [int(e["sequence"]) for e in document["outbox"]] == [1, 2, 3, 4, 5]
    assert {e["causationid"] for e in document["outbox"]} == {e.id for e in events}
    assert "pending" in document
    assert database.letters.count_documents({}) == 5


def test_a_message_delivered_again_changes_nothing(database: Db) -> None:
    event = an_event()
    for _ in range(3):
        a_runner(database).apply(bodies(event, event))
    document = database.counters.find_one({})
    assert document is not None
    assert (document["number"], len(document["outbox"]), document["version"]) == (1, 1, 1)


def test_one_poisonous_message_is_set_aside_and_the_rest_of_its_batch_applied(database: Db) -> None:
    good = [an_event(serial=f"s{n}") for n in range(3)]
    poison = an_event(serial="bad", fault="bug")
    runner = a_runner(database)
    runner.apply([*bodies(good[0], poison, good[1]), b"\x00not json", *bodies(good[2])])

    assert {d["_id"] for d in database.counters.find()} == {"s0", "s1", "s2"}
    kept = {d["_id"]: d for d in runner.set_aside.listed()}
    assert kept[poison.id]["state"] == "dead"
    assert kept[poison.id]["reason"].startswith("KeyError at count_up")
    assert [d["reason"] for d in kept.values() if d["_id"] != poison.id] == [
        "unreadable_event: not JSON"
    ]


def test_an_event_nobody_here_handles_is_visible_not_dropped(database: Db) -> None:
    runner = a_runner(database)
    runner.apply(bodies(an_event("case.unassigned", status="unassigned", reasons=[])))
    assert [d["state"] for d in runner.set_aside.listed()] == ["dead"]


def test_a_message_refused_by_a_rule_is_settled_without_a_trace(database: Db) -> None:
    runner = a_runner(database)
    runner.apply(bodies(an_event(fault="rule")))
    assert database.counters.count_documents({}) == 0
    assert list(runner.set_aside.listed()) == []


def test_a_passing_fault_is_tried_again_until_the_tries_end_then_waits_for_an_operator(
    database: Db,
) -> None:
    runner = a_runner(database, tries=3)
    event = an_event(fault="passing")
    runner.apply(bodies(event))
    seen = []
    for _ in range(2):
        (kept,) = runner.set_aside.listed()
        seen.append((kept["state"], kept["attempts"]))
        assert runner.set_aside.claim_due() is None  # backs off first
        make_due(database)
        claimed = runner.set_aside.claim_due()
        assert claimed is not None
        assert not runner.apply_again(claimed.body)
    (kept,) = runner.set_aside.listed()
    assert [*seen, (kept["state"], kept["attempts"])] == [
        ("waiting", 1),
        ("waiting", 2),
        ("dead", 3),
    ]


def test_a_replayed_message_is_applied_once_its_cause_is_mended(database: Db) -> None:
    healthy = False

    def mended_later(event: Event, state: State | None, at: datetime) -> Decision:
        if not healthy:
            raise ValueError
        return count_up(event, state, at)

    runner = a_runner(database, Deciding("counters", mended_later))
    event = an_event()
    runner.apply(bodies(event))
    healthy = True
    assert runner.set_aside.replay() == 1
    claimed = runner.set_aside.claim_due()
    assert claimed is not None
    assert runner.apply_again(claimed.body)
    runner.set_aside.forget(claimed.id)
    assert list(runner.set_aside.listed()) == []
    assert database.counters.count_documents({"number": 1}) == 1


def test_a_decision_of_nothing_writes_nothing(database: Db) -> None:
    runner = a_runner(database, Deciding("counters", lambda *_: NOTHING))
    runner.apply(bodies(an_event()))
    assert database.counters.count_documents({}) == 0


def test_projections_give_the_same_document_in_any_order_and_number(database: Db) -> None:
    def project(event: Event) -> list[Upsert]:
        return [Upsert(event.subject, {f"entries.{event.sequence:03d}": event.data["mark"]})]

    events = [an_event(sequence=n, mark=f"n{n}") for n in range(1, 6)]
    runner = a_runner(database, Projecting("views", project))
    runner.apply(bodies(*reversed(events), events[2]))
    runner.apply(bodies(*events))
    view = database.views.find_one({})
    assert view is not None
    assert view["entries"] == {f"{n:03d}": f"n{n}" for n in range(1, 6)}


def test_concurrent_workers_never_lose_or_double_an_update(database: Db) -> None:
    events = [an_event(serial=f"s{n % 4}", sequence=n) for n in range(120)]
    faults: list[BaseException] = []

    def work(mine: list[Event]) -> None:
        try:
            runner = a_runner(database)
            for start in range(0, len(mine), 5):
                runner.apply(bodies(*mine[start : start + 5]))
        except BaseException as error:
            faults.append(error)

    # every message reaches two workers, as after a lost connection
    threads = [
        threading.Thread(target=work, args=(events[part::3] + events[(part + 1) % 3 :: 3],))
        for part in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    runner = a_runner(database, tries=100)
    for _ in range(200):
        make_due(database)
        claimed = runner.set_aside.claim_due()
        if claimed is None:
            break
        if runner.apply_again(claimed.body):
            runner.set_aside.forget(claimed.id)
    assert faults == []
    assert list(runner.set_aside.listed()) == []
    documents = list(database.counters.find())
    assert sum(d["number"] for d in documents) == 120
    assert sorted(i for d in documents for i in d["history"]) == sorted(e.id for e in events)
    for document in documents:
        assert [int(e["sequence"]) for e in document["outbox"]] == list(range(1, 31))


def test_an_event_that_lacks_a_promised_field_is_set_aside_naming_it(database: Db) -> None:
    runner = a_runner(database)
    event = an_event(note="no withdrawn_at")
    runner.apply(bodies(event))
    (kept,) = runner.set_aside.listed()
    assert (kept["state"], kept["reason"]) == ("dead", "unreadable_event: without withdrawn_at")


@pytest.mark.parametrize("tries", [1, 8])
def test_an_unreadable_body_never_waits_for_another_try(database: Db, tries: int) -> None:
    runner = a_runner(database, tries=tries)
    runner.apply([b"{}", b"[]", b'{"type": "org.example.v1"}'])
    assert {d["state"] for d in runner.set_aside.listed()} == {"dead"}


def make_due(database: Db) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    database.set_aside.update_many({"state": "waiting"}, {"$set": {"next_attempt_at": past}})


def test_projections_are_written_beside_first_while_a_rebuild_is_open(database: Db) -> None:
    order: list[str] = []

    class Noted(CommandListener):
        def started(self, event: CommandStartedEvent) -> None:
            if event.command_name == "insert":
                order.append(event.command["insert"])

        def succeeded(self, event: Any) -> None: ...
        def failed(self, event: Any) -> None: ...

    table = {
        "application.withdrawn": [Projecting("views", lambda e: [Upsert(e.subject, {"a": 1})])]
    }
    beside: dict[str, str] = {}
    host, port = database.client.address or ("", 0)
    with MongoClient(host, port, event_listeners=[Noted()], directConnection=True) as client:
        runner = Runner("test", client[database.name], table, 3, lambda: beside)
        runner.apply(bodies(an_event(serial="before")))
        beside["views"] = "views_rebuild"
        runner.apply(bodies(an_event(serial="meanwhile")))
    assert order == ["views", "views_rebuild", "views"]
    assert [d["_id"] for d in database.views_rebuild.find()] == ["meanwhile"]
    assert database.views.count_documents({}) == 2
