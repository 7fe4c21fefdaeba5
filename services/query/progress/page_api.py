"""The pages of progress over HTTP: where the QR code of a receipt leads, for a browser and no more.

The number may be typed in any way, the second factor into one field; what is refused is told on a
page of the same kind, with the status and the headers that the JSON answer would have.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from flask import request

from services.query import domain
from services.query.pages.progress import HEADERS, page
from services.query.progress import tickets
from services.query.progress.readers import READER_REFUSALS, Readers
from services.query.progress.viewer import Viewer
from shared.answering import problem_response
from shared.asking import caller, typed_serial_number
from shared.contracts.fields import Str
from shared.contracts.schema import Body
from shared.errors import Language, Refused, Transient
from shared.typed_serial import LONGEST
from shared.web import Answer, Route

_HTML: Final = "text/html; charset=utf-8"
_PUNCTUATION: Final = re.compile(r"[\s()\u2010-\u2015-]+")
_PHONE: Final = re.compile(r"[0-9]{4}|\+?[0-9]{11,15}")  # no code: those have eight marks


class InLanguage(Body):
    """Which language; without it that of the browser."""

    lang = Str("语言", 2, metadata={"description": "zh or en"})


class Typed(InLanguage):
    """A serial number, typed in whatever way."""

    serial_number = Str("流水号", LONGEST)


class SecondFactor(Body):
    """What is sent from the page itself."""

    factor = Str("查询码或手机号后四位", 64)


@dataclass(frozen=True, slots=True)
class PageDesk:
    """What the views work with; made once per process by `app`. Parameters that others add to the
    address, as messengers do, are passed over."""

    public_url: str
    readers: Readers

    def find(self) -> Answer:
        typed = request.args.get("serial_number", "")
        if not typed.strip():
            return _answer(page(_language()))
        return self._answered(typed, self._masked)

    def case(self, serial_number: str) -> Answer:
        return self._answered(serial_number, self._masked)

    def unmask(self, serial_number: str) -> Answer:
        factor = request.form.get("factor", "").strip()
        if not factor:
            return self.case(serial_number)
        return self._answered(serial_number, lambda number: self._unmasked(number, factor))

    def _masked(self, number: str) -> Answer:
        document = self.readers.found(number)
        language = _language()
        return _answer(
            page(language, seen=domain.masked(document, number, language), number=number)
        )

    def _unmasked(self, number: str, factor: str) -> Answer:
        """With a wrong factor the masked page, and what is wrong above it."""
        language = _language()
        document = self.readers.found(number)
        last4 = _last4(factor)
        try:
            viewer = self.readers.by_factor(
                document,
                number,
                query_code=None if last4 else factor,
                phone_last4=last4,
            )
        except Refused as refusal:
            return _refused(refusal, number, domain.masked(document, number, language))
        seen = domain.unmasked(
            document, number, viewer, language, self.public_url, now=datetime.now(UTC)
        )
        url = self._calendar_url(number, viewer)
        return _answer(page(language, seen=seen, number=number, calendar_url=url))

    def _calendar_url(self, number: str, viewer: Viewer) -> str:
        ticket = tickets.issue(self.readers.hasher, number, viewer, time.time())
        return f"/v1/progress/{number}/calendar.ics?ticket={ticket}"

    def _answered(self, typed: str, view: Callable[[str], Answer]) -> Answer:
        number = typed[:LONGEST]
        try:
            number = typed_serial_number(typed)
            return view(number)
        except (Refused, Transient) as error:
            return _refused(error, number, None)


def _refused(error: Refused | Transient, number: str, seen: Mapping[str, Any] | None) -> Answer:
    """The page of a refusal; logged and worded as any other."""
    language = _language()
    response = problem_response(error, language)
    problem = orjson.loads(response.get_data())
    html = page(language, seen=seen, problem=problem, number=number)
    answer = _answer(html, response.status_code)
    if "Retry-After" not in response.headers:
        return answer
    headers = {**answer.headers, "Retry-After": response.headers["Retry-After"]}
    return Answer(html, response.status_code, headers, _HTML)


def _answer(html: str, status: int = 200) -> Answer:
    return Answer(html, status, HEADERS, _HTML)


def _last4(factor: str) -> str | None:
    """The last digits of a phone, of a whole number too; None of anything else, as a code."""
    digits = _PUNCTUATION.sub("", unicodedata.normalize("NFKC", factor))
    return digits[-4:] if _PHONE.fullmatch(digits) else None


def _language() -> Language:
    asked = request.args.get("lang")
    return "en" if asked == "en" else "zh" if asked == "zh" else caller().language


def routes(desk: PageDesk) -> Sequence[Route]:
    """The pages."""
    return (
        Route(
            "GET", "/progress", desk.find, "A page to type a serial number on, or that of its case",
            query=Typed, media_type="text/html", refusals=("not_found", "serial_checksum",
            "too_many_attempts"), pages=True,
        ),
        Route(
            "GET", "/progress/{serial_number}", desk.case,
            "How a case stands, as a page; the QR code of a receipt leads here",
            query=InLanguage, media_type="text/html",
            refusals=("not_found", "serial_checksum", "too_many_attempts"), pages=True,
        ),
        Route(
            "POST", "/progress/{serial_number}", desk.unmask,
            "How a case stands, as a page, with a second factor typed on it",
            body=SecondFactor, query=InLanguage, media_type="text/html",
            refusals=(*READER_REFUSALS, "body_too_large"), pages=True,
        ),
    )  # fmt: skip
