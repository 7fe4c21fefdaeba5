"""What the search knows of words: which a question may mean, which it need not be asked about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from services.query.policies.policy import Policy
from services.query.search import everyday_words
from services.query.search.correcting import Corrector, Vocabulary
from services.query.search.lexicon import Lexicon
from services.query.search.question import ALIASES
from services.query.search.ranking import is_about_labour

MAX_COMMON_WORDS = 6000
_LEAST_OCCURRENCES = 3
_LATIN_WORD = re.compile("[a-z]{2,}")


def corrector(
    policies: Sequence[Policy],
    titles: Sequence[str],
    segment: Callable[[str], list[str]],
    unhurried: Callable[[Iterable[str]], Iterable[str]],
) -> Corrector:
    """The one for a library; `unhurried` lets other threads in while the words are gone through."""
    meant = [meaning for word in everyday_words.WORDS for meaning in word.meant]
    spoken = dict.fromkeys(
        word for term in everyday_words.TERMS for word in segment(term) if len(word) > 1
    )
    said = (*everyday_words.HEADWORDS, *spoken, *_common_words(policies, segment))
    subjects = [title.removesuffix("法") for title in titles]  # 劳动合同 of 劳动合同法
    lexicon = Lexicon([*titles, *ALIASES, *subjects, *meant], unhurried(said))
    vocabulary = Vocabulary(
        english=_english(everyday_words.TERMS, ALIASES, everyday_words.FUNCTION_WORDS),
        asking=frozenset(
            filter(_is_chinese, everyday_words.FUNCTION_WORDS | everyday_words.CONTEXT_WORDS)
        ),
        everyday=lambda text: ((f.start, f.end) for f in everyday_words.found_in(text)),
        segment=segment,
    )
    return Corrector(lexicon, vocabulary)


def _common_words(policies: Sequence[Policy], segment: Callable[[str], list[str]]) -> list[str]:
    """Words that labour law uses more than once or twice, the commonest first."""
    counts = Counter(
        word
        for policy in policies
        if is_about_labour(policy)
        for article in policy.articles
        for word in segment(article.text)
        if len(word) > 1
    )
    return [word for word, n in counts.most_common(MAX_COMMON_WORDS) if n >= _LEAST_OCCURRENCES]


def _english(*sources: Iterable[str]) -> frozenset[str]:
    return frozenset(
        word for source in sources for text in source for word in _LATIN_WORD.findall(text)
    )


def _is_chinese(word: str) -> bool:
    return not word.isascii()
