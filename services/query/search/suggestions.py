"""Completions while somebody types: everyday questions, titles of policies, headings within them;
also by pinyin, by initials and in traditional characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from services.query.policies.policy import Policy, short_title
from services.query.search import everyday_words, sounds
from services.query.search.ranking import concerns_labour, factor, is_current
from services.query.search.writing import normalised, simplified

MAX_SUGGESTIONS = 10

_LETTERS = re.compile("[a-z' ]+")
_PART = re.compile(r"^第\S+?[编章节]\s*")
_IN_EVERY_LAW = frozenset({"总则", "附则", "法律责任", "一般规定"})


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A completion: a question to ask (`url` None), a policy's title, or a heading with the url
    of its first article.
    """

    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class _Offer:
    suggestion: Suggestion
    text: str
    letters: str
    initials: str


class Completions:
    """What can be offered over one library, the more useful first."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        current = [policy for policy in policies if is_current(policy, None)]
        current.sort(key=lambda policy: -factor(policy, None))
        questions = [_offer(question) for question in everyday_words.QUESTIONS]
        titles = [_offer(policy.title, policy.url) for policy in current]
        telling = (policy for policy in current if concerns_labour(policy))
        headings = [offer for policy in telling for offer in _headings(policy)]
        self._offers: Sequence[_Offer] = (*questions, *titles, *headings)

    def of(self, typed: str) -> tuple[Suggestion, ...]:
        """At most MAX_SUGGESTIONS that begin with what was typed, then those that contain it.
        Refused when over MAX_LENGTH characters.
        """
        words = simplified(normalised(typed))
        if not words:
            return ()
        matching = [o for o in self._offers if words in o.text]
        matching.sort(key=lambda offer: not offer.text.startswith(words))
        if not matching and _LETTERS.fullmatch(words):
            matching = self._by_sound(words.replace(" ", "").replace("'", ""))
        found = dict.fromkeys(offer.suggestion for offer in matching)
        return tuple(found)[:MAX_SUGGESTIONS]

    def _by_sound(self, letters: str) -> list[_Offer]:
        """Offers that begin with the letters, that have them as initials, that contain them."""
        if len(letters) < 2:
            return []
        kinds = (
            [o for o in self._offers if o.letters.startswith(letters)],
            [o for o in self._offers if o.initials.startswith(letters)],
            [o for o in self._offers if letters in o.letters] if len(letters) > 3 else [],
        )
        return [offer for offers in kinds for offer in offers]


def _headings(policy: Policy) -> Iterator[_Offer]:
    """Each heading of a policy with the url of the first article below it."""
    for heading, articles in groupby(policy.articles, key=lambda article: article.heading):
        parts = heading.split()
        name = _PART.sub("", parts[-1]) if parts else ""
        if name and name not in _IN_EVERY_LAW:
            text = f"{short_title(policy.title)} {name}"
            yield _offer(text, policy.article_url(next(articles)), name)


def _offer(text: str, url: str | None = None, spoken: str | None = None) -> _Offer:
    searched = (spoken or short_title(text)).lower()
    syllables = tuple(
        heard[0][0] for character in searched if (heard := sounds.readings(character))
    )
    return _Offer(Suggestion(text, url), searched, "".join(syllables), sounds.initials(syllables))
