"""Whose application it is, and who of the parties is asking: by a code, or by a token.

An application has the query code of its receipt and a code for each respondent. A token speaks for
whoever's identity number it has the hash of.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import request

from services.intake.store import Applications
from shared.access import Concerned
from shared.asking import caller, reached, typed_serial_number
from shared.errors import Refused, Text
from shared.sealing import Hasher, QueryCodes
from shared.second_factors import SecondFactors
from shared.store import Document
from shared.throttle import Throttle, address_key

HOLDER_HEADERS = {"X-Query-Code": "unless a token"}  # without either nobody is let in
HOLDER_REFUSALS = ("not_found", "serial_checksum", "query_code_wrong", "too_many_attempts")


@dataclass(frozen=True, slots=True)
class Seat:
    """Who somebody is in an application.

    `index` is None for an applicant who is represented by others. `by_agent` is known of tokens
    only: whoever has the receipt has its code. `means` is one of code, token.
    """

    party: str
    index: int | None
    by_agent: bool
    means: str

    @property
    def is_respondent(self) -> bool:
        return self.party == "respondent"


@dataclass(frozen=True, slots=True)
class Holders:
    """Lets holders in. Wrong codes are counted (shared.second_factors), unknown serial numbers per
    address. A token of a party is never locked out.
    """

    applications: Applications
    hasher: Hasher
    throttle: Throttle

    def application(self, typed: str) -> Document:
        """The application of a serial number, for its holder: applicant or agent.

        Refused: serial_checksum, not_found, unauthorised without a code, query_code_wrong,
        too_many_attempts.
        """
        document, _ = self._let_in(typed, respondents=False)
        return document

    def party(self, typed: str) -> tuple[Document, Seat]:
        """The application, and which of its parties is asking.

        Refused as in `application`. A respondent is let in from when respondents were asked
        something for the first time: until then its code is wrong and its token a stranger's.
        """
        return self._let_in(typed, respondents=True)

    def _let_in(self, typed: str, *, respondents: bool) -> tuple[Document, Seat]:
        number = typed_serial_number(typed)
        document = self.applications.read(number)
        seat = _seat_of_token(document) if document else None
        if document and seat and (respondents or not seat.is_respondent):
            return document, seat
        address = address_key(self.hasher, caller().address)
        self.throttle.check("unknown_serial_per_address", address)
        if document is None:
            self.throttle.failed("unknown_serial_per_address", address)
            raise Refused("not_found")
        code = request.headers.get("X-Query-Code")
        if code is None:
            raise Refused("unauthorised", Text("请提供查询码", "The query code is missing"))
        return document, self._seat_of_code(document, code, respondents=respondents)

    def _seat_of_code(self, document: Document, code: str, *, respondents: bool) -> Seat:
        number = document["_id"]

        def found() -> Seat | None:
            hashed = QueryCodes(self.hasher).hash(number, code)
            fits = _matching(hashed, [document["query_code_hash"], *_respondent_codes(document)])
            seat = _place(fits, document)
            is_over = document["query_code_expires_at"] < datetime.now(UTC)
            return None if is_over or (seat and seat.is_respondent and not respondents) else seat

        return SecondFactors(self.hasher, self.throttle).by_code(number, found)


def _seat_of_token(document: Document) -> Seat | None:
    """Who the caller's token speaks for here; None for a stranger's, for that of somebody who may
    not come this far by the policy table, and for no token."""
    principal = caller().principal
    asked = _asked_respondents(document)
    concerned = Concerned(holders=document["holder_hashes"], parties=list(asked))
    if principal is None or not reached(concerned):
        return None
    hashed = principal.id_number_hash
    if hashed in document["holder_hashes"]:
        speakers: Sequence[str | None] = document.get("speaker_hashes") or [hashed]
        if hashed in speakers:
            return Seat("applicant", speakers.index(hashed), by_agent=False, means="token")
        by_agent = hashed == document.get("agent_hash")
        return Seat("applicant", 0 if by_agent else None, by_agent=by_agent, means="token")
    if hashed in asked:
        return Seat("respondent", asked[hashed], by_agent=False, means="token")
    return None


def _asked_respondents(document: Document) -> dict[str, int]:
    """Identity hash → place of the respondents who were asked something: the others are not in
    it yet."""
    known = document.get("asked_respondents", ())
    return {h: n for n, h in reversed([*enumerate(document["respondent_hashes"])]) if n in known}


def _respondent_codes(document: Document) -> Sequence[str]:
    return document.get("respondent_code_hashes") or ()


def _matching(hashed: str, expected: Sequence[str]) -> int | None:
    """The place of the hash that is equal; all are compared, each in constant time."""
    found = None
    for place, each in enumerate(expected):
        if hmac.compare_digest(hashed.encode(), each.encode()):
            found = place
    return found


def _place(fits: int | None, document: Document) -> Seat | None:
    """The party whose code it is: the receipt's is that of the first applicant."""
    if fits is None:
        return None
    if fits == 0:
        return Seat("applicant", 0, by_agent=False, means="code")
    if fits - 1 not in document.get("asked_respondents", ()):
        return None
    return Seat("respondent", fits - 1, by_agent=False, means="code")
