"""Answers of partners' endpoints: read to their end, or refused; never followed, never kept."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.partners.endings import of_status
from services.notify.partners.replies import BODY_MOST, HEAD_MOST, Reply, TooLarge, Unreadable

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def read(*pieces: bytes) -> Reply | None:
    """The reply that these pieces are, None if it is not complete."""
    reply = Reply()
    for piece in pieces[:-1]:
        assert not reply.feed(piece)
    return reply if reply.feed(pieces[-1]) else None


def test_an_answer_with_a_length_is_complete_with_its_last_byte() -> None:
    reply = read(OK[:-1], OK[-1:])
    assert reply is not None
    assert (reply.status, reply.body, reply.keep) == (200, b"ok", True)


@pytest.mark.parametrize(
    "raw,status,body,keep",
    [
        (b"HTTP/1.1 204 \r\n\r\n", 204, b"", True),
        (b"HTTP/1.1 204\r\n\r\n", 204, b"", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", 304, b"", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, b"", False),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 200, b"", False),
        (
            b"HTTP/1.1 200 OK\r\nConnection: x\r\nConnection: Close\r\ncontent-length:0\r\n\r\n",
            *(200, b"", False),
        ),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK,
            200,
            b"ok",
            True,
        ),
        (
            CHUNKED + b"2;name=x\r\nab\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
            *(200, b"ab0123456789", True),
        ),
        (OK + b"HTTP/1.1 200 OK", 200, b"ok", False),
        (
            b"HTTP/1.1 500 No\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
            *(500, b"x", True),
        ),
    ],
)
def test_usual_forms_of_answers_are_understood(
    raw: bytes, status: int, body: bytes, keep: bool
) -> None:
    reply = read(raw)
    assert reply is not None
    assert (reply.status, reply.body, reply.keep) == (status, body, keep)


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 600 OK\r\n\r\n",
        b"HTTP/1.1 200OK\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"1\r\nabc\r\n",
        b"\x16\x03\x01\x02\x00",
    ],
)
def test_what_is_no_answer_is_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (BODY_MOST + 1),
        CHUNKED + b"FFFFFFF\r\n",
        CHUNKED + b"1\r\na\r\n" * (BODY_MOST + 1),
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * HEAD_MOST,
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * HEAD_MOST + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 60_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000,
    ],
)
def test_more_than_an_answer_to_a_webhook_is_refused_and_not_kept(raw: bytes) -> None:
    with pytest.raises(TooLarge):
        read(raw)


def test_without_a_length_the_end_of_the_connection_is_the_end_of_the_answer() -> None:
    reply = Reply()
    assert not reply.feed(b"HTTP/1.1 200 OK\r\n\r\nwords")
    assert reply.end()
    assert (reply.body, reply.keep) == (b"words", False)


@pytest.mark.parametrize("cut", range(1, len(OK)))
def test_a_connection_that_ends_earlier_leaves_no_answer(cut: int) -> None:
    reply = Reply()
    assert not reply.feed(OK[:cut])
    assert not reply.end()


_BODIES = st.binary(max_size=300)
_TEXT = st.text("abcXYZ -_;=,", max_size=20).map(str.strip).map(str.encode)
_NAMES = st.sampled_from([b"Server", b"Date", b"Retry-After", b"Set-Cookie", b"X-Y"])


@st.composite
def answers(draw) -> bytes:
    """Any answer a decent server may give."""
    status = draw(st.sampled_from([200, 201, 202, 204, 301, 400, 404, 410, 429, 500, 503]))
    fields = draw(st.lists(st.tuples(_NAMES, _TEXT), max_size=4))
    body = draw(_BODIES)
    head = b"HTTP/1.1 %d %b\r\n" % (status, draw(_TEXT))
    head += b"".join(b"%b: %b\r\n" % field for field in fields)
    if status == 204:
        return head + b"\r\n"
    if draw(st.booleans()):
        return head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    sizes = draw(st.lists(st.integers(1, 50), max_size=6))
    chunks, at = [], 0
    for size in [*sizes, len(body)]:
        piece, at = body[at : at + size], at + size
        chunks += [b"%x\r\n%b\r\n" % (len(piece), piece)] if piece else []
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(chunks) + b"0\r\n\r\n"


def by_h11(raw: bytes) -> tuple[int, bytes]:
    """What another reader makes of it."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="POST", target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(raw)
    status, body = 0, b""
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
    return status, body


@given(answers(), st.lists(st.integers(1, 400), max_size=5))
def test_any_answer_in_any_pieces_is_read_as_another_reader_reads_it(
    raw: bytes, cuts: list[int]
) -> None:
    reply, at, done = Reply(), 0, False
    for cut in [*cuts, len(raw)]:
        if at < len(raw):
            assert not done
            done = reply.feed(raw[at : at + cut])
            at += cut
    assert done
    assert (reply.status, reply.body) == by_h11(raw)
    assert reply.keep


@given(st.binary(max_size=400), st.booleans())
def test_no_bytes_at_all_make_it_fail_otherwise(raw: bytes, behind: bool) -> None:
    reply = Reply()
    try:
        reply.feed(CHUNKED + raw if behind else raw)
    except (Unreadable, TooLarge):
        return


@pytest.mark.parametrize(
    "status,code,ok",
    [
        *((status, None, True) for status in (200, 201, 202, 204, 299)),
        *((status, "redirect", False) for status in (300, 301, 302, 304, 307, 308)),
        *((status, f"http_{status}", False) for status in (400, 401, 404, 410, 429, 500, 503)),
    ],
)
def test_each_status_has_its_code(status: int, code: str | None, ok: bool) -> None:
    ending = of_status(status, 0.1, b"", b"", lambda: 0.0)
    assert (ending.code, ending.ok, ending.gone) == (code, ok, status == 410)


@pytest.mark.parametrize(
    "status,said,seconds",
    [
        (429, b"120", 120.0),
        (503, b" 7 ", 7.0),
        (429, b"999999999999", 3600.0),
        (429, b"Thu, 01 Jan 1970 00:02:00 GMT", 60.0),
        (429, b"Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        (429, b"soon", None),
        (429, b"-5", None),
        (429, b"", None),
        (500, b"120", None),
    ],
)
def test_retry_after_is_honoured_where_it_means_something_and_up_to_an_hour(
    status: int, said: bytes, seconds: float | None
) -> None:
    assert of_status(status, 0.1, said, b"", lambda: 60.0).retry_after == seconds
