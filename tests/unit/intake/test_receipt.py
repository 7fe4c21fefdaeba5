"""The receipt is complete, escaped, readable, printable and needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.deadlines import deadlines
from services.intake.pages import receipt
from services.intake.pages.policy import content_security_policy
from services.intake.pages.receipt import render_receipt
from shared.contracts.lifecycle import STATUSES
from shared.contracts.vocabulary import CATEGORIES
from tests.builders.applications import an_application

SERIAL = "2634626885086477"


HASH = "0123456789abcdef" * 4


def a_view(**changes: Any) -> dict[str, Any]:
    view: dict[str, Any] = {
        "serial_number": SERIAL,
        "query_code": "K7PQ-9W4E",
        "received_at": "2026-11-02T16:45:00Z",
        "division": {"code": "370102", "name": "山东省济南市历下区"},
        "status": "submitted",
        "history": {"application": HASH, "case": None},
        "category": "pay_injury_compensation",
        "claims": [{"amount_cny": 20000}, {"amount_cny": None}, {"amount_cny": 20.5}],
        "deadlines": [
            {"name": "acceptance_decision", "due_on": "2026-11-05", "provisional": False},
            {"name": "arbitration_limitation", "due_on": "2027-09-30", "provisional": True},
        ],
        "next_steps": ["等待分派调解组织"],
        "attachments": [
            {"file_name": "记工本照片.jpg", "state": "received"},
            {"file_name": "录音.zip", "state": "refused", "refusal": "zip_encrypted"},
            {"file_name": "合同.pdf", "state": "awaited"},
        ],
        "links": {"page": f"https://tiaojie.example/progress/{SERIAL}"},
    }
    return view | changes


class Page(HTMLParser):
    """A page's elements with their attributes and its visible words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.style = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "path"}:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "style":
            self.style += data
        else:
            self.words += data

    def attributes(self, name: str) -> list[str | None]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]


def page(language: Any = "zh", **changes: Any) -> Page:
    return Page(render_receipt(a_view(**changes), language))


def words(**changes: Any) -> str:
    return " ".join(page(**changes).words.split())


def test_the_numbers_to_keep_are_shown_in_groups():
    assert "2634 6268 8508 6477" in words()
    assert "K7PQ-9W4E" in words()


def test_everything_that_the_applicant_needs_next_is_there():
    for expected in (
        "山东省济南市历下区",
        "2026年11月3日 00:45（北京时间）",
        STATUSES["submitted"].zh,
        CATEGORIES["pay_injury_compensation"].zh,
        "3项，金额合计20,020.50元",
        "等待分派调解组织",
        "2026年11月5日（星期四） 调解组织决定是否受理 依据：《企业劳动争议协商调解规定》第二十二条",
        "依据：《劳动争议调解仲裁法》第二十七条；节假日安排公布后可能调整",
        "记工本照片.jpg 已收到",
        "录音.zip 未接收，请重传 压缩包设有密码，调解员无法查看",
        "合同.pdf 待上传",
        "不表示已经受理",
        "12333", "12348", "12351", "12338",
    ):  # fmt: skip
        assert expected in words()


def test_it_speaks_english_too():
    english = words(language="en", claims=[{"amount_cny": 2200}])
    for expected in (
        "Your application has been submitted",
        "3 November 2026, 00:45 (Beijing time)",
        "1 claim, CNY 2,200 in all",
        "Thursday, 5 November 2026 The organisation decides on acceptance Source: Enterprise",
        "article 27; may move with the holiday plan",
    ):
        assert expected in english
    assert page("en").elements[0] == ("html", {"lang": "en"})
    assert page("zh").elements[0] == ("html", {"lang": "zh-CN"})


def test_claims_without_money_show_no_amount():
    shown = words(claims=[{"amount_cny": None}] * 3)
    assert "调解请求 3项 " in shown
    assert "金额" not in shown


