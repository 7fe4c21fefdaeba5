"""routing over HTTP, for staff: work lists, one case, commands."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bson import json_util
from flask import request

from services.routing import domain
from services.routing.assigning import check_mediator, check_organisation
from services.routing.directory import CaseFacts
from services.routing.placing import secure_place
from services.routing.presenting import case_line, case_view
from services.routing.settings import RoutingSettings
from services.routing.store import Cases, Directory
from shared import serial
from shared.access import Roles
from shared.commands import carry_out
from shared.contracts.lifecycle import STATUSES, allowed
from shared.contracts.fields import Choice, Code, Date, Str
from shared.contracts.schema import Body, parse_json, read
from shared.decision import Decision, State
from shared.errors import FieldError, Refused, Text
from shared.store import Document, backend_errors
from shared.tokens import Principal
from shared.web import Answer, Route, caller

_ID = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
_STAFF = Roles("platform_admin", "organisation_admin", "mediator")
_ADMINISTRATORS = Roles("platform_admin", "organisation_admin")


class CaseList(Body):
    """Filters of the work list, combined."""

    status = Choice("状态", tuple(STATUSES))
    organisation = Code("调解组织编号", _ID)
    mediator = Code("调解员编号", _ID)
    due_before = Date("期限早于")
    after = Str("上页末项", 512)


class AssignOrganisation(Body):
    organisation = Code("调解组织编号", _ID, required=True)


class AssignMediator(Body):
    mediator = Code("调解员编号", _ID, required=True)


@dataclass(frozen=True, slots=True)
class Routing:
    """What the views work with; made once per process by `app`."""

    settings: RoutingSettings
    cases: Cases
    directory: Directory

    def list_cases(self) -> dict[str, Any]:
        asked = read(CaseList(), request.args.to_dict(), date.today())
        wanted = {**_visible(_principal()), **_filters(asked)}
        size = self.settings.page_size
        with backend_errors():
            found = list(
                self.cases.collection.find(wanted, {"outbox": 0, "seen": 0})
                .sort([("received_at", 1), ("_id", 1)])
                .limit(size + 1)
            )
        page = found[:size]
        language = caller().language
        return {
            "items": [case_line(case, language) for case in page],
            "next": _cursor(page[-1]) if len(found) > size else None,
        }

    def read_case(self, serial_number: str) -> Answer:
        return self._answer(self._visible_case(serial_number))

    def command(self, serial_number: str, command: str) -> Answer:
        case = self._visible_case(serial_number)
        give = _COMMANDS.get(command)
        if give is None:
            raise Refused(
                "command_not_allowed",
                extra={"command": command, "status": case["status"], "allowed": _manual(case)},
            )
        return give(self, case, _expected_version())

    def assign_organisation(self, case: Document, version: int) -> Answer:
        body = _body(AssignOrganisation())
        if _principal().role != "platform_admin":
            raise Refused("forbidden", Text("只有平台管理员可以分派调解组织", "Only a platform administrator assigns organisations"))
        chosen = self.directory.organisation(body["organisation"])
        if chosen is None:
            raise _unknown("organisation")
        released = (case["mediator"] or {}).get("id")

        def decide(state: State, at: datetime) -> Decision:
            check_organisation(CaseFacts.from_document(state), chosen)
            return domain.assign_organisation(state, chosen, at, by="administrator")

        after = self._carry_out(case["_id"], decide, version)
        if released:
            self.directory.give_back(released, case["_id"])
        return self._answer(after)

    def assign_mediator(self, case: Document, version: int) -> Answer:
        body = _body(AssignMediator())
        chosen = self.directory.mediator(body["mediator"])
        if chosen is None:
            raise _unknown("mediator")
        number, released = case["_id"], (case["mediator"] or {}).get("id")
        body_id = (case["organisation"] or {}).get("id", "")
        if released == chosen.id:
            return self._answer(case)
        if "assign-mediator" in allowed(case["status"]):
            check_mediator(CaseFacts.from_document(case), body_id, chosen)

        def decide(state: State, at: datetime) -> Decision:
            return domain.assign_mediator(state, chosen, at, by="administrator")

        newly = secure_place(self.directory, chosen, number)
        try:
            after = self._carry_out(number, decide, version)
        except Refused:
            if newly:
                self.directory.give_back(chosen.id, number)
            raise
        if released:
            self.directory.give_back(released, number)
        return self._answer(after)

    def _visible_case(self, text: str) -> Document:
        """The case, if the caller may see it: what one may not see does not exist."""
        try:
            number = serial.parse(text)
        except serial.SerialFault as fault:
            raise Refused("serial_checksum", fault.message) from fault
        case = self.cases.read(number)
        if case is None or not _sees(_principal(), case):
            raise Refused("not_found")
        return case

    def _carry_out(
        self, number: str, decide: Callable[[State, datetime], Decision], version: int
    ) -> Document:
        return carry_out(
            self.cases,
            number,
            decide,
            source="routing",
            trace=caller().trace,
            expected_version=version,
        )

    def _answer(self, case: Document) -> Answer:
        view = case_view(case, caller().language)
        view["allowed_commands"] = _manual(case)
        return Answer(view, headers={"ETag": f'"{case["version"]}"'})


_COMMANDS: Mapping[str, Callable[[Routing, Document, int], Answer]] = {
    "assign-organisation": Routing.assign_organisation,
    "assign-mediator": Routing.assign_mediator,
}
"""Commands people give; the other rows of the lifecycle are moved by events."""


def _manual(case: State) -> list[str]:
    return [command for command in allowed(case["status"]) if command in _COMMANDS]


def _principal() -> Principal:
    principal = caller().principal
    if principal is None:
        raise Refused("unauthorised")
    return principal


def _visible(principal: Principal) -> Document:
    """The part of all cases a role works with, as a query."""
    if principal.role == "organisation_admin":
        return {"organisation.id": principal.organisation}
    if principal.role == "mediator":
        return {"mediator.id": principal.subject}
    return {}


def _sees(principal: Principal, case: State) -> bool:
    if principal.role == "platform_admin":
        return True
    if principal.role == "organisation_admin":
        return (case["organisation"] or {}).get("id") == principal.organisation
    return (case["mediator"] or {}).get("id") == principal.subject


def _filters(asked: Mapping[str, Any]) -> Document:
    wanted: list[Document] = []
    if "status" in asked:
        wanted.append({"status": asked["status"]})
    if "organisation" in asked:
        wanted.append({"organisation.id": asked["organisation"]})
    if "mediator" in asked:
        wanted.append({"mediator.id": asked["mediator"]})
    if "due_before" in asked:
        wanted.append({"deadlines.due_on": {"$lt": str(asked["due_before"])}})
    if "after" in asked:
        received_at, number = _position(asked["after"])
        later = [
            {"received_at": {"$gt": received_at}},
            {"received_at": received_at, "_id": {"$gt": number}},
        ]
        wanted.append({"$or": later})
    return {"$and": wanted} if wanted else {}


def _cursor(case: State) -> str:
    text = json_util.dumps([case["received_at"], case["_id"]])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _position(cursor: str) -> tuple[datetime, str]:
    try:
        received_at, number = json_util.loads(base64.urlsafe_b64decode(cursor).decode())
        if isinstance(received_at, datetime) and isinstance(number, str):
            return received_at, number
    except (ValueError, TypeError, binascii.Error, UnicodeDecodeError):
        pass
    fault = FieldError("/after", "unknown_value", Text("页码无效，请从第一页开始", "Unknown page, begin anew"))
    raise Refused("validation_failed", errors=[fault])


def _expected_version() -> int:
    given = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Refused("version_required")
    return int(given)


def _body(schema: Body) -> dict[str, Any]:
    return read(schema, parse_json(request.get_data(cache=False)), date.today())


def _unknown(field: str) -> Refused:
    message = Text("没有这个编号", "There is no such id")
    return Refused("validation_failed", errors=[FieldError(f"/{field}", "unknown_value", message)])


def routes(routing: Routing) -> Sequence[Route]:
    """Every operation on cases."""
    one = "/v1/cases/{serial_number}"
    return (
        Route(
            "GET", "/v1/cases", routing.list_cases, _STAFF, "Work list, oldest first",
            query=CaseList, refusals=("validation_failed",),
        ),
        Route(
            "GET", one, routing.read_case, _STAFF, "One case and the commands it accepts now",
            refusals=("not_found", "serial_checksum"),
        ),
        Route(
            "POST", one + "/{command}", routing.command, _ADMINISTRATORS, "Give a case a command",
            headers={"If-Match": "required"},
            refusals=("not_found", "serial_checksum", "malformed_json", "validation_failed",
                      "command_not_allowed", "version_conflict", "version_required",
                      "not_eligible", "capacity_exceeded"),
        ),
    )  # fmt: skip
