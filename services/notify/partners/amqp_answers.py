"""What the operations on partners' own queues answer, for the OpenAPI document of notify."""

from __future__ import annotations

from shared.contracts import answers as show
from shared.contracts.answers import Shown


class QueueLimits(Shown):
    """What bounds a queue and its user."""

    max_length = show.count("events it holds; the oldest leaves for one that comes when it is full")
    message_ttl_days = show.count("days after which an event leaves it unread")
    max_connections = show.count("connections its user may have open")
    max_channels = show.count("channels its user may have open")


class QueueDepth(Shown):
    """What is in the queue right now; null where the broker could not be asked."""

    waiting = show.count("events that wait, those in a reader's hand not counted", null=True)
    consumers = show.count("readers", null=True)


class DroppedEvents(Shown):
    """Events that left the queue unread. A period of losses ends with a day without any."""

    count = show.count("in the latest period")
    total = show.count("since the queue was made")
    oldest_dropped_at = show.moment("when the latest period began, null for none", null=True)
    latest_dropped_at = show.moment("when the last one left, null for none", null=True)
    cursor = show.text(
        "read `GET /v1/events` from here for what the latest period lost; null for nothing",
        null=True,
    )


class AmqpCredentials(Shown):
    """A partner's own queue and its user."""

    id = show.text("names the credentials", example="amqp_3q2-7wQbTt2hV0m8Zr1K9g")
    channel = show.text("whose they are")
    urls = show.parts(
        show.text("address of the broker with the virtual host", example="amqps://host:5671/vhost"),
        "any of them will do",
    )
    tls = show.flag("whether connections are encrypted; development systems may do without")
    user = show.text("name to log in with")
    queue = show.text("the queue to consume from, the only thing the user may do")
    exchange = show.text("what the queue is bound to; not for the user")
    event_types = show.parts(show.text("a type, or a prefix with `*`"), "what comes")
    divisions = show.parts(show.text("a division code"), "from where; empty for everywhere")
    description = show.text("the partner's own words", null=True)
    alert_email = show.text("who is told of losses, masked", null=True, example="z***@example.com")
    language = show.word("that it is written in", ["zh", "en"])
    limits = show.part(QueueLimits, "how much the queue keeps")
    depth = show.part(QueueDepth, "what it holds")
    dropped = show.part(DroppedEvents, "what it lost")
    settled = show.flag("whether the broker has taken the last change; if not, it is about to")
    created_at = show.moment("when it was made")
    updated_at = show.moment("when it was changed last")


class NewAmqpCredentials(AmqpCredentials):
    """The same with the password, which is shown this once."""

    password = show.text("to log in with; it cannot be read again, only replaced")
    connection_urls = show.parts(
        show.text("address with user and password in it"), "as most clients take them"
    )
    feed_cursor = show.text(
        "whatever came before the queue was there can be read from `GET /v1/events` up to here"
    )


class AmqpCredentialsList(Shown):
    """The queues of a channel; of all for administrators."""

    items = show.parts(AmqpCredentials, "newest first, at most 200")
