"""The log as a feed: pages behind cursors, waiting, and streams, as their readers see them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from services.notify.partners import streams
from services.notify.partners.cursors import cursor_of, position_of
from services.notify.partners.feed import Feed
from services.notify.partners.log import EventLog
from services.notify.partners.tail import Tail
from shared import stopping
from tests.builders.partner_log import a_partner_event, logged, many
from tests.waiting import eventually
from tests.web import AWAY, Web, problem

CHANNEL = "app_pocket_12333"
Events = list[dict[str, Any]]


def ask(web: Web, *, reach: tuple[str, ...] = (), **query: Any) -> TestResponse:
    partner = web.token("partner", channel=CHANNEL, divisions=reach)
    return web.call("GET", f"/v1/events?{urlencode(query)}", headers=partner)


def page(web: Web, **query: Any) -> dict[str, Any]:
    answer = ask(web, **query)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def ids(found: dict[str, Any]) -> list[str]:
    return [event["id"] for event in found["items"]]


# --- pages ---------------------------------------------------------------------------------------


def test_a_reader_that_says_nothing_gets_all_that_is_kept_page_by_page(notify: Web) -> None:
    wanted = logged(notify.database, *many(250))
    found, cursor = [], None
    for _ in range(3):
        answer = page(notify, **({"after": cursor} if cursor else {}))
        found += ids(answer)
        cursor = answer["next"]
    assert found == wanted
    assert answer["more"] is False
    assert ids(page(notify, after=cursor)) == []
    more = logged(notify.database, *many(1))
    assert ids(page(notify, after=cursor)) == more


def test_an_event_is_the_cloud_event_that_every_other_way_brings(notify: Web) -> None:
    logged(notify.database, a_partner_event(serial="2634626885086477"))
    (event,) = page(notify)["items"]
    assert event["specversion"] == "1.0"
    assert event["type"] == "cn.tiaojie.case.accepted.v1"
    assert event["data"] == {"status": "accepted", "deadlines": []}
    assert not {"traceparent", "correlationid", "hash"} & {*event}


def test_who_begins_now_gets_what_comes(notify: Web) -> None:
    logged(notify.database, *many(3))
    now = page(notify, after="now")
    assert (now["items"], now["more"]) == ([], False)
    wanted = logged(notify.database, *many(2))
    assert ids(page(notify, after=now["next"])) == wanted
    assert len(ids(page(notify, after="start"))) == 5


def test_the_filter_is_that_of_subscriptions(notify: Web) -> None:
    (there,) = logged(notify.database, a_partner_event(division="370102"))
    (closed,) = logged(notify.database, a_partner_event("case.closed", division="370200"))
    (far,) = logged(notify.database, a_partner_event(division="510104"))
    assert ids(page(notify, types="cn.tiaojie.case.accepted.v1")) == [there, far]
    assert ids(page(notify, types="cn.tiaojie.case.cl*,cn.tiaojie.application.*")) == [closed]
    assert ids(page(notify, divisions="37")) == [there, closed]
    assert ids(page(notify, divisions="3701, 510000")) == [there, far]
    assert ids(page(notify, divisions="3702", types="cn.tiaojie.case.accepted.v1")) == []


def test_a_token_shows_its_own_divisions_alone(notify: Web) -> None:
    logged(notify.database, a_partner_event(division="510104"))
    (mine,) = logged(notify.database, a_partner_event(division="370102"))
    answer = ask(notify, reach=("37",))
    assert ids(answer.get_json()) == [mine]
    partner = notify.token("partner", channel=CHANNEL, divisions=("37",))
    refused = notify.call("GET", "/v1/events?divisions=3701,51", headers=partner)
    (error,) = problem(refused, 422, "validation_failed")["errors"]
    assert error["code"] == "division_not_allowed"


def test_what_a_filter_keeps_back_is_looked_at_once(notify: Web) -> None:
    logged(notify.database, *many(20))
    found = page(notify, types="cn.tiaojie.case.closed.v1")
    assert found["items"] == []
    assert position_of(found["next"]) == 20
    (closed,) = logged(notify.database, a_partner_event("case.closed"))
    logged(notify.database, *many(5))
    found = page(notify, types="cn.tiaojie.case.closed.v1", after=found["next"])
    assert ids(found) == [closed]
    assert position_of(found["next"]) == 26


def test_a_page_looks_at_so_many_events_and_says_that_there_is_more(
    notify: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notify.partners.feed.LOOKED_AT_MOST", 10)
    logged(notify.database, *many(15))
    (closed,) = logged(notify.database, a_partner_event("case.closed"))
    first = page(notify, types="cn.tiaojie.case.closed.v1")
    assert (first["items"], first["more"]) == ([], True)
    assert position_of(first["next"]) == 10
    assert ids(page(notify, types="cn.tiaojie.case.closed.v1", after=first["next"])) == [closed]
    waited = page(notify, types="cn.tiaojie.case.closed.v1", wait=10)
    assert ids(waited) == [closed]  # who waits is not sent away in between


def test_limit_is_how_many(notify: Web) -> None:
    wanted = logged(notify.database, *many(5))
    first = page(notify, limit=2)
    assert (ids(first), first["more"]) == (wanted[:2], True)
    assert ids(page(notify, limit=3, after=first["next"])) == wanted[2:]


def test_a_cursor_whose_next_events_are_gone_is_told_the_oldest_there_is(notify: Web) -> None:
    wanted = logged(notify.database, *many(10))
    notify.database.partner_events.delete_many({"position": {"$lte": 4}})
    gone = problem(ask(notify, after=cursor_of(2)), 410, "cursor_expired")
    assert position_of(gone["oldest"]) == 4
    assert ids(page(notify, after=gone["oldest"])) == wanted[4:]
    assert ids(page(notify)) == wanted[4:]
    assert ids(page(notify, after=cursor_of(4))) == wanted[4:]


@pytest.mark.parametrize(
    "query,pointer",
    [
        ({"after": "yesterday"}, "/after"),
        ({"after": cursor_of(7)}, "/after"),  # the log has not come so far
        ({"after": cursor_of(0)[:-1]}, "/after"),
        ({"types": "cn.tiaojie.nothing.*"}, "/types"),
        ({"types": "case.accepted"}, "/types"),
        ({"divisions": "98"}, "/divisions"),
        ({"limit": 0}, "/limit"),
        ({"limit": 501}, "/limit"),
        ({"wait": 31}, "/wait"),
        ({"since": "2026"}, "/since"),
    ],
)
def test_what_cannot_be_asked_is_refused_where_it_stands(
    notify: Web, query: dict[str, Any], pointer: str
) -> None:
    errors = problem(ask(notify, **query), 422, "validation_failed")["errors"]
    assert [e["pointer"] for e in errors] == [pointer]


def test_partners_need_a_channel_and_others_are_not_let_in(notify: Web) -> None:
    for path in ("/v1/events", "/v1/events/stream"):
        nobody = {**notify.token("partner"), "Accept-Language": "en"}
        refused = problem(notify.call("GET", path, headers=nobody), 403, "forbidden")
        assert "claim" in refused["detail"]
        problem(notify.call("GET", path, headers=notify.token("mediator")), 403, "forbidden")
        problem(notify.call("GET", path), 401, "unauthorised")
    assert (
        notify.call("GET", "/v1/events", headers=notify.token("platform_admin")).status_code == 200
    )


def test_while_the_database_is_away_readers_are_told_so(notify: Web) -> None:
    away = notify.beside(mongo_url=AWAY, backend_timeout_seconds=0.3)
    problem(ask(away), 503, "unavailable")


# --- waiting -------------------------------------------------------------------------------------


def tails() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "feed-tail"]


def test_who_waits_gets_the_first_event_as_soon_as_it_is_there(notify: Web) -> None:
    cursor = page(notify, after="now")["next"]
    before = len(tails())
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(page, notify, after=cursor, wait=30) for _ in range(4)]
        eventually(lambda: len(tails()) == before + 1)  # one thread for all
        assert not any(each.done() for each in waiting)
        wanted = logged(notify.database, a_partner_event())
        assert [ids(each.result(10)) for each in waiting] == [wanted] * 4


def test_who_waits_is_not_woken_for_what_it_does_not_want(notify: Web) -> None:
    cursor = page(notify, after="now")["next"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(page, notify, after=cursor, wait=30, divisions="51")
        logged(notify.database, *many(3))
        (wanted,) = logged(notify.database, a_partner_event(division="510104"))
        assert ids(waiting.result(10)) == [wanted]


def test_who_waited_in_vain_goes_on_behind_what_it_did_not_want(notify: Web) -> None:
    logged(notify.database, *many(3))
    answer = page(notify, types="cn.tiaojie.case.closed.v1", wait=1)
    assert (answer["items"], position_of(answer["next"])) == ([], 3)


def test_waiting_takes_a_place_and_there_are_only_so_many(notify: Web) -> None:
    web = notify.beside(feed_readers=3, feed_readers_of_channel=2)
    other = web.token("partner", channel="essc")
    with ThreadPoolExecutor(2) as pool, opened(web) as first, opened(web):
        next(first)
        refused = ask(web, wait=5)
        assert problem(refused, 503, "feed_busy")["retry_after"] == 5
        assert refused.headers["Retry-After"] == "5"
        assert ask(web).status_code == 200  # who does not wait needs none
        waiting = pool.submit(web.call, "GET", "/v1/events?wait=30", headers=other)
        eventually(lambda: places_taken(web) == 3)
        refused = web.call("GET", "/v1/events/stream", headers=web.token("platform_admin"))
        problem(refused, 503, "feed_busy")
        logged(notify.database, a_partner_event())
        assert waiting.result(10).status_code == 200
    assert places_taken(web) == 0


def places_taken(web: Web) -> int:
    """As the desk behind the route knows it, inside what the frame has wrapped it in."""
    wrapped = [web.app.view_functions["GET /v1/events"]]
    while wrapped:
        inner = wrapped.pop()
        if hasattr(inner, "__self__") and hasattr(inner.__self__, "places"):
            return int(inner.__self__.places.taken)
        cells = [cell.cell_contents for cell in getattr(inner, "__closure__", None) or ()]
        wrapped += [content for content in cells if callable(content)]
    raise LookupError("no places")


# --- streams -------------------------------------------------------------------------------------


class opened:  # noqa: N801 - used like a function
    """A stream as the blocks that its reader gets."""

    def __init__(self, web: Web, *, headers: dict[str, str] | None = None, **query: Any) -> None:
        partner = web.token("partner", channel=CHANNEL)
        path = f"/v1/events/stream?{urlencode(query)}"
        self.response = web.call("GET", path, headers={**partner, **(headers or {})})
        self.blocks: Iterator[dict[str, str]] = iter(())

    def __enter__(self) -> Iterator[dict[str, str]]:
        assert self.response.status_code == 200, self.response.get_data(as_text=True)
        assert self.response.mimetype == "text/event-stream"
        self.blocks = blocks(self.response.iter_encoded())
        return self.blocks

    def __exit__(self, *_: object) -> None:
        self.response.close()


def blocks(chunks: Iterator[bytes]) -> Iterator[dict[str, str]]:
    """Fields of each block of an event stream; a comment is the field without a name."""
    left = b""
    for chunk in chunks:
        *whole, left = (left + chunk).split(b"\n\n")
        for block in whole:
            parts = (line.partition(":") for line in block.decode().split("\n"))
            yield {name: value.removeprefix(" ") for name, _, value in parts}
    assert left == b"", "the stream broke off within a block"


def test_a_stream_brings_each_event_with_its_cursor_and_type(notify: Web) -> None:
    wanted = logged(notify.database, *many(3))
    with opened(notify) as stream:
        assert int(next(stream)["retry"]) >= 500
        for position, event_id in enumerate(wanted, 1):
            block = next(stream)
            assert block["id"] == cursor_of(position)
            assert block["event"] == "cn.tiaojie.case.accepted.v1"
            assert f'"id":"{event_id}"' in block["data"]
        (later,) = logged(notify.database, a_partner_event())
        assert f'"id":"{later}"' in next(stream)["data"]


def test_a_reader_that_comes_back_goes_on_exactly_where_it_was(notify: Web) -> None:
    logged(notify.database, *many(5))
    with opened(notify, headers={"Last-Event-ID": cursor_of(3)}, after="start") as stream:
        next(stream)
        assert [next(stream)["id"], next(stream)["id"]] == [cursor_of(4), cursor_of(5)]
    partner = notify.token("partner", channel=CHANNEL)
    odd = {**partner, "Last-Event-ID": "42"}
    problem(notify.call("GET", "/v1/events/stream", headers=odd), 422, "validation_failed")
    notify.database.partner_events.delete_many({"position": {"$lte": 4}})
    late = {**partner, "Last-Event-ID": cursor_of(1)}
    problem(notify.call("GET", "/v1/events/stream", headers=late), 410, "cursor_expired")


def test_while_nothing_comes_the_stream_and_the_place_are_kept(
    notify: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.05)
    logged(notify.database, *many(4))
    with opened(notify, types="cn.tiaojie.case.closed.v1") as stream:
        next(stream)
        assert next(stream) == {"": "", "id": cursor_of(4)}


def test_a_stream_ends_by_itself_and_says_when_to_come_back(notify: Web) -> None:
    web = notify.beside(feed_stream_seconds=1.0)
    logged(notify.database, *many(2))
    with opened(web) as stream:
        begun, *events, ended = stream
    assert [*begun] == ["retry"]
    assert [event["id"] for event in events] == [cursor_of(1), cursor_of(2)]
    assert ended["id"] == cursor_of(2)
    assert int(ended["retry"]) >= 500


def test_a_process_that_is_to_stop_lets_its_readers_go(notify: Web) -> None:
    stops = threading.Event()
    stopping.seen_by(stops.is_set)
    try:
        with opened(notify) as stream, ThreadPoolExecutor(2) as pool:
            next(stream)
            waiting = pool.submit(page, notify, wait=30)
            rest = pool.submit(list, stream)
            eventually(lambda: places_taken(notify) == 2)
            stops.set()
            assert rest.result(5)[-1]["id"] == cursor_of(0)
            assert waiting.result(5)["items"] == []
    finally:
        stopping.seen_by(lambda: False)


def test_a_stream_whose_database_goes_away_ends_and_gives_its_place_back(
    notify: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.errors import BackendAway

    def away(*_: Any) -> Any:
        raise BackendAway("mongodb: away")

    with opened(notify) as stream:
        next(stream)
        monkeypatch.setattr(Feed, "page", away)
        assert [[*block] for block in stream] == [["retry", "id"]]
    assert places_taken(notify) == 0


def test_the_tail_ends_when_nobody_has_waited_for_long(
    notify: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notify.partners.tail.IDLE_SECONDS", 0.05)
    tail = Tail(EventLog(notify.database).newest, lambda: False)
    assert tail.wait(0, 0.2) is False
    thread = tail._thread
    assert thread is not None
    thread.join(5)
    assert not thread.is_alive()
    logged(notify.database, a_partner_event())
    assert tail.wait(0, 5) is True  # and begins again with the next


def test_a_log_that_cannot_be_asked_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.notify.partners.tail._AWAY_SECONDS", 0.01)
    answers: Iterator[int] = iter([0, 7])

    def newest() -> int:
        if (answer := next(answers)) == 0:
            raise OSError
        return answer

    assert Tail(newest, lambda: False).wait(6, 5) is True
