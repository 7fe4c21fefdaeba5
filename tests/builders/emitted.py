"""What the services really say: events made by their own pure functions, as they are published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from services.intake import answering, contact, phone_verification
from services.intake import handlers as intake
from services.intake.answering import Given
from services.intake.application import validate
from services.intake.holders import Seat
from services.routing import domain as routing
from services.routing.directory import Assignment, Snapshot
from services.routing.directory_changes import change_organisation
from services.routing.reference import generate
from services.routing.steps import Actor
from shared.contracts.envelope import Trace, new_id, new_traceparent
from shared.decision import Decision
from shared.sealing import Hasher, Keyring, new_key
from shared.store import changed, new_aggregate
from tests.builders import applications
from tests.builders.cases import a_mediator, an_organisation

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
    """Submitted, evidence received, supplemented, a question answered, another phone, withdrawn."""
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
    return [*by_people.events, *waiting.events]


def directory_entries(count: int = 50) -> Iterator[Document]:
    """Registrations of made-up organisations, and a change of each."""
    entries = (e.document for e in generate(7) if e.collection == "organisations")
    for entry in islice(entries, count):
        decision = routing.register_organisation(entry)
        registered = Aggregate(entry["_id"], decision, "routing", entry["division_code"])
        registered.apply(change_organisation(registered.state, {"active": False}))
        yield from registered.events


def everything() -> list[Document]:
    """Events of every kind that any service emits."""
    told = [*directory_entries(), *proofs_of_phones()]
    for application in some_applications().values():
        told += life_of_an_application(application) + lives_of_cases(application)
    return told


def _trace() -> Trace:
    return Trace(new_traceparent(), new_id(), new_id())
