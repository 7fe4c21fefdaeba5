"""What a party answers to a question of its case: taken here, decided by routing.

Pure. An application keeps the last answer of each party to each open question, so that the same
one again tells nothing new:

    answers: [{question, party, index, answer, note_hash, means, by_agent, at, count}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import orjson

from services.intake.handlers import Secrets
from services.intake.holders import Seat
from shared.civil_time import MAINLAND_TIME
from shared.contracts.envelope import NewEvent
from shared.contracts.faults import Fault, fault
from shared.contracts.fields import Choice, Code, Str
from shared.contracts.guards import GUARDS
from shared.contracts.questions import QUESTIONS
from shared.contracts.schema import Body
from shared.contracts.sources import SOURCES
from shared.contracts.vocabulary import REFERRALS, SESSION_MODES
from shared.decision import NOTHING, Decision, State
from shared.errors import Language, Refused, Text
from shared.sealing import records_context

Question = Mapping[str, Any]

CHANGES_MOST: Final = 10
"""Answers that one party may give to one question, one after the other."""


class Answering(Body):
    """An answer to a question of the case, with words of one's own if one likes."""

    question = Code("事项编号", "[A-Za-z0-9_-]{1,40}", required=True)
    answer = Code("答复", "[A-Za-z0-9_.:-]{1,100}", required=True)
    note = Str("说明", 1000, lines=True)


class Consenting(Body):
    """Whether one agrees to mediate."""

    answer = Choice("是否同意调解", tuple(QUESTIONS["consent"].answers), required=True)
    note = Str("说明", 1000, lines=True)


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as it was given."""

    question: str
    answer: str
    note: str | None


def open_for(state: State, seat: Seat) -> list[Question]:
    """The open questions that this party is asked, in their order; none once it has withdrawn."""
    if state.get("withdrawal_pending"):
        return []
    return [q for q in state.get("questions") or () if _asks(q, seat)]


def consent_question(state: State, seat: Seat) -> str:
    """The id of the open question whether this party agrees to mediate, "" if there is none."""
    asked = [q["id"] for q in open_for(state, seat) if q["kind"] == "consent"]
    return asked[-1] if asked else ""


def possible(question: Question) -> dict[str, Text]:
    """What can be answered: words of the kind, or the ids of what is offered."""
    listed = QUESTIONS[question["kind"]].answers
    if listed:
        return dict(listed)
    return {option["id"]: Text(option["name"], option["name"]) for option in question["options"]}


def last_answer(state: State, question_id: str, seat: Seat) -> Mapping[str, Any] | None:
    """What this party answered last to a question that is still open."""
    for entry in state.get("answers") or ():
        if (entry["question"], entry["party"], entry["index"]) == (question_id, *_party(seat)):
            found: Mapping[str, Any] = entry
            return found
    return None


def answer(state: State, seat: Seat, given: Given, secrets: Secrets, at: datetime) -> Decision:
    """The answer kept and told; NOTHING if the same was given in the same way before.

    Refused: question_not_open, also to whoever is not asked; validation_failed for an answer that
    is none of the possible ones, or after CHANGES_MOST of them; rule_not_met for the signature of
    an agent who may not settle.
    """
    question = next((q for q in open_for(state, seat) if q["id"] == given.question), None)
    if question is None:
        raise Refused("question_not_open")
    _require_possible(question, given.answer)
    _require_authority(state, seat, question, given.answer)
    note_hash = None
    if given.note:
        note_hash = secrets.hasher.hash("answer_note", f"{state['_id']}\n{given.note}")
    party, index = _party(seat)
    entry = {
        "question": question["id"],
        "party": party,
        "index": index,
        "answer": given.answer,
        "note_hash": note_hash,
        "means": seat.means,
        "by_agent": seat.by_agent,
    }
    before = last_answer(state, question["id"], seat) or {"count": 0}
    if all(before.get(name) == value for name, value in entry.items()):
        return NOTHING
    if before["count"] >= CHANGES_MOST:
        raise Refused("validation_failed", errors=[fault("too_many", CHANGES_MOST).at("/answer")])
    told = {
        **{n: entry[n] for n in ("party", "index", "question", "answer", "means", "by_agent")},
        "kind": question["kind"],
        "answered_at": at.isoformat(),
    }
    if given.note:
        words = orjson.dumps({"note": given.note})
        told["particulars"] = secrets.records.seal(words, records_context(state["_id"]))
    kept = _others(state, entry)
    return Decision(
        set={"answers": [*kept, {**entry, "at": at, "count": before["count"] + 1}]},
        events=[NewEvent("application.answered", told)],
    )


def about(question: Question) -> Text | None:
    """What a question is about, for people; None where its own words say it."""
    kind, subject = question["kind"], question.get("subject")
    if kind == "referral":
        return REFERRALS.get(subject or question["about"])
    if subject is None:
        return None
    if kind == "session":
        return _session(subject)
    if kind == "extension":
        until = date.fromisoformat(subject)
        return Text(f"调解期限延长至{_zh_day(until)}", f"The mediation would end on {until}")
    return Text(f"调解协议第{subject}稿", f"Draft {subject} of the agreement")


def shown(
    questions: Sequence[Question], state: State, seat: Seat, language: Language
) -> list[dict[str, Any]]:
    """Open questions as their party reads them."""
    items = []
    for question in questions:
        before, subject = last_answer(state, question["id"], seat), about(question)
        items.append(
            {
                "id": question["id"],
                "kind": question["kind"],
                "text": QUESTIONS[question["kind"]].text.to(language),
                "about": subject.to(language) if subject else None,
                "about_id": question["about"],
                "answers": [
                    {"answer": code, "text": text.to(language)}
                    for code, text in possible(question).items()
                ],
                "expires_on": question["expires_on"],
                "answered": before["answer"] if before else None,
            }
        )
    return items


def _asks(question: Question, seat: Seat) -> bool:
    return any((p["party"], p["index"]) == (seat.party, seat.index) for p in question["to"])


def _party(seat: Seat) -> tuple[str, int | None]:
    return seat.party, seat.index


def _others(state: State, entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Answers to questions still open, save the one that is given anew."""
    is_open = {q["id"] for q in state["questions"]}
    same = ("question", "party", "index")
    return [
        a
        for a in state.get("answers") or ()
        if a["question"] in is_open and any(a[name] != entry[name] for name in same)
    ]


