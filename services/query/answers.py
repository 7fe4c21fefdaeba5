"""What query answers, for its OpenAPI document: the directory, policies, statistics; progress and
history are in `progress_answers`.
"""

from __future__ import annotations

from services.query import policies
from services.query.statistics import GROUPS
from shared.contracts import answers as show
from shared.contracts.answers import Shown
from shared.contracts.vocabulary import CATEGORIES, ORGANISATION_KINDS
from shared.divisions import LEVELS

# --- directory ---------------------------------------------------------------------------------


class DivisionView(Shown):
    """An administrative division."""

    code = show.text("6 digits, of a township 9", pattern="^[0-9]{6}([0-9]{3})?$", example="370102")
    name = show.text("with all above it", example="山东省济南市历下区")
    short_name = show.text("alone", example="历下区")
    level = show.word("", LEVELS)
    parent = show.text("code of the division above, null for a province", null=True)


class Divisions(Shown):
    """Divisions in the order of their codes."""

    items = show.parts(DivisionView, "")


class OrganisationNearby(Shown):
    """A mediation organisation as the public sees it."""

    id = show.text("id", example="org-370102")
    name = show.text("full name")
    kind = show.word("kind of organisation", ORGANISATION_KINDS)
    kind_text = show.text("in the caller's language")
    divisions = show.parts(show.text("a code"), "codes of the places it serves")
    categories = show.words(CATEGORIES, "disputes it takes; empty for all")
    phone = show.text("public phone")
    address = show.text("public address")


class Organisations(Shown):
    """Organisations that serve a place, nearest first."""

    items = show.parts(OrganisationNearby, "")


# --- statistics --------------------------------------------------------------------------------


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


# --- policies ----------------------------------------------------------------------------------


class PolicySummary(Shown):
    """What a policy is and whether it holds."""

    id = show.text("readable and stable", example="劳动争议调解仲裁法-2007-12-29")
    title = show.text("as promulgated")
    kind = show.word("its rank", policies.KINDS)
    kind_text = show.text("in the caller's language")
    issuer = show.text("who promulgated it")
    region = show.text("code of the division it applies in, 000000 for the whole country")
    promulgated_on = show.day("null where the source has no date", null=True)
    effective_on = show.day("null where the source has no date", null=True)
    status = show.word("today", policies.STATUSES)
    status_text = show.text("in the caller's language")
    superseded_by = show.text("id of the later version", null=True)
    url = show.text("the whole policy", uri=True)


class ArticleRef(Shown):
    """Which article."""

    number = show.text("47, or 120-1 for 第一百二十条之一", example="47")
    label = show.text("as printed", example="第四十七条")


class Hit(PolicySummary):
    """An article that answers, or a policy as a whole."""

    article = show.part(ArticleRef, "null for the policy as a whole", null=True)
    snippet = show.text("HTML in which everything but <mark> is escaped")
    note = show.text("what a later law has replaced", null=True)


class PolicyResults(Shown):
    """One page of an answer."""

    total = show.count("on all pages")
    took_ms = show.number("milliseconds inside the search")
    page = show.count("from 1")
    size = show.count("items a page at most")
    items = show.parts(Hit, "best first")
    note = show.text("what to do when nothing was found", null=True)
    disclaimer = show.text("in the caller's language")


class Suggestion(Shown):
    """A completion."""

    text = show.text("what to ask")
    url = show.text("of the policy whose title it is", null=True, uri=True)


class Suggestions(Shown):
    """Completions, the likeliest first."""

    items = show.parts(Suggestion, "")


class Article(ArticleRef):
    """One article."""

    heading = show.text("chapter and section")
    text = show.text("paragraphs, one a line")
    note = show.text("what a later law has replaced", null=True)
    url = show.text("this article", uri=True)


class PolicyView(PolicySummary):
    """A policy with all of its articles."""

    preamble = show.text("what stands before the first article")
    articles = show.parts(Article, "in order")
    disclaimer = show.text("in the caller's language")


class ArticleView(Article):
    """One article with its policy."""

    policy = show.part(PolicySummary, "the policy")
    previous = show.text("the article before", null=True, uri=True)
    next = show.text("the article after", null=True, uri=True)
    disclaimer = show.text("in the caller's language")


class AsyncApi(show.Anything):
    """An AsyncAPI 3.0 document."""
