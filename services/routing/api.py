"""routing over HTTP, for staff: work lists, one case, commands."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.routing import answers, asked, domain
from services.routing.assigning import check_mediator, check_organisation
from services.routing.directory import CaseFacts
from services.routing.placing import secure_place
from services.routing.presenting import case_line, case_view
from services.routing.settings import RoutingSettings
from services.routing.store import Cases, Directory
from shared.access import Roles
from shared.asking import caller, typed_serial_number
from shared.commands import carry_out
from shared.contracts.fields import Choice, Code, Date, Str
from shared.contracts.lifecycle import STATUSES, allowed
from shared.contracts.schema import Body
from shared.decision import Decision, State
from shared.errors import FieldError, Refused, Text
from shared.store import Document, backend_errors
from shared.tokens import Principal
from shared.web import Answer, Route

_STAFF = Roles("platform_admin", "organisation_admin", "mediator")
_ADMINISTRATORS = Roles("platform_admin", "organisation_admin")


class CaseList(Body):
    """Filters of the work list, combined."""

    status = Choice("状态", tuple(STATUSES))
    organisation = Code("调解组织编号", asked.ID)
    mediator = Code("调解员编号", asked.ID)
    due_before = Date("期限早于")
    after = Str("上页末项", 512)


class AssignOrganisation(Body):
    organisation = Code("调解组织编号", asked.ID, required=True)


class AssignMediator(Body):
    mediator = Code("调解员编号", asked.ID, required=True)


@dataclass(frozen=True, slots=True)
class Routing:
    """What the views work with; made once per process by `app`."""

    settings: RoutingSettings
    cases: Cases
    directory: Directory

    def list_cases(self) -> dict[str, Any]:
        wanted = {**_visible(asked.principal()), **_filters(asked.filters(CaseList()))}
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
        """Everything is checked on the version that the caller saw and written to it alone."""
        case = self._visible_case(serial_number)
        give = _COMMANDS.get(command)
        if give is None:
            raise _not_allowed(case, command)
        asked.check_version(case["version"])
        if command not in allowed(case["status"]):
            raise _not_allowed(case, command)
        return self._answer(give(self, case))

    def assign_organisation(self, case: Document) -> Document:
        if asked.principal().role != "platform_admin":
            raise Refused("forbidden", _PLATFORM_ONLY)
        chosen = self.directory.organisation(asked.body(AssignOrganisation())["organisation"])
        if chosen is None:
            raise _unknown("organisation")
        released = (case["mediator"] or {}).get("id")
        if (case["organisation"] or {}).get("id") == chosen.id:
            return case
        check_organisation(CaseFacts.from_document(case), chosen)
        after = self._carry_out(
            case,
            lambda state, at: domain.assign_organisation(state, chosen, at, by="administrator"),
        )
        if released:
            self.directory.give_back(released, case["_id"])
        return after

    def assign_mediator(self, case: Document) -> Document:
        chosen = self.directory.mediator(asked.body(AssignMediator())["mediator"])
        if chosen is None:
            raise _unknown("mediator")
        number, released = case["_id"], (case["mediator"] or {}).get("id")
        if released == chosen.id:
            return case
        check_mediator(CaseFacts.from_document(case), case["organisation"]["id"], chosen)
        newly = secure_place(self.directory, chosen, number)
        try:
            after = self._carry_out(
                case,
                lambda state, at: domain.assign_mediator(state, chosen, at, by="administrator"),
            )
        except Refused:
            if newly:
                self._give_back_unless_held(chosen.id, number)
            raise
        if released:
            self.directory.give_back(released, number)
        return after

    def _give_back_unless_held(self, mediator_id: str, number: str) -> None:
        """Whoever won the race may have chosen the same mediator."""
        now = self.cases.read(number)
        if now is None or (now["mediator"] or {}).get("id") != mediator_id:
            self.directory.give_back(mediator_id, number)

    def _visible_case(self, text: str) -> Document:
        """The case, if the caller may see it: what one may not see does not exist."""
        case = self.cases.read(typed_serial_number(text))
        if case is None or not _sees(asked.principal(), case):
            raise Refused("not_found")
        return case

    def _carry_out(self, case: Document, decide: Callable[[State, datetime], Decision]) -> Document:
        return carry_out(
            self.cases,
            case["_id"],
            decide,
            source="routing",
            trace=caller().trace,
            expected_version=case["version"],
        )

    def _answer(self, case: Document) -> Answer:
        view = case_view(case, caller().language)
        view["allowed_commands"] = _manual(case)
        return Answer(view, headers={"ETag": f'"{case["version"]}"'})


_COMMANDS: Mapping[str, Callable[[Routing, Document], Document]] = {
    "assign-organisation": Routing.assign_organisation,
    "assign-mediator": Routing.assign_mediator,
}
"""Commands people give; the other rows of the lifecycle are moved by events."""


_PLATFORM_ONLY = Text(
    "只有平台管理员可以分派调解组织", "Only a platform administrator assigns organisations"
)


def _manual(case: State) -> list[str]:
    return [command for command in allowed(case["status"]) if command in _COMMANDS]


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


def _filters(wanted: Mapping[str, Any]) -> Document:
    parts: list[Document] = []
    if "status" in wanted:
        parts.append({"status": wanted["status"]})
    if "organisation" in wanted:
        parts.append({"organisation.id": wanted["organisation"]})
    if "mediator" in wanted:
        parts.append({"mediator.id": wanted["mediator"]})
    if "due_before" in wanted:
        parts.append({"deadlines.due_on": {"$lt": wanted["due_before"]}})
    if "after" in wanted:
        received_at, number = _position(wanted["after"])
        later = [
            {"received_at": {"$gt": received_at}},
            {"received_at": received_at, "_id": {"$gt": number}},
        ]
        parts.append({"$or": later})
    return {"$and": parts} if parts else {}


def _cursor(case: State) -> str:
    text = f"{case['received_at'].isoformat()} {case['_id']}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _position(cursor: str) -> tuple[datetime, str]:
    try:
        received_at, number = base64.urlsafe_b64decode(cursor).decode().split(" ")
        return datetime.fromisoformat(received_at), number
    except ValueError:  # of base64, UTF-8 and dates alike
        fault = FieldError("/after", "unknown_value", _UNKNOWN_PAGE)
        raise Refused("validation_failed", errors=[fault]) from None


_UNKNOWN_PAGE = Text("页码无效，请从第一页开始", "Unknown page, begin anew")


def _not_allowed(case: State, command: str) -> Refused:
    return Refused(
        "command_not_allowed",
        extra={"command": command, "case_status": case["status"], "allowed": _manual(case)},
    )


def _unknown(field: str) -> Refused:
    message = Text("没有这个编号", "There is no such id")
    return Refused("validation_failed", errors=[FieldError(f"/{field}", "unknown_value", message)])


def routes(routing: Routing) -> Sequence[Route]:
    """Every operation on cases."""
    one = "/v1/cases/{serial_number}"
    return (
        Route(
            "GET", "/v1/cases", routing.list_cases, _STAFF, "Work list, oldest first",
            query=CaseList, answer=answers.WorkList, refusals=("validation_failed",),
        ),
        Route(
            "GET", one, routing.read_case, _STAFF, "One case and the commands it accepts now",
            answer=answers.CaseView, answer_headers=("ETag",),
            refusals=("not_found", "serial_checksum"),
        ),
        Route(
            "POST", one + "/{command}", routing.command, _ADMINISTRATORS, "Give a case a command",
            body=(AssignOrganisation, AssignMediator), answer=answers.CaseView,
            headers={"If-Match": "required"}, answer_headers=("ETag",),
            choices={"command": tuple(_COMMANDS)},
            refusals=(*asked.BODY_REFUSALS, "validation_failed", "not_found", "serial_checksum",
                      "command_not_allowed", "version_conflict", "version_required",
                      "not_eligible", "capacity_exceeded"),
        ),
    )  # fmt: skip
