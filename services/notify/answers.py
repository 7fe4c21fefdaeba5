"""What notify answers, for its OpenAPI document: the JSON that `messages.present` makes."""

from __future__ import annotations

from typing import get_args

from services.notify.domain import CHANNELS, ENTITLEMENTS, Party
from services.notify.messages import STATUSES
from shared.contracts import answers as show
from shared.contracts.answers import Shown


class SentMessage(Shown):
    """One message to one person over one channel."""

    message_id = show.text("the same for the same event, person and channel")
    to = show.text("the address, masked", example="138****0011")
    serial_number = show.serial_number()
    event_id = show.text("the event that caused it")
    event_name = show.word("what is told", ENTITLEMENTS)
    party = show.word("who is told", get_args(Party))
    index = show.count("which of the party's persons")
    channel = show.word("over what", CHANNELS)
    language = show.word("the person's", ["zh", "en"])
    template = show.text("name of the wording")
    template_version = show.count("version of the wording")
    status = show.word("what became of it", STATUSES)
    attempts = show.count("times it was handed over, or tried to be")
    next_attempt_at = show.moment("when it is due, null when it is settled", null=True)
    created_at = show.moment("when it was planned")
    sent_at = show.moment("when the provider took it, null while it has not", null=True)
    provider_reference = show.text("the provider's name for it", null=True)
    last_error = show.text("code of the last failure", null=True)
    development_text = show.text(
        "the words, in development systems alone", null=True, sometimes=True
    )


class MessagePage(Shown):
    """The newest messages."""

    items = show.parts(SentMessage, "newest first, at most 100")
