"""query over HTTP: the directory and policies; progress and statistics have modules of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from services.query import answers
from services.query.live_index import LiveIndex
from services.query.policies import Library
from services.query.policy_question import Filters
from services.query.policy_views import article_view, policy_view, result_view, suggestions_view
from services.query.settings import QuerySettings
from services.query.store import ReadModels
from shared.asking import caller
from shared.civil_time import today
from shared.contracts.fields import Count, Flag, Str
from shared.contracts.schema import Body, read
from shared.contracts.vocabulary import ORGANISATION_KINDS
from shared.divisions import Division, chain, children, find
from shared.errors import FieldError, Refused, Text
from shared.web import Answer, Route

_PUBLIC_FOR_AN_HOUR = {"Cache-Control": "public, max-age=3600"}


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


@dataclass(frozen=True, slots=True)
class Query:
    """What the views work with; made once per process by `app`."""

    settings: QuerySettings
    models: ReadModels
    library: Library
    index: LiveIndex
    asyncapi: bytes

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
    return (
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
