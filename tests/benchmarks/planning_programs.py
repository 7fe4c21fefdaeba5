"""`python -m tests.benchmarks.planning_programs COUNT ROUNDS`: what the planning benchmark runs.

Prints for each round one line of JSON {events, messages, ours, ours_cpu, floor}: seconds that the
worker's runner took over these events, processor seconds of them, and seconds of a bare insert_many
of the same message documents in the same portions.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from services.notify.app import create_worker, provision
from services.notify.domain import Desk
from services.notify.handlers import MESSAGES
from services.notify.people.staff import StaffContacts
from services.notify.settings import NotifySettings
from shared import log
from shared.runner import Runner
from shared.sealing import Keyring
from shared.store import connect
from tests.benchmarks import case_stream

if TYPE_CHECKING:
    from pymongo.database import Database

Document = dict[str, Any]


def main() -> None:
    count, rounds = int(sys.argv[1]), int(sys.argv[2])
    settings = NotifySettings.load()
    log.configure(settings, "notify", "worker")
    database = connect(settings, "notify")
    worker = create_worker(settings)
    runner = Runner("notify", database, worker.handlers, settings.message_tries)
    keyring = Keyring.parse(settings.contact_keys)
    planned(runner, case_stream.events(1_000, keyring, seed=0), settings.batch_messages)
    for number in range(1, rounds + 1):
        fresh(settings, database, keyring)
        told = case_stream.events(count, keyring, seed=number)
        seconds, processor, marks = planned(
            runner, told, settings.batch_messages, database[MESSAGES].estimated_document_count
        )
        if database["set_aside"].count_documents({}):
            raise SystemExit("events were set aside")
        documents = list(database[MESSAGES].find())
        fresh(settings, database, keyring)
        found = {
            "events": len(told),
            "messages": len(documents),
            "ours": seconds,
            "ours_cpu": processor,
            "floor": inserted(database, documents, marks),
        }
        print(orjson.dumps(found).decode(), flush=True)  # noqa: T201 - its answer


def fresh(settings: NotifySettings, database: Database[Document], keyring: Keyring) -> None:
    """Empty collections with their indexes, and every desk's contacts."""
    for name in database.list_collection_names():
        database[name].drop()
    provision(settings)
    staff = StaffContacts(database, keyring)
    at = datetime.now(UTC)
    for number, (organisation, mediators) in enumerate(case_stream.bodies()):
        desks = [Desk(organisation), *(Desk(organisation, mediator) for mediator in mediators)]
        for place, desk in enumerate(desks):
            phone = f"+8613700{number:03}{place:03}"
            staff.put(desk, [{"phone": phone, "email": None, "language": "zh"}], "bench", at)


def planned(
    runner: Runner, told: Sequence[bytes], portion: int, count: Any = None
) -> tuple[float, float, list[int]]:
    """Wall and processor seconds of all events in micro-batches of the worker's size; the number of
    messages there were after each, which is asked outside of the time."""
    seconds = processor = 0.0
    marks: list[int] = []
    for begin in range(0, len(told), portion):
        part = told[begin : begin + portion]
        began, used = time.perf_counter(), time.process_time()
        runner.apply(part)
        seconds += time.perf_counter() - began
        processor += time.process_time() - used
        if count is not None:
            marks.append(count())
    return seconds, processor, marks


def inserted(
    database: Database[Document], documents: Sequence[Document], marks: Sequence[int]
) -> float:
    """Seconds of inserting the same documents in the same portions, as durable."""
    began = time.perf_counter()
    before = 0
    for mark in marks:
        if mark > before:
            database[MESSAGES].insert_many(documents[before:mark], ordered=False)
        before = mark
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
