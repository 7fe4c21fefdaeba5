"""What notify answers, for its OpenAPI document: the JSON that `messages.present` makes."""

from __future__ import annotations

from services.notify.domain import CHANNELS
from services.notify.people.entitlements import AUDIENCES, ENTITLEMENTS
from services.notify.people.messages import STATUSES
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
    status = show.word("what became of it", STATUSES)
    attempts = show.count("times it was handed over, or tried to be")
    expires_at = show.moment("when it would come too late, null if it never does", null=True)
    next_attempt_at = show.moment("when it is due, null when it is settled", null=True)
    created_at = show.moment("when it was planned")
    sent_at = show.moment("when the provider took it, null while it has not", null=True)
    provider_reference = show.text("the provider's name for it", null=True)
    last_error = show.text("code of the last failure", null=True)
    development_text = show.text(
        "the words, in development systems alone", null=True, sometimes=True
    )


class StaffContact(Shown):
    """Where somebody of the staff is told, masked."""

    phone = show.text("masked", null=True, example="138****0011")
    email = show.text("masked", null=True, example="z***@example.com")
    language = show.word("that messages are written in", ["zh", "en"])


class StaffDesk(Shown):
    """Whose contacts, and which."""

    audience = show.text("`platform`, `organisation:<id>` or `mediator:<id>`")
    organisation = show.text("the one that the mediator belongs to", null=True)
    contacts = show.parts(StaffContact, "in their order")
    updated_at = show.moment("when they were last stated")


class MessagePage(Shown):
    """The newest messages."""

    items = show.parts(SentMessage, "newest first, at most 100")
