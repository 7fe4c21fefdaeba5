"""Search over the statutes the package brings: what people ask, and what they must find."""

import subprocess
import sys
from datetime import date

import pytest

from services.query.policies.policy import DISCLAIMER, short_title
from services.query.policies.sources import read_statutes, statutes_path
from services.query.search import everyday_words
from services.query.search.filters import MAX_PAGE
from services.query.search.index import (
    MAX_RELATED,
    NOTHING_ASKED,
    NOTHING_FOUND,
    SearchIndex,
)
from services.query.search.question import Filters
from services.query.search.views import result_view
from tests.builders.ferry_policies import a_policy, an_article

TODAY = date(2026, 11, 21)

ANYTHING = Filters()


@pytest.fixture(scope="module")
def index():
    return SearchIndex.build(read_statutes(statutes_path()).policies)


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
        ("怀孕被开除", {"劳动合同法42", "劳动法29"}),
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
        ("试用期可以不交社保吗", {"社会保险法58"}),
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


def test_what_asks_nothing_is_told_apart_from_what_is_not_there(index):
    assert index.search("怎么办", ANYTHING, today=TODAY).note == NOTHING_ASKED
    assert index.search("zzzz", ANYTHING, today=TODAY).note == NOTHING_FOUND


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


def test_filters_narrow_the_answer_by_days():
    index = SearchIndex.build(
        [
            a_policy("旧渡口条例", promulgated_on=date(2001, 5, 1), effective_on=date(2001, 7, 1)),
            a_policy("新渡口条例", promulgated_on=date(2021, 5, 1), effective_on=date(2021, 7, 1)),
            a_policy("无日期渡口条例", promulgated_on=None, effective_on=None),
        ]
    )
    old, new = ["旧渡口条例1"], ["新渡口条例1"]
    assert found(index, "摆渡", effective_from=date(2021, 7, 1)) == new
    assert found(index, "摆渡", effective_to=date(2021, 6, 30)) == old
    assert found(index, "摆渡", promulgated_from=date(2001, 5, 2)) == new
    assert found(index, "摆渡", promulgated_to=date(2001, 5, 1)) == old
    assert found(index, "摆渡", promulgated_from=date(2022, 1, 1)) == []
    assert len(found(index, "摆渡")) == 3


def test_as_of_a_day_the_version_that_held_then_is_found():
    first = a_policy(
        promulgated_on=date(2001, 5, 1),
        effective_on=date(2001, 7, 1),
        superseded_by="渡口条例-2021-05-01",
        superseded_on=date(2021, 7, 1),
    )
    second = a_policy(promulgated_on=date(2021, 5, 1), effective_on=date(2021, 7, 1))
    index = SearchIndex.build([first, second])

    def versions(day, **filters):
        asked = Filters(as_of=day, **filters)
        return [hit.policy for hit in index.search("摆渡", asked, today=TODAY).hits]

    assert versions(date(2001, 6, 30)) == []
    assert versions(date(2001, 7, 1)) == [first]
    assert versions(date(2021, 6, 30)) == [first]
    assert versions(date(2021, 7, 1)) == [second]
    assert versions(date(2021, 7, 1), in_force=False) == [first]
    amended = index.search("摆渡", ANYTHING, today=TODAY, with_facets=True)
    assert [hit.policy for hit in amended.hits] == [second, first], "what holds goes first"
    assert amended.facets is not None
    assert dict(amended.facets.statuses) == {"in_force": 1, "amended": 1}


def test_by_date_the_newest_policies_come_first_whatever_fits_best():
    little = (an_article("1", "渡口设在河岸的，夜间可以摆渡。"),)
    index = SearchIndex.build(
        [
            a_policy("摆渡劳动条例", promulgated_on=date(2001, 1, 1)),
            a_policy("河岸条例", promulgated_on=date(2011, 1, 1), articles=little),
        ]
    )
    by_date = index.search("摆渡", ANYTHING, today=TODAY, sort="date")
    best = index.search("摆渡", ANYTHING, today=TODAY)
    assert by_date.hits[0].policy.title == "河岸条例"
    assert best.hits[0].policy.title == "摆渡劳动条例"
    assert by_date.total == best.total


