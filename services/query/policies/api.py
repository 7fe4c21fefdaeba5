"""Policies over HTTP: a document, an article."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.query.policies import answers
from services.query.policies.policy import Library
from services.query.policies.views import article_view, policy_view
from shared.asking import caller
from shared.civil_time import today
from shared.web import Route


@dataclass(frozen=True, slots=True)
class PolicyDesk:
    """What the views work with; made once per process by `app`."""

    library: Library

    def policy(self, policy_id: str) -> dict[str, Any]:
        return policy_view(self.library.policy(policy_id), caller().language, today())

    def article(self, policy_id: str, number: str) -> dict[str, Any]:
        policy, article = self.library.article(policy_id, number)
        return article_view(policy, article, caller().language, today())


def routes(desk: PolicyDesk) -> Sequence[Route]:
    """Operations on the library."""
    policy = "/v1/policies/{policy_id}"
    return (
        Route("GET", policy, desk.policy, "One policy with its articles",
              answer=answers.PolicyView, refusals=("not_found",)),
        Route("GET", policy + "/articles/{number}", desk.article, "One article",
              answer=answers.ArticleView, refusals=("not_found",)),
    )  # fmt: skip
