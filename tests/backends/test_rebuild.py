"""Read models are dropped and rebuilt while serving, from what their owners tell again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from services.query.handlers import HANDLERS
from services.query.rebuild import building, command, folding, opening, passing
from services.query.rebuild.opening import SHADOWS, Rebuilds, Shadows
from services.query.store import ReadModels, index_progress
from shared import serial
from shared.errors import BackendAway
from tests.builders.histories import a_history
from tests.rebuilding import Services, events_of, services, writing
from tests.web import Web, problem


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers look for an open rebuild ten times as often as they do."""
    for module in (opening, command):
        monkeypatch.setattr(module, "KNOWN_SECONDS", 0.1)
    monkeypatch.setattr(command, "_MARGIN_SECONDS", 0.1)
    monkeypatch.setattr(passing, "LOOK_SECONDS", 0.05)


@pytest.fixture
def three(mongo_url: str, vhost_url: str, tmp_path: Path) -> Iterator[Services]:
    with services(mongo_url, vhost_url, tmp_path) as found:
        yield found


def carried_out(three: Services, purpose: str) -> bool:
    """As the command does it, with threads for its processes."""
    folding.use(three.query)
    with ThreadPoolExecutor(2) as pool:
        return command.carry_out(three.query, three.settings.amqp_url, pool, purpose)


def numbers(count: int) -> list[str]:
    return [serial.draw(2026) for _ in range(count)]


