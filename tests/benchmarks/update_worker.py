"""`python -m tests.benchmarks.update_worker`: the real worker with routing's withdrawal alone.

Without the relay of its outbox, which the floor has not either and which is measured by itself.
"""

from __future__ import annotations

from services.routing.handlers import withdraw
from services.routing.settings import RoutingSettings
from shared.runner import Deciding
from shared.store import connect
from shared.worker import Worker


def main() -> None:
    settings = RoutingSettings.load()
    Worker(
        service="routing",
        settings=settings,
        database=connect(settings, "routing"),
        handlers={"application.withdrawn": [Deciding("cases", withdraw)]},
        outboxes=[],
    ).run()


if __name__ == "__main__":
    main()
