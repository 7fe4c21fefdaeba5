"""What docs/partners.md promises, done: its commands as they stand there, and its receivers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from deploy.local.ports import free_ports
from tests import gateway, node
from tests.builders.applications import an_application
from tests.house.sources import ROOT
from tests.system import System
from tests.waiting import eventually

EXAMPLES = ROOT / "docs" / "examples" / "partners"
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
RECEIVERS: Mapping[str, Sequence[str]] = {
    "Python": (sys.executable, str(EXAMPLES / "receiver.py")),
    "Python, standard library alone": (sys.executable, "-S", str(EXAMPLES / "receiver.py")),
    "Node": (node.NODE, str(EXAMPLES / "receiver.mjs")),
}


@pytest.fixture(scope="module")
def partner(system: System) -> dict[str, str]:
    return system.token("partner", "--channel", "docs_reader")


class Receiver:
    """An example receiver as a process, and the events it prints."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process, self.folder = process, folder
        self.secrets = folder / "secrets.txt"
        self._printed: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        said = eventually(lambda: re.search(r"http://\S+", (folder / "log").read_text("utf-8")))
        self.url = said[0]

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._printed.put(line)

    def event(self, **wanted: Any) -> dict[str, Any]:
        """The next event that is like this; a case goes on meanwhile, and so do others."""
        while True:
            found: dict[str, Any] = json.loads(self._printed.get(timeout=20))
            if wanted.items() <= found.items():
                return found

    def call(self, body: bytes, headers: Mapping[str, str]) -> int:
        request = Request(self.url, data=body, method="POST", headers=dict(headers))
        try:
            with urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code


@contextmanager
def receiving(kind: str, folder: Path) -> Iterator[Receiver]:
    environment = {
        **os.environ,
        "SECRETS": str(folder / "secrets.txt"),
        "EVENTS": str(folder / "kept"),
    }
    with (folder / "log").open("w") as said:
        process = subprocess.Popen(
            [*RECEIVERS[kind], "0"], env=environment, stdout=subprocess.PIPE, stderr=said, text=True
        )
    try:
        yield Receiver(process, folder)
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout:
            process.stdout.close()


@contextmanager
def subscribed(
    system: System, partner: Mapping[str, str], receiver: Receiver
) -> Iterator[Callable[..., Any]]:
    """What asks about a subscription that is verified."""
    types = ["cn.tiaojie.application.*", "cn.tiaojie.case.*"]
    wanted = {"url": receiver.url, "event_types": types, "refuses_unsigned": True}
    status, made = system.call("POST", "notify", "/v1/subscriptions", wanted, partner)
    assert status == 201, made
    receiver.secrets.write_text(made["secret"], "utf-8")
    path = f"/v1/subscriptions/{made['id']}"

    def ask(method: str = "GET", below: str = "", body: Any = None) -> Any:
        status, answer = system.call(method, "notify", path + below, body, partner)
        assert status < 300, answer
        return answer

    eventually(lambda: ask()["status"] == "active")
    yield ask
    ask("DELETE")


def signed(
    secret: str, body: bytes, *, identity: str = "msg_1", at: float | None = None
) -> dict[str, str]:
    """Headers of a call as Standard Webhooks describes them, made without any of our code."""
    moment = str(int(time.time() if at is None else at))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{identity}.{moment}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": identity,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


@pytest.mark.parametrize("kind", RECEIVERS)
def test_a_receiver_gets_verified_events_once_and_refuses_everything_else(
    system: System, partner: dict[str, str], tmp_path: Path, kind: str
) -> None:
    with receiving(kind, tmp_path) as receiver, subscribed(system, partner, receiver) as ask:
        tested = ask("POST", "/test")
        assert tested["status"] == "delivered"
        receiver.event(id=tested["event_id"], type="cn.tiaojie.subscription.test.v1", outcome="new")

        status, receipt = system.call("POST", "intake", "/v1/applications", an_application())
        assert status == 201, receipt
        number = receipt["serial_number"]
        event = receiver.event(subject=number)
        assert event["type"] == "cn.tiaojie.application.submitted.v1"
        receiver.event(subject=number, type="cn.tiaojie.case.mediator_assigned.v1", outcome="new")

        # The same event again is known; a new secret is taken from the file at once.
        ask("POST", "/replay", {"event_ids": [event["id"]]})
        eventually(lambda: len(ask("GET", f"/deliveries/{event['id']}")["attempts"]) == 2)
        old, new = receiver.secrets.read_text("utf-8"), ask("POST", "/rotate-secret")["secret"]
        for secrets in (new, f"{old}\n{new}\n", old):  # calls carry both signatures meanwhile
            receiver.secrets.write_text(secrets, "utf-8")
            tested = ask("POST", "/test")
            assert tested["status"] == "delivered"
            while (printed := receiver.event())["id"] != tested["event_id"]:
                assert printed["id"] != event["id"], "it was sent again"

        body = json.dumps({**event, "id": "forged"}).encode()
        right = signed(old, body)
        assert receiver.call(body, {}) == 401
        assert receiver.call(body, {**right, "webhook-signature": "v1"}) == 401
        assert receiver.call(body, {**right, "webhook-signature": "v2,x v1a,y v1,é"}) == 401
        assert receiver.call(body, {**right, "webhook-timestamp": "now"}) == 401
        assert receiver.call(body, {**right, "webhook-id": "msg_2"}) == 401
        assert receiver.call(body + b" ", right) == 401
        assert receiver.call(body, signed("whsec_" + new[6:].swapcase(), body)) == 401
        assert receiver.call(body, signed(old, body, at=time.time() - 400)) == 401
        assert receiver.call(b"x" * 70_000, right) == 413
        assert (
            receiver.call(
                body, {**right, "webhook-signature": f"v1,AAAA {right['webhook-signature']}"}
            )
            == 204
        )
        assert receiver.event(id="forged")["outcome"] == "new"
        assert receiver.call(body, right) == 204

        late = json.dumps({**event, "id": "late", "sequence": "0"}).encode()
        assert receiver.call(late, signed(old, late, identity="msg_late")) == 204
        assert receiver.event(id="late")["outcome"] == "late"


