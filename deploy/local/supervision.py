"""One supervisor (supervisord) over all processes: its configuration, and talking to it.

It starts what has `autostart` at once and the rest when told, restarts whatever dies, and stops in
the reverse order of rank, each rank only when the one above it has ended.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
import xmlrpc.client
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from deploy.local.failures import LocalFailure
from deploy.local.programs import Program

RUN_MARK = "TIAOJIE_RUN"
"""Set in the environment of every process of a run, to its data folder: that is how leftovers of
a run that was killed are told from everybody else's processes."""

START_SECONDS = 15.0
STOP_SECONDS = 120.0
RUNNING, FAILING, GIVEN_UP = "RUNNING", "BACKOFF", "FATAL"
FAILED_STARTS = 3
"""A program that failed so often while the system starts will not come up by itself."""


def configuration(programs: Sequence[Program], folder: Path, directory: Path) -> str:
    """supervisord's configuration for these programs, run in `directory`, state in `folder`."""
    socket = folder / "supervisor.sock"
    sections = [
        f"""[supervisord]
nodaemon = true
logfile = {folder / "supervisord.log"}
logfile_maxbytes = 1MB
logfile_backups = 1
pidfile = {folder / "supervisord.pid"}
childlogdir = {folder}
directory = {_escaped(str(directory))}
""",
        f"""[unix_http_server]
file = {socket}
chmod = 0600
""",
        """[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
""",
        f"""[supervisorctl]
serverurl = unix://{socket}
""",
    ]
    ordered = sorted(programs, key=lambda program: program.rank)
    sections += [_section(program) for program in ordered]
    # One group a rank: supervisord stops group after group, the members of one together.
    for rank, members in groupby(ordered, key=lambda program: program.rank):
        names = ",".join(program.name for program in members)
        sections.append(f"[group:{_group(rank)}]\nprograms = {names}\npriority = {rank}\n")
    return "\n".join(sections)


def _group(rank: int) -> str:
    return f"rank{rank:02}"


def _section(program: Program) -> str:
    environment = ",".join(
        f'{name}="{_escaped(value)}"' for name, value in sorted(program.environment.items())
    )
    return f"""[program:{program.name}]
command = {_escaped(shlex.join(program.argv))}
environment = {environment}
priority = {program.rank}
autostart = {str(program.autostart).lower()}
autorestart = true
startsecs = 1
startretries = 100
stopwaitsecs = {program.stop_seconds:.0f}
killasgroup = true
redirect_stderr = true
stdout_logfile = {_escaped(str(program.log))}
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 2
"""


def _escaped(text: str) -> str:
    """supervisord expands %(names)s; a quote would end an environment value."""
    return text.replace("%", "%%")


class Supervisor:
    """A running supervisord and the programs it looks after."""

    def __init__(self, folder: Path, programs: Sequence[Program], directory: Path) -> None:
        self._folder = folder
        self._programs = {program.name: program for program in programs}
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._failed_starts: defaultdict[str, set[int]] = defaultdict(set)

    def start(self, mark: str) -> None:
        """supervisord answers and has begun to start what starts by itself."""
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "supervisord.conf"
        config.touch(mode=0o600)
        config.write_text(configuration([*self._programs.values()], self._folder, self._directory))
        for program in self._programs.values():
            program.log.parent.mkdir(parents=True, exist_ok=True)
        log = self._folder / "supervisord.out"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._directory,
                env={**_without_settings(os.environ), RUN_MARK: mark},
                start_new_session=True,  # Ctrl-C is for us alone; we stop it in order
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.running:
            try:
                self._call("getState")
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise LocalFailure("The supervisor did not start.", log=log)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def begin(self, names: Iterable[str]) -> None:
        """Tell it to start these programs; returns without waiting for them."""
        for name in names:
            self._call("startProcess", self._qualified(name), False)

    def check(self, name: str) -> None:
        """The program runs or may still come up. Raises LocalFailure if it keeps ending."""
        told = self._call("getProcessInfo", self._qualified(name))
        if told["statename"] == FAILING:
            self._failed_starts[name].add(told["start"])
        if told["statename"] == GIVEN_UP or len(self._failed_starts[name]) >= FAILED_STARTS:
            raise LocalFailure(f"{name} ends while it starts.", log=self._programs[name].log)

    def log_of(self, name: str) -> Path:
        return self._programs[name].log

    def starts(self) -> Mapping[str, int]:
        """When each program was last started, seconds since 1970; 0 for never."""
        return {told["name"]: told["start"] for told in self._call("getAllProcessInfo")}

    def stop(self) -> None:
        """Everything ends in order; killed after two minutes. Idempotent."""
        if self._process is None or not self.running:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _qualified(self, name: str) -> str:
        return f"{_group(self._programs[name].rank)}:{name}"

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(serverurl=f"unix://{self._folder / 'supervisor.sock'}")
        with xmlrpc.client.ServerProxy("http://supervisor", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """No process inherits an address of all: each gets its own."""
    private = ("TIAOJIE_MONGO_URL", "TIAOJIE_AMQP_URL", "TIAOJIE_METRICS_DIR")
    return {name: value for name, value in environment.items() if name not in private}
