"""A worker whose handler ends the process at once when a message says so: a test program."""

from __future__ import annotations

import os
from datetime import datetime

from shared.contracts.envelope import Event
from shared.decision import Decision, State
from shared.runner import Deciding
from shared.settings import Settings
from shared.store import connect
from shared.worker import Worker

SERVICE = "query"


def apply(event: Event, state: State | None, at: datetime) -> Decision:
    """Count what was applied; a marked message ends the process as a fault in a library would."""
    if event.data.get("reason") == "crash":
        os._exit(70)
    return Decision(set={"times": (state["times"] if state else 0) + 1})


def main() -> None:
    settings = Settings.load()
    table = {"application.withdrawn": [Deciding("counters", apply)]}
    Worker(SERVICE, settings, connect(settings, SERVICE), table, outboxes=[]).run()


if __name__ == "__main__":
    main()
