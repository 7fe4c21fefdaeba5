"""MongoDB and RabbitMQ stop, die, are away and run full while people apply."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from tests.chaos.applicants import Answer, Applicants
from tests.chaos.conftest import Build, Say, Stand
from tests.chaos.proof import Findings
from tests.waiting import eventually

LOAD_SECONDS = 3.0
"""Of undisturbed load before and after each fault."""

REFUSAL_SECONDS = 25.0
"""Within this a request is answered while MongoDB is away: one call's time-out, once more by the
driver, and the choice of a server."""


@pytest.fixture(scope="module")
def stand(build: Build) -> Stand:
    stand = build(smtp_timeout_seconds="1", sms_timeout_seconds="1")
    stand.system.start_worker("routing", 1)
    return stand


@pytest.fixture(scope="module")
def everybody(stand: Stand) -> Iterator[dict[str, Applicants]]:
    """Those who applied in the tests of this module so far: what they were told stays true."""
    return {}


def prove(stand: Stand, everybody: dict[str, Applicants], *, within: float = 120) -> Findings:
    took = stand.back.until_quiet(within)
    accepted = {
        key: a.serial_number for group in everybody.values() for key, a in group.accepted.items()
    }
    withdrawn = {
        a.serial_number
        for group in everybody.values()
        for a in group.accepted.values()
        if a.withdrawn
    }
    found = stand.back.examine(accepted, withdrawn)
    assert found.kept, str(found)
    assert took < within
    return found


def told(applicants: Applicants) -> str:
    return (
        f"accepted {len(applicants.accepted)}, retried {applicants.retried}, "
        f"answers {dict(applicants.answers)}, slowest {applicants.slowest:.1f} s"
    )


def is_honest_refusal(answer: Answer, code: str) -> bool:
    """503 as problem+json that says when to come back."""
    return (
        answer.status == 503
        and answer.headers["content-type"] == "application/problem+json"
        and answer.body["code"] == code
        and int(answer.headers["retry-after"]) >= 1
    )


def test_mongodb_frozen_for_eight_seconds_costs_time_and_nothing_else(
    stand: Stand, everybody: dict[str, Applicants], say: Say
) -> None:
    with everybody.setdefault("frozen", Applicants(stand.system, rate=30)) as applicants:
        time.sleep(LOAD_SECONDS)
        stand.mongo.send(signal.SIGSTOP)
        time.sleep(8)
        stand.mongo.send(signal.SIGCONT)
        time.sleep(LOAD_SECONDS)
    say(told(applicants))
    say(str(prove(stand, everybody)))
    assert applicants.faults == []


def test_mongodb_killed_and_started_again_three_times_loses_nothing(
    stand: Stand, everybody: dict[str, Applicants], say: Say
) -> None:
    with everybody.setdefault("killed", Applicants(stand.system, rate=30)) as applicants:
        for _ in range(3):
            time.sleep(LOAD_SECONDS)
            stand.mongo.kill()
            stand.mongo.start()
        time.sleep(LOAD_SECONDS)
    say(told(applicants))
    say(str(prove(stand, everybody)))
    assert applicants.faults == []


def test_while_mongodb_is_away_intake_refuses_honestly_and_in_time(
    stand: Stand, everybody: dict[str, Applicants], say: Say
) -> None:
    with everybody.setdefault("away", Applicants(stand.system, rate=30)) as applicants:
        time.sleep(LOAD_SECONDS)
        stand.mongo.kill()
        time.sleep(20)
        stand.mongo.start()
        time.sleep(LOAD_SECONDS)
    say(told(applicants))
    refusals = [a for a in applicants.refusals if a.status == 503]
    assert refusals
    assert all(is_honest_refusal(answer, "unavailable") for answer in refusals)
    slowest = max(answer.seconds for answer in refusals)
    say(f"{len(refusals)} refusals, the slowest after {slowest:.1f} s")
    assert slowest < REFUSAL_SECONDS
    assert applicants.ask_again(share=0.05) == []
    say(str(prove(stand, everybody)))
    assert applicants.faults == []


def test_rabbitmq_killed_and_started_again_twice_loses_nothing(
    stand: Stand, everybody: dict[str, Applicants], say: Say
) -> None:
    with everybody.setdefault("broker", Applicants(stand.system, rate=30)) as applicants:
        for _ in range(2):
            time.sleep(LOAD_SECONDS)
            stand.rabbit.kill()
            stand.rabbit.start()
        time.sleep(LOAD_SECONDS)
    say(told(applicants))
    assert set(applicants.answers) == {"201", "200"}
    say(str(prove(stand, everybody)))


def test_rabbitmq_away_for_twenty_seconds_keeps_nobody_from_applying(
    stand: Stand, everybody: dict[str, Applicants], say: Say
) -> None:
    with everybody.setdefault("without", Applicants(stand.system, rate=30)) as applicants:
        time.sleep(1)
        stand.rabbit.kill()
        before = len(applicants.accepted)
        time.sleep(20)
        during = len(applicants.accepted) - before
        waiting = stand.back.pending()
        stand.rabbit.start()
    say(f"{told(applicants)}; {during} accepted without a broker, {waiting} outboxes waited")
    assert set(applicants.answers) == {"201", "200"}
    assert during > 100
    assert waiting >= during
    say(str(prove(stand, everybody)))


def test_a_full_queue_and_a_full_outbox_refuse_the_new_and_keep_the_old(
    build: Build, say: Say
) -> None:
    stand = build(
        queue_max_length="40",
        outbox_limit="60",
        relay_batch="20",
        demo_directory_seed="0",
        smtp_timeout_seconds="1",
        sms_timeout_seconds="1",
    )
    stand.system.kill("query-worker-0")  # nobody empties its queue
    with Applicants(stand.system, rate=40, withdrawing=0) as applicants:
        eventually(lambda: any(a.status == 503 for a in applicants.refusals), seconds=60)
        time.sleep(3)
        accepted_when_full = len(applicants.accepted)
        time.sleep(3)
        assert len(applicants.accepted) - accepted_when_full < 20, "it accepts while it is full"
        depth = stand.back.pending()
        stand.system.start_worker("query", 0)
        eventually(lambda: len(applicants.accepted) > accepted_when_full + 50, seconds=60)
    say(f"{told(applicants)}; {accepted_when_full} accepted until full, {depth} outboxes waited")
    assert all(is_honest_refusal(a, "full") for a in applicants.refusals)
    stand.back.until_quiet(120)
    found = stand.back.examine({k: a.serial_number for k, a in applicants.accepted.items()}, set())
    say(str(found))
    assert found.kept, str(found)
    assert applicants.faults == []