def test_dropped_read_models_are_rebuilt_as_they_were_and_twice_is_the_same(
    three: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    events = three.tell(numbers(40))
    three.register("org-1")
    three.wait_for(events, entries=1)
    before = three.models()
    indexes = three.query["progress"].index_information()
    for name in SHADOWS:
        three.query[name].drop()

    assert carried_out(three, "rebuild")
    assert three.models() == before
    assert three.query["progress"].index_information() == indexes
    assert carried_out(three, "rebuild")
    assert three.models() == before
    assert not set(SHADOWS.values()) & set(three.query.list_collection_names())
    assert Rebuilds(three.query).opened() is None
    assert f"told again: {events + 1:,} events" in capsys.readouterr().out


def test_what_is_told_while_a_rebuild_runs_is_there_after_it(three: Services) -> None:
    events = three.tell(numbers(40))
    with writing(three, numbers(10_000)) as told:
        carried_out(three, "rebuild")
    three.wait_for(events + sum(told))
    assert len(told) > 20
    links = [link for d in three.query["progress"].find() for link in d["history"].values()]
    assert all(link["verified"] for link in links)
    assert carried_out(three, "check")


def test_what_is_told_between_the_last_look_and_the_exchange_is_not_lost(
    three: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = three.tell(numbers(3))
    three.wait_for(events)
    look, late = command.carry_over, numbers(2)

    def look_and_be_late(database: Any, collection: str, opened_at: Any) -> Any:
        found = look(database, collection, opened_at)
        if collection == "progress":
            three.wait_for(events + three.tell(late))
        return found

    monkeypatch.setattr(command, "carry_over", look_and_be_late)
    carried_out(three, "rebuild")
    assert set(late) <= three.models()["progress"].keys()
    assert carried_out(three, "check")


def test_a_check_tells_what_differs_and_what_the_source_lacks_and_changes_nothing(
    three: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    changed, unknown, gone, torn, *others = numbers(12)
    three.wait_for(three.tell([changed, gone, torn, *others]))
    progress = three.query["progress"]
    progress.update_one({"_id": changed}, {"$set": {"category": "planted"}})
    progress.delete_one({"_id": gone})
    progress.insert_one({"_id": unknown, "history": {}})
    three.routing["cases_told"].delete_one({"_id": f"{torn}-000002"})
    before = three.models()

    assert not carried_out(three, "check")
    told = capsys.readouterr().out
    assert "progress: 12 documents compared, 4 differ" in told
    assert f"{changed}: category is different" in told
    assert f"{gone}: missing in the read model" in told
    assert f"{unknown}: told by nobody" in told
    assert f"{torn}: history.case-000002 is only in the read model" in told
    assert f"{torn}: case event 2" in told
    assert three.models() == before


def test_what_no_owner_tells_again_is_carried_over_and_said(
    three: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    old, half, *others = numbers(10)
    three.wait_for(three.tell([old, half, *others]))
    before = three.models()
    three.intake["applications_told"].delete_many({"_id": {"$regex": f"^({old}|{half})-"}})
    three.routing["cases_told"].delete_many({"_id": {"$regex": f"^{old}-"}})

    assert carried_out(three, "rebuild")
    assert three.models() == before
    told = capsys.readouterr().out
    assert "2 carried over" in told
    assert f"{half}: application-000001" in told


def test_a_rebuild_that_was_broken_off_is_gone_on_with(
    three: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    events = three.tell(numbers(60))
    three.wait_for(events)
    before = three.models()
    three.query["progress"].drop()

    class Broken(Exception):
        pass

    def heard(*_: Any) -> None:
        raise Broken

    with monkeypatch.context() as broken:
        broken.setattr(building.Built, "hear", heard)
        with pytest.raises(Broken):
            carried_out(three, "rebuild")
    assert Rebuilds(three.query).opened() is not None
    late = three.tell(numbers(1))
    assert carried_out(three, "rebuild")
    assert "going on with the rebuild" in capsys.readouterr().out
    three.wait_for(events + late)
    assert before["progress"].items() <= three.models()["progress"].items()
    assert events_of(three.query["progress"]) == events + late


def test_one_that_was_killed_right_after_an_exchange_is_gone_on_with(
    three: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    events = three.tell(numbers(20))
    three.wait_for(events)
    before = three.models()

    class Killed(Exception):
        pass

    carry_over = command.carry_over

    def killed(database: Database[dict[str, Any]], collection: str, opened_at: datetime) -> Any:
        if collection == "organisations":  # after progress was exchanged
            raise Killed
        return carry_over(database, collection, opened_at)

    with monkeypatch.context() as dying:
        dying.setattr(command, "carry_over", killed)
        with pytest.raises(Killed):
            carried_out(three, "rebuild")
    capsys.readouterr()
    three.wait_for(events + three.tell(late := numbers(1)))
    assert carried_out(three, "rebuild")
    assert "nobody told again" not in capsys.readouterr().out
    assert before["progress"].items() <= three.models()["progress"].items()
    assert three.query["progress"].find_one({"_id": late[0]}) is not None


def test_a_check_does_not_give_an_unfinished_rebuild_up(
    database: Database[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    rebuilds = Rebuilds(database)
    command._opened(database, rebuilds, "rebuild")
    with pytest.raises(SystemExit) as ended:
        command._opened(database, rebuilds, "check")
    assert ended.value.code == 2
    assert "--abandon" in capsys.readouterr().err
    assert rebuilds.opened() is not None


def test_an_event_that_cannot_be_applied_is_told_and_ends_with_a_status(
    three: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    three.wait_for(three.tell(numbers(5)))
    hear = building.Built.hear

    def a_fault(built: building.Built, message: Any) -> None:
        hear(built, message)
        built.faults[:] = ["2634626885086477: case event 2: ValidationError"]

    monkeypatch.setattr(building.Built, "hear", a_fault)
    assert not carried_out(three, "rebuild")
    assert "1 events could not be applied" in capsys.readouterr().out


def test_whoever_lost_the_lease_ends(
    database: Database[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "_LEASE", timedelta(seconds=0.2))
    monkeypatch.setattr(command, "_RENEWED_SECONDS", 0.05)
    far = datetime.now(UTC) + timedelta(hours=1)

    def until_it_is_lost() -> None:
        with command._alone(database) as held:
            assert held
            database["leases"].update_one({}, {"$set": {"holder": "x", "until": far}})
            time.sleep(20)

    with pytest.raises(SystemExit) as ended:
        until_it_is_lost()
    assert ended.value.code == 2
    assert "another process has taken over" in capsys.readouterr().err
    assert database["leases"].find_one({"_id": "rebuild", "holder": "x"}) is not None


def test_an_abandoned_rebuild_is_closed_and_leaves_nothing_behind(
    database: Database[dict[str, Any]],
) -> None:
    rebuilds, shadows = Rebuilds(database), Shadows(database)
    command._opened(database, rebuilds, "rebuild")
    assert shadows() == SHADOWS
    command._abandon(database, rebuilds)
    time.sleep(2 * opening.KNOWN_SECONDS)
    assert shadows() == {}
    assert not set(SHADOWS.values()) & set(database.list_collection_names())
    [kept] = rebuilds.collection.find()
    assert (kept["open"], kept["outcome"]) == (False, "abandoned")


def test_reads_go_on_while_rebuilt_collections_take_the_place_of_those_that_serve(
    database: Database[dict[str, Any]],
) -> None:
    known = numbers(300)
    documents = [
        {"_id": n, "holder_hashes": ["h"], "steps": {}, "padding": "x" * 9000} for n in known
    ]
    models = ReadModels(database)
    stopping, failed = threading.Event(), list[BaseException]()

    def read() -> None:
        while not stopping.is_set():
            try:
                assert len(models.of_party("h", None, 100)) == 100
                assert None not in models._find_many(known)
            except BaseException as error:
                failed.append(error)

    database["progress"].insert_many(documents)
    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(8):
        database["progress_rebuild"].insert_many(documents)
        index_progress(database["progress_rebuild"])
        database["progress_rebuild"].rename("progress", dropTarget=True)
    stopping.set()
    reader.join()
    assert failed == []


def test_a_dropped_read_model_is_answered_as_unknown_or_not_available(query: Web) -> None:
    number = numbers(1)[0]
    query.runner(HANDLERS).apply([event.to_json() for event in a_history(number=number)])
    query.database["progress"].drop()
    problem(query.call("GET", f"/v1/progress/{number}"), 404, "not_found")
    later = a_history(number=number)[-1]  # a worker makes the collection anew, without its indexes
    query.runner(HANDLERS).apply([later.to_json()])
    problem(query.call("GET", f"/v1/progress/{number}"), 404, "not_found")
    with pytest.raises(BackendAway):
        list(ReadModels(query.database).counted([{"$match": {"facts.month": "2026-11"}}]))
