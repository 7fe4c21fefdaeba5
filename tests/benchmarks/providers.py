"""Providers of messages as far away as real ones: each takes 50 ms to accept anything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from aiosmtpd.controller import Controller

from deploy.local.ports import LOOPBACK, free_ports
from services.notify.channels import Accepted

SECONDS: Final = 0.05


class Gateway:
    """An SMS gateway that a worker loads by `TIAOJIE_SMS_PROVIDERS`."""

    def __init__(self, _: Any) -> None:
        pass

    def send(self, *_: str) -> Accepted:
        time.sleep(SECONDS)
        return Accepted()


class Mailbox:
    """What an SMTP server does with a message: nothing, after a while."""

    async def handle_DATA(self, *_: Any) -> str:  # noqa: N802 - aiosmtpd's name
        await asyncio.sleep(SECONDS)
        return "250 OK"


@contextmanager
def providers() -> Iterator[dict[str, str]]:
    """A running SMTP server; the environment of a worker that sends to it and to the gateway."""
    [port] = free_ports(1)
    server = Controller(Mailbox(), hostname=LOOPBACK, port=port)
    server.start()
    try:
        yield {
            "TIAOJIE_SMS_PROVIDERS": f"{__name__}:Gateway",
            "TIAOJIE_SMTP_HOST": LOOPBACK,
            "TIAOJIE_SMTP_PORT": str(port),
            "TIAOJIE_SMTP_SECURITY": "none",
        }
    finally:
        server.stop()