@pytest.mark.parametrize("kind", ["Python", "Node"])
def test_a_receiver_that_is_started_again_knows_what_it_has(tmp_path: Path, kind: str) -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 24).decode()
    (tmp_path / "secrets.txt").write_text(secret, "utf-8")
    event = {"type": "t", "source": "s", "subject": "1", "sequence": "0000000005", "data": {}}
    body = json.dumps(event).encode()
    with receiving(kind, tmp_path) as receiver:
        assert receiver.call(body, signed(secret, body)) == 204
        assert receiver.event()["outcome"] == "new"
    with receiving(kind, tmp_path) as receiver:
        assert receiver.call(body, signed(secret, body)) == 204
        assert receiver.call(body, signed(secret, body, identity="msg_2")) == 204
        assert receiver.event()["outcome"] == "new", "the first was known"
        before = json.dumps({**event, "sequence": "0000000004"}).encode()
        assert receiver.call(before, signed(secret, before, identity="msg_3")) == 204
        assert receiver.event()["outcome"] == "late"


def a_checkout(folder: Path) -> None:
    """A folder from which the commands of the page can be typed, without writing to this one."""
    for name in ("docs", "deploy", "shared"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(sys.prefix)


def test_the_commands_of_the_page_work_as_they_stand_there(system: System, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "partners.md").read_text("utf-8")
    a_checkout(tmp_path)
    with gateway.before(system, tmp_path) as address:
        (port,) = free_ports(1)
        script = "set -eu\n" + "\n".join(COMMANDS.findall(page))
        script = script.replace("http://localhost:8000", address).replace("8080", str(port))
        done = subprocess.run(
            ["bash", "-c", script],
            env=system.environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr

    def lines(name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (tmp_path / name).read_text("utf-8").splitlines()]

    (tested,) = lines("test.json")
    assert (tested["status"], tested["attempts"][-1]["status_code"]) == ("delivered", 204)
    types = [event["type"] for event in lines("events.jsonl")]
    assert types[0] == "cn.tiaojie.subscription.test.v1"
    assert "cn.tiaojie.application.submitted.v1" in types
    assert "cn.tiaojie.case.mediator_assigned.v1" in types
    assert "\npaused\nactive\n" in done.stdout
    assert len(lines("deliveries.json")[0]["items"]) == 2
    assert len((tmp_path / "secrets.txt").read_text("utf-8").split()) == 2
    (page_of_feed,) = lines("page.json")
    assert {e["type"].split(".")[2] for e in page_of_feed["items"]} == {"application"}
    assert lines("next.json")[0]["next"]
    assert "event: cn.tiaojie." in (tmp_path / "stream.txt").read_text("utf-8")


def test_the_demonstration_shows_events_and_takes_its_subscription_away(
    system: System, tmp_path: Path
) -> None:
    with gateway.before(system, tmp_path) as address:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "partner-demo"],
            env={**system.environment, "TIAOJIE_PUBLIC_URL": address},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        printed: list[str] = []

        def read() -> None:
            printed.extend(process.stdout or ())

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            try:
                eventually(lambda: "case.mediator_assigned" in "".join(printed), seconds=30)
            except AssertionError:
                pytest.fail("".join(printed))
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0, "".join(printed)
        finally:
            process.kill()
            process.wait(10)
        reader.join(10)
        if process.stdout:
            process.stdout.close()
    text = "".join(printed)
    for told in ("unsigned call refused", "delivered in", "application.submitted", "removed"):
        assert told in text
    demo = system.token("partner", "--channel", "partner_demo")
    assert system.call("GET", "notify", "/v1/subscriptions", headers=demo)[1]["items"] == []


def test_the_demonstration_says_what_to_do_when_nothing_runs(
    system: System, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    nowhere = {
        "TIAOJIE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TIAOJIE_DATA_DIR": str(tmp_path / "none"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local", "partner-demo"],
        env={**system.environment, **nowhere},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "make run" in done.stdout
    assert not (tmp_path / "none").exists()
