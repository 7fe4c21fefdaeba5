"""`python -m tests.benchmarks.floors.posting FOLDER CONCURRENCY`: a bare asynchronous HTTP client.

Posts every body to every address of `FOLDER/posts.json` ({"urls": […], "bodies": [[id, text], …]}) with
aiohttp, so many at a time over kept connections, and does nothing else: no signature, no record, no
order, no retry. Prints the processor seconds it used.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp

TIMEOUT_SECONDS = 15


def main() -> None:
    folder, concurrency = Path(sys.argv[1]), int(sys.argv[2])
    posts = json.loads((folder / "posts.json").read_text())
    bodies = [(each, text.encode()) for each, text in posts["bodies"]]
    began = time.process_time()
    asyncio.run(post_all(posts["urls"], bodies, concurrency))
    print(time.process_time() - began)  # noqa: T201 - its answer


async def post_all(urls: list[str], bodies: list[tuple[str, bytes]], concurrency: int) -> None:
    """One event to all addresses, then the next, as ours is asked to."""
    jobs = ((url, each, body) for (each, body), url in itertools.product(bodies, urls))
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with (
        aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
        asyncio.TaskGroup() as working,
    ):
        for _ in range(concurrency):
            working.create_task(post(session, jobs))


async def post(session: aiohttp.ClientSession, jobs: Iterator[tuple[str, str, bytes]]) -> None:
    kind = "application/cloudevents+json; charset=utf-8"
    for url, event, body in jobs:
        headers = {"Content-Type": kind, "webhook-id": event}
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            await answer.read()
            answer.raise_for_status()


if __name__ == "__main__":
    main()
