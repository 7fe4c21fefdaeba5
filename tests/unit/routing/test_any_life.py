"""Whatever anybody does to a case, in whatever order: it stays a case as the table has it.

The decisions are the product's own, the bodies are read by the product's own schemas; what a
command would secure in other documents (a place, an hour) is given. `Life` is the case and its
people; the machine lets them act at will, for weeks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.routing import clocking, domain, following
from services.routing.agreement import answer_signature, signatories
from services.routing.api import COMMANDS
from services.routing.commands import Given
from services.routing.directory import Assignment
from services.routing.examination import answer_consent, sides
from services.routing.mediation import answer_extension
from services.routing.referring import answer_referral
from services.routing.sessions import answer_session
from services.routing.steps import BY_RULES, Actor, Said, not_allowed, possible_answers
from services.routing.ticking import tick
from services.routing.transferring import Target
from shared.civil_time import civil_day
from shared.contracts.clocks import CLOCKS
from shared.contracts.envelope import Trace
from shared.contracts.events import faults
from shared.contracts.guards import GUARDS
from shared.contracts.lifecycle import (
    ENDED,
    FINAL,
    STATUSES,
    TRANSITIONS,
    allowed,
    find,
    givers,
)
from shared.contracts.questions import OPEN
from shared.contracts.schema import read
from shared.contracts.vocabulary import ADVICE, FAILURE_REASONS, REFERRALS, ROLES
from shared.decision import Decision
from shared.errors import Refused
from shared.history import data_hash, link_hash
from shared.store import changed, new_aggregate
from tests.builders.cases import CHINA, a_mediator, a_submission, an_organisation

SERIAL = "2634626885086477"
HOUR = timedelta(hours=1)
BEGIN = datetime(2026, 3, 2, 10, 0, tzinfo=CHINA)
STAFF = ("platform_admin", "organisation_admin", "mediator")
REFUSALS = {
    "command_not_allowed",
    "forbidden",
    "rule_not_met",
    "validation_failed",
    "question_not_open",
    "sessions_overlap",
}
ANSWERED = {
    "consent": answer_consent,
    "session": answer_session,
    "extension": answer_extension,
    "signature": answer_signature,
    "referral": answer_referral,
}
AUTOMATIC = {
    "mediator_choice": lambda case, at: domain.assign_mediator(
        case, a_mediator(), at, actor=BY_RULES
    ),
    "closing": following.close_by_rules,
    "archiving": following.archive,
}

_WAYS_OUT = {
    *("withdraw", "refuse", "fail", "transfer", "refer", "update-referral"),
    *("assign-organisation", "assign-mediator"),
}
"""Commands that lead away from a case's usual way, so that they do not crowd out the others."""


taken: Counter[tuple[str, str]] = Counter()
"""(command, status before) of every step that any machine of this module took."""


class Life:
    """One case as its service changes it, and all the events it has told."""

    def __init__(self, **changes: Any) -> None:
        opened = domain.open_case(a_submission(received_at=BEGIN.isoformat(), **changes))
        self.now = BEGIN
        self.case = new_aggregate(
            SERIAL,
            Decision(opened),
            source="routing",
            division="370102",
            at=BEGIN,
            trace=_trace(0),
            previous_hash="a" * 64,
        )
        self.events: list[Mapping[str, Any]] = []

    def apply(self, decision: Decision) -> None:
        told = len(self.case["outbox"])
        before = self.case["status"]
        self.case, _ = changed(
            self.case,
            decision,
            source="routing",
            at=self.now,
            trace=_trace(self.case["version"]),
        )
        self.events += self.case["outbox"][told:]
        for line in decision.push.get("history", ()):
            taken[line["command"], before] += 1
            before = line["status"]

    def give(self, command: str, role: str, body: Mapping[str, Any]) -> None:
        """The command as the HTTP frame gives it: the row, the role, the body, the decision."""
        row = find(command, self.case["status"])
        if row is None:
            raise not_allowed(self.case, command)
        if role not in row.who:
            raise Refused("forbidden")
        given = Given(
            body=read(COMMANDS[command].body(), dict(body), civil_day(self.now)),
            actor=Actor(role, self.subject(role)),
            at=self.now,
            seal=lambda words: f"sealed {len(words)}",
            found=_found(command, self.case),
        )
        self.apply(COMMANDS[command].decide(self.case, given))

    def subject(self, role: str) -> str:
        """Who gives it: a mediator is the one who has the case."""
        mediator = self.case["mediator"] or {"id": "med-nobody"}
        return str(mediator["id"]) if role == "mediator" else f"{role}-1"

    def body(self, command: str, draw: Any) -> dict[str, Any]:
        """Something one may well say with the command; not always what the rules want."""
        make = _BODIES.get(command)
        return make(self, draw) if make else {}


