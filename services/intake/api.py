"""intake over HTTP: parse, call, present."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from flask import request

from services.intake import answers, handlers, presenting
from services.intake.application import Application as ApplicationBody
from services.intake.application import (
    Supplement,
    Withdrawal,
    validate,
    validate_supplement,
    validate_withdrawal,
)
from services.intake.document_forms import MEDIA_TYPES, Form, document_headers, wanted_form
from services.intake.document_issuing import CONTENT_TYPES
from services.intake.handlers import Receipt, Secrets
from services.intake.holders import HOLDER_HEADERS, HOLDER_REFUSALS, Holders
from services.intake.limits import PhoneLimit, SubmissionLimit
from services.intake.pages.policy import content_security_policy
from services.intake.pages.printing import render_pdf
from services.intake.pages.receipt import render_receipt
from services.intake.receipt_sheet import composed_receipt
from services.intake.settings import IntakeSettings
from services.intake.store import Applications, Capacity
from services.intake.submitters import PROOF_HEADER, Submitters
from shared import serial
from shared.asking import caller, json_bytes
from shared.civil_time import civil_day, rfc3339, today
from shared.commands import Decide, carry_out
from shared.contracts.schema import parse_json
from shared.contracts.vocabulary import DOCUMENTS
from shared.decision import NOTHING, Decision, State
from shared.divisions import find
from shared.errors import Refused, Transient
from shared.sealing import QueryCodes
from shared.store import AlreadyExists, Document, new_aggregate
from shared.web import Answer, Route

SERIAL_TRIES = 5
"""Draws of a serial number before giving up; a collision of 10^12 is a rarity already."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Intake:
    """What the views work with; made once per process by `app`."""

    settings: IntakeSettings
    applications: Applications
    capacity: Capacity
    secrets: Secrets
    holders: Holders
    limit: SubmissionLimit
    phone_limit: PhoneLimit
    submitters: Submitters
    running_keys: set[str] = field(default_factory=set)
    running_lock: Lock = field(default_factory=Lock)

    def submit(self) -> Answer:
        self.limit.check()
        self.capacity.require()
        raw = json_bytes()
        now = datetime.now(UTC)
        application = validate(parse_json(raw), civil_day(now))
        self.submitters.check(application)
        key = self._idempotency_key()
        if key is None:
            self.phone_limit.check(application)
            return self._submit_new(application, now, None, "")
        body_digest = handlers.digest(raw)
        try:
            self.phone_limit.check(application)
        except Refused:
            if self.applications.with_idempotency_key(key) is None:
                raise
            return self._answer_again(key, body_digest)
        with self.running_lock:
            if key in self.running_keys:
                raise _in_progress()
            self.running_keys.add(key)
        try:
            return self._submit_new(application, now, key, body_digest)
        finally:
            with self.running_lock:
                self.running_keys.discard(key)

    def _submit_new(
        self, application: Mapping[str, Any], now: datetime, key: str | None, body_digest: str
    ) -> Answer:
        place = application["submit_division"]
        division = find(place.get("township_code") or place["county_code"])
        if division is None:
            raise Transient("division_vanished")
        for _ in range(SERIAL_TRIES):
            receipt = Receipt(
                serial_number=serial.draw(civil_day(now).year),
                query_code=QueryCodes.draw(),
                respondent_codes=tuple(QueryCodes.draw() for _ in application["respondents"]),
                received_at=now,
                query_code_days=self.settings.query_code_days,
                division_code=division.code,
                division_name=division.name,
                idempotency_key=key,
                body_digest=body_digest,
            )
            document = new_aggregate(
                receipt.serial_number,
                handlers.submit(application, receipt, self.secrets),
                source="intake",
                division=division.code,
                at=now,
                trace=caller().trace,
            )
            document["submitted_hash"] = document["history_hash"]
            try:
                self.applications.submit(document)
            except AlreadyExists as taken:
                if taken.index == "_id":
                    continue
                return self._answer_again(key or "", body_digest)
            self.limit.used()
            self.phone_limit.used(application)
            return self._acknowledge(document, application, receipt.query_code)
        raise Transient("serial_numbers_exhausted")

    def _answer_again(self, key: str, body_digest: str) -> Answer:
        stored = self.applications.with_idempotency_key(key)
        if stored is None:
            raise _in_progress()  # stored by another process, not yet durable
        if stored["idempotency"]["body"] != body_digest:
            raise Refused("idempotency_key_reused")
        opened = presenting.unsealed(stored, self.secrets.applications)
        return self._acknowledge(stored, opened["application"], opened["query_code"])

    def _acknowledge(self, document: Document, application: Mapping[str, Any], code: str) -> Answer:
        url = self.settings.public_url
        body = presenting.acknowledgement(document, application, code, caller().language, url)
        return Answer(body, 201, {"Location": body["links"]["progress"]})

    def supplement(self, serial_number: str) -> Answer:
        number = self.holders.application(serial_number)["_id"]
        raw = json_bytes()
        given = parse_json(raw)
        key = self._idempotency_key(number)
        once = {"key": key, "body": handlers.digest(raw)} if key else None

        def decide(state: State, at: datetime) -> Decision:
            if once and handlers.is_repeated(state, once):
                return NOTHING
            room = self.settings.evidence_max_files - len(state["attachments"])
            added = validate_supplement(given, civil_day(at), room)
            return handlers.supplement(state, added, self.secrets, at, once=once)

        after = self._carry_out(number, decide)
        stored = next(
            s for s in reversed(after["supplements"]) if not once or s.get("once") == once
        )
        keyring = self.secrets.applications
        names = presenting.file_names(after, presenting.unsealed(after, keyring), keyring)
        return Answer(
            {
                "serial_number": number,
                "status": after["status"],
                "received_at": rfc3339(stored["at"]),
                "attachments": presenting.attachments(after, names, self.settings.public_url),
            },
            201,
        )

    def withdraw(self, serial_number: str) -> dict[str, Any]:
        number = self.holders.application(serial_number)["_id"]
        stated: Mapping[str, Any] = {}
        if request.content_length or "Transfer-Encoding" in request.headers:  # nobody has to
            stated = validate_withdrawal(parse_json(json_bytes()), today())
        after = self._carry_out(
            number, lambda state, at: handlers.withdraw(state, stated, self.secrets, at)
        )
        return {
            "serial_number": number,
            "status": after["status"],
            "withdrawn_at": rfc3339(after["withdrawn_at"]),
        }

    def receipt(self, serial_number: str) -> Answer:
        document = self.holders.application(serial_number)
        keyring = self.secrets.applications
        opened = presenting.unsealed(document, keyring)
        names = presenting.file_names(document, opened, keyring)
        language, url = caller().language, self.settings.public_url
        view = presenting.acknowledgement(
            document, opened["application"], opened["query_code"], language, url
        ) | {
            "status": document["status"],
            "next_steps": presenting.steps(document, presenting.awaited(document), language),
            "attachments": presenting.attachments(document, names, url),
            "category": document["category"],
            "claims": document["claims"],
            "history": {
                "application": document["history_hash"],
                "case": document.get("case_history_hash"),
            },
        }
        form = wanted_form("html")
        title = DOCUMENTS["receipt"].to(language)
        headers = document_headers("receipt", title, document["_id"], form)
        if form == "pdf":
            newest = document.get("case_history_hash") or document["history_hash"]
            receipt = composed_receipt(view, language, newest, url)
            pdf = render_pdf(receipt, document["received_at"])
            return Answer(pdf, content_type=CONTENT_TYPES[form], headers=headers)
        page = render_receipt(view, language)
        headers["Content-Security-Policy"] = content_security_policy(page)
        return Answer(page, content_type=CONTENT_TYPES[form], headers=headers)

    def _idempotency_key(self, number: str = "") -> str | None:
        """The hashed key of the request; of one that adds to the application of this number."""
        given = request.headers.get("Idempotency-Key")
        if given is None:
            return None
        if not _KEY.fullmatch(given):
            raise Refused("idempotency_key_invalid")
        principal = caller().principal
        owner = principal.subject if principal else ""
        return self.secrets.hasher.hash("idempotency_key", f"{owner}\n{number}{given}")

    def _carry_out(self, number: str, decide: Decide) -> Document:
        return carry_out(self.applications, number, decide, source="intake", trace=caller().trace)


