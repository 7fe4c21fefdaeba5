"""What people say, and the words of the law for it.

Each module holds a table of one subject; an entry is the terms people use and, after "=", wordings
that stand in the statutes or in a regulation that comes by import. To add a word:

1. Look whether an entry means the same; if so write the term there, parted by 、. If not, write a
   new entry, with an empty line before it. (a|b|) stands for a, for b and for nothing; fillers such
   as 我, 给 and 了 between the characters of a term need not be written; 扣…工资 leaves a gap of up to
   six characters, for terms that are taken apart in many ways.
2. Take wordings that stand in few articles, the most telling first: 应当向劳动者支付经济补偿 leads
   to the article wanted, 经济补偿 to eighteen. Words follow each other as in the article; up to
   three may be left out.
3. Write the term and the article it must find into tests/unit/query/everyday_words.tsv. The tests
   say when a wording stands nowhere, when two entries claim a term, and what is found instead.

The longest term at a place wins, so special terms (试用期被裁) need no care about general ones.
"""

from services.query.search.everyday_words import (
    agencies,
    contract,
    courts,
    departure,
    dignity,
    dismissal,
    employers,
    english,
    groups,
    injury,
    leave_and_hours,
    mediation,
    net_words,
    new_employment,
    pay,
    procedure,
    safety,
    social_insurance,
    supervision,
    women,
)
from services.query.search.everyday_words.entries import EverydayWord
from services.query.search.everyday_words.lookup import GAP, Terms
from services.query.search.everyday_words.questions import QUESTIONS
from services.query.search.everyday_words.stop_words import CONTEXT_WORDS, FUNCTION_WORDS

__all__ = (
    "CONTEXT_WORDS",
    "FUNCTION_WORDS",
    "HEADWORDS",
    "QUESTIONS",
    "TERMS",
    "WORDS",
    "EverydayWord",
    "found_in",
)

_SUBJECTS = (
    pay, dismissal, departure, contract, agencies, leave_and_hours, women, social_insurance, injury,
    safety, procedure, mediation, courts, supervision, groups, dignity, new_employment, net_words,
    employers, english,
)  # fmt: skip

WORDS: tuple[EverydayWord, ...] = tuple(word for subject in _SUBJECTS for word in subject.WORDS)

HEADWORDS: tuple[str, ...] = tuple(term for word in WORDS for term in word.said if GAP not in term)
"""Every term once, without spellings that differ in an alternative, and without terms with a gap."""

TERMS = Terms(WORDS)
"""Every spelling of every term, with its entry."""

found_in = TERMS.found_in
