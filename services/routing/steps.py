"""One step of a case: the row of the lifecycle table applied to its document.

Every decision that moves a case goes through `step`: it checks status and giver, runs the clocks,
opens and settles questions, writes the line of history and makes the event. What is particular to
a command is passed in; what follows from the table is not repeated anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from services.routing import clocking
from shared.contracts.envelope import NewEvent
from shared.contracts.guards import GUARDS
from shared.contracts.lifecycle import ENDED, RULES, STATUSES, allowed, find, givers
from shared.contracts.questions import OPEN, QUESTIONS, SETTLED, WITHDRAWN
from shared.contracts.sources import SOURCES
from shared.decision import Decision, State
from shared.errors import FieldError, Refused, Text


@dataclass(frozen=True, slots=True)
class Actor:
    """Whose decision it is: a role of the lifecycle's `who`, and the token's subject of staff."""

    role: str
    subject: str | None = None

    @property
    def by(self) -> str:
        """How events name it: the rules, an administrator, or whose side; an agent is its party."""
        if self.role.endswith("_admin"):
            return "administrator"
        return "applicant" if self.role == "agent" else self.role


BY_RULES: Final = Actor(RULES)

Party = tuple[str, int]
"""A party by its place in the application: ("respondent", 0)."""


@dataclass(frozen=True, slots=True)
class Said:
    """A party's answer to the question of this id, how it was given, and who brings it: the party,
    its agent, or staff who record it."""

    question: str
    party: Party
    answer: str
    means: str
    at: datetime
    actor: Actor
    by_agent: bool = False


@dataclass(frozen=True, slots=True)
class Asking:
    """A question to open; ids are given by `step`, counting from q1 in each case."""

    kind: str
    to: tuple[Party, ...]
    about: str | None = None
    options: tuple[Mapping[str, Any], ...] = ()
    expires_on: date | None = None


def step(
    case: State,
    command: str,
    actor: Actor,
    at: datetime,
    *,
    change: Mapping[str, Any] | None = None,
    told: Mapping[str, Any] | None = None,
    asks: Sequence[Asking] = (),
    settles: Iterable[str] = (),
    withdraws: Iterable[str] = (),
    days: Mapping[str, date | None] | None = None,
    particulars: str | None = None,
) -> Decision:
    """The case moved by `command`: the change, its line of history and its event.

    `change` are further fields of the case, `told` further data of the event, `settles` and
    `withdraws` the ids of questions closed as answered or as pointless, `days` the last days of
    clocks of a date, `particulars` the sealed words of the step, kept with the case and sent
    along for documents. Refused: command_not_allowed, forbidden.
    """
    row = find(command, case["status"])
    if row is None:
        raise not_allowed(case, command)
    if actor.role not in row.who:
        raise Refused("forbidden", extra={"command": command})
    status = row.target or case["status"]
    after = {**case, **(change or {})}
    questions, opened, settled = _questions(after, status, asks, (settles, withdraws), at)
    clocks = clocking.after_step(after["clocks"], row, after["flags"], at, days or {})
    changed: dict[str, Any] = {
        **(change or {}),
        **clocking.follow_from(clocks),
        "status": status,
        "updated_at": at,
        "questions": questions,
    }
    event: dict[str, Any] = {
        "status": status,
        "deadlines": clocking.deadlines(clocks),
        "asks": opened,
        "settles": settled,
        **(told or {}),
    }
    if status in ENDED and case["status"] not in ENDED:
        event["released_mediator_id"] = (after["mediator"] or {}).get("id")
        changed["sessions"] = [
            {**s, "status": "cancelled"} if s["status"] == "scheduled" else s
            for s in after["sessions"]
        ]
    line = {
        "command": command,
        "status": status,
        "at": at,
        "by": actor.role,
        "actor": actor.subject,
    }
    push: dict[str, list[Any]] = {"history": [line]}
    if particulars is not None:
        event["particulars"] = particulars
        push["records"] = [{"command": command, "at": at, "sealed": particulars}]
    return Decision(changed, push, [NewEvent(row.event, event)])


def together(first: Decision, *others: Decision) -> Decision:
    """Decisions on the same case, each made on what the one before left, as one write."""
    set_, push, events, records = (
        dict(first.set),
        dict(first.push),
        [*first.events],
        [*first.records],
    )
    for decision in others:
        set_ |= decision.set
        for name, values in decision.push.items():
            push[name] = [*push.get(name, ()), *values]
        events += decision.events
        records += decision.records
    return Decision(set_, push, events, records)


def after(case: State, decision: Decision) -> dict[str, Any]:
    """The case as a decision leaves it, for the next decision of the same write."""
    lists = {name: [*case.get(name, ()), *values] for name, values in decision.push.items()}
    return {**case, **decision.set, **lists}


def not_allowed(case: State, command: str) -> Refused:
    """The refusal of a command that the status does not allow, naming those it does."""
    status = STATUSES[case["status"]]
    people = [c for c in allowed(case["status"]) if givers(c) != {RULES}]
    return Refused(
        "command_not_allowed",
        Text(f"案件当前状态：{status.zh}", f"The case's status: {status.en}"),
        extra={"command": command, "case_status": case["status"], "allowed": people},
    )


def rule_not_met(
    guard: str,
    *,
    slug: str = "rule_not_met",
    errors: Sequence[FieldError] = (),
    text: Text | None = None,
    source: str | None = None,
) -> Refused:
    """The refusal of a command by a guard of the lifecycle table, with the rule and its source.

    `errors` name what of the body stands against it, `text` and `source` say it more exactly than
    the guard does, `slug` is that of a problem of its own kind.
    """
    rule = GUARDS[guard]
    more = {"rule": guard, "source": SOURCES[source or rule.source]}
    return Refused(slug, text or rule.text, errors=errors, extra=more)


# --- questions -------------------------------------------------------------------------------


def open_question(case: State, kind: str, about: str | None = None) -> dict[str, Any] | None:
    """The open question of a kind (about something, if it is named), or None."""
    for question in case["questions"]:
        fits = question["kind"] == kind and about in {None, question["about"]}
        if fits and question["state"] == OPEN:
            return dict(question)
    return None


def answered(case: State, said: Said) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """All questions of the case with this answer noted, and the question itself.

    The last answer of a party counts while the question is open. Refused("question_not_open") if
    it is not, or if this party is not asked.
    """
    side, index = said.party
    for position, question in enumerate(case["questions"]):
        if question["id"] == said.question and question["state"] == OPEN:
            if not any((p["party"], p["index"]) == said.party for p in question["to"]):
                break
            others = [a for a in question["answers"] if (a["party"], a["index"]) != said.party]
            given = {
                "party": side,
                "index": index,
                "answer": said.answer,
                "means": said.means,
                "at": said.at,
            }
            noted = {**question, "answers": [*others, given]}
            questions = [*case["questions"]]
            questions[position] = noted
            return questions, noted
    raise Refused("question_not_open")


def recorded(question_id: str, body: Mapping[str, Any], actor: Actor, at: datetime) -> Said:
    """What staff record of a party: {party, index, answer, means} of a command's body."""
    party = (body["party"], body["index"])
    return Said(question_id, party, body["answer"], body["means"], at, actor)


