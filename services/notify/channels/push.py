"""Pushes to apps: the operator's push service, a device of it for each person.

The operator says where it is; a person's device can change nothing but its own part of that address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from services.notify.channels import Accepted, RefusedForGood
from services.notify.channels.composing import Unusable, composed, hand_over, host_of
from services.notify.channels.transport import session
from services.notify.people.messages import Body
from shared.settings import SettingsError

SERVICES: Final[Mapping[str, tuple[str, str]]] = {
    "bark": ("bark", "NotifyBark"),
    "barks": ("bark", "NotifyBark"),
    "ntfy": ("ntfy", "NotifyNtfy"),
    "ntfys": ("ntfy", "NotifyNtfy"),
    "pushdeer": ("pushdeer", "NotifyPushDeer"),
    "pushdeers": ("pushdeer", "NotifyPushDeer"),
    "pushy": ("pushy", "NotifyPushy"),
}
"""Schema of Apprise → its plugin."""

_DEVICE: Final = re.compile(r"[A-Za-z0-9_:.-]{8,256}", re.ASCII)
_PLACE: Final = "{device}"
_TRIED: Final = "device0000"


class Push:
    """Messages to one device of a person; without receipts."""

    def __init__(self, template: str, timeout_seconds: float) -> None:
        self._template = template
        self._session = session(timeout_seconds)
        self._host = _host(template)

    def send(self, _reference: str, body: Body, handing_over: Callable[[], None]) -> Accepted:
        if not _DEVICE.fullmatch(body.to):
            raise RefusedForGood("address")
        try:
            service = composed(_filled(self._template, body.to), SERVICES)
        except Unusable:
            raise RefusedForGood("address") from None
        return hand_over(service, body.text, self._session, (self._host,), handing_over)


def _host(template: str) -> str:
    """The one host that this address speaks to, whatever the device; SettingsError if it cannot be
    used. Nothing is sent."""
    if template.count(_PLACE) != 1 or _PLACE in urlsplit(template).netloc.rpartition("@")[2]:
        raise SettingsError("TIAOJIE_PUSH_URL: {device} stands once in it, and not in the host")
    try:
        host = host_of(composed(_filled(template, _TRIED), SERVICES))
    except Unusable:
        host = None
    if not host:
        raise SettingsError(f"TIAOJIE_PUSH_URL: an Apprise URL of {', '.join(SERVICES)}")
    return host


def _filled(template: str, device: str) -> str:
    return template.replace(_PLACE, quote(device, safe=""))
