"""Every route and every command × every role, related and unrelated, against the real services.

What is expected follows from the policy table and the lifecycle's `who` alone; what happens is what
the applications answer. A request is let in if the answer is anything but 401, 403 or 404.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from pymongo import WriteConcern

from services.intake.evidence_files import DocumentFiles, Particulars
from services.intake.handlers import HANDLERS as INTAKE_HANDLERS
from services.notify.handlers import Planning
from services.notify.handlers import handlers as notify_handlers
from services.notify.partners import deliveries_api
from services.notify.people.staff import StaffContacts
from services.notify.people.templates import Templates
from services.query.handlers import HANDLERS as QUERY_HANDLERS
from services.query.policies.importing import import_files
from services.routing.api import COMMANDS
from shared.contracts.lifecycle import TRANSITIONS, Transition
from shared.contracts.policy import POLICY, Relation
from shared.contracts.vocabulary import ROLES
from shared.sealing import Keyring, new_key
from tests.builders.applications import an_application, an_id_number, with_agent
from tests.builders.cases import a_mediator, an_organisation
from tests.builders.evidence import PDF, PROGRAM
from tests.builders.partner_log import a_partner_event, logged
from tests.builders.partner_queues import some_credentials
from tests.builders.partner_subscriptions import some_subscription
from tests.builders.routing import a_runner, fill
from tests.house.services import built
from tests.house.sources import SERVICES
from tests.web import Web, running

HERE, ELSEWHERE = "org-370102", "org-370103"
MEDIATOR, COLLEAGUE = "med-370102-01", "med-370102-02"
CHANNEL = "app_pocket_12333"
RECEIPTS = "aliyun=an-invented-token"
STAFF = ("platform_admin", "organisation_admin", "mediator")
IN, SOME = "let in", "let in, shown nothing of it"
REFUSALS = ("unauthorised", "forbidden", "not_found")

AN_ACT = """# 中华人民共和国渡口劳动法

2019年1月2日 第十三届全国人民代表大会常务委员会第九次会议通过

<!-- INFO END -->

## 第一章 总则

