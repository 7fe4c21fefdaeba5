"""Whose application it is: who has its query code, or a token of its applicant or agent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import request

from services.intake.store import Applications
from shared.asking import caller, typed_serial_number
from shared.errors import Refused, Text
from shared.sealing import Hasher, QueryCodes
from shared.store import Document
from shared.throttle import Throttle, address_key, serial_key

HOLDER_HEADERS = {"X-Query-Code": "unless a token"}  # without either nobody is let in
HOLDER_REFUSALS = ("not_found", "serial_checksum", "query_code_wrong", "too_many_attempts")


@dataclass(frozen=True, slots=True)
class Holders:
    """Lets holders in. Wrong codes are counted per application and per address, unknown serial
    numbers per address; while a count is used up even the right code is refused, from anywhere,
    so that guessing tells nothing. A token of the applicant or agent is never locked out.
    """

    applications: Applications
    hasher: Hasher
    throttle: Throttle

    def application(self, typed: str) -> Document:
        """The application of a serial number, for its holder.

        Refused: serial_checksum, not_found, unauthorised without a code, query_code_wrong,
        too_many_attempts.
        """
        number = typed_serial_number(typed)
        document = self.applications.read(number)
        principal = caller().principal
        if document and principal and principal.id_number_hash in document["holder_hashes"]:
            return document
        address = address_key(self.hasher, caller().address)
        self.throttle.check("unknown_serial_per_address", address)
        if document is None:
            self.throttle.failed("unknown_serial_per_address", address)
            raise Refused("not_found")
        code = request.headers.get("X-Query-Code")
        if code is None:
            raise Refused("unauthorised", Text("请提供查询码", "The query code is missing"))
        self._check_code(document, code, address)
        return document

    def _check_code(self, document: Document, code: str, address: str) -> None:
        number = document["_id"]
        counted = (
            ("wrong_factor_per_address", address),
            ("wrong_factor_per_serial", serial_key(self.hasher, number)),
        )
        for purpose, key in counted:
            self.throttle.check(purpose, key)
        right = QueryCodes(self.hasher).matches(number, code, document["query_code_hash"])
        if not right or document["query_code_expires_at"] < datetime.now(UTC):
            for purpose, key in counted:
                self.throttle.failed(purpose, key)
            raise Refused("query_code_wrong")
