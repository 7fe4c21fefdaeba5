"""A channel of text messages over one gateway, without limits or anybody beside it."""

from __future__ import annotations

from collections.abc import Callable

from services.notify.channels import Accepted
from services.notify.channels.sms import SmsGateway
from services.notify.people.messages import Body


class Sms:
    """Messages through one gateway, without limits or anybody beside it."""

    def __init__(self, gateway: SmsGateway) -> None:
        self._gateway = gateway

    def send(self, reference: str, body: Body, handing_over: Callable[[], None]) -> Accepted:
        handing_over()
        return self._gateway.send(body.to, body.text, reference)
