"""Intake behind a real gunicorn: what only a real connection shows."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator

import orjson
import pytest
import requests

from tests.builders.applications import an_application
from tests.builders.evidence import a_jpeg
from tests.server import Server, head
from tests.web import running

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def server(mongo_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with running("intake", mongo_url, folder) as web:
        server = Server(web, folder, {"TIAOJIE_EVIDENCE_MAX_BYTES": str(4 * MIB)})
        try:
            server.wait()
            yield server
        finally:
            server.stop()


HEALTH = head("GET", "/healthz")
GOOD = orjson.dumps(an_application())


def posted(body: bytes, *headers: str) -> bytes:
    length = f"Content-Length: {len(body)}"
    return (
        head("POST", "/v1/applications", "Content-Type: application/json", length, *headers) + body
    )


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


# --- a connection after an early refusal -----------------------------------------------------

SMALL = b"x" * 2000
REFUSED_UNREAD = {
    "wrong type": (head("POST", "/v1/applications", "Content-Type: text/plain", f"Content-Length: {len(SMALL)}"), 415),
    "no code": (head("PUT", "/v1/applications/2634626885086477/attachments/0", f"Content-Length: {len(SMALL)}"), 404),
    "mistyped number": (head("PUT", "/v1/applications/1/attachments/0", f"Content-Length: {len(SMALL)}"), 422),
    "bad token": (head("POST", "/v1/applications", "Authorization: Bearer x", f"Content-Length: {len(SMALL)}"), 401),
    "unknown path": (head("POST", "/nowhere", f"Content-Length: {len(SMALL)}"), 404),
    "other method": (head("DELETE", "/v1/applications", f"Content-Length: {len(SMALL)}"), 405),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED_UNREAD)
def test_after_a_refusal_whose_body_was_not_read_the_next_request_is_understood(
    server: Server, case: str
) -> None:
    request, status = REFUSED_UNREAD[case]
    with server.connection() as connection:
        for _ in range(3):
            connection.send(request + SMALL)
            found, headers, refusal = connection.answer()
            assert (found, refusal["status"]) == (status, status)
            assert headers["content-type"] == "application/problem+json"
            connection.send(HEALTH)
            assert connection.answer()[0] == 200


def test_an_unread_body_that_looks_like_a_request_is_not_answered(server: Server) -> None:
    smuggled = head("DELETE", "/v1/drafts/some-draft")
    request = head("POST", "/nowhere", f"Content-Length: {len(smuggled)}") + smuggled
    with server.connection() as connection:
        connection.send(request + HEALTH)
        assert connection.answer()[0] == 404
        status, _, body = connection.answer()
        assert (status, body) == (200, {"status": "alive"})


def test_requests_sent_ahead_are_answered_in_order(server: Server) -> None:
    with server.connection() as connection:
        connection.send(HEALTH + posted(b"{") + HEALTH + posted(GOOD) + HEALTH)
        assert [connection.answer()[0] for _ in range(5)] == [200, 400, 200, 201, 200]


def test_two_lengths_for_one_body_are_refused_and_the_connection_closed(server: Server) -> None:
    both = head(
        "POST", "/v1/applications", "Content-Type: application/json",
        "Content-Length: 5", "Transfer-Encoding: chunked",
    )  # fmt: skip
    with server.connection() as connection:
        connection.send(both + b"0\r\n\r\n" + HEALTH)
        status = int(connection.file.readline().split()[1])
        assert 400 <= status < 500
        assert b"alive" not in connection.file.read()


# --- bodies of every size and speed ----------------------------------------------------------


@pytest.mark.parametrize("size", [MIB + 1, 3 * MIB])
def test_a_client_that_sends_too_much_still_reads_why(server: Server, size: int) -> None:
    response = requests.post(
        f"{server.url}/v1/applications",
        data=b" " * size,
        headers={"Content-Type": "application/json"},
        timeout=15,
    )
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_a_body_in_chunks_is_a_body(server: Server) -> None:
    request = head(
        "POST", "/v1/applications", "Content-Type: application/json", "Transfer-Encoding: chunked"
    )
    with server.connection() as connection:
        connection.send(request + chunked(GOOD[:100], GOOD[100:]))
        assert connection.answer()[0] == 201
        connection.send(request + chunked(b" " * MIB, b"  "))
        status, _, refusal = connection.answer()
        assert (status, refusal["code"]) == (413, "body_too_large")


@pytest.fixture
def upload(server: Server) -> tuple[str, dict[str, str]]:
    """The path of a declared file and the header that opens it."""
    answer = requests.post(
        f"{server.url}/v1/applications", json=an_application(), timeout=15
    ).json()
    path = f"/v1/applications/{answer['serial_number']}/attachments/0"
    return path, {"X-Query-Code": answer["query_code"]}


def test_an_upload_over_the_limit_is_refused_in_words_of_evidence(
    server: Server, upload: tuple[str, dict[str, str]]
) -> None:
    path, holder = upload
    for body in (a_jpeg(5 * MIB), iter([a_jpeg(MIB)] * 5)):  # with a length, and in chunks
        response = requests.put(f"{server.url}{path}", data=body, headers=holder, timeout=30)
        refusal = response.json()
        assert (response.status_code, refusal["code"]) == (422, "evidence_refused")
        assert refusal["errors"][0]["code"] == "too_large"
    good = requests.put(f"{server.url}{path}", data=a_jpeg(3 * MIB), headers=holder, timeout=30)
    assert good.status_code == 200
    back = requests.get(f"{server.url}{path}", headers=holder, timeout=30)
    assert back.content == a_jpeg(3 * MIB)


def test_an_upload_that_breaks_off_leaves_nothing_and_can_be_sent_again(
    server: Server, upload: tuple[str, dict[str, str]]
) -> None:
    path, holder = upload
    code = f"X-Query-Code: {holder['X-Query-Code']}"
    photo = a_jpeg(MIB)
    with server.connection() as connection:
        connection.send(
            head("PUT", path, code, f"Content-Length: {len(photo)}") + photo[: MIB // 2]
        )
        connection.sock.shutdown(socket.SHUT_WR)
        status, _, refusal = connection.answer()
        assert (status, refusal["code"]) == (422, "evidence_refused")
        assert refusal["errors"][0]["code"] == "incomplete"
    again = requests.put(f"{server.url}{path}", data=photo, headers=holder, timeout=30)
    assert again.status_code == 200


def test_a_slow_upload_arrives_and_disturbs_nobody(
    server: Server, upload: tuple[str, dict[str, str]]
) -> None:
    path, holder = upload
    code = f"X-Query-Code: {holder['X-Query-Code']}"
    photo = a_jpeg(10_000)
    with server.connection() as connection:
        connection.send(head("PUT", path, code, f"Content-Length: {len(photo)}"))
        for start in range(0, len(photo), 1000):
            connection.send(photo[start : start + 1000])
            assert requests.get(f"{server.url}/healthz", timeout=5).status_code == 200
            time.sleep(0.05)
        assert connection.answer()[0] == 200


@pytest.mark.parametrize("sent", [b"POST /v1/applications HTT", b"{"])
def test_clients_that_fall_silent_do_not_keep_the_threads(server: Server, sent: bytes) -> None:
    begun = b"" if sent.startswith(b"POST") else posted(b" " * 50)[:-50]
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(server.connection()) for _ in range(6)]
        for connection in silent:  # more than there are threads
            connection.send(begun + sent)
        assert requests.get(f"{server.url}/healthz", timeout=15).status_code == 200
        if begun:
            assert silent[0].answer()[0] == 400


def test_an_upload_that_falls_silent_is_incomplete(
    server: Server, upload: tuple[str, dict[str, str]]
) -> None:
    path, holder = upload
    code = f"X-Query-Code: {holder['X-Query-Code']}"
    with server.connection() as connection:
        connection.send(head("PUT", path, code, "Content-Length: 5000") + a_jpeg(1000))
        status, _, refusal = connection.answer()
    assert (status, refusal["errors"][0]["code"]) == (422, "incomplete")


def test_huge_headers_and_broken_requests_are_refused_by_the_server(server: Server) -> None:
    for request in (
        head("GET", "/healthz", "X-Long: " + "a" * 20_000),
        head("GET", "/healthz", *[f"X-{n}: a" for n in range(200)]),
        head("GET", "/" + "a" * 10_000),
        b"GET / HTTP/9.9\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ):
        reset = contextlib.suppress(BrokenPipeError, ConnectionResetError)
        with server.connection() as connection, reset:
            connection.send(request)
            connection.sock.shutdown(socket.SHUT_WR)
            first = connection.file.readline()
            assert not first or 400 <= int(first.split()[1]) < 600
    assert requests.get(f"{server.url}/healthz", timeout=5).status_code == 200


def test_nothing_of_a_request_reaches_standard_output(server: Server) -> None:
    name = "慕容雪"
    body = an_application({"/applicant/name": name, "/nonsense": name})
    requests.post(f"{server.url}/v1/applications", json=body, timeout=15)
    requests.get(f"{server.url}/{name}?phone=13911112222", timeout=15)
    written = server.log.read_text()
    assert '"event":"request_refused"' in written
    assert '"service":"intake"' in written
    for secret in (name, json.dumps(name)[1:-1], "13911112222", "Traceback"):
        assert secret not in written
