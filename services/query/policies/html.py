"""The lines of a policy out of a web page: official pages with a table of particulars, plain <p>.

The text is the smallest part of the page that has all of its articles; menus, scripts and forms are
never part of it. Nothing is fetched and no entity is resolved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree, html

from services.query.policies.decoding import Lines, decoded, visible
from services.query.policies.sources import Unreadable
from services.query.policies.stated import stated_line
from shared.errors import Text

MAX_DEPTH: Final = 200

_LEFT_OUT = frozenset(
    {"script", "style", "nav", "header", "footer", "aside", "form", "button", "select", "noscript",
     "iframe", "svg", "head", "template", "object"}
)  # fmt: skip
_BLOCKS = frozenset(
    {"p", "div", "li", "ul", "ol", "section", "article", "main", "blockquote", "pre", "center",
     "table", "tbody", "tr", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "dl", "dt", "dd",
     "body", "figure", "caption", "thead"}
)  # fmt: skip
_TEXT_PARTS = (
    "//article | //main | //*[@id='zoom' or @id='UCAP-CONTENT' or @id='content' or @id='Zoom']"
    " | //*[contains(@class,'TRS_') or contains(@class,'content') or contains(@class,'article')"
    " or contains(@class,'Zoom') or contains(@class,'zoom') or contains(@class,'detail')]"
)
_PARTS_MOST = 50
_OPENING = re.compile(r"第[零〇一二两三四五六七八九十百千]{1,9}条")
_PARTICULARS = "meta[@name='ArticleTitle']/@content"
_SITE = re.compile(r"[\s\u3000]*[-_|—－][^-_|—－]*(?:网|网站|政府|门户|官网)$")


def html_lines(content: bytes) -> tuple[Lines, Text | None]:
    """Numbered lines in the common form, the title first; the numbers are those of the page's
    source. Unreadable for what is no page with a text, or is nested deeper than MAX_DEPTH.
    """
    text, note = decoded(content)
    page = _page(text)
    title = _title(page)
    body = page.find("body")
    if body is None or title is None:
        raise Unreadable(1, "title_missing", Text("网页没有标题", "The page has no title"))
    particulars = [line for line in _lines(body) if stated_line(line[1])]
    part = _text_part(body)
    behind = _behind_title(list(_lines(part)), title[1])
    told = {text for _, text in behind if stated_line(text)}
    head = [(title[0], f"# {title[1]}"), *(line for line in particulars if line[1] not in told)]
    return [*head, *behind], note


def _page(text: str) -> html.HtmlElement:
    parser = html.HTMLParser(
        encoding="utf-8", huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        page = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable(1, "no_page", Text("不是网页", "This is no web page")) from error
    depth = 0
    for event, _ in etree.iterwalk(page, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise Unreadable(1, "too_deep", Text("网页嵌套过深", "The page is nested too deep"))
    return page


def _title(page: html.HtmlElement) -> tuple[int, str] | None:
    for heading in page.iter("h1"):
        words = visible(" ".join(heading.text_content().split()))
        if words:
            return heading.sourceline or 1, words
    for words in page.xpath(f"//{_PARTICULARS} | //title/text()"):
        named = _SITE.sub("", visible(" ".join(words.split())))
        if named:
            return 1, named
    return None


def _text_part(body: html.HtmlElement) -> html.HtmlElement:
    """The smallest part that has all articles of the body; without articles the longest part that
    is made for a text; else the body.
    """
    parts = body.getroottree().xpath(_TEXT_PARTS)[:_PARTS_MOST]
    articles = len(_OPENING.findall(body.text_content()))
    sizes = [(len(text := part.text_content()), len(_OPENING.findall(text))) for part in parts]
    if articles:
        whole = [i for i, (_, count) in enumerate(sizes) if count == articles]
        return parts[min(whole, key=lambda i: sizes[i][0])] if whole else body
    return parts[max(range(len(parts)), key=lambda i: sizes[i][0])] if parts else body


def _behind_title(lines: Lines, title: str) -> Lines:
    """The lines without the title and what stands above it (where one is: the path of the page)."""
    bare = re.sub(r"\s+", "", title)
    for place, (_, line) in enumerate(lines):
        if re.sub(r"[\s#]+", "", line) == bare:
            return lines[place + 1 :]
    return lines


def _lines(part: html.HtmlElement) -> Iterator[tuple[int, str]]:
    """The blocks of a part, headings with their `#`, cells of a row in one line, or in several
    where they are keys and values."""
    cells: list[str] = []
    words: list[str] = []
    number = part.sourceline or 1
    mark = ""
    walk = etree.iterwalk(part, events=("start", "end"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start" and (tag in _LEFT_OUT or not tag):
            walk.skip_subtree()
            continue
        if tag in _BLOCKS:
            yield from ((number, mark + line) for line in _row([*cells, _text(words)]))
            cells, words, number = [], [], element.sourceline or number
            mark = f"{'#' * int(tag[1])} " if event == "start" and _is_heading(tag) else ""
        elif tag in ("td", "th") and event == "start":
            cells.append(_text(words))
            words = []
        if event == "start":
            words.append(element.text or "")
        elif element is not part:
            words.append(element.tail or "")
    yield from ((number, mark + line) for line in _row([*cells, _text(words)]))


def _row(cells: list[str]) -> Iterator[str]:
    """The line of a row, after those of its keys (发文字号：) with their values."""
    left: list[str] = []
    texts = iter([cell for cell in cells if cell])
    for cell in texts:
        if cell.endswith(("：", ":")):
            yield cell + next(texts, "")
        else:
            left.append(cell)
    if left:
        yield "　".join(left)


def _text(words: list[str]) -> str:
    return visible(re.sub(r"[ \t\r\n\xa0]+", " ", "".join(words)))


def _is_heading(tag: str) -> bool:
    return len(tag) == 2 and tag[0] == "h" and tag[1] in "23456"
