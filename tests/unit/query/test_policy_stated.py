"""What is said of a policy beside its text, and what the text says under its title."""

from datetime import date

import pytest

from services.query.policies.composition import Origin
from services.query.policies.files import read_text
from services.query.policies.sources import Unreadable
from services.query.policies.stated import Stated, stated

RULES = "第一条 摆渡。\n\n第二条 自2020年6月1日起施行。\n"


def read(text, folders=(), given=None):
    return read_text(text.encode(), "text", given or Stated(), Origin("x", folders)).policy


def test_a_header_block_states_what_the_text_does_not():
    policy = read(
        "---\nkind: normative_document\n发布机关: 渡口部、船工会\nnumber: 渡部发〔2020〕3号\n"
        "promulgated: 2020-05-01\nregion: 山东省\ncategory: 工资\n---\n渡口通知\n" + RULES
    )
    assert policy.kind == "normative_document"
    assert (policy.issuer, policy.issuers) == ("渡口部", ("渡口部", "船工会"))
    assert policy.numbers == ("渡部发〔2020〕3号",)
    assert (policy.region, policy.category) == ("370000", "工资")
    assert policy.id == "渡口通知-2020-05-01"
    assert policy.effective_on == date(2020, 6, 1)


def test_what_is_stated_by_the_command_wins_over_the_header_and_that_over_the_text():
    text = (
        "---\nkind: local_rule\ncategory: 甲\n---\n渡口通知\n发文字号：渡部发〔2020〕3号\n" + RULES
    )
    policy = read(text, given=stated([("kind", "规范性文件", 0)]))
    assert (policy.kind, policy.category) == ("normative_document", "甲")
    assert policy.numbers == ("渡部发〔2020〕3号",)


@pytest.mark.parametrize(
    "header,line,code",
    [
        ("colour: red", 2, "unknown_key"),
        ("kind: sonnet", 2, "unknown_kind"),
        ("no colon", 2, "unknown_key"),
        ("kind: law\npromulgated: 2020-02-30", 3, "bad_date"),
        ("kind: law\neffective: soon", 3, "bad_date"),
        ("kind: law\nregion: 渡口省", 3, "unknown_division"),
        ("kind: law\nregion: 999999", 3, "unknown_division"),
        ("kind: law\nstatus: asleep", 3, "unknown_status"),
        ("kind: law\ntitle: " + "长" * 501, 3, "too_long"),
        ("kind: law\npromulgated: 2020-05-01\nrepealed: 2019-05-01", 0, "ends_before_start"),
    ],
)
def test_what_is_stated_wrongly_is_a_fault_at_its_line(header, line, code):
    with pytest.raises(Unreadable) as caught:
        read(f"---\n{header}\n---\n渡口通知\n{RULES}")
    assert (caught.value.line, caught.value.code) == (line, code)


def test_a_header_block_without_an_end_is_a_fault():
    with pytest.raises(Unreadable) as caught:
        read(f"---\nkind: law\n{RULES}")
    assert caught.value.code in {"header_without_end", "unknown_key"}


@pytest.mark.parametrize(
    "mark,kind,numbers,issuer",
    [
        ("国务院令第586号", "administrative_regulation", ("国务院令第586号",), "国务院"),
        ("中华人民共和国主席令第七十三号", "law", ("主席令第七十三号",), ""),
        ("法释〔2020〕26号", "judicial_interpretation", ("法释〔2020〕26号",), ""),
        ("渡人社部发[2022]60号", "normative_document", ("渡人社部发〔2022〕60号",), ""),
        ("渡口部令第33号", "department_rule", ("渡口部令第33号",), "渡口部"),
        ("虚构省人民政府令第12号", "local_rule", ("虚构省人民政府令第12号",), "虚构省人民政府"),
    ],
)
def test_a_number_tells_the_kind_and_the_issuer(mark, kind, numbers, issuer):
    policy = read(f"渡口规定\n{mark}\n{RULES}")
    assert (policy.kind, policy.numbers, policy.issuer) == (kind, numbers, issuer)


def test_joint_issuers_are_read_from_the_title():
    policy = read(f"渡口部 船工总会关于船资的通知\n{RULES}", folders=("规范性文件",))
    assert policy.issuers == ("渡口部", "船工总会")
    assert policy.title == "渡口部船工总会关于船资的通知"


QUESTIONS = """渡口问答

一、船资

1.问：船资何时给付？

答：按月给付。

遇休息日提前。

2.问：能否以鱼代替？
答：不能，见《渡口劳动法》第二条。
"""


def test_questions_and_answers_become_numbered_entries():
    policy = read(QUESTIONS)
    assert policy.kind == "question_and_answer"
    assert [(a.number, a.label, a.text) for a in policy.articles] == [
        ("1", "船资何时给付？", "按月给付。\n遇休息日提前。"),
        ("2", "能否以鱼代替？", "不能，见《渡口劳动法》第二条。"),
    ]


def test_questions_may_be_headings():
    text = "# 船资\n\n## 问：何时给付？\n\n答：按月。\n\n## 以鱼代替？\n\n不能。\n"
    read_one = read_text(text.encode(), "markdown", Stated(), Origin("x", ("问答",)))
    assert [(a.label, a.text) for a in read_one.policy.articles] == [
        ("何时给付？", "按月。"),
        ("以鱼代替？", "不能。"),
    ]


@pytest.mark.parametrize(
    "text,line,code",
    [
        ("渡口问答\n问：何时？\n问：多少？\n答：一。\n", 2, "question_without_answer"),
        ("渡口问答\n问：何时？\n答：按月。\n问：多少？\n", 4, "question_without_answer"),
        ("渡口问答\n答：按月。\n问：何时？\n答：一。\n", 2, "answer_without_question"),
        ("渡口问答\n问：何时？\n答：按月。\n答：按日。\n", 4, "answer_without_question"),
        ("渡口问答\n问：何时？\n答：\n", 2, "article_empty"),
    ],
)
def test_questions_and_answers_that_do_not_take_turns_are_faults(text, line, code):
    with pytest.raises(Unreadable) as caught:
        read(text)
    assert (caught.value.line, caught.value.code) == (line, code)
