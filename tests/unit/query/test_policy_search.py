"""Search over the statutes the package brings: what people ask, and what they must find."""

import subprocess
import sys
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.query.policies.policy import DISCLAIMER, Article, Policy, short_title
from services.query.policies.sources import read_statutes, statutes_path
from services.query.search import everyday_words
from services.query.search.index import (
    MAX_PAGE,
    MAX_SUGGESTIONS,
    NOTHING_ASKED,
    NOTHING_FOUND,
    SearchIndex,
)
from services.query.search.question import Filters
from services.query.search.views import result_view, suggestions_view
from shared.errors import Refused

TODAY = date(2026, 11, 21)

ANYTHING = Filters()


@pytest.fixture(scope="module")
def index():
    return SearchIndex.build(read_statutes(statutes_path()).policies)


def a_policy(title="渡口条例", **changes):
    fields = {
        "kind": "administrative_regulation",
        "issuer": "渡口会",
        "promulgated_on": date(2020, 1, 1),
        "effective_on": date(2020, 2, 1),
        "preamble": "",
        "articles": (Article("1", "第一条", "", "摆渡人每日摆渡不超过八小时。"),),
    }
    return Policy(title=title, **(fields | changes))


def found(index, question, count=5, **filters):
    result = index.search(question, Filters(**filters), 1, count, today=TODAY)
    return [
        short_title(hit.policy.title) + (hit.article.number if hit.article else "")
        for hit in result.hits
    ]


@pytest.mark.parametrize(
    "question,expected",
    [
        ("被辞退能赔多少", {"劳动合同法46", "劳动合同法47", "劳动合同法87"}),
        ("公司把我开除了要赔多少钱", {"劳动合同法46", "劳动合同法47", "劳动合同法87"}),
        ("公司不给交社保", {"劳动合同法38", "社会保险法63", "社会保险法86"}),
        ("怀孕被开除", {"劳动合同法42", "妇女权益保障法48"}),
        ("拖欠工资怎么办", {"劳动合同法30", "劳动法50", "劳动争议调解仲裁法9"}),
        ("老板不发工资", {"劳动合同法30", "劳动法50", "劳动争议调解仲裁法9"}),
        ("试用期被裁", {"劳动合同法21", "劳动合同法39"}),
        ("试用期最长多久", {"劳动合同法19"}),
        ("试用期工资多少", {"劳动合同法20"}),
        ("加班费怎么算", {"劳动法44", "劳动合同法31"}),
        ("没签合同", {"劳动合同法82", "劳动合同法10"}),
        ("没签劳动合同可以要双倍工资吗", {"劳动合同法82"}),
        ("年假没休", {"劳动法45"}),
        ("工伤谁赔", {"社会保险法38", "社会保险法39", "社会保险法41"}),
        ("公司没交社保我受了工伤谁赔", {"社会保险法41"}),
        ("工伤认定", {"社会保险法36"}),
        ("产假多少天", {"劳动法62"}),
        ("哺乳期被安排加班", {"劳动法63"}),
        ("离职证明不给开", {"劳动合同法50", "劳动合同法89"}),
        ("辞职要提前多久", {"劳动合同法37"}),
        ("合同到期不续签有补偿吗", {"劳动合同法46"}),
        ("劳动仲裁时效是多久", {"劳动争议调解仲裁法27"}),
        ("劳动仲裁要花钱吗", {"劳动争议调解仲裁法53"}),
        ("劳动仲裁去哪里申请", {"劳动争议调解仲裁法21"}),
        ("仲裁不服怎么办", {"劳动争议调解仲裁法50"}),
        ("没有证据怎么办", {"劳动争议调解仲裁法6"}),
        ("调解协议不履行怎么办", {"劳动争议调解仲裁法15", "劳动争议调解仲裁法16"}),
        ("竞业限制", {"劳动合同法23", "劳动合同法24"}),
        ("服务期违约金", {"劳动合同法22"}),
        ("扣押身份证", {"劳动合同法9", "劳动合同法84"}),
        ("最低工资标准", {"劳动法48"}),
        ("被迫离职", {"劳动合同法38"}),
        ("公司裁员要提前通知吗", {"劳动合同法41"}),
        ("违法辞退", {"劳动合同法48", "劳动合同法87"}),
        ("n+1", {"劳动合同法40"}),
        ("生病了公司能辞退我吗", {"劳动合同法42"}),
        ("请不起律师怎么办", {"法律援助法42"}),
        ("农民工讨薪法律援助", {"法律援助法31", "法律援助法42"}),
        ("失业金怎么领", {"社会保险法45"}),
        ("公司破产工资怎么办", {"企业破产法113"}),
        ("职场性骚扰", {"妇女权益保障法23", "妇女权益保障法25"}),
        ("招聘只招男的", {"妇女权益保障法43"}),
        ("劳务派遣同工同酬", {"劳动合同法63"}),
        ("每天工作几个小时", {"劳动法36"}),
        ("周末不让休息", {"劳动法38"}),
        ("经济补偿", {"劳动合同法46", "劳动合同法47"}),
        ("支付令", {"劳动争议调解仲裁法16", "劳动合同法30"}),
        ("司法确认", {"民事诉讼法205", "人民调解法33"}),
        ("培训完辞职要赔钱吗", {"劳动合同法22"}),
        ("因工致残公司能解除合同吗", {"劳动合同法42"}),
        ("孕妇可以上夜班吗", {"劳动法61"}),
        ("公司要我交押金", {"劳动合同法9", "劳动合同法84"}),
        ("仲裁员回避", {"劳动争议调解仲裁法33"}),
        ("集体合同怎么签", {"劳动合同法51"}),
        ("试用期可以不交社保吗", {"劳动合同法38", "社会保险法86"}),
        ("fired while pregnant", {"劳动合同法42"}),
        ("overtime pay", {"劳动法44"}),
        ("unpaid wages", {"劳动合同法30", "劳动法50"}),
    ],
)
def test_an_everyday_question_finds_its_articles_among_the_first_five(index, question, expected):
    assert expected <= set(found(index, question))