def is_complete(question: Mapping[str, Any]) -> bool:
    """Whether everybody asked has answered."""
    return len(question["answers"]) == len(question["to"])


def possible_answers(question: Mapping[str, Any]) -> tuple[str, ...]:
    """What can be answered: words of the kind, or the ids of the options offered."""
    listed = QUESTIONS[question["kind"]].answers
    return tuple(listed) if listed else tuple(option["id"] for option in question["options"])


def _questions(
    case: State,
    status: str,
    asks: Sequence[Asking],
    over: tuple[Iterable[str], Iterable[str]],
    at: datetime,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
    """All questions after the step, those opened as events tell them, ids of those settled now;
    `over` are the ids of those answered and of those withdrawn.

    A case that ends withdraws all that is still open, save what is asked about referrals.
    """
    settled, withdrawn = map(set, over)
    questions, gone = [], []
    for question in case["questions"]:
        state = question["state"]
        if state == OPEN and question["id"] in settled:
            state = SETTLED
        elif state == OPEN and (
            question["id"] in withdrawn or (status in ENDED and question["kind"] != "referral")
        ):
            state = WITHDRAWN
        if state != question["state"]:
            gone.append(question["id"])
        questions.append({**question, "state": state})
    opened = []
    for asking in asks:
        told = {
            "id": f"q{len(questions) + 1}",
            "kind": asking.kind,
            "to": [{"party": party, "index": index} for party, index in asking.to],
            "options": [dict(option) for option in asking.options],
            "about": asking.about,
            "expires_on": asking.expires_on.isoformat() if asking.expires_on else None,
        }
        opened.append(told)
        questions.append({**told, "state": OPEN, "asked_at": at, "answers": []})
    return questions, opened, gone
