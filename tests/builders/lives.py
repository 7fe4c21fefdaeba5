"""Cases at any point of their lives, made by the product's own decisions.

`a_case_in(status)` is a whole document as routing stores it: its outbox holds every event of that
life, linked from the first on. Steps follow each other by ten minutes from `at`, when the
application came, so that with a recent `at` a case can be worked on with the clock of the wall.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from services.routing import numbering
from services.routing.agreement import answer_signature
from services.routing.api import COMMANDS
from services.routing.commands import Given
from services.routing.directory import Mediator, Organisation, Snapshot
from services.routing.domain import open_case, receive
from services.routing.examination import answer_consent
from services.routing.following import archive, close_by_rules
from services.routing.referring import answer_referral
from services.routing.sessions import answer_session
from services.routing.steps import Actor, Said, after, open_question, together
from shared.civil_time import civil_day
from shared.contracts.clocks import due
from shared.contracts.envelope import Trace, new_id, new_traceparent
from shared.contracts.schema import read
from shared.decision import Decision
from shared.sealing import Keyring, new_key, records_context
from shared.store import changed, new_aggregate
from tests.builders.cases import WEDNESDAY_MORNING, a_mediator, a_submission, an_organisation

Document = dict[str, Any]
Step = Callable[["Life"], Decision]

SERIAL = "2634626885086477"
RECORDS = Keyring.parse(f"r:{new_key()}")
PACE = timedelta(minutes=10)
APPLICANT = {"party": "applicant", "index": 0}
RESPONDENT = {"party": "respondent", "index": 0}


@dataclass
class Life:
    """A case as it grows: its document, the moment, who works on it."""

    document: Document
    at: datetime
    mediator: Mediator
    organisation: Organisation
    records: Keyring

    def actor(self, role: str = "mediator") -> Actor:
        subject = self.mediator.id if role == "mediator" else f"the-{role}"
        return Actor(role, subject)

    def given(self, command: str, body: Mapping[str, Any], role: str = "mediator") -> Given:
        """The command as routing gets it, its body normalised."""
        return Given(
            body=read(COMMANDS[command].body(), dict(body), civil_day(self.at)),
            actor=self.actor(role),
            at=self.at,
            seal=self.seal,
            found="https://meet.example.org/a-room",
        )

    def seal(self, words: Mapping[str, Any]) -> str:
        return self.records.seal(orjson.dumps(words), records_context(self.document["_id"]))

    def decide(
        self, command: str, body: Mapping[str, Any] | None = None, role: str = "mediator"
    ) -> Decision:
        """What the product decides; bodies not named are those of `BODIES`."""
        said = BODIES.get(command, lambda _: {})(self) if body is None else body
        return COMMANDS[command].decide(self.document, self.given(command, said, role))

    def give(
        self, command: str, body: Mapping[str, Any] | None = None, role: str = "mediator"
    ) -> Life:
        """The case once the command was carried out; time goes on."""
        return self.apply(self.decide(command, body, role))

    def apply(self, decision: Decision) -> Life:
        self.document, _ = changed(
            self.document, decision, source="routing", at=self.at, trace=_trace()
        )
        self.at += PACE
        return self

    def wait(self, **time: float) -> Life:
        self.at += timedelta(**time)
        return self


def a_life(
    *steps: str | Step,
    serial_number: str = SERIAL,
    organisation: Organisation | None = None,
    mediator: Mediator | None = None,
    at: datetime = WEDNESDAY_MORNING,
    records: Keyring = RECORDS,
    **submitted: Any,
) -> Life:
    """A case that a mediator has, and then these steps: commands, names of ANSWERS, or functions;
    `submitted` are changes of cases.a_submission.
    """
    organisation = organisation or an_organisation()
    mediator = mediator or a_mediator(organisation=organisation.id)
    found = Snapshot.of([organisation], [mediator])
    application = _application(organisation, at, submitted)
    first = _first(serial_number, receive(application, found, at), application, at)
    life = Life(first, at + PACE, mediator, organisation, records)
    for step in steps:
        if callable(step):
            life.apply(step(life))
        elif step in ANSWERS:
            life.apply(ANSWERS[step](life))
        else:
            life.give(step)
        if step == "accept":
            number = f"济历劳人调〔{life.at.year}〕第1号"
            life.apply(numbering.number(life.document, number, life.at))
    return life


def a_case_in(
    status: str,
    *,
    serial_number: str = SERIAL,
    organisation: Organisation | None = None,
    mediator: Mediator | None = None,
    at: datetime = WEDNESDAY_MORNING,
    records: Keyring = RECORDS,
    **submitted: Any,
) -> Document:
    """The document of a case in this status, received `at`."""
    if status not in BEFORE_A_MEDIATOR:
        life = a_life(
            *LIVES[status],
            serial_number=serial_number,
            organisation=organisation,
            mediator=mediator,
            at=at,
            records=records,
            **submitted,
        )
        return life.document
    body = organisation or an_organisation()
    application = _application(body, at, submitted)
    if status == "submitted":
        decision = Decision({**open_case(application), "updated_at": at})
    else:
        bodies = [body] if status == "organisation_assigned" else []
        decision = receive(application, Snapshot.of(bodies, []), at)
    return _first(serial_number, decision, application, at)


def _application(
    organisation: Organisation, at: datetime, submitted: Mapping[str, Any]
) -> dict[str, Any]:
    day = civil_day(at)
    names = ("mediator_assignment", "acceptance_decision", "right_to_arbitrate")
    place = organisation.divisions[0]
    return a_submission(
        **{
            "received_at": at.isoformat(),
            "division": {"code": place, "name": "山东省济南市历下区"},
            "deadlines": [{"name": n, "due_on": due(n, day).on.isoformat()} for n in names],
            **submitted,
        }
    )


def _first(
    serial_number: str, decision: Decision, application: Mapping[str, Any], at: datetime
) -> Document:
    return new_aggregate(
        serial_number,
        decision,
        source="routing",
        division=application["division"]["code"],
        at=at,
        trace=_trace(),
    )


def _trace() -> Trace:
    return Trace(new_traceparent(), new_id())


# --- what is said ------------------------------------------------------------------------------


def a_session(life: Life) -> dict[str, Any]:
    """Online, in two minutes, for six."""
    starts_at = life.at + timedelta(minutes=2)
    return {
        "mode": "online",
        "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(minutes=6)).isoformat(),
    }


def a_record(life: Life) -> dict[str, Any]:
    """Everybody came to the last session."""
    return {
        "session": life.document["sessions"][-1]["id"],
        "attendance": [
            {"party": p["party"], "index": p["index"], "attendance": "present"}
            for p in life.document["parties"]
            if p["party"] != "agent"
        ],
        "minutes": "双方陈述了各自意见（虚构）。",
        "result": "agreement",
    }


def an_agreement(life: Life) -> dict[str, Any]:
    """The employer pays within two weeks."""
    case = life.document
    worker, employer = APPLICANT, RESPONDENT
    if case["applicant_role"] == "employer":
        worker, employer = employer, worker
    text: dict[str, Any] = {
        "claims": ["支付拖欠的劳动报酬20020元"],
        "result": "双方自愿达成协议，用人单位一次性支付劳动报酬18000元（虚构）。",
        "items": [
            {
                "obligor": employer,
                "obligee": worker,
                "what": "支付劳动报酬",
                "amount_cny": 18000,
                "due_on": (civil_day(life.at) + timedelta(days=14)).isoformat(),
                "manner": "银行转账",
            }
        ],
    }
    if represented := case["represented_count"]:
        text["represented_consent"] = {"obtained": True, "count": represented, "means": "paper"}
        text["per_person"] = [{"index": n, "amount_cny": 1500} for n in range(represented)]
    return text


BODIES: Mapping[str, Callable[[Life], dict[str, Any]]] = {
    "request-supplement": lambda _: {"items": [{"text": "请补充工资流水"}], "note": "五日内"},
    "seek-consent": lambda _: {},
    "record-consent": lambda _: {**RESPONDENT, "answer": "agree", "means": "phone"},
    "refuse": lambda _: {
        "reason": "outside_scope",
        "explanation": "请求事项不属于劳动争议（虚构）。",
        "advice": ["court"],
    },
    "withdraw": lambda _: {"means": "phone"},
    "schedule-session": a_session,
    "cancel-session": lambda life: {
        "session": life.document["sessions"][-1]["id"],
        "reason": "调解员临时有事",
    },
    "record-session": a_record,
    "record-proposal": lambda _: {"by": "mediator", "terms": "分两期支付18000元"},
    "record-agreement": an_agreement,
    "fail": lambda _: {"reason": "no_agreement", "explanation": "双方分歧较大（虚构）。"},
    "refer": lambda _: {"kind": "employment_support"},
    "reopen": lambda _: {"reason": "当事人提供了新的材料"},
}
"""Command → a valid body for the case as it is; the others need none, or are a test's own matter."""


