"""intake over HTTP: parse, call, present."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import orjson
from flask import Response, request

from services.intake import drafts, handlers, presenting
from services.intake.application import Application as ApplicationBody
from services.intake.application import (
    Supplement,
    Withdrawal,
    validate,
    validate_supplement,
    validate_withdrawal,
)
from services.intake.evidence import EvidenceLimits, Received, open_evidence, receive
from services.intake.evidence_files import EvidenceFiles
from services.intake.handlers import Receipt, Secrets, sealing_context
from services.intake.pages.receipt import content_security_policy, render_receipt
from services.intake.scanning import Scanner
from services.intake.settings import IntakeSettings
from services.intake.store import Applications, Capacity
from shared import serial
from shared.access import PUBLIC, HolderOr
from shared.civil_time import civil_day, rfc3339
from shared.commands import carry_out
from shared.contracts.schema import parse_json
from shared.decision import Decision, State
from shared.divisions import find
from shared.errors import Refused, Text, Transient
from shared.sealing import QueryCodes
from shared.store import AlreadyExists, Document, new_aggregate
from shared.throttle import Throttle, address_key, serial_key
from shared.web import Answer, Route, caller, typed_serial_number

SERIAL_TRIES = 5
"""Draws of a serial number before giving up; a collision of 10^12 is a rarity already."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_HOLDER = HolderOr()


