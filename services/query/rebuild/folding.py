"""Messages of a replay become documents of the shadow collections; in a process of its own.

The events go through the same HANDLERS and the same writes as live ones, all events of the messages
together: of what they tell of a case the whole becomes one insert. Doing it twice changes nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from services.query.handlers import HANDLERS
from services.query.rebuild.opening import SHADOWS
from services.query.settings import QuerySettings
from shared import log
from shared.backoff import pause
from shared.contracts.envelope import from_document
from shared.decision import Write
from shared.errors import BackendAway
from shared.projection import write_all
from shared.store import backend_errors, connect

if TYPE_CHECKING:
    from pymongo.database import Database

Document = dict[str, Any]

PROCESSES: Final = len(os.sched_getaffinity(0))

_TRIES = 7
"""Tries of a message while the database is away (some 12 s)."""


class _Process:
    """What a folding process holds."""

    database: Database[Document]


def processes(settings: QuerySettings) -> ProcessPoolExecutor:
    """One for each core; they end with the process that starts them."""
    return ProcessPoolExecutor(
        PROCESSES,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(settings,),
    )


def use(database: Database[Document]) -> None:
    """What this process folds into."""
    _Process.database = database


def _begin(settings: QuerySettings) -> None:
    log.configure(replace(settings, log_level="WARNING"), "query", "rebuild")
    use(connect(settings, "query"))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def fold(bodies: Sequence[bytes]) -> Sequence[str]:
    """Durable when it returns, with the events that could not be applied; BackendAway if the
    database stays away."""
    events = [event for body in bodies for event in orjson.loads(body.partition(b"\n")[2])]
    projected, faults = writes(events)
    for attempt in range(1, _TRIES + 1):
        try:
            with backend_errors():
                for collection, its_writes in projected.items():
                    write_all(_Process.database[SHADOWS[collection]], its_writes)
            break
        except BackendAway:
            if attempt == _TRIES:
                raise
            time.sleep(pause(attempt, first=0.2, longest=5))
    return faults


def writes(
    told: Iterable[Mapping[str, Any]],
) -> tuple[Mapping[str, Sequence[Write]], Sequence[str]]:
    """What the events set, by read model; and which of them cannot be applied, and why."""
    projected: dict[str, list[Write]] = defaultdict(list)
    faults: list[str] = []
    for document in told:
        try:
            event = from_document(document)
            for handler in HANDLERS.get(event.name, ()):
                projected[handler.collection] += handler.project(event)
        except Exception as error:  # noqa: BLE001 - one event, whatever it is: the rest is built
            faults.append(f"{document.get('id')} ({document.get('type')}): {type(error).__name__}")
    return projected, faults
