"""Failures that a person can mend: what went wrong, and what to do about it."""

from __future__ import annotations

from pathlib import Path

LOG_LINES = 15


class LocalFailure(Exception):
    """Starting failed for a reason a person can act on: `what` happened, the `hint`, a `log`."""

    def __init__(self, what: str, *, hint: str = "", log: Path | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.log = log

    def __str__(self) -> str:
        parts = [self.what]
        if self.log:
            parts.append(f"Log file: {self.log}\n{last_lines(self.log)}")
        if self.hint:
            parts.append(f"What to do: {self.hint}")
        return "\n".join(parts)


def last_lines(log: Path, count: int = LOG_LINES) -> str:
    """The end of a log file, each line indented by four spaces; empty if there is no such file."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in lines[-count:])