def _trace(number: int) -> Trace:
    return Trace("00-" + "1" * 32 + "-" + "2" * 16 + "-01", "request", f"cause-{number}")


def _found(command: str, case: Mapping[str, Any]) -> Any:
    """What `prepare` would have secured."""
    body, person = an_organisation(), a_mediator(id="med-370102-02", name="乔一")
    if command == "assign-organisation":
        return an_organisation(id="org-2") if case["organisation"] else body
    if command == "assign-mediator":
        return person
    if command == "propose-mediators":
        return (a_mediator(), person)
    if command == "transfer":
        other = an_organisation(id="org-3")
        return Target(dict(case["division"]), Assignment(other, None, ("county",)))
    return "https://meet.example.org/room" if command == "schedule-session" else None


# --- what people say ---------------------------------------------------------------------------


def _party(life: Life, draw: Any) -> dict[str, Any]:
    side, index = draw(st.sampled_from(sides(life.case)))
    return {"party": side, "index": index}


def _consent(life: Life, draw: Any) -> dict[str, Any]:
    answer = draw(st.sampled_from(["agree", "agree", "agree", "decline"]))
    return {**_party(life, draw), "answer": answer, "means": "phone"}


def _session(life: Life, draw: Any) -> dict[str, Any]:
    begins = life.now + timedelta(hours=draw(st.integers(-1, 30)))
    ends = begins + timedelta(hours=draw(st.integers(0, 3)))
    return {
        "mode": draw(st.sampled_from(["online", "on_site"])),
        "starts_at": begins.isoformat(),
        "ends_at": ends.isoformat(),
        "place": "第一调解室",
    }


def _named_session(life: Life, draw: Any) -> str:
    known = [session["id"] for session in life.case["sessions"]]
    return str(draw(st.sampled_from([*known, "s99"])))


def _record(life: Life, draw: Any) -> dict[str, Any]:
    attendance = [
        {"party": side, "index": index, "attendance": "present"} for side, index in sides(life.case)
    ]
    return {
        "session": _named_session(life, draw),
        "attendance": attendance,
        "minutes": "双方陈述了意见。",
    }


def _agreement(life: Life, draw: Any) -> dict[str, Any]:
    due_on = civil_day(life.now) + timedelta(days=draw(st.integers(0, 40)))
    text = {
        "claims": ["支付工资"],
        "result": "一次性支付。",
        "items": [
            {
                "obligor": {"party": "respondent", "index": 0},
                "obligee": {"party": "applicant", "index": 0},
                "what": "支付工资",
                "amount_cny": 20020,
                "due_on": due_on.isoformat(),
                "manner": "银行转账",
            }
        ],
    }
    if life.case["represented_count"] and draw(st.booleans()):
        count = life.case["represented_count"]
        text["per_person"] = [{"index": n, "amount_cny": 100} for n in range(count)]
        text["represented_consent"] = {"obtained": True, "count": count, "means": "paper"}
    left_out = draw(st.sampled_from([None] * 8 + ["claims", "result", "items"]))
    text.pop(left_out or "", None)
    return text


def _signature(life: Life, draw: Any) -> dict[str, Any]:
    signatory, index = draw(st.sampled_from(signatories(life.case)))
    means = "seal" if signatory == "organisation" else "paper"
    return {"signatory": signatory, "index": index, "means": means}


def _referral(life: Life, draw: Any) -> dict[str, Any]:
    known = [referral["id"] for referral in life.case["referrals"]]
    named = draw(st.sampled_from([*known, "r99"]))
    if draw(st.booleans()):
        return {
            "referral": named,
            "status": draw(st.sampled_from(["sent", "taken_up", "completed"])),
        }
    answer = {**_party(life, draw), "answer": "willing", "means": "phone"}
    return {"referral": named, "answer": answer}


