"""What a party's answer to a question of its case means: each kind decided where it belongs.

Answers come as messages, so one can cross a step of the case: the question is then no longer open,
the answer is refused, and progress shows the party what is open now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from services.routing.agreement import answer_signature
from services.routing.choosing import Choosing
from services.routing.examination import answer_consent
from services.routing.mediation import answer_extension
from services.routing.referring import answer_referral
from services.routing.sessions import answer_session
from services.routing.steps import Actor, Said, possible_answers, together
from services.routing.store import Directory
from shared.contracts.envelope import Event
from shared.contracts.questions import OPEN
from shared.decision import Decision, State
from shared.errors import Refused, Transient

Answered = Callable[[State, Said], Decision]
"""Decides what an answer to an open question of one kind does to the case."""


class Answering:
    """Applies application.answered; the choice of a mediator takes a place for the case."""

    def __init__(self, directory: Directory) -> None:
        self._kinds: Mapping[str, Answered] = {
            "consent": answer_consent,
            "mediator": Choosing(directory).answer,
            "session": answer_session,
            "extension": answer_extension,
            "signature": answer_signature,
            "referral": answer_referral,
        }

    def __call__(self, event: Event, state: State | None, at: datetime) -> Decision:
        """Refused when the question is not open, not of this kind, or knows no such answer."""
        if state is None:
            raise Transient("case_not_open_yet")
        said = event.data
        question = _open(state, said["question"])
        if question is None or question["kind"] != said["kind"]:
            raise Refused("question_not_open")
        if said["answer"] not in possible_answers(question):
            raise Refused("validation_failed")
        answer = Said(
            question["id"],
            (said["party"], said["index"]),
            said["answer"],
            said["means"],
            at,
            Actor("agent" if said["by_agent"] else said["party"]),
            said["by_agent"],
        )
        decided = self._kinds[question["kind"]](state, answer)
        words = said.get("particulars")
        if words is None:
            return decided
        record = {"command": "answer", "at": at, "sealed": words}
        return together(decided, Decision(push={"records": [record]}))


def _open(case: State, question_id: str) -> Mapping[str, Any] | None:
    """The question of this id while it is open; an answer to another is nobody's."""
    for question in case["questions"]:
        if question["id"] == question_id and question["state"] == OPEN:
            return dict(question)
    return None
