"""A case followed over HTTP: its changes as a stream, its dates as a calendar file."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import orjson
from flask import Response, request

from services.query import domain
from services.query.progress import tickets
from services.query.progress.calendar import MEDIA_TYPE as CALENDAR
from services.query.progress.calendar import calendar_file
from services.query.progress.changes import Changes
from services.query.progress.readers import READER_REFUSALS, Readers
from services.query.progress.streams import Stream
from services.query.progress.viewer import Viewer
from shared import streaming
from shared.asking import caller, typed_serial_number
from shared.civil_time import today
from shared.contracts.fields import Str
from shared.contracts.schema import Body, read
from shared.errors import Refused, Text
from shared.places import Places
from shared.store import Document
from shared.streaming import Connection
from shared.web import Answer, Route

_LAST_EVENT_ID: Final = "Last-Event-ID"


class Watching(Body):
    """How to be let in without headers."""

    ticket = Str(
        "票据", tickets.LONGEST,
        metadata={"description": "of `stream_url`; in place of a code or a token"},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class WatchDesk:
    """What the views work with; made once per process by `app`."""

    public_url: str
    readers: Readers
    changes: Changes
    places: Places
    stream_seconds: float

    def stream(self, serial_number: str) -> Response:
        number = typed_serial_number(serial_number)
        _, viewer = self._let_in(number)
        give_back = self.places.take(self.readers.place())
        connection = Connection.of(request.environ)
        stream = Stream(
            number,
            self._shown(number, viewer),
            self.changes.subscribe,
            connection.is_gone,
            request.headers.get(_LAST_EVENT_ID, ""),
            self.stream_seconds,
        )
        chunks = stream.chunks(give_back, connection.hang_up)
        response = Response(chunks, content_type=streaming.MEDIA_TYPE, headers=streaming.HEADERS)
        response.call_on_close(give_back)  # also of one whose reader left before it began
        return response

    def calendar(self, serial_number: str) -> Answer:
        number = typed_serial_number(serial_number)
        document, viewer = self._let_in(number)
        if viewer is None:
            raise Refused("unauthorised", Text("请提供查询码", "The query code is missing"))
        language = caller().language
        now = datetime.now(UTC)
        seen = domain.unmasked(document, number, viewer, language, self.public_url, now=now)
        named = {"Content-Disposition": f'attachment; filename="{number}.ics"'}
        body = calendar_file(seen, domain.revised(document), language, now)
        return Answer(body, headers=named, content_type=CALENDAR)

    def _let_in(self, number: str) -> tuple[Document, Viewer | None]:
        asked = request.args.to_dict()
        if "ticket" in asked:  # a link that people share: messengers add parameters of their own
            asked = {"ticket": asked["ticket"]}
        ticket = read(Watching(), asked, today()).get("ticket")
        if ticket is None:
            return self.readers.known(number)
        return self.readers.found(number), self.readers.by_ticket(number, ticket)

    def _shown(self, number: str, viewer: Viewer | None) -> Callable[[], bytes | None]:
        """What this reader may see of the case whenever it is asked."""
        language, models, url = caller().language, self.readers.models, self.public_url

        def shown() -> bytes | None:
            document = models.progress(number)
            if document is None or not domain.is_known(document):
                return None  # for a moment, while the read model is rebuilt
            if viewer is None:
                return orjson.dumps(domain.masked(document, number, language))
            return orjson.dumps(
                domain.unmasked(document, number, viewer, language, url, now=datetime.now(UTC))
            )

        return shown


def stream_url(readers: Readers, public_url: str, number: str, viewer: Viewer) -> str:
    """Where this side of the case can be followed without headers, for half an hour."""
    ticket = tickets.issue(readers.hasher, number, viewer, time.time())
    return f"{public_url}/v1/progress/{number}/stream?ticket={ticket}"


def routes(desk: WatchDesk) -> Sequence[Route]:
    """Operations that follow a case."""
    return (
        Route(
            "GET", "/v1/progress/{serial_number}/stream", desk.stream,
            "How a case stands, now and whenever that changes, as server-sent events",
            query=Watching, headers={"X-Query-Code": "optional", _LAST_EVENT_ID: "optional"},
            media_type=streaming.MEDIA_TYPE, refusals=(*READER_REFUSALS, "validation_failed", "feed_busy"),
        ),
        Route(
            "GET", "/v1/progress/{serial_number}/calendar.ics", desk.calendar,
            "The running clocks and the sessions of a case as a calendar file",
            query=Watching, headers={"X-Query-Code": "unless a token"},
            media_type="text/calendar", answer_headers=("Content-Disposition",),
            refusals=(*READER_REFUSALS, "validation_failed"),
        ),
    )  # fmt: skip
