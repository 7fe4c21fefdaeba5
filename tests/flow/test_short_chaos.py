"""A few kills of every kind of process under load: the short form of tests/chaos."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.notify.settings import NotifySettings
from tests.chaos.applicants import Applicants
from tests.chaos.killing import WEB, WORKERS, keep_killing
from tests.chaos.proof import Back
from tests.system import System

EACH = 3


@pytest.fixture(scope="module")
def back(
    mongo_url: str,
    module_vhost_url: str,
    amqp_management_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Back]:
    folder: Path = tmp_path_factory.mktemp("system")
    system = System(mongo_url, module_vhost_url, folder, demo_directory_seed="0")
    back = Back(system, mongo_url, module_vhost_url, amqp_management_url)
    system.provision()
    back.prepare()
    back.staff()
    system.start()
    yield back
    system.stop()
    back.drop()
    back.close()


def test_a_few_kills_lose_nothing_and_double_nothing(back: Back) -> None:
    with Applicants(back.system, rate=30, threads=4) as applicants:
        kills = keep_killing(back.system, (WEB, *WORKERS), each=EACH, pause=(0.3, 0.8))
        last_kill = datetime.now(UTC)
    # A sending that was cut off waits for its lease of two minutes: here that time is over.
    back.run_out_leases(last_kill + timedelta(seconds=NotifySettings().lease_seconds))
    back.until_quiet(60)
    found = back.examine(
        {key: a.serial_number for key, a in applicants.accepted.items()},
        {a.serial_number for a in applicants.accepted.values() if a.withdrawn},
    )
    assert found.kept, f"{kills}: {found}"
    assert applicants.ask_again() == []
    assert applicants.faults == []
    assert len(applicants.accepted) > 20
    checked = back.system.run("query", "rebuild", "--check")  # the owners can tell all of it again
    assert ", 0 differ" in checked, checked