def _extension(life: Life, draw: Any) -> dict[str, Any]:
    until = civil_day(life.now) + timedelta(days=draw(st.integers(-2, 90)))
    asked = {"until": until.isoformat()}
    return asked if draw(st.booleans()) else {**asked, "means": "in_person"}


def _refusal(_: Life, draw: Any) -> dict[str, Any]:
    reason = draw(st.sampled_from(["outside_scope", "other_party_refuses"]))
    return {"reason": reason, "explanation": "不符合受理条件。", "advice": [min(ADVICE)]}


_BODIES = {
    "assign-organisation": lambda *_: {"organisation": "org-2"},
    "assign-mediator": lambda *_: {"mediator": "med-370102-02"},
    "transfer": lambda *_: {"organisation": "org-3", "reason": "更便于当事人。"},
    "request-supplement": lambda *_: {"items": [{"text": "工资流水"}]},
    "record-consent": _consent,
    "refuse": _refusal,
    "withdraw": lambda *_: {"means": "paper"},
    "schedule-session": _session,
    "answer-session": lambda life, draw: {
        **_party(life, draw),
        "session": _named_session(life, draw),
        "answer": draw(st.sampled_from(["confirm", "another_time"])),
        "means": "phone",
    },
    "cancel-session": lambda life, draw: {
        "session": _named_session(life, draw),
        "reason": "当事人另有安排。",
    },
    "record-session": _record,
    "record-proposal": lambda *_: {"by": "mediator", "terms": "分两期支付。"},
    "extend": _extension,
    "record-agreement": _agreement,
    "sign": _signature,
    "fail": lambda _, draw: {
        "reason": draw(st.sampled_from(sorted(FAILURE_REASONS))),
        "explanation": "分歧较大。",
    },
    "refer": lambda _, draw: {
        "kind": draw(st.sampled_from(sorted(REFERRALS))),
        **({"means": "phone"} if draw(st.booleans()) else {}),
    },
    "update-referral": _referral,
    "reopen": lambda *_: {"reason": "出现新证据。"},
}


def assert_refused(refused: Refused, case: Mapping[str, Any], row: object) -> None:
    """A refusal says what stands against it; `row` is None where the table knows no such step."""
    assert refused.slug in REFUSALS
    assert (refused.slug == "command_not_allowed") == (row is None)
    if refused.slug == "command_not_allowed":
        people = [c for c in allowed(case["status"]) if givers(c) != {"rules"}]
        assert refused.extra["allowed"] == people
    if refused.slug in {"rule_not_met", "sessions_overlap"}:
        assert refused.extra["rule"] in GUARDS
        assert all(refused.extra["source"])


