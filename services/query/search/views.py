"""JSON of answers to a search as the API shows them; each carries the disclaimer."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.query.policies.policy import DISCLAIMER
from services.query.policies.views import summary
from services.query.search.index import Hit, Result, Suggestion
from shared.errors import Language


def result_view(result: Result, language: Language, today: date) -> dict[str, Any]:
    """One page of an answer."""
    return {
        "total": result.total,
        "took_ms": result.took_ms,
        "page": result.page,
        "size": result.size,
        "items": [_hit_view(hit, language, today) for hit in result.hits],
        "note": result.note.to(language) if result.note else None,
        "disclaimer": DISCLAIMER.to(language),
    }


def suggestions_view(suggestions: tuple[Suggestion, ...]) -> dict[str, Any]:
    """Completions; those of policies have a link."""
    return {"items": [{"text": offer.text, "url": offer.url} for offer in suggestions]}


def _hit_view(hit: Hit, language: Language, today: date) -> dict[str, Any]:
    policy, article = hit.policy, hit.article
    return summary(policy, language, today) | {
        "article": {"number": article.number, "label": article.label} if article else None,
        "snippet": hit.snippet,
        "note": hit.note.to(language) if hit.note else None,
        "url": policy.article_url(article) if article else policy.url,
    }
