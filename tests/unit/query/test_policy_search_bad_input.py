"""Whatever is typed: a useful answer or a clear refusal, in bounded time and memory."""

import time
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.query.policies.policy import KINDS
from services.query.policies.sources import read_statutes, statutes_path
from services.query.search.filters import MAX_PAGE, MAX_SIZE
from services.query.search.index import NOTHING_ASKED, NOTHING_FOUND, SearchIndex
from services.query.search.question import Filters
from services.query.search.suggestions import MAX_SUGGESTIONS
from services.query.search.views import result_view
from services.query.search.writing import MAX_LENGTH
from shared.errors import Refused

TODAY = date(2026, 11, 21)
ANYTHING = Filters()

INJECTIONS = (
    "{'$ne': null}", "'; DROP TABLE laws; --", "<script>alert(1)</script>", "../../etc/passwd",
    "${jndi:ldap://x}", "title:劳动 OR *", "[a TO b]", "劳动~2^9", "/.*/", "(((((", "\\", "%00",
    '+ - * AND OR ("',
)  # fmt: skip
WORDS = (
    "劳动",
    "合同",
    "不",
    "的",
    "tuoqian",
    "ldht",
    "“",
    "”",
    "第",
    "条",
    "47",
    "公司",
    " ",
    "x",
)


@pytest.fixture(scope="module")
def index():
    return SearchIndex.build(read_statutes(statutes_path()).policies)


@pytest.mark.parametrize("odd", ["钱", "a", "的", "\x00\x01", "😀", "劳动 " * 99, *INJECTIONS])
def test_odd_input_gets_an_answer_or_a_hint(index, odd):
    result = index.search(odd, ANYTHING, today=TODAY)
    assert result.hits or result.note
    shown = result_view(result, "zh", TODAY)
    assert all("<script" not in item["snippet"] for item in shown["items"])


def test_one_character_finds_the_articles_that_have_it(index):
    result = index.search("钱", ANYTHING, today=TODAY)
    assert result.hits
    assert all("钱" in hit.article.text for hit in result.hits)


def test_stop_words_alone_ask_for_more(index):
    assert index.search("怎么办呢", ANYTHING, today=TODAY).note == NOTHING_ASKED


def test_operators_are_words_and_no_language(index):
    plain = index.search("工资 加班", ANYTHING, today=TODAY)
    for operators in ("+工资 -加班", "工资* 加班?", "(工资) [加班]", "工资:加班"):
        assert index.search(operators, ANYTHING, today=TODAY).total == plain.total


@pytest.mark.parametrize(
    "asked,pointer",
    [
        ({"query": "加班" * 5000}, "/q"),
        ({"filters": Filters(kind="poem")}, "/kind"),
        ({"filters": Filters(issuer="会" * 101)}, "/issuer"),
        ({"filters": Filters(region="999999")}, "/region"),
        (
            {"filters": Filters(effective_from=TODAY, effective_to=TODAY - timedelta(1))},
            "/effective_to",
        ),
        (
            {"filters": Filters(promulgated_from=date.max, promulgated_to=date.min)},
            "/promulgated_to",
        ),
        ({"sort": "colour"}, "/sort"),
        ({"page": 0}, "/page"),
        ({"page": MAX_PAGE + 1}, "/page"),
        ({"size": MAX_SIZE + 1}, "/size"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_answered_is_refused_at_its_field(index, asked, pointer):
    with pytest.raises(Refused) as refused:
        index.search(**({"query": "加班", "filters": ANYTHING} | asked), today=TODAY)
    assert refused.value.slug == "validation_failed"
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_every_fault_is_told_at_once(index):
    with pytest.raises(Refused) as refused:
        index.search("", Filters(kind="poem", region="1"), 0, 0, today=TODAY, sort="")
    assert {error.pointer for error in refused.value.errors} == {
        "/kind", "/region", "/page", "/size", "/sort",
    }  # fmt: skip


def test_the_last_page_there_may_be_is_answered(index):
    assert index.search("劳动", ANYTHING, MAX_PAGE, MAX_SIZE, today=TODAY).hits == ()


days = st.none() | st.dates()
filters = st.builds(
    Filters,
    kind=st.none() | st.sampled_from(sorted(KINDS)),
    issuer=st.none() | st.text(max_size=20),
    region=st.sampled_from([None, "000000", "370000", "370102"]),
    in_force=st.none() | st.booleans(),
    as_of=days,
    effective_from=days,
    promulgated_to=days,
)
questions = st.text(max_size=MAX_LENGTH) | st.lists(st.sampled_from(WORDS), max_size=60).map(
    "".join
)


@given(question=questions, filters=filters, page=st.integers(1, MAX_PAGE))
@settings(max_examples=80, deadline=None)
def test_any_question_with_any_filters_has_an_answer_that_adds_up(index, question, filters, page):
    result = index.search(question, filters, page, 10, today=TODAY, sort="date", with_facets=True)
    assert len(result.hits) == max(0, min(10, result.total - (page - 1) * 10))
    assert sum(count for _, count in result.facets.statuses) == result.total
    assert result.hits or result.total or result.note in (NOTHING_ASKED, NOTHING_FOUND, None)


@given(typed=questions)
@settings(max_examples=60, deadline=None)
def test_any_text_may_be_completed(index, typed):
    assert len(index.suggest(typed)) <= MAX_SUGGESTIONS


@pytest.mark.parametrize(
    "worst",
    [
        "拖" * MAX_LENGTH,
        "劳动合同法" * 100,
        "shishi" * 83,
        "x" * MAX_LENGTH,
        "公司不给钱" * 100,
        "第一条" * 166,
        "“的”" * 160,
        "的 " * 250,
    ],
)
def test_the_longest_questions_take_a_bounded_part_of_a_second(index, worst):
    began = time.process_time()
    index.search(worst[:MAX_LENGTH], ANYTHING, today=TODAY)
    index.suggest(worst[:MAX_LENGTH])
    assert time.process_time() - began < 1
