"""routing over HTTP, tools of the staff: work list, counts, leave, calendars, warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from services.routing import answers, asked, early_warning, leave, listing, staff_answers
from services.routing.assigning import REASONS
from services.routing.calendar_feed import MEDIA_TYPE, SUFFIX, Calendars, feed
from services.routing.commands import Desk
from services.routing.directory import Mediator
from services.routing.directory_bodies import DivisionCode
from services.routing.presenting import case_line
from services.routing.settings import RoutingSettings
from services.routing.steps import Actor
from services.routing.work_list import CaseList, Scope, cursor, position, search
from shared.access import Concerned
from shared.asking import caller, reached
from shared.civil_time import rfc3339, today
from shared.contracts.fields import Code
from shared.contracts.schema import Body
from shared.errors import PROBLEMS, Language, Refused
from shared.sealing import Hasher
from shared.store import Document
from shared.throttle import Limit, Throttle, address_key
from shared.web import Answer, Route

if TYPE_CHECKING:
    from pymongo.database import Database

UNKNOWN_CALENDAR: Final = "unknown_calendar_per_address"
LIMITS: Final[Mapping[str, tuple[Limit, ...]]] = {UNKNOWN_CALENDAR: (Limit(30, 900),)}
"""What routing counts by address."""


class CountsOf(Body):
    """Of which cases, of those the caller may see."""

    organisation = Code("调解组织编号", asked.ID)
    mediator = Code("调解员编号", asked.ID)
    division = DivisionCode("行政区划")


class WarningList(Body):
    after = Code("上页末项", "[0-9]{4}-W[0-9]{2}-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class StaffTools:
    """What the views work with; made once per process by `app`."""

    settings: RoutingSettings
    desk: Desk
    calendars: Calendars
    warnings: early_warning.Warnings
    throttle: Throttle
    hasher: Hasher

    @classmethod
    def of(
        cls, settings: RoutingSettings, database: Database[Document], desk: Desk, hasher: Hasher
    ) -> StaffTools:
        """The tools over one database."""
        calendars = Calendars(desk.directory, desk.cases.collection, hasher)
        warnings = early_warning.Warnings(database)
        return cls(settings, desk, calendars, warnings, Throttle(database, LIMITS), hasher)

    # --- cases -------------------------------------------------------------------------------

    def list_cases(self) -> dict[str, Any]:
        stated = asked.filters(CaseList())
        size = stated.get("size") or self.settings.page_size
        searched = search(_scope(), stated, today())
        behind = position(stated["after"], searched.order) if "after" in stated else None
        found = listing.page(self.desk.cases.collection, searched, behind, size + 1)
        shown = found[:size]
        return {
            "items": [case_line(case, caller().language) for case in shown],
            "next": cursor(shown[-1], searched.order) if len(found) > size else None,
        }

    def count_cases(self) -> dict[str, Any]:
        stated = asked.filters(CountsOf())
        counted = listing.counts(self.desk.cases.collection, _scope(), stated, today())
        return {"at_most": listing.AT_MOST, **counted}

    # --- mediators ---------------------------------------------------------------------------

    def set_leave(self, mediator: str) -> dict[str, Any]:
        """The leave is noted before cases are given away: nobody gets a case back meanwhile."""
        document = self._mediator(mediator)
        stated = asked.body(leave.LeaveOf())
        noted = leave.note(self.desk, mediator, stated, today())
        done = leave.Reassigned([], [], more=False)
        if stated.get("reassign"):
            asking = asked.principal()
            actor = Actor(asking.role, asking.subject)
            organisation = document["organisation"]
            handover = leave.Handover(self.desk, mediator, organisation, actor, caller().trace)
            done = handover.give_all()
        return {
            "mediator": mediator,
            "leave": Mediator.from_document(noted).to_document()["leave"],
            "reassigned": done.given,
            "left": [_left(number, why, caller().language) for number, why in done.left],
            "more": done.more,
        }

    def renew_calendar(self, mediator: str) -> Answer:
        self._mediator(mediator)
        secret = self.calendars.renew(mediator)
        url = f"{self.settings.public_url}/v1/calendars/{secret}{SUFFIX}"
        return Answer({"url": url}, 201, {"Location": url})

    def read_calendar(self, calendar: str) -> Answer:
        """Who has tried too many unknown addresses is refused, or could go on trying."""
        address = address_key(self.hasher, caller().address)
        self.throttle.check(UNKNOWN_CALENDAR, address)
        holder = None
        if calendar.endswith(SUFFIX):
            holder = self.calendars.holder(calendar.removesuffix(SUFFIX))
        if holder is None:
            self.throttle.failed(UNKNOWN_CALENDAR, address)
            raise Refused("not_found")
        cases = self.calendars.cases_of(holder)
        written = feed(cases, caller().language, datetime.now(UTC))
        return Answer(written, content_type=MEDIA_TYPE)

    def _mediator(self, key: str) -> Document:
        """The mediator, if the caller may come to them: what one may not see does not exist."""
        document = self.desk.directory.mediator_document(key)
        body = document and self.desk.directory.organisations.read(document["organisation"])
        if document is None or not reached(
            Concerned(body["division_code"] if body else None, document["organisation"], key)
        ):
            raise Refused("not_found")
        return document

    # --- warnings ----------------------------------------------------------------------------

    def list_warnings(self) -> dict[str, Any]:
        stated, scope = asked.filters(WarningList()), _scope()
        size = self.settings.page_size
        found = self.warnings.page(scope.places, stated.get("after"), size + 1)
        shown = found[:size]
        return {
            "items": [_warning(warning, scope) for warning in shown],
            "next": shown[-1]["_id"] if len(found) > size else None,
        }


def _scope() -> Scope:
    """The part of all cases that the policy table lets the caller work with."""
    relation = caller().relation
    if relation is None:
        raise Refused("unauthorised")
    return Scope.of(asked.principal(), relation)


def _left(number: str, why: str, language: Language) -> dict[str, str]:
    text = PROBLEMS[why].title if why in PROBLEMS else REASONS[why]
    return {"serial_number": number, "reason": why, "text": text.to(language)}


def _warning(warning: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    told = ("dimension", "division", "category", "count", "expected", "window_days")
    return {
        "id": warning["_id"],
        **{name: warning[name] for name in told},
        "employer_hash": warning["key"] if warning["dimension"] == "employer" else None,
        "raised_at": rfc3339(warning["raised_at"]),
        "serial_numbers": [
            case["serial_number"]
            for case in warning["cases"]
            if scope.contains(case["division_code"])
        ],
    }


def routes(tools: StaffTools) -> Sequence[Route]:
    """Every tool."""
    stated = (*asked.BODY_REFUSALS, "validation_failed", "not_found")
    return (
        Route(
            "GET", "/v1/cases", tools.list_cases, "Work list, by arrival or by deadline",
            query=CaseList, answer=answers.WorkList, refusals=("validation_failed",),
        ),
        Route(
            "GET", "/v1/cases/counts", tools.count_cases, "How many cases stand where",
            query=CountsOf, answer=staff_answers.CaseCounts, refusals=("validation_failed",),
        ),
        Route(
            "POST", "/v1/mediators/{mediator}/leave", tools.set_leave,
            "Set a mediator's leave and give the open cases to others",
            body=leave.LeaveOf, answer=staff_answers.LeaveAnswer, refusals=stated,
        ),
        Route(
            "POST", "/v1/mediators/{mediator}/calendar", tools.renew_calendar,
            "Make or renew the address of a mediator's calendar",
            answer=staff_answers.CalendarAddress, status=201, answer_headers=("Location",),
            refusals=("not_found",),
        ),
        Route(
            "GET", "/v1/calendars/{calendar}", tools.read_calendar,
            "A mediator's sessions and deadlines as iCalendar", media_type="text/calendar",
            refusals=("not_found", "too_many_attempts"),
        ),
        Route(
            "GET", "/v1/warnings", tools.list_warnings,
            "Unusual growth of cases, the newest week first",
            query=WarningList, answer=staff_answers.WarningPage, refusals=("validation_failed",),
        ),
    )  # fmt: skip
