"""notify over HTTP: what was sent, for staff, and sending it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request

from services.notify.answers import MessagePage, WholeMessage
from services.notify.people.message_list import PAGE, MessageList, cursor_of, query_of
from services.notify.people.resending import Resending
from services.notify.store import Messages
from shared.access import Concerned
from shared.asking import caller, json_bytes, reachable, reached
from shared.civil_time import today
from shared.contracts.fields import Flag
from shared.contracts.schema import Body, parse_json, read
from shared.errors import Refused
from shared.store import Document
from shared.web import Route


class Resend(Body):
    """`confirm`: yes, although it may have arrived."""

    confirm = Flag("仍要重发")


@dataclass(frozen=True, slots=True)
class Notify:
    """What the views work with; made once per process by `app`."""

    messages: Messages
    resending: Resending

    def list_messages(self) -> dict[str, Any]:
        stated = read(MessageList(), request.args.to_dict(), today())
        size = stated.get("size") or PAGE
        within = reachable({"division": "division"})
        found = self.messages.found(query_of(stated), within, size + 1)
        shown = self.messages.shown(found[:size])
        following = cursor_of(found[size - 1]) if len(found) > size else None
        return {"items": _json(shown), "next": following}

    def one_message(self, message: str) -> dict[str, Any]:
        return _whole(self.messages.shown_whole(self._message(message)))

    def resend(self, message: str) -> dict[str, Any]:
        found = self._message(message)
        stated: Mapping[str, Any] = {}
        if request.content_length or "Transfer-Encoding" in request.headers:  # nobody has to
            stated = read(Resend(), parse_json(json_bytes()), today())
        by = caller().principal
        again = self.resending.resend(
            found, by=by.subject if by else "", confirmed=bool(stated.get("confirm"))
        )
        return _whole(self.messages.shown_whole(again))

    def _message(self, identity: str) -> Document:
        found = self.messages.one(identity)
        if found is None or not reached(Concerned(division=found["division"])):
            raise Refused("not_found")
        return found


def _whole(message: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _json(value) for name, value in message.items()}


def _json(value: Any) -> Any:
    """The same with moments as text."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, dict):
        return {name: _json(each) for name, each in value.items()}
    return [_json(each) for each in value] if isinstance(value, list) else value


def routes(notify: Notify) -> Sequence[Route]:
    """The operations on messages to people."""
    one = "/v1/messages/{message}"
    return (
        Route(
            "GET", "/v1/messages", notify.list_messages,
            "What was sent, to whom (masked), with what result", query=MessageList,
            answer=MessagePage,
            refusals=("validation_failed", "serial_checksum", "search_too_wide"),
        ),
        Route(
            "GET", one, notify.one_message, "One message with its attempts", answer=WholeMessage,
            refusals=("not_found",),
        ),
        Route(
            "POST", one + "/resend", notify.resend, "Send a message again", body=Resend,
            body_optional=True, answer=WholeMessage, status=201,
            refusals=("not_found", "resend_not_allowed", "confirmation_needed", "malformed_json",
                      "validation_failed", "body_too_large", "unsupported_media_type"),
        ),
    )  # fmt: skip
