"""The dispatcher as a process: its event loop, tasks on threads of their own, health, a good end.

Started as `python -m services.notify dispatcher`. Losing its loop or any of its threads ends the
process, which the supervisor starts again.
"""

from __future__ import annotations

import asyncio
import resource
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from services.notify.partners.dispatcher import Dispatcher
from shared import log
from shared.backoff import jittered
from shared.health import serve_health
from shared.log import logger
from shared.store import answers
from shared.worker import Task

if TYPE_CHECKING:
    from pymongo.database import Database

    from shared.settings import Settings

_FILES: Final = 8_192
"""Open files this process may want: a connection for each call, and idle ones."""

_LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class DispatcherProcess:
    """What the process is made of. `tasks` are done again and again, each on a thread of its own, at
    once again as long as one finds something to do; `on_stop` when they have ended."""

    settings: Settings
    database: Database[dict[str, Any]]
    dispatcher: Dispatcher
    tasks: Sequence[Task] = ()
    on_stop: Sequence[Callable[[], None]] = field(default=())

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, then finish within the limit."""
        log.configure(self.settings, "notify", "dispatcher")
        _allow_files()
        asyncio.run(_Running(self).until_stopped())


class _Running:
    def __init__(self, process: DispatcherProcess) -> None:
        self._process = process
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(task,), name=task.name, daemon=True)
            for task in process.tasks
        ]

    async def until_stopped(self) -> None:
        process, loop = self._process, asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, process.dispatcher.stop)
        for thread in self._threads:
            thread.start()
        settings = process.settings
        if settings.worker_port:
            checks = {
                "mongodb": lambda: answers(process.database),
                "leases": lambda: process.dispatcher.holds_a_lease,
            }
            serve_health(settings.listen_host, settings.worker_port, checks)
        logger().info("worker_started")
        watching = asyncio.create_task(self._watch())
        try:
            await process.dispatcher.run()
        finally:
            watching.cancel()
            self._end()

    def _end(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(self._process.settings.backend_timeout_seconds)
        for act in self._process.on_stop:
            act()
        logger().info("worker_stopped")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not all(thread.is_alive() for thread in self._threads):
                logger().error("worker_stopped", reason="a thread died")
                raise SystemExit(1)

    def _repeat(self, task: Task) -> None:
        while not self._stopping.is_set():
            found: Any = None
            try:
                found = task.act()
            except Exception as error:  # noqa: BLE001 - a task's fault is logged; its next turn comes
                logger().error("task_failed", task=task.name, error=type(error).__name__)
            if not found:
                self._stopping.wait(jittered(task.every * 4 / 3))


def _allow_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