def test_an_application_without_files_deadlines_or_steps_has_no_empty_parts():
    bare = page(attachments=[], deadlines=[], next_steps=[])
    assert "以后可以凭流水号和查询码补交" in bare.words
    assert "重要期限" not in bare.words
    assert "接下来" not in bare.words


def test_every_deadline_of_a_submission_has_its_words():
    received = datetime(2026, 11, 2, 16, 45, tzinfo=UTC)
    for deadline in deadlines(received, an_application()):
        assert deadline.name in receipt.DEADLINES


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_can_be_printed(status):
    assert STATUSES[status].zh in words(status=status)


def test_the_page_uses_nothing_from_elsewhere_and_runs_nothing():
    shown = page()
    tags = {tag for tag, _ in shown.elements}
    assert tags.isdisjoint({"script", "img", "link", "iframe", "form", "object", "base", "input"})
    assert shown.attributes("src") == []
    assert shown.attributes("style") == []
    assert not [name for _, attributes in shown.elements for name in attributes if name[:2] == "on"]
    assert set(shown.attributes("href")) == {
        f"https://tiaojie.example/progress/{SERIAL}",
        "tel:12333", "tel:12348", "tel:12351", "tel:12338",
    }  # fmt: skip
    assert "url(" not in shown.style
    assert "@import" not in shown.style


def test_its_policy_allows_exactly_its_own_style_sheet():
    digest = base64.b64encode(hashlib.sha256(page().style.encode()).digest()).decode()
    policy = content_security_policy(render_receipt(a_view(), "zh"))
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_the_query_code_is_in_no_address():
    for address in page().attributes("href"):
        assert "K7PQ" not in (address or "")


HOSTILE = "</style><script>alert('x')</script>\"'&<b onclick=x>"


def test_whatever_people_typed_is_shown_as_text():
    hostile = page(
        division={"name": HOSTILE},
        next_steps=[HOSTILE],
        attachments=[{"file_name": HOSTILE, "state": "awaited"}],
    )
    assert hostile.words.count(HOSTILE) == 3
    assert "script" not in {tag for tag, _ in hostile.elements}


@given(st.text(max_size=60))
def test_any_file_name_leaves_the_page_well_formed(name):
    page(attachments=[{"file_name": name, "state": "received"}])


def test_the_page_can_be_read_aloud():
    shown = page()
    headings = [tag for tag, _ in shown.elements if re.fullmatch(r"h\d", tag)]
    assert headings[0] == "h1"
    assert headings.count("h1") == 1
    assert set(headings[1:]) == {"h2"}
    tags = [tag for tag, _ in shown.elements]
    assert {"header", "main", "footer", "title"} <= set(tags)
    assert ("role", "img") in {
        item for _, attributes in shown.elements for item in attributes.items()
    }
    assert "扫码查看进度" in shown.attributes("aria-label")


def test_texts_have_the_contrast_that_weak_eyes_need():
    """WCAG 2.2 success criterion 1.4.6: 7:1, on white and on the tinted box."""
    colours = set(re.findall(r"(?<![-\w])color: (#[0-9a-f]{3,6})", page().style))
    assert len(colours) > 3
    for colour in colours:
        assert contrast(colour, "#fff") >= 7, colour
    for colour in ("#0a5240", "#35413d", "#1c2321", "#4a5552"):
        assert contrast(colour, "#f0f6f3") >= 7, colour


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


_CHOSEN = frozenset({"beijing_time", "awaited", "received", "refused"}) | {
    "history_application",
    "history_case",
}


def test_every_sentence_is_in_both_languages_and_used():
    template = (receipt._FOLDER / "receipt.html").read_text(encoding="utf-8")
    for name, sentence in receipt.TEXTS.items():
        assert sentence.zh
        assert sentence.en
        used = f"text.{name}" in template or name in receipt._HOTLINES
        assert used or name in _CHOSEN, name
