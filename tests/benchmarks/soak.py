"""A long run at a steady rate: nothing may grow that does not fall again.

Growth is judged on the second half, when every cache is warm: the memory that a process gains
there, its open files, and the documents whose events wait for the relay.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.figures import Figure
from tests.benchmarks.stand import Stand, children, resident
from tests.benchmarks.visible import running_system, send
from tests.system import System

PER_SECOND = 20
MINUTES = 10.0
SAMPLE_SECONDS = 2.0
GROWTH_MIB, GROWTH_FILES, WAITING = 5.0, 4, 100
OUTBOXES = (("intake", "applications"), ("routing", "cases"))


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a process: when (seconds), resident MiB, open files."""

    at: float
    memory: float
    files: int


def measure(stand: Stand, minutes: float = MINUTES) -> Iterator[Figure]:
    """20 applications/s for so many minutes over the whole system."""
    with running_system(stand) as system:
        pids = {name: last_child(p.pid) for name, p in system.processes.items()}
        samples: dict[str, list[Sample]] = {name: [] for name in pids}
        depths: list[int] = []
        stopping = threading.Event()

        def look() -> None:
            while not stopping.wait(SAMPLE_SECONDS):
                for name, pid in pids.items():
                    samples[name].append(Sample(time.monotonic(), resident(pid), files(pid)))
                depths.append(depth(stand, system))

        watcher = threading.Thread(target=look, daemon=True)
        watcher.start()
        sent = len(send(system, PER_SECOND, minutes * 60))
        stopping.set()
        watcher.join()
    for name, seen in samples.items():
        half = seen[len(seen) // 2 :]
        begins, ends = edges([s.memory for s in half])
        note = f"{seen[0].memory:.0f} → {seen[-1].memory:.0f} MiB, {slope(half):+.1f} MiB/h"
        yield Figure(f"soak memory {name}", ends - begins, "MiB", at_most=GROWTH_MIB, note=note)
        first, last = edges([float(s.files) for s in half])
        note = f"{seen[0].files} → {seen[-1].files}"
        yield Figure(f"soak open files {name}", last - first, "", at_most=GROWTH_FILES, note=note)
    note = f"at most {max(depths)}; {sent} applications in {minutes:g} min"
    yield Figure("soak outbox at the end", depths[-1], "", at_most=WAITING, note=note)


def last_child(pid: int) -> int:
    """The process that works: gunicorn's worker, or the process itself."""
    return (children(pid) or [pid])[-1]


def files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def depth(stand: Stand, system: System) -> int:
    """Documents with unpublished events."""
    waiting = {"pending": {"$exists": True}}
    return sum(
        stand.client[f"{system.prefix}{service}"][name].count_documents(waiting)
        for service, name in OUTBOXES
    )


def edges(values: Sequence[float]) -> tuple[float, float]:
    """Medians of the first and the last fifth."""
    fifth = max(1, len(values) // 5)
    return statistics.median(values[:fifth]), statistics.median(values[-fifth:])


def slope(samples: Sequence[Sample]) -> float:
    """MiB an hour, least squares."""
    found = statistics.linear_regression([s.at for s in samples], [s.memory for s in samples])
    return found.slope * 3600
