"""kill -9 at random moments, and a supervisor that starts again what died."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Sequence

from tests.system import System

WORKERS = ("intake-worker-0", "routing-worker-0", "query-worker-0", "notify-worker-0")
WEB = "intake-web"


def start_again(system: System, name: str) -> None:
    service, role, *number = name.split("-")
    if role == "web":
        system.start_web(service)
    elif role == "dispatcher":
        system.start_dispatcher(int(number[0]))
    else:
        system.start_worker(service, int(number[0]))


def kill_and_start_again(system: System, name: str) -> None:
    system.kill(name)
    start_again(system, name)


def keep_killing(
    system: System, names: Sequence[str], *, each: int, pause: tuple[float, float]
) -> Counter[str]:
    """Kill each of the processes `each` times in random order, `pause` seconds between two kills;
    how often each was killed."""
    order = [name for name in names for _ in range(each)]
    random.shuffle(order)
    kills: Counter[str] = Counter()
    for name in order:
        time.sleep(random.uniform(*pause))
        kill_and_start_again(system, name)
        kills[name] += 1
    return kills


def ask_to_stop(system: System, name: str, seconds: float) -> tuple[int, float]:
    """SIGTERM; the exit status and how long it took. The process is gone afterwards."""
    process = system.processes.pop(name)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    return process.wait(seconds), time.monotonic() - began
