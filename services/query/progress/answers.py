"""What query answers about a case, for its OpenAPI document: the JSON that `domain` and `chains`
make.
"""

from __future__ import annotations

from shared.contracts import answers as show
from shared.contracts.answers import Shown
from shared.contracts.clocks import CLOCKS
from shared.contracts.lifecycle import OUTCOMES, STATUSES
from shared.contracts.payloads import DivisionRef, MediatorRef, OrganisationRef
from shared.contracts.questions import PARTIES, QUESTIONS
from shared.contracts.vocabulary import (
    CATEGORIES,
    DOCUMENTS,
    FAILURE_REASONS,
    FLAGS,
    REFERRAL_STATUSES,
    REFERRALS,
    REFUSAL_REASONS,
    SESSION_MODES,
)

# --- progress ----------------------------------------------------------------------------------


class Step(Shown):
    """One change of status."""

    status = show.word("the status after it", STATUSES)
    at = show.moment("when")
    text = show.text("in the caller's language")


class Next(Shown):
    """What happens next."""

    text = show.text("in the caller's language")
    by = show.day("last day for it, null if there is none", null=True)


class _Standing(Shown):
    serial_number = show.serial_number()
    status = show.word("where the case stands", STATUSES)
    status_text = show.text("in the caller's language")
    updated_at = show.moment("when the status last changed")
    division = show.part(DivisionRef, "the place whose body has it")
    timeline = show.parts(Step, "all changes of status, oldest first")
    next = show.part(Next, "what happens next and by when")


class MaskedProgress(_Standing):
    """What a serial number alone shows."""

    masked = show.always(True, "there is more with the second factor")


class RunningClock(Shown):
    """A clock and its last day."""

    name = show.word("the clock", CLOCKS)
    title = show.text("in the caller's language")
    due_on = show.day("its last day")
    provisional = show.flag("the year's holiday plan was not out yet")


class Outcome(Shown):
    """How the case ended."""

    code = show.word("", OUTCOMES)
    text = show.text("in the caller's language")


class Reason(Shown):
    """Why it was not accepted, or failed."""

    code = show.word("", {**REFUSAL_REASONS, **FAILURE_REASONS})
    text = show.text("in the caller's language")


class Choice(Shown):
    """Something that can be answered."""

    answer = show.text("to be sent", example="agree")
    text = show.text("in the caller's language")


class Given(Shown):
    """What the viewer answered last."""

    answer = show.text("as sent")
    at = show.moment("when")


class OpenQuestion(Shown):
    """Something the viewer is asked."""

    id = show.text("id within the case", example="q1")
    kind = show.word("what it is about", QUESTIONS)
    text = show.text("in the caller's language")
    about = show.text("id of the session or referral", null=True)
    until = show.day("the new last day, of an extension", null=True)
    options = show.parts(Choice, "what can be answered")
    expires_on = show.day("last day to answer", null=True)
    answered = show.part(Given, "the viewer's answer, null while there is none", null=True)
    url = show.text("where to send the answer", uri=True)


class SessionView(Shown):
    """A session of mediation."""

    id = show.text("id within the case", example="s1")
    number = show.count("from 1")
    mode = show.word("online or on site", SESSION_MODES)
    mode_text = show.text("in the caller's language")
    starts_at = show.moment("when it begins")
    ends_at = show.moment("when it ends")
    place = show.text("of a session on site", null=True)
    status = show.word("", ("scheduled", "held", "cancelled"))


class AgreementView(Shown):
    """The agreement, as far as it has come."""

    perform_by = show.day("last day of performance", null=True)
    effective_at = show.moment("null until all have signed", null=True)
    signatures_missing = show.count("null until the first is there", null=True)


class ReferralView(Shown):
    """What follows the mediation or goes beside it."""

    id = show.text("id within the case", example="r1")
    kind = show.word("where to", REFERRALS)
    text = show.text("in the caller's language")
    status = show.word("how far it is", REFERRAL_STATUSES)
    status_text = show.text("in the caller's language")


