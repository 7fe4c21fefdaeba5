"""The log of reads: it only grows, it is there before anything is shown, and mending it shows."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pymongo
import pytest
from pymongo.database import Database
from pymongo.errors import OperationFailure

from deploy.local import mongodb
from deploy.local.backends import LocalMongo
from services.intake.app import SERVICE
from services.intake.audit import Audit, Wanted
from services.intake.settings import IntakeSettings
from shared.asking import Caller, current
from shared.contracts.envelope import Trace, new_id, new_traceparent
from shared.errors import Transient
from shared.sealing import Hasher, new_key
from shared.tokens import Principal

FIRST, SECOND = "2634626885086477", "2695170326718829"
MEDIATOR = Principal("med-1", "mediator", "org-370102")
ADMIN = Principal("admin-1", "platform_admin")
KEY = new_key()
HASHER = Hasher.parse(KEY)

Db = Database[dict[str, Any]]


@pytest.fixture(autouse=True)
def _asking() -> Iterator[None]:
    token = current.set(Caller(None, "zh", "203.0.113.7", Trace(new_traceparent(), new_id())))
    yield
    current.reset(token)


@pytest.fixture
def audit(database: Db) -> Iterator[Audit]:
    log = Audit(database, HASHER)
    log.ensure_indexes()
    yield log
    database.client.drop_database(f"{database.name}_audit")


def entries_of(database: Db) -> Any:
    """The collection itself, as somebody with a password of the database's owner has it."""
    return database.client[f"{database.name}_audit"]["audit"]


def read(audit: Audit, serial: str = FIRST, principal: Principal = MEDIATOR, **more: Any) -> None:
    audit.record(
        principal,
        serial,
        more.get("what", "application"),
        more.get("purpose", "examination"),
        unmasked=more.get("unmasked", False),
    )


def test_a_read_tells_who_read_what_when_and_what_for(audit: Audit) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    read(audit, what="attachments/2", purpose="session", unmasked=True)
    (entry,) = audit.page(Wanted(), 10)
    assert before <= entry["at"] <= datetime.now(UTC)
    assert {name: entry[name] for name in ("subject", "role", "organisation")} == {
        "subject": "med-1",
        "role": "mediator",
        "organisation": "org-370102",
    }
    assert (entry["serial_number"], entry["what"]) == (FIRST, "attachments/2")
    assert (entry["purpose"], entry["unmasked"]) == ("session", True)
    assert entry["correlation_id"] == current.get().trace.correlation_id


def test_pages_go_from_the_newest_to_the_oldest_by_application_reader_and_time(
    audit: Audit,
) -> None:
    for _ in range(3):
        read(audit)
        read(audit, SECOND, ADMIN, purpose="supervision")
    everything = audit.page(Wanted(), 100)
    assert [e["_id"] for e in everything] == sorted((e["_id"] for e in everything), reverse=True)
    assert len(everything) == 6
    first = audit.page(Wanted(), 4)
    rest = audit.page(Wanted(after=first[-1]["_id"]), 4)
    assert [*first, *rest] == everything
    assert {e["serial_number"] for e in audit.page(Wanted(serial_number=SECOND), 9)} == {SECOND}
    assert {e["subject"] for e in audit.page(Wanted(subject="med-1"), 9)} == {"med-1"}
    assert audit.page(Wanted(serial_number=SECOND, subject="med-1"), 9) == []
    middle = everything[2]["at"]
    since = audit.page(Wanted(since=middle), 9)
    until = audit.page(Wanted(until=middle), 9)
    assert [*since, *until] == everything
    assert all(e["at"] >= middle for e in since)
    assert all(e["at"] < middle for e in until)


@pytest.mark.parametrize(
    "query", [{}, {"serial_number": FIRST}, {"subject": "med-1"}], ids=["all", "serial", "subject"]
)
def test_a_page_is_read_from_an_index_in_order(audit: Audit, database: Db, query: Any) -> None:
    for _ in range(3):
        read(audit)
    explained = entries_of(database).find(query).sort("_id", -1).limit(5).explain()
    plan = str(explained["queryPlanner"]["winningPlan"])
    assert "COLLSCAN" not in plan
    assert "'SORT'" not in plan


def test_readers_at_the_same_moment_get_a_place_each(audit: Audit, database: Db) -> None:
    context = current.get()

    def reading() -> None:
        current.set(context)
        for _ in range(5):
            read(audit)

    readers = [threading.Thread(target=reading) for _ in range(6)]
    for each in readers:
        each.start()
    for each in readers:
        each.join(30)
    numbers = sorted(e["number"] for e in entries_of(database).find())
    assert numbers == list(range(1, 31))
    assert list(audit.faults()) == []


