"""Drafts over HTTP: whoever has the id goes on where the form was left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Response, request

from services.intake import drafts
from services.intake.answers import SavedDraft
from services.intake.limits import SubmissionLimit
from shared.asking import json_bytes
from shared.civil_time import rfc3339
from shared.contracts.answers import Anything
from shared.contracts.schema import parse_json
from shared.errors import Refused, Text
from shared.sealing import Keyring
from shared.store import Document
from shared.web import Answer, Route

if TYPE_CHECKING:
    from pymongo.collection import Collection


class Unfinished(Anything):
    """The application as far as it is filled in, or whatever else the form wants to keep."""


@dataclass(frozen=True, slots=True)
class DraftDesk:
    """What the views work with; made once per process by `app`."""

    drafts: Collection[Document]
    keyring: Keyring
    days: int
    limit: SubmissionLimit

    def create(self) -> Answer:
        self.limit.check()
        draft = drafts.save(
            self.drafts,
            self.keyring,
            drafts.new_draft_id(),
            _object(),
            now=datetime.now(UTC),
            days=self.days,
        )
        self.limit.used()
        return _answer(draft, 201)

    def read(self, draft_id: str) -> Answer:
        return _answer(drafts.load(self.drafts, self.keyring, draft_id, now=datetime.now(UTC)))

    def replace(self, draft_id: str) -> Answer:
        draft = drafts.replace(
            self.drafts,
            self.keyring,
            draft_id,
            _object(),
            now=datetime.now(UTC),
            days=self.days,
            seen_version=_seen_version(),
        )
        return _answer(draft)

    def delete(self, draft_id: str) -> Response:
        drafts.delete(self.drafts, draft_id)
        return Response(status=204)


def _object() -> Mapping[str, Any]:
    body = parse_json(json_bytes())
    if not isinstance(body, dict):
        raise Refused("malformed_json", Text("请提交一个 JSON 对象", "Send a JSON object"))
    return body


def _seen_version() -> int | None:
    """The version in If-Match, None without one; 0, which no draft has, for any other text."""
    given = request.headers.get("If-Match", "*").strip()
    if given == "*":
        return None
    version = given.removeprefix("W/").strip('"')
    return int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0


def _answer(draft: drafts.Draft, status: int = 200) -> Answer:
    body = {
        "id": draft.id,
        "application": draft.body,
        "version": draft.version,
        "expires_at": rfc3339(draft.expires_at),
    }
    return Answer(body, status, {"ETag": f'"{draft.version}"'})


def routes(desk: DraftDesk) -> Sequence[Route]:
    """Every operation on drafts."""
    one = "/v1/drafts/{draft_id}"
    body_refusals = ("malformed_json", "body_too_large", "unsupported_media_type")
    return (
        Route(
            "POST", "/v1/drafts", desk.create, "Save an unfinished application",
            body=Unfinished, answer=SavedDraft, status=201, answer_headers=("ETag",),
            refusals=(*body_refusals, "too_many_attempts"),
        ),
        Route(
            "GET", one, desk.read, "Resume an unfinished application",
            answer=SavedDraft, answer_headers=("ETag",), refusals=("draft_expired",),
        ),
        Route(
            "PUT", one, desk.replace, "Save it again", body=Unfinished,
            answer=SavedDraft, headers={"If-Match": "optional"}, answer_headers=("ETag",),
            refusals=(*body_refusals, "draft_expired", "version_conflict"),
        ),
        Route(
            "DELETE", one, desk.delete, "Forget an unfinished application",
            status=204, refusals=("draft_expired",),
        ),
    )  # fmt: skip
