"""What is said with the commands of mediation: sessions, proposals, extension, failure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from services.routing.asked import ID
from services.routing.examination_bodies import BY_STAFF
from shared.contracts.faults import fault
from shared.contracts.fields import Choice, Code, Count, Date, Moment, Part, Parts, Str
from shared.contracts.questions import PARTIES, QUESTIONS
from shared.contracts.schema import Body
from shared.contracts.vocabulary import ATTENDANCE, FAILURE_REASONS, JOINT_BODIES, SESSION_MODES
from shared.errors import FieldError

MOST_PARTIES: Final = 100
SESSION_RESULTS: Final = ("adjourned", "agreement", "no_agreement")

EXTENSION_STATES: Final = ("asked", "agreed", "refused", "lapsed")

_HTTPS = r"https://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[!-~]{0,400})?"


class PartyPlace(Body):
    """A party by its place in the application."""

    party = Choice("当事人", PARTIES, required=True)
    index = Count("序号", most=MOST_PARTIES, required=True)


def session_id() -> Code:
    return Code("调解会编号", ID, required=True)


def place_of_session(session: Mapping[str, Any], _: date) -> Iterator[FieldError]:
    """A session on site is somewhere."""
    if session.get("mode") == "on_site" and not session.get("place"):
        yield fault("required").at("/place")


class ScheduleSession(Body):
    """When and where; `join_url` of an online session, if not made by the provider of the service;
    `joint_bodies` that a women workers' station invites."""

    mode = Choice("方式", SESSION_MODES, required=True)
    starts_at = Moment("开始时间", required=True)
    ends_at = Moment("结束时间", required=True)
    place = Str("地点", 200)
    join_url = Code("参会链接", _HTTPS)
    joint_bodies = Parts(
        "联合调解单位", Choice("单位", tuple(JOINT_BODIES)), most=len(JOINT_BODIES)
    )
    note = Str("说明", 2000, lines=True)

    rules = (place_of_session,)


class AnswerSession(PartyPlace):
    """A party's answer to the invitation that reached the mediator."""

    session = session_id()
    answer = Choice("答复", QUESTIONS["session"].answers, required=True)
    means = Choice("方式", BY_STAFF, required=True)


class CancelSession(Body):
    session = session_id()
    reason = Str("原因", 1000, lines=True, required=True)


class Attendance(PartyPlace):
    """Who came for a party."""

    attendance = Choice("到场情况", ATTENDANCE, required=True)
    represented_by = Str("到场代理人", 100)


class RecordSession(Body):
    """Who was there and what was said; every party is named."""

    session = session_id()
    attendance = Parts("到场情况", Part("当事人", Attendance), most=2 * MOST_PARTIES, required=True)
    minutes = Str("笔录", 12_000, lines=True, required=True)
    result = Choice("结果", SESSION_RESULTS)


class RecordProposal(Body):
    """What somebody offers; it stays within the mediation."""

    by = Choice("提出方", (*PARTIES, "mediator"), required=True)
    terms = Str("方案内容", 4000, lines=True, required=True)


class Extend(Body):
    """Until when; `means` if all parties have agreed already, else they are asked."""

    until = Date("延长至", required=True)
    means = Choice("各方同意的方式", BY_STAFF)


class Fail(Body):
    """Why no agreement came about; the words stay within the case."""

    reason = Choice("理由", FAILURE_REASONS, required=True)
    explanation = Str("具体说明", 4000, lines=True, required=True)
    minutes = Str("笔录", 12_000, lines=True)
