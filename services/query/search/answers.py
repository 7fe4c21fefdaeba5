"""What query answers to a search, for its OpenAPI document."""

from __future__ import annotations

from services.query.policies.answers import ArticleRef, PolicySummary
from services.query.policies.policy import KINDS, STATUSES
from shared.contracts import answers as show
from shared.contracts.answers import Shown


class Hit(PolicySummary):
    """An article that answers, or a policy as a whole."""

    article = show.part(ArticleRef, "null for the policy as a whole", null=True)
    snippet = show.text("HTML in which everything but <mark> is escaped")
    note = show.text("what a later law has replaced", null=True)


class Meaning(Shown):
    """An everyday word of the question."""

    said = show.text("as asked")
    meant = show.parts(
        show.text("wording of the statutes"), "what was looked for, most telling first"
    )


class KindCount(Shown):
    value = show.word("a kind", KINDS)
    text = show.text("in the caller's language")
    count = show.count("hits on all pages")


class StatusCount(Shown):
    value = show.word("a status", STATUSES)
    text = show.text("in the caller's language")
    count = show.count("hits on all pages")


class ValueCount(Shown):
    value = show.text("to filter by")
    text = show.text("as people say it")
    count = show.count("hits on all pages")


class Facets(Shown):
    """How the whole answer is spread, most hits first, twenty values at most."""

    kind = show.parts(KindCount, "")
    issuer = show.parts(ValueCount, "")
    region = show.parts(ValueCount, "")
    status = show.parts(StatusCount, "today")


class PolicyResults(Shown):
    """One page of an answer."""

    total = show.count("on all pages")
    took_ms = show.number("milliseconds inside the search")
    page = show.count("from 1")
    size = show.count("items a page at most")
    items = show.parts(Hit, "best first")
    note = show.text("what to do when nothing was found", null=True)
    understood_as = show.text(
        "the question where it was read otherwise than typed: pinyin and traditional characters "
        "written in simplified ones, mistakes put right",
        null=True,
    )
    meanings = show.parts(Meaning, "everyday words that were understood")
    facets = show.part(Facets, "for narrowing the search, where `facets=true` asks", null=True)
    disclaimer = show.text("in the caller's language")


class RelatedArticles(Shown):
    """Articles to read beside one."""

    items = show.parts(Hit, "the most alike first")
    disclaimer = show.text("in the caller's language")


class Suggestion(Shown):
    """A completion."""

    text = show.text("what to ask")
    url = show.text("of the policy whose title it is, or of the first article below a heading",
                    null=True, uri=True)  # fmt: skip


class Suggestions(Shown):
    """Completions, the likeliest first."""

    items = show.parts(Suggestion, "")
