"""The routes file, tried with the real gateway before small stand-ins for the four services."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from deploy.local.composition import CADDYFILE
from deploy.local.ports import answers, free_ports
from deploy.local.settings import SERVICES
from tests.waiting import eventually

CHINESE = {"Accept-Language": "zh-CN"}
ENGLISH = {"Accept-Language": "en-GB,en;q=0.8"}


class _Echo(BaseHTTPRequestHandler):
    """Tells which service was reached and what it was given."""

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        if self.path.endswith("/unreadable"):  # as gunicorn answers what it cannot parse
            self.send_response(400)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = json.dumps(
            {
                "service": self.server.service,  # type: ignore[attr-defined]
                "method": self.command,
                "path": self.path,
                "headers": {name.lower(): value for name, value in self.headers.items()},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        return


class Gateway:
    def __init__(self, url: str, upstreams: dict[str, ThreadingHTTPServer], log: Path) -> None:
        self.url, self.upstreams, self.log = url, upstreams, log
        self.session = requests.Session()

    def __call__(self, method: str, path: str, **arguments) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=10, **arguments)

    def reached(self, method: str, path: str) -> str:
        answer = self(method, path)
        return answer.json()["service"] if answer.status_code == 200 else str(answer.status_code)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    upstreams = {}
    for service in SERVICES:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
        server.service = service  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        upstreams[service] = server
    (port,) = free_ports(1)
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "GATEWAY_BIND": "127.0.0.1",
        "XDG_CONFIG_HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        **{
            f"{name.upper()}_UPSTREAM": f"127.0.0.1:{server.server_port}"
            for name, server in upstreams.items()
        },
    }
    log = folder / "gateway.log"
    command = [str(Path(sys.executable).with_name("caddy")), "run", "--config", str(CADDYFILE)]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*command, "--adapter", "caddyfile"], env=environment, stdout=output, stderr=output
        ) as caddy,
    ):
        assert answers(port, within_seconds=30), log.read_text()
        found = Gateway(f"http://127.0.0.1:{port}", upstreams, log)
        yield found
        found.session.close()
        caddy.terminate()
    for server in upstreams.values():
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "method,path,service",
    [
        ("POST", "/v1/applications", "intake"),
        ("PUT", "/v1/applications/2634626885086477/attachments/0", "intake"),
        ("GET", "/v1/applications/2634626885086477/receipt", "intake"),
        ("GET", "/v1/drafts/abc", "intake"),
        ("GET", "/v1/progress/2634626885086477", "query"),
        ("GET", "/v1/progress/2634626885086477/stream", "query"),
        ("POST", "/v1/progress/lookups", "query"),
        ("GET", "/progress", "query"),
        ("POST", "/progress/2634626885086477", "query"),
        ("GET", "/v1/my/cases", "query"),
        ("GET", "/v1/policies?q=%E8%A2%AB%E8%BE%9E%E9%80%80", "query"),
        ("GET", "/v1/divisions?parent=37", "query"),
        ("GET", "/v1/statistics", "query"),
        ("GET", "/v1/organisations?division=370102", "query"),
        ("HEAD", "/asyncapi.json", "200"),
        ("GET", "/asyncapi.json", "query"),
        ("POST", "/v1/organisations", "routing"),
        ("PATCH", "/v1/organisations/org-1", "routing"),
        ("DELETE", "/v1/organisations/org-1", "routing"),
        ("GET", "/v1/cases?status=accepted", "routing"),
        ("POST", "/v1/cases/2634626885086477/accept", "routing"),
        ("GET", "/v1/mediators", "routing"),
        ("PUT", "/v1/rota/2026-11-02", "routing"),
        ("POST", "/v1/subscriptions", "notify"),
        ("GET", "/v1/messages?serial=2634626885086477", "notify"),
        ("POST", "/v1/message-receipts/aliyun?token=x", "notify"),
        ("GET", "/v1/message-templates", "notify"),
        ("PUT", "/v1/message-templates/case.closed/sms/zh", "notify"),
        ("POST", "/v1/amqp-credentials", "notify"),
        ("GET", "/v1/events", "notify"),
        ("GET", "/intake/openapi.json", "intake"),
        ("GET", "/routing/docs/", "routing"),
        ("GET", "/notify/readyz", "notify"),
        ("GET", "/query/healthz", "query"),
        ("GET", "/query/metrics", "404"),
        ("GET", "/intake/metrics?name=x", "404"),
        ("GET", "/routing//metrics", "404"),
        ("GET", "/routing/./metrics", "404"),
        ("GET", "/routing/%6Detrics", "404"),
        ("GET", "/v1/applicationsandmore", "404"),
        ("GET", "/", "404"),
        ("GET", "/v2/applications", "404"),
    ],
)
def test_each_address_reaches_the_service_that_owns_it(
    gateway: Gateway, method: str, path: str, service: str
) -> None:
    if method == "HEAD":
        assert gateway(method, path).status_code == int(service)
    else:
        assert gateway.reached(method, path) == service


def test_the_path_and_query_arrive_unchanged(gateway: Gateway) -> None:
    path = "/v1/policies?q=%E8%A2%AB%20a&page=2"
    assert gateway("GET", path).json()["path"] == path


def test_the_caller_and_the_request_id_are_passed_on(gateway: Gateway) -> None:
    given = gateway("GET", "/v1/divisions", headers={"X-Request-Id": "abc-123"}).json()["headers"]
    assert given["x-request-id"] == "abc-123"
    assert given["x-forwarded-for"].endswith("127.0.0.1")
    made = gateway("GET", "/v1/divisions").json()["headers"]["x-request-id"]
    assert len(made) == 36


@pytest.mark.parametrize(
    "language,title", [(CHINESE, "没有找到"), (ENGLISH, "Not found"), ({}, "没有找到")]
)
def test_an_unknown_address_is_a_problem_document_in_the_callers_language(
    gateway: Gateway, language: dict[str, str], title: str
) -> None:
    answer = gateway("GET", '/no"where', headers=language)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem.pop("instance").startswith("urn:tiaojie:request:")
    assert problem == {
        "type": "urn:tiaojie:problem:not_found",
        "title": title,
        "status": 404,
        "detail": title,
        "code": "not_found",
    }


def test_a_body_too_large_is_refused_as_a_problem_document(gateway: Gateway) -> None:
    # What of it was never read must not be taken for the next request.
    once = {**ENGLISH, "Connection": "close"}
    answer = gateway("POST", "/v1/applications", data=b"x" * (3 << 20), headers=once)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_evidence_may_be_larger_than_other_bodies(gateway: Gateway) -> None:
    path = "/v1/applications/2634626885086477/attachments/0"
    assert gateway("PUT", path, data=b"x" * (3 << 20)).json()["service"] == "intake"


def test_a_service_that_is_away_is_a_problem_document_that_says_when_to_try_again(
    gateway: Gateway,
) -> None:
    server = gateway.upstreams["notify"]
    server.shutdown()
    server.server_close()
    answer = gateway("GET", "/v1/messages", headers=CHINESE)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "unavailable"
    assert answer.json()["title"] == "服务暂时不可用，请稍后重试"


def test_the_access_log_holds_no_query_no_header_and_no_full_address(gateway: Gateway) -> None:
    secret = {"X-Query-Code": "SECRET-CODE", "Authorization": "Bearer SECRET-TOKEN"}
    gateway("GET", "/v1/progress/2634626885086477?name=SECRET-NAME", headers=secret)
    text = gateway.log.read_text()
    assert "/v1/progress/2634626885086477" in text
    assert "SECRET" not in text
    assert '"remote_ip":"127.0.0.0"' in text
    assert '"127.0.0.1"' not in text


def uris(gateway: Gateway) -> list[str]:
    """What the access log has of every path asked for."""
    return re.findall(r'"uri":"([^"]*)"', gateway.log.read_text())


@pytest.mark.parametrize(
    "path, logged",
    [
        ("/progress/【调解】张三，流水号：2634 6268 8508 6477，查询码：C5QZ-C9PY。", "/progress/"),
        ("/v1/progress/C5QZC9PY", "/v1/progress/"),
        ("/v1/progress/13800000011", "/v1/progress/"),
        ("/v1/progress/2634626885086477/张三", "/v1/progress/2634626885086477/"),
        ("/v1/progress/2634626885086477/calendar.ics", "/v1/progress/2634626885086477/calendar.ics"),
        ("/v1/applications/zhang-san/consent", "/v1/applications/"),
        ("/v1/inbox/370102199003078888", "/v1/inbox/"),
        ("/v1/cases/2634626885086477/begin-examination", "/v1/cases/2634626885086477/begin-examination"),
    ],
)  # fmt: skip
def test_the_access_log_holds_of_a_typed_serial_number_only_what_is_one(
    gateway: Gateway, path: str, logged: str
) -> None:
    before = len(uris(gateway))
    gateway("GET", path)
    eventually(lambda: len(uris(gateway)) > before, seconds=5)
    assert uris(gateway)[before:] == [logged]


def test_a_servers_own_page_about_an_unreadable_address_becomes_a_problem_document(gateway) -> None:
    answer = gateway("GET", "/v1/progress/unreadable", headers=ENGLISH)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "malformed_request"


def test_the_access_log_keeps_no_id_of_a_draft(gateway) -> None:
    gateway("GET", "/v1/drafts/a-secret-id")
    text = gateway.log.read_text()
    assert '"uri":""' in text
    assert "a-secret-id" not in text
