"""What the operations on subscriptions and deliveries answer, for the OpenAPI document of notify."""

from __future__ import annotations

from services.notify.partners.deliveries import STATUSES as DELIVERY_STATUSES
from services.notify.partners.feed_answers import PartnerEvent
from services.notify.partners.subscriptions import REASONS, STATUSES
from shared.contracts import answers as show
from shared.contracts.answers import Shown


class Verification(Shown):
    """How far the handshake is."""

    tries = show.count("calls that failed so far")
    next_attempt_at = show.moment("when it is tried again, null if it is not", null=True)
    last_code = show.text("why the last one failed", null=True, example="challenge_not_repeated")


class SigningSecret(Shown):
    """A secret that signs, without its words."""

    created_at = show.moment("when it was made")
    expires_at = show.moment("when it stops signing, null if it does not", null=True)


class Progress(Shown):
    """How far its deliveries are."""

    behind = show.count("events of the log that it has not come to yet, wanted or not")
    failures = show.count("failures of its endpoint in a row")
    failing_since = show.moment("when these began, null for none", null=True)
    last_error = show.text("code of the last failure", null=True, example="timeout")
    last_success_at = show.moment("when its endpoint last took an event", null=True)


class Subscription(Shown):
    """A webhook: which events go to which address."""

    id = show.text("names the subscription", example="sub_3q2-7wQbTt2hV0m8Zr1K9g")
    channel = show.text("whose it is")
    url = show.text("where events go")
    event_types = show.parts(show.text("a type, or a prefix with `*`"), "what goes there")
    divisions = show.parts(show.text("digits of a division code"), "from where; empty: everywhere")
    description = show.text("the partner's own words", null=True)
    refuses_unsigned = show.flag("whether the handshake proves that unsigned calls are refused")
    alert_email = show.text("who is told of trouble, masked", null=True, example="z***@example.com")
    language = show.word("that it is written in", ["zh", "en"])
    max_per_second = show.count("calls a second at most, null for no limit of its own", null=True)
    concurrency = show.count("calls at a time at most, null for the usual 8", null=True)
    status = show.word("whether events go there", STATUSES)
    reason = show.word("why it is paused or stopped", REASONS, null=True)
    verification = show.part(Verification, "the handshake")
    secrets = show.parts(SigningSecret, "newest first")
    progress = show.part(Progress, "its deliveries")
    created_at = show.moment("when it was made")
    updated_at = show.moment("when it was changed last")


class SubscriptionWithSecret(Subscription):
    """The same with the secret, which is shown this once."""

    secret = show.text("signs its calls (Standard Webhooks)", example="whsec_MfKQ9r8GKYqrTwjUPD8I")


class SubscriptionPage(Shown):
    """The subscriptions of a channel; of all for administrators."""

    items = show.parts(Subscription, "newest first, at most 200")


class DeliveryAttempt(Shown):
    """One call."""

    at = show.moment("when it began")
    status_code = show.count("the endpoint's answer, null for none", null=True)
    latency_ms = show.count("how long it took, milliseconds")
    error = show.text("why it failed, null if it did not", null=True, example="http_500")


class DeliveryRequest(Shown):
    """What is sent; the signature is made anew for each call."""

    url = show.text("where to")
    webhook_id = show.text("header `webhook-id`: the same for each attempt")
    event = show.part(PartnerEvent, "the body; null once the log no longer has it", null=True)


class Delivery(Shown):
    """One event on its way to one subscription."""

    event_id = show.text("the event, and its name among the deliveries")
    event_type = show.text("what it tells")
    subject = show.text("the serial number or what else it is about")
    status = show.word("what became of it", DELIVERY_STATUSES)
    tries = show.count("calls made by its schedule")
    attempts = show.parts(DeliveryAttempt, "the last 12")
    next_attempt_at = show.moment("when it is tried again", null=True)
    created_at = show.moment("when it was recorded")
    settled_at = show.moment("when it ended", null=True)


class WholeDelivery(Delivery):
    """The same with what is sent."""

    request = show.part(DeliveryRequest, "what is sent")


class DeliveryPage(Shown):
    """Deliveries of a subscription."""

    items = show.parts(Delivery, "newest events first")
    next = show.text("`below` of the next page, null at the end", null=True)
    tests = show.parts(Delivery, "the latest test events, on the first page")


class ReplayBegun(Shown):
    """What is delivered again."""

    events = show.count(
        "deliveries made due; of a replay since a moment the events of the log looked at again"
    )
    on_their_way = show.count("named events that were not delivered yet and still will be")
    not_found = show.parts(
        show.text("an event id"), "named events that are not kept, or not wanted"
    )
