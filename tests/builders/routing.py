"""routing for tests: a small directory, submissions as they arrive, staff who call its API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from pymongo.database import Database

from services.routing import api, directory_api, staff_api
from services.routing.case_numbers import CaseNumbers
from services.routing.commands import Desk
from services.routing.directory import Mediator, Organisation
from services.routing.domain import register_organisation
from services.routing.handlers import handlers
from services.routing.sessions import JoinLinks
from services.routing.settings import RoutingSettings
from services.routing.store import Cases, Directory, new_mediator, new_organisation
from shared import serial
from shared.contracts.envelope import Event, Trace, new_id, new_traceparent
from shared.devissuer import DevelopmentIssuer
from shared.runner import Runner
from shared.sealing import Hasher, Keyring, new_key
from shared.store import new_aggregate
from shared.web import create_app
from tests.builders.cases import a_submission
from tests.conformance import Conforming

Db = Database[dict[str, Any]]

ADDRESS = "济南市历下区虚构路3号（演示地址）"


def serials(seed: int = 1) -> Iterator[str]:
    """Valid serial numbers, the same for the same seed."""
    random = Random(seed)
    while True:
        yield serial.draw(2026, random.randrange)


def a_submitted_event(number: str, **changes: Any) -> Event:
    """application.submitted as intake publishes it."""
    data = a_submission(**changes)
    at = datetime.now(UTC)
    return Event(
        new_id(),
        "application.submitted",
        1,
        "intake",
        number,
        at,
        1,
        data["division"]["code"],
        data,
    )


def a_later_event(name: str, number: str, sequence: int, **data: Any) -> Event:
    """Another event of the same application."""
    at = datetime.now(UTC)
    return Event(new_id(), name, 1, "intake", number, at, sequence, "370102013", data)


def fill(
    database: Db, organisations: Iterable[Organisation], mediators: Iterable[Mediator]
) -> Directory:
    """These bodies and people in the database, with the indexes of production."""
    directory = Directory(database)
    directory.ensure_indexes()
    Cases(database).ensure_indexes()
    CaseNumbers(database, directory).ensure_indexes()
    trace = Trace(new_traceparent(), new_id())
    for organisation in organisations:
        entry = new_organisation({**organisation.to_document(), "address": ADDRESS})
        document = new_aggregate(
            organisation.id,
            register_organisation(entry),
            source="routing",
            division=entry["division_code"],
            at=datetime.now(UTC),
            trace=trace,
        )
        directory.organisations.insert(document)
    for mediator in mediators:
        database["mediators"].insert_one(new_mediator(mediator.to_document()))
    return directory


def a_runner(database: Db, tries: int = 8) -> Runner:
    directory = Directory(database)
    return Runner("routing", database, handlers(directory, CaseNumbers(database, directory)), tries)


def apply(runner: Runner, *events: Event) -> None:
    runner.apply([event.to_json() for event in events])


def retry_until_settled(database: Db, runner: Runner) -> None:
    """What the worker's task does in time, at once: every waiting message until none is left."""
    for _ in range(500):
        past = datetime.now(UTC) - timedelta(seconds=1)
        waiting = {"state": "waiting"}
        database["set_aside"].update_many(waiting, {"$set": {"next_attempt_at": past}})
        kept = runner.set_aside.claim_due()
        if kept is None:
            return
        if runner.apply_again(kept.body):
            runner.set_aside.forget(kept.id)
    raise AssertionError("messages wait for ever")


def places(database: Db) -> dict[str, list[str]]:
    """The serial numbers that every mediator holds."""
    return {d["_id"]: d["open"] for d in database["mediators"].find()}


class Staff:
    """The API of routing over a database, asked by people with development tokens."""

    def __init__(
        self, database: Db, folder: Path, page_size: int = 50, session_link_template: str = ""
    ) -> None:
        settings = RoutingSettings(
            environment="development",
            data_dir=folder,
            hashing_key=new_key(),
            record_keys=f"r1:{new_key()}",
            page_size=page_size,
            log_level="ERROR",
        )
        self.hasher = Hasher.parse(settings.hashing_key)
        self.issuer = DevelopmentIssuer(settings)
        directory = Directory(database)
        self.records = Keyring.parse(settings.record_keys)
        links = JoinLinks(session_link_template, self.hasher)
        desk = Desk(Cases(database), directory, CaseNumbers(database, directory), links)
        cases = api.routes(api.Routing(settings, desk, self.records))
        entries = directory_api.DirectoryDesk(settings, directory, self.hasher)
        tools = staff_api.StaffTools.of(settings, database, desk, self.hasher)
        routes = [*cases, *staff_api.routes(tools), *directory_api.routes(entries)]
        self.app = create_app("routing", settings, routes, {}, body_limit=1 << 16)
        self.app.test_client_class = Conforming

    def platform(self, *divisions: str) -> Asking:
        return self._asking(role="platform_admin", divisions=divisions)

    def administrator(self, organisation: str | None = "org-370102") -> Asking:
        return self._asking(role="organisation_admin", organisation=organisation)

    def mediator(self, subject: str) -> Asking:
        return self._asking(role="mediator", subject=subject)

    def anyone(self, role: str, **claims: Any) -> Asking:
        return self._asking(role=role, **claims)

    def nobody(self) -> Asking:
        return Asking(self.app.test_client, {})

    def _asking(self, **claims: Any) -> Asking:
        token = self.issuer.token(**claims)
        return Asking(self.app.test_client, {"Authorization": f"Bearer {token}"})


class Asking:
    """One person's requests."""

    def __init__(self, client: Callable[[], Any], headers: dict[str, str]) -> None:
        self._client = client
        self._headers = headers

    def __call__(
        self, method: str, path: str, body: Any = None, *, version: Any = None, **query: Any
    ) -> Any:
        headers = dict(self._headers)
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        content = None if body is None else json.dumps(body)
        return self._client().open(
            path,
            method=method,
            data=content,
            query_string=query,
            headers=headers,
            content_type="application/json",
        )

    def get(self, path: str, **query: Any) -> Any:
        return self("GET", path, **query)


def faults_of(response: Any) -> list[tuple[str, str]]:
    """(pointer, code) of every error of a validation problem."""
    assert response.status_code == 422, response.json
    assert response.content_type == "application/problem+json"
    return [(error["pointer"], error["code"]) for error in response.json["errors"]]
