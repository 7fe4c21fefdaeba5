"""Which values each wording is filled with, what they mean, and how they look at their longest.

`described` says it of one wording, `samples` fills it for each of its readers: as usual, with the
longest values that can occur, and with those left out that may be missing. Tests hold both against
what `values` really gives.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Final, Literal

from services.notify.people.entitlements import CLOCKS_TOLD, ENTITLEMENTS, PARTIES, STAFF
from services.notify.people.sample_values import AUDIENCE_WORD, SITE, VALUES, Value
from services.notify.people.template_grammar import Unreadable, parse
from shared.errors import Language

Kind = Literal["usual", "longest", "least"]


@dataclass(frozen=True, slots=True)
class Wording:
    """One wording as whoever writes it needs to know it. `required` must be shown to every reader,
    `absent` may be missing, which is an empty text."""

    name: str
    event: str
    audiences: tuple[str, ...]
    values: Mapping[str, Value]
    required: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()

    def allowed(self, channel: str) -> frozenset[str]:
        """Names that may be used: a text message gives no address of ours."""
        return frozenset(self.values) | ({SITE} if channel == "email" else frozenset())

    def fills(self, channel: str, text: str) -> bool:
        """Whether every name that a text uses is given."""
        try:
            return parse(text).used <= self.allowed(channel)
        except Unreadable:
            return False

    @property
    def choices(self) -> Mapping[str, Collection[str]]:
        """Values that are words of ours, to be compared with."""
        closed = {name: value.choices for name, value in self.values.items() if value.choices}
        return closed | {AUDIENCE_WORD: self.audiences}


@dataclass(frozen=True, slots=True)
class Sample:
    """The values of one reader."""

    audience: str
    kind: Kind
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Own:
    """What one event's wordings have beside what all have: shown always, always there, sometimes."""

    required: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)  # name → its entry of VALUES


_DAY: Final = _Own(absent=("due_on",))
_REFERRAL: Final = _Own(required=("referral",))

_OWN: Final[Mapping[str, _Own]] = {
    "application.submitted": _Own(required=("query_code",)),
    "phone.code_requested": _Own(
        required=("code",), given=("until",), named={"code": "phone_code", "until": "until_time"}
    ),
    "case.organisation_assigned": _DAY,
    "case.transferred": _DAY,
    "case.mediators_proposed": _Own(given=("mediators", "choices"), absent=("due_on",)),
    "case.mediator_assigned": _Own(required=("mediator",), absent=("due_on",)),
    "case.supplement_requested": _DAY,
    "case.consent_sought": _DAY,
    "case.consent_sought.respondent": _Own(required=("code",), absent=("due_on",)),
    "case.numbered": _Own(required=("case_number",), absent=("due_on",)),
    "case.not_accepted": _Own(
        required=("reason",),
        given=("advice", "first_advice"),
        absent=("right_division",),
        named={"reason": "refusal_reason"},
    ),
    "case.not_accepted.respondent": _Own(
        given=("reason", "advice", "first_advice"),
        absent=("right_division",),
        named={"reason": "refusal_reason"},
    ),
    "case.session_scheduled": _Own(required=("session_time", "place")),
    "case.session_cancelled": _Own(required=("session_time",)),
    "case.extension_proposed": _Own(required=("until",)),
    "case.mediation_extended": _Own(required=("until",)),
    "case.agreement_recorded": _Own(absent=("due_on", "perform_by")),
    "case.agreement_signed": _Own(absent=("due_on", "perform_by")),
    "case.failed": _Own(required=("reason",), named={"reason": "failure_reason"}),
    "case.referral_opened": _REFERRAL,
    "case.referral_changed": _Own(required=("referral",), given=("referral_status",)),
    "case.closed": _Own(required=("outcome",)),
    "case.deadline_approaching": _Own(required=("due_on",), given=("clock",)),
    "case.deadline_approaching.staff": _Own(required=("due_on", "clock")),
    "case.deadline_missed.staff": _Own(required=("due_on", "clock")),
    "warning.raised.staff": _Own(
        required=("dimension", "division", "count"),
        given=("expected", "window_days"),
        absent=("category",),
    ),
    "subscription.paused": _Own(
        required=("interface", "reason"),
        given=("channel", "since"),
        named={"reason": "failure_code"},
    ),
    "subscription.stopped": _Own(
        required=("interface", "reason"), given=("channel",), named={"reason": "stop_reason"}
    ),
    "partner_queue.overflowed": _Own(required=("interface", "dropped"), given=("channel",)),
}
"""Event, or wording where it differs from its event's → its own values."""

