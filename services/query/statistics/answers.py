"""What query answers of statistics, for its OpenAPI document."""

from __future__ import annotations

from services.query.statistics.counting import GROUPS
from shared.contracts import answers as show
from shared.contracts.answers import Shown


class DaysTo(Shown):
    """How soon cases came to a step, in civil days from the submission."""

    cases = show.count("that came to it; null for a number too small to be told", null=True)
    median = show.count("days within which half of them did", null=True)
    p90 = show.count("days within which nine tenths did", null=True)


class Steps(Shown):
    """Each step of a case that is timed."""

    mediator_assigned = show.part(DaysTo, "a mediator had the case")
    accepted = show.part(DaysTo, "the case was accepted")
    ended = show.part(DaysTo, "agreement in effect, failure, refusal or withdrawal")


class Counts(Shown):
    """Cases of one group; null wherever a number is too small to be told."""

    total = show.count("cases submitted", null=True)
    by_status = show.anything("{status: cases}, as they stand today")
    by_outcome = show.anything("{outcome: cases}; pending for those without")
    share_settled = show.number("agreements ÷ cases with an outcome", null=True)
    days_to = show.part(Steps, "how soon")


class CountsOf(Counts):
    """Cases of one group by name."""

    key = show.text("what the group is", example="pay_injury_compensation")
    text = show.text("in the caller's language")


class Statistics(Shown):
    """Cases submitted in a period at a place."""

    first_day = show.day("of submission")
    last_day = show.day("of submission")
    by = show.word("how they are grouped", GROUPS)
    division = show.text("code of the place, null for the country", null=True)
    whole = show.part(Counts, "all groups together")
    items = show.parts(CountsOf, "groups, the largest first")
    groups_left_out = show.count("groups too small to be told, or beyond the first 500")
    note = show.text("the rule by which numbers are left out")
