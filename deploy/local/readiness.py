"""Whether what was started can work: by asking each program's own readiness address."""

from __future__ import annotations

import http.client
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.local.failures import LocalFailure

READY_SECONDS = 60.0
ANSWER_SECONDS = 5.0
PAUSE_SECONDS = 0.1


def wait_until_ready(
    urls: Mapping[str, str],
    *,
    still_up: Callable[[str], object],
    waiting_for: Callable[[str], None],
    logs: Path,
) -> None:
    """Every address has answered 200. Raises LocalFailure after a minute, naming the first not.

    `still_up` is asked about a program that is not ready and raises if it was given up.
    """
    deadline = time.monotonic() + READY_SECONDS
    missing = dict(urls)
    while True:
        missing = {name: url for name, url in missing.items() if not answers_200(url)}
        if not missing:
            return
        name = next(iter(missing))
        waiting_for(", ".join(missing))
        still_up(name)
        if time.monotonic() > deadline:
            raise LocalFailure(
                f"{name} is not ready after {READY_SECONDS:.0f} seconds.",
                log=logs / f"{name}.log",
                hint=f"ask it what is missing: curl {urls[name]}",
            )
        time.sleep(PAUSE_SECONDS)


def answers_200(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - our own
            return bool(answer.status == http.HTTPStatus.OK)
    except (OSError, http.client.HTTPException):  # OSError includes URLError and HTTPError
        return False
