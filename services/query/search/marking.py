"""What of a text to mark as the reason why it was found, and which part of it to show."""

from __future__ import annotations

from collections.abc import Sequence

from services.query.search import queries
from services.query.search.question import Question
from services.query.search.snippets import Wording, snippet


def marked(question: Question) -> list[Wording]:
    """What to mark in a passage: phrases, the words asked for and their meanings."""
    phrases: list[Wording] = [(phrase,) for phrase in question.phrases]
    if not question.subjects:
        return phrases or ([(question.text,)] if question.text else [])
    said = [(subject.said,) for subject in question.subjects]
    meant = dict.fromkeys(m for subject in question.subjects for m in subject.meant)
    return [*phrases, *said, *map(queries.words_of, meant)]


def passage(text: str, question: Question, wordings: Sequence[Wording]) -> str:
    """The best passage of a text as safe HTML; of the paragraph asked for, where there is one."""
    paragraphs = text.split("\n")
    if question.paragraph and question.paragraph <= len(paragraphs):
        text = paragraphs[question.paragraph - 1]
    return snippet(text, wordings)