第一条 摆渡人每日摆渡不超过八小时。
"""


@dataclass
class World:
    """One case in all services, as it stands when a mediator has it and everybody was asked."""

    webs: dict[str, Web]
    application: dict[str, Any]
    serial: str
    code: str
    policy: str = ""
    credentials: str = ""
    subscription: str = ""
    delivery: str = ""
    owners: dict[str, str] = field(default_factory=dict)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    fresh: Iterator[int] = field(default_factory=lambda: count(1000))
    kept: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)

    def keep(self) -> None:
        """Remember the documents, so that what a request that was let in did can be undone."""
        for service, names in {
            "intake": ("applications",),
            "routing": ("cases", "organisations", "mediators"),
            "notify": ("staff_contacts", "amqp_credentials", "subscriptions"),
        }.items():
            for name in names:
                found = list(self.webs[service].database[name].find())
                self.kept[service, name] = found

    def restore(self, service: str) -> None:
        for (kept_in, name), documents in self.kept.items():
            if kept_in == service:
                for document in documents:
                    self._put_back(service, name, document)

    def case_in(self, status: str) -> int:
        """The case as if it had come to this status; its version."""
        (case,) = self.kept["routing", "cases"]
        self._put_back("routing", "cases", {**case, "status": status, "closed_at": self.began})
        return int(case["version"])

    def _put_back(self, service: str, name: str, document: dict[str, Any]) -> None:
        collection = self.webs[service].database[name].with_options(write_concern=WriteConcern(1))
        collection.replace_one({"_id": document["_id"]}, document, upsert=True)

    def header(self, role: str, **claims: Any) -> dict[str, str]:
        key = f"{role} {sorted(claims.items())}"
        if key not in self.tokens:
            self.tokens[key] = self.webs["intake"].token(role, **claims)
        return self.tokens[key]


@pytest.fixture(scope="module")
def world(mongo_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    common: dict[str, Any] = {
        "hashing_key": new_key(),
        "contact_keys": f"c1:{new_key()}",
        "record_keys": f"r1:{new_key()}",
        "log_level": "CRITICAL",
    }
    with (
        running("intake", mongo_url, folder, **common) as intake,
        running("routing", mongo_url, folder, **common) as routing,
        running("notify", mongo_url, folder, receipt_tokens=RECEIPTS, **common) as notify,
        running("query", mongo_url, folder, **common) as query,
        patch.object(deliveries_api, "_TEST_SECONDS", 0.0),  # nobody delivers here
    ):
        webs = {w.name: w for w in (intake, routing, notify, query)}
        application = with_agent(
            an_application({"/submit_division/county_code": "370102"}), id_type="resident_id",
            id_number=an_id_number(seed=9),
        )  # fmt: skip
        application["attachments"] = [
            {"file_name": "工资单.pdf", "kind": "wage_flow", "size_bytes": len(PDF)}
        ]
        sent = intake.call("POST", "/v1/applications", application)
        assert sent.status_code == 201, sent.get_data(as_text=True)
        receipt = sent.get_json()
        made = World(webs, application, receipt["serial_number"], receipt["query_code"])
        _give_the_case_to_a_mediator(made)
        _tell_everybody(made)
        _ask_the_respondent(made)
        _register_the_staff(made)
        _tell_partners(made)
        _put_papers_in_the_file(made)
        _add_a_law(made, tmp_path_factory.mktemp("laws"))
        made.keep()
        yield made


def _give_the_case_to_a_mediator(world: World) -> None:
    routing, intake = world.webs["routing"], world.webs["intake"]
    fill(
        routing.database,
        [
            an_organisation(id=HERE),
            an_organisation(id=ELSEWHERE, divisions=("370103",), name="市中区调解中心（虚构）"),
        ],
        [a_mediator(id=MEDIATOR), a_mediator(id=COLLEAGUE, capacity=0)],
    )
    (stored,) = intake.database.applications.find()
    a_runner(routing.database).apply([orjson.dumps(event) for event in stored["outbox"]])
    (case,) = routing.database.cases.find()
    assert case["mediator"]["id"] == MEDIATOR


def _put_papers_in_the_file(world: World) -> None:
    """One evidence file of the applicant's, one document for both sides."""
    intake = world.webs["intake"]
    put = intake.call(
        "PUT",
        f"/v1/applications/{world.serial}/attachments/0",
        PDF,
        headers={"X-Query-Code": world.code},
    )
    assert put.status_code == 200, put.get_data(as_text=True)
    now, sha256 = datetime.now(UTC), hashlib.sha256(PDF).hexdigest()
    files = DocumentFiles(intake.database, Keyring.parse(intake.settings.sealing_keys), 10)
    particulars = Particulars("acceptance_notice.pdf", "application/pdf", len(PDF), sha256)
    stored = files.write(io.BytesIO(PDF), particulars, now=now)
    document = {
        "id": "acceptance_notice-1",
        "kind": "acceptance_notice",
        "number": 1,
        "issued_at": now,
        "sha256": sha256,
        "history_hash": "0" * 64,
        "entitled": [{"party": "applicant", "index": 0}, {"party": "respondent", "index": 0}],
        "files": [{"format": "pdf", "file_id": stored, "size_bytes": len(PDF), "sha256": sha256}],
    }
    intake.database.applications.update_one({}, {"$set": {"documents": [document]}})


