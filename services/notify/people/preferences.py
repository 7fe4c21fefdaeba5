"""Over what a person is told: one address, the others in reserve, in the person's own order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final, Literal, get_args

from services.notify.people.addresses import (
    chat_address,
    email_address,
    push_address,
    sms_address,
)
from services.notify.people.persons import Person

Channel = Literal["sms", "email", "push", "chat", "inbox"]
"""Ways to people, `chat` to staff alone; what lies in the `inbox` only waits to be looked at, see `inbox`."""

CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)

WRITTEN: Final = ("sms", "email")
"""Channels that have words of their own; the others read those of WORDS_OF."""

WORDS_OF: Final[Mapping[Channel, str]] = {
    "sms": "sms", "email": "email", "push": "sms", "chat": "sms", "inbox": "email",
}  # fmt: skip

BY_TEXT_ALONE: Final = frozenset({"phone.code_requested"})
"""Events told by text message only, which is what they are about."""

_ORDERS: Final[Mapping[str | None, tuple[Channel, ...]]] = {
    # Staff who name a robot of theirs want to be told there; of all others nearly everybody has a
    # phone with them that receives texts.
    None: ("chat", "sms", "email", "push"),
    "sms": ("sms", "email", "push"),
    "email": ("email", "sms", "push"),
    "app": ("push", "sms", "email"),
}


def addresses(event_name: str, person: Person) -> Iterator[tuple[Channel, str]]:
    """The usable addresses of a person for one event, the one to try first at the head."""
    order: Collection[Channel] = ("sms",) if event_name in BY_TEXT_ALONE else _order(person.prefers)
    for channel in order:
        if address := address_on(channel, person):
            yield channel, address


def address_on(channel: str, person: Person) -> str | None:
    """The person's usable address on a channel; None if there is none."""
    match channel:
        case "sms":
            return sms_address(person.phone)
        case "email":
            return email_address(person.email)
        case "push":
            return push_address(person.push)
        case "chat":
            return chat_address(person.chat)
        case _:
            return None


def _order(prefers: str | None) -> tuple[Channel, ...]:
    return _ORDERS.get(prefers) or _ORDERS[None]
