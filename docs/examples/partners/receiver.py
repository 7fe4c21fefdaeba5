"""Receives events of Tiaojie over HTTP, and prints each verified event once, as a line of JSON.

    python receiver.py [port]          8080 without one; 0 for any that is free

SECRETS (secrets.txt) is a file with one secret a line: the one of the answer to POST /v1/subscriptions,
and beside it a new one while it is being replaced. It is read for each call, so nothing has to be
started again. EVENTS (events.db) keeps what has been received.

What a receiver has to do, in this order: check the signature of the bytes as they came; keep the
event under its id, durably; answer 2xx. Then whatever is sent again is known, and nothing is lost.
Needs Python 3.11. In front of it belongs a proxy with your certificate: calls go to https only.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

try:
    from standardwebhooks import Webhook, WebhookVerificationError
except ImportError:  # the same in 30 lines of the standard library
    from signature import Webhook, WebhookVerificationError

SECRETS = Path(os.environ.get("SECRETS", "secrets.txt"))
EVENTS = Path(os.environ.get("EVENTS", "events.db"))
BODY_MOST = 64 * 1024
VERIFICATION = "cn.tiaojie.subscription.verification.v1"


class Inbox:
    """The events received so far, each once, whatever was sent again."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._one_at_a_time = threading.Lock()
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS events"
            " (id TEXT PRIMARY KEY, about TEXT NOT NULL, sequence INTEGER NOT NULL, body TEXT NOT NULL)"
        )
        self._database.execute("CREATE INDEX IF NOT EXISTS newest ON events (about, sequence)")

    def keep(self, identity: str, event: dict[str, Any]) -> str:
        """`again` if it is known; `late` if a later event about the same is; else `new`."""
        about = f"{event['source']} {event['subject']}"
        sequence = int(event.get("sequence", 0))  # test events have none
        with self._one_at_a_time, self._database, closing(self._database.cursor()) as cursor:
            cursor.execute("SELECT max(sequence) FROM events WHERE about = ?", [about])
            (newest,) = cursor.fetchone()
            cursor.execute(
                "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?)",
                [identity, about, sequence, json.dumps(event, ensure_ascii=False)],
            )
            if not cursor.rowcount:
                return "again"
        return "late" if newest is not None and newest > sequence else "new"


def verified(body: bytes, headers: dict[str, str]) -> dict[str, Any] | None:
    """The event of a call that one of our secrets has signed; None for any other call."""
    secrets = SECRETS.read_text("utf-8").split() if SECRETS.exists() else []
    for secret in secrets:
        try:
            event: dict[str, Any] = Webhook(secret).verify(body, headers)
        except (WebhookVerificationError, ValueError):  # another secret's, or no signature at all
            continue
        return event
    return None


class Receiver(BaseHTTPRequestHandler):
    """Answers calls: 200 or 204 for what it took, 401 for what nobody has signed."""

    protocol_version = "HTTP/1.1"  # connections stay open: most of a call's time is their making
    timeout = 60
    inbox: Inbox

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_MOST:
            self.close_connection = True
            return self._answer(413)
        event = verified(self.rfile.read(length), dict(self.headers))
        if event is None:
            return self._answer(401)
        if event["type"] == VERIFICATION:
            return self._answer(200, json.dumps({"challenge": event["data"]["challenge"]}))
        outcome = self.inbox.keep(self.headers["webhook-id"], event)
        if outcome != "again":
            print(json.dumps({**event, "outcome": outcome}, ensure_ascii=False), flush=True)
        return self._answer(204)

    def _answer(self, status: int, body: str = "") -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Nothing: the events are what is printed."""


def main() -> None:
    Receiver.inbox = Inbox(EVENTS)
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    print(f"receiving at http://127.0.0.1:{server.server_port}/", file=sys.stderr, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
