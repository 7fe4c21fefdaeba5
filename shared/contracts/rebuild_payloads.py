"""What the event says that asks the services to tell everything again."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.payloads import Payload


class RebuildRequested(Payload):
    rebuild = fields.String(required=True, metadata={"description": "id of the rebuild"})
