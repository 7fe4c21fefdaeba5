"""What each side of a case is shown, from the events of whole lives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from services.query import domain
from services.query.progress.sentences import NEXT_STEPS
from services.query.progress.viewer import APPLICANT, Viewer, by_identity
from shared.contracts.lifecycle import STATUSES
from tests.builders.events import AT, a_submission
from tests.builders.histories import (
    A_LIFE,
    ACCEPTED,
    CLOSED,
    CONSENTED,
    EXAMINED,
    HANDED,
    MEDIATED,
    NUMBER,
    OF_APPLICATION,
    REOPENED,
    RESPONDENT,
    SETTLED,
    TOWNSHIP,
    Told,
    a_history,
    of_case,
)
from tests.builders.notices import MEDIATOR, ORGANISATION
from tests.handlers.test_query import project

FIRST, SECOND = Viewer("respondent", 0), Viewer("respondent", 1)

WITH_TWO = a_submission(
    respondent_hashes=["hash-of-employer", "hash-of-agency"],
    flags=["multiple_respondents", "limitation_risk", "women_workers"],
)


def seen(
    steps: Sequence[Told],
    viewer: Viewer = APPLICANT,
    *,
    of_application: Sequence[Told] = (),
    language: Any = "zh",
) -> dict[str, Any]:
    progress = project(a_history(steps, of_application, submission=WITH_TWO))
    return domain.unmasked(progress, NUMBER, viewer, language, "http://here", now=AT)


EXAMINING = (*HANDED, *EXAMINED)
ASKING = (*EXAMINING, CONSENTED[0])
TAKEN = (*EXAMINING, *CONSENTED, *ACCEPTED)
AGREED = (*TAKEN, *MEDIATED, *SETTLED)


def test_a_case_shows_who_has_it_and_its_number() -> None:
    shown = seen(TAKEN)
    assert shown["organisation"] == ORGANISATION
    assert shown["mediator"] == MEDIATOR
    assert shown["case_number"] == "济历劳人调〔2026〕第12号"


def test_after_a_transfer_there_is_no_mediator_until_the_next_is_named() -> None:
    shown = seen((*A_LIFE, *REOPENED))
    assert shown["organisation"] == TOWNSHIP
    assert shown["mediator"] is None
    assert shown["division"]["code"] == "370103"
    other = {"id": "m2", "name": "程远林"}
    named = of_case("mediator_assigned", organisation=TOWNSHIP, mediator=other)
    assert seen((*A_LIFE, *REOPENED, ("case.mediator_assigned", named)))["mediator"] == other


def test_a_respondent_is_asked_what_is_meant_for_it_and_sees_its_answer() -> None:
    (question,) = seen(ASKING, FIRST, of_application=OF_APPLICATION)["questions"]
    assert (question["id"], question["kind"]) == ("q1", "consent")
    assert [option["answer"] for option in question["options"]] == ["agree", "decline"]
    assert question["answered"] == {"answer": "agree", "at": "2026-11-20T08:00:00Z"}
    assert question["url"] == f"http://here/v1/applications/{NUMBER}/answers"
    (other,) = seen(ASKING, SECOND, of_application=OF_APPLICATION)["questions"]
    assert other["answered"] is None
    assert seen(ASKING)["questions"] == []


def test_a_question_is_gone_once_the_case_has_settled_it() -> None:
    assert seen(TAKEN, FIRST)["questions"] == []


def test_a_choice_of_mediators_and_the_new_term_of_an_extension_are_told() -> None:
    options = [MEDIATOR, {"id": "m2", "name": "程远林"}]
    choice = {"id": "q1", "kind": "mediator", "to": [{"party": "applicant", "index": 0}]}
    proposed = of_case("organisation_assigned", organisation=ORGANISATION,
                       asks=[{**choice, "options": options}])  # fmt: skip
    (asked,) = seen((HANDED[0], ("case.mediators_proposed", proposed)))["questions"]
    assert [o["text"] for o in asked["options"]] == ["林知远", "程远林"]
    extend = of_case("mediating", until="2026-12-31",
                     asks=[{"id": "q9", "kind": "extension", "to": [RESPONDENT]}])  # fmt: skip
    (longer,) = seen((*TAKEN, *MEDIATED, ("case.extension_proposed", extend)), FIRST)["questions"]
    assert longer["until"] == "2026-12-31"


def test_what_is_the_applicants_matter_is_not_the_respondents() -> None:
    ours, theirs = (seen(AGREED, viewer, of_application=OF_APPLICATION) for viewer in (APPLICANT, FIRST))  # fmt: skip
    assert {c["name"] for c in ours["deadlines"]} == {"acceptance_decision", "arbitration_limitation"}  # fmt: skip
    assert {c["name"] for c in theirs["deadlines"]} == {"acceptance_decision"}
    assert "limitation_risk" in ours["flags"]
    assert theirs["flags"] == ["multiple_respondents"]
    assert [r["kind"] for r in ours["referrals"]] == ["psychological_support"]
    assert theirs["referrals"] == []
    assert [d["id"] for d in ours["documents"]] == ["receipt", "acceptance_notice-1", "supplement_request-1"]  # fmt: skip
    assert [d["id"] for d in theirs["documents"]] == ["acceptance_notice-1"]
    assert seen(AGREED, SECOND, of_application=OF_APPLICATION)["documents"] == []
    assert ours["evidence_awaited"] is not None
    assert theirs["evidence_awaited"] is None


def test_sessions_go_from_scheduled_to_held_or_cancelled() -> None:
    def state(*steps: Told) -> str:
        (session,) = seen((*TAKEN, *steps))["sessions"]
        return str(session["status"])

    cancelled = ("case.session_cancelled", of_case("mediating", session_id="s1"))
    failed = ("case.failed", of_case("failed", reason="party_unwilling"))
    assert state(MEDIATED[0]) == "scheduled"
    assert state(*MEDIATED) == "held"
    assert state(MEDIATED[0], cancelled) == "cancelled"
    assert state(MEDIATED[0], failed) == "cancelled"
    assert state(*MEDIATED, failed) == "held"


def test_an_agreement_tells_when_it_is_in_effect_and_how_many_signatures_are_missing() -> None:
    begun = (*TAKEN, *MEDIATED)
    drafted = seen((*begun, *SETTLED[:2]))["agreement"]
    assert drafted == {"perform_by": "2026-12-20", "effective_at": None, "signatures_missing": 4}
    signed = seen((*begun, *SETTLED[:3]))["agreement"]
    assert (signed["effective_at"], signed["signatures_missing"]) == ("2026-11-27T04:00:00Z", 0)
    declined = ("case.agreement_declined", of_case("mediating"))
    assert seen((*begun, *SETTLED[:2], declined))["agreement"] is None


def test_the_outcome_is_told_until_the_case_is_opened_again() -> None:
    assert seen(A_LIFE)["outcome"]["code"] == "performed"
    assert seen((*A_LIFE, *REOPENED))["outcome"] is None


def test_the_newest_clocks_count_and_those_of_the_submission_before_there_are_others() -> None:
    assert len(seen(())["deadlines"]) == 1
    assert len(seen(HANDED)["deadlines"]) == 2
    assert seen((*AGREED, *CLOSED))["deadlines"] == []


def test_a_refusal_tells_its_reason_and_what_the_applicant_can_do() -> None:
    facts = of_case("not_accepted", reason="wrong_jurisdiction", advice=["apply_elsewhere"],
                    right_division={"code": "370103", "name": "山东省济南市市中区"})  # fmt: skip
    refused = (*EXAMINING, *CONSENTED, ("case.not_accepted", facts))
    shown = seen(refused)
    assert shown["reason"]["code"] == "wrong_jurisdiction"
    assert any("山东省济南市市中区" in step for step in shown["next_steps"])
    assert any("有管辖权的调解组织" in step for step in shown["next_steps"])
    assert not any("市中区" in step for step in seen(refused, FIRST)["next_steps"])


def test_after_failure_and_breach_the_law_is_told_to_whom_it_helps() -> None:
    def law(steps: Sequence[Told], viewer: Viewer = APPLICANT) -> str:
        return "".join(seen(steps, viewer)["next_steps"])

    failed = (*TAKEN, *MEDIATED, ("case.failed", of_case("failed", reason="no_agreement")))
    breached = (*AGREED, ("case.breached", of_case("breached")))
    closed = (*breached, ("case.closed", of_case("closed", outcome="breached")))
    assert "仲裁" in law(failed)
    assert "财产保全" in law(failed)
    assert "先予执行" in law(failed)
    assert "财产保全" not in law(failed, FIRST)
    for steps in (breached, closed):
        assert "支付令" in law(steps)
        assert "支付令" not in law(steps, FIRST)
    assert "第七十四条" in law(AGREED)
    assert "第二百零五条" in law(AGREED)
    for number in ("12333", "12348", "12351", "12338"):
        assert number in law(failed)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("viewer", [APPLICANT, FIRST])
def test_there_is_a_next_step_in_every_status_in_both_languages(
    status: str, viewer: Viewer
) -> None:
    step = ("case.examination_begun", of_case(status))
    for language in ("zh", "en"):
        first, *_, last = seen((step,), viewer, language=language)["next_steps"]
        assert first
        assert "12333" in last
        assert first.isascii() == (language == "en")
    assert set(NEXT_STEPS) == set(STATUSES)


def test_a_withdrawal_shows_at_once_unless_the_case_cannot_be_withdrawn() -> None:
    taken_back = ("application.withdrawn", {"withdrawn_at": "2026-11-20T04:00:00+00:00"})
    assert seen(TAKEN, of_application=[taken_back])["status"] == "withdrawn"
    assert seen(AGREED, of_application=[taken_back])["status"] == "agreement_signed"
    followed = (*TAKEN, ("case.withdrawn", of_case("withdrawn")))
    assert seen(followed, of_application=[taken_back])["status"] == "withdrawn"
    again = (*followed, ("case.closed", of_case("closed", outcome="withdrawn")), REOPENED[0])
    assert seen(again, of_application=[taken_back])["status"] == "organisation_assigned"


def test_a_respondent_with_a_token_is_nobody_until_its_consent_is_sought() -> None:
    before, asked = (project(a_history(s, (), submission=WITH_TWO)) for s in (EXAMINING, ASKING))
    assert by_identity(before, "hash-of-agency") is None
    assert by_identity(asked, "hash-of-agency") == SECOND
    assert by_identity(asked, "hash-of-applicant") == APPLICANT
    assert by_identity(asked, "hash-of-stranger") is None
    assert by_identity(asked, None) is None


def test_new_phones_let_in_instead_of_the_old() -> None:
    assert domain.last4_hashes(project(a_history((), ()))) == ["hash-of-last4"]
    assert domain.last4_hashes(project(a_history(()))) == ["hash-of-new-last4"]
