"""Many cases for lists and sweeps: documents as routing stores them, varied by a seed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from services.routing import clocking, domain
from shared.contracts.lifecycle import ENDED, STATUSES
from shared.contracts.vocabulary import CATEGORIES, FLAGS
from tests.builders.cases import a_submission
from tests.builders.routing import serials

TODAY = date(2026, 11, 18)
BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
COUNTIES = ("370102", "370103", "370202", "110101", "440103")
WITHOUT_BODY = ("submitted", "unassigned")


def many_cases(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Cases of five counties of three provinces, two bodies each with three mediators; half have
    ended. Several share the millisecond of their arrival."""
    random, numbers = Random(seed), serials(seed)
    for _ in range(count):
        received_at = BEGIN + timedelta(minutes=random.randrange(45 * 24 * 60))
        code = random.choice(COUNTIES)
        status = random.choice(sorted(ENDED) if random.random() < 0.5 else list(STATUSES))
        opened = domain.open_case(
            a_submission(
                division={"code": code, "name": "某区（虚构）"},
                category=random.choice(list(CATEGORIES)),
                flags=random.sample(list(FLAGS), random.randrange(4)),
                received_at=received_at.isoformat(),
            )
        )
        clocks = [] if status in ENDED else [clocking.start("acceptance_decision", received_at)]
        body = f"org-{code}-{random.randrange(2)}"
        with_mediator = status not in {*WITHOUT_BODY, "organisation_assigned"}
        mediator = f"med-{body}-{random.randrange(3)}"
        yield {
            **opened,
            "_id": next(numbers),
            "status": status,
            "updated_at": received_at,
            **clocking.follow_from(clocks),
            "organisation": None if status in WITHOUT_BODY else _body(body),
            "mediator": {"id": mediator, "name": "安禾"} if with_mediator else None,
            "case_number": f"虚构劳人调〔2026〕第{random.randrange(10**9)}号",
            "version": 1,
            "sequence": 1,
            "outbox": [],
            "seen": [],
        }


def _body(key: str) -> dict[str, str]:
    return {"id": key, "name": "调解中心（虚构）", "kind": "county", "phone": "000-0000000001"}
