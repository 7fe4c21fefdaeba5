"""Completions while somebody types: questions, titles and headings, in whatever writing."""

from datetime import date

import pytest

from services.query.policies.policy import Article
from services.query.policies.sources import read_statutes, statutes_path
from services.query.search import everyday_words
from services.query.search.suggestions import MAX_SUGGESTIONS, Completions
from services.query.search.views import suggestions_view
from shared.errors import Refused
from tests.builders.ferry_policies import a_policy


@pytest.fixture(scope="module")
def completions():
    return Completions(read_statutes(statutes_path()).policies)


def texts(completions, typed):
    return [suggestion.text for suggestion in completions.of(typed)]


def test_what_begins_with_the_words_comes_before_what_contains_them(completions):
    begun = [text.startswith(("劳动", "中华人民共和国劳动")) for text in texts(completions, "劳动")]
    assert begun[0]
    assert len(texts(completions, "法")) == MAX_SUGGESTIONS
    assert texts(completions, "") == []


@pytest.mark.parametrize(
    "typed,offered",
    [
        ("拖欠", "拖欠工资怎么办"),
        ("tuoqian", "拖欠工资怎么办"),
        ("tuo qian", "拖欠工资怎么办"),
        ("tqgz", "拖欠工资怎么办"),
        ("試用期", "试用期最长多久"),
        ("劳动合同法", "中华人民共和国劳动合同法"),
        ("勞動合同", "中华人民共和国劳动合同法"),
        ("laodongh", "中华人民共和国劳动合同法"),
        ("ldhtf", "中华人民共和国劳动合同法"),
        ("劳动合同的解除", "劳动合同法 劳动合同的解除和终止"),
        ("jiechu", "劳动合同法 劳动合同的解除和终止"),
    ],
)
def test_questions_titles_and_headings_are_offered_in_any_writing(completions, typed, offered):
    assert offered in texts(completions, typed)


def test_a_heading_leads_to_its_first_article_a_question_nowhere():
    articles = (
        Article("1", "第一条", "第一章 总则", "一"),
        Article("2", "第二条", "第二章 摆渡人的休息", "二"),
        Article("3", "第三条", "第二章 摆渡人的休息", "三"),
    )
    policy = a_policy("渡口劳动条例", articles=articles)
    completions = Completions([policy])
    assert suggestions_view(completions.of("摆渡")) == {
        "items": [{"text": "渡口劳动条例 摆渡人的休息", "url": f"{policy.url}/articles/2"}]
    }
    assert texts(completions, "总则") == []
    assert all(s.url is None for s in completions.of("拖欠"))


def test_what_no_longer_holds_is_not_offered():
    later = a_policy(promulgated_on=date(2024, 1, 2))
    earlier = a_policy(superseded_by=later.id, superseded_on=later.effective_on)
    assert [s.url for s in Completions([earlier, later]).of("渡口")] == [later.url]


def test_every_offered_question_completes_itself(completions):
    for question in everyday_words.QUESTIONS:
        assert question in texts(completions, question)


def test_too_much_is_refused(completions):
    with pytest.raises(Refused):
        completions.of("法" * 501)
