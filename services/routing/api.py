"""routing over HTTP, for staff: one case and its commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson

from services.routing import (
    agreement,
    answers,
    asked,
    assigning_commands,
    choosing,
    examination,
    following,
    mediation,
    transferring,
)
from services.routing.commands import Command, Desk, Given, Prepared
from services.routing.presenting import case_view
from services.routing.settings import RoutingSettings
from services.routing.steps import Actor, not_allowed
from shared.access import Concerned
from shared.asking import caller, reached, typed_serial_number
from shared.commands import carry_out
from shared.contracts.lifecycle import allowed, find
from shared.contracts.schema import Body
from shared.decision import State
from shared.errors import Refused, Text, Transient
from shared.sealing import Keyring, records_context
from shared.store import Document
from shared.web import Answer, Route


@dataclass(frozen=True, slots=True)
class Routing:
    """What the views work with; made once per process by `app`."""

    settings: RoutingSettings
    desk: Desk
    records: Keyring

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
            body=asked.body(_BODIES[known.body]),
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
        if known.follow:
            # What it does at once, an event of this command does soon: the command itself is done.
            with suppress(Refused, Transient):
                after = known.follow(self.desk, after, caller().trace)
        return after

    def _seal(self, number: str, words: Mapping[str, Any]) -> str:
        return self.records.seal(orjson.dumps(words), records_context(number))

    def _opened(self, case: Document) -> list[dict[str, Any]]:
        """The words of the case's records, for those who work on it."""
        if caller().relation not in _WORK_ON_IT:
            return []
        context = records_context(case["_id"])
        return [
            {
                "command": record["command"],
                "at": record["at"],
                "words": orjson.loads(self.records.open(record["sealed"], context)),
            }
            for record in case["records"]
        ]

    def _visible_case(self, text: str) -> Document:
        """The case, if the caller may see it: what one may not see does not exist."""
        case = self.desk.cases.read(typed_serial_number(text))
        asked.principal()
        if case is None or not reached(concerned(case)):
            raise Refused("not_found")
        return case

    def _answer(self, case: Document) -> Answer:
        view = case_view(case, caller().language, self._opened(case))
        view["allowed_commands"] = [
            c for c in allowed(case["status"], asked.principal().role) if c in COMMANDS
        ]
        return Answer(view, headers={"ETag": f'"{case["version"]}"'})


COMMANDS: Mapping[str, Command] = {
    **assigning_commands.COMMANDS,
    **choosing.COMMANDS,
    **transferring.COMMANDS,
    **examination.COMMANDS,
    **mediation.COMMANDS,
    **agreement.COMMANDS,
    **following.COMMANDS,
}
"""Commands people give; the other rows of the lifecycle are moved by events and clocks."""

_BODIES: Mapping[type[Body], Body] = {command.body: command.body() for command in COMMANDS.values()}
"""Each schema made once: making one copies all of its fields."""

_WORK_ON_IT = frozenset({"own_case", "own_organisation"})
"""Relations of those who read the words of a case."""

_NOT_YOURS = Text("该操作不属于您的职责", "This command is not yours to give")


def concerned(case: State) -> Concerned:
    """Whose a case is."""
    return Concerned(
        division=case["division_code"],
        organisation=(case["organisation"] or {}).get("id"),
        mediator=(case["mediator"] or {}).get("id"),
    )


def routes(routing: Routing) -> Sequence[Route]:
    """Reading and moving one case."""
    one = "/v1/cases/{serial_number}"
    return (
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
                      "not_eligible", "capacity_exceeded", "sessions_overlap", "question_not_open"),
        ),
    )  # fmt: skip
