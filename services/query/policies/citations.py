"""Who refers to whom, as it is stored beside a policy for `referred_by`; pure."""

from __future__ import annotations

from typing import Any

from services.query.policies.policy import Policy, slug_of
from services.query.policies.references import policy_references

CITATIONS_MOST = 20_000
"""So many of one policy are kept; the civil procedure law has some two hundred."""


def citations(policy: Policy) -> list[dict[str, Any]]:
    """Each article that an article of the policy leads to, once: `to` (what all versions of the
    other policy have in common), its `article`, and `by`, the article of this one.
    """
    found: dict[tuple[str, str, str], None] = {}
    slugs: dict[str, str] = {}
    for number, references in policy_references(policy):
        for reference in references:
            slug = slugs.setdefault(reference.title, slug_of(reference.title))
            for article in reference.articles:
                if (slug, article) != (policy.slug, number):
                    found[slug, article, number] = None
            if len(found) >= CITATIONS_MOST:
                break
    return [
        {"to": to, "article": article, "by": by} for to, article, by in [*found][:CITATIONS_MOST]
    ]