@pytest.mark.parametrize("question", everyday_words.QUESTIONS)
def test_every_suggested_question_has_an_answer(index, question):
    assert found(index, question)


@pytest.mark.parametrize(
    "question,first",
    [
        ("劳动合同法47条", "劳动合同法47"),
        ("《劳动合同法》第四十七条", "劳动合同法47"),
        ("劳动争议调解仲裁法27", "劳动争议调解仲裁法27"),
        ("article 47 labour contract law", "劳动合同法47"),
        ("劳动合同法", "劳动合同法"),
        ("劳动合同法 试用期", "劳动合同法19"),
    ],
)
def test_a_named_law_or_article_comes_first(index, question, first):
    assert found(index, question)[0] == first


def test_an_article_number_alone_finds_it_in_every_law_labour_laws_first(index):
    places = found(index, "第四十七条", 50)
    assert all(place.endswith("47") for place in places)
    assert set(places[:3]) == {"劳动争议调解仲裁法47", "劳动合同法47", "劳动法47"}


def test_the_sixty_days_of_the_labour_law_carry_the_hint_to_one_year(index):
    [hit] = index.search("劳动法82条", ANYTHING, today=TODAY).hits
    assert "时效为一年" in hit.note.zh
    assert "one year" in hit.note.en
    assert "劳动法83" not in found(index, "仲裁不服怎么办", 1), "what is replaced comes later"


@pytest.mark.parametrize(
    "odd",
    [
        "钱",
        "a",
        "的",
        '+ - * AND OR ("',
        "\x00\x01",
        "title:劳动 OR *",
        "[a TO b]",
        "😀",
        "劳动 " * 99,
    ],
)
def test_odd_input_gets_an_answer_or_a_hint(index, odd):
    result = index.search(odd, ANYTHING, today=TODAY)
    assert result.hits or result.note
    assert result.took_ms < 1000


def test_what_asks_nothing_is_told_apart_from_what_is_not_there(index):
    assert index.search("怎么办", ANYTHING, today=TODAY).note == NOTHING_ASKED
    assert index.search("zzzz", ANYTHING, today=TODAY).note == NOTHING_FOUND