def test_taking_out_changing_or_adding_an_entry_shows(audit: Audit, database: Db) -> None:
    for _ in range(4):
        read(audit)
        read(audit, SECOND)
    assert list(audit.faults()) == []
    entries = entries_of(database)
    second = entries.find_one({"serial_number": FIRST, "number": 2})

    entries.delete_one({"_id": second["_id"]})
    assert list(audit.faults()) == [f"{FIRST} entry 3: 1 missing before it"]
    entries.insert_one(second)
    assert list(audit.faults()) == []

    entries.update_one({"_id": second["_id"]}, {"$set": {"subject": "somebody-else"}})
    assert list(audit.faults()) == [f"{FIRST} entry 2: changed"]
    entries.replace_one({"_id": second["_id"]}, second)
    entries.update_one({"_id": second["_id"]}, {"$set": {"at": second["at"] - timedelta(1)}})
    assert list(audit.faults()) == [f"{FIRST} entry 2: changed"]
    entries.replace_one({"_id": second["_id"]}, second)

    forged = {**second, "_id": new_id(), "number": 5, "subject": "framed"}
    entries.insert_one(forged)
    assert list(audit.faults()) == [
        f"{FIRST} entry 5: does not follow the one before",
        f"{FIRST} entry 5: changed",
    ]


def test_a_read_that_cannot_be_written_down_is_none(database: Db) -> None:
    away: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        "mongodb://127.0.0.1:1/", serverSelectionTimeoutMS=200
    )
    with away, pytest.raises(Transient):
        read(Audit(away["intake"], HASHER))


def test_the_operator_is_told_whether_the_log_is_whole(
    audit: Audit, database: Db, capsys: pytest.CaptureFixture[str]
) -> None:
    read(audit)
    read(audit)
    settings = IntakeSettings(
        sealing_keys=f"a:{new_key()}",
        contact_keys=f"c:{new_key()}",
        record_keys=f"r:{new_key()}",
        hashing_key=KEY,
    )
    verify = SERVICE.commands["verify-audit"].run
    with patch("services.intake.app.connect", return_value=database):
        verify(settings, argparse.Namespace())
        assert "whole" in capsys.readouterr().out
        entries_of(database).delete_one({"number": 1})
        with pytest.raises(SystemExit) as ended:
            verify(settings, argparse.Namespace())
    assert ended.value.code == 1
    assert f"{FIRST} entry 2: 1 missing before it" in capsys.readouterr().out


# --- the privileges of the account ---------------------------------------------------------------


@pytest.fixture(scope="module")
def own_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Db]:
    """intake's database as `make run` lets intake sign in to it, on a server that asks for it."""
    folder: Path = tmp_path_factory.mktemp("mongo")
    account = mongodb.Account(
        name="intake", password="p", database="t_intake", logs=("t_intake_audit",)
    )  # fmt: skip
    with LocalMongo(folder, key="a1b2c3d4e5f6") as server:
        for _ in range(2):  # as at each start
            mongodb.make_accounts(server.port, operator=("operator", "o"), accounts=[account])
        url = mongodb.url(server.port, user="intake", password="p")
        with pymongo.MongoClient[dict[str, Any]](url, tz_aware=True) as client:
            yield client["t_intake"]


def test_the_account_of_intake_can_record_and_read(own_account: Db) -> None:
    log = Audit(own_account, HASHER)
    log.ensure_indexes()
    read(log)
    assert [e["number"] for e in log.page(Wanted(), 5)] == [1]
    assert list(log.faults()) == []


@pytest.mark.parametrize(
    "tamper",
    [
        lambda log: log.update_one({}, {"$set": {"subject": "x"}}),
        lambda log: log.replace_one({}, {"subject": "x"}),
        lambda log: log.find_one_and_update({}, {"$unset": {"subject": 1}}),
        lambda log: log.delete_one({}),
        lambda log: log.delete_many({}),
        lambda log: log.drop(),
        lambda log: log.drop_index("chain"),
        lambda log: log.rename("elsewhere"),
        lambda log: log.database.client.drop_database(log.database.name),
        lambda log: log.database.command("collMod", log.name, validator={}),
        lambda log: list(log.aggregate([{"$match": {}}, {"$out": log.name}])),
        lambda log: log.database.client.admin.command(
            "grantRolesToUser", "intake", roles=["root"]
        ),
    ],
    ids=[
        "update", "replace", "find and update", "delete", "delete many", "drop", "drop index",
        "rename", "drop database", "change", "write over", "more rights",
    ],
)  # fmt: skip
def test_the_account_of_intake_can_change_nothing_in_the_log(own_account: Db, tamper: Any) -> None:
    log = own_account.client["t_intake_audit"]["audit"]
    with pytest.raises(OperationFailure) as refused:
        tamper(log)
    assert refused.value.code == 13  # Unauthorized
