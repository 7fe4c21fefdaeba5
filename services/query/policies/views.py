"""JSON of policies and articles as the API shows them; each carries the disclaimer."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.query.policies.policy import (
    DISCLAIMER,
    KINDS,
    STATUSES,
    Article,
    Policy,
    replaced_note,
)
from shared.errors import Language


def policy_view(policy: Policy, language: Language, today: date) -> dict[str, Any]:
    """A policy with all of its articles."""
    return summary(policy, language, today) | {
        "preamble": policy.preamble,
        "articles": [_article(policy, article, language) for article in policy.articles],
        "disclaimer": DISCLAIMER.to(language),
    }


def article_view(
    policy: Policy, article: Article, language: Language, today: date
) -> dict[str, Any]:
    """One article, with its policy and the links to the articles beside it."""
    place = policy.articles.index(article)
    before = policy.articles[place - 1] if place else None
    after = policy.articles[place + 1] if place + 1 < len(policy.articles) else None
    return _article(policy, article, language) | {
        "policy": summary(policy, language, today),
        "previous": policy.article_url(before) if before else None,
        "next": policy.article_url(after) if after else None,
        "disclaimer": DISCLAIMER.to(language),
    }


def summary(policy: Policy, language: Language, today: date) -> dict[str, Any]:
    """What a policy is and whether it holds that day."""
    status = policy.status_on(today)
    return {
        "id": policy.id,
        "title": policy.title,
        "kind": policy.kind,
        "kind_text": KINDS[policy.kind].to(language),
        "issuer": policy.issuer,
        "region": policy.region,
        "promulgated_on": policy.promulgated_on.isoformat() if policy.promulgated_on else None,
        "effective_on": policy.effective_on.isoformat() if policy.effective_on else None,
        "status": status,
        "status_text": STATUSES[status].to(language),
        "superseded_by": policy.superseded_by,
        "url": policy.url,
    }


def _article(policy: Policy, article: Article, language: Language) -> dict[str, Any]:
    note = replaced_note(policy, article)
    return {
        "number": article.number,
        "label": article.label,
        "heading": article.heading,
        "text": article.text,
        "note": note.to(language) if note else None,
        "url": policy.article_url(article),
    }
