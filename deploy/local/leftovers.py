"""Processes of an earlier run that outlived it: found by the mark in their environment."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from deploy.local.supervision import RUN_MARK

STOP_SECONDS = 20.0


def find(mark: str) -> tuple[int, ...]:
    """Ids of this user's processes that carry the mark; never our own."""
    entry = f"{RUN_MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # ended meanwhile, or another user's
            continue
        if entry in environment:
            found.append(int(folder.name))
    return tuple(found)


def end(mark: str) -> int:
    """None of them runs any more; returns how many there were."""
    first = find(mark)
    _signal(first, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while find(mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    _signal(find(mark), signal.SIGKILL)
    return len(first)


def _signal(pids: tuple[int, ...], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