def _in_progress() -> Refused:
    return Refused("idempotency_key_in_progress", extra={"retry_after": 1})


_BODY_REFUSALS = ("malformed_json", "validation_failed", "body_too_large", "unsupported_media_type")
_KEY_REFUSALS = ("idempotency_key_invalid", "idempotency_key_reused")


def routes(intake: Intake) -> Sequence[Route]:
    """Every operation on applications themselves."""
    one = "/v1/applications/{serial_number}"
    return (
        Route(
            "POST", "/v1/applications", intake.submit, "Apply for mediation",
            body=ApplicationBody, answer=answers.Acknowledgement, status=201,
            headers={"Idempotency-Key": "optional", PROOF_HEADER: "optional"},
            answer_headers=("Location",),
            refusals=(*_BODY_REFUSALS, *_KEY_REFUSALS, "idempotency_key_in_progress",
                      "too_many_attempts", "full", "phone_not_verified"),
        ),
        Route(
            "POST", one + "/supplements", intake.supplement, "Add a statement or evidence",
            body=Supplement, answer=answers.SupplementReceived, status=201,
            headers={**HOLDER_HEADERS, "Idempotency-Key": "optional"},
            refusals=(*HOLDER_REFUSALS, *_BODY_REFUSALS, *_KEY_REFUSALS, "command_not_allowed"),
        ),
        Route(
            "POST", one + "/withdrawal", intake.withdraw, "Take the application back",
            body=Withdrawal, body_optional=True, answer=answers.Withdrawn, headers=HOLDER_HEADERS,
            refusals=(*HOLDER_REFUSALS, *_BODY_REFUSALS, "command_not_allowed"),
        ),
        Route(
            "GET", one + "/receipt", intake.receipt, "Printable receipt with QR code",
            query=Form, headers=HOLDER_HEADERS, refusals=(*HOLDER_REFUSALS, "validation_failed"),
            media_type=MEDIA_TYPES, answer_headers=("Content-Disposition",),
        ),
    )  # fmt: skip
