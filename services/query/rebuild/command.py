"""`python -m services.query rebuild [--check | --abandon]`: the whole of it, with a progress bar.

Serving goes on throughout. Whatever ends the command leaves an open rebuild, which the next call goes
on with; `--abandon` closes it. What is printed holds serial numbers and names of fields, never values.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import PyMongoError

from services.query.rebuild import folding
from services.query.rebuild.bars import bar
from services.query.rebuild.building import Built, build
from services.query.rebuild.opening import KNOWN_SECONDS, SHADOWS, Rebuilds
from services.query.rebuild.passing import Found, carry_over, compare
from services.query.settings import QuerySettings
from services.query.statistics.months import Months
from services.query.store import index_organisations, index_progress
from shared import log
from shared.leases import Lease
from shared.store import connect

if TYPE_CHECKING:
    from pymongo.database import Database

Document = dict[str, Any]

ARGUMENTS: Final = (
    ("--check", {"action": "store_true", "help": "compare only; exit status 1 for a difference too"}),
    ("--abandon", {"action": "store_true", "help": "close a rebuild that was not finished"}),
)  # fmt: skip

_MARGIN_SECONDS = 0.5
_PATIENCE_SECONDS = 900.0
"""How long one thing may take in the database: the indexes of millions of documents do."""

_LEASE = timedelta(seconds=6)
_RENEWED_SECONDS = 1.0
_INDEX: Final = {"progress": index_progress, "organisations": index_organisations}


def run(settings: QuerySettings, parsed: argparse.Namespace) -> None:
    """Exit status 1 for events that could not be applied and differences found by a check, 2 if
    another process is at it or a rebuild has to be ended before a check."""
    log.configure(replace(settings, log_level="WARNING"), "query", "rebuild")
    database = connect(replace(settings, backend_timeout_seconds=_PATIENCE_SECONDS), "query")
    with _alone(database) as held:
        if not held:
            print("another process is rebuilding", file=sys.stderr)
            sys.exit(2)
        if parsed.abandon:
            _abandon(database, Rebuilds(database))
            return
        purpose = "check" if parsed.check else "rebuild"
        with folding.processes(settings) as pool:
            same = carry_out(database, settings.amqp_url, pool, purpose)
    sys.exit(0 if same else 1)


def carry_out(database: Database[Document], url: str, pool: Executor, purpose: str) -> bool:
    """Rebuild or check, folding in `pool`; whether all events were applied and nothing differs."""
    began, rebuilds = time.monotonic(), Rebuilds(database)
    rebuild = _opened(database, rebuilds, purpose)
    built = _built(url, pool, rebuilds, rebuild)
    _told(built, time.monotonic() - began)
    if purpose == "check":
        same = _check(database)
    else:
        same = True
        _exchange(database, rebuild)
    _close(database, rebuilds, rebuild["_id"], purpose)
    print(f"{purpose}: done in {time.monotonic() - began:.1f} s")
    return same and not built.faults


def _opened(database: Database[Document], rebuilds: Rebuilds, purpose: str) -> Document:
    """The open rebuild for this purpose, or a new one that every worker knows of and the owners
    were asked for."""
    rebuild = rebuilds.opened()
    if rebuild is not None and rebuild["purpose"] == "rebuild" != purpose:
        print("a rebuild is not finished: go on with it, or --abandon it", file=sys.stderr)
        sys.exit(2)
    if rebuild is not None and rebuild["purpose"] != purpose:
        _close(database, rebuilds, rebuild["_id"], "abandoned")
        rebuild = None
    if rebuild is not None:
        print(f"going on with the {purpose} of {rebuild['opened_at']:%Y-%m-%d %H:%M:%S} UTC")
    else:
        _drop(database)
        for shadow in SHADOWS.values():
            database.create_collection(shadow)
        shadows = {name: _uuid(database, shadow) for name, shadow in SHADOWS.items()}
        rebuild = rebuilds.begin(purpose, shadows, datetime.now(UTC))
    if not rebuild["asked"]:
        time.sleep(KNOWN_SECONDS + _MARGIN_SECONDS)
        rebuild = rebuilds.ask(rebuild, datetime.now(UTC))
    return rebuild


def _built(url: str, pool: Executor, rebuilds: Rebuilds, rebuild: Mapping[str, Any]) -> Built:
    with bar("told again", "events") as shown:

        def show(built: Built) -> None:
            shown.total = built.total
            shown.update(built.told - shown.n)
            telling = [name for name, owner in built.owners.items() if not owner["ended"]]
            shown.set_postfix_str(f"{', '.join(telling)} still telling" if telling else "", False)

        return build(url, pool, rebuilds, rebuild, show)


def _told(built: Built, seconds: float) -> None:
    parts = ", ".join(f"{name} {owner['told']:,}" for name, owner in built.owners.items())
    print(f"told again: {built.told:,} events ({parts}) in {seconds:.1f} s")
    if built.faults:
        print(f"{len(built.faults):,} events could not be applied:")
        for fault in built.faults[:100]:
            print(f"  {fault}")


def _exchange(database: Database[Document], rebuild: Document) -> None:
    """Carry over what nobody told again, and let the shadows take the place of what serves."""
    for collection, shadow in SHADOWS.items():
        if _uuid(database, collection) == rebuild["shadows"][collection]:
            continue  # done by a command that ended before it was through
        _INDEX[collection](database[shadow])
        found = carry_over(database, collection, rebuild["opened_at"])
        database[shadow].rename(collection, dropTarget=True)
        print(f"{collection}: {database[collection].estimated_document_count():,} documents serve")
        if found.count:
            print(f"  {found.count:,} carried over, at least in part: nobody told again")
            _list(found.first)
        _gaps(found)
    Months(database).count_again()


def _check(database: Database[Document]) -> bool:
    same = True
    for collection in SHADOWS:
        found = compare(database, collection)
        print(f"{collection}: {found.documents:,} documents compared, {found.count:,} differ")
        _list(found.first)
        _gaps(found)
        same = same and not (found.count or found.gap_count)
    return same


def _gaps(found: Found) -> None:
    if found.gap_count:
        print(f"  {found.gap_count:,} events are missing in the source")
        _list(found.gaps)


def _list(lines: list[str]) -> None:
    for line in lines:
        print(f"    {line}")


def _abandon(database: Database[Document], rebuilds: Rebuilds) -> None:
    rebuild = rebuilds.opened()
    if rebuild is None:
        print("no rebuild is open")
        return
    _close(database, rebuilds, rebuild["_id"], "abandoned")
    print("abandoned")


def _close(database: Database[Document], rebuilds: Rebuilds, key: str, outcome: str) -> None:
    """Close it; once no worker writes beside any more, what they wrote since is dropped."""
    rebuilds.close(key, outcome, datetime.now(UTC))
    time.sleep(KNOWN_SECONDS + _MARGIN_SECONDS)
    _drop(database)


def _uuid(database: Database[Document], collection: str) -> Any:
    """What a collection is known by whatever its name; None if there is none."""
    [*found] = database.list_collections(filter={"name": collection})
    return found[0]["info"]["uuid"] if found else None


def _drop(database: Database[Document]) -> None:
    for shadow in SHADOWS.values():
        database[shadow].drop()


@contextmanager
def _alone(database: Database[Document]) -> Iterator[bool]:
    """Whether this process alone rebuilds; one that was killed is waited for as long as its lease.

    Once another has taken the lease over, as it may when this one stood still, this one ends.
    """
    lease = Lease(database, "rebuild", _LEASE)
    ends = time.monotonic() + _LEASE.total_seconds() + _RENEWED_SECONDS
    while not (held := lease.hold()) and time.monotonic() < ends:
        time.sleep(0.2)
    stopping, lost = threading.Event(), threading.Event()

    def renew() -> None:
        while not stopping.wait(_RENEWED_SECONDS):
            with suppress(PyMongoError):  # not lost before another has taken it
                if not lease.hold():
                    lost.set()
                    signal.raise_signal(signal.SIGINT)
                    return

    thread = threading.Thread(target=renew, daemon=True)
    if held:
        thread.start()
    try:
        yield held
    except KeyboardInterrupt:
        if not lost.is_set():
            raise
        print("another process has taken over", file=sys.stderr)
        sys.exit(2)
    finally:
        stopping.set()
        if held:
            thread.join()
            lease.give_up()