def test_facets_count_the_whole_answer_by_kind_issuer_region_and_status():
    index = SearchIndex.build(
        [
            a_policy(articles=(an_article("1"), an_article("2"))),
            a_policy("山东省渡口条例", kind="local_regulation", issuer="甲", region="370000"),
            a_policy("联合渡口条例", issuer="甲", co_issuers=("乙",), status="repealed"),
        ]
    )
    result = index.search("摆渡", ANYTHING, 1, 1, today=TODAY, with_facets=True)
    assert len(result.hits) == 1
    assert index.search("摆渡", ANYTHING, 1, 1, today=TODAY).facets is None
    assert dict(result.facets.kinds) == {"administrative_regulation": 3, "local_regulation": 1}
    assert dict(result.facets.issuers) == {"渡口会": 2, "甲": 2, "乙": 1}
    assert dict(result.facets.regions) == {"000000": 3, "370000": 1}
    assert dict(result.facets.statuses) == {"in_force": 3, "repealed": 1}
    narrowed = index.search("摆渡", Filters(issuer="乙"), today=TODAY, with_facets=True)
    assert dict(narrowed.facets.issuers) == {"甲": 1, "乙": 1}
    shown = result_view(result, "en", TODAY)["facets"]
    assert shown["kind"][0] == {
        "value": "administrative_regulation", "text": "Administrative regulation", "count": 3,
    }  # fmt: skip
    assert [region["text"] for region in shown["region"]] == ["The whole country", "山东省"]


def test_a_phrase_in_quotation_marks_stands_in_every_hit_letter_by_letter(index):
    for asked in ("“解除劳动合同”", '"解除劳动合同" 经济补偿', "「解除劳动合同」"):
        hits = index.search(asked, ANYTHING, 1, 20, today=TODAY).hits
        assert hits
        assert all("解除劳动合同" in hit.article.text for hit in hits)
        assert "<mark>解除劳动合同</mark>" in hits[0].snippet
    loose = index.search("解除劳动合同", ANYTHING, today=TODAY)
    assert loose.total > index.search("“解除劳动合同”", ANYTHING, today=TODAY).total
    assert index.search("“劳动解除合同”", ANYTHING, today=TODAY).total == 0


def test_a_paragraph_asked_for_is_the_one_shown():
    text = "摆渡人每日摆渡不超过八小时。\n夜间不摆渡。"
    index = SearchIndex.build([a_policy(articles=(an_article("1", text),))])
    [hit] = index.search("渡口条例第一条第二款", ANYTHING, today=TODAY).hits
    assert hit.snippet == "夜间不摆渡。"
    [hit] = index.search("渡口条例第一条第九款", ANYTHING, today=TODAY).hits
    assert hit.snippet.startswith("摆渡人")


def test_labour_law_comes_before_other_law_that_says_the_same():
    same = (an_article("1", "支付经济补偿的，应当一次付清。"),)
    index = SearchIndex.build(
        [
            a_policy("渡口管理条例", articles=same),
            a_policy("渡口劳动合同条例", articles=same, promulgated_on=date(1999, 1, 1)),
        ]
    )
    assert found(index, "经济补偿") == ["渡口劳动合同条例1", "渡口管理条例1"]


def test_related_articles_are_alike_and_never_the_article_itself(index):
    law = next(h.policy for h in index.search("劳动合同法", ANYTHING, today=TODAY).hits)
    related = index.related(law.id, "19")
    places = [(hit.policy.title, hit.article.number) for hit in related]
    assert ("中华人民共和国劳动法", "21") in places, "it is about probation too"
    assert (law.title, "19") not in places
    assert len(places) <= MAX_RELATED
    assert index.related(law.id, "999") is None
    assert index.related("渡口条例", "1") is None


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
        "partly_superseded",
    )
    assert (item["promulgated_on"], item["effective_on"]) == ("2018-12-29", "1995-01-01")
    assert item["article"] == {"number": "44", "label": "第四十四条"}
    assert item["url"].endswith("-2018-12-29/articles/44")
    assert item["url"].isascii()
    assert "<mark>" in item["snippet"]


def test_the_search_engine_and_dictionary_are_not_loaded_before_the_first_search():
    program = (
        "import sys, services.query.search.live_index, services.query.policies.importing;"
        "sys.exit(bool({'tantivy', 'rjieba', 'opencc', 'pypinyin'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
