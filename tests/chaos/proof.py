"""What must be true when everything is quiet: nothing lost, nothing doubled, nobody overloaded.

The oracle is a queue of its own on the exchange of events. From the events it saw follow the
sequences, the steps of every progress document and, by the product's own planning rule, the exact
set of messages to people.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import pika
import pymongo
import requests

from services.notify.domain import Waiting, plan
from services.notify.people.case_facts import CaseFacts, learn
from services.notify.people.persons import Recipients, read_recipients
from services.routing.domain import register_organisation
from services.routing.reference import generate
from shared.broker import parameters
from shared.contracts.envelope import Event, Trace, from_json, new_id, new_traceparent
from shared.contracts.events import EXCHANGE
from shared.contracts.lifecycle import ENDED
from shared.errors import Permanent
from shared.sealing import Keyring
from shared.store import new_aggregate
from tests.system import SERVICES, System

TAP = "chaos.tap"

Document = dict[str, Any]


@dataclass
class Findings:
    """Counts of what happened, and every promise that was not kept, in words."""

    applications: int = 0
    events: int = 0
    published_twice: int = 0
    redelivered: int = 0
    messages: int = 0
    uncertain: int = 0
    places: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        return not (self.lost or self.doubled or self.broken)

    def __str__(self) -> str:
        faults = [*self.lost, *self.doubled, *self.broken]
        return (
            f"applications {self.applications} · events {self.events} · published twice "
            f"{self.published_twice} · redelivered {self.redelivered} · messages {self.messages} "
            f"({self.uncertain} uncertain) · places held {self.places} · "
            f"lost {len(self.lost)} · "
            f"doubled {len(self.doubled)} · other faults {len(self.broken)}"
            + "".join(f"\n    {fault}" for fault in faults[:20])
        )


class Back:
    """The back-ends of a system as a test sees them."""

    def __init__(self, system: System, mongo_url: str, amqp_url: str, management_url: str) -> None:
        self.system = system
        self.amqp_url = amqp_url
        self._client: pymongo.MongoClient[Document] = pymongo.MongoClient(
            mongo_url, tz_aware=True, serverSelectionTimeoutMS=60_000
        )
        self._queues = (
            f"{management_url}/api/queues/{quote(urlsplit(amqp_url).path[1:] or '%2F', safe='%')}"
        )
        self.tapped: list[Event] = []
        self._twice = 0

    def close(self) -> None:
        self._client.close()

    def database(self, service: str) -> pymongo.database.Database[Document]:
        return self._client[f"{self.system.prefix}{service}"]

    def prepare(self) -> None:
        """A tap on all events of applications and cases, and room for every message sent."""
        with self.channel() as channel:
            channel.exchange_declare(EXCHANGE, exchange_type="topic", durable=True)
            channel.queue_declare(TAP, durable=True, arguments={"x-queue-type": "quorum"})
            for name in ("application", "case"):
                channel.queue_bind(TAP, EXCHANGE, routing_key=f"{name}.#")
        # the development gateway keeps the last 1,000 messages only, unless it finds its place
        self.database("notify").create_collection("development_outbox")

    def staff(self, region: str = "3701") -> None:
        """The made-up organisations and mediators of one region only."""
        routing = self.database("routing")
        at, trace = datetime.now(UTC), Trace(new_traceparent(), new_id())
        for entry in generate(1):
            document = entry.document
            if f"-{region}" not in document["_id"]:
                continue
            if entry.collection == "mediators":
                routing["mediators"].insert_one({**document, "open": []})
                continue
            registered = register_organisation(document)
            division = document["division_code"]
            routing["organisations"].insert_one(
                new_aggregate(
                    document["_id"],
                    registered,
                    source="routing",
                    division=division,
                    at=at,
                    trace=trace,
                )
            )

    def drop(self) -> None:
        """Remove the system's databases."""
        for service in SERVICES:
            self._client.drop_database(f"{self.system.prefix}{service}")

    @contextmanager
    def channel(self) -> Iterator[Any]:
        connection = pika.BlockingConnection(parameters(self.amqp_url))
        try:
            yield connection.channel()
        finally:
            connection.close()

    def publish(self, routing_key: str, body: bytes) -> None:
        with self.channel() as channel:
            channel.confirm_delivery()
            channel.basic_publish(
                EXCHANGE, routing_key, body, pika.BasicProperties(delivery_mode=2), mandatory=True
            )

    def queues(self) -> dict[str, Document]:
        """Every queue by name, with `messages` and `message_stats` (some seconds old)."""
        answer = requests.get(self._queues, timeout=20)
        answer.raise_for_status()
        return {queue["name"]: queue for queue in answer.json()}

    def redelivered(self) -> int:
        return sum(
            q.get("message_stats", {}).get("redeliver", 0)
            for name, q in self.queues().items()
            if name.startswith("tiaojie.")
        )

    def pending(self) -> int:
        """Documents with unpublished events."""
        wanted = {"pending": {"$exists": True}}
        return sum(
            self.database(service)[name].count_documents(wanted)
            for service, name in (
                ("intake", "applications"),
                ("routing", "cases"),
                ("routing", "organisations"),
            )
        )

    def set_aside(self) -> list[Document]:
        return [d for s in SERVICES for d in self.database(s)["set_aside"].find({}, {"body": 0})]

    # --- quiet -------------------------------------------------------------------------------

    def until_quiet(self, seconds: float) -> float:
        """Wait until nothing is on its way anywhere; how long it took. AssertionError if it stays."""
        began = time.monotonic()
        calm = 0
        while calm < 2:
            busy = self.busy()
            calm = 0 if busy else calm + 1
            assert time.monotonic() - began < seconds, f"not quiet: {busy}"
            time.sleep(0.3 if calm else 0.5)
        return time.monotonic() - began

    def busy(self) -> Document:
        try:
            unsettled = {"status": {"$in": ["planned", "sending"]}}
            found: Document = {
                "pending": self.pending(),
                "set_aside": len(self.set_aside()),
                "unsent": self.database("notify")["messages"].count_documents(unsettled),
                **{
                    name: queue.get("messages", 1)
                    for name, queue in self.queues().items()
                    if name != TAP
                },
            }
        except (requests.RequestException, pymongo.errors.PyMongoError) as error:
            return {"away": type(error).__name__}
        return {name: count for name, count in found.items() if count}

    def run_out_leases(self, until: datetime) -> None:
        """Let the leases of sendings that end before `until` have ended already."""
        self.database("notify")["messages"].update_many(
            {"status": "sending", "lease_until": {"$lt": until}},
            {"$set": {"lease_until": datetime.now(UTC)}},
        )

    def tap(self) -> list[Event]:
        """All events of applications and cases so far; counts those that came more than once."""
        known = {event.id for event in self.tapped}
        with self.channel() as channel:
            while (got := channel.basic_get(TAP, auto_ack=True))[0] is not None:
                try:
                    event = from_json(got[2])
                except Permanent:  # a test's own rubbish
                    continue
                if event.id in known:
                    self._twice += 1
                else:
                    known.add(event.id)
                    self.tapped.append(event)
        return self.tapped

    # --- proof -------------------------------------------------------------------------------

    def examine(self, accepted: Mapping[str, str], withdrawn: set[str]) -> Findings:
        """Hold everything against what was promised; `accepted` is {Idempotency-Key: serial}."""
        events = self.tap()
        by_subject: dict[str, list[Event]] = defaultdict(list)
        for event in events:
            by_subject[event.subject].append(event)
        found = Findings(
            applications=len(accepted),
            events=len(events),
            published_twice=self._twice,
            redelivered=self.redelivered(),
        )
        found.broken += [f"set aside: {d['_id']} {d['reason']}" for d in self.set_aside()]
        applications = _by_id(self.database("intake")["applications"].find({}, {"sealed": 0}))
        cases = _by_id(self.database("routing")["cases"].find())
        self._applications(found, applications, accepted)
        self._sequences(found, by_subject, applications, cases)
        self._cases(found, applications, cases, withdrawn)
        self._progress(found, by_subject)
        self._messages(found, by_subject)
        self._places(found, cases)
        return found

    def _applications(
        self, found: Findings, stored: Mapping[str, Document], accepted: Mapping[str, str]
    ) -> None:
        found.lost += [
            f"{s}: answered 201, not stored" for s in accepted.values() if s not in stored
        ]
        keys = Counter(d["idempotency"]["key"] for d in stored.values())
        found.doubled += [f"{n} applications for one key" for n in keys.values() if n > 1]
        answered = set(accepted.values())
        found.doubled += [
            f"{s}: stored beside the one of its key" for s in stored if s not in answered
        ]

    def _sequences(
        self,
        found: Findings,
        by_subject: Mapping[str, list[Event]],
        applications: Mapping[str, Document],
        cases: Mapping[str, Document],
    ) -> None:
        for aggregate, source in ((applications, "intake"), (cases, "routing")):
            for key, document in aggregate.items():
                seen = sorted(e.sequence for e in by_subject.get(key, ()) if e.source == source)
                wanted = list(range(1, document["sequence"] + 1))
                if seen != wanted:
                    missing, extra = (
                        Counter(wanted) - Counter(seen),
                        Counter(seen) - Counter(wanted),
                    )
                    place = found.lost if missing else found.doubled
                    place.append(f"{key}: {source} sequence lacks {missing}, has too much {extra}")
                if document["outbox"]:
                    found.lost.append(f"{key}: {source} outbox not empty")

    def _cases(
        self,
        found: Findings,
        applications: Mapping[str, Document],
        cases: Mapping[str, Document],
        withdrawn: set[str],
    ) -> None:
        for key, application in applications.items():
            case = cases.get(key)
            if case is None:
                found.lost.append(f"{key}: no case")
                continue
            if application["case_sequence"] != case["sequence"]:
                found.lost.append(f"{key}: intake knows step {application['case_sequence']}")
            if application["status"] != case["status"]:
                found.broken.append(f"{key}: {application['status']} but {case['status']}")
            if (key in withdrawn) != (case["status"] == "withdrawn"):
                found.lost.append(f"{key}: withdrawal and status {case['status']} differ")
        found.doubled += [f"{key}: a case of no application" for key in cases.keys() - applications]

    def _progress(self, found: Findings, by_subject: Mapping[str, list[Event]]) -> None:
        progress = _by_id(self.database("query")["progress"].find())
        for key, events in by_subject.items():
            wanted = {f"{e.name.partition('.')[0]}-{e.sequence:06d}": e.name for e in events}
            steps = progress.get(key, {}).get("steps", {})
            if {name: step["name"] for name, step in steps.items()} != wanted:
                found.lost.append(f"{key}: progress has {sorted(steps)}, not {sorted(wanted)}")

    def _messages(self, found: Findings, by_subject: Mapping[str, list[Event]]) -> None:
        database = self.database("notify")
        recorded = _by_id(database["messages"].find({}, {"body_sealed": 0}))
        wanted = {m for events in by_subject.values() for m in self._planned(events)}
        found.lost += [f"message {m} never planned" for m in wanted - recorded.keys()]
        found.doubled += [f"message {m} of no event" for m in recorded.keys() - wanted]
        kinds = Counter(
            (d["event_id"], d["party"], d["index"], d["channel"]) for d in recorded.values()
        )
        found.doubled += [f"planned {n} times: {kind}" for kind, n in kinds.items() if n > 1]
        handed_over = Counter(
            d["message_id"] for d in database["development_outbox"].find({}, {"message_id": 1})
        )
        found.doubled += [f"message {m} sent {n} times" for m, n in handed_over.items() if n > 1]
        for key, message in recorded.items():
            status = message["status"]
            arrived = status in {"accepted", "delivered"} and message["channel"] != "inbox"
            if arrived and not handed_over[key]:
                found.lost.append(f"message {key}: sent, but nobody has it")
            if status not in {"accepted", "delivered", "uncertain", "cancelled", "standby"}:
                found.broken.append(f"message {key}: {status} {message['last_error']}")
            other = recorded.get(message["next"] or "")
            if arrived and other is not None and other["status"] not in {"cancelled", "standby"}:
                found.doubled.append(f"message {key}: and {other['channel']}, which nobody needed")
            if status == "cancelled" and handed_over[key]:
                found.broken.append(f"message {key}: cancelled after it was sent")
        found.messages = len(recorded)
        found.uncertain = sum(d["status"] == "uncertain" for d in recorded.values())

    def _planned(self, events: list[Event]) -> Iterator[str]:
        submitted = next((e for e in events if e.name == "application.submitted"), None)
        if submitted is None:
            return
        kept: Document = {}
        for event in events:
            kept |= learn(event, kept)
        recipients = self._recipients(submitted, CaseFacts.of(kept))
        for event in events:
            planned = plan(event, recipients)
            assert not isinstance(planned, Waiting)
            yield from (message.id for message in planned)

    def _recipients(self, submitted: Event, case: CaseFacts) -> Recipients:
        keyring = Keyring.parse(self.system.environment["TIAOJIE_CONTACT_KEYS"])
        contacts = keyring.open(submitted.data["contacts"], f"contacts:{submitted.subject}")
        return read_recipients(contacts, case)

    def _places(self, found: Findings, cases: Mapping[str, Document]) -> None:
        holders: dict[str, list[str]] = defaultdict(list)
        for mediator in self.database("routing")["mediators"].find({"open.0": {"$exists": True}}):
            if len(mediator["open"]) > mediator["capacity"]:
                found.broken.append(f"{mediator['_id']}: over capacity")
            for serial in mediator["open"]:
                holders[serial].append(mediator["_id"])
        for key, case in cases.items():
            holds = (case.get("mediator") or {}).get("id")
            wanted = [holds] if holds and case["status"] not in ENDED else []
            held = holders.pop(key, [])
            found.places += len(held)
            if Counter(held) != Counter(wanted):
                found.broken.append(f"{key}: place held by {held}, not {wanted}")
        found.broken += [f"{key}: a place held for no case" for key in holders]


def _by_id(found: Any) -> dict[str, Document]:
    return {document["_id"]: document for document in found}


def as_json(body: Document) -> bytes:
    return json.dumps(body).encode()