def _tell_everybody(world: World) -> None:
    """What intake and routing said goes where it goes."""
    (stored,) = world.webs["intake"].database.applications.find()
    (case,) = world.webs["routing"].database.cases.find()
    told = [orjson.dumps(e) for e in stored["outbox"]]
    answered = [orjson.dumps(e) for e in case["outbox"]]
    world.webs["query"].runner(QUERY_HANDLERS).apply([*told, *answered])
    world.webs["intake"].runner(INTAKE_HANDLERS).apply(answered)
    notify = world.webs["notify"]
    keyring = Keyring.parse(notify.settings.contact_keys)
    staff = StaffContacts(notify.database, keyring)
    planning = Planning(Templates("http://localhost"), keyring, staff)
    notify.runner(notify_handlers(planning)).apply([*told, *answered])
    assert notify.database.messages.count_documents({"division": {"$regex": "^370102"}})


def _ask_the_respondent(world: World) -> None:
    world.webs["intake"].database.applications.update_one({}, {"$set": {"asked_respondents": [0]}})
    world.webs["query"].database.progress.update_one(
        {"_id": world.serial}, {"$set": {"consent_sought_at": datetime.now(UTC)}}
    )
    world.webs["notify"].database.recipients.update_one(
        {"_id": world.serial}, {"$set": {"asked_at": 1}}
    )


def _register_the_staff(world: World) -> None:
    contacts = {"contacts": [{"email": "desk@example.cn", "language": "zh"}]}
    put = world.webs["notify"].call(
        "PUT",
        f"/v1/staff-contacts/organisation:{HERE}",
        contacts,
        headers=world.header("platform_admin"),
    )
    assert put.status_code == 200, put.get_data(as_text=True)


def _tell_partners(world: World) -> None:
    """A queue and a webhook of the channel's, and an event of the case that was delivered."""
    database = world.webs["notify"].database
    world.credentials = some_credentials(database, description=HERE)
    (world.delivery,) = logged(database, a_partner_event(serial=world.serial))
    world.subscription = some_subscription(database, world.delivery, description=HERE)


def _add_a_law(world: World, folder: Path) -> None:
    (folder / "社会法").mkdir()
    (folder / "社会法" / "渡口劳动法(2019-01-02).md").write_text(AN_ACT, encoding="utf-8")
    import_files(world.webs["query"].database, [folder])
    (stored,) = world.webs["query"].database.policies.find({}, {"_id": 1})
    world.policy = stored["_id"]


# --- who asks --------------------------------------------------------------------------------


def related(world: World, role: str, relation: Relation) -> list[dict[str, Any]]:
    """Claims of people of this role to whom the relation holds."""
    applicant = {"id_number": world.application["applicant"]["id_number"]}
    agent = {"id_number": world.application["agent"]["id_number"]}
    respondent = {"id_number": world.application["respondents"][0]["uscc"]}
    whole = {"subject": MEDIATOR, "organisation": HERE, "divisions": ("37",)}
    of_relation: dict[Relation, list[dict[str, Any]]] = {
        "any": [{}, whole],
        "all_divisions": [{}, {"organisation": ELSEWHERE}],
        "own_divisions": [{}, {"divisions": ("37",)}, {"divisions": ("510000", "370102")}],
        "own_organisation": [{"organisation": HERE, "subject": "other", "divisions": ("51",)}],
        "own_case": [{"subject": MEDIATOR}],
        "self": [{"subject": MEDIATOR}],
        "holder": [applicant, agent],
        "party": [applicant, agent, respondent],
        "own_channel": [{"channel": CHANNEL}],
    }
    return of_relation[relation]


def unrelated(world: World, role: str, relation: Relation) -> list[dict[str, Any]]:
    """Claims of people of this role to whom it does not hold, whatever else is true of them."""
    respondent = {"id_number": world.application["respondents"][0]["uscc"]}
    stranger = {"id_number": an_id_number(seed=77)}
    staff = {"organisation": HERE, "subject": MEDIATOR, "channel": CHANNEL}
    of_relation: dict[Relation, list[dict[str, Any]]] = {
        "any": [],
        "all_divisions": [{"divisions": ("37",), **staff}],
        "own_divisions": [{"divisions": ("51",), **staff}, {"divisions": ("370104",), **staff}],
        "own_organisation": [{"organisation": ELSEWHERE, "subject": MEDIATOR}],
        "own_case": [{"subject": COLLEAGUE, "organisation": HERE, "divisions": ("37",)}],
        "self": [{"subject": COLLEAGUE, "organisation": HERE}],
        "holder": [{}, stranger, respondent, staff],
        "party": [{}, stranger, staff],
        "own_channel": [{}, {"channel": "essc"}],
    }
    return of_relation[relation]


