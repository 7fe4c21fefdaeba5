"""Whose something of a partner's is: its channel's; a platform administrator comes to all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from shared.access import Concerned
from shared.asking import caller, reached
from shared.contracts.faults import fault
from shared.errors import Refused, Text
from shared.tokens import Principal

_NO_CHANNEL: Final = Text(
    "访问令牌未注明渠道（channel），请向平台申请带渠道的令牌",
    "The access token names no channel: ask the platform for one with the claim `channel`",
)


def asker() -> Principal:
    """Who asks; Refused("forbidden") for a partner whose token names no channel. To an administrator
    of some divisions there are none of these things: channels belong to the whole country."""
    principal = caller().principal
    if principal is None:
        raise Refused("unauthorised")
    if principal.role == "partner" and not principal.channel:
        raise Refused("forbidden", _NO_CHANNEL)
    if principal.role != "partner" and not reached(Concerned()):
        raise Refused("not_found")
    return principal


def channel_of_asker() -> str | None:
    """The channel whose things the asker may come to; None for all of them."""
    principal = asker()
    return principal.channel if principal.role == "partner" else None


def channel_for(body: Mapping[str, Any]) -> str:
    """Whose something new is to be: the asker's own channel, or the one an administrator names."""
    own, named = channel_of_asker(), body.get("channel")
    if own is None and not named:
        raise Refused("validation_failed", errors=[fault("required").at("/channel")])
    if own is not None and named not in {None, own}:
        raise Refused("forbidden")
    return str(own or named)


def must_own(channel: str) -> None:
    """Refused("not_found") for what another channel has."""
    asker()
    if not reached(Concerned(channel=channel)):
        raise Refused("not_found")
