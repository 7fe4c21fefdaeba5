"""What notify answers, for its OpenAPI document: the JSON that `messages.present` makes."""

from __future__ import annotations

from services.notify.people.entitlements import AUDIENCES, ENTITLEMENTS
from services.notify.people.preferences import CHANNELS
from services.notify.people.statuses import STATUSES
from shared.contracts import answers as show
from shared.contracts.answers import Shown


class SentMessage(Shown):
    """One message to one person over one channel."""

    message_id = show.text("the same for the same event, person and channel")
    to = show.text("the address, masked", example="138****0011")
    serial_number = show.text(
        "16 digits; null for what is about no case", null=True, pattern=show.SERIAL_PATTERN
    )
    event_id = show.text("the event that caused it")
    event_name = show.word("what is told", ENTITLEMENTS)
    party = show.word("who is told", AUDIENCES)
    index = show.count("which of its persons")
    channel = show.word("over what", CHANNELS)
    language = show.word("the person's", ["zh", "en"])
    template = show.text("name of the wording")
    template_version = show.count("version of the wording")
    urgent = show.flag("whether it may ring at night")
    status = show.word("what became of it", STATUSES)
    attempts = show.count("times it was handed over, or tried to be")
    expires_at = show.moment("when it would come too late, null if it never does", null=True)
    next_attempt_at = show.moment("when it is due, null when it is settled", null=True)
    created_at = show.moment("when it was planned")
    sent_at = show.moment("when the provider took it, null while it has not", null=True)
    settled_at = show.moment("when it ended, null while it has not", null=True)
    provider = show.text("which provider took it, where there are several", null=True)
    provider_reference = show.text("the provider's name for it", null=True)
    last_error = show.text("code of the last failure", null=True)
    next_message = show.text("the one to the person's next address, should this fail", null=True)
    resend_of = show.text("the message that this one repeats", null=True)
    development_text = show.text(
        "the words, in development systems alone", null=True, sometimes=True
    )


class StaffContact(Shown):
    """Where somebody of the staff is told, masked."""

    phone = show.text("masked", null=True, example="138****0011")
    email = show.text("masked", null=True, example="z***@example.com")
    chat = show.text("robot of a group, masked", null=True, example="dingtalk://***")
    language = show.word("that messages are written in", ["zh", "en"])


class StaffDesk(Shown):
    """Whose contacts, and which."""

    audience = show.text("`platform`, `organisation:<id>` or `mediator:<id>`")
    organisation = show.text("the one that the mediator belongs to", null=True)
    contacts = show.parts(StaffContact, "in their order")
    updated_at = show.moment("when they were last stated")


class Attempt(Shown):
    """One try to hand a message over, or a receipt."""

    at = show.moment("when it ended")
    provider = show.text("of which provider, where there are several", null=True)
    outcome = show.word("what came of it", [*STATUSES, "try_later"])
    code = show.text("why it failed", null=True)


class WholeMessage(SentMessage):
    """One message with all that is known of it."""

    history = show.parts(Attempt, "the last 12, in their order")
    resent_by = show.text("who asked to send it again", null=True)


class MessagePage(Shown):
    """A page of messages."""

    items = show.parts(SentMessage, "newest first, at most 100")
    next = show.text("`before` of the next page; null if this is the last", null=True)
