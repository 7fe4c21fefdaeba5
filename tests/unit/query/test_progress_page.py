"""The page of a case: what it shows, that it needs nothing but itself and can be read by all."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import product
from typing import Any

import pytest

from services.query import domain
from services.query.pages import progress as pages
from services.query.pages.wording import TEXTS
from services.query.progress.viewer import APPLICANT, Viewer
from tests.builders.events import a_submission
from tests.builders.histories import (
    A_LIFE,
    ACCEPTED,
    CONSENTED,
    EXAMINED,
    HANDED,
    MEDIATED,
    NUMBER,
    OF_APPLICATION,
    REOPENED,
    Told,
    a_history,
    of_case,
)
from tests.builders.notices import MEDIATOR, ORGANISATION
from tests.handlers.test_query import project

TALKS = (*HANDED, *EXAMINED, *CONSENTED, *ACCEPTED, MEDIATED[0])
VOID = {"meta", "input", "link", "br", "img"}


class Page(HTMLParser):
    """A page's elements with their attributes, and its visible words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        if "style" not in self.open:
            self.words += text

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


BEFORE = datetime(2026, 11, 24, tzinfo=UTC)
"""The session of the stories lies ahead."""


def shown(
    steps: Sequence[Told], viewer: Viewer | None = APPLICANT, language: Any = "zh", **more: Any
) -> Page:
    known = project(a_history(steps, OF_APPLICATION, submission=a_submission()))
    if viewer is None:
        seen = domain.masked(known, NUMBER, language)
    else:
        seen = domain.unmasked(known, NUMBER, viewer, language, "http://here", now=BEFORE)
    return Page(pages.page(language, seen=seen, number=NUMBER, **more))


def test_what_is_and_what_comes_stands_first() -> None:
    words = shown(TALKS).words
    places = [words.index(each) for each in ("调解中", "2634 6268 8508 6477", "参加第1次调解会", "2026年11月27日（星期五）", ORGANISATION["name"])]  # fmt: skip
    assert places == sorted(places)


def test_a_party_sees_who_has_the_case_its_dates_its_documents_and_whom_to_call() -> None:
    page = shown(TALKS, calendar_url="/v1/progress/2634626885086477/calendar.ics?ticket=t")
    for told in (MEDIATOR["name"], ORGANISATION["phone"], "虚构路1号3楼调解室", "申请仲裁的时效", "12348", "受理通知书", "济历劳人调〔2026〕第12号"):  # fmt: skip
        assert told in page.words, told
    targets = {link["href"] for link in page.all("a")}
    assert {f"tel:{ORGANISATION['phone']}", "tel:12333", "/v1/progress/2634626885086477/calendar.ics?ticket=t"} <= targets  # fmt: skip
    assert page.all("form") == []


def test_a_serial_number_alone_shows_the_way_to_the_rest_and_names_nobody() -> None:
    page = shown(TALKS, None)
    assert MEDIATOR["name"] not in page.words
    assert ORGANISATION["name"] not in page.words
    (form,) = page.all("form")
    assert (form["method"], form["action"]) == ("post", f"/progress/{NUMBER}?lang=zh")
    (field,) = page.all("input")
    assert field["name"] == "factor"
    assert {"for": "factor"} in page.all("label")


def test_how_a_case_ended_is_told_though_no_organisation_had_it() -> None:
    nobody = of_case(
        "unassigned", reasons=["no_organisation"], by="rules", previous_organisation_id=None
    )
    closed = of_case("closed", outcome="withdrawn", deadlines=[])
    steps = [
        ("case.unassigned", nobody),
        ("case.withdrawn", of_case("withdrawn")),
        ("case.closed", closed),
    ]
    assert "撤回申请" in shown(steps).words


def test_every_status_is_a_page_for_every_side_in_both_languages() -> None:
    life = (*A_LIFE, *REOPENED)
    viewers = (None, APPLICANT, Viewer("respondent", 0))
    for length, viewer, language in product(range(0, len(life) + 1, 2), viewers, ("zh", "en")):
        page = shown(life[:length], viewer, language)
        assert page.all("html") == [{"lang": "zh-CN" if language == "zh" else "en"}]
        assert len(page.all("h1")) == 1
        assert TEXTS["timeline"].to(language) in page.words  # type: ignore[arg-type]


@pytest.mark.parametrize("page", [pages.page("zh"), pages.page("en", number="x"), "case"])
def test_a_page_runs_nothing_and_loads_nothing(page: str) -> None:
    read = Page(page) if page != "case" else shown(TALKS)
    tags = {tag for tag, _ in read.elements}
    assert tags.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "base"})
    for _, attributes in read.elements:
        assert not any(name.startswith("on") or name in {"style", "src"} for name in attributes)
    for link in read.all("a"):
        assert re.match(r"(/progress|tel:|/v1/progress/)", str(link["href"]))


def test_the_policy_allows_the_one_style_sheet_there_is_and_its_own_forms() -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", pages.page("zh"), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = pages.HEADERS["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "form-action 'self'" in policy


def test_what_was_typed_is_shown_as_it_was_and_does_nothing() -> None:
    hostile = '"><script>alert(1)</script>{{ 7 }}'
    page = Page(pages.page("zh", number=hostile))
    assert page.all("script") == []
    assert page.all("input")[0]["value"] == hostile


def test_a_problem_is_told_with_what_to_do_about_it_and_when() -> None:
    problem = {"detail": "尝试次数过多", "hint": "请逐位核对。", "retry_after": 61}
    page = Page(pages.page("zh", problem=problem))
    assert {"class": "problem", "role": "alert"} in page.all("div")
    for told in ("尝试次数过多", "请逐位核对。", "请在2分钟后再试。"):
        assert told in page.words


def test_every_sentence_of_the_page_is_used_and_of_both_languages() -> None:
    source = (pages._FOLDER / "progress.html").read_text("utf-8")
    elsewhere = {*pages._HOTLINES, "held", "cancelled", "wait"}
    for name, text in TEXTS.items():
        assert f"text.{name}" in source or name in elsewhere, name
        assert text.zh
        assert text.en


def luminance(colour: str) -> float:
    full = colour if len(colour) == 7 else "#" + "".join(c * 2 for c in colour[1:])
    parts = [int(full[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_colour_of_letters_can_be_read_on_every_ground_it_may_stand_on() -> None:
    """WCAG 2.2, 1.4.3: 4.5:1 at least; letters on the button are white, all others dark."""
    letters = set(re.findall(r"[;{]\s*color: (#\w+)", pages._STYLE))
    grounds = set(re.findall(r"background: (#\w+)", pages._STYLE))
    assert len(letters) > 4
    dark = {"#0a5240"}  # the button
    for colour, ground in product(letters, grounds):
        if (colour == "#fff") == (ground in dark):
            low, high = sorted((luminance(colour), luminance(ground)))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (colour, ground)