# --- what is asked ---------------------------------------------------------------------------

ROUTES = {f"{r.method} {r.path}": (s, r) for s in SERVICES for r in built(s).routes}


GIVE_A_COMMAND = "POST /v1/cases/{serial_number}/{command}"
"""Narrowed further by the lifecycle, and asked command by command."""


def path_of(world: World, operation: str) -> str:
    """The operation's path about the one case there is, and what belongs to it."""
    path = operation.partition(" ")[2].format(
        serial_number=world.serial,
        index=0,
        organisation=HERE,
        mediator=MEDIATOR,
        audience=f"organisation:{HERE}",
        command="begin-examination",
        policy_id=world.policy,
        credentials=world.credentials,
        subscription=world.subscription,
        delivery=world.delivery,
        number=1,
        draft_id=a_draft(world) if "{draft_id}" in operation else "",
        verification="none",
        provider="aliyun",
        message=a_message(world) if "{message}" in operation else "",
        wording="case.withdrawn",
        calculator="unpaid_wages",
        channel="sms",
        language="zh",
        calendar=a_calendar(world) if "{calendar}" in operation else "",
        document=a_document(world) if "{document}" in operation else "",
    )
    return path + QUERIES.get(operation, "")


QUERIES = {
    "GET /v1/applications/{serial_number}": "?purpose=examination",
    "GET /v1/applications/{serial_number}/attachments/{index}": "?purpose=examination",
    "GET /v1/applications/{serial_number}/documents": "?purpose=examination",
    "GET /v1/applications/{serial_number}/documents/{document}": "?purpose=examination",
    "GET /v1/guidance": "?category=contract",
    "GET /v1/organisations": "?division=370102",
    "GET /v1/policies": "?q=摆渡",
    "POST /v1/message-receipts/{provider}": f"?token={RECEIPTS.partition('=')[2]}",
}


def body_of(world: World, operation: str) -> Any:
    """What is sent: mostly too little to be carried out, which is said to whoever is let in."""
    if operation == "POST /v1/applications":
        return an_application(seed=next(world.fresh), channel=CHANNEL)
    if operation == "PUT /v1/applications/{serial_number}/attachments/{index}":
        return PROGRAM
    if operation == "POST /v1/organisations":
        return {
            "id": f"org-{next(world.fresh)}",
            "kind": "county",
            "name": "历下区第二调解中心（虚构）",
            "divisions": ["370102"],
            "phone": "053100000000",
            "address": "济南市历下区虚构路5号",
        }
    return None if operation.startswith("GET ") else {}


def a_draft(world: World) -> str:
    saved = world.webs["intake"].call("POST", "/v1/drafts", {"note": "unfinished"})
    return str(saved.get_json()["id"])


def a_calendar(world: World) -> str:
    path = f"/v1/mediators/{MEDIATOR}/calendar"
    made = world.webs["routing"].call("POST", path, headers=world.header("platform_admin"))
    return str(made.get_json()["url"]).rpartition("/")[2]


def a_message(world: World) -> str:
    stored = world.webs["notify"].database.messages.find_one({"serial_number": world.serial})
    return str(stored["_id"]) if stored else ""


def a_document(world: World) -> str:
    stored = world.webs["intake"].database.applications.find_one({"_id": world.serial})
    return str(stored["documents"][0]["id"]) if stored else ""


