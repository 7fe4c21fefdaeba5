"""Policies over HTTP: a document, its versions, an article; of today or of another day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request

from services.query.policies import answers
from services.query.policies.library import Library
from services.query.policies.views import article_view, policy_view, versions_view
from shared.asking import caller
from shared.civil_time import today
from shared.contracts.fields import Date
from shared.contracts.schema import Body, read
from shared.web import Route


class AsOf(Body):
    """The version that was in force that day is wanted."""

    as_of = Date("日期")


@dataclass(frozen=True, slots=True)
class PolicyDesk:
    """What the views work with; made once per process by `app`."""

    library: Library

    def policy(self, policy_id: str) -> dict[str, Any]:
        day = today()
        return policy_view(self.library.policy(policy_id, day, _as_of()), caller().language, day)

    def versions(self, policy_id: str) -> dict[str, Any]:
        return versions_view(self.library.versions(policy_id), caller().language, today())

    def article(self, policy_id: str, number: str) -> dict[str, Any]:
        day, as_of = today(), _as_of()
        policy, article = self.library.article(policy_id, number, day, as_of)
        return article_view(
            self.library, policy, article, caller().language, today=day, day=as_of or day
        )


def _as_of() -> date | None:
    stated = read(AsOf(), dict(request.args.to_dict()), today()).get("as_of")
    return date.fromisoformat(stated) if stated else None


def routes(desk: PolicyDesk) -> Sequence[Route]:
    """Operations on the library."""
    policy = "/v1/policies/{policy_id}"
    refusals = ("not_found", "validation_failed")
    return (
        Route("GET", policy, desk.policy, "One policy with its articles",
              query=AsOf, answer=answers.PolicyView, refusals=refusals),
        Route("GET", policy + "/versions", desk.versions, "All versions of a policy",
              answer=answers.PolicyVersions, refusals=("not_found",)),
        Route("GET", policy + "/articles/{number}", desk.article, "One article",
              query=AsOf, answer=answers.ArticleView, refusals=refusals),
    )  # fmt: skip
