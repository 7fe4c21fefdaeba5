"""What is answered about wordings, for the OpenAPI document of notify."""

from __future__ import annotations

from services.notify.people.entitlements import AUDIENCES, ENTITLEMENTS
from services.notify.people.preferences import WRITTEN
from shared.contracts import answers as show
from shared.contracts.answers import Shown

LANGUAGES = ("zh", "en")
KINDS = ("usual", "longest", "least")


class TemplateVersion(Shown):
    """One version of a text: of a file of this program, or released by an administrator."""

    version = show.count("to be named in If-Match")
    origin = show.word("where it comes from", ["file", "release"])
    released_at = show.moment("null for a file", null=True)
    released_by = show.text("who released it, as the token names it; null for a file", null=True)
    note = show.text("why; null for a file", null=True)


class TemplateText(TemplateVersion):
    """A version with its words."""

    text = show.text("as it was written; the first line of an e-mail is its subject")


class TemplatePlace(TemplateVersion):
    """The newest version of one wording in one channel and language."""

    wording = show.text("its name", example="case.session_scheduled")
    channel = show.word("over what", WRITTEN)
    language = show.word("in which language", LANGUAGES)


class TemplateList(Shown):
    """All of them."""

    items = show.parts(TemplatePlace, "by wording, channel and language")


class TemplateValue(Shown):
    """Something a wording may say."""

    name = show.text("as it is written between double braces", example="serial_number")
    meaning = show.text("what it is, for people")
    example = show.text("how it usually looks")
    longest = show.count("characters it can have")
    required = show.flag("whether every reader must be shown it")
    may_be_missing = show.flag("whether it may be empty")
    choices = show.parts(show.text("a word"), "what it can be, if it is there to be compared with")


class CurrentText(TemplatePlace):
    """The newest words, and which version counts."""

    text = show.text("as it was written; the first line of an e-mail is its subject")
    in_use = show.count(
        "the version that new messages take: an earlier one if this program gives other values "
        "than the newest needs"
    )


class TemplateWording(Shown):
    """One wording: who reads it, what it may say and what it says now."""

    wording = show.text("its name", example="case.session_scheduled")
    event = show.word("what it tells", ENTITLEMENTS)
    audiences = show.words(AUDIENCES, "who reads it")
    values = show.parts(TemplateValue, "what it may say")
    texts = show.parts(CurrentText, "by channel and language")
    warnings = show.parts(show.text("for people"), "what may be wrong, or meant so")


class TemplatePreview(Shown):
    """What one reader would get."""

    audience = show.word("who", AUDIENCES)
    kind = show.word(
        "`usual` values, the `longest` ones, or the `least`: without what may be missing", KINDS
    )
    subject = show.text("of an e-mail; null for a text message", null=True)
    text = show.text("the words")
    length = show.count("characters")
    segments = show.count("parts a text message is sent in; null for an e-mail", null=True)
    cost = show.text("what it costs, for people; null for an e-mail", null=True)


class TemplateShown(Shown):
    """Previews of a text that keeps all rules."""

    previews = show.parts(TemplatePreview, "every reader, as usual, at the longest, at the least")
    warnings = show.parts(show.text("for people"), "what may be wrong, or meant so")
    approval = show.text(
        "what must be approved by the text message providers first, for people; null if nothing",
        null=True,
    )


class TemplateReleased(TemplatePlace):
    """The version that counts from now on."""

    text = show.text("as it was written")
    previews = show.parts(TemplatePreview, "every reader, as usual, at the longest, at the least")
    warnings = show.parts(show.text("for people"), "what may be wrong, or meant so")
    approval = show.text(
        "what must be approved by the text message providers, for people; null if nothing",
        null=True,
    )


class TemplateVersions(Shown):
    """All versions of one text."""

    items = show.parts(TemplateText, "newest first")
