"""supervisord's configuration, and a real supervisord with small programs."""

from __future__ import annotations

import configparser
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import leftovers
from deploy.local.failures import LocalFailure
from deploy.local.programs import Program
from deploy.local.supervision import Supervisor, configuration
from tests.waiting import eventually


def a_program(folder: Path, name: str, code: str, **changes) -> Program:
    argv = (sys.executable, "-c", code)
    return Program(name=name, argv=argv, log=folder / f"{name}.log", **changes)


def test_values_arrive_as_they_were_whatever_characters_they_have(tmp_path: Path) -> None:
    awkward = "mongodb://u:p%40ss@h/?a=b,c;d {127,0,0,1} 调解"
    program = Program(
        name="web",
        argv=("run", "100%", "two words"),
        log=tmp_path / "l",
        environment={"A": awkward},
    )
    text = configuration([program], tmp_path, tmp_path)
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    section = parser["program:web"]
    assert section["command"].replace("%%", "%") == "run 100% 'two words'"
    assert section["environment"].replace("%%", "%") == f'A="{awkward}"'


def test_groups_follow_rank_so_that_stopping_goes_backwards(tmp_path: Path) -> None:
    programs = [
        a_program(tmp_path, name, "", rank=rank)
        for name, rank in (("web", 30), ("mongod", 2), ("worker", 30), ("gateway", 40))
    ]
    parser = configparser.RawConfigParser()
    parser.read_string(configuration(programs, tmp_path, tmp_path))
    groups = {name: parser[name]["programs"] for name in parser.sections() if "group:" in name}
    assert groups == {
        "group:rank02": "mongod",
        "group:rank30": "web,worker",
        "group:rank40": "gateway",
    }


SLEEPS = "import os, sys, time; print(os.environ['WORD'], flush=True); time.sleep(600)"


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    programs = [
        a_program(tmp_path, "first", SLEEPS, environment={"WORD": "100% a,b"}, rank=1),
        a_program(tmp_path, "later", SLEEPS, environment={"WORD": "x"}, rank=2, autostart=False),
        a_program(tmp_path, "broken", "raise SystemExit('no disk')", rank=2, autostart=False),
    ]
    found = Supervisor(tmp_path / "run", programs, tmp_path)
    found.start(str(tmp_path))
    yield found
    found.stop()
    assert leftovers.find(str(tmp_path)) == ()


def test_what_dies_is_started_again_and_nothing_is_left_at_the_end(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    log = tmp_path / "first.log"
    assert eventually(lambda: log.exists() and log.read_text() == "100% a,b\n")
    time.sleep(1.1)  # it counts as started after one second
    sleepers = [pid for pid in leftovers.find(str(tmp_path)) if "-c" in arguments(pid)]
    os.kill(sleepers[0], signal.SIGKILL)
    assert eventually(lambda: log.read_text() == "100% a,b\n" * 2)


def test_a_program_that_keeps_ending_is_told_with_its_log(supervisor: Supervisor) -> None:
    supervisor.begin(["later", "broken"])

    def told() -> bool:
        try:
            supervisor.check("broken")
        except LocalFailure as failure:
            return "no disk" in str(failure)
        return False

    assert eventually(told)
    supervisor.check("later")


def arguments(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
