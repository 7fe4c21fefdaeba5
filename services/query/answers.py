"""What query answers, for its OpenAPI document: the JSON that `domain` and `policy_views` make."""

from __future__ import annotations

from services.query import policies
from shared.contracts import answers as show
from shared.contracts.answers import Shown
from shared.contracts.lifecycle import STATUSES

# --- progress ----------------------------------------------------------------------------------
from shared.contracts.payloads import DivisionRef, DueOn, MediatorRef, OrganisationRef
from shared.contracts.vocabulary import CATEGORIES, FLAGS, ORGANISATION_KINDS
from shared.divisions import LEVELS


class Step(Shown):
    """One change of status."""

    status = show.word("the status after it", STATUSES)
    at = show.moment("when")
    text = show.text("in the caller's language")


class _Standing(Shown):
    serial_number = show.serial_number()
    status = show.word("where the case stands", STATUSES)
    status_text = show.text("in the caller's language")
    updated_at = show.moment("when the status last changed")
    division = show.part(DivisionRef, "the place it was submitted to")
    timeline = show.parts(Step, "all changes of status, oldest first")


class MaskedProgress(_Standing):
    """What a serial number alone shows."""

    masked = show.always(True, "there is more with the second factor")


class Document(Shown):
    """Something to read or print."""

    kind = show.word("what it is", ["receipt"])
    title = show.text("in the caller's language")
    url = show.text("where it is", uri=True)


class Progress(_Standing):
    """What a holder sees."""

    masked = show.always(False, "this is all there is")
    category = show.word("kind of dispute", CATEGORIES)
    flags = show.words(FLAGS, "how it was sorted")
    organisation = show.part(OrganisationRef, "who has the case, null for nobody yet", null=True)
    mediator = show.part(MediatorRef, "who has the case, null for nobody yet", null=True)
    deadlines = show.parts(DueOn, "clocks that run")
    next_steps = show.parts(
        show.text("a sentence"), "what to do or expect, in the caller's language"
    )
    evidence_awaited = show.count(
        "declared files still missing, null while none is known", null=True
    )
    documents = show.parts(Document, "what there is to read")


class MyCases(Shown):
    """All cases of one person."""

    items = show.parts(Progress, "newest first")


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