class AnyLife(RuleBasedStateMachine):
    """Staff, parties and time do what they like."""

    def __init__(self) -> None:
        super().__init__()
        self.life = Life()

    @rule(data=st.data())
    def somebody_goes_on(self, data: st.DataObject) -> None:
        """A command that the status allows, mostly by somebody who may give it."""
        possible = [c for c in allowed(self.life.case["status"]) if c in COMMANDS]
        if not possible:
            return
        onward = [c for c in possible if c not in _WAYS_OUT] or possible
        command = data.draw(st.sampled_from([*possible, *onward * 4]), label="command")
        may = sorted(givers(command) & set(STAFF))
        role = data.draw(st.sampled_from([*may, *may, *may, *STAFF]), label="role")
        self._give(command, role, data)

    @rule(data=st.data(), command=st.sampled_from(sorted(COMMANDS)), role=st.sampled_from(ROLES))
    def somebody_tries_anything(self, data: st.DataObject, command: str, role: str) -> None:
        self._give(command, role, data)

    @precondition(lambda self: self.life.case["status"] == "submitted")
    @rule()
    def the_rules_find_nobody(self) -> None:
        reasons = ["no_organisation"]
        self.life.apply(domain.leave_unassigned(self.life.case, reasons, self.life.now))

    @precondition(lambda self: any(q["state"] == OPEN for q in self.life.case["questions"]))
    @rule(data=st.data(), means=st.sampled_from(["code", "token"]), by_agent=st.booleans())
    def a_party_answers(self, data: st.DataObject, means: str, by_agent: bool) -> None:
        """Somebody who is asked answers, mostly in favour."""
        life = self.life
        questions = [q for q in life.case["questions"] if q["state"] == OPEN]
        question = data.draw(st.sampled_from(questions), label="question")
        asked = data.draw(st.sampled_from(question["to"]), label="party")
        favour, *others = possible_answers(question)
        answer = data.draw(st.sampled_from([favour] * 4 + others), label="answer")
        party = (asked["party"], asked["index"])
        before = life.case
        try:
            if question["kind"] == "mediator":
                decided = domain.assign_mediator(
                    life.case, a_mediator(id=answer), life.now, actor=Actor("applicant")
                )
            else:
                agent = by_agent and party[0] == "applicant"
                actor = Actor("agent" if agent else party[0])
                said = Said(question["id"], party, answer, means, life.now, actor, agent)
                decided = ANSWERED[question["kind"]](life.case, said)
        except Refused as refused:
            assert_refused(refused, before, before)
            assert life.case is before
        else:
            life.apply(decided)

    @rule(hours=st.sampled_from([1, 1, 2, 20, 30, 24 * 5, 24 * 16, 24 * 40]))
    def time_passes(self, hours: int) -> None:
        """The sweep looks, however late: nothing is left to tell then."""
        self.life.now += timedelta(hours=hours)
        decided = tick(self.life.case, self.life.now, AUTOMATIC)
        if not decided.is_nothing:
            self.life.apply(decided)
        assert clocking.due_now(self.life.case["clocks"], self.life.now) == []

    def _give(self, command: str, role: str, data: st.DataObject) -> None:
        life = self.life
        before, row = life.case, find(command, life.case["status"])
        try:
            life.give(command, role, life.body(command, data.draw))
        except Refused as refused:
            assert_refused(refused, before, row)
            assert life.case is before
        else:
            assert row is not None
            assert role in row.who

    # --- what always holds ---------------------------------------------------------------------

    @invariant()
    def its_events_tell_its_status(self) -> None:
        told = [event["data"]["status"] for event in self.life.events]
        assert (told or ["submitted"])[-1] == self.life.case["status"]

    @invariant()
    def its_events_keep_their_contracts_without_gaps(self) -> None:
        events = self.life.events
        assert [event["sequence"] for event in events] == [
            str(n) for n in range(1, len(events) + 1)
        ]
        for event in events[-4:]:
            name = event["type"].removeprefix("cn.tiaojie.").removesuffix(".v1")
            assert faults(name, event["data"]) == {}

    @invariant()
    def its_history_is_a_chain(self) -> None:
        for before, event in pairwise(self.life.events[-5:]):
            assert event["previoushash"] == before["hash"]
            linked = link_hash(event, data_hash(event["data"], event["salt"]), before["hash"])
            assert event["hash"] == linked
        if self.life.events:
            assert self.life.case["history_hash"] == self.life.events[-1]["hash"]
            assert self.life.events[0]["previoushash"] == "a" * 64

    @invariant()
    def only_open_matters_run_and_wait(self) -> None:
        case = self.life.case
        running = {clock["name"] for clock in case["clocks"]}
        open_now = [q for q in case["questions"] if q["state"] == OPEN]
        kinds = [(q["kind"], q["about"]) for q in open_now]
        assert len(kinds) == len(set(kinds))
        if case["status"] in ENDED:
            assert not any(CLOCKS[name].is_ours for name in running)
            assert {q["kind"] for q in open_now} <= {"referral"}
            assert not any(s["status"] == "scheduled" for s in case["sessions"])
        if case["status"] == FINAL:
            assert allowed(FINAL) == ()

    @invariant()
    def what_its_status_says_has_happened(self) -> None:
        case, status = self.life.case, self.life.case["status"]
        agreed = {(c["party"], c["index"]) for c in case["consents"] if c["answer"] == "agree"}
        if status in {"accepted", "mediating", "agreed"}:
            assert set(sides(case)) <= agreed
            assert case["accepted_at"]
        if status in {"agreement_signed", "review_requested", "review_confirmed", "performed"}:
            signed = {(s["signatory"], s["index"]) for s in case["agreement"]["signatures"]}
            assert signed >= set(signatories(case))
            assert case["agreement"]["effective_at"]
        if status == "agreed":
            assert case["agreement"]["effective_at"] is None
        if status == "closed":
            assert case["outcome"] in STATUSES
        if status in {"submitted", "unassigned"}:
            assert case["organisation"] is None
        elif status not in {"withdrawn", "closed", FINAL}:
            assert case["organisation"] is not None
        if find("begin-examination", status) or find("accept", status) or status == "mediating":
            assert case["mediator"] is not None


