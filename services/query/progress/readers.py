"""Whose case it is: which side a caller may see it from, by its code, its phone or its token."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from services.query import domain
from services.query.progress import tickets
from services.query.progress.viewer import APPLICANT, Viewer, by_identity, lets_respondents_in
from services.query.store import ReadModels
from shared.asking import caller
from shared.errors import Refused, Text
from shared.sealing import Hasher, QueryCodes, phone_last4_hash
from shared.second_factors import SecondFactors
from shared.store import Document
from shared.throttle import Throttle, address_key

READER_REFUSALS = ("not_found", "serial_checksum", "too_many_attempts", "query_code_wrong")


@dataclass(frozen=True, slots=True)
class Readers:
    """Lets parties in. Wrong factors are counted (shared.second_factors), unknown serial numbers
    per address. A respondent's code is a wrong one until its consent was sought. A party with a
    token is never locked out.
    """

    models: ReadModels
    hasher: Hasher
    throttle: Throttle

    def known(self, number: str) -> tuple[Document, Viewer | None]:
        """The progress of a serial number, and the side the caller's token or code lets in.

        Refused("not_found") for an unknown one, Refused("query_code_wrong") for a wrong code.
        """
        document = self.found(number)
        viewer = by_identity(document, _identity())
        code = caller().header("X_QUERY_CODE")
        if viewer is None and code:
            viewer = self.by_factor(document, number, query_code=code, phone_last4=None)
        return document, viewer

    def found(self, number: str) -> Document:
        """Whoever has tried too many unknown numbers is refused the known ones too, or could go on
        trying; not so a person with a token, who sees its own."""
        document = self.models.progress(number)
        known = document is not None and domain.is_known(document)
        if document is not None and known and by_identity(document, _identity()):
            return document
        address = self.check_address()
        if document is not None and known:
            return document
        self.throttle.failed("unknown_serial_per_address", address)
        raise Refused(
            "not_found",
            Text(
                "没有找到该流水号；刚刚提交的，请稍候再查。",
                "No such serial number; if you submitted just now, try again in a moment.",
            ),
        )

    def place(self) -> str:
        """Where the caller asks from: its address, of IPv6 the /64 that one client owns."""
        return address_key(self.hasher, caller().address).partition("/")[0]

    def check_address(self) -> str:
        """The key of the caller's address; Refused if it has tried too many unknown numbers."""
        address = address_key(self.hasher, caller().address)
        self.throttle.check("unknown_serial_per_address", address)
        return address

    def is_nobody(self) -> bool:
        """Whether the caller shows neither a token nor a code: a serial number alone."""
        return caller().principal is None and not caller().header("X_QUERY_CODE")

    def by_factor(
        self, document: Document, number: str, *, query_code: str | None, phone_last4: str | None
    ) -> Viewer:
        """The side a second factor lets in; failures cost, per address and serial number."""
        factors = SecondFactors(self.hasher, self.throttle)
        if query_code:
            return factors.by_code(number, partial(self._by_code, document, number, query_code))
        return factors.by_digits(
            number, partial(self._by_digits, document, number, phone_last4 or "")
        )

    def by_ticket(self, number: str, ticket: str) -> Viewer:
        """The side a ticket shows. A wrong one costs nothing: there is nothing in it to guess, and
        programs come back with an ended one by themselves."""
        viewer = tickets.viewer_of(self.hasher, number, ticket, time.time())
        if viewer is None:
            raise Refused(
                "query_code_wrong",
                Text("链接已失效，请重新查询", "The link has expired, look the case up again"),
            )
        return viewer

    def _by_digits(self, document: Document, number: str, last4: str) -> Viewer | None:
        hashed = phone_last4_hash(self.hasher, number, last4)
        return APPLICANT if hashed in domain.last4_hashes(document) else None

    def _by_code(self, document: Document, number: str, code: str) -> Viewer | None:
        """One hash and a comparison with every code there is, whichever it is: the work tells
        nothing, not even how many respondents there are to compare with."""
        typed = QueryCodes(self.hasher).hash(number, code).encode()
        expected = (document["query_code_hash"], *document["respondent_code_hashes"])
        found = [hmac.compare_digest(typed, each.encode()) for each in expected]
        if document["query_code_expires_at"] <= datetime.now(UTC) or True not in found:
            return None
        place = found.index(True)
        if place == 0:
            return APPLICANT
        return Viewer("respondent", place - 1) if lets_respondents_in(document) else None


def _identity() -> str | None:
    principal = caller().principal
    return principal.id_number_hash if principal else None