def _answer(function: Any, kind: str, side: str, answer: str, means: str) -> Step:
    """Everybody of one side who is asked answers the same."""

    def decide(life: Life) -> Decision:
        question = open_question(life.document, kind)
        assert question is not None
        case: Document = life.document
        decision = Decision()
        for place in question["to"]:
            if place["party"] != side:
                continue
            party = (side, place["index"])
            said = function(case, Said(question["id"], party, answer, means, life.at, Actor(side)))
            decision, case = together(decision, said), after(case, said)
        return decision

    return decide


def _signed(signatory: str, means: str, role: str) -> Step:
    def decide(life: Life) -> Decision:
        return life.decide("sign", {"signatory": signatory, "means": means}, role)

    return decide


def _archived(life: Life) -> Decision:
    return archive(life.wait(days=60).document, life.at)


ANSWERS: Mapping[str, Step] = {
    "respondent agrees": _answer(answer_consent, "consent", "respondent", "agree", "code"),
    "respondent will come": _answer(answer_session, "session", "respondent", "confirm", "code"),
    "applicant signs": _answer(answer_signature, "signature", "applicant", "sign", "token"),
    "respondent signs": _answer(answer_signature, "signature", "respondent", "sign", "code"),
    "respondent does not sign": _answer(
        answer_signature, "signature", "respondent", "decline", "code"
    ),
    "mediator signs": _signed("mediator", "in_person", "mediator"),
    "organisation seals": _signed("organisation", "seal", "organisation_admin"),
    "review is offered": lambda life: life.decide("refer", {"kind": "arbitration_review"}),
    "applicant wants it": _answer(answer_referral, "referral", "applicant", "willing", "token"),
    "respondent wants it": _answer(answer_referral, "referral", "respondent", "willing", "code"),
    "is closed by the rules": lambda life: close_by_rules(life.wait(days=10).document, life.at),
    "is reopened": lambda life: life.decide("reopen", role="organisation_admin"),
    "is archived by the rules": _archived,
}
"""Steps that are more than a mediator's command."""

