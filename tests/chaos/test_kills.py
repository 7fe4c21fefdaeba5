"""kill -9 of every kind of process at random moments under load, started again at once."""

from __future__ import annotations

from tests.chaos.applicants import Applicants
from tests.chaos.conftest import Build, Say
from tests.chaos.killing import WEB, WORKERS, keep_killing

EACH = 20


def test_a_hundred_kills_lose_nothing_and_double_nothing(build: Build, say: Say) -> None:
    stand = build(smtp_timeout_seconds="1", sms_timeout_seconds="1")
    # a second routing worker competes for the same mediators
    stand.system.start_worker("routing", 1)
    with Applicants(stand.system, rate=50, threads=10) as applicants:
        names = (WEB, *WORKERS, "routing-worker-1")
        kills = keep_killing(stand.system, names, each=EACH, pause=(0.4, 1.4))
    took = stand.back.until_quiet(240)
    different = applicants.ask_again(share=0.1)
    found = stand.back.examine(
        {key: a.serial_number for key, a in applicants.accepted.items()},
        {a.serial_number for a in applicants.accepted.values() if a.withdrawn},
    )
    say(f"kills {kills.total()} {dict(kills)}")
    say(
        f"accepted {len(applicants.accepted)}, retried {applicants.retried}, quiet {took:.0f} s later"
    )
    say(f"answers {dict(applicants.answers)}, slowest {applicants.slowest:.1f} s")
    say(str(found))
    assert found.kept, str(found)
    assert different == []
    assert applicants.faults == []
    assert all(kills[name] >= EACH for name in names)