def ask(
    world: World, operation: str, headers: Mapping[str, str], path: str = "", version: int = 1
) -> tuple[str, Any]:
    """How far the answer let the caller in, and the answer; whatever it changed is undone."""
    service, route = ROUTES[operation]
    sent = {**headers, "If-Match": f'"{version}"'} if "If-Match" in route.headers else headers
    path = path or path_of(world, operation)
    answer = world.webs[service].call(
        route.method, path, body_of(world, operation), headers=sent,
        address=f"198.51.100.{next(world.fresh) % 250}",
    )  # fmt: skip
    if route.method != "GET" and answer.status_code < 300:
        world.restore(service)
    if answer.status_code in {401, 403, 404}:
        return answer.get_json()["code"], answer
    return IN, answer


# --- what is expected ------------------------------------------------------------------------

EMPTY_TO_STRANGERS = {
    "GET /v1/cases", "GET /v1/organisations/managed", "GET /v1/my/cases", "GET /v1/messages",
    "GET /v1/amqp-credentials", "GET /v1/subscriptions",
}  # fmt: skip
"""Lists of what one may come to: whoever may come to nothing is shown nothing."""

FORBIDDEN_TO_STRANGERS = {"POST /v1/applications", "POST /v1/organisations"}
"""Nothing is hidden by these: they say whose something shall be."""

ABOUT_NOTHING = {
    "GET /v1/cases/counts", "GET /v1/mediators", "POST /v1/mediators", "GET /v1/rota",
    "GET /v1/warnings",
}  # fmt: skip
"""The caller says whose, or they count what the list shows; of warnings there is none here."""


FOR_ANY_CHANNEL = {
    "GET /v1/events", "GET /v1/events/stream", "POST /v1/amqp-credentials",
    "POST /v1/subscriptions",
}  # fmt: skip
"""About no channel's things: what is offered to all, and what is to be one's own."""

NO_CHANNEL = "forbidden"
"""To a partner whose token names none at all."""


def expected(operation: str, role: str | None, *, holds: bool) -> set[str]:
    """What the table says: the slugs of the refusals, or IN."""
    rule, route = POLICY[operation], ROUTES[operation][1]
    needs_code = route.headers.get("X-Query-Code") == "unless a token"
    if role is None:
        refused = needs_code or not rule.anonymous
        return {"unauthorised"} if refused else {IN}
    if role not in rule.roles:
        return {"forbidden"}
    relation = rule.roles[role]
    if relation == "any" or holds or operation in ABOUT_NOTHING:
        return {IN}
    return to_strangers(operation, relation, needs_code=needs_code)


def to_strangers(operation: str, relation: Relation, *, needs_code: bool) -> set[str]:
    """What those are answered to whom the relation does not hold."""
    if relation == "all_divisions":
        return {"not_found"}
    if operation in EMPTY_TO_STRANGERS:
        return {SOME, "forbidden"}
    if operation in FORBIDDEN_TO_STRANGERS:
        return {"forbidden"}
    if relation == "own_channel":
        return {IN if operation in FOR_ANY_CHANNEL else "not_found", NO_CHANNEL}
    if relation in {"holder", "party"}:
        return {"unauthorised" if needs_code else IN}
    return {"not_found"}


def found(world: World, operation: str, outcome: str, answer: Any) -> str:
    """SOME for a list that does not name this case or this organisation."""
    if outcome != IN or operation not in EMPTY_TO_STRANGERS:
        return outcome
    text = answer.get_data(as_text=True)
    return IN if HERE in text or world.serial in text else SOME


def askers(world: World, operation: str) -> Iterator[tuple[str | None, dict[str, str], bool, str]]:
    """Everybody who may ask: role, headers, whether the relation holds, and how to name them."""
    yield None, {}, False, "nobody"
    for role in ROLES:
        relation = POLICY[operation].roles.get(role)
        if relation is None:
            for claims in ({}, {"subject": MEDIATOR, "organisation": HERE, "divisions": ("37",)}):
                yield role, world.header(role, **claims), False, f"{role} {claims}"
            continue
        for claims in related(world, role, relation):
            yield role, world.header(role, **claims), True, f"{role} {claims}"
        for claims in unrelated(world, role, relation):
            yield role, world.header(role, **claims), False, f"{role} {claims}"


