"""How far a long step has come, on standard error: a bar for a person, a line now and then for a log."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def bar(title: str, unit: str, steps: Iterable[Any] | None = None, total: int | None = None) -> Any:
    """Over `steps`, or to be told of each."""
    return tqdm(
        steps,
        desc=title,
        unit=f" {unit}",
        unit_scale=True,
        total=total,
        smoothing=0.05,
        mininterval=0.2 if sys.stderr.isatty() else 10,
    )
