"""Whose case it is: which side a caller may see it from, by its code, its phone or its token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import request

from services.query import domain
from services.query.progress.viewer import APPLICANT, Viewer, by_identity, lets_respondents_in
from services.query.store import ReadModels
from shared.asking import caller
from shared.errors import Refused, Text
from shared.sealing import Hasher, QueryCodes, phone_last4_hash
from shared.store import Document
from shared.throttle import Throttle, address_key, serial_key

READER_REFUSALS = ("not_found", "serial_checksum", "too_many_attempts", "query_code_wrong")


@dataclass(frozen=True, slots=True)
class Readers:
    """Lets parties in. Wrong factors are counted per case and per address, unknown serial numbers
    per address; while a count is used up even the right factor is refused, so that guessing tells
    nothing. A respondent's code is a wrong one until its consent was sought. A party with a token
    is never locked out.
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
        code = request.headers.get("X-Query-Code")
        if viewer is None and code is not None:
            viewer = self.by_factor(document, number, query_code=code, phone_last4=None)
        return document, viewer

    def found(self, number: str) -> Document:
        """Whoever has tried too many unknown numbers is refused the known ones too, or could go on
        trying; not so a person with a token, who sees its own."""
        document = self.models.progress(number)
        known = document is not None and domain.is_known(document)
        if document is not None and known and by_identity(document, _identity()):
            return document
        address = address_key(self.hasher, caller().address)
        self.throttle.check("unknown_serial_per_address", address)
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

    def by_factor(
        self, document: Document, number: str, *, query_code: str | None, phone_last4: str | None
    ) -> Viewer:
        """The side a second factor lets in; failures cost, per address and serial number."""
        counted = (
            ("wrong_factor_per_address", address_key(self.hasher, caller().address)),
            ("wrong_factor_per_serial", serial_key(self.hasher, number)),
        )
        for purpose, key in counted:
            self.throttle.check(purpose, key)
        viewer: Viewer | None = None
        if query_code:
            viewer = self._by_code(document, number, query_code)
        elif phone_last4:
            hashed = phone_last4_hash(self.hasher, number, phone_last4)
            viewer = APPLICANT if hashed in domain.last4_hashes(document) else None
        if viewer is None:
            for purpose, key in counted:
                self.throttle.failed(purpose, key)
            raise Refused("query_code_wrong")
        return viewer

    def _by_code(self, document: Document, number: str, code: str) -> Viewer | None:
        """All codes are compared, whichever it is: the time an answer takes tells nothing."""
        codes = QueryCodes(self.hasher)
        is_applicant = codes.matches(number, code, document["query_code_hash"])
        respondents = [
            index
            for index, expected in enumerate(document["respondent_code_hashes"])
            if codes.matches(number, code, expected)
        ]
        if document["query_code_expires_at"] <= datetime.now(UTC):
            return None
        if is_applicant:
            return APPLICANT
        if respondents and lets_respondents_in(document):
            return Viewer("respondent", respondents[0])
        return None


def _identity() -> str | None:
    principal = caller().principal
    return principal.id_number_hash if principal else None
