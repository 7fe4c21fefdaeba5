"""What query answers of policies, for its OpenAPI document."""

from __future__ import annotations

from services.query.policies.policy import KINDS, STATUSES
from shared.contracts import answers as show
from shared.contracts.answers import Shown


class PolicySummary(Shown):
    """What a policy is and whether it holds."""

    id = show.text("readable and stable", example="劳动争议调解仲裁法-2007-12-29")
    title = show.text("as promulgated")
    kind = show.word("its rank", KINDS)
    kind_text = show.text("in the caller's language")
    issuer = show.text("who promulgated it")
    region = show.text("code of the division it applies in, 000000 for the whole country")
    promulgated_on = show.day("null where the source has no date", null=True)
    effective_on = show.day("null where the source has no date", null=True)
    status = show.word("today", STATUSES)
    status_text = show.text("in the caller's language")
    superseded_by = show.text("id of the later version", null=True)
    url = show.text("the whole policy", uri=True)


class ArticleRef(Shown):
    """Which article."""

    number = show.text("47, or 120-1 for 第一百二十条之一", example="47")
    label = show.text("as printed", example="第四十七条")


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
