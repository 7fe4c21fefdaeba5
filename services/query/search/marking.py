"""What of a text to mark as the reason why it was found, and which part of it to show."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.query.search import queries
from services.query.search.question import Question
from services.query.search.snippets import snippet, wording


def marked(question: Question) -> list[re.Pattern[str]]:
    """What to mark in a passage: phrases, the words asked for and their meanings."""
    phrases = [wording((phrase,)) for phrase in question.phrases]
    if not question.subjects:
        return phrases or ([wording((question.text,))] if question.text else [])
    said = [wording((subject.said,)) for subject in question.subjects]
    meant = dict.fromkeys(m for subject in question.subjects for m in subject.meant)
    return phrases + said + [wording(queries.words_of(meaning)) for meaning in meant]


def passage(text: str, question: Question, patterns: Sequence[re.Pattern[str]]) -> str:
    """The best passage of a text as safe HTML; of the paragraph asked for, where there is one."""
    paragraphs = text.split("\n")
    if question.paragraph and question.paragraph <= len(paragraphs):
        text = paragraphs[question.paragraph - 1]
    return snippet(text, patterns)