@dataclass(frozen=True, slots=True)
class Intake:
    """What the views work with; made once per process by `app`."""

    settings: IntakeSettings
    applications: Applications
    capacity: Capacity
    drafts: Any
    files: EvidenceFiles
    limits: EvidenceLimits
    scanner: Scanner
    secrets: Secrets
    throttle: Throttle
    running_keys: set[str] = field(default_factory=set)
    running_lock: Lock = field(default_factory=Lock)

    # --- applications ------------------------------------------------------------------------

    def submit(self) -> Answer:
        self.capacity.require()
        raw = _json_bytes()
        now = datetime.now(UTC)
        application = validate(parse_json(raw), civil_day(now))
        key = self._idempotency_key()
        if key is None:
            return self._submit_new(application, now, None, "")
        body_digest = handlers.digest(raw)
        with self.running_lock:
            if key in self.running_keys:
                raise Refused("idempotency_key_in_progress")
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
            try:
                self.applications.submit(document)
            except AlreadyExists as taken:
                if taken.index == "_id":
                    continue
                return self._answer_again(key or "", body_digest)
            return self._acknowledge(document, application, receipt.query_code)
        raise Transient("serial_numbers_exhausted")

    def _answer_again(self, key: str, body_digest: str) -> Answer:
        stored = self.applications.with_idempotency_key(key)
        if stored is None:
            raise Transient("idempotency_race", retry_after=1)
        if stored["idempotency"]["body"] != body_digest:
            raise Refused("idempotency_key_reused")
        opened = presenting.unsealed(stored, self.secrets.applications)
        return self._acknowledge(stored, opened["application"], opened["query_code"])

    def _acknowledge(self, document: Document, application: Mapping[str, Any], code: str) -> Answer:
        url = self.settings.public_url
        body = presenting.acknowledgement(document, application, code, caller().language, url)
        return Answer(body, 201, {"Location": body["links"]["progress"]})

    def supplement(self, serial_number: str) -> Answer:
        document = self._held(serial_number)
        number = document["_id"]
        room = self.settings.evidence_max_files - len(document["attachments"])
        body = validate_supplement(parse_json(_json_bytes()), civil_day(datetime.now(UTC)), room)
        keyring = self.secrets.applications
        sealed = keyring.seal_binary(orjson.dumps(body), sealing_context(number))
        declared = body.get("attachments") or []

        def decide(state: State, at: datetime) -> Decision:
            return handlers.supplement(state, sealed, declared, at)

        after = self._carry_out(number, decide)
        names = presenting.file_names(after, presenting.unsealed(after, keyring), keyring)
        return Answer(
            {
                "serial_number": number,
                "status": after["status"],
                "received_at": rfc3339(after["supplements"][-1]["at"]),
                "attachments": presenting.attachments(after, names, self.settings.public_url),
            },
            201,
        )

    def withdraw(self, serial_number: str) -> dict[str, Any]:
        document = self._held(serial_number)
        if request.content_length:
            validate_withdrawal(parse_json(_json_bytes()), civil_day(datetime.now(UTC)))
        after = self._carry_out(document["_id"], handlers.withdraw)
        return {
            "serial_number": after["_id"],
            "status": after["status"],
            "withdrawn_at": rfc3339(after["withdrawn_at"]),
        }

    def receipt(self, serial_number: str) -> Answer:
        document = self._held(serial_number)
        keyring = self.secrets.applications
        opened = presenting.unsealed(document, keyring)
        names = presenting.file_names(document, opened, keyring)
        language, url = caller().language, self.settings.public_url
        view = presenting.acknowledgement(
            document, opened["application"], opened["query_code"], language, url
        ) | {
            "status": document["status"],
            "attachments": presenting.attachments(document, names, url),
            "category": document["category"],
            "claims": document["claims"],
        }
        page = render_receipt(view, language)
        policy = {"Content-Security-Policy": content_security_policy()}
        return Answer(page, content_type="text/html; charset=utf-8", headers=policy)

    # --- evidence ----------------------------------------------------------------------------

    def put_evidence(self, serial_number: str, index: str) -> dict[str, Any]:
        request.max_content_length = None  # `receive` stops at the limit, with its own refusal
        document = self._held(serial_number)
        position, declared = self._declared(document, index)
        held = document["attachments"][position]
        now = datetime.now(UTC)
        number = document["_id"]
        try:
            received = receive(
                request.stream,
                declared,
                self.files,
                self.scanner,
                self.limits,
                now=now,
                length=request.content_length,
                known=_known(held),
            )
        except Refused as refused:
            if refused.errors:
                code = refused.errors[0].code
                self._carry_out(number, lambda s, _: handlers.refuse_evidence(s, position, code))
            raise
        if received.file_id != held.get("file_id"):
            entry = {
                "state": "received",
                "file_id": received.file_id,
                "sha256": received.sha256,
                "size_bytes": received.size_bytes,
                "content_type": received.content_type,
            }
            with self.files.superseding(held.get("file_id"), now=now):
                self._carry_out(number, lambda s, _: handlers.receive_evidence(s, position, entry))
        return {
            "index": position,
            "file_name": declared["file_name"],
            "state": "received",
            "sha256": received.sha256,
            "size_bytes": received.size_bytes,
            "content_type": received.content_type,
        }

    def get_evidence(self, serial_number: str, index: str) -> Response:
        document = self._held(serial_number)
        position, _ = self._declared(document, index)
        file_id = document["attachments"][position].get("file_id")
        if file_id is None:
            raise Refused("not_found")
        download = open_evidence(self.files, file_id)
        return Response(download.body, headers=dict(download.headers))

    def _declared(self, document: Document, index: str) -> tuple[int, Mapping[str, Any]]:
        position = int(index) if index.isascii() and index.isdigit() and len(index) < 3 else -1
        if not 0 <= position < len(document["attachments"]):
            raise Refused(
                "not_found",
                Text("没有申报过该序号的材料", "No evidence file was declared under this index"),
            )
        keyring = self.secrets.applications
        names = presenting.file_names(document, presenting.unsealed(document, keyring), keyring)
        return position, {**document["attachments"][position], "file_name": names[position]}

    # --- drafts ------------------------------------------------------------------------------

    def create_draft(self) -> Answer:
        draft = drafts.save(
            self.drafts,
            self.secrets.applications,
            drafts.new_draft_id(),
            _object(),
            now=datetime.now(UTC),
            days=self.settings.draft_days,
        )
        return Answer(_draft(draft), 201, {"ETag": f'"{draft.version}"'})

    def read_draft(self, draft_id: str) -> Answer:
        draft = drafts.load(self.drafts, self.secrets.applications, draft_id, now=datetime.now(UTC))
        return Answer(_draft(draft), headers={"ETag": f'"{draft.version}"'})

    def replace_draft(self, draft_id: str) -> Answer:
        seen = request.headers.get("If-Match", "").strip('W/"')
        draft = drafts.replace(
            self.drafts,
            self.secrets.applications,
            draft_id,
            _object(),
            now=datetime.now(UTC),
            days=self.settings.draft_days,
            seen_version=int(seen) if seen.isascii() and seen.isdigit() else None,
        )
        return Answer(_draft(draft), headers={"ETag": f'"{draft.version}"'})

    def delete_draft(self, draft_id: str) -> Response:
        drafts.delete(self.drafts, draft_id)
        return Response(status=204)

    # --- who may -----------------------------------------------------------------------------

    def _held(self, text: str) -> Document:
        """The application, if the caller has its query code or is its applicant or agent."""
        number = typed_serial_number(text)
        address = address_key(self.secrets.hasher, caller().address)
        self.throttle.check("unknown_serial_per_address", address)
        document = self.applications.read(number)
        if document is None:
            self.throttle.failed("unknown_serial_per_address", address)
            raise Refused("not_found")
        principal = caller().principal
        if principal is not None and principal.id_number_hash in document["holder_hashes"]:
            return document
        code = request.headers.get("X-Query-Code")
        if code is None:
            raise Refused("unauthorised", Text("请提供查询码", "The query code is missing"))
        self.throttle.check("wrong_factor_per_address", address)
        self.throttle.check("wrong_factor_per_serial", serial_key(self.secrets.hasher, number))
        right = QueryCodes(self.secrets.hasher).matches(number, code, document["query_code_hash"])
        if not right or document["query_code_expires_at"] < datetime.now(UTC):
            self.throttle.failed("wrong_factor_per_address", address)
            self.throttle.failed("wrong_factor_per_serial", serial_key(self.secrets.hasher, number))
            raise Refused("query_code_wrong")
        return document

    def _idempotency_key(self) -> str | None:
        given = request.headers.get("Idempotency-Key")
        if given is None:
            return None
        if not _KEY.fullmatch(given):
            raise Refused("idempotency_key_invalid")
        principal = caller().principal
        owner = principal.subject if principal else ""
        return self.secrets.hasher.hash("idempotency_key", f"{owner}\n{given}")

    def _carry_out(self, number: str, decide: Any) -> Document:
        return carry_out(self.applications, number, decide, source="intake", trace=caller().trace)


