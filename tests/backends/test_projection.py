"""Batches of projection writes on a real database: as few operations as will do, the same result."""

from __future__ import annotations

import random
import threading
from typing import Any

from pymongo import UpdateOne
from pymongo.database import Database

from shared.decision import Latest, Upsert
from shared.projection import nested, write_all

Db = Database[dict[str, Any]]


def some_writes(seed: int) -> list[Upsert]:
    drawn = random.Random(seed)
    return [
        Upsert(
            f"case-{drawn.randrange(12)}",
            {f"steps.case-{n:03d}": {"at": n}, "kept": "same"}
            if n % 3
            else {f"steps.a-{n:03d}": n},
        )
        for n in drawn.sample(range(200), 60)
    ]


def test_batches_give_what_single_upserts_give(database: Db) -> None:
    writes = some_writes(seed=7)
    for write in writes:
        database.single.bulk_write([UpdateOne({"_id": write.id}, {"$set": write.set}, upsert=True)])
    for size in (1, 7, 60):
        database.batched.drop()
        for start in range(0, len(writes), size):
            write_all(database.batched, writes[start : start + size])
            write_all(database.batched, reversed(writes[start : start + size]))
        assert contents(database, "batched") == contents(database, "single")


def test_two_processes_that_insert_the_same_documents_lose_nothing(database: Db) -> None:
    writes = some_writes(seed=8)
    for write in writes:
        database.single.bulk_write([UpdateOne({"_id": write.id}, {"$set": write.set}, upsert=True)])
    start = threading.Barrier(4)

    def work(part: int) -> None:
        mine = [w for w in writes if w.id.endswith(tuple("0123456789"))][part::2]
        start.wait()
        for at in range(0, len(mine), 10):
            write_all(database.batched, mine[at : at + 10])

    threads = [threading.Thread(target=work, args=(n % 2,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert contents(database, "batched") == contents(database, "single")


def test_the_latest_document_wins_in_any_order_and_pulls_touch_only_what_is_there(
    database: Db,
) -> None:
    write_all(database.entries, [Latest("o", 2, {"name": "new"}), Latest("o", 1, {"name": "old"})])
    write_all(database.entries, [Latest("o", 1, {"name": "old"})])
    assert database.entries.find_one() == {"_id": "o", "sequence": 2, "name": "new"}

    database.staff.insert_one({"_id": "m", "open": ["a", "b"]})
    gone = [Upsert(key, {}, pull={"open": "a"}, create=False) for key in ("m", "nobody")]
    write_all(database.staff, gone)
    write_all(database.staff, gone)
    assert list(database.staff.find()) == [{"_id": "m", "open": ["b"]}]


def test_a_document_made_in_this_batch_is_also_changed_by_it(database: Db) -> None:
    taken_away = Upsert("c", {}, unset=["draft"], create=False)
    write_all(database.views, [Upsert("c", {"draft": 1, "kept": 2}), taken_away])
    assert list(database.views.find()) == [{"_id": "c", "kept": 2}]


def test_paths_become_the_document_that_setting_them_would_make() -> None:
    assert nested({"a.b": 1, "a.c.d": 2, "e": 3}) == {"a": {"b": 1, "c": {"d": 2}}, "e": 3}


def contents(database: Db, name: str) -> dict[str, Any]:
    return {d["_id"]: d for d in database[name].find()}


def test_the_greatest_and_the_least_stay_in_any_order_and_any_batches(database: Db) -> None:
    drawn = random.Random(9)
    writes = [
        Upsert(
            f"case-{n % 4}",
            {f"steps.{n:03d}": n},
            max={"newest.said": {"sequence": n, "value": None if n % 5 else f"word-{n}"}},
            min={"first.day": 1000 - n * 7 % 60},
        )
        for n in drawn.sample(range(80), 60)
    ]
    write_all(database.once, writes)
    for size in (1, 7):
        drawn.shuffle(writes)
        for start in range(0, len(writes), size):
            write_all(database[f"by_{size}"], writes[start : start + size])
            write_all(database[f"by_{size}"], reversed(writes[start : start + size]))
        assert contents(database, f"by_{size}") == contents(database, "once")
    for case in database.once.find():
        numbers = [w.max["newest.said"]["sequence"] for w in writes if w.id == case["_id"]]
        assert case["newest"]["said"]["sequence"] == max(numbers)
        assert case["first"]["day"] == min(
            w.min["first.day"] for w in writes if w.id == case["_id"]
        )