@pytest.mark.parametrize("operation", sorted({*ROUTES} - {GIVE_A_COMMAND}))
def test_a_route_lets_in_whom_the_table_lets_in_and_nobody_else(world: World, operation: str):
    wrong = []
    for role, headers, holds, name in askers(world, operation):
        outcome, answer = ask(world, operation, headers)
        wanted = expected(operation, role, holds=holds)
        got = found(world, operation, outcome, answer)
        if got not in wanted:
            wrong.append(f"{name}: {got}, not {' or '.join(wanted)} ({answer.status_code})")
        assert answer.status_code < 500, (name, answer.get_json())
    assert wrong == []


@pytest.mark.parametrize(
    "operation",
    [o for o in sorted(ROUTES) if {"holder", "party"} & {*POLICY[o].roles.values()}],
)
def test_the_code_of_the_receipt_lets_in_without_a_token(world: World, operation: str):
    if not POLICY[operation].anonymous:
        return
    outcome, answer = ask(world, operation, {"X-Query-Code": world.code})
    assert outcome == IN, answer.get_json()
    world.webs[ROUTES[operation][0]].database.throttle.delete_many({})
    outcome, answer = ask(world, operation, {"X-Query-Code": "ABCD-EFGH"})
    assert outcome == "query_code_wrong", answer.get_json()


GIVEN_BY_PEOPLE = [row for row in TRANSITIONS if row.command in COMMANDS]


@pytest.mark.parametrize(
    "row", GIVEN_BY_PEOPLE, ids=[f"{r.command} in {min(r.sources)}" for r in GIVEN_BY_PEOPLE]
)
def test_a_command_is_taken_from_whom_the_lifecycle_names(world: World, row: Transition):
    operation = GIVE_A_COMMAND
    path = f"/v1/cases/{world.serial}/{row.command}"
    wrong = []
    for role, headers, holds, name in askers(world, operation):
        version = world.case_in(min(row.sources))
        outcome, answer = ask(world, operation, headers, path, version)
        (wanted,) = expected(operation, role, holds=holds)
        if wanted == IN and role not in row.who:
            wanted = "forbidden"
        if outcome != wanted:
            wrong.append(f"{name}: {outcome}, not {wanted} ({answer.status_code})")
        assert answer.status_code < 500, (name, answer.get_json())
    assert wrong == []


def test_every_command_that_staff_may_give_can_be_given(world: World):
    """Those left out are steps that follow from another command or an answer at once."""
    of_staff = {row.command for row in TRANSITIONS if row.who & {*STAFF}}
    following = {"apply-extension", "conclude", "resume-mediation", "request-review"}
    assert of_staff - set(COMMANDS) <= following
    assert set(COMMANDS) <= of_staff


def test_what_an_auditor_sees_of_cases_names_nobody_and_opens_no_words(world: World):
    routing = world.webs["routing"]
    auditor = world.header("auditor")
    everything = b"".join(
        routing.call("GET", path, headers=auditor).get_data()
        for path in ("/v1/cases", "/v1/cases/counts", f"/v1/cases/{world.serial}")
    )
    for person in (world.application["applicant"], world.application["respondents"][0]):
        for name in ("name", "phone", "id_number", "uscc", "email", "correspondence_address"):
            if person.get(name):
                assert str(person[name]).encode() not in everything, name
    (case,) = routing.database.cases.find()
    for hashed in (*case["party_hashes"], *case["holder_hashes"]):
        assert hashed.encode() not in everything
    assert routing.call("GET", f"/v1/cases/{world.serial}", headers=auditor).get_json().get(
        "records", []
    ) == []  # fmt: skip
