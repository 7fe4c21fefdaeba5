"""How long read models of many cases take to be rebuilt, by the command and the owners' workers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

import orjson
from pymongo import MongoClient

from deploy.local.backends import LocalMongo, LocalRabbit
from shared import serial
from shared.contracts.envelope import new_id
from shared.history import data_hash, link_hash
from shared.store import Document
from shared.told import told_key, told_name
from tests.benchmarks.figures import Figure
from tests.benchmarks.stand import ROOT, Stand, process_environment, wait_for_management
from tests.builders.events import a_submission
from tests.builders.histories import CONSENTED, EXAMINED, HANDED, OF_APPLICATION, a_history

CASES: Final = 30_000
MILLION: Final = 1_000_000
WAITS: Final = 3.0
"""Seconds in which the command only waits for workers to know, however many cases there are."""

PREFIX: Final = "bench_rebuild_"
OWNERS: Final = ("intake", "routing")
_PORTION: Final = 5_000
_TOLD_AGAIN: Final = re.compile(r"told again: ([\d,]+) events .* in ([\d.]+) s")
_DONE: Final = re.compile(r"rebuild: done in ([\d.]+) s")


def measure(stand: Stand, cases: int = CASES) -> Iterator[Figure]:
    """Minutes for a million cases of six events: as far as `cases` of them tell."""
    with on_all_cores(stand) as free:
        yield from rebuilding(free, cases)


@contextmanager
def on_all_cores(stand: Stand) -> Iterator[Stand]:
    """Back-ends that no core is given to: here everything is what is measured."""
    folder = stand.folder / "rebuild"
    with (
        LocalMongo(folder / "mongo") as mongo,
        LocalRabbit(folder / "rabbit") as rabbit,
        MongoClient[Document](mongo.url, tz_aware=True) as client,
    ):
        wait_for_management(rabbit.management_url)
        management = rabbit.management_url
        yield Stand(folder, mongo.url, rabbit.url, management, client, stand.keys)
        rabbit.kill()


def rebuilding(stand: Stand, cases: int) -> Iterator[Figure]:
    environment = stand.environment(PREFIX)
    with stand.vhost() as url:
        environment |= {"TIAOJIE_AMQP_URL": url, "TIAOJIE_LOG_LEVEL": "ERROR"}
        for service in (*OWNERS, "query"):
            stand.run(["-m", f"services.{service}", "provision"], environment)
        events = fill(stand, cases)
        workers = [
            started([f"services.{service}", "worker"], environment)
            for service in (*OWNERS, "query")
        ]
        try:
            for said in ("of dropped read models", "beside those that serve"):
                answer = rebuilt(environment)
                if stand.client[f"{PREFIX}query"]["progress"].estimated_document_count() != cases:
                    raise RuntimeError(f"not every case was rebuilt: {answer}")
                yield figure(said, answer, cases, events)
        finally:
            for worker in workers:
                worker.terminate()
                worker.wait(30)


def figure(said: str, answer: str, cases: int, events: int) -> Figure:
    told, seconds = found(_TOLD_AGAIN, answer)
    [whole] = found(_DONE, answer)
    return Figure(
        f"rebuild of a million cases {said}",
        ((whole - WAITS) * MILLION / cases + WAITS) / 60,
        "min",
        at_most=10.0,
        note=f"{cases:,} cases, {events:,} events in {whole:.1f} s; "
        f"told and applied {told / seconds:,.0f} events/s",
    )


def found(pattern: re.Pattern[str], text: str) -> list[float]:
    match = pattern.search(text)
    if match is None:
        raise RuntimeError(text)
    return [float(number.replace(",", "")) for number in match.groups()]


def rebuilt(environment: Mapping[str, str]) -> str:
    command = started(["services.query", "rebuild"], environment, stdout=subprocess.PIPE)
    answer, _ = command.communicate(timeout=3600)
    if command.returncode:
        raise RuntimeError(answer.decode())
    return str(answer.decode())


def started(
    arguments: Sequence[str], environment: Mapping[str, str], stdout: int | None = None
) -> subprocess.Popen[bytes]:
    """A program on all cores, as in production."""
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env={**process_environment(), **environment},
        cwd=ROOT,
        stdout=stdout,
    )


def fill(stand: Stand, cases: int) -> int:
    """What intake and routing would have kept of so many cases; the number of events."""
    stories = lives(cases)
    events = 0
    while portion := list(islice(stories, _PORTION)):
        for owner, collection, wanted in (
            ("intake", "applications", "application."),
            ("routing", "cases", "case."),
        ):
            kept = [
                {"_id": told_key(event), "event": orjson.dumps(event).decode()}
                for story in portion
                for event in story
                if event["type"].startswith(f"cn.tiaojie.{wanted}")
            ]
            stand.client[f"{PREFIX}{owner}"][told_name(collection)].insert_many(kept, ordered=False)
            events += len(kept)
    return events


def lives(cases: int) -> Iterator[list[Document]]:
    """Events of cases with new numbers, linked: an application, handed on, examined, consent."""
    steps = (*HANDED, EXAMINED[0], CONSENTED[0])
    submission = a_submission(contacts="x" * 800)
    story = [
        event.to_document()
        for event in a_history(steps, OF_APPLICATION[2:3], submission=submission)
    ]
    hashes = [data_hash(event["data"]) for event in story]
    for _ in range(cases):
        yield retold(story, hashes, serial.draw(2026))


def retold(
    story: Sequence[Mapping[str, Any]], hashes: Sequence[str], number: str
) -> list[Document]:
    """The same events of another case: of the application first, of the case after its first."""
    events: list[Document] = []
    for event, hashed in zip(story, hashes, strict=True):
        of_case = event["type"].startswith("cn.tiaojie.case.")
        starts = of_case and event["sequence"] == "1"
        previous = "" if not events else events[0]["hash"] if starts else events[-1]["hash"]
        told = {**event, "id": new_id(), "subject": number, "previoushash": previous}
        told["hash"] = link_hash(told, hashed, previous)
        events.append(told)
    return events


def main() -> None:
    """`python -m tests.benchmarks.rebuild CASES`: with as many as asked for."""
    from tests.benchmarks.figures import table
    from tests.benchmarks.stand import stand

    with stand() as ready:
        print(table(list(measure(ready, int(sys.argv[1])))))  # noqa: T201 - its answer
    print(f"load {os.getloadavg()[0]:.1f}")  # noqa: T201


if __name__ == "__main__":
    main()
