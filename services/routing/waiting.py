"""No case waits unseen: how many wait is measured, and operators are warned of those nobody has."""

from __future__ import annotations

import time
from typing import Final

from services.routing.listing import AT_MOST, count
from services.routing.store import Cases
from services.routing.work_list import WAITING, Scope, search
from shared import metrics
from shared.civil_time import today
from shared.log import logger

WARN_SECONDS: Final = 300.0
"""Between two warnings of one worker."""

_EVERYWHERE = Scope({})


class WaitingCases:
    """Sets tiaojie_cases_waiting and logs `cases_unassigned`."""

    def __init__(self, cases: Cases) -> None:
        self._cases = cases
        self._warned_at = float("-inf")

    def measure(self) -> None:
        for kind in WAITING:
            metrics.CASES_WAITING.labels(kind).set(self._count(waiting=kind))
        unassigned = self._count(status="unassigned")
        if unassigned and time.monotonic() - self._warned_at >= WARN_SECONDS:
            self._warned_at = time.monotonic()
            logger().warning("cases_unassigned", count=unassigned)

    def _count(self, **stated: str) -> int:
        return count(self._cases.collection, search(_EVERYWHERE, stated, today()), AT_MOST)
