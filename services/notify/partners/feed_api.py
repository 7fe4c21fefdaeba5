"""The feed over HTTP, for partners that can neither be called nor hold an AMQP connection.

`GET /v1/events` answers a page, at once or as soon as there is something; `GET /v1/events/stream` is
the same as server-sent events. A reader that says nothing of where to begin gets all that is kept:
whoever forgets to say it misses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final

import orjson
from flask import Response, request

from services.notify.partners.asked_for import places_of, unknown_types
from services.notify.partners.catalogue import Filter, names_of
from services.notify.partners.cursors import cursor_of
from services.notify.partners.feed import Feed, Page
from services.notify.partners.feed_answers import EventPage
from services.notify.partners.own import asker
from services.notify.partners.streams import Stream
from shared import streaming
from shared.answering import SECURITY_HEADERS
from shared.civil_time import today
from shared.contracts.fields import Count, Str
from shared.contracts.schema import Body, Rule, read
from shared.errors import FieldError
from shared.places import Places
from shared.streaming import Connection
from shared.tokens import Principal
from shared.web import Route

WAIT_MOST: Final = 30
PAGE_USUAL: Final = 100
PAGE_MOST: Final = 500
EVERYTHING: Final = "cn.tiaojie.*"
_LIST_MOST: Final = 4_000
_CURSOR_MOST: Final = 64
_LAST_EVENT_ID: Final = "Last-Event-ID"


def _types_exist(query: Mapping[str, Any], _: date) -> Iterable[FieldError]:
    return unknown_types(_divided(query.get("types")), "/types")


class FeedFilter(Body):
    """Where to begin, and which events; lists are divided by commas."""

    after = Str(
        "游标", _CURSOR_MOST,
        metadata={"description": "a cursor; `start` (the oldest kept, as without it); `now`"},
    )  # fmt: skip
    types = Str(
        "事件类型", _LIST_MOST,
        metadata={"description": "event types, or beginnings with `*`; without it all"},
    )  # fmt: skip
    divisions = Str(
        "区划", _LIST_MOST,
        metadata={"description": "division codes whose subtree counts; without it all one may see"},
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (_types_exist,)


class FeedPage(FeedFilter):
    """The same, how many, and how long to wait for the first."""

    limit = Count("条数", least=1, most=PAGE_MOST)
    wait = Count("等待秒数", most=WAIT_MOST)


@dataclass(frozen=True, slots=True)
class EventFeed:
    """What the views work with; made once per process by `app`."""

    feed: Feed
    places: Places
    stream_seconds: float

    def page(self) -> Response:
        principal = asker()
        asked = read(FeedPage(), request.args.to_dict(), today())
        wanted = _wanted(asked, principal)
        position = self.feed.begin(asked.get("after"))
        limit = asked.get("limit") or PAGE_USUAL
        page = self.feed.page(position, wanted, limit)
        seconds = asked.get("wait") or 0
        if page.entries or not seconds:
            return _answer(page)
        give_back = self.places.take(_reader(principal))
        try:
            return _answer(self.feed.page_when_there_is_one(page.position, wanted, limit, seconds))
        finally:
            give_back()

    def stream(self) -> Response:
        principal = asker()
        asked = read(FeedFilter(), request.args.to_dict(), today())
        wanted = _wanted(asked, principal)
        position = self.feed.begin(request.headers.get(_LAST_EVENT_ID) or asked.get("after"))
        stream = Stream(self.feed, position, wanted, self.stream_seconds)
        give_back = self.places.take(_reader(principal))
        chunks = stream.chunks(give_back, Connection.of(request.environ).hang_up)
        response = Response(chunks, content_type=streaming.MEDIA_TYPE, headers=streaming.HEADERS)
        response.call_on_close(give_back)  # also of one whose reader left before it began
        return response


def _wanted(asked: Mapping[str, Any], principal: Principal) -> Filter:
    patterns = _divided(asked.get("types")) or [EVERYTHING]
    stated = _divided(asked.get("divisions"))
    return Filter(names_of(patterns), places_of(stated, principal.divisions, "/divisions"))


def _divided(text: str | None) -> list[str]:
    return [part for each in (text or "").split(",") if (part := each.strip())]


def _reader(principal: Principal) -> str:
    """Who takes a place: a channel, or somebody of the platform."""
    return principal.channel or f"platform:{principal.subject}"


def _answer(page: Page) -> Response:
    """The bodies go out as they were recorded."""
    answered = {
        "items": [orjson.Fragment(entry.body) for entry in page.entries],
        "next": cursor_of(page.position),
        "more": page.more,
    }
    response = Response(orjson.dumps(answered), content_type="application/json")
    response.headers.extend(SECURITY_HEADERS)
    return response


_REFUSALS: Final = ("not_found", "validation_failed", "cursor_expired", "feed_busy")


def routes(feed: EventFeed) -> Sequence[Route]:
    """Reading the log."""
    return (
        Route(
            "GET", "/v1/events", feed.page,
            "Events behind a cursor; with `wait` as soon as there is one",
            query=FeedPage, answer=EventPage, refusals=_REFUSALS,
        ),
        Route(
            "GET", "/v1/events/stream", feed.stream,
            "Events as they come, as server-sent events; `id` is the cursor",
            query=FeedFilter, headers={_LAST_EVENT_ID: "optional"}, media_type=streaming.MEDIA_TYPE,
            refusals=_REFUSALS,
        ),
    )  # fmt: skip
