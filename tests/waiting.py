"""What other processes and threads bring about is waited for, never slept for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def eventually(ask: Callable[[], Any], seconds: float = 30.0, pause: float = 0.02) -> Any:
    """The first truthy answer; AssertionError if there is none in so many seconds."""
    ends = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(pause)
    return answer
