"""`make partner-demo`: events of the running system, as a partner gets them, verified one by one.

Starts the example receiver (docs/examples/partners/receiver.py), subscribes it, waits for the
handshake, submits the example application and shows each event that arrives. Ctrl-C takes the
subscription away again.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from deploy.local.example import APPLICATION
from deploy.local.failures import LocalFailure
from deploy.local.readiness import answers_200
from deploy.local.settings import LocalSettings
from deploy.local.terminal import Terminal
from shared.devissuer import DevelopmentIssuer

RECEIVER: Final = Path(__file__).resolve().parents[2] / "docs/examples/partners/receiver.py"
CHANNEL: Final = "partner_demo"
TYPES: Final = ("cn.tiaojie.application.*", "cn.tiaojie.case.*")
CALL_SECONDS: Final = 30.0
READY_SECONDS: Final = 15.0
HANDSHAKE_SECONDS: Final = 60.0
_TYPE: Final = re.compile(r"cn\.tiaojie\.(?P<name>.+)\.v\d+")
_TOLD: Final = ("status", "outcome", "clock", "due_on", "reason", "case_number", "attachment_count")
"""What of an event's data a line has room for."""


def demo(settings: LocalSettings, terminal: Terminal) -> None:
    """Show events until Ctrl-C. Raises LocalFailure."""
    with _ending_on_sigterm(), tempfile.TemporaryDirectory(prefix="tiaojie-partner-") as folder:
        terminal.heading("调解 Tiaojie: events for a partner")
        url = settings.gateway_url
        with terminal.step("System") as step:
            if not answers_200(f"{url}/notify/readyz"):
                raise LocalFailure(
                    f"The system does not answer at {url}.",
                    hint="start it with `make run` in another terminal, then try again.",
                )
            step.result = url
        platform = _Platform(
            url, DevelopmentIssuer(settings).token(role="partner", channel=CHANNEL)
        )
        _remove_leftovers(platform)
        with _receiver(Path(folder), terminal) as receiver:
            _subscribe_and_show(platform, receiver, terminal)


def _subscribe_and_show(platform: _Platform, receiver: _Receiver, terminal: Terminal) -> None:
    subscription = _subscribe(platform, receiver, terminal)
    try:
        _await_handshake(platform, subscription, terminal)
        with terminal.step("Test event") as step:
            tried = platform("POST", f"/v1/subscriptions/{subscription}/test")
            last = (tried["attempts"] or [{"latency_ms": "?"}])[-1]
            step.result = f"{tried['status']} in {last['latency_ms']} ms"
        with terminal.step("Application") as step:
            application = json.loads(APPLICATION.read_text("utf-8")) | {"channel": CHANNEL}
            receipt = platform("POST", "/v1/applications", application)
            step.result = f"{receipt['serial_number_display']}, of invented people"
        terminal.heading("Verified events, as they arrive")
        terminal.faint(
            "  They go on as people work on cases: `make run` says how. Ctrl-C ends this.\n"
        )
        while True:
            terminal.line(_shown(receiver.next_event()))
    except KeyboardInterrupt:
        terminal.line()
    finally:
        with terminal.step("Subscription") as step:
            platform("DELETE", f"/v1/subscriptions/{subscription}")
            step.result = "removed"


def _subscribe(platform: _Platform, receiver: _Receiver, terminal: Terminal) -> str:
    with terminal.step("Subscription") as step:
        made = platform(
            "POST",
            "/v1/subscriptions",
            {
                "url": receiver.url,
                "event_types": list(TYPES),
                "description": "make partner-demo",
                "refuses_unsigned": True,
            },
        )
        receiver.learn(made["secret"])
        step.result = str(made["id"])
    return str(made["id"])


def _await_handshake(platform: _Platform, subscription: str, terminal: Terminal) -> None:
    with terminal.step("Handshake") as step:
        ends = time.monotonic() + HANDSHAKE_SECONDS
        while True:
            found = platform("GET", f"/v1/subscriptions/{subscription}")
            if found["status"] == "active":
                break
            step.note = found["verification"]["last_code"] or "waiting for the challenge"
            if time.monotonic() > ends:
                raise LocalFailure(f"The handshake did not succeed: {step.note}.")
            time.sleep(0.1)
        step.result = "unsigned call refused, challenge repeated"


