"""What the services really say: events made by their own pure functions, as they are published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import orjson

from services.intake import answering, contact, documents, phone_verification
from services.intake import handlers as intake
from services.intake.answering import Given
from services.intake.application import validate
from services.intake.holders import Seat
from services.notify.partners import amqp, subscriptions
from services.query.rebuild import opening
from services.routing import commands, examination, numbering
from services.routing import domain as routing
from services.routing.directory import Assignment, Snapshot
from services.routing.directory_changes import change_organisation
from services.routing.early_warning import Growth, raised
from services.routing.reference import generate
from services.routing.steps import Actor
from services.routing.ticking import tick
from services.routing.transferring import Target, transfer
from shared.civil_time import civil_day
from shared.contracts.envelope import Trace, new_id, new_traceparent
from shared.decision import Decision
from shared.sealing import Hasher, Keyring, new_key, records_context
from shared.store import changed, new_aggregate
from tests.builders import applications, lives
from tests.builders.cases import WEDNESDAY_MORNING, a_mediator, an_organisation
from tests.builders.documents import a_step

Document = dict[str, Any]

SERIAL = "2634626885086477"
QUERY_CODE = "K7RM2PXA"
AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
SUPPLEMENT = {
    "statement": "补充陈述独此一段",
    "attachments": [
        {
            "file_name": "补充独名.jpg",
            "kind": "wage_flow",
            "content_type": "image/jpeg",
            "size_bytes": 1,
        }
    ],
}
NEW_CONTACT = {"phone": "13900004321"}
WITHDRAWAL = {"reason": "撤回原因独此一条"}
TODAY = date(2026, 11, 20)
ADMINISTRATOR = Actor("platform_admin", "admin-1")
APPLICANT = Actor("applicant")
STAFF = Actor("organisation_admin", "admin-2")
CONTACTS = Keyring.parse(f"c:{new_key()}")
RECORDS = Keyring.parse(f"r:{new_key()}")
SECRETS = intake.Secrets(
    Keyring.parse(f"a:{new_key()}"), CONTACTS, Hasher.parse(new_key()), RECORDS
)


class Aggregate:
    """One document as its service changes it; `events` are all it has told, in order."""

    def __init__(self, key: str, first: Decision, source: str, division: str) -> None:
        self._source = source
        self.state = new_aggregate(
            key, first, source=source, division=division, at=AT, trace=_trace()
        )

    def apply(self, decision: Decision) -> None:
        self.state, _ = changed(self.state, decision, source=self._source, at=AT, trace=_trace())

    @property
    def events(self) -> list[Document]:
        return list(self.state["outbox"])


def some_applications() -> dict[str, Document]:
    """Applications of every kind of the builders, normalised."""
    made = {
        "worker": applications.an_application(),
        "employer": applications.an_employers_application(),
        "collective": applications.a_collective_application(),
        "mother": applications.a_woman_in_lactation(),
        "foreigner": applications.a_foreign_teacher(),
        "rider": applications.a_riders_application(),
        "agent": applications.with_agent(applications.an_application()),
    }
    return {name: validate(body, TODAY) for name, body in made.items()}


def submission(application: Mapping[str, Any]) -> Decision:
    """What intake decides when it takes the application in."""
    place = application["submit_division"]
    receipt = intake.Receipt(
        serial_number=SERIAL,
        query_code=QUERY_CODE,
        respondent_codes=("B4NT8WQY",) * len(application["respondents"]),
        received_at=AT,
        query_code_days=730,
        division_code=place.get("township_code") or place["county_code"],
        division_name="山东省济南市历下区姚家街道",
        idempotency_key=None,
        body_digest="",
    )
    return intake.submit(application, receipt, SECRETS)


def life_of_an_application(application: Mapping[str, Any]) -> list[Document]:
    """Submitted, evidence received, supplemented, a question answered, another phone, a document
    issued, withdrawn."""
    told = Aggregate(SERIAL, submission(application), "intake", "370102013")
    if told.state["attachments"]:
        received = {"state": "received", "file_id": "f", "sha256": "0", "size_bytes": 1}
        told.apply(intake.receive_evidence(told.state, 0, received))
    told.apply(intake.supplement(told.state, SUPPLEMENT, SECRETS, AT))
    seat = Seat("applicant", 0, by_agent=False, means="code")
    asked = {"id": "q1", "kind": "consent", "to": [{"party": "applicant", "index": 0}]}
    told.apply(Decision(set={"questions": [{**asked, "options": []}]}))
    answer = Given("q1", "agree", "答复独此一段")
    told.apply(answering.answer(told.state, seat, answer, SECRETS, AT))
    told.apply(contact.change(told.state, seat, None, NEW_CONTACT, secrets=SECRETS, today=TODAY))
    (due,) = documents.due(a_step("case.failed", 1), told.state)
    pdf = {"format": "pdf", "file_id": "f", "size_bytes": 1, "sha256": "0" * 64}
    told.apply(documents.issued(told.state, due, [pdf], AT))
    told.apply(intake.withdraw(told.state, WITHDRAWAL, SECRETS, AT))
    return told.events


def proofs_of_phones() -> list[Document]:
    """A code asked for."""
    asked = phone_verification.ask(
        "A" * 22, "+8613900004321", "493021", language="zh", secrets=SECRETS, at=AT
    )
    return Aggregate("A" * 22, asked, "intake", phone_verification.NO_PLACE).events


def lives_of_cases(application: Mapping[str, Any]) -> list[Document]:
    """Cases of this application that rules and people assign, that wait, that are withdrawn."""
    submitted: Mapping[str, Any] = submission(application).events[0].data
    body, other = an_organisation(), an_organisation(id="org-370100", kind="city")
    person, another = a_mediator(capacity=99), a_mediator(id="med-2", name="程远林")
    placed = routing.receive(submitted, Snapshot.of([body], [person]), AT)
    later = AT + timedelta(hours=1)

    by_people = Aggregate(SERIAL, placed, "routing", "370102013")
    case = by_people.state
    by_people.apply(routing.assign_organisation(case, other, later, actor=ADMINISTRATOR))
    by_people.apply(routing.assign_mediator(by_people.state, another, later, actor=ADMINISTRATOR))
    by_people.apply(routing.withdraw(by_people.state, later, actor=APPLICANT))

    waiting = Aggregate(
        SERIAL, routing.receive(submitted, Snapshot.of([], []), AT), "routing", "370102013"
    )
    waiting.apply(
        routing.place(waiting.state, Assignment(body, None, ()), later, actor=ADMINISTRATOR)
    )
    waiting.apply(routing.withdraw(waiting.state, later, actor=APPLICANT))
    return [*by_people.events, *waiting.events, *_examined(submitted), *_chosen(submitted)]


def _examined(submitted: Mapping[str, Any]) -> list[Document]:
    """A case that is examined, accepted, numbered, moved to another body and not accepted there."""
    snapshot = Snapshot.of([an_organisation()], [a_mediator(capacity=99)])
    told = Aggregate(SERIAL, routing.receive(submitted, snapshot, AT), "routing", "370102013")
    there = Assignment(an_organisation(id="org-370100"), a_mediator(id="med-2"), ())
    target = Target({"code": "370100", "name": "山东省济南市"}, there)
    missing = {"items": [{"text": "独缺之工资条"}]}
    refusal = {"reason": "already_decided", "explanation": "独此一裁决", "advice": ["court"]}

    def give(decide: commands.Decide, body: Mapping[str, Any], found: Any = None) -> None:
        told.apply(decide(told.state, commands.Given(body, STAFF, AT, _sealed, found)))

    give(examination.begin_examination, {})
    give(examination.request_supplement, missing)
    give(examination.resume_examination, {})
    give(examination.seek_consent, {})
    for _, index in (p for p in examination.sides(told.state) if p[0] == "respondent"):
        said = {"party": "respondent", "index": index, "answer": "agree", "means": "phone"}
        give(examination.record_consent, said)
    give(examination.accept, {})
    told.apply(numbering.number(told.state, "济历劳人调〔2026〕第12号", AT))
    give(transfer, {"reason": "独此一移送"}, target)
    give(examination.refuse, refusal)
    return told.events


def _chosen(submitted: Mapping[str, Any]) -> list[Document]:
    """A case whose applicant chooses between two mediators."""
    body, people = an_organisation(offers_choice=True), [a_mediator(), a_mediator(id="med-2")]
    placed = routing.receive(submitted, Snapshot.of([body], people), AT)
    told = Aggregate(SERIAL, placed, "routing", "370102013")
    told.apply(routing.assign_mediator(told.state, people[1], AT, actor=APPLICANT))
    return told.events


def _sealed(words: Mapping[str, Any]) -> str:
    return RECORDS.seal(orjson.dumps(words), records_context(SERIAL))


def directory_entries(count: int = 50) -> Iterator[Document]:
    """Registrations of made-up organisations, and a change of each."""
    entries = (e.document for e in generate(7) if e.collection == "organisations")
    for entry in islice(entries, count):
        decision = routing.register_organisation(entry)
        registered = Aggregate(entry["_id"], decision, "routing", entry["division_code"])
        registered.apply(change_organisation(registered.state, {"active": False}))
        yield from registered.events


def whole_lives() -> list[Document]:
    """Cases to every end, and what may happen on the way."""
    told = [event for status in lives.LIVES for event in lives.a_case_in(status)["outbox"]]
    until = (civil_day(WEDNESDAY_MORNING) + timedelta(days=20)).isoformat()
    disputed = lives.a_life(*lives.LIVES["mediating"], "schedule-session", "cancel-session")
    for extension in ({"until": until}, {"until": until, "means": "in_person"}):
        disputed.give("extend", extension)
        if "means" not in extension:
            disputed.give("refuse-extension")
    disputed.give("record-agreement")
    disputed.apply(lives.ANSWERS["respondent does not sign"](disputed))
    for days in (15, 90):
        disputed.wait(days=days)
        disputed.apply(tick(disputed.document, disputed.at, {}))
    closed = lives.a_life(*lives.LIVES["closed"])
    closed.apply(lives.ANSWERS["is reopened"](closed))
    return [*told, *disputed.document["outbox"], *closed.document["outbox"]]


def a_warning() -> list[Document]:
    """Cases of an employer have grown."""
    growth = Growth("employer", "hash-of-employer", 9, 1.5, wanted={})
    case = {"_id": SERIAL, "division_code": "370102"}
    decision = raised(growth, "2026-W47", AT, [case])
    return Aggregate("2026-W47", decision, "routing", "370102").events


def troubles_of_partners() -> list[Document]:
    """Webhooks that pause and stop, and a queue that was full."""
    wanted = {"url": "https://app.example/", "alert_sealed": "sealed", "refuses_unsigned": False}
    state = subscriptions.created(wanted, "app_example", {"sealed": "s"}, 0, AT)
    subscription = Aggregate("sub_1", Decision(set=state), "notify", "")
    for decision in (
        subscriptions.verified(subscription.state, AT),
        subscriptions.paused_for_failing({**state, "status": "active"}, AT, "http_500", AT),
        subscriptions.stopped(subscription.state, "gone", AT),
    ):
        subscription.apply(decision)
    full = {"untold": 12, "told_at": None, "channel": "app_example", "alert_sealed": None}
    queue = Aggregate("amqp_1", Decision(set=full), "notify", "")
    queue.apply(amqp.told_if_due(queue.state, AT))
    return [*subscription.events, *queue.events]


def a_rebuild() -> list[Document]:
    """The owners are asked to tell again."""
    return Aggregate("rebuild-1", opening.request("rebuild-1"), "query", "").events


def everything() -> list[Document]:
    """Events of every kind that any service emits."""
    told = [*directory_entries(), *proofs_of_phones(), *whole_lives(), *a_warning()]
    told += troubles_of_partners() + a_rebuild()
    for application in some_applications().values():
        told += life_of_an_application(application) + lives_of_cases(application)
    return told


def _trace() -> Trace:
    return Trace(new_traceparent(), new_id(), new_id())
