"""SIGTERM under load: every process ends in time with status 0, and nobody notices."""

from __future__ import annotations

import time

from tests.chaos.applicants import Applicants
from tests.chaos.conftest import Build, Say
from tests.chaos.killing import WEB, WORKERS, ask_to_stop, start_again

ROUNDS = 4
LIMIT_SECONDS = 20.0


def test_processes_asked_to_stop_finish_in_time_and_double_nothing(build: Build, say: Say) -> None:
    stand = build(stop_timeout_seconds=str(LIMIT_SECONDS))
    stops: list[tuple[str, int, float]] = []
    with Applicants(stand.system, rate=40) as applicants:
        time.sleep(2)
        before = stand.back.redelivered()
        for _ in range(ROUNDS):
            for name in (WEB, *WORKERS):
                time.sleep(0.5)
                stops.append((name, *ask_to_stop(stand.system, name, LIMIT_SECONDS + 10)))
                start_again(stand.system, name)
    stand.back.until_quiet(60)
    found = stand.back.examine(
        {key: a.serial_number for key, a in applicants.accepted.items()},
        {a.serial_number for a in applicants.accepted.values() if a.withdrawn},
    )
    slowest = max(seconds for _, _, seconds in stops)
    say(f"stops {len(stops)}, the slowest took {slowest:.1f} s")
    say(f"accepted {len(applicants.accepted)}, retried {applicants.retried}")
    say(f"answers {dict(applicants.answers)}")
    say(f"{found!s}; redelivered by stopping {found.redelivered - before}")
    assert found.kept, str(found)
    assert found.uncertain == 0
    assert [(name, status) for name, status, _ in stops if status] == []
    assert slowest < LIMIT_SECONDS
    assert applicants.faults == []
