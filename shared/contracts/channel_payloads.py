"""What events about partner channels themselves say: inside the product, to whoever must act."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.payloads import Payload


class ChannelTrouble(Payload):
    """Something a partner and the platform must hear of; `contacts` says where the partner does."""

    channel = fields.String(required=True, metadata={"description": "the partner's channel"})
    contacts = fields.String(
        allow_none=True, metadata={"description": "sealed for notify: the partner's alert address"}
    )


class SubscriptionPaused(ChannelTrouble):
    failing_since = fields.AwareDateTime(required=True)
    reason = fields.String(required=True, metadata={"description": "code of the last failure"})


class SubscriptionStopped(ChannelTrouble):
    reason = fields.String(required=True, metadata={"description": "`gone` or `unverified`"})


class PartnerQueueOverflowed(ChannelTrouble):
    dropped = fields.Integer(
        required=True, metadata={"description": "events that left the queue unread this time"}
    )
