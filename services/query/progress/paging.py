"""Where a list of one's own cases goes on: behind a case, newest first."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import NamedTuple

from shared import serial
from shared.errors import FieldError, Refused, Text

LONGEST = 80


class Place(NamedTuple):
    """The last case of a page: when it was received, and its serial number."""

    received_at: datetime
    number: str


def cursor_of(place: Place) -> str:
    text = f"{place.received_at.astimezone(UTC).isoformat()} {place.number}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str) -> Place:
    """The place of a cursor; Refused("validation_failed") for any other text."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
        moment, _, number = text.partition(" ")
        stated = datetime.fromisoformat(moment)
        received_at = stated.astimezone(UTC) if stated.tzinfo else None
    except (binascii.Error, ValueError, OverflowError):
        received_at, number = None, ""
    if received_at is None or not serial.is_valid(number):
        message = Text("游标无效，请从头查询", "No such cursor, begin at the start")
        raise Refused("validation_failed", errors=[FieldError("/after", "bad_format", message)])
    return Place(received_at, number)
