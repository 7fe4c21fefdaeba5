"""Questions and answers over HTTP: what a party is asked, and what it says to that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.intake import answering, answers
from services.intake.answering import Answering, Consenting, Given
from services.intake.handlers import Secrets
from services.intake.holders import HOLDER_HEADERS, HOLDER_REFUSALS, Holders, Seat
from shared.asking import caller, json_bytes
from shared.civil_time import rfc3339, today
from shared.commands import carry_out
from shared.contracts.schema import parse_json, read
from shared.decision import Decision, State
from shared.errors import Refused, Text
from shared.store import Document
from shared.web import Route

_ANSWERING, _CONSENTING = Answering(), Consenting()

_RECORDED = Text(
    "您的答复已记录，将转交调解组织；办理进度会随后更新。",
    "Your answer is recorded and goes to the mediation organisation; the progress will show it.",
)


@dataclass(frozen=True, slots=True)
class AnswerDesk:
    """What the views work with; made once per process by `app`."""

    holders: Holders
    secrets: Secrets

    def questions(self, serial_number: str) -> dict[str, Any]:
        document, seat = self.holders.party(serial_number)
        asked = answering.open_for(document, seat)
        return {
            "serial_number": document["_id"],
            "status": document["status"],
            "party": seat.party,
            "index": seat.index,
            "items": answering.shown(asked, document, seat, caller().language),
        }

    def answer(self, serial_number: str) -> dict[str, Any]:
        document, seat = self.holders.party(serial_number)
        stated = read(_ANSWERING, parse_json(json_bytes()), today())
        given = Given(stated["question"], stated["answer"], stated.get("note"))
        return self._take(document, seat, given)

    def consent(self, serial_number: str) -> dict[str, Any]:
        document, seat = self.holders.party(serial_number)
        stated = read(_CONSENTING, parse_json(json_bytes()), today())
        question = answering.consent_question(document, seat)
        if not question:
            raise Refused("question_not_open")
        return self._take(document, seat, Given(question, stated["answer"], stated.get("note")))

    def _take(self, document: Document, seat: Seat, given: Given) -> dict[str, Any]:
        def decide(state: State, at: datetime) -> Decision:
            return answering.answer(state, seat, given, self.secrets, at)

        after = carry_out(
            self.holders.applications,
            document["_id"],
            decide,
            source="intake",
            trace=caller().trace,
        )
        language = caller().language
        question = next(q for q in after["questions"] if q["id"] == given.question)
        recorded = answering.last_answer(after, given.question, seat) or {}
        return {
            "serial_number": after["_id"],
            "question": given.question,
            "kind": question["kind"],
            "party": seat.party,
            "index": seat.index,
            "answer": recorded["answer"],
            "answer_text": answering.possible(question)[recorded["answer"]].to(language),
            "means": recorded["means"],
            "answered_at": rfc3339(recorded["at"]),
            "what_follows": _RECORDED.to(language),
        }


def routes(desk: AnswerDesk) -> Sequence[Route]:
    """Every operation on questions to parties."""
    one = "/v1/applications/{serial_number}"
    body_refusals = (
        "malformed_json", "validation_failed", "body_too_large", "unsupported_media_type",
    )  # fmt: skip
    return (
        Route(
            "GET", one + "/questions", desk.questions, "What the caller is asked",
            answer=answers.Questions, headers=HOLDER_HEADERS, refusals=HOLDER_REFUSALS,
        ),
        Route(
            "POST", one + "/answers", desk.answer, "Answer a question of the case",
            body=Answering, answer=answers.AnswerRecorded, headers=HOLDER_HEADERS,
            refusals=(*HOLDER_REFUSALS, *body_refusals, "question_not_open", "rule_not_met"),
        ),
        Route(
            "POST", one + "/consent", desk.consent, "Agree or decline to mediate",
            body=Consenting, answer=answers.AnswerRecorded, headers=HOLDER_HEADERS,
            refusals=(*HOLDER_REFUSALS, *body_refusals, "question_not_open"),
        ),
    )  # fmt: skip
