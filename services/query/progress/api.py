"""Progress over HTTP: by serial number, with a second factor, of a person, with its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import request

from services.query import domain
from services.query.guidance.guide import guidance_url
from services.query.progress import answers
from services.query.progress.advice import is_worker
from services.query.progress.cached import MaskedAnswers
from services.query.progress.chains import chains
from services.query.progress.paging import LONGEST as LONGEST_CURSOR
from services.query.progress.paging import Place, cursor_of, place_of
from services.query.progress.readers import READER_REFUSALS, Readers
from services.query.progress.viewer import Viewer, by_identity
from services.query.progress.watch_api import stream_url
from services.query.settings import QuerySettings
from services.query.store import ReadModels
from shared.asking import caller, json_bytes, typed_serial_number
from shared.civil_time import civil_day, rfc3339, today
from shared.contracts.fields import Code, Str
from shared.contracts.schema import Body, parse_json, read
from shared.errors import FieldError, Refused, Text
from shared.store import Document
from shared.typed_serial import LONGEST
from shared.web import Route


class Lookup(Body):
    """A serial number with a second factor."""

    serial_number = Str("流水号", LONGEST, required=True)
    phone_last4 = Code("手机号后四位", "[0-9]{4}")
    query_code = Str("查询码", 64)


class OwnCases(Body):
    """Which page of one's own cases."""

    after = Str("游标", LONGEST_CURSOR, metadata={"description": "`next` of the page before"})


_LOOKUP, _OWN = Lookup(), OwnCases()
MY_CASES_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class ProgressDesk:
    """What the views work with; made once per process by `app`."""

    settings: QuerySettings
    models: ReadModels
    readers: Readers
    masked: MaskedAnswers

    def progress(self, serial_number: str) -> bytes | dict[str, Any]:
        number = typed_serial_number(serial_number)
        if self.readers.is_nobody():
            return self.masked.of(number)
        document, viewer = self.readers.known(number)
        if viewer is None:
            return domain.masked(document, number, caller().language)
        return self._unmasked(document, number, viewer)

    def look_up(self) -> dict[str, Any]:
        asked = read(_LOOKUP, parse_json(json_bytes()), today())
        code, last4 = asked.get("query_code"), asked.get("phone_last4")
        if not code and not last4:
            message = Text(
                "请填写查询码或手机号后四位", "Give the query code or the phone's last four digits"
            )
            raise Refused(
                "validation_failed", errors=[FieldError("/query_code", "required", message)]
            )
        number = typed_serial_number(asked["serial_number"])
        document = self.readers.found(number)
        viewer = self.readers.by_factor(document, number, query_code=code, phone_last4=last4)
        return self._unmasked(document, number, viewer)

    def my_cases(self) -> dict[str, Any]:
        principal = caller().principal
        if principal is None or principal.id_number_hash is None:
            raise Refused("forbidden", Text("请实名登录后查询", "Log in with a verified identity"))
        after = read(_OWN, request.args.to_dict(), today()).get("after")
        place = place_of(after) if after else None
        found = self.models.of_party(principal.id_number_hash, place, MY_CASES_AT_ONCE + 1)
        page = found[:MY_CASES_AT_ONCE]
        return {
            "items": [
                self._unmasked(document, document["_id"], viewer)
                for document in page
                if domain.is_known(document)
                and (viewer := by_identity(document, principal.id_number_hash))
            ],
            "next": cursor_of(Place(page[-1]["received_at"], page[-1]["_id"]))
            if len(found) > len(page)
            else None,
        }

    def history(self, serial_number: str) -> dict[str, Any]:
        """For the parties and whoever may see any case; a respondent sees the hashes of the data,
        which tell of the other side, and not the data."""
        number = typed_serial_number(serial_number)
        asking = caller()
        document, viewer = self.readers.known(number)
        if viewer is None and asking.relation != "any":
            raise Refused("unauthorised", Text("请提供查询码", "The query code is missing"))
        with_data = viewer is None or viewer.is_applicant
        links = self.models.history(document["_id"])
        return chains(links, number, asking.language, with_data=with_data)

    def _unmasked(self, document: Document, number: str, viewer: Viewer) -> dict[str, Any]:
        url = self.settings.public_url
        seen = domain.unmasked(
            document, number, viewer, caller().language, url, now=datetime.now(UTC)
        )
        return seen | {
            "stream_url": stream_url(self.readers, url, number, viewer),
            "guidance_url": f"{url}{_guidance(document, seen, viewer)}",
        }


def _guidance(document: Document, seen: Mapping[str, Any], viewer: Viewer) -> str:
    """What this side can do, with the clocks of this case: its category, flags and days. The flag of
    an employer's application says here that the reader is the employer."""
    flags = tuple(flag for flag in seen["flags"] if flag != "employer_applicant")
    if not is_worker(viewer, document["flags"]):
        flags += ("employer_applicant",)
    reached = {step["status"]: step["at"] for step in seen["timeline"]}
    agreement = seen["agreement"] or {}
    days = {
        "received_on": rfc3339(document["received_at"]),
        "accepted_on": reached.get("accepted"),
        "agreement_effective_on": agreement.get("effective_at"),
    }
    known = {name: civil_day(datetime.fromisoformat(at)) for name, at in days.items() if at}
    return guidance_url(seen["category"], flags, seen["division"]["code"], known)


def routes(desk: ProgressDesk) -> Sequence[Route]:
    """Operations on how a case stands."""
    return (
        Route(
            "GET", "/v1/progress/{serial_number}", desk.progress,
            "How a case stands; more with the query code or the respondent's code",
            answer=(answers.MaskedProgress, answers.Progress),
            headers={"X-Query-Code": "optional"}, refusals=READER_REFUSALS, plain=True,
        ),
        Route(
            "GET", "/v1/progress/{serial_number}/history", desk.history,
            "The chained events of a case, to be kept and verified", answer=answers.History,
            headers={"X-Query-Code": "unless a token"}, refusals=READER_REFUSALS,
        ),
        Route(
            "POST", "/v1/progress/lookups", desk.look_up,
            "How a case stands, with a second factor in the body", body=Lookup,
            answer=answers.Progress,
            refusals=(*READER_REFUSALS, "malformed_json", "validation_failed", "body_too_large",
                      "unsupported_media_type"),
        ),
        Route(
            "GET", "/v1/my/cases", desk.my_cases,
            "All cases of the person who is logged in, a hundred at a time", query=OwnCases,
            answer=answers.MyCases, refusals=("validation_failed",),
        ),
    )  # fmt: skip
