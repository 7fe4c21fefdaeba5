"""notify over HTTP: what was sent, for staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request

from services.notify.answers import MessagePage
from services.notify.store import Messages
from shared.asking import reachable, typed_serial_number
from shared.civil_time import today
from shared.contracts.fields import Str
from shared.contracts.schema import Body, read
from shared.web import Route


class MessageList(Body):
    """Of one case, or the newest of all."""

    serial = Str("流水号", 64)


@dataclass(frozen=True, slots=True)
class Notify:
    """What the views work with; made once per process by `app`."""

    messages: Messages

    def list_messages(self) -> dict[str, Any]:
        asked = read(MessageList(), request.args.to_dict(), today())
        number = typed_serial_number(asked["serial"]) if asked.get("serial") else None
        within = reachable({"division": "division"})
        return {"items": [_json(m) for m in self.messages.listed(number, within)]}


def _json(message: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value
        for name, value in message.items()
    }


def routes(notify: Notify) -> Sequence[Route]:
    """Every operation of notify."""
    return (
        Route(
            "GET", "/v1/messages", notify.list_messages,
            "What was sent, to whom (masked), with what result", query=MessageList,
            answer=MessagePage, refusals=("validation_failed", "serial_checksum"),
        ),
    )  # fmt: skip
