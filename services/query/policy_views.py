"""JSON of policies, articles and answers as the API shows them; each carries the disclaimer."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.query.policies import DISCLAIMER, KINDS, STATUSES, Article, Policy, replaced_note
from services.query.search import Hit, Result, Suggestion
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


def policy_view(policy: Policy, language: Language, today: date) -> dict[str, Any]:
    """A policy with all of its articles."""
    return _summary(policy, language, today) | {
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
        "policy": _summary(policy, language, today),
        "previous": policy.article_url(before) if before else None,
        "next": policy.article_url(after) if after else None,
        "disclaimer": DISCLAIMER.to(language),
    }


def suggestions_view(suggestions: tuple[Suggestion, ...]) -> dict[str, Any]:
    """Completions; those of policies have a link."""
    return {"items": [{"text": offer.text, "url": offer.url} for offer in suggestions]}


def _hit_view(hit: Hit, language: Language, today: date) -> dict[str, Any]:
    policy, article = hit.policy, hit.article
    return _summary(policy, language, today) | {
        "article": {"number": article.number, "label": article.label} if article else None,
        "snippet": hit.snippet,
        "note": hit.note.to(language) if hit.note else None,
        "url": policy.article_url(article) if article else policy.url,
    }


def _summary(policy: Policy, language: Language, today: date) -> dict[str, Any]:
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
