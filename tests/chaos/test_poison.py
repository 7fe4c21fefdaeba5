"""Messages that cannot be applied end where an operator sees them, and hold up nobody."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared import broker
from shared.broker import DELIVERY_LIMIT, queue_name
from shared.contracts.envelope import Event, new_id
from shared.setaside import DELIVERY_LIMIT_REACHED
from tests.builders.events import an_event
from tests.chaos.applicants import Applicants
from tests.chaos.conftest import Build, Say, Stand
from tests.chaos.crashing_worker import SERVICE
from tests.system import ROOT
from tests.waiting import eventually

INNOCENTS = 300
ID_COLUMN = 5  # of `dead-letters list`: state, tries, date, time, event, id, reason


@pytest.fixture(scope="module")
def stand(build: Build) -> Stand:
    return build(message_tries="2", demo_directory_seed="0")


def listed(stand: Stand, service: str) -> list[str]:
    """The lines of `dead-letters list` without its heading."""
    return stand.system.run(service, "dead-letters", "list").splitlines()[1:]


def a_submission_lacking(field: str, stand: Stand) -> Event:
    """A real submission, as published, of which one field is missing."""
    with Applicants(stand.system, withdrawing=0, threads=0) as applicants:
        applicants.apply()
    (serial,) = applicants.serial_numbers
    real = eventually(lambda: next((e for e in stand.back.tap() if e.subject == serial), None))
    kept = {name: value for name, value in real.data.items() if name != field}
    return dataclasses.replace(real, id=new_id(), subject="2600000000000000", data=kept)


def test_an_unreadable_message_is_set_aside_and_the_next_is_applied(stand: Stand) -> None:
    stand.back.publish("application.submitted.37.01.02", b"\x00not an event")
    with Applicants(stand.system, withdrawing=0, threads=0) as applicants:
        applicants.apply()
    (serial,) = applicants.serial_numbers
    eventually(lambda: stand.back.database("query")["progress"].find_one({"_id": serial}))
    for service in ("routing", "query", "notify"):
        (line,) = eventually(lambda service=service: listed(stand, service))
        assert line.startswith("dead")
        assert line.endswith("unreadable_event: not JSON")
        shown = stand.system.run(service, "dead-letters", "show", line.split()[ID_COLUMN])
        assert "not an event" in shown


def test_a_message_that_breaks_its_handler_is_set_aside_with_the_reason_and_can_be_replayed(
    stand: Stand,
) -> None:
    known = {service: len(listed(stand, service)) for service in ("routing", "query", "notify")}
    broken = a_submission_lacking("division", stand)
    stand.back.publish("application.submitted.37.01.02", broken.to_json())
    for service in ("routing", "query", "notify"):
        eventually(lambda service=service: len(listed(stand, service)) > known[service])
        (line,) = (text for text in listed(stand, service) if broken.id in text)
        assert line.startswith("dead")
        assert "division" in line
        shown = stand.system.run(service, "dead-letters", "show", broken.id)
        assert json.loads(shown)["id"] == broken.id
    assert stand.system.run("routing", "dead-letters", "replay", broken.id).startswith("1 message")
    # the cause is not mended, so it comes back with another try counted
    eventually(lambda: [d for d in stand.back.set_aside() if d["_id"] == broken.id])
    eventually(
        lambda: next(text for text in listed(stand, "routing") if broken.id in text).startswith(
            "dead"
        )
    )


def test_a_message_that_came_too_early_for_all_its_tries_is_applied_when_replayed(
    stand: Stand,
) -> None:
    submission = a_submission_lacking("nothing", stand)
    submission = dataclasses.replace(submission, subject="2611111111111111")
    early = an_event(serial=submission.subject, sequence=2)
    stand.back.publish(early.routing_key, early.to_json())
    eventually(
        lambda: any(early.id in t and t.startswith("dead") for t in listed(stand, "routing"))
    )
    stand.back.publish(submission.routing_key, submission.to_json())
    cases = stand.back.database("routing")["cases"]
    eventually(lambda: cases.find_one({"_id": submission.subject}))
    assert stand.system.run("routing", "dead-letters", "replay", early.id).startswith("1 message")
    eventually(lambda: cases.find_one({"_id": submission.subject, "status": "withdrawn"}))
    eventually(lambda: not any(early.id in text for text in listed(stand, "routing")))


def test_a_message_that_crashes_the_process_again_and_again_ends_aside_alone(
    stand: Stand, say: Say, tmp_path: Path
) -> None:
    stand.system.kill(f"{SERVICE}-worker-0")
    database = stand.back.database(SERVICE)
    database["set_aside"].delete_many({})
    events = [an_event(serial=f"innocent-{n}") for n in range(INNOCENTS)]
    deadly = an_event(serial="deadly", withdrawn_at="2026-11-20T03:00:00Z", reason="crash")
    queued = [*events[: INNOCENTS // 2], deadly, *events[INNOCENTS // 2 :]]
    with stand.back.channel() as channel:
        broker.declare_topology(channel, SERVICE, 200_000)
        channel.confirm_delivery()
        for event in queued:
            channel.basic_publish("", queue_name(SERVICE), event.to_json())

    crashes = crash_until(
        stand, lambda: database["set_aside"].count_documents({"state": "dead"}) > 0, tmp_path
    )
    (kept,) = database["set_aside"].find()
    say(
        f"{crashes} crashes, {database['counters'].count_documents({'times': 1})} others applied once"
    )
    assert kept["_id"] == deadly.id
    assert kept["reason"] == DELIVERY_LIMIT_REACHED
    assert 2 <= crashes <= DELIVERY_LIMIT + 2
    assert database["counters"].count_documents({"times": 1}) == INNOCENTS
    assert database["counters"].count_documents({}) == INNOCENTS


def crash_until(stand: Stand, ended: Any, folder: Path) -> int:
    """Start the crashing worker again and again until `ended`; how often it crashed."""
    crashes = 0
    while crashes < 2 * DELIVERY_LIMIT:
        with (folder / "crashing.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.crashing_worker"],
                env=stand.system.environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        try:
            eventually(lambda process=process: process.poll() is not None or ended(), seconds=60)
            if process.poll() is None:
                process.terminate()
                assert process.wait(30) == 0
                return crashes
        finally:
            process.kill()
            process.wait()
        crashes += 1
    raise AssertionError("it never ended")
