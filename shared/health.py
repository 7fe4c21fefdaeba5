"""Alive, ready, measured: the three questions an operator's probes ask every process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson

from shared import metrics

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

Checks = Mapping[str, Callable[[], bool]]


def answer(path: str, checks: Checks) -> tuple[int, str, bytes] | None:
    """Status, content type and body for `/healthz`, `/readyz` or `/metrics`; None for others."""
    if path == "/healthz":
        return 200, "application/json", b'{"status":"alive"}'
    if path == "/readyz":
        results = {name: check() for name, check in checks.items()}
        ready = all(results.values())
        body = orjson.dumps({"status": "ready" if ready else "not_ready", "checks": results})
        return (200 if ready else 503), "application/json", body
    if path == "/metrics":
        text, content_type = metrics.exposition()
        return 200, content_type, text
    return None


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = 5

    def log_request(self, *_: Any) -> None:
        """Probes are not news."""


def serve_health(host: str, port: int, checks: Checks) -> None:
    """Answer the probes of a process that has no web server, on a thread of its own."""

    def application(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        found = answer(environ.get("PATH_INFO", ""), checks) or (404, "text/plain", b"not found")
        status, content_type, body = found
        start(f"{status} {'OK' if status == 200 else 'NO'}", [("Content-Type", content_type)])
        return [body]

    server = make_server(host, port, application, _Server, _Quiet)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
