"""Whose inbox it is: the side of a case that a caller's token or code lets in.

The codes are known from the sealed contacts, which are opened for the comparison alone. Wrong ones are
counted (shared.second_factors), unknown serial numbers per address. A respondent has no inbox before its
consent was sought: until then its code is wrong and its token a stranger's. A party with a token is never
locked out.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import request

from services.notify.people.inbox import Side
from services.notify.people.persons import read_recipients
from shared.access import Concerned
from shared.asking import caller, reached, typed_serial_number
from shared.errors import Refused, Text
from shared.sealing import Hasher, Keyring, QueryCodes
from shared.second_factors import SecondFactors
from shared.store import Document, backend_errors
from shared.throttle import Throttle, address_key

if TYPE_CHECKING:
    from pymongo.database import Database

READER_HEADERS = {"X-Query-Code": "unless a token"}
READER_REFUSALS = ("not_found", "serial_checksum", "query_code_wrong", "too_many_attempts")


@dataclass(frozen=True, slots=True)
class Readers:
    """Lets parties in."""

    database: Database[Document]
    keyring: Keyring
    hasher: Hasher
    throttle: Throttle

    def side(self, typed: str) -> tuple[str, Side]:
        """The serial number, and the side that asks.

        Refused: serial_checksum, not_found, unauthorised without a code, query_code_wrong,
        too_many_attempts.
        """
        number = typed_serial_number(typed)
        with backend_errors():
            kept = self.database["recipients"].find_one({"_id": number})
        known = kept if kept and kept.get("submitted") else None
        if known and (side := _side_of_token(known)):
            return number, side
        address = address_key(self.hasher, caller().address)
        self.throttle.check("unknown_serial_per_address", address)
        if known is None:
            self.throttle.failed("unknown_serial_per_address", address)
            raise Refused("not_found")
        code = request.headers.get("X-Query-Code")
        if code is None:
            raise Refused("unauthorised", Text("请提供查询码", "The query code is missing"))
        return number, self._side_of_code(known, code)

    def _side_of_code(self, kept: Document, code: str) -> Side:
        factors = SecondFactors(self.hasher, self.throttle)
        return factors.by_code(kept["_id"], partial(self._found, kept, code))

    def _found(self, kept: Document, code: str) -> Side | None:
        opened = self.keyring.open(kept["contacts"], f"contacts:{kept['_id']}")
        recipients = read_recipients(opened)
        places = [(Side("applicant"), recipients.query_code)]
        places += [
            (Side("respondent", person.index), person.code)
            for person in recipients.persons
            if person.party == "respondent"
        ]
        side = _matching(code, places)
        expires = kept.get("codes_expire_at")
        is_over = expires is not None and expires <= datetime.now(UTC)
        is_early = side is not None and side.party == "respondent" and not _is_asked(kept)
        return None if is_over or is_early else side


def _side_of_token(kept: Mapping[str, Any]) -> Side | None:
    """The side that the caller's token speaks for; None for a stranger's and for no token."""
    holders = kept.get("holder_hashes", ())
    respondents = kept.get("respondent_hashes", ()) if _is_asked(kept) else ()
    principal = caller().principal
    if principal is None or not reached(Concerned(holders=holders, parties=respondents)):
        return None
    if principal.id_number_hash in holders:
        return Side("applicant")
    if principal.id_number_hash in respondents:
        return Side("respondent", list(respondents).index(principal.id_number_hash))
    return None


def _is_asked(kept: Mapping[str, Any]) -> bool:
    return kept.get("asked_at") is not None


def _matching(code: str, places: Sequence[tuple[Side, str]]) -> Side | None:
    """The side whose code it is; all are compared, each in constant time."""
    typed = QueryCodes.normalise(code).encode("utf-8", "surrogatepass")
    found = None
    for side, expected in places:
        known = QueryCodes.normalise(expected).encode()
        if known and hmac.compare_digest(typed, known):
            found = side
    return found
