"""A program: one operating-system process, described once for the supervisor and for tests."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class Program:
    """What to run and with what environment; all output goes to `log`.

    `stop_seconds` is the time it gets after SIGTERM before it is killed. `rank` orders starting
    (low first) and stopping (high first).
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    stop_seconds: float = 30.0
    rank: int = 0
    autostart: bool = True


class Process:
    """A started program of its own session; stopping reaches all its children."""

    def __init__(self, program: Program) -> None:
        self.program = program
        program.log.parent.mkdir(parents=True, exist_ok=True)
        with program.log.open("ab") as log:
            self._popen = subprocess.Popen(
                program.argv,
                env={**os.environ, **program.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and all its children; nothing happens if it has ended."""
        if self.running:
            os.killpg(self._popen.pid, number)

    def stop(self) -> None:
        """End the process: SIGTERM, then SIGKILL after `stop_seconds`. Idempotent."""
        if not self.running:
            return
        self._popen.terminate()
        try:
            self._popen.wait(self.program.stop_seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the process and its children at once with SIGKILL, as a crash would."""
        self.send(signal.SIGKILL)
        self._popen.wait()
