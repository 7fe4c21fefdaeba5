"""Search over HTTP: questions and completions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request

from services.query.policies.policy import article_number
from services.query.search import answers
from services.query.search.filters import SORTS
from services.query.search.live_index import LiveIndex
from services.query.search.question import Filters
from services.query.search.views import related_view, result_view, suggestions_view
from shared.asking import caller
from shared.civil_time import today
from shared.contracts.fields import Choice, Count, Date, Flag, Str
from shared.contracts.schema import Body, read
from shared.errors import Refused, Text
from shared.web import Route


class PolicyQuery(Body):
    """A question in everyday words, with filters; phrases in quotation marks are meant literally."""

    q = Str("查询内容", 20_000)
    kind = Str("类别", 64)
    issuer = Str("制定机关", 500)
    region = Str("地区", 12)
    in_force = Flag("仅现行有效")
    as_of = Date("某日有效")
    effective_from = Date("施行日期不早于")
    effective_to = Date("施行日期不晚于")
    promulgated_from = Date("公布日期不早于")
    promulgated_to = Date("公布日期不晚于")
    sort = Choice("排序", SORTS)
    page = Count("页码", most=10_000)
    facets = Flag("分面统计")


_DAYS = ("as_of", "effective_from", "effective_to", "promulgated_from", "promulgated_to")


class Suggest(Body):
    q = Str("查询内容", 20_000)


@dataclass(frozen=True, slots=True)
class SearchDesk:
    """What the views work with; made once per process by `app`."""

    index: LiveIndex

    def search(self) -> dict[str, Any]:
        asked = _asked(PolicyQuery())
        filters = Filters(
            kind=asked.get("kind"),
            issuer=asked.get("issuer"),
            region=asked.get("region"),
            in_force=asked.get("in_force"),
            **{name: date.fromisoformat(asked[name]) for name in _DAYS if asked.get(name)},
        )
        day = today()
        result = self.index.current().search(
            asked.get("q") or "",
            filters,
            page=asked.get("page") or 1,
            today=day,
            sort=asked.get("sort") or SORTS[0],
            with_facets=bool(asked.get("facets")),
        )
        return result_view(result, caller().language, day)

    def suggest(self) -> dict[str, Any]:
        return suggestions_view(self.index.current().suggest(_asked(Suggest()).get("q") or ""))

    def related(self, policy_id: str, number: str) -> dict[str, Any]:
        hits = self.index.current().related(policy_id, article_number(number) or "")
        if hits is None:
            raise Refused("not_found", Text("没有这一条", "There is no such article"))
        return related_view(hits, caller().language, today())


def _asked(schema: Body) -> dict[str, Any]:
    arguments: dict[str, Any] = dict(request.args.to_dict())
    for name in ("in_force", "facets"):
        if arguments.get(name) in ("true", "false"):
            arguments[name] = arguments[name] == "true"
    page = arguments.get("page", "")
    if page.isascii() and page.isdigit() and len(page) < 6:
        arguments["page"] = int(page)
    return read(schema, arguments, today())


def routes(desk: SearchDesk) -> Sequence[Route]:
    """Operations on the search."""
    return (
        Route(
            "GET", "/v1/policies", desk.search, "Search laws and policies",
            query=PolicyQuery, answer=answers.PolicyResults, refusals=("validation_failed",),
        ),
        Route(
            "GET", "/v1/policies/suggest", desk.suggest, "Completions while typing",
            query=Suggest, answer=answers.Suggestions, refusals=("validation_failed",),
        ),
        Route(
            "GET", "/v1/policies/{policy_id}/articles/{number}/related", desk.related,
            "The articles most like one", answer=answers.RelatedArticles, refusals=("not_found",),
        ),
    )  # fmt: skip
