"""Whether this process has been told to stop: whoever holds a request open ends it then.

A web server stops by waiting for the requests under way, up to a limit; one that is meant to last
minutes would use that up. The server says how it can be seen (`deploy/gunicorn.conf.py`); where
nobody said, nothing stops.
"""

from __future__ import annotations

from collections.abc import Callable

_sources: list[Callable[[], bool]] = []


def seen_by(source: Callable[[], bool]) -> None:
    """Let this answer for the process; it is asked often and from any thread."""
    _sources[:] = [source]


def is_stopping() -> bool:
    return any(source() for source in _sources)