class Document(Shown):
    """Something to read or print."""

    id = show.text("id within the case")
    kind = show.word("what it is", DOCUMENTS)
    title = show.text("in the caller's language")
    number = show.count("counts documents of its kind, from 1")
    issued_at = show.moment("when it was issued")
    sha256 = show.text("of the PDF; null for the receipt, which is made anew", null=True)
    history_hash = show.text("of the event of the history that it is about")
    url = show.text("where it is", uri=True)


class Progress(_Standing):
    """What a party sees: as much as is meant for its side."""

    masked = show.always(False, "this is all there is")
    party = show.word("the side that looks", PARTIES)
    category = show.word("kind of dispute", CATEGORIES)
    flags = show.words(FLAGS, "how it was sorted; to a respondent only how it is dealt with")
    organisation = show.part(OrganisationRef, "who has the case, null for nobody yet", null=True)
    mediator = show.part(MediatorRef, "who has the case, null for nobody yet", null=True)
    case_number = show.text("of an accepted case", null=True, example="济历劳人调〔2026〕第12号")
    outcome = show.part(Outcome, "of a closed case", null=True)
    reason = show.part(Reason, "of a case that was not accepted, or failed", null=True)
    deadlines = show.parts(RunningClock, "clocks that run")
    next_steps = show.parts(
        show.text("a sentence"), "what to do or expect, in the caller's language"
    )
    questions = show.parts(OpenQuestion, "what the viewer is asked and can answer now")
    sessions = show.parts(SessionView, "in their order")
    agreement = show.part(AgreementView, "null while there is none", null=True)
    referrals = show.parts(ReferralView, "those meant for the viewer")
    evidence_awaited = show.count(
        "declared files still missing, null while none is known", null=True
    )
    documents = show.parts(Document, "what there is to read")
    guidance_url = show.text("what this side can do, with the clocks of this case", uri=True)
    stream_url = show.text(
        "its changes as they come, for half an hour; with `calendar.ics` for `stream` its dates",
        uri=True, sometimes=True,
    )  # fmt: skip


class MyCases(Shown):
    """All cases of one person."""

    items = show.parts(Progress, "newest first")
    next = show.text("cursor of the next page, null on the last", null=True)


# --- history -----------------------------------------------------------------------------------

_HASH = "^[0-9a-f]{64}$"


class Link(Shown):
    """An event of a chain. Its hash is the SHA-256 of id, type, source, subject, time, sequence,
    division, data_hash and previous_hash as JSON with sorted keys; data_hash that of the salt, as it
    is written, and the data as JSON with sorted keys."""

    id = show.text("of the event")
    type = show.text("of the event", example="cn.tiaojie.case.accepted.v1")
    source = show.text("the service that told it")
    subject = show.serial_number()
    time = show.moment("when")
    sequence = show.text("counts the events of the chain, from 1", pattern="^[0-9]+$")
    division = show.text("code of the place")
    data_hash = show.text("SHA-256", pattern=_HASH)
    previous_hash = show.text("of the event before, empty for the first")
    hash = show.text("SHA-256; empty if it had none", pattern="^([0-9a-f]{64})?$")
    verified = show.flag("it had the hash it says it has when it arrived")
    status = show.word("of the case after it", STATUSES, null=True)
    text = show.text("in the caller's language")
    data = show.anything("what it says; null where that is sealed or not for the viewer", null=True)
    salt = show.text("hashed before the data; null without them", null=True)


class Chains(Shown):
    """The two chains of a case, each oldest first."""

    application = show.parts(Link, "begins with the submission")
    case = show.parts(Link, "begins after the submission")


class Heads(Shown):
    """The hash of the last event of each chain."""

    application = show.text("", null=True)
    case = show.text("", null=True)


class History(Shown):
    """The history of a case; `python -m services.query verify-history` verifies it offline."""

    serial_number = show.serial_number()
    chains = show.part(Chains, "all events known")
    heads = show.part(Heads, "where the chains end today")
    verified = show.flag("every event had the hash it says it has when it arrived")
