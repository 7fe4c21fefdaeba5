"""The body of a text divided into articles, whatever it counts by; pure.

By 第…条; of answers by 问：and 答：; else by its headings; of cases by the names their sections have;
else by 一、二、三、. Every line is in the preamble, in a heading or in exactly one article.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from services.query.policies.decoding import Lines
from services.query.policies.numerals import NUMERAL, article_number
from services.query.policies.sources import RawArticle, Unreadable, heading_of
from shared.errors import Text

MAX_ARTICLES = 10_000
MAX_HEADING = 200
MAX_LABEL = 500

_ARTICLE = re.compile(
    rf"(第[{NUMERAL}]{{1,9}}条(?:之[{NUMERAL}]{{1,3}})?)(?:[\s\u3000]+(?P<text>.*)|$)"
)
_ITEM = re.compile(r"([一二三四五六七八九十]{1,3})、(?P<text>.+)")
_COUNT = (
    rf"(?:(?:\d{{1,3}}[.、．]|[{NUMERAL}]{{1,4}}、|[（(][\d{NUMERAL}]{{1,4}}[）)])[\s\u3000]*)?"
)
_QUESTION = re.compile(
    rf"#*[\s\u3000]*{_COUNT}(?:问题?|Q)(?:[\s\u3000]*\d{{1,3}})?[\s\u3000]*[：:][\s\u3000]*(.+)"
)
_ANSWER = re.compile(
    r"(?:答|答复|解答|A)(?:[\s\u3000]*\d{1,3})?[\s\u3000]*[：:][\s\u3000]*(?P<text>.*)"
)
_CASE_SECTIONS = re.compile(
    rf"{_COUNT}((?:基本)?案情(?:简介|介绍|回顾)?|基本事实|(?:原告诉讼|申请人)?请求|争议焦点|(?:裁判|处理|仲裁|调解|裁决)"
    r"(?:结果|过程|理由|要点|要旨|经过)|(?:案例|案件|法理)?(?:分析|评析|点评)|典型意义|法律依据|法条链接|专家点评)"
)


@dataclass(slots=True)
class _Opened:
    """An article whose lines are still being read."""

    line: int
    number: str
    label: str
    heading: str
    lines: list[str] = field(default_factory=list)

    def closed(self) -> RawArticle:
        text = "\n".join(filter(None, self.lines))
        return RawArticle(self.line, self.number, self.label, self.heading, text)


Divided = tuple[str, list[RawArticle]]
"""The text before the first article, and the articles."""


def opens(line: str) -> bool:
    """Whether a line opens an article, an answer or an item, and so is no title."""
    return any(mark.match(line) for mark in (_ARTICLE, _QUESTION, _ANSWER, _ITEM))


def divided(body: Lines, kind: str) -> Divided:
    """Preamble and articles; Unreadable where questions and answers do not take turns, and for
    what no policy has: headings of a page's length, more than MAX_ARTICLES articles.
    """
    if any(_ARTICLE.match(text) for _, text in body):
        return _by_article(body)
    asked = any(_QUESTION.match(text) and not text.startswith("#") for _, text in body)
    if asked and any(_ANSWER.match(text) for _, text in body):
        return _by_question(body)
    levels = [len(match[1]) for _, text in body if (match := re.match(r"(#{2,6})\s+\S", text))]
    if levels:
        return _by_opening(body, re.compile(rf"#{{{min(levels)}}}\s+(.+)(?P<text>)"), kind)
    if kind == "typical_case" and any(_CASE_SECTIONS.fullmatch(text) for _, text in body):
        return _by_opening(body, re.compile(rf"{_CASE_SECTIONS.pattern}(?P<text>)$"), kind)
    return _by_opening(body, _ITEM, kind)


def _by_article(body: Lines) -> Divided:
    """Paragraphs that begin with 第…条 open an article; headings above them are its place."""
    headings: dict[int, str] = {}
    place = ""
    preamble: list[str] = []
    articles: list[_Opened] = []
    for number, text in body:
        level, heading = heading_of(text)
        opening = _ARTICLE.match(text)
        if heading:
            _short(heading, MAX_HEADING, number)
            headings = {k: v for k, v in headings.items() if k < level} | {level: heading}
            place = "　".join(headings.values())
        elif opening:
            words = (opening["text"] or "").strip()
            count = article_number(opening[1]) or ""
            _open(articles, _Opened(number, count, opening[1], place, [words]))
        elif articles:
            articles[-1].lines.append(text)
        else:
            preamble.append(text)
    return "\n".join(preamble), [article.closed() for article in articles]


def _by_opening(body: Lines, opens: re.Pattern[str], kind: str) -> Divided:
    """Lines that match open a section, which is counted as an article; the rest is its label."""
    preamble: list[str] = []
    sections: list[_Opened] = []
    for number, text in body:
        opening = opens.match(text)
        bare = text.lstrip("# ")
        if opening:
            words = [opening["text"] or ""]
            count = str(len(sections) + 1)
            label = re.sub(r"^(?:问题?|Q)(?:[\s\u3000]*\d{1,3})?[：:]", "", opening[1]).strip()
            _open(sections, _Opened(number, count, label, "", words))
        elif sections:
            answer = _ANSWER.match(bare) if kind == "question_and_answer" else None
            sections[-1].lines.append(answer["text"] if answer else bare)
        else:
            preamble.append(bare)
    return "\n".join(preamble), [section.closed() for section in sections]


def _by_question(body: Lines) -> Divided:
    """Every 问： has its 答：; the question is the label, the answer the text, headings the place."""
    preamble: list[str] = []
    entries: list[_Opened] = []
    place, answered = "", True
    for number, text in body:
        question, answer = _QUESTION.match(text), _ANSWER.match(text)
        if question:
            if not answered:
                raise _unanswered(entries[-1].line)
            count = str(len(entries) + 1)
            _open(entries, _Opened(number, count, question[1], place))
            answered = False
        elif answer:
            if answered:
                message = Text("答复之前没有问题", "An answer without a question")
                raise Unreadable(number, "answer_without_question", message)
            entries[-1].lines.append(answer["text"])
            answered = True
        elif text.startswith("#"):
            place = text.lstrip("# ")
            _short(place, MAX_HEADING, number)
        elif not entries:
            preamble.append(text)
        elif answered:
            entries[-1].lines.append(text)
        else:
            entries[-1].label += text
            _short(entries[-1].label, MAX_LABEL, number)
    if not answered:
        raise _unanswered(entries[-1].line)
    return "\n".join(preamble), [entry.closed() for entry in entries]


def _open(articles: list[_Opened], article: _Opened) -> None:
    _short(article.label, MAX_LABEL, article.line)
    if len(articles) == MAX_ARTICLES:
        message = Text("条文过多", "Too many articles")
        raise Unreadable(article.line, "too_many_articles", message)
    articles.append(article)


def _short(text: str, most: int, line: int) -> None:
    if len(text) > most:
        raise Unreadable(line, "too_long", Text("标题过长", "The heading is too long"))


def _unanswered(line: int) -> Unreadable:
    message = Text("问题没有答复", "A question without an answer")
    return Unreadable(line, "question_without_answer", message)


def body_lines(lines: Lines) -> Lines:
    """What is left of the lines for the body: neither comments nor the word 目录."""
    return [
        (number, text)
        for number, text in lines
        if text and not text.startswith("<!--") and not re.fullmatch(r"#*\s*目\s*录", text)
    ]
