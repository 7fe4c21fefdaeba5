"""What the staff tools answer, for the OpenAPI document of routing."""

from __future__ import annotations

from marshmallow import Schema

from shared.contracts import answers as show
from shared.contracts.answers import Shown
from shared.contracts.lifecycle import STATUSES
from shared.contracts.payloads import DivisionRef
from shared.contracts.vocabulary import CATEGORIES

StatusNumbers = Schema.from_dict(
    {status: show.count(text.en) for status, text in STATUSES.items()}, name="StatusNumbers"
)
"""A number for each status."""


class CaseCounts(Shown):
    """How many cases the caller may see; a number of `at_most` means at least so many."""

    at_most = show.count("up to where cases are counted")
    statuses = show.part(StatusNumbers, "cases by status")
    unassigned = show.count("no mediator has them")
    unopened = show.count("the mediator has not begun")
    overdue = show.count("a last day of the service has passed")
    due_today = show.count("the next last day of the service is today")
    due_this_week = show.count("the next last day of the service is from today to Sunday")


class LeaveDays(Shown):
    """Days of leave, the first and the last included."""

    class Meta(Shown.Meta):
        include = {  # noqa: RUF012 - marshmallow reads it once
            "from": show.day("the first day"),
            "until": show.day("the last day"),
        }


class LeftCase(Shown):
    """A case that nobody else could be given."""

    serial_number = show.serial_number()
    reason = show.text("code of the rule that stood against it", example="no_eligible_mediator")
    text = show.text("in the caller's language")


class LeaveAnswer(Shown):
    """The mediator's leaves and what became of the open cases."""

    mediator = show.text("id")
    leave = show.parts(LeaveDays, "leaves now and ahead, by first day")
    reassigned = show.parts(show.serial_number(), "cases that others have now")
    left = show.parts(LeftCase, "cases still with the mediator")
    more = show.flag("whether the same request has to be sent again for further cases")


class CalendarAddress(Shown):
    """Where a calendar program finds the mediator's calendar: whoever has the address reads it."""

    url = show.text("shown once; a new one ends it", uri=True)


class WarningView(Shown):
    """Unusual growth of cases of an employer, a county or a category in a county."""

    id = show.text("newer weeks come later in order", example="2026-W47-0123456789abcdef")
    dimension = show.word("what the cases have in common", ("employer", "division", "category"))
    employer_hash = show.text("keyed hash of the employer, null for others", null=True)
    division = show.part(DivisionRef, "the county; of an employer that of most cases")
    category = show.word("of a category", CATEGORIES, null=True)
    count = show.count("cases in the window")
    expected = show.number("cases of a window on average before")
    window_days = show.count("length of the window")
    raised_at = show.moment("when it was noticed")
    serial_numbers = show.parts(
        show.serial_number(), "cases concerned, newest first, that the caller may see"
    )


class WarningPage(Shown):
    """Warnings, the newest week first."""

    items = show.parts(WarningView, "those the caller may see")
    next = show.text("`after` of the next page, null on the last one", null=True)
