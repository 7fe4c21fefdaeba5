"""Progress over HTTP: by serial number, with a second factor, of a person, with its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.query import domain
from services.query.progress import answers
from services.query.progress.chains import chains
from services.query.progress.readers import READER_REFUSALS, Readers
from services.query.progress.viewer import Viewer, by_identity
from services.query.settings import QuerySettings
from services.query.store import ReadModels
from shared.asking import caller, json_bytes, typed_serial_number
from shared.civil_time import today
from shared.contracts.fields import Code, Str
from shared.contracts.schema import Body, parse_json, read
from shared.errors import FieldError, Refused, Text
from shared.store import Document
from shared.web import Route


class Lookup(Body):
    """A serial number with a second factor."""

    serial_number = Str("流水号", 64, required=True)
    phone_last4 = Code("手机号后四位", "[0-9]{4}")
    query_code = Str("查询码", 64)


_LOOKUP = Lookup()


@dataclass(frozen=True, slots=True)
class ProgressDesk:
    """What the views work with; made once per process by `app`."""

    settings: QuerySettings
    models: ReadModels
    readers: Readers

    def progress(self, serial_number: str) -> dict[str, Any]:
        number = typed_serial_number(serial_number)
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
        return {
            "items": [
                self._unmasked(document, document["_id"], viewer)
                for document in self.models.of_party(principal.id_number_hash)
                if domain.is_known(document)
                and (viewer := by_identity(document, principal.id_number_hash))
            ]
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
        return domain.unmasked(
            document, number, viewer, caller().language, self.settings.public_url
        )


def routes(desk: ProgressDesk) -> Sequence[Route]:
    """Operations on how a case stands."""
    return (
        Route(
            "GET", "/v1/progress/{serial_number}", desk.progress,
            "How a case stands; more with the query code or the respondent's code",
            answer=(answers.MaskedProgress, answers.Progress),
            headers={"X-Query-Code": "optional"}, refusals=READER_REFUSALS,
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
            "All cases of the person who is logged in", answer=answers.MyCases,
        ),
    )  # fmt: skip
