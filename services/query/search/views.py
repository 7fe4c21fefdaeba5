"""JSON of answers to a search as the API shows them; each carries the disclaimer."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.query.policies.policy import DISCLAIMER, KINDS, NATIONAL, STATUSES
from services.query.policies.views import summary
from services.query.search.facets import Facets
from services.query.search.index import Hit, Result
from services.query.search.suggestions import Suggestion
from shared import divisions
from shared.errors import Language, Text

MAX_MEANINGS = 3
"""Wordings of the statutes that are told for an everyday word."""

_WHOLE_COUNTRY = Text("全国", "The whole country")


def result_view(result: Result, language: Language, today: date) -> dict[str, Any]:
    """One page of an answer."""
    return {
        "total": result.total,
        "took_ms": result.took_ms,
        "page": result.page,
        "size": result.size,
        "items": [_hit_view(hit, language, today) for hit in result.hits],
        "note": result.note.to(language) if result.note else None,
        "understood_as": result.understood_as,
        "meanings": [
            {"said": said, "meant": list(meant[:MAX_MEANINGS])} for said, meant in result.meanings
        ],
        "facets": _facets_view(result.facets, language) if result.facets else None,
        "disclaimer": DISCLAIMER.to(language),
    }


def related_view(hits: tuple[Hit, ...], language: Language, today: date) -> dict[str, Any]:
    """Articles to read beside one."""
    return {
        "items": [_hit_view(hit, language, today) for hit in hits],
        "disclaimer": DISCLAIMER.to(language),
    }


def suggestions_view(suggestions: tuple[Suggestion, ...]) -> dict[str, Any]:
    """Completions; those of policies have a link."""
    return {"items": [{"text": offer.text, "url": offer.url} for offer in suggestions]}


def _facets_view(facets: Facets, language: Language) -> dict[str, Any]:
    return {
        "kind": [_value(kind, KINDS[kind].to(language), n) for kind, n in facets.kinds],
        "issuer": [_value(issuer, issuer, n) for issuer, n in facets.issuers],
        "region": [_value(code, _region(code, language), n) for code, n in facets.regions],
        "status": [
            _value(status, STATUSES[status].to(language), n) for status, n in facets.statuses
        ],
    }


def _value(value: str, text: str, count: int) -> dict[str, Any]:
    return {"value": value, "text": text, "count": count}


def _region(code: str, language: Language) -> str:
    division = divisions.find(code)
    return division.name if division else _WHOLE_COUNTRY.to(language) if code == NATIONAL else code


def _hit_view(hit: Hit, language: Language, today: date) -> dict[str, Any]:
    policy, article = hit.policy, hit.article
    return summary(policy, language, today) | {
        "article": {"number": article.number, "label": article.label} if article else None,
        "snippet": hit.snippet,
        "note": hit.note.to(language) if hit.note else None,
        "url": policy.article_url(article) if article else policy.url,
    }
