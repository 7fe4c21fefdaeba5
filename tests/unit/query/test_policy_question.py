"""Reading questions: article numbers, titles, everyday words, and whatever else people type."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.query.policies.policy import article_number
from services.query.search.queries import cut
from services.query.search.question import MAX_PHRASES, MAX_SUBJECTS, read
from services.query.search.writing import MAX_LENGTH, normalised
from shared.errors import Refused

TITLES = ("劳动争议调解仲裁法", "劳动合同法", "劳动法")


def in_chinese(number: int) -> str:
    """1 → 一, 10 → 十, 105 → 一百零五, as article numbers are printed."""
    digits, text, pending_zero = "零一二三四五六七八九", "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            text += ("零" if pending_zero and text else "") + digits[digit] + name
            pending_zero = False
        elif text:
            pending_zero = True
    return text.removeprefix("一") if text.startswith("一十") else text


@settings(deadline=None)
@given(st.integers(1, 9999))
def test_an_article_number_is_the_same_in_every_writing(number):
    written = in_chinese(number)
    for form in (str(number), written, f"第{number}条", f"第{written}条", f" 第 {number} 条 "):
        assert article_number(form) == str(number)
    assert article_number(f"第{written}条之二") == f"{number}-2"
    assert article_number(f"{number}-2") == f"{number}-2"


@pytest.mark.parametrize("text", ["", "条", "第条", "零", "0", "12345", "abc", "4a", "第四十七款"])
def test_what_is_no_article_number_is_none(text):
    assert article_number(text) is None


@pytest.mark.parametrize(
    "text,law,article",
    [
        ("劳动合同法47条", "劳动合同法", "47"),
        ("《中华人民共和国劳动合同法》第四十七条", "劳动合同法", "47"),
        ("劳动合同法第47条怎么说", "劳动合同法", "47"),
        ("劳动合同法 47", "劳动合同法", "47"),
        ("劳合法 第四十七条", "劳动合同法", "47"),
        ("劳动合同法４７条", "劳动合同法", "47"),
        ("article 47 of the labour contract law", "劳动合同法", "47"),
        ("仲裁法27条", None, "27"),
        ("调解仲裁法27条", "劳动争议调解仲裁法", "27"),
        ("第一百二十条之一", None, "120-1"),
        ("劳动法", "劳动法", None),
        ("拖欠工资", None, None),
    ],
)
def test_a_named_article_is_understood(text, law, article):
    question = read(text, TITLES, cut)
    assert (question.law, question.article) == (law, article)


def test_everyday_words_become_the_words_of_the_statutes():
    first, second = read("公司把我开除了能赔多少钱？", TITLES, cut).subjects
    assert "解除劳动合同" in first.meant
    assert "应当向劳动者支付经济补偿" in second.meant


def test_words_true_of_every_question_count_only_alone():
    assert [s.said for s in read("公司的年终晚会", TITLES, cut).subjects] == ["年终", "晚会"]
    assert [s.said for s in read("公司", TITLES, cut).subjects] == ["公司"]


@pytest.mark.parametrize(
    "text", ["", "   ", "怎么办", "的了吗", "？！，。", "\x00\x1f", "+-*:^~", "😀"]
)
def test_a_question_about_nothing_has_no_subject(text):
    question = read(text, TITLES, cut)
    assert (question.law, question.article, question.subjects) == (None, None, ())


def test_too_long_a_question_is_refused_at_its_field():
    with pytest.raises(Refused) as refused:
        normalised("加班" * 5000)
    assert refused.value.slug == "validation_failed"
    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/q", "too_long")]


@settings(deadline=None)
@given(st.text(max_size=MAX_LENGTH))
def test_any_text_is_read_in_bounds(text):
    plain = normalised(text)
    question = read(plain, TITLES, cut)
    assert len(question.subjects) <= MAX_SUBJECTS
    assert len(question.phrases) <= MAX_PHRASES
    assert all(subject.said.strip() for subject in question.subjects)
    assert normalised(plain) == plain


@pytest.mark.parametrize(
    "text,phrases,said",
    [
        ("“经济补偿”年限", ("经济补偿",), ["年限"]),
        ('"经济补偿" 年限', ("经济补偿",), ["年限"]),
        ("「经济补偿」『年限』", ("经济补偿", "年限"), []),
        ("“” 年限", (), ["年限"]),
    ],
)
def test_what_stands_in_quotation_marks_is_a_phrase(text, phrases, said):
    question = read(normalised(text), TITLES, cut)
    assert (question.phrases, [s.said for s in question.subjects]) == (phrases, said)


@pytest.mark.parametrize(
    "text,article,paragraph",
    [
        ("劳动合同法第四十七条第二款", "47", 2),
        ("劳动合同法47条2款", "47", 2),
        ("第十条", "10", None),
        ("第三人打伤了我", None, None),
    ],
)
def test_a_paragraph_follows_its_article(text, article, paragraph):
    question = read(text, TITLES, cut)
    assert (question.article, question.paragraph) == (article, paragraph)


@pytest.mark.parametrize(
    "text,term",
    [
        ("流程是怎样的 仲裁", "仲裁流程"),
        ("奖励 举报了有没有", "举报奖励"),
    ],
)
def test_a_term_is_found_with_its_words_apart_or_in_another_order(text, term):
    assert term in [s.said for s in read(text, TITLES, cut).subjects]


def test_scattered_words_far_from_each_other_are_no_term():
    far = "怀孕" + "摆渡人渡口渡船河岸桥梁缆绳灯塔船桨" + "辞退"
    assert "怀孕被辞退" not in [s.said for s in read(far, TITLES, cut).subjects]


@given(
    st.text(alphabet="被辞退公司不给没签合同工资加班仲裁多久钱试用期裁要我的 ", max_size=MAX_LENGTH)
)
def test_no_question_makes_the_expressions_run_away(text):
    started = time.process_time()
    read(text, TITLES, cut)
    assert time.process_time() - started < 0.5