# --- whole lives -------------------------------------------------------------------------------

BEFORE_A_MEDIATOR = ("submitted", "unassigned", "organisation_assigned")

_EXAMINED = ("begin-examination",)
_CONSENT = (*_EXAMINED, "seek-consent")
_ACCEPTED = (*_CONSENT, "respondent agrees", "accept")
_MEDIATING = (*_ACCEPTED, "schedule-session", "respondent will come", "record-session")
_AGREED = (*_MEDIATING, "record-proposal", "record-agreement")
_SIGNED = (
    *_AGREED,
    "applicant signs",
    "respondent signs",
    "mediator signs",
    "organisation seals",
)
_REVIEW = (*_SIGNED, "review is offered", "applicant wants it", "respondent wants it")

LIVES: Mapping[str, Sequence[str | Step]] = {
    "mediator_assigned": (),
    "under_examination": _EXAMINED,
    "supplement_requested": (*_EXAMINED, "request-supplement"),
    "seeking_consent": _CONSENT,
    "accepted": _ACCEPTED,
    "not_accepted": (*_EXAMINED, "refuse"),
    "mediating": _MEDIATING,
    "agreed": _AGREED,
    "agreement_signed": _SIGNED,
    "review_requested": _REVIEW,
    "review_confirmed": (*_REVIEW, "confirm-review"),
    "review_refused": (*_REVIEW, "refuse-review"),
    "performed": (*_SIGNED, "confirm-performance"),
    "breached": (*_SIGNED, "record-breach"),
    "failed": (*_MEDIATING, "fail"),
    "withdrawn": (*_EXAMINED, "withdraw"),
    "closed": (*_SIGNED, "confirm-performance", "is closed by the rules"),
    "archived": (
        *_SIGNED,
        "confirm-performance",
        "is closed by the rules",
        "is archived by the rules",
    ),
}
"""Status → the steps that lead there from a case that a mediator has."""
