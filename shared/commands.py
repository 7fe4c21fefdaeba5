"""Commands that people give over HTTP, carried out like messages: read, decide, one guarded write."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from shared.backoff import pause
from shared.contracts.envelope import Trace
from shared.decision import Decision, State
from shared.errors import Refused, Transient
from shared.store import Aggregates, VersionConflict, changed

Document = dict[str, Any]
Decide = Callable[[State, datetime], Decision]
TRIES = 8


def carry_out(
    aggregates: Aggregates,
    key: str,
    decide: Decide,
    *,
    source: str,
    trace: Trace,
    expected_version: int | None = None,
) -> Document:
    """Apply a decision to an aggregate and return the document after it.

    With `expected_version` (If-Match) a change by somebody else is refused with the version there
    is now (412); without it the command is decided anew on what they left. Refused("not_found")
    for an unknown aggregate; whatever `decide` refuses is refused, and nothing is changed then.
    """
    for attempt in range(1, TRIES + 1):
        document = aggregates.read(key)
        if document is None:
            raise Refused("not_found")
        if expected_version is not None and document["version"] != expected_version:
            raise Refused("version_conflict", extra={"current_version": document["version"]})
        at = datetime.now(UTC)
        decision = decide(document, at)
        if decision.is_nothing:
            return document
        after, update = changed(document, decision, source=source, at=at, trace=trace)
        try:
            aggregates.replace(document, update)
        except VersionConflict:
            time.sleep(pause(attempt, first=0.002, longest=0.2))
            continue
        return after
    raise Transient("contended", retry_after=1)
