"""What a question was meant to say: by sound, with mistakes, in traditional characters."""

from datetime import date

import pytest

from services.query.policies.policy import short_title
from services.query.policies.sources import read_statutes, statutes_path
from services.query.search.index import SearchIndex
from services.query.search.question import Filters
from services.query.search.writing import simplified

TODAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def index():
    return SearchIndex.build(read_statutes(statutes_path()).policies)


def asked(index, question):
    return index.search(question, Filters(), 1, 5, today=TODAY)


def first(result):
    hit = result.hits[0]
    return short_title(hit.policy.title) + (hit.article.number if hit.article else "")


@pytest.mark.parametrize(
    "typed,understood",
    [
        ("tuoqian gongzi", "拖欠工资"),
        ("tuo qian gong zi", "拖欠工资"),
        ("tuoqiangongzi", "拖欠工资"),
        ("laodong hetong", "劳动合同"),
        ("huaiyun bei citui", "怀孕被辞退"),
        ("zuidi gongzi zenme ban", "最低工资怎么办"),
        ("nvzhigong", "女职工"),
        ("jiabanfei 怎么算", "加班费 怎么算"),
        ("tuoqain gongzi", "拖欠工资"),
        ("jingjibuchan", "经济补偿"),
        ("jjbc", "经济补偿"),
    ],
)
def test_pinyin_is_read_as_what_it_sounds_like(index, typed, understood):
    result = asked(index, typed)
    assert result.understood_as == understood
    assert result.hits


@pytest.mark.parametrize(
    "typed,found",
    [
        ("laodong hetong fa 47 tiao", "劳动合同法47"),
        ("laodong hetong fa di 47 tiao", "劳动合同法47"),
        ("ldhtf", "劳动合同法"),
        ("ldhtf 47", "劳动合同法47"),
        ("劳动合通法第四十七条", "劳动合同法47"),
        ("art. 47 labour contract law", "劳动合同法47"),
    ],
)
def test_a_law_and_its_article_are_named_by_sound_initials_or_in_english(index, typed, found):
    assert first(asked(index, typed)) == found


@pytest.mark.parametrize(
    "typed,understood",
    [
        ("拖签公资", "拖欠工资"),
        ("劳动和同", "劳动合同"),
        ("经济不偿", "经济补偿"),
        ("怀运被开除", "怀孕被开除"),
        ("工伤认订", "工伤认定"),
        ("加班廢", "加班费"),
        ("社会险费", "社会保险费"),
        ("劳动争义议", "劳动争议"),
        ("overtme pay", "overtime pay"),
        ("unfiar dismissal", "unfair dismissal"),
    ],
)
def test_a_wrong_missing_or_added_character_is_put_right(index, typed, understood):
    result = asked(index, typed)
    assert result.understood_as == understood
    assert result.hits


@pytest.mark.parametrize(
    "typed",
    [
        "被辞退能赔多少",
        "公司不给交社保",
        "微信聊天记录算不算证据",
        "天天干到晚上十点 违法不",
        "我想看公司存了我哪些个人信息",
        "考勤都在公司手里 我拿不出来",
        "找人民调解要交钱吗",
        "mediation free of charge?",
        "他说的是真的",
        "渡口条例",
        "zzzz",
        "n+1",
        "拖欠工资 2024",
    ],
)
def test_what_is_right_or_unknown_stays_as_it_was_typed(index, typed):
    assert asked(index, typed).understood_as is None


@pytest.mark.parametrize(
    "typed,understood",
    [
        ("拖欠工資怎麼辦", "拖欠工资怎么办"),
        ("勞動合約 加班費", "劳动合约 加班费"),
        ("試用期被裁", "试用期被裁"),
        ("遭僱主解僱", "遭雇主解雇"),
    ],
)
def test_traditional_characters_find_what_simplified_ones_find(index, typed, understood):
    result = asked(index, typed)
    assert result.understood_as == understood
    assert [first(result), result.total] == [
        first(asked(index, understood)), asked(index, understood).total,
    ]  # fmt: skip


def test_words_of_taiwan_are_read_only_where_the_characters_are_traditional():
    assert simplified("網路平臺") == "网络平台"
    assert simplified("土豆网路") == "土豆网路"


def test_everyday_words_are_told_with_what_they_were_taken_to_mean(index):
    [(said, meant)] = asked(index, "被辞退").meanings
    assert said == "被辞退"
    assert any("解除" in wording for wording in meant)
