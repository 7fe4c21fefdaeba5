"""Text messages: what a provider is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from services.notify.channels import Accepted


class SmsGateway(Protocol):
    """A provider of text messages as a deployment may bring its own.

    `to` is E.164, `reference` ours: pass it on if the provider can drop repetitions by it, and say so
    in an attribute `takes_keys = True`. Raise NotSent's kinds; a time-out after the request was
    written is HandedOverUnknown. Stay within `sms_timeout_seconds`. Any other exception counts as
    HandedOverUnknown.
    """

    def send(self, to: str, text: str, reference: str) -> Accepted: ...


class SmsProvider(Protocol):
    """One of those that are asked in turn: a gateway that fences the message itself, as late as it
    can. `takes_keys`: it drops a message whose reference it knows."""

    @property
    def name(self) -> str: ...

    @property
    def takes_keys(self) -> bool: ...

    def send(
        self, to: str, text: str, reference: str, handing_over: Callable[[], None], /
    ) -> Accepted: ...


@dataclass(frozen=True, slots=True)
class Fenced:
    """A gateway of a deployment as a provider: fenced before it is called."""

    name: str
    gateway: SmsGateway

    @property
    def takes_keys(self) -> bool:
        return bool(getattr(self.gateway, "takes_keys", False))

    def send(
        self, to: str, text: str, reference: str, handing_over: Callable[[], None]
    ) -> Accepted:
        handing_over()
        return self.gateway.send(to, text, reference)
