"""Sessions (调解会): when and where, who will come, who came and what was said.

Pure decisions on the case and what was said with the command; the mediator's hours are secured
before (`booking`). 企业劳动争议协商调解规定 30: what was said is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from services.routing import booking, steps
from services.routing.asked import unknown
from services.routing.booking import Hour
from services.routing.commands import Command, Desk, Given, Prepared
from services.routing.examination import sealed, sides
from services.routing.hints import is_at_a_station
from services.routing.mediation_bodies import (
    AnswerSession,
    CancelSession,
    RecordSession,
    ScheduleSession,
)
from services.routing.steps import (
    Actor,
    Asking,
    Said,
    open_question,
    recorded,
    rule_not_met,
    step,
)
from shared.civil_time import civil_day, rfc3339
from shared.contracts.faults import Fault, fault
from shared.decision import Decision, State
from shared.errors import FieldError, Refused, Text
from shared.sealing import Hasher
from shared.settings import SettingsError

LONGEST_SESSION: Final = timedelta(hours=8)
FARTHEST_SESSION: Final = timedelta(days=180)
MOST_SESSIONS: Final = 60

_TEMPLATE: Final = re.compile(r"https://[^\s{}]+\{room\}[^\s{}]*")
_PAST = Fault("in_past", Text("时间不能早于现在", "The time lies in the past"))
_TOO_FAR = Fault("too_far", Text("最多提前180日安排", "At most 180 days ahead"))
_ENDS_FIRST = Fault("ends_before_start", Text("结束时间应晚于开始时间", "It ends before it begins"))
_TOO_LONG = Fault("too_long_session", Text("每次最多8小时", "8 hours at most"))
_NO_STATION = Fault(
    "not_applicable",
    Text(
        "仅女职工维权工作站可邀请联合单位",
        "Only a women workers' rights station invites joint bodies",
    ),
)
_NOT_SCHEDULED = Fault(
    "not_scheduled", Text("该次调解会已取消或已记录", "It was cancelled or recorded before")
)


@dataclass(frozen=True, slots=True)
class JoinLinks:
    """Addresses of online sessions at a provider: `template` with `{room}`, a name nobody guesses
    who does not have the hashing key. Without a template there are none."""

    template: str
    hasher: Hasher

    def __post_init__(self) -> None:
        if self.template and not _TEMPLATE.fullmatch(self.template):
            raise SettingsError("TIAOJIE_SESSION_LINK_TEMPLATE: expected https://… with {room}")

    def __call__(self, serial_number: str, session_id: str) -> str | None:
        if not self.template:
            return None
        room = self.hasher.hash("session_room", f"{serial_number}:{session_id}")
        return self.template.replace("{room}", room)


def secure_hour(desk: Desk, case: State, given: Given) -> Prepared:
    """The mediator's hour, taken; the link of the provider is what was found."""
    session = planned(case, given)
    mediator_id, number = case["mediator"]["id"], case["_id"]
    hour = Hour(number, session["id"], session["starts_at"], session["ends_at"])
    booking.book(desk.directory, mediator_id, hour, given.at)

    def undo() -> None:
        """Whoever won the race may have scheduled the same session for the same hour."""
        now = desk.cases.read(number)
        if now is None or booking.hours_of(now).get(hour.session) != hour:
            booking.give_up(desk.directory, mediator_id, [hour])

    return Prepared(desk.join_link(number, session["id"]), undo)


def planned(case: State, given: Given) -> dict[str, Any]:
    """The session as it would be, or what stands against it.

    Refused: rule_not_met (session_ahead), sessions_overlap (sessions_apart), validation_failed.
    """
    body, number = given.body, len(case["sessions"]) + 1
    if number > MOST_SESSIONS:
        raise Refused(
            "validation_failed", errors=[fault("too_many", MOST_SESSIONS).at("/starts_at")]
        )
    starts_at, ends_at = _moment(body["starts_at"]), _moment(body["ends_at"])
    if errors := _wrong_times(starts_at, ends_at, given.at):
        raise rule_not_met("session_ahead", errors=errors)
    for hour in booking.hours_of(case).values():
        if hour.starts_at < ends_at and starts_at < hour.ends_at:
            raise rule_not_met("sessions_apart", slug="sessions_overlap")
    return {
        "id": f"s{number}",
        "number": number,
        "mode": body["mode"],
        "starts_at": starts_at,
        "ends_at": ends_at,
        "place": body.get("place"),
        "status": "scheduled",
        "attendance": [],
    }


def schedule_session(case: State, given: Given) -> Decision:
    """A further session, to which all parties are invited; the link is for their eyes only.

    `given.found` is the provider's link. Refused as `planned` says.
    """
    session = planned(case, given)
    link = None
    if session["mode"] == "online":
        link = given.body.get("join_url") or given.found
        if link is None:
            raise Refused("validation_failed", errors=[fault("required").at("/join_url")])
    joint = given.body.get("joint_bodies")
    if joint and not is_at_a_station(case):
        raise Refused("validation_failed", errors=[_NO_STATION.at("/joint_bodies")])
    invitation = Asking(
        "session",
        tuple(sides(case)),
        about=session["id"],
        expires_on=civil_day(session["starts_at"]),
    )
    return step(
        case,
        "schedule-session",
        given.actor,
        given.at,
        change={"sessions": [*case["sessions"], session]},
        told={"session": session_told(session)},
        asks=[invitation],
        particulars=sealed(
            given,
            join_url=link,
            joint_bodies=list(dict.fromkeys(joint)) if joint else None,
            note=given.body.get("note"),
        ),
    )