@given(text=st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_text_is_answered_in_bounded_time(index, text):
    assert index.search(text, ANYTHING, today=TODAY).took_ms < 2000


@pytest.mark.parametrize(
    "asked,pointer",
    [
        ({"query": "加班" * 5000}, "/q"),
        ({"filters": Filters(kind="poem")}, "/kind"),
        ({"filters": Filters(issuer="会" * 101)}, "/issuer"),
        ({"filters": Filters(region="999999")}, "/region"),
        ({"page": 0}, "/page"),
        ({"page": MAX_PAGE + 1}, "/page"),
        ({"size": 51}, "/size"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_answered_is_refused_at_its_field(index, asked, pointer):
    with pytest.raises(Refused) as refused:
        index.search(**({"query": "加班", "filters": ANYTHING} | asked), today=TODAY)
    assert refused.value.slug == "validation_failed"
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_pages_follow_each_other_without_gap_or_repetition(index):
    whole = found(index, "工资", 50)
    total = index.search("工资", ANYTHING, today=TODAY).total
    paged = []
    for page in range(1, 6):
        result = index.search("工资", ANYTHING, page, 10, today=TODAY)
        assert result.total == total
        paged += [
            short_title(h.policy.title) + (h.article.number if h.article else "")
            for h in result.hits
        ]
    assert paged == whole
    assert index.search("工资", ANYTHING, MAX_PAGE, 10, today=TODAY).hits == ()


def test_no_question_lists_the_policies_newest_first(index):
    result = index.search("", ANYTHING, 1, 50, today=TODAY)
    days = [hit.policy.promulgated_on for hit in result.hits]
    assert result.total == len(index)
    assert days == sorted(days, reverse=True)
    assert all(hit.article is None for hit in result.hits)


def test_filters_narrow_the_answer_by_kind_issuer_region_and_force():
    index = SearchIndex.build(
        [
            a_policy(),
            a_policy("山东省渡口条例", kind="local_regulation", region="370000"),
            a_policy("济南市渡口条例", kind="local_regulation", region="370100"),
            a_policy("未来渡口条例", effective_on=date(2027, 1, 1)),
            a_policy("旧渡口条例", superseded_by="渡口条例-2020-01-01"),
            a_policy("废渡口条例", status="repealed", issuer="旧渡口会"),
        ]
    )
    assert len(found(index, "摆渡")) == 5
    assert set(found(index, "摆渡", kind="local_regulation")) == {
        "山东省渡口条例1",
        "济南市渡口条例1",
    }
    assert found(index, "摆渡", issuer="旧渡口会") == ["废渡口条例1"]
    assert "济南市渡口条例1" not in found(index, "摆渡", 10, region="370200")
    assert {"渡口条例1", "山东省渡口条例1", "济南市渡口条例1"} <= set(
        found(index, "摆渡", 10, region="370102")
    )
    assert set(found(index, "摆渡", in_force=False)) == {
        "未来渡口条例1",
        "旧渡口条例1",
        "废渡口条例1",
    }
    assert set(found(index, "摆渡", in_force=True)) == {
        "渡口条例1",
        "山东省渡口条例1",
        "济南市渡口条例1",
    }
    assert not {"旧渡口条例1", "废渡口条例1"} & set(found(index, "摆渡", 4)), (
        "what is in force goes first"
    )


def test_an_index_of_nothing_answers_with_nothing():
    result = SearchIndex.build([]).search("加班", ANYTHING, today=TODAY)
    assert (result.total, result.hits, result.note) == (0, (), NOTHING_FOUND)


def test_the_answer_as_json_has_the_contracts_fields_and_the_disclaimer(index):
    result = index.search("加班费怎么算", Filters(in_force=True), 1, 1, today=TODAY)
    view = result_view(result, "zh", TODAY)
    [item] = view["items"]
    assert view["disclaimer"] == DISCLAIMER.zh
    assert "12333" in DISCLAIMER.en
    assert (item["title"], item["kind"], item["status"]) == (
        "中华人民共和国劳动法",
        "law",
        "in_force",
    )
    assert (item["promulgated_on"], item["effective_on"]) == ("2018-12-29", "1995-01-01")
    assert item["article"] == {"number": "44", "label": "第四十四条"}
    assert item["url"].endswith("-2018-12-29/articles/44")
    assert item["url"].isascii()
    assert "<mark>" in item["snippet"]


def test_suggestions_begin_with_what_was_typed_and_are_bounded(index):
    texts = [suggestion.text for suggestion in index.suggest("劳动")]
    assert texts[0].startswith("劳动")
    assert "中华人民共和国劳动合同法" in texts
    assert len(index.suggest("法")) <= MAX_SUGGESTIONS
    assert index.suggest("") == ()
    assert suggestions_view(index.suggest("拖欠")) == {
        "items": [{"text": "拖欠工资怎么办", "url": None}]
    }
    assert all(
        (s.url is None) == (s.text in everyday_words.QUESTIONS) for s in index.suggest("劳动")
    )


def test_the_search_engine_and_dictionary_are_not_loaded_before_the_first_search():
    program = (
        "import sys, services.query.search.live_index, services.query.policies.importing;"
        "sys.exit(bool({'tantivy', 'rjieba'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
