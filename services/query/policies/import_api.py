"""Importing a policy over HTTP: the file as the body, what it does not tell in the query string.

Whole or not at all: a text with a fault is 422 with the line, and nothing is stored then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import request

from services.query.policies import answers
from services.query.policies.composition import Composed, Origin
from services.query.policies.files import FORM_OF_MEDIA_TYPE, read_text
from services.query.policies.importing import Report, import_policy
from services.query.policies.policy import ENDED, KINDS
from services.query.policies.sources import Unreadable
from services.query.policies.stated import Stated, stated
from shared.access import Concerned
from shared.asking import caller, reached
from shared.civil_time import today
from shared.contracts.fields import Choice, Date, Str
from shared.contracts.schema import Body, read
from shared.errors import FieldError, Language, Refused, Text
from shared.log import logger
from shared.web import Route

if TYPE_CHECKING:
    from pymongo.database import Database

UPLOAD_MOST: Final = 2 * 1024 * 1024
"""Bytes of a file that is uploaded; as much as the gateway lets through. The command takes more."""


class ImportQuery(Body):
    """What the text does not tell, or tells wrongly; `name` is the file's name, in which the day of
    promulgation may stand: 劳动合同法(2012-12-28).md."""

    name = Str("文件名", 200)
    title = Str("标题", 200)
    kind = Choice("类别", KINDS)
    issuer = Str("发布机关", 500)
    document_number = Str("文号", 200)
    promulgated = Date("公布日期")
    effective = Date("施行日期")
    region = Str("地区", 30)
    subject = Str("主题分类", 100)
    status = Choice("效力", ("in_force", *sorted(ENDED)))
    repealed = Date("失效日期")
    successor = Str("被何文件取代", 200)


@dataclass(frozen=True, slots=True)
class ImportDesk:
    """What the view works with; made once per process by `app`."""

    database: Database[dict[str, Any]]

    def import_one(self) -> dict[str, Any]:
        if not reached(Concerned()):
            raise Refused("not_found")
        said = read(ImportQuery(), dict(request.args.to_dict()), today())
        form = FORM_OF_MEDIA_TYPE.get(request.mimetype)
        if form is None:
            types = "、".join(FORM_OF_MEDIA_TYPE)
            detail = Text(f"请以下列类型之一提交：{types}", f"Send one of: {types}")
            raise Refused("unsupported_media_type", detail)
        content = _content()
        language = caller().language
        try:
            read_policy = read_text(content, form, _given(said), _origin(said.get("name") or ""))
        except Unreadable as fault:
            raise _unreadable(fault, language) from fault
        report = import_policy(self.database, read_policy.policy)
        if report.added or report.changed:
            logger().info("policies_imported", count=1)
        return _view(read_policy, report, language)


def _content() -> bytes:
    """The body; `body_too_large` for more than UPLOAD_MOST, of which no more is read."""
    if (request.content_length or 0) > UPLOAD_MOST:
        raise Refused("body_too_large")
    # The limit of this service is for JSON; a body in chunks would be cut at it without a word.
    request.max_content_length = UPLOAD_MOST + 1
    content = request.get_data(cache=False)
    if len(content) > UPLOAD_MOST:
        raise Refused("body_too_large")
    return content


def _given(said: dict[str, Any]) -> Stated:
    keys = {"document_number": "number", "subject": "category"}
    pairs = (
        (keys.get(name, name), str(value), 0)
        for name, value in said.items()
        if value and name != "name"
    )
    try:
        return stated(pairs)
    except Unreadable as fault:
        error = FieldError("/region", fault.code, fault.message)
        raise Refused("validation_failed", errors=[error]) from fault


def _origin(name: str) -> Origin:
    stem, dot, _ = name.rpartition(".")
    return Origin(stem if dot else name)


def _unreadable(fault: Unreadable, language: Language) -> Refused:
    told = {"line": fault.line, "code": fault.code, "message": fault.message.to(language)}
    return Refused(
        "policy_unreadable",
        fault.message,
        errors=[FieldError("", fault.code, fault.message)],
        extra={"faults": [told]},
    )


def _view(composed: Composed, report: Report, language: Language) -> dict[str, Any]:
    policy = composed.policy
    return {
        "id": policy.id,
        "result": next(name for name in answers.RESULTS if getattr(report, name)),
        "articles": len(policy.articles),
        "superseded": report.superseded,
        "notes": [
            {"line": 0, "code": "note", "message": note.to(language)} for note in composed.notes
        ],
        "url": policy.url,
    }


def routes(desk: ImportDesk) -> Sequence[Route]:
    """Importing."""
    return (
        Route(
            "POST", "/v1/policies/imports", desk.import_one,
            "Import a policy: the file as the body, at most 2 MiB",
            query=ImportQuery, upload=tuple(FORM_OF_MEDIA_TYPE), answer=answers.ImportReport,
            refusals=("not_found", "validation_failed", "policy_unreadable", "body_too_large",
                      "unsupported_media_type"),
        ),
    )  # fmt: skip
