"""query over HTTP: progress, the directory, policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import request

from services.query import answers, domain
from services.query.live_index import LiveIndex
from services.query.policies import Library
from services.query.policy_question import Filters
from services.query.policy_views import article_view, policy_view, result_view, suggestions_view
from services.query.settings import QuerySettings
from services.query.store import ReadModels
from shared.asking import caller, json_bytes, typed_serial_number
from shared.civil_time import today
from shared.contracts.fields import Code, Count, Flag, Str
from shared.contracts.schema import Body, parse_json, read
from shared.contracts.vocabulary import ORGANISATION_KINDS
from shared.divisions import Division, chain, children, find
from shared.errors import FieldError, Refused, Text
from shared.sealing import Hasher, QueryCodes, phone_last4_hash
from shared.store import Document
from shared.throttle import Throttle, address_key, serial_key
from shared.web import Answer, Route

_PUBLIC_FOR_AN_HOUR = {"Cache-Control": "public, max-age=3600"}


class Lookup(Body):
    """A serial number with a second factor."""

    serial_number = Str("流水号", 64, required=True)
    phone_last4 = Code("手机号后四位", "[0-9]{4}")
    query_code = Str("查询码", 64)


class PolicyQuery(Body):
    """A question in everyday words, with filters."""

    q = Str("查询内容", 20_000)
    kind = Str("类别", 64)
    issuer = Str("制定机关", 500)
    region = Str("地区", 12)
    in_force = Flag("仅现行有效")
    page = Count("页码", most=10_000)


class Suggest(Body):
    q = Str("查询内容", 20_000)


class DivisionQuery(Body):
    parent = Str("上级区划代码", 12)


class OrganisationQuery(Body):
    division = Str("区划代码", 12, required=True)


_LOOKUP = Lookup()


@dataclass(frozen=True, slots=True)
class Query:
    """What the views work with; made once per process by `app`."""

    settings: QuerySettings
    models: ReadModels
    library: Library
    index: LiveIndex
    hasher: Hasher
    throttle: Throttle
    asyncapi: bytes

    # --- progress ----------------------------------------------------------------------------

    def progress(self, serial_number: str) -> dict[str, Any]:
        number = typed_serial_number(serial_number)
        document = self._known(number)
        if self._is_holder(document):
            return self._unmasked(document, number)
        code = request.headers.get("X-Query-Code")
        if code is not None:
            self._check_factor(document, number, query_code=code, phone_last4=None)
            return self._unmasked(document, number)
        return domain.masked(document, number, caller().language)

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
        document = self._known(number)
        self._check_factor(document, number, query_code=code, phone_last4=last4)
        return self._unmasked(document, number)

    def my_cases(self) -> dict[str, Any]:
        principal = caller().principal
        if principal is None or principal.id_number_hash is None:
            raise Refused("forbidden", Text("请实名登录后查询", "Log in with a verified identity"))
        found = self.models.held_by(principal.id_number_hash)
        return {"items": [self._unmasked(d, d["_id"]) for d in found if domain.is_known(d)]}

    def _unmasked(self, document: Document, number: str) -> dict[str, Any]:
        return domain.unmasked(document, number, caller().language, self.settings.public_url)

    def _is_holder(self, document: Document) -> bool:
        principal = caller().principal
        return principal is not None and principal.id_number_hash in document["holder_hashes"]

    def _known(self, number: str) -> Document:
        """The progress of a serial number. Whoever has tried too many unknown ones is refused the
        known ones too, or could go on trying; not so a person with a token, who sees its own."""
        document = self.models.progress(number)
        known = document is not None and domain.is_known(document)
        if document is not None and known and self._is_holder(document):
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

    def _check_factor(
        self, document: Document, number: str, *, query_code: str | None, phone_last4: str | None
    ) -> None:
        """Refuse a wrong or expired second factor; failures cost, per address and serial number."""
        keys = (
            ("wrong_factor_per_address", address_key(self.hasher, caller().address)),
            ("wrong_factor_per_serial", serial_key(self.hasher, number)),
        )
        for purpose, key in keys:
            self.throttle.check(purpose, key)
        right = False
        if query_code:
            codes = QueryCodes(self.hasher)
            right = codes.matches(number, query_code, document["query_code_hash"])
            right = right and document["query_code_expires_at"] > datetime.now(UTC)
        elif phone_last4:
            hashed = phone_last4_hash(self.hasher, number, phone_last4)
            right = hashed in document["phone_last4_hashes"]
        if not right:
            for purpose, key in keys:
                self.throttle.failed(purpose, key)
            raise Refused("query_code_wrong")

    # --- directory ---------------------------------------------------------------------------

    def divisions(self) -> Answer:
        parent = _asked(DivisionQuery()).get("parent")
        if parent is not None:
            _division(parent, "/parent")
        items = [_division_view(d) for d in children(parent)]
        return Answer({"items": items}, headers=_PUBLIC_FOR_AN_HOUR)

    def organisations(self) -> dict[str, Any]:
        division = _division(_asked(OrganisationQuery())["division"], "/division")
        codes = [d.code for d in chain(division.code)]
        found = self.models.organisations(codes)
        language = caller().language
        return {
            "items": [
                {
                    "id": o["_id"],
                    "name": o["name"],
                    "kind": o["kind"],
                    "kind_text": ORGANISATION_KINDS[o["kind"]].to(language),
                    "divisions": o["divisions"],
                    "categories": o["categories"],
                    "phone": o["phone"],
                    "address": o["address"],
                }
                for o in found
            ]
        }

    # --- policies ----------------------------------------------------------------------------

    def search(self) -> dict[str, Any]:
        asked = _asked(PolicyQuery())
        filters = Filters(
            kind=asked.get("kind"),
            issuer=asked.get("issuer"),
            region=asked.get("region"),
            in_force=asked.get("in_force"),
        )
        day = today()
        result = self.index.search(
            asked.get("q") or "", filters, page=asked.get("page") or 1, today=day
        )
        return result_view(result, caller().language, day)

    def policy(self, policy_id: str) -> dict[str, Any]:
        return policy_view(self.library.policy(policy_id), caller().language, today())

    def article(self, policy_id: str, number: str) -> dict[str, Any]:
        policy, article = self.library.article(policy_id, number)
        return article_view(policy, article, caller().language, today())

    def suggest(self) -> dict[str, Any]:
        return suggestions_view(self.index.suggest(_asked(Suggest()).get("q") or ""))

    def asyncapi_document(self) -> Answer:
        return Answer(self.asyncapi, content_type="application/json; charset=utf-8")


def _asked(schema: Body) -> dict[str, Any]:
    arguments: dict[str, Any] = dict(request.args.to_dict())
    if arguments.get("in_force") in ("true", "false"):
        arguments["in_force"] = arguments["in_force"] == "true"
    page = arguments.get("page", "")
    if page.isascii() and page.isdigit() and len(page) < 6:
        arguments["page"] = int(page)
    return read(schema, arguments, today())


def _division(code: str, pointer: str) -> Division:
    found = find(code)
    if found is None:
        message = Text("没有这个行政区划代码", "There is no such division code")
        raise Refused(
            "validation_failed", errors=[FieldError(pointer, "unknown_division", message)]
        )
    return found


def _division_view(division: Division) -> dict[str, Any]:
    return {
        "code": division.code,
        "name": division.name,
        "short_name": division.short_name,
        "level": division.level,
        "parent": division.parent,
    }


def routes(query: Query) -> Sequence[Route]:
    """Every operation of query."""
    policy = "/v1/policies/{policy_id}"
    unknown = ("not_found", "serial_checksum", "too_many_attempts")
    return (
        Route(
            "GET", "/v1/progress/{serial_number}", query.progress,
            "How a case stands; more with the query code",
            answer=(answers.MaskedProgress, answers.Progress),
            headers={"X-Query-Code": "optional"}, refusals=(*unknown, "query_code_wrong"),
        ),
        Route(
            "POST", "/v1/progress/lookups", query.look_up,
            "How a case stands, with a second factor in the body", body=Lookup,
            answer=answers.Progress,
            refusals=(*unknown, "query_code_wrong", "malformed_json", "validation_failed",
                      "body_too_large", "unsupported_media_type"),
        ),
        Route(
            "GET", "/v1/my/cases", query.my_cases,
            "All cases of the person who is logged in", answer=answers.MyCases,
        ),
        Route(
            "GET", "/v1/divisions", query.divisions,
            "Administrative divisions below one, or the provinces", query=DivisionQuery,
            answer=answers.Divisions, refusals=("validation_failed",),
        ),
        Route(
            "GET", "/v1/organisations", query.organisations,
            "Organisations that serve a place, nearest first", query=OrganisationQuery,
            answer=answers.Organisations, refusals=("validation_failed",),
        ),
        Route(
            "GET", "/v1/policies", query.search, "Search laws and policies",
            query=PolicyQuery, answer=answers.PolicyResults, refusals=("validation_failed",),
        ),
        Route(
            "GET", "/v1/policies/suggest", query.suggest, "Completions while typing",
            query=Suggest, answer=answers.Suggestions, refusals=("validation_failed",),
        ),
        Route("GET", policy, query.policy, "One policy with its articles",
              answer=answers.PolicyView, refusals=("not_found",)),
        Route("GET", policy + "/articles/{number}", query.article, "One article",
              answer=answers.ArticleView, refusals=("not_found",)),
        Route("GET", "/asyncapi.json", query.asyncapi_document,
              "The events of the product, AsyncAPI", answer=answers.AsyncApi),
    )  # fmt: skip
