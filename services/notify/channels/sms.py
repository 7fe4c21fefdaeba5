"""Text messages, over whatever gateway is configured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from services.notify.channels import Accepted
from services.notify.people.messages import Body


class SmsGateway(Protocol):
    """A provider of text messages.

    `to` is E.164, `reference` ours: pass it on if the provider can drop repetitions by it. Raise
    NotSent's kinds; a time-out after the request was written is HandedOverUnknown. Stay within
    `sms_timeout_seconds`. Any other exception counts as HandedOverUnknown.
    """

    def send(self, to: str, text: str, reference: str) -> Accepted: ...


class Sms:
    """Text messages through whatever gateway is configured."""

    def __init__(self, gateway: SmsGateway) -> None:
        self._gateway = gateway

    def send(self, reference: str, body: Body, handing_over: Callable[[], None]) -> Accepted:
        handing_over()
        return self._gateway.send(body.to, body.text, reference)