def _require_possible(question: Question, answered: str) -> None:
    choices = possible(question)
    if answered in choices:
        return
    zh = "、".join(f"{code}（{text.zh}）" for code, text in choices.items())
    en = ", ".join(f"{code} ({text.en})" for code, text in choices.items())
    unknown = Fault("unknown_value", Text(f"可选的答复：{zh}", f"Possible answers: {en}"))
    raise Refused("validation_failed", errors=[unknown.at("/answer")])


def _require_authority(state: State, seat: Seat, question: Question, answered: str) -> None:
    """A general agent cannot settle for its party (CPL 62)."""
    if not seat.by_agent or question["kind"] != "signature" or answered != "sign":
        return
    if any(p["party"] == "agent" and p["may_settle"] for p in state["parties"]):
        return
    rule = GUARDS["authorised_to_settle"]
    extra = {"rule": "authorised_to_settle", "source": SOURCES[rule.source]}
    raise Refused("rule_not_met", rule.text, extra=extra)


def _session(session: Mapping[str, Any]) -> Text:
    begins, ends = (
        datetime.fromisoformat(session[name]).astimezone(MAINLAND_TIME)
        for name in ("starts_at", "ends_at")
    )
    mode = SESSION_MODES[session["mode"]]
    hours = f"{begins:%H:%M}–{ends:%H:%M}"
    return Text(
        f"第{session['number']}次调解会：{_zh_day(begins)}{hours}（北京时间），{mode.zh}",
        f"Session {session['number']}: {begins:%Y-%m-%d}, {hours} Beijing time, {mode.en}",
    )


def _zh_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
