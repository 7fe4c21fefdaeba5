"""People who apply all the time, and who do what the product asks of them when no answer comes:
the same request again with the same Idempotency-Key, until there is one."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

from shared.divisions import find
from tests.builders.applications import an_application
from tests.system import System

BUSY_COUNTY = "370102"
OTHER_COUNTIES = ("370103", "370104", "370105", "330106", "440106", "510104", "110105", "310104")
ANSWER_SECONDS = 40.0
GIVE_UP_SECONDS = 180.0

_seeds = itertools.count(1)
_seeds_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 when nothing did."""

    status: int
    headers: dict[str, str]
    body: Any
    seconds: float


@dataclass(slots=True)
class Accepted:
    """An application that was answered with 201."""

    serial_number: str
    query_code: str
    body: bytes
    tries: int
    withdrawn: bool = False


@dataclass
class Applicants:
    """`threads` clients that together apply `rate` times a second; `withdrawing` of them, as a
    share, take the application back a moment later."""

    system: System
    rate: float = 40.0
    threads: int = 6
    withdrawing: float = 0.1
    accepted: dict[str, Accepted] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    refusals: list[Answer] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0
    _stopping: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        self._running = [
            threading.Thread(target=self._apply_again_and_again, name=f"applicant-{n}")
            for n in range(self.threads)
        ]
        for thread in self._running:
            thread.start()

    def stop(self) -> None:
        """No new applications; returns when each begun one has its answer."""
        self._stopping.set()
        for thread in self._running:
            thread.join(GIVE_UP_SECONDS + ANSWER_SECONDS)
        assert not any(thread.is_alive() for thread in self._running)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def retried(self) -> int:
        """Applications that needed more than one request."""
        return sum(a.tries > 1 for a in self.accepted.values())

    @property
    def serial_numbers(self) -> set[str]:
        return {a.serial_number for a in self.accepted.values()}

    def apply(self) -> None:
        """One application to its 201, and perhaps its withdrawal."""
        key = secrets.token_hex(16)
        body = json.dumps(an_application_somewhere()).encode()
        answer, tries = self._insist("/v1/applications", body, {"Idempotency-Key": key}, 201)
        if answer is None:
            return
        accepted = Accepted(answer.body["serial_number"], answer.body["query_code"], body, tries)
        with self._lock:
            self.accepted[key] = accepted
        if random.random() < self.withdrawing:
            code = {"X-Query-Code": accepted.query_code}
            path = f"/v1/applications/{accepted.serial_number}/withdrawal"
            withdrawn, _ = self._insist(path, b"{}", code, 200)
            accepted.withdrawn = withdrawn is not None

    def ask_again(self, share: float = 1.0) -> list[str]:
        """Send accepted applications once more with their keys; those that got another answer."""
        different = []
        for key, accepted in list(self.accepted.items()):
            if accepted.tries == 1 and random.random() > share:
                continue
            answer = self.post("/v1/applications", accepted.body, {"Idempotency-Key": key})
            if (answer.status, (answer.body or {}).get("serial_number")) != (
                201,
                accepted.serial_number,
            ):
                different.append(f"{accepted.serial_number}: {answer.status} the second time")
        return different

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """One request over a connection of its own."""
        began = time.monotonic()
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.system.ports["intake"], timeout=ANSWER_SECONDS
        )
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            read = json.loads(response.read())
            told = {name.lower(): value for name, value in response.getheaders()}
            answer = Answer(response.status, told, read, time.monotonic() - began)
        except (OSError, http.client.HTTPException, ValueError) as error:
            answer = Answer(0, {}, type(error).__name__, time.monotonic() - began)
        finally:
            connection.close()
        self._count(answer)
        return answer

    def _apply_again_and_again(self) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            self.apply()
            pause = random.uniform(0.5, 1.5) * self.threads / self.rate
            self._stopping.wait(max(0.0, pause - (time.monotonic() - began)))

    def _insist(
        self, path: str, body: bytes, headers: dict[str, str], wanted: int
    ) -> tuple[Answer | None, int]:
        ends = time.monotonic() + GIVE_UP_SECONDS
        for tries in itertools.count(1):
            answer = self.post(path, body, headers)
            if answer.status == wanted:
                return answer, tries
            may_repeat = answer.status in {0, 503} or (
                answer.status == 409 and answer.body["code"] == "idempotency_key_in_progress"
            )
            if not may_repeat or time.monotonic() > ends:
                with self._lock:
                    self.faults.append(f"{path.rpartition('/')[2]}: {answer.status} {answer.body}")
                return None, tries
            time.sleep(random.uniform(0.1, 0.4))
        raise AssertionError

    def _count(self, answer: Answer) -> None:
        slug = answer.body.get("code", "") if isinstance(answer.body, dict) else answer.body
        with self._lock:
            self.answers[f"{answer.status} {slug}".strip()] += 1
            self.slowest = max(self.slowest, answer.seconds)
            if answer.status >= 400:
                self.refusals.append(answer)


def an_application_somewhere() -> dict[str, Any]:
    """Half of them in one county, whose mediators run out of places; no two of the same people."""
    with _seeds_lock:
        seed = next(_seeds)
    body = an_application(seed=seed)
    if random.random() < 0.5:
        county = find(random.choice(OTHER_COUNTIES))
        assert county is not None
        body["submit_division"] = {"county_code": county.code, "county_name": county.name}
    return body
