"""What query answers of policies, for its OpenAPI document."""

from __future__ import annotations

from services.query.policies.policy import KINDS, STATUSES
from shared.contracts import answers as show
from shared.contracts.answers import Shown

RESULTS = ("added", "changed", "unchanged", "kept")
"""What an import makes of a policy; `kept`: the statutes package has it, which is not overwritten."""


class ReplacedArticle(Shown):
    """An article still printed that a later law has replaced."""

    article = show.text("its number", example="82")
    since = show.day("since when")
    title = show.text("of the law that replaced it")
    by = show.parts(show.text("a number"), "articles of that law")
    note = show.text("in the caller's language")


class PolicySummary(Shown):
    """What a policy is and whether it holds."""

    id = show.text("readable and stable", example="劳动争议调解仲裁法-2007-12-29")
    title = show.text("as promulgated")
    kind = show.word("its rank", KINDS)
    kind_text = show.text("in the caller's language")
    issuer = show.text("who promulgated it, the first of them")
    issuers = show.parts(show.text("an issuer"), "all who promulgated it")
    numbers = show.parts(show.text("a number", example="国务院令第586号"), "the issuers' numbers")
    region = show.text("code of the division it applies in, 000000 for the whole country")
    promulgated_on = show.day("null where the source has no date", null=True)
    category = show.text("subject; null where nobody stated one", null=True)
    effective_on = show.day("null where the source has no date", null=True)
    in_force_from = show.day("this version; null where nothing tells", null=True)
    in_force_until = show.day("the first day on which it did not hold", null=True)
    status = show.word("today", STATUSES)
    status_text = show.text("in the caller's language")
    superseded_by = show.text("id of the later version", null=True)
    successor = show.text("title of another policy that replaced it", null=True)
    replaced_articles = show.parts(ReplacedArticle, "which articles a later law has replaced")
    url = show.text("the whole policy", uri=True)


class ArticleRef(Shown):
    """Which article."""

    number = show.text("47, or 120-1 for 第一百二十条之一", example="47")
    label = show.text("as printed", example="第四十七条")


class Target(Shown):
    """An article of a law in whatever version holds when the link is followed."""

    title = show.text("of the law")
    article = show.text("its number")
    url = show.text("the article", uri=True)


class Article(ArticleRef):
    """One article."""

    heading = show.text("chapter and section")
    text = show.text("paragraphs, one a line")
    note = show.text("what a later law has replaced", null=True)
    replaced_by = show.parts(Target, "the articles that replaced this one; empty for most")
    url = show.text("this article", uri=True)


class SubItem(Shown):
    """A sub-item (目)."""

    number = show.count("its value")
    label = show.text("as printed", example="1.")
    text = show.text("without the label")


class ItemView(SubItem):
    """An item (项)."""

    items = show.parts(SubItem, "its sub-items")


class ParagraphView(Shown):
    """A paragraph (款)."""

    number = show.count("from 1")
    text = show.text("without its items")
    items = show.parts(ItemView, "its items")


class ReferenceView(Shown):
    """Words of the text that refer to an article."""

    text = show.text("the words", example="本法第四十七条")
    start = show.count("where they begin in `text`, in characters")
    end = show.count("where they end")
    title = show.text("of the policy referred to, short")
    article = show.text("its number")
    to = show.text("the last article of a range", null=True)
    paragraph = show.count("number of the paragraph", null=True)
    item = show.count("number of the item", null=True)
    url = show.text("the article; null if the library has it not", null=True, uri=True)


class MentionView(ArticleRef):
    """An article that refers to this one."""

    policy_id = show.text("id of its policy")
    title = show.text("of its policy")
    url = show.text("the article", uri=True)


class PolicyView(PolicySummary):
    """A policy with all of its articles."""

    preamble = show.text("what stands before the first article")
    articles = show.parts(Article, "in order")
    disclaimer = show.text("in the caller's language")


class ArticleView(Article):
    """One article with its parts, its references and its policy."""

    paragraphs = show.parts(ParagraphView, "what `text` consists of")
    references = show.parts(ReferenceView, "articles it refers to, in order")
    referred_by = show.parts(MentionView, "articles that refer to it, 100 at most")

    policy = show.part(PolicySummary, "the policy")
    previous = show.text("the article before", null=True, uri=True)
    next = show.text("the article after", null=True, uri=True)
    disclaimer = show.text("in the caller's language")


class PolicyVersions(Shown):
    """All versions of a policy."""

    items = show.parts(PolicySummary, "the earliest first")
    disclaimer = show.text("in the caller's language")


class ImportNote(Shown):
    """What should be known of the file that was read."""

    line = show.count("0 for the file as a whole")
    code = show.text("for programs")
    message = show.text("in the caller's language")


class ImportReport(Shown):
    """What an import did."""

    id = show.text("of the policy")
    result = show.word("what became of it", RESULTS)
    articles = show.count("of the policy")
    superseded = show.parts(show.text("an id"), "versions that it supersedes")
    notes = show.parts(ImportNote, "what should be known")
    url = show.text("the policy", uri=True)
