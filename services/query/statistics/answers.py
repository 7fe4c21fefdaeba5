"""What query answers of statistics, for its OpenAPI document."""

from __future__ import annotations

from services.query.statistics.counting import GROUPS
from shared.contracts import answers as show
from shared.contracts.answers import Shown
from shared.contracts.vocabulary import CATEGORIES, FLAGS


class Days(Shown):
    """How long cases took, in civil days."""

    cases = show.count("that came so far; null for a number too small to be told", null=True)
    median = show.count("days within which half of them did", null=True)
    p75 = show.count("days within which three quarters did", null=True)
    p90 = show.count("days within which nine tenths did", null=True)
    p95 = show.count("days within which nineteen of twenty did", null=True)


class Steps(Shown):
    """Each step of a case that is timed, from the submission."""

    organisation_assigned = show.part(Days, "an organisation had the case")
    mediator_assigned = show.part(Days, "a mediator had the case")
    consent_sought = show.part(Days, "the parties were asked whether they agree to mediate")
    accepted = show.part(Days, "the case was accepted")
    session_held = show.part(Days, "the first session took place")
    ended = show.part(Days, "agreement in effect, failure, refusal or withdrawal")
    closed = show.part(Days, "the case was closed")


class Phases(Shown):
    """Each part of a case's life that is timed, from its begin."""

    examination = show.part(Days, "from the mediator's assignment until consent was sought")
    consent = show.part(Days, "from there to acceptance")
    mediation = show.part(Days, "from there to its end")
    closing = show.part(Days, "from there until the case was closed")


class Counts(Shown):
    """Cases of one group; null wherever a number is too small to be told."""

    total = show.count("cases submitted", null=True)
    by_status = show.anything("{status: cases}, as they stand today")
    by_outcome = show.anything("{outcome: cases}; pending for those without")
    share_settled = show.number("agreements ÷ cases with an outcome", null=True)
    days_to = show.part(Steps, "how soon")
    days_in = show.part(Phases, "how long")


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
    category = show.word("the one counted, null for all", CATEGORIES, null=True)
    flag = show.word("that the cases have, null for whatever flags", FLAGS, null=True)
    counted_at = show.moment("months that are over: changes since then are not counted", null=True)
    whole = show.part(Counts, "all groups together")
    items = show.parts(CountsOf, "groups, the largest first")
    groups_left_out = show.count("groups too small to be told, or beyond the first 500")
    note = show.text("the rule by which numbers are left out")
