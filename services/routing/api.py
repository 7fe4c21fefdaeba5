"""routing over HTTP, for staff: work lists, one case, commands."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson

from services.routing import answers, asked, assigning_commands
from services.routing.commands import Command, Desk, Given, Prepared
from services.routing.presenting import case_line, case_view
from services.routing.settings import RoutingSettings
from services.routing.steps import Actor, not_allowed
from shared.access import Concerned, reaches
from shared.asking import caller, typed_serial_number
from shared.commands import carry_out
from shared.contracts.fields import Choice, Code, Date, Str
from shared.contracts.lifecycle import STATUSES, allowed, find
from shared.contracts.policy import POLICY
from shared.contracts.schema import Body
from shared.decision import State
from shared.errors import FieldError, Refused, Text, Transient
from shared.sealing import Keyring, records_context
from shared.store import Document, backend_errors
from shared.tokens import Principal
from shared.web import Answer, Route


class CaseList(Body):
    """Filters of the work list, combined."""

    status = Choice("状态", tuple(STATUSES))
    organisation = Code("调解组织编号", asked.ID)
    mediator = Code("调解员编号", asked.ID)
    due_before = Date("期限早于")
    after = Str("上页末项", 512)


@dataclass(frozen=True, slots=True)
class Routing:
    """What the views work with; made once per process by `app`."""

    settings: RoutingSettings
    desk: Desk
    records: Keyring

    def list_cases(self) -> dict[str, Any]:
        wanted = {**_visible(asked.principal()), **_filters(asked.filters(CaseList()))}
        size = self.settings.page_size
        with backend_errors():
            found = list(
                self.desk.cases.collection.find(wanted, {"outbox": 0, "seen": 0})
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
        known = COMMANDS.get(command)
        if known is None:
            raise not_allowed(case, command)
        asked.check_version(case["version"])
        row = find(command, case["status"])
        if row is None:
            raise not_allowed(case, command)
        principal = asked.principal()
        if principal.role not in row.who:
            raise Refused("forbidden", _NOT_YOURS, extra={"command": command})
        given = Given(
            body=asked.body(known.body()),
            actor=Actor(principal.role, principal.subject),
            at=datetime.now(UTC),
            seal=partial(self._seal, case["_id"]),
        )
        return self._answer(self._carry_out(case, known, given))

    def _carry_out(self, case: Document, known: Command, given: Given) -> Document:
        """Secure what the command needs, write it, let go of the rest."""
        prepared = known.prepare(self.desk, case, given) if known.prepare else Prepared()
        given = replace(given, found=prepared.found)
        try:
            after = carry_out(
                self.desk.cases,
                case["_id"],
                lambda state, at: known.decide(state, replace(given, at=at)),
                source="routing",
                trace=caller().trace,
                expected_version=case["version"],
            )
        except (Refused, Transient):
            prepared.undo()
            raise
        prepared.finish()
        return after

    def _seal(self, number: str, words: Mapping[str, Any]) -> str:
        return self.records.seal(orjson.dumps(words), records_context(number))

    def _visible_case(self, text: str) -> Document:
        """The case, if the caller may see it: what one may not see does not exist."""
        case = self.desk.cases.read(typed_serial_number(text))
        if case is None or not _sees(asked.principal(), case):
            raise Refused("not_found")
        return case

    def _answer(self, case: Document) -> Answer:
        view = case_view(case, caller().language)
        view["allowed_commands"] = [
            c for c in allowed(case["status"], asked.principal().role) if c in COMMANDS
        ]
        return Answer(view, headers={"ETag": f'"{case["version"]}"'})


COMMANDS: Mapping[str, Command] = {**assigning_commands.COMMANDS}
"""Commands people give; the other rows of the lifecycle are moved by events and clocks."""

_NOT_YOURS = Text("该操作不属于您的职责", "This command is not yours to give")


def _visible(principal: Principal) -> Document:
    """The part of all cases a role works with, as a query."""
    if principal.role == "organisation_admin":
        return {"organisation.id": principal.organisation}
    if principal.role == "mediator":
        return {"mediator.id": principal.subject}
    return {}


def _sees(principal: Principal, case: State) -> bool:
    """Whether the policy table lets the caller come to this case."""
    relation = POLICY["GET /v1/cases/{serial_number}"].roles[principal.role]
    concerned = Concerned(
        division=case["division_code"],
        organisation=(case["organisation"] or {}).get("id"),
        mediator=(case["mediator"] or {}).get("id"),
    )
    return reaches(relation, principal, concerned)


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


def routes(routing: Routing) -> Sequence[Route]:
    """Every operation on cases."""
    one = "/v1/cases/{serial_number}"
    return (
        Route(
            "GET", "/v1/cases", routing.list_cases, "Work list, oldest first",
            query=CaseList, answer=answers.WorkList, refusals=("validation_failed",),
        ),
        Route(
            "GET", one, routing.read_case, "One case and the commands it accepts now",
            answer=answers.CaseView, answer_headers=("ETag",),
            refusals=("not_found", "serial_checksum"),
        ),
        Route(
            "POST", one + "/{command}", routing.command, "Give a case a command",
            body=tuple(dict.fromkeys(command.body for command in COMMANDS.values())), answer=answers.CaseView,
            headers={"If-Match": "required"}, answer_headers=("ETag",),
            choices={"command": tuple(COMMANDS)},
            refusals=(*asked.BODY_REFUSALS, "validation_failed", "not_found", "serial_checksum",
                      "command_not_allowed", "rule_not_met", "version_conflict", "version_required",
                      "not_eligible", "capacity_exceeded"),
        ),
    )  # fmt: skip
