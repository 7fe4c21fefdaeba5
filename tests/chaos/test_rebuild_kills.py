"""A rebuild under load, killed with -9 as its owners' and its own workers are: nothing is missing."""

from __future__ import annotations

import random
import subprocess
import sys
import time

from tests.chaos.applicants import Applicants
from tests.chaos.conftest import Build, Say, Stand
from tests.chaos.killing import kill_and_start_again
from tests.system import ROOT

KILLS = 6
NAMES = ("intake-worker-0", "routing-worker-0", "query-worker-0")


def test_a_rebuild_that_is_killed_with_its_workers_loses_nothing(build: Build, say: Say) -> None:
    stand = build(smtp_timeout_seconds="1", sms_timeout_seconds="1")
    with Applicants(stand.system, rate=30, threads=6) as applicants:
        time.sleep(10)  # something to tell again
        stand.back.database("query")["progress"].drop()
        for _ in range(KILLS):
            killed_midway(stand)
        told = stand.system.run("query", "rebuild")
    stand.back.until_quiet(240)
    say(told.replace("\n", "; "))
    checked = stand.system.run("query", "rebuild", "--check")
    assert ", 0 differ" in checked, checked
    known = stand.back.database("query")["progress"].distinct("_id")
    assert {a.serial_number for a in applicants.accepted.values()} <= set(known)
    assert applicants.faults == []


def killed_midway(stand: Stand) -> None:
    command = subprocess.Popen(
        [sys.executable, "-m", "services.query", "rebuild"],
        env=stand.system.environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(random.uniform(1, 4))
    kill_and_start_again(stand.system, random.choice(NAMES))
    time.sleep(random.uniform(0, 2))
    command.kill()
    command.wait(10)
