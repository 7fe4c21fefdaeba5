"""How long to wait before the next try: growing, bounded, and never two processes in step."""

from __future__ import annotations

import random


def pause(failures: int, *, first: float, longest: float) -> float:
    """Seconds to wait after so many failures in a row (from 1): doubled each time from `first` to
    at most `longest`, with jitter over the upper half.
    """
    most = min(longest, first * 2.0 ** min(failures - 1, 60))
    return jittered(most)


def jittered(seconds: float) -> float:
    """Somewhere in the upper half of so many seconds."""
    return random.uniform(seconds / 2, seconds)  # noqa: S311 - spreads load, keeps no secret