def record_session_answer(case: State, given: Given) -> Decision:
    """Staff note what a party said by phone, on paper or in person."""
    session = _scheduled(case, given.body["session"])
    question = open_question(case, "session", session["id"])
    if question is None:
        raise Refused("question_not_open")
    said = recorded(question["id"], given.body, given.actor, given.at)
    return answer_session(case, said)


def answer_session(case: State, said: Said) -> Decision:
    """The party will come or asks for another time, and may think better of it until the session.

    The session stays as it is: another time is found by the mediator. Refused: question_not_open.
    """
    questions, question = steps.answered(case, said)
    side, index = said.party
    return step(
        case,
        "answer-session",
        said.actor,
        said.at,
        change={"questions": questions},
        told={
            "party": side,
            "index": index,
            "session_id": question["about"],
            "answer": said.answer,
            "means": said.means,
        },
    )


def free_hour(desk: Desk, case: State, given: Given) -> Prepared:
    """The mediator's hour is free again once the session is over or off."""
    hour = booking.hours_of(case).get(given.body["session"])
    mediator_id = case["mediator"]["id"]
    if hour is None:
        return Prepared()
    return Prepared(finish=lambda: booking.give_up(desk.directory, mediator_id, [hour]))


def cancel_session(case: State, given: Given) -> Decision:
    """The session will not take place; the parties are told why."""
    session = _scheduled(case, given.body["session"])
    words = sealed(given, reason=given.body["reason"])
    return called_off(case, session["id"], given.actor, given.at, words)


def called_off(
    case: State, session_id: str, actor: Actor, at: datetime, words: str | None
) -> Decision:
    """The decision that a scheduled session will not take place, for the sealed reason."""
    return step(
        case,
        "cancel-session",
        actor,
        at,
        change={"sessions": _with(case, session_id, status="cancelled")},
        told={"session_id": session_id},
        withdraws=_invitation(case, session_id),
        particulars=words,
    )


def record_session(case: State, given: Given) -> Decision:
    """Who came and what was said; those who stayed away are told to the world by their places.

    Refused: rule_not_met (session_begun); validation_failed unless every party is named once.
    """
    session = _scheduled(case, given.body["session"])
    if given.at < session["starts_at"]:
        raise rule_not_met("session_begun")
    came = given.body["attendance"]
    _check_everybody_named(case, came)
    attendance = [{n: row[n] for n in ("party", "index", "attendance")} for row in came]
    absent = [
        {"party": row["party"], "index": row["index"]}
        for row in came
        if row["attendance"] == "absent"
    ]
    change = {"status": "held", "attendance": attendance}
    return step(
        case,
        "record-session",
        given.actor,
        given.at,
        change={"sessions": _with(case, session["id"], **change)},
        told={"session": session_told(session), "absent": absent},
        settles=_invitation(case, session["id"]),
        particulars=sealed(
            given,
            minutes=given.body["minutes"],
            attendance=[{n: v for n, v in row.items() if v is not None} for row in came],
            result=given.body.get("result"),
        ),
    )


def was_held(case: State) -> bool:
    """Whether somebody came to a session since the case was accepted."""
    return any(
        session["status"] == "held"
        and session["starts_at"] >= case["accepted_at"]
        and any(row["attendance"] != "absent" for row in session["attendance"])
        for session in case["sessions"]
    )


def session_told(session: Mapping[str, Any]) -> dict[str, Any]:
    """A session as events tell it (payloads.Session)."""
    told = {name: session[name] for name in ("id", "number", "mode", "place")}
    return {
        **told,
        "starts_at": rfc3339(session["starts_at"]),
        "ends_at": rfc3339(session["ends_at"]),
    }


# --- what the decisions above share ------------------------------------------------------------


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(microsecond=0)


def _wrong_times(starts_at: datetime, ends_at: datetime, at: datetime) -> list[FieldError]:
    errors = []
    if starts_at < at:
        errors.append(_PAST.at("/starts_at"))
    elif starts_at > at + FARTHEST_SESSION:
        errors.append(_TOO_FAR.at("/starts_at"))
    if ends_at <= starts_at:
        errors.append(_ENDS_FIRST.at("/ends_at"))
    elif ends_at - starts_at > LONGEST_SESSION:
        errors.append(_TOO_LONG.at("/ends_at"))
    return errors


def _scheduled(case: State, session_id: str) -> dict[str, Any]:
    """The session, if it is still to be held."""
    for session in case["sessions"]:
        if session["id"] == session_id:
            if session["status"] == "scheduled":
                return dict(session)
            raise Refused("validation_failed", errors=[_NOT_SCHEDULED.at("/session")])
    raise unknown("session")


def _with(case: State, session_id: str, **change: Any) -> list[dict[str, Any]]:
    return [{**s, **change} if s["id"] == session_id else {**s} for s in case["sessions"]]


def _invitation(case: State, session_id: str) -> list[str]:
    question = open_question(case, "session", session_id)
    return [question["id"]] if question else []


def _check_everybody_named(case: State, attendance: Sequence[Mapping[str, Any]]) -> None:
    left, errors = set(sides(case)), []
    for position, row in enumerate(attendance):
        if (row["party"], row["index"]) in left:
            left.remove((row["party"], row["index"]))
        else:
            errors.append(fault("unknown_value").at(f"/attendance/{position}/index"))
    if left:
        errors.append(fault("required").at(f"/attendance/{len(attendance)}"))
    if errors:
        raise Refused("validation_failed", errors=errors)


COMMANDS = {
    "schedule-session": Command(ScheduleSession, schedule_session, secure_hour),
    "answer-session": Command(AnswerSession, record_session_answer),
    "cancel-session": Command(CancelSession, cancel_session, free_hour),
    "record-session": Command(RecordSession, record_session, free_hour),
}
