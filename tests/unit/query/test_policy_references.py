"""What the words of an article refer to, and which parts an article has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.query.policies.citations import citations
from services.query.policies.numerals import article_label, article_number, numeral, numeral_value
from services.query.policies.policy import Article, Policy
from services.query.policies.references import policy_references, references_of
from services.query.policies.structure import paragraphs


def a_policy(*texts, kind="law", title="中华人民共和国渡口法", preamble=""):
    articles = tuple(
        Article(str(n), article_label(str(n)), "", text) for n, text in enumerate(texts, 1)
    )
    return Policy(title, kind, "渡口会", None, None, preamble, articles)


def found(text, number=2, **more):
    texts = ["摆渡。"] * (number - 1) + [text]
    policy = a_policy(*texts, **more)
    return [
        (r.text, r.title, r.article, r.paragraph, r.item, r.to)
        for r in references_of(policy, policy.articles[-1])
    ]


@pytest.mark.parametrize(
    "text,expected",
    [
        ("依照本法第四十七条规定", [("本法第四十七条", "渡口法", "47", None, None, None)]),
        ("依照第三条第二款", [("第三条第二款", "渡口法", "3", 2, None, None)]),
        (
            "《中华人民共和国劳动合同法》第四十六条第（一）项",
            [
                (
                    "《中华人民共和国劳动合同法》第四十六条第（一）项",
                    "劳动合同法",
                    "46",
                    None,
                    1,
                    None,
                )
            ],
        ),
        (
            "有第三十九条和第四十条第一项、第二项情形",
            [
                ("第三十九条", "渡口法", "39", None, None, None),
                ("第四十条第一项", "渡口法", "40", None, 1, None),
                ("第二项", "渡口法", "40", None, 2, None),
            ],
        ),
        (
            "依照《船员法》第三条、第五条第一款和第三款",
            [
                ("《船员法》第三条", "船员法", "3", None, None, None),
                ("第五条第一款", "船员法", "5", 1, None, None),
                ("第三款", "船员法", "5", 3, None, None),
            ],
        ),
        ("第四十七条至第四十九条", [("第四十七条至第四十九条", "渡口法", "47", None, None, "49")]),
        ("前条第二款除外", [("前条第二款", "渡口法", "1", 2, None, None)]),
        ("甲。\n乙，依照前款。", [("前款", "渡口法", "2", 1, None, None)]),
        (
            "甲。\n乙：\n（一）丙。\n丁，前两款除外。",
            [("前两款", "渡口法", "2", 1, None, None), ("前两款", "渡口法", "2", 2, None, None)],
        ),
        ("本条第一款第三项", [("本条第一款第三项", "渡口法", "2", 1, 3, None)]),
        (
            "第四条第 （二）、 （三）项",
            [
                ("第四条第 （二）", "渡口法", "4", None, 2, None),
                ("（三）项", "渡口法", "4", None, 3, None),
            ],
        ),
        ("第一百二十条之一", [("第一百二十条之一", "渡口法", "120-1", None, None, None)]),
        ("劳动法第八十二条", [("劳动法第八十二条", "劳动法", "82", None, None, None)]),
        ("甲，前款除外。", []),
        ("依照某某办法第三条", []),
        ("《渡口法》所称，本法所称，第三方、一条", []),
    ],
)
def test_references_of_a_law(text, expected):
    assert found(text) == expected


def test_a_short_name_that_the_policy_explains_is_understood():
    preamble = "为实施《中华人民共和国船员法》（以下简称船员法），制定本办法。"
    assert found("依照船员法第三条", preamble=preamble) == [
        ("船员法第三条", "船员法", "3", None, None, None)
    ]


def test_a_case_quotes_and_has_no_articles_of_its_own():
    text = "《船员法》第三条和第四条规定：“依照本法第五条、前款、第六条。”"
    assert found(text, kind="typical_case") == [
        ("《船员法》第三条", "船员法", "3", None, None, None),
        ("第四条", "船员法", "4", None, None, None),
    ]


def test_in_the_first_article_there_is_no_article_before():
    assert found("前条除外。", number=1) == []


def test_citations_hold_each_article_once_and_all_of_a_range():
    policy = a_policy("依照第二条至第四条、第三条。", "依照本条第一款，《船员法》第一条。", "", "")
    assert citations(policy) == [
        {"to": "渡口法", "article": "2", "by": "1"},
        {"to": "渡口法", "article": "3", "by": "1"},
        {"to": "渡口法", "article": "4", "by": "1"},
        {"to": "船员法", "article": "1", "by": "2"},
    ]


@given(st.integers(1, 9999))
def test_a_number_survives_the_way_through_its_numeral(value):
    assert numeral_value(numeral(value)) == value
    assert article_number(f"第{numeral(value)}条之二") == f"{value}-2"
    assert article_number(article_label(f"{value}-2")) == f"{value}-2"


_WORDS = st.sampled_from(
    [
        "本法",
        "本条",
        "前条",
        "前款",
        "前两款",
        "第三条",
        "第四十条之一",
        "第二款",
        "第（一）项",
        "第三项",
        "（二）",
        "《船员法》",
        "劳动法",
        "、",
        "和",
        "至",
        "规定",
        "\n",
        "（一）",
        "1.",
        "第",
        "条",
    ]
)


@given(st.lists(_WORDS, max_size=30).map("".join))
def test_whatever_is_found_are_words_of_the_text_in_their_order(text):
    policy = a_policy("摆渡。", text)
    [_, (number, references)] = policy_references(policy)
    assert number == "2"
    before = 0
    for reference in references:
        assert reference.text == text[reference.start : reference.end]
        assert article_number(reference.article) == reference.article
        assert before <= reference.start < reference.end
        before = reference.start


@given(st.integers(1, 300), st.integers(1, 40), st.integers(1, 20))
def test_an_address_written_out_is_found_again(article, paragraph, item):
    written = f"本法第{numeral(article)}条第{numeral(paragraph)}款第（{numeral(item)}）项"
    assert found(f"依照{written}的规定") == [
        (written, "渡口法", str(article), paragraph, item, None)
    ]


def test_an_article_has_paragraphs_items_and_sub_items():
    text = "有下列情形之一的：\n（一）甲：\n1.子；\n2.丑。\n（二）乙。\n前款除外。"
    first, second = paragraphs(text)
    assert (first.number, first.text) == (1, "有下列情形之一的：")
    assert [(i.number, i.label, i.text) for i in first.items] == [
        (1, "（一）", "甲："),
        (2, "（二）", "乙。"),
    ]
    assert [(i.number, i.label, i.text) for i in first.items[0].items] == [
        (1, "1.", "子；"),
        (2, "2.", "丑。"),
    ]
    assert (second.number, second.text, second.items) == (2, "前款除外。", ())


def test_an_article_may_begin_with_an_item_and_a_paragraph_with_a_number():
    (only,) = paragraphs("（一）甲。\n（二）乙。")
    assert (only.text, [i.text for i in only.items]) == ("", ["甲。", "乙。"])
    assert [p.text for p in paragraphs("1.5倍。\n2026年。")] == ["1.5倍。", "2026年。"]
    assert paragraphs("") == ()


@pytest.mark.parametrize(
    "text",
    [
        "《船员法》" + "第一条" * 40_000,
        "第一条" + " " * 200_000 + "第一项" * 50_000,
        "甲。\n" + "依照前款。\n" * 20_000,
        "《" * 300_000 + "本法" * 300_000,
    ],
    ids=["articles", "items", "paragraphs", "brackets"],
)
def test_a_text_made_to_be_slow_is_read_in_time(text):
    assert len(citations(a_policy("摆渡。", text))) <= 2


@given(st.lists(st.sampled_from(["甲。", "（一）乙；", "1.丙；", "", "（十二）丁"]), max_size=20))
def test_every_line_is_in_exactly_one_part(lines):
    text = "\n".join(lines)
    found_lines = []
    for number, part in enumerate(paragraphs(text), 1):
        assert part.number == number
        found_lines += [part.text] if part.text else []
        for item in part.items:
            found_lines.append(item.label + item.text)
            found_lines += (sub.label + sub.text for sub in item.items)
    assert found_lines == [line for line in lines if line]