def _json_bytes() -> bytes:
    if request.mimetype != "application/json":
        raise Refused("unsupported_media_type")
    return request.get_data(cache=False)


def _object() -> Mapping[str, Any]:
    body = parse_json(_json_bytes())
    if not isinstance(body, dict):
        raise Refused("malformed_json", Text("请提交一个 JSON 对象", "Send a JSON object"))
    return body


def _draft(draft: drafts.Draft) -> dict[str, Any]:
    return {
        "id": draft.id,
        "application": draft.body,
        "version": draft.version,
        "expires_at": rfc3339(draft.expires_at),
    }


def _known(held: Mapping[str, Any]) -> Received | None:
    if held["state"] != "received":
        return None
    return Received(held["file_id"], held["sha256"], held["size_bytes"], held["content_type"])


_OF_HOLDER = {"X-Query-Code": "optional"}
_HOLDER_REFUSALS = ("not_found", "serial_checksum", "query_code_wrong", "too_many_attempts")
_BODY_REFUSALS = ("malformed_json", "validation_failed", "body_too_large", "unsupported_media_type")


def routes(intake: Intake) -> Sequence[Route]:
    """Every operation of intake."""
    one = "/v1/applications/{serial_number}"
    file = one + "/attachments/{index}"
    draft = "/v1/drafts/{draft_id}"
    return (
        Route(
            "POST", "/v1/applications", intake.submit, PUBLIC, "Apply for mediation",
            body=ApplicationBody, status=201, headers={"Idempotency-Key": "optional"},
            refusals=(*_BODY_REFUSALS, "idempotency_key_invalid", "idempotency_key_reused",
                      "idempotency_key_in_progress", "full"),
        ),
        Route(
            "POST", one + "/supplements", intake.supplement, _HOLDER, "Add a statement or evidence",
            body=Supplement, status=201, headers=_OF_HOLDER,
            refusals=(*_HOLDER_REFUSALS, *_BODY_REFUSALS, "command_not_allowed"),
        ),
        Route(
            "POST", one + "/withdrawal", intake.withdraw, _HOLDER, "Take the application back",
            body=Withdrawal, headers=_OF_HOLDER,
            refusals=(*_HOLDER_REFUSALS, *_BODY_REFUSALS, "command_not_allowed"),
        ),
        Route(
            "GET", one + "/receipt", intake.receipt, _HOLDER, "Printable receipt with QR code",
            headers=_OF_HOLDER, refusals=_HOLDER_REFUSALS, media_type="text/html",
        ),
        Route(
            "PUT", file, intake.put_evidence, _HOLDER, "Supply a declared evidence file",
            headers=_OF_HOLDER, refusals=(*_HOLDER_REFUSALS, "evidence_refused"),
        ),
        Route(
            "GET", file, intake.get_evidence, _HOLDER, "Read an evidence file",
            headers=_OF_HOLDER, refusals=_HOLDER_REFUSALS, media_type="application/octet-stream",
        ),
        Route(
            "POST", "/v1/drafts", intake.create_draft, PUBLIC, "Save an unfinished application",
            status=201, refusals=("malformed_json", "body_too_large", "unsupported_media_type"),
        ),
        Route(
            "GET", draft, intake.read_draft, PUBLIC, "Resume an unfinished application",
            refusals=("draft_expired",),
        ),
        Route(
            "PUT", draft, intake.replace_draft, PUBLIC, "Save it again",
            headers={"If-Match": "optional"},
            refusals=("draft_expired", "version_conflict", "malformed_json", "body_too_large",
                      "unsupported_media_type"),
        ),
        Route(
            "DELETE", draft, intake.delete_draft, PUBLIC, "Forget an unfinished application",
            status=204, refusals=("draft_expired",),
        ),
    )  # fmt: skip