_STAFF_ALSO: Final = frozenset({"mediator"})
"""Values of an event that its wording for staff does not have to show: it is its reader."""

_OF_NO_CASE: Final = ("phone.", "warning.", "subscription.", "partner_queue.")
_WITHOUT_ORGANISATION: Final = ("application.submitted", "case.unassigned", *_OF_NO_CASE)
"""Told before there is one."""

_PERHAPS_AN_ORGANISATION: Final = (
    "application.supplemented", "case.withdrawn", "case.deadline_approaching.right_to_arbitrate",
    "case.deadline_approaching.arbitration_limitation",
)  # fmt: skip
"""Told whether or not there is one."""

_ORGANISATION: Final = ("organisation", "organisation_phone")

_NOT_FOR_RESPONDENTS: Final = frozenset(
    {"case.consent_sought", "case.not_accepted", "case.withdrawn", "case.mediator_assigned"}
)
"""Wordings whose event a respondent reads of in other words, or only when it changes something."""

_EVENTS: Final = sorted(ENTITLEMENTS, key=len, reverse=True)
"""The longer names first: one may begin another."""


def described(wording: str) -> Wording | None:
    """What a wording may say and must; None for a name that is no event's."""
    event = next((e for e in _EVENTS if wording == e or wording.startswith(f"{e}.")), None)
    if event is None:
        return None
    own = _OWN.get(wording) or _OWN.get(event) or _Own()
    required, given, absent = list(own.required), list(own.given), list(own.absent)
    to_staff = wording.endswith(".staff")
    if to_staff:
        given += [name for name in required if name in _STAFF_ALSO]
        required = [name for name in required if name not in _STAFF_ALSO]
    if not event.startswith(_OF_NO_CASE):
        required.append("serial_number")
    if not to_staff and not wording.startswith(_WITHOUT_ORGANISATION):
        (absent if wording.startswith(_PERHAPS_AN_ORGANISATION) else given).extend(_ORGANISATION)
    names = (*required, *given, *absent)
    return Wording(
        wording,
        event,
        _audiences(wording, event),
        {AUDIENCE_WORD: VALUES[AUDIENCE_WORD]} | {n: VALUES[own.named.get(n, n)] for n in names},
        frozenset(required),
        frozenset(absent),
    )


def samples(wording: Wording, language: Language) -> Iterator[Sample]:
    """Every reader, with every word that decides what is said, as usual; then at the longest; then,
    if something may be missing, without it."""
    chosen = {name: value.choices for name, value in wording.values.items() if value.choices}
    kinds: tuple[Kind, ...] = ("usual", "longest", *(("least",) if wording.absent else ()))
    for kind, audience in product(kinds, wording.audiences):
        filled = {name: v.of(kind, language) for name, v in wording.values.items()}
        if kind == "least":
            filled |= dict.fromkeys(wording.absent, "")
        for words in product(*chosen.values()):
            own = dict(zip(chosen, words, strict=True))
            yield Sample(audience, kind, filled | own | {AUDIENCE_WORD: audience})


def _audiences(wording: str, event: str) -> tuple[str, ...]:
    """Who reads it, see `values.wording`."""
    entitled, rest = ENTITLEMENTS[event], wording[len(event) + 1 :]
    if rest == "staff":
        return tuple(a for a in entitled if a in STAFF)
    if rest in PARTIES:
        return (rest,)
    if event == "case.deadline_approaching":
        return tuple(CLOCKS_TOLD.get(rest, ()))
    others = frozenset(STAFF) | ({"respondent"} if wording in _NOT_FOR_RESPONDENTS else set())
    return tuple(a for a in entitled if a not in others)