class Placed(AnyLife):
    """A case that the rules have given a mediator already."""

    changes: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.life = Life(**self.changes)
        chosen = Assignment(an_organisation(), a_mediator(), ("county",))
        self.life.apply(domain.place(self.life.case, chosen, BEGIN, actor=BY_RULES))

    def give(self, command: str, role: str = "mediator", **body: Any) -> None:
        self.life.give(command, role, body)


class InMediation(Placed):
    """A case accepted, with a session behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.give("begin-examination")
        self.give("seek-consent")
        for side, index in sides(self.life.case):
            if side == "respondent":
                said = {"answer": "agree", "means": "phone"}
                self.give("record-consent", party=side, index=index, **said)
        self.give("accept")
        begins = self.life.now + timedelta(hours=1)
        hours = {"starts_at": begins.isoformat(), "ends_at": (begins + HOUR).isoformat()}
        self.give("schedule-session", mode="on_site", place="第一调解室", **hours)
        self.life.now += timedelta(hours=3)
        came = [{"party": p, "index": i, "attendance": "present"} for p, i in sides(self.life.case)]
        self.give("record-session", session="s1", attendance=came, minutes="双方陈述了意见。")


class Collective(InMediation):
    """Twelve applicants with two representatives against two employers, on the fast track; an agent
    without authority to settle."""

    changes: ClassVar[dict[str, Any]] = {
        "parties": [
            {
                "party": party,
                "index": index,
                "kind": "employer" if party == "respondent" else "person",
                "may_settle": party != "agent",
            }
            for party, index in (
                *(("applicant", 0), ("applicant", 1), ("agent", 0)),
                *(("respondent", 0), ("respondent", 1)),
            )
        ],
        "represented_count": 10,
        "flags": ["collective", "fast_track"],
    }


class Agreed(InMediation):
    """A case with an agreement to be signed."""

    def __init__(self) -> None:
        super().__init__()
        due_on = (civil_day(self.life.now) + timedelta(days=20)).isoformat()
        obligation = {
            "obligor": {"party": "respondent", "index": 0},
            "obligee": {"party": "applicant", "index": 0},
            "what": "支付工资",
            "due_on": due_on,
            "manner": "银行转账",
        }
        text = {"claims": ["支付工资"], "result": "一次性支付。", "items": [obligation]}
        self.give("record-agreement", **text)


class InEffect(Agreed):
    """A case whose agreement all have signed."""

    def __init__(self) -> None:
        super().__init__()
        for signatory, index in signatories(self.life.case):
            seals = signatory == "organisation"
            self.give(
                "sign",
                "organisation_admin" if seals else "mediator",
                signatory=signatory,
                index=index,
                means="seal" if seals else "paper",
            )


class UnderReview(InEffect):
    """A case whose parties jointly asked for arbitration review."""

    def __init__(self) -> None:
        super().__init__()
        self.give("refer", kind="arbitration_review", means="phone")


_SETTINGS = settings(
    max_examples=12,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
for machine in (AnyLife, Placed, InMediation, Collective, Agreed, InEffect, UnderReview):
    machine.TestCase.settings = _SETTINGS

TestFromTheBeginning = AnyLife.TestCase
TestWithAMediator = Placed.TestCase
TestInMediation = InMediation.TestCase
TestCollective = Collective.TestCase
TestWithAnAgreement = Agreed.TestCase
TestInEffect = InEffect.TestCase
TestUnderReview = UnderReview.TestCase


# --- every row was taken --------------------------------------------------------------


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.command}-{row.target}")
def test_the_machines_took_this_row(row):
    """Runs last in this file: what no machine tried proves nothing."""
    assert any(taken[row.command, source] for source in row.sources)