@dataclass
class _Receiver:
    """The example receiver as a process, and what it prints."""

    process: subprocess.Popen[str]
    secrets: Path
    url: str = ""
    printed: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    def learn(self, secret: str) -> None:
        self.secrets.write_text(f"{secret}\n", "utf-8")

    def next_event(self) -> Mapping[str, Any]:
        """The next event it has verified. Raises LocalFailure if it has ended."""
        while True:
            try:
                event: Mapping[str, Any] = json.loads(self.printed.get(timeout=0.5))
            except queue.Empty:
                if self.process.poll() is not None:
                    raise LocalFailure("The receiver ended by itself.") from None
            else:
                return event


@contextlib.contextmanager
def _receiver(folder: Path, terminal: Terminal) -> Iterator[_Receiver]:
    with terminal.step("Receiver") as step, (folder / "receiver.log").open("w") as said:
        secrets = folder / "secrets.txt"
        process = subprocess.Popen(
            [sys.executable, str(RECEIVER), "0"],
            env={**os.environ, "SECRETS": str(secrets), "EVENTS": str(folder / "events.db")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            start_new_session=True,  # Ctrl-C is for this program; the receiver is needed to the end
        )
        receiver = _Receiver(process, secrets)
        threading.Thread(target=_copy, args=(process.stdout, receiver.printed), daemon=True).start()
        try:
            receiver.url = _address(process, folder / "receiver.log")
        except BaseException:
            _end(process)
            raise
        step.result = f"{receiver.url} ({RECEIVER.name})"
    try:
        yield receiver
    finally:
        _end(process)


def _address(process: subprocess.Popen[str], log: Path) -> str:
    """Where it listens, as it says itself."""
    ends = time.monotonic() + READY_SECONDS
    while not (found := re.search(r"http://\S+", log.read_text("utf-8"))):
        if process.poll() is not None or time.monotonic() > ends:
            raise LocalFailure("The receiver did not start.", log=log)
        time.sleep(0.02)
    return found[0]


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.wait(10)


def _copy(stream: Any, to: queue.SimpleQueue[str]) -> None:
    for line in stream:
        to.put(line)


@dataclass(frozen=True)
class _Platform:
    """Calls to the running system, as the partner."""

    url: str
    token: str

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON, None for none. Raises LocalFailure for a refusal."""
        request = urllib.request.Request(  # noqa: S310 - the address is the setting's
            f"{self.url}{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={
                "Accept-Language": "en",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:  # noqa: S310
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refusal:
            raise LocalFailure(_refusal(method, path, refusal), hint=_hint(refusal)) from None
        except OSError as error:
            raise LocalFailure(f"{method} {path}: {error}") from None


def _refusal(method: str, path: str, refusal: urllib.error.HTTPError) -> str:
    try:
        problem = json.loads(refusal.read())
    except ValueError:
        return f"{method} {path} was answered {refusal.code}."
    lines = [f"{method} {path} was refused: {problem.get('detail') or problem.get('title')}"]
    lines += [f"{e['pointer']}: {e['message']}" for e in problem.get("errors", ())]
    return "\n".join(lines)


def _hint(refusal: urllib.error.HTTPError) -> str:
    if refusal.code == 401:
        return "set TIAOJIE_DATA_DIR to the folder that `make run` uses: its issuer's key is there."
    return ""


def _remove_leftovers(platform: _Platform) -> None:
    """Subscriptions of a demonstration that was killed."""
    for each in platform("GET", "/v1/subscriptions")["items"]:
        platform("DELETE", f"/v1/subscriptions/{each['id']}")


def _shown(event: Mapping[str, Any]) -> str:
    """One event as a line for people."""
    found = _TYPE.fullmatch(event["type"])
    at = datetime.fromisoformat(event["time"]).astimezone()
    told = "  ".join(f"{n}={event['data'][n]}" for n in _TOLD if event["data"].get(n) is not None)
    return "  ".join(
        (
            f"  ✓ {at:%H:%M:%S}",
            f"{found['name'] if found else event['type']:<28}",
            f"{event['subject']:<26}",
            f"#{event.get('sequence', '-'):<4}",
            told,
        )
    ).rstrip()


@contextlib.contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """SIGTERM ends it like Ctrl-C; once it is about to end, neither disturbs."""

    def end(_number: int, _frame: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
