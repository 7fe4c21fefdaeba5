"""What a message may say: the values its template is filled with, in the reader's language.

None of them is a party's name, number or address. Names that others typed become one bounded line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from services.notify.people.case_facts import CaseFacts
from services.notify.people.entitlements import PARTIES, STAFF, Audience
from shared import serial
from shared.civil_time import MAINLAND_TIME
from shared.contracts.clocks import CLOCKS
from shared.contracts.envelope import Event
from shared.contracts.lifecycle import OUTCOMES
from shared.contracts.vocabulary import (
    ADVICE,
    CATEGORIES,
    FAILURE_REASONS,
    REFERRALS,
    REFUSAL_REASONS,
)
from shared.errors import Language, Text
from shared.sealing import QueryCodes

Values = dict[str, str]

_OWN_WORDS: Final = frozenset({"case.consent_sought", "case.not_accepted", "case.withdrawn"})
"""Events that a respondent reads of in other words than who applied."""

_CLOCK_OF: Final[Mapping[str, str]] = {
    "case.mediator_assigned": "acceptance_decision",
    "case.organisation_assigned": "mediator_assignment",
    "case.transferred": "mediator_assignment",
    "case.mediators_proposed": "mediator_choice",
    "case.supplement_requested": "supplement_answer",
    "case.consent_sought": "consent_answer",
    "case.numbered": "mediation_end",
    "case.agreement_recorded": "signature",
    "case.agreement_signed": "arbitration_review_request",
}
"""Event → the clock whose last day its message names."""

_MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"  # whatever the locale
_WEEKDAYS: Final = (Text("一", "Mon"), Text("二", "Tue"), Text("三", "Wed"), Text("四", "Thu"),
                    Text("五", "Fri"), Text("六", "Sat"), Text("日", "Sun"))  # fmt: skip
_ONLINE: Final = Text("线上，入会方式见通知书", "online; how to join is in the notice")
_GROWN: Final[Mapping[str, Text]] = {
    "employer": Text("同一用人单位", "one employer"),
    "division": Text("同一地区", "one division"),
    "category": Text("同一类别", "one category"),
}
STOPPED: Final[Mapping[str, Text]] = {
    "gone": Text("接收地址答复已停用（410）", "the endpoint answered that it is gone (410)"),
    "unverified": Text("接收地址始终未通过验证", "the endpoint was never verified"),
}


def wording(event: Event, audience: Audience) -> str:
    """The template that this audience reads: the event's, or one of its own for a clock, for staff,
    for a respondent, for a change of mediator."""
    if audience in STAFF:
        return f"{event.name}.staff"
    if event.name == "case.deadline_approaching":
        return f"{event.name}.{event.data['clock']}"
    if event.name == "case.mediator_assigned" and event.data["status"] != "mediator_assigned":
        return f"{event.name}.changed"
    if audience == "respondent" and event.name in _OWN_WORDS:
        return f"{event.name}.respondent"
    return event.name


def expiry(event: Event) -> datetime | None:
    """When the message would come too late to be true; None if it never does."""
    data = event.data
    match event.name:
        case "phone.code_requested":
            return datetime.fromisoformat(data["expires_at"])
        case "case.session_scheduled":
            return datetime.fromisoformat(data["session"]["starts_at"])
        case "case.deadline_approaching":
            return _end_of(date.fromisoformat(data["due_on"]))
        case "case.mediators_proposed":
            last = _last_day(event)
            return _end_of(last) if last else None
        case _:
            return None


def values(
    event: Event,
    facts: CaseFacts,
    audience: Audience,
    language: Language,
    codes: Mapping[str, str],
) -> Values:
    """The values of one reader's template. `codes` are the reader's own: `query` or `respondent`."""
    filled: Values = {"party": audience}
    if event.name.startswith(("application.", "case.")):
        filled["serial_number"] = serial.display(event.subject)
    organisation = event.data.get("organisation") or facts.organisation
    if organisation:
        filled["organisation"] = _line(organisation["name"], 40)
        filled["organisation_phone"] = _line(organisation["phone"], 20)
    elif audience in PARTIES:
        filled["organisation"] = filled["organisation_phone"] = ""
    if event.name in _CLOCK_OF:
        last = _last_day(event)
        filled["due_on"] = _day(last, language) if last else ""
    own = _OWN_VALUES.get(event.name)
    return (
        filled
        if own is None
        else filled | own(_Reading(event.subject, event.data, facts, language, codes))
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the values of one kind of event are made from."""

    subject: str
    data: Mapping[str, Any]
    facts: CaseFacts
    language: Language
    codes: Mapping[str, str]

    def day(self, name: str) -> str:
        """A day that the event names; "" if it names none."""
        day = self.data.get(name)
        return _day(date.fromisoformat(day), self.language) if day else ""

    def text(self, name: str, words: Mapping[str, Text]) -> str:
        """The name of a word of a closed list."""
        return words[self.data[name]].to(self.language)


def _phone_code(reading: _Reading) -> Values:
    until = datetime.fromisoformat(reading.data["expires_at"]).astimezone(MAINLAND_TIME)
    return {"code": reading.codes["query"], "until": f"{until.hour}:{until.minute:02}"}


