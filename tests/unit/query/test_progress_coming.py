"""What happens next and by when, as anybody may know it and as a party does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from services.query import domain
from services.query.progress.advice import coming, coming_to
from services.query.progress.sentences import COMING, NEXT_STEPS
from services.query.progress.viewer import APPLICANT, Viewer
from shared.contracts.clocks import CLOCKS
from shared.contracts.lifecycle import STATUSES, TRANSITIONS
from tests.builders.events import a_submission
from tests.builders.histories import (
    A_LIFE,
    ACCEPTED,
    CONSENTED,
    EXAMINED,
    HANDED,
    MEDIATED,
    NUMBER,
    Told,
    a_history,
    of_case,
)
from tests.handlers.test_query import project

BEFORE = datetime(2026, 11, 24, tzinfo=UTC)
"""The session of the stories lies ahead."""

EVERY_CLOCK = [
    {"name": name, "due_on": f"2026-12-{number:02d}", "provisional": False}
    for number, name in enumerate(CLOCKS, start=1)
]
DUE_ON = {clock["name"]: clock["due_on"] for clock in EVERY_CLOCK}


def progress(steps: Sequence[Told]) -> Any:
    return project(a_history(steps, (), submission=a_submission()))


def test_every_status_has_something_coming_and_something_to_do_in_both_languages() -> None:
    assert set(COMING) == set(STATUSES)
    for status in STATUSES:
        assert COMING[status].text.zh.endswith("。")
        assert COMING[status].text.en.endswith(".")
        assert NEXT_STEPS[status]


def test_the_clocks_named_for_a_status_can_run_in_it() -> None:
    """Those a step into the status starts, or that ran before it and were not stopped."""
    running: dict[str, set[str]] = {"submitted": {"mediator_assignment", "acceptance_decision", "fast_track_acceptance"}}  # fmt: skip
    for _ in STATUSES:
        for row in TRANSITIONS:
            for source in row.sources:
                after = running.setdefault(row.target or source, set())
                after |= (running.get(source, set()) - set(row.stops)) | set(row.starts)
    for status, (_, clocks) in COMING.items():
        assert set(clocks) <= running[status], status


def test_a_serial_number_alone_shows_what_comes_and_by_when() -> None:
    shown = domain.masked(progress((*HANDED, *EXAMINED)), NUMBER, "zh")
    assert shown["next"]["by"] == "2026-11-25"
    assert "是否受理" in shown["next"]["text"]
    assert "accepts" in domain.masked(progress((*HANDED, *EXAMINED)), NUMBER, "en")["next"]["text"]


@pytest.mark.parametrize("status", STATUSES)
def test_a_serial_number_alone_shows_no_date_that_tells_of_somebody(status: str) -> None:
    by = coming(status, EVERY_CLOCK, "zh")["by"]
    telling = ("arbitration_limitation", "supplement_answer", "mediator_choice", "performance", "fast_track_acceptance", "fast_track_mediation")  # fmt: skip
    assert by not in {DUE_ON[name] for name in telling}


@pytest.mark.parametrize(
    "status, clock",
    [
        ("under_examination", "fast_track_acceptance"),
        ("supplement_requested", "supplement_answer"),
        ("mediating", "fast_track_mediation"),
        ("agreement_signed", "performance"),
        ("closed", "archiving"),
    ],
)
def test_a_party_is_told_the_date_that_counts_for_it(status: str, clock: str) -> None:
    assert coming_to(status, EVERY_CLOCK, (), "zh", BEFORE)["by"] == DUE_ON[clock]


def test_a_respondent_is_not_told_the_applicants_dates() -> None:
    asked = of_case("supplement_requested", deadlines=[{"name": "supplement_answer", "due_on": "2026-11-27"}], particulars="sealed-words")  # fmt: skip
    known = progress((*HANDED, ("case.supplement_requested", asked)))
    dates = [
        domain.unmasked(known, NUMBER, viewer, "zh", "http://here", now=BEFORE)["next"]["by"]
        for viewer in (APPLICANT, Viewer("respondent", 0))
    ]
    assert dates == ["2026-11-27", None]


def test_once_a_session_is_arranged_it_is_what_comes_next_for_the_parties_alone() -> None:
    known = progress((*HANDED, *EXAMINED, *CONSENTED, *ACCEPTED, MEDIATED[0]))
    shown = domain.unmasked(known, NUMBER, APPLICANT, "zh", "http://here", now=BEFORE)
    assert shown["sessions"][0]["status"] == "scheduled"
    assert shown["next"] == {"text": "参加第1次调解会。", "by": "2026-11-27"}
    assert "调解会" not in domain.masked(known, NUMBER, "zh")["next"]["text"]


def test_a_session_that_is_over_is_not_what_comes_next_though_nobody_recorded_it() -> None:
    over, ahead = (
        {"status": "scheduled", "number": n, "starts_at": f"{day}T01:00:00Z", "ends_at": f"{day}T03:00:00Z"}
        for n, day in ((1, "2026-11-20"), (2, "2026-11-27"))
    )  # fmt: skip
    found = coming_to("mediating", EVERY_CLOCK, (over, ahead), "zh", BEFORE)
    assert found == {"text": "参加第2次调解会。", "by": "2026-11-27"}
    after = coming_to("mediating", EVERY_CLOCK, (over,), "zh", BEFORE)
    assert after == coming_to("mediating", EVERY_CLOCK, (), "zh", BEFORE)


def test_where_nothing_is_due_no_date_is_made_up() -> None:
    shown = domain.unmasked(progress(A_LIFE), NUMBER, APPLICANT, "en", "http://here", now=BEFORE)
    assert shown["next"] == {"text": COMING["closed"].text.en, "by": None}
