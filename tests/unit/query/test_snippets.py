"""Passages: within their width, around the marks, and safe HTML whatever the text holds."""

import re
from html import unescape

from hypothesis import given, settings
from hypothesis import strategies as st

from services.query.search.snippets import WIDTH, snippet

TEXTS = st.text(alphabet="用人单位支付加班费。；\n<>&\"'a", max_size=400)
WORDS = st.lists(st.text(alphabet="用人单位加班费<&a", min_size=1, max_size=4), max_size=5)


@settings(deadline=None)
@given(TEXTS, WORDS)
def test_a_snippet_is_a_safe_passage_of_its_text(text, words):
    html = snippet(text, [(word,) for word in words])
    inside = re.sub(r"</?mark>", "", html)
    assert "<" not in inside
    assert ">" not in inside
    passage = unescape(inside).removeprefix("…").removesuffix("…")
    assert len(passage) <= WIDTH
    assert passage in text.replace("\n", " ")
    assert html.count("<mark>") == html.count("</mark>")


@settings(deadline=None)
@given(TEXTS, WORDS)
def test_something_is_marked_when_a_word_stands_in_the_text(text, words):
    html = snippet(text, [(word,) for word in words])
    assert ("<mark>" in html) == any(word in text for word in words)


def test_markup_in_a_text_is_shown_and_not_run():
    html = snippet("<script>alert('加班')</script>", [("加班",)])
    assert html == "&lt;script&gt;alert(&#x27;<mark>加班</mark>&#x27;)&lt;/script&gt;"


def test_a_wording_is_marked_over_a_few_words_between():
    html = snippet("用人单位解除或者终止劳动合同的", [("解除", "劳动合同")])
    assert html == "用人单位<mark>解除或者终止劳动合同</mark>的"


def test_a_wording_is_not_marked_over_the_end_of_a_sentence():
    assert "<mark>" not in snippet("予以解除。劳动合同期满", [("解除", "劳动合同")])


def test_the_passage_begins_with_the_sentence_that_holds_the_marks():
    text = "前言。" * 80 + "用人单位应当支付加班费。" + "后话。" * 80
    assert snippet(text, [("加班费",)]).startswith("…用人单位应当支付<mark>加班费</mark>。")
