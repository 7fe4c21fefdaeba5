"""JSON of policies and articles as the API shows them; each carries the disclaimer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

from services.query.policies.library import Library, Mention
from services.query.policies.policy import (
    DISCLAIMER,
    KINDS,
    REPLACED,
    STATUSES,
    Article,
    Policy,
    short_title,
    slug_of,
)
from services.query.policies.references import Reference, references_of
from services.query.policies.structure import Item, paragraphs
from shared.errors import Language


def policy_view(policy: Policy, language: Language, today: date) -> dict[str, Any]:
    """A policy with all of its articles."""
    return summary(policy, language, today) | {
        "preamble": policy.preamble,
        "articles": [_article(policy, article, language) for article in policy.articles],
        "disclaimer": DISCLAIMER.to(language),
    }


def versions_view(versions: Sequence[Policy], language: Language, today: date) -> dict[str, Any]:
    """All versions, the earliest first."""
    return {
        "items": [summary(policy, language, today) for policy in versions],
        "disclaimer": DISCLAIMER.to(language),
    }


def article_view(
    library: Library,
    policy: Policy,
    article: Article,
    language: Language,
    *,
    today: date,
    day: date,
) -> dict[str, Any]:
    """One article: its parts, what it refers to (in the version that held on `day`) and what refers
    to it, with its policy and the links to the articles beside it.
    """
    place = policy.articles.index(article)
    before = policy.articles[place - 1] if place else None
    after = policy.articles[place + 1] if place + 1 < len(policy.articles) else None
    found = references_of(policy, article)
    known = library.named((r.title for r in found if slug_of(r.title) != policy.slug), day)
    known[policy.slug] = policy
    return _article(policy, article, language) | {
        "paragraphs": [
            {"number": part.number, "text": part.text, "items": _items(part.items)}
            for part in paragraphs(article.text)
        ],
        "references": [_reference(reference, known) for reference in found],
        "referred_by": [_mention(mention) for mention in library.referring(policy, article.number)],
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
        "issuers": list(policy.issuers),
        "numbers": list(policy.numbers),
        "region": policy.region,
        "category": policy.category or None,
        "promulgated_on": _iso(policy.promulgated_on),
        "effective_on": _iso(policy.effective_on),
        "in_force_from": _iso(policy.begins_on),
        "in_force_until": _iso(policy.ends_on),
        "status": status,
        "status_text": STATUSES[status].to(language),
        "superseded_by": policy.superseded_by,
        "successor": policy.successor or None,
        "replaced_articles": [
            {
                "article": article.number,
                "since": replaced.since.isoformat(),
                "title": replaced.title,
                "by": list(replaced.articles),
                "note": replaced.note.to(language),
            }
            for article, replaced in policy.replacements
        ],
        "url": policy.url,
    }


def _article(policy: Policy, article: Article, language: Language) -> dict[str, Any]:
    replaced = REPLACED.get((short_title(policy.title), article.number))
    return {
        "number": article.number,
        "label": article.label,
        "heading": article.heading,
        "text": article.text,
        "note": replaced.note.to(language) if replaced else None,
        "replaced_by": [
            {"title": replaced.title, "article": number, "url": _url(replaced.title, number)}
            for number in replaced.articles
        ]
        if replaced
        else [],
        "url": policy.article_url(article),
    }


def _items(items: Sequence[Item]) -> list[dict[str, Any]]:
    return [
        {"number": item.number, "label": item.label, "text": item.text}
        | {"items": _items(item.items)}
        for item in items
    ]


def _reference(reference: Reference, known: Mapping[str, Policy]) -> dict[str, Any]:
    policy = known.get(slug_of(reference.title))
    there = policy and next((a for a in policy.articles if a.number == reference.article), None)
    return {
        "text": reference.text,
        "start": reference.start,
        "end": reference.end,
        "title": reference.title,
        "article": reference.article,
        "to": reference.to,
        "paragraph": reference.paragraph,
        "item": reference.item,
        "url": policy.article_url(there) if policy and there else None,
    }


def _mention(mention: Mention) -> dict[str, Any]:
    policy, article = mention
    return {
        "policy_id": policy.id,
        "title": policy.title,
        "number": article.number,
        "label": article.label,
        "url": policy.article_url(article),
    }


def _url(title: str, number: str) -> str:
    """An article of the version that holds whenever the link is followed."""
    return f"/v1/policies/{quote(slug_of(title))}/articles/{number}"


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