def _choice(reading: _Reading) -> Values:
    names = [
        _line(option["name"], 20)
        for question in reading.data.get("asks") or ()
        for option in question.get("options") or ()
    ]
    return {"mediators": "、".join(names), "choices": str(len(names))}


def _refusal(reading: _Reading) -> Values:
    advice = [ADVICE[word].to(reading.language) for word in reading.data["advice"]]
    division = reading.data.get("right_division")
    space = " " if reading.language == "en" else ""
    return {
        "reason": reading.text("reason", REFUSAL_REASONS),
        "advice": "\n".join(f"{n}.{space}{line}" for n, line in enumerate(advice, start=1)),
        "first_advice": advice[0] if advice else ADVICE["policy_hotline"].to(reading.language),
        "right_division": _line(division["name"], 40) if division else "",
    }


def _session(reading: _Reading) -> Values:
    session, language = reading.data["session"], reading.language
    online = session["mode"] == "online"
    place = _ONLINE.to(language) if online else _line(session.get("place") or "", 40)
    return {"session_time": _moment(session["starts_at"], language), "place": place}


def _cancelled_session(reading: _Reading) -> Values:
    begins = (reading.facts.sessions or {})[reading.data["session_id"]]
    return {"session_time": _moment(begins, reading.language)}


def _referral(reading: _Reading) -> Values:
    status = reading.data["referral_status"]
    return {"referral": reading.text("kind", REFERRALS), "referral_status": status}


def _clock(reading: _Reading) -> Values:
    title = CLOCKS[reading.data["clock"]].title.to(reading.language)
    return {"clock": title, "due_on": reading.day("due_on")}


def _warning(reading: _Reading) -> Values:
    data, category = reading.data, reading.data.get("category")
    return {
        "dimension": reading.text("dimension", _GROWN),
        "division": _line(data["division"]["name"], 30),
        "category": CATEGORIES[category].to(reading.language) if category else "",
        "count": str(data["count"]),
        "expected": f"{data['expected']:.1f}",
        "window_days": str(data["window_days"]),
    }


def _channel_trouble(reading: _Reading) -> Values:
    data = reading.data
    told = {"channel": _line(data["channel"], 40), "interface": reading.subject}
    return told | ({"reason": _line(data["reason"], 40)} if "reason" in data else {})


_OWN_VALUES: Final[Mapping[str, Callable[[_Reading], Values]]] = {
    "application.submitted": lambda r: {"query_code": _grouped(r.codes["query"])},
    "phone.code_requested": _phone_code,
    "case.mediators_proposed": _choice,
    "case.mediator_assigned": lambda r: {"mediator": _line(r.data["mediator"]["name"], 20)},
    "case.consent_sought": lambda r: {"code": _grouped(r.codes["respondent"])},
    "case.numbered": lambda r: {"case_number": _line(r.data["case_number"], 40)},
    "case.not_accepted": _refusal,
    "case.session_scheduled": _session,
    "case.session_cancelled": _cancelled_session,
    "case.extension_proposed": lambda r: {"until": r.day("until")},
    "case.mediation_extended": lambda r: {"until": r.day("until")},
    "case.agreement_recorded": lambda r: {"perform_by": r.day("perform_by")},
    "case.agreement_signed": lambda r: {"perform_by": r.day("perform_by")},
    "case.failed": lambda r: {"reason": r.text("reason", FAILURE_REASONS)},
    "case.referral_opened": _referral,
    "case.referral_changed": _referral,
    "case.closed": lambda r: {"outcome": r.text("outcome", OUTCOMES)},
    "case.deadline_approaching": _clock,
    "case.deadline_missed": _clock,
    "warning.raised": _warning,
    "subscription.paused": lambda r: {
        **_channel_trouble(r),
        "since": _moment(r.data["failing_since"], r.language),
    },
    "subscription.stopped": lambda r: {
        **_channel_trouble(r),
        "reason": r.text("reason", STOPPED),
    },
    "partner_queue.overflowed": lambda r: {
        **_channel_trouble(r),
        "dropped": str(r.data["dropped"]),
    },
}
"""Event → what only its message has to say."""


def _last_day(event: Event) -> date | None:
    """The last day of the clock that the event's message names, among those that run after it."""
    clock = _CLOCK_OF[event.name]
    for running in event.data.get("deadlines") or ():
        if running["name"] == clock:
            return date.fromisoformat(running["due_on"])
    return None


def _grouped(code: str) -> str:
    return QueryCodes.grouped(QueryCodes.normalise(code)) if code else ""


def _line(text: str, limit: int) -> str:
    """One bounded line: a name typed by somebody else cannot add lines or segments."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _day(day: date, language: Language) -> str:
    if language == "en":
        return f"{day.day} {_MONTHS[3 * day.month - 3 : 3 * day.month]} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日"


def _moment(text: str, language: Language) -> str:
    """`2026年11月24日（星期二）9:30`, `Tue 24 Nov 2026, 9:30`: the time in the mainland."""
    at = datetime.fromisoformat(text).astimezone(MAINLAND_TIME)
    weekday = _WEEKDAYS[at.weekday()].to(language)
    clock = f"{at.hour}:{at.minute:02}"
    if language == "en":
        return f"{weekday} {_day(at.date(), language)}, {clock}"
    return f"{_day(at.date(), language)}（星期{weekday}）{clock}"


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(0), MAINLAND_TIME)
