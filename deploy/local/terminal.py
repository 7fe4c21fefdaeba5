"""What a person sees: one line a step, with its result and how long it took."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import TextIO

NAME_WIDTH = 22
RESULT_WIDTH = 44
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
GREEN, RED, DIM, BOLD, RESET = "\033[32m", "\033[31m", "\033[2m", "\033[1m", "\033[0m"
ERASE_LINE = "\r\033[2K"
MINUTE = 60


class Step:
    """A step under way; `result` is told when it ends, `note` while it works."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.result = ""
        self.note = ""
        self.began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


class Terminal:
    """Writes steps to a stream: a live line on a terminal, one finished line anywhere else."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stdout
        self.live = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since this terminal was first written to."""
        return time.monotonic() - self.began

    def line(self, text: str = "") -> None:
        print(text, file=self.stream, flush=True)

    def heading(self, text: str) -> None:
        self.line(f"\n  {self._paint(BOLD, text)}\n")

    def faint(self, text: str) -> None:
        """A line that is there for whoever looks for it."""
        self.line(self._paint(DIM, text))

    def error(self, text: str) -> None:
        first, *rest = text.splitlines() or [""]
        self.line(f"\n  {self._paint(RED, first)}")
        for other in rest:
            self.line(f"  {other}")
        self.line()

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Show the step while it works; its end says the result, or that it failed."""
        step = Step(name)
        ended = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(step, ended), daemon=True)
        if self.live:
            ticker.start()
        mark = self._paint(RED, "✗")
        try:
            yield step
            mark = self._paint(GREEN, "✓")
        finally:
            ended.set()
            if self.live:
                ticker.join()
                self.stream.write(ERASE_LINE)
            self.line(f"  {mark} {name:<{NAME_WIDTH}} {step.result:<{RESULT_WIDTH}} {took(step)}")

    def _tick(self, step: Step, ended: threading.Event) -> None:
        frame = 0
        while not ended.wait(0.1):
            symbol = FRAMES[frame % len(FRAMES)]
            note = f"{step.note[:RESULT_WIDTH]:<{RESULT_WIDTH}}"
            line = f"  {symbol} {step.name:<{NAME_WIDTH}} {self._paint(DIM, note)} {took(step)}"
            self.stream.write(ERASE_LINE + line)
            self.stream.flush()
            frame += 1

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{RESET}" if self.live else text


def took(step: Step) -> str:
    """Elapsed time for people: `3.2 s` or `1 min 05 s`."""
    seconds = step.seconds
    if seconds < MINUTE:
        return f"{seconds:5.1f} s"
    return f"{seconds // MINUTE:.0f} min {seconds % MINUTE:02.0f} s"
