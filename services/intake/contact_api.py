"""Changing one's contact over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.intake import answers, contact
from services.intake.contact import ContactChange
from services.intake.handlers import Secrets
from services.intake.holders import HOLDER_HEADERS, HOLDER_REFUSALS, Holders
from shared.asking import caller, json_bytes
from shared.civil_time import civil_day
from shared.commands import carry_out
from shared.contracts.schema import parse_json
from shared.web import Route


@dataclass(frozen=True, slots=True)
class ContactDesk:
    """What the view works with; made once per process by `app`."""

    holders: Holders
    secrets: Secrets

    def change(self, serial_number: str) -> dict[str, Any]:
        document, seat = self.holders.party(serial_number)
        body = parse_json(json_bytes())
        principal = caller().principal
        identity = principal.id_number_hash if principal else None
        after = carry_out(
            self.holders.applications,
            document["_id"],
            lambda state, at: contact.change(
                state, seat, identity, body, secrets=self.secrets, today=civil_day(at)
            ),
            source="intake",
            trace=caller().trace,
        )
        return {
            "serial_number": after["_id"],
            "party": seat.party,
            "index": seat.index,
            "contact": contact.current_contact(after, seat, identity, self.secrets),
        }


def routes(desk: ContactDesk) -> Sequence[Route]:
    """The operation on one's own contact."""
    return (
        Route(
            "PATCH", "/v1/applications/{serial_number}/contact", desk.change,
            "Change how one can be reached", body=ContactChange, answer=answers.OwnContact,
            headers=HOLDER_HEADERS,
            refusals=(*HOLDER_REFUSALS, "malformed_json", "validation_failed", "body_too_large",
                      "unsupported_media_type", "command_not_allowed"),
        ),
    )  # fmt: skip
