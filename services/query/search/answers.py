"""What query answers to a search, for its OpenAPI document."""

from __future__ import annotations

from services.query.policies.answers import ArticleRef, PolicySummary
from shared.contracts import answers as show
from shared.contracts.answers import Shown


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
