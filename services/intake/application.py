"""Bodies that become an application or add to it: each is normalised, or refused with all faults.

`today` is the day in Asia/Shanghai. What comes out is JSON: dates are ISO 8601 strings, phones
E.164, codes plain capitals. Refused `validation_failed` carries every error of the body at its
JSON Pointer; messages never quote a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from services.intake import wording
from services.intake.form import MAX_ATTACHMENTS, ApplicationForm, Attachment
from services.intake.rules import RULES, Form
from services.intake.rules import attachments as attachment_limits
from shared.contracts.compiled import reader
from shared.contracts.faults import fault
from shared.contracts.fields import Part, Parts, Str
from shared.contracts.schema import Body, read
from shared.errors import FieldError, Refused


class Application(ApplicationForm):
    """The body of POST /v1/applications with the rules that hold across it."""

    rules = RULES


def _something(form: Form, _: date) -> Iterator[FieldError]:
    """A supplement says or declares something."""
    if not form.get("statement") and not form.get("attachments"):
        yield wording.required(wording.STATEMENT_MISSING).at("/statement")


class Supplement(Body):
    """A statement, further files, or both, added after submission."""

    statement = Str("补充说明", 5000, lines=True)
    attachments = Parts("材料", Part("材料", Attachment), most=MAX_ATTACHMENTS)
    rules = (_something, attachment_limits)


class Withdrawal(Body):
    """The application is taken back; nobody has to say why."""

    reason = Str("撤回原因", 1000, lines=True)


SCHEMA = Application()
_SUPPLEMENT = Supplement()
_WITHDRAWAL = Withdrawal()

_read_application = reader(SCHEMA)


def validate(body: object, today: date) -> dict[str, Any]:
    """The normalised application."""
    return _read_application(body, today)


def validate_supplement(body: object, today: date, room: int) -> dict[str, Any]:
    """The normalised supplement, declaring at most the `room` files that may still be added."""
    supplement = read(_SUPPLEMENT, body, today)
    if len(supplement.get("attachments") or ()) > room:
        too_many = fault("too_many", MAX_ATTACHMENTS).at("/attachments")
        raise Refused("validation_failed", errors=[too_many])
    return supplement


def validate_withdrawal(body: object, today: date) -> dict[str, Any]:
    """The normalised withdrawal."""
    return read(_WITHDRAWAL, body, today)
