"""Markdown law files: the invented ones always, real ones where a folder of them is given."""

import os
from datetime import date
from pathlib import Path

import pytest

from services.query.policies.files import MAX_FILE_BYTES, files_under, read_files
from services.query.policies.sources import Fault, Reading

FERRY_LAW = """# 中华人民共和国渡口劳动法

2019年3月1日 第十三届全国人民代表大会常务委员会第九次会议通过

2021年5月6日 第十三届全国人民代表大会常务委员会第二十八次会议《关于修改〈中华人民共和国渡口劳动法〉的决定》修正

<!-- INFO END -->

为了渡口，制定本法。

## 第一章　总 则

第一条 渡口的劳动者每日摆渡不超过八小时。

超过八小时的，加付船资。

## 第二章 船资

### 第一节 给付

**第二条** 船资按月给付：

（一）以货币给付；

（二）不得以鱼代替。

第二条之一　第一条规定的船资不得拖欠。
\u200b
第三条 本法自2019年7月1日起施行。
"""

LAWS = Path(os.environ.get("TIAOJIE_LAWS", Path(__file__).parents[3].parent / "shared" / "laws"))


def a_file(folder: Path, text: str | bytes, name: str = "社会法/渡口劳动法(2021-05-06).md") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def read_markdown(paths: list[Path]) -> Reading:
    return read_files(files_under(paths))


def the_fault(path: Path) -> Fault:
    reading = read_markdown([path])
    assert not reading.policies, "a text with a fault is left out whole"
    [fault] = reading.faults
    return fault


def test_a_law_is_read_with_its_dates_issuer_chapters_and_articles(tmp_path):
    a_file(tmp_path, FERRY_LAW)
    reading = read_markdown([tmp_path])
    [law] = reading.policies

    assert reading.faults == []
    assert law.id == "渡口劳动法-2021-05-06"
    assert (law.title, law.kind) == ("中华人民共和国渡口劳动法", "law")
    assert law.issuer == "全国人民代表大会常务委员会"
    assert (law.promulgated_on, law.effective_on) == (date(2021, 5, 6), date(2019, 7, 1))
    assert law.preamble == "为了渡口，制定本法。"
    assert [(a.number, a.label, a.heading) for a in law.articles] == [
        ("1", "第一条", "第一章 总则"),
        ("2", "第二条", "第二章 船资　第一节 给付"),
        ("2-1", "第二条之一", "第二章 船资　第一节 给付"),
        ("3", "第三条", "第二章 船资　第一节 给付"),
    ]
    assert law.articles[0].text.endswith("\n超过八小时的，加付船资。")
    assert law.articles[2].text == "第一条规定的船资不得拖欠。"


def test_a_case_counts_its_sections(tmp_path):
    text = "# 摆渡人加班案\n\n<!-- INFO END -->\n\n## 基本案情\n\n甲摆渡。\n\n## 裁判结果\n\n给付船资。\n"
    [case] = read_markdown([a_file(tmp_path, text, "案例/摆渡人加班案.md")]).policies
    assert (case.kind, case.promulgated_on, case.id) == ("typical_case", None, "摆渡人加班案")
    assert [(a.number, a.label, a.text) for a in case.articles] == [
        ("1", "基本案情", "甲摆渡。"),
        ("2", "裁判结果", "给付船资。"),
    ]


def test_a_normative_document_counts_by_its_items(tmp_path):
    text = "# 渡口部关于船资的通知\n\n各渡口：\n\n一、按月给付。\n\n不得拖欠。\n\n二、自公布之日起施行。\n"
    [notice] = read_markdown([a_file(tmp_path, text, "规范性文件/通知(2024-02-29).md")]).policies
    assert notice.issuer == "渡口部"
    assert notice.preamble == "各渡口："
    assert [a.text for a in notice.articles] == ["按月给付。\n不得拖欠。", "自公布之日起施行。"]
    assert notice.effective_on == date(2024, 2, 29)


@pytest.mark.parametrize(
    "title,region",
    [("山东省渡口条例", "370000"), ("济南市渡口条例", "370100"), ("渡口条例", "000000")],
)
def test_a_local_policy_belongs_to_the_division_its_title_names(tmp_path, title, region):
    path = a_file(tmp_path, f"# {title}\n\n第一条 摆渡。\n", "地方性法规/渡口条例(2020-01-01).md")
    [policy] = read_markdown([path]).policies
    assert policy.region == region


@pytest.mark.parametrize(
    "broken,line,code",
    [
        (
            FERRY_LAW.replace("# 中华人民共和国渡口劳动法", "中华人民共和国渡口劳动法", 1),
            1,
            "title_missing",
        ),
        (FERRY_LAW.replace("第三条 ", "第四条 "), 29, "article_out_of_order"),
        (FERRY_LAW.replace("第三条 ", "第一条 "), 29, "article_out_of_order"),
        (FERRY_LAW.replace(" 本法自2019年7月1日起施行。", ""), 29, "article_empty"),
        (FERRY_LAW.replace("自2019年7月1日", "自2019年7月32日"), 29, "bad_date"),
        ("# 空法\n\n没有条文。\n", 0, "no_articles"),
        ("", 1, "title_missing"),
        (FERRY_LAW.encode().replace("船资。".encode(), b"\xff\xfe", 1), 15, "not_utf8"),
        (b"# \xe6\xb3\x95\n" + b"a" * MAX_FILE_BYTES, 0, "too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 25 else "",
)
def test_a_broken_text_is_reported_by_file_and_line(tmp_path, broken, line, code):
    path = a_file(tmp_path, broken)
    fault = the_fault(path)
    assert (fault.file, fault.line, fault.code) == (str(path), line, code)
    assert str(fault).startswith(f"{path}:{line}: ")


def test_a_date_that_does_not_exist_in_the_name_is_a_fault(tmp_path):
    path = a_file(tmp_path, FERRY_LAW, "社会法/渡口劳动法(2021-13-06).md")
    assert the_fault(path).code == "bad_date"


def test_a_kind_nothing_tells_is_a_fault(tmp_path):
    path = a_file(tmp_path, "# 渡口守则\n\n第一条 摆渡。\n", "杂项/渡口守则.md")
    assert the_fault(path).code == "unknown_kind"


def test_one_broken_file_does_not_keep_the_others_out(tmp_path):
    a_file(tmp_path, FERRY_LAW)
    a_file(tmp_path, "# 坏法\n", "社会法/坏法(2020-01-01).md")
    reading = read_markdown([tmp_path, tmp_path / "missing.md"])
    assert [policy.id for policy in reading.policies] == ["渡口劳动法-2021-05-06"]
    assert [fault.code for fault in reading.faults] == ["no_articles", "unreadable"]


def test_the_same_policy_twice_is_told(tmp_path):
    a_file(tmp_path, FERRY_LAW, "社会法/a(2021-05-06).md")
    a_file(tmp_path, FERRY_LAW, "社会法/b(2021-05-06).md")
    reading = read_markdown([tmp_path])
    assert len(reading.policies) == 1
    assert [fault.code for fault in reading.faults] == ["duplicate"]


@pytest.mark.skipif(not LAWS.is_dir(), reason="no folder of real law files (TIAOJIE_LAWS)")
def test_real_law_files_are_read_without_a_fault():
    reading = read_markdown([LAWS])
    assert reading.faults == []
    by_id = {policy.id: policy for policy in reading.policies}
    assert len(by_id) == len(list(LAWS.rglob("*.md")))
    injuries = by_id["工伤保险条例-2010-12-20"]
    assert (injuries.kind, injuries.issuer) == ("administrative_regulation", "国务院")
    assert len(injuries.articles) == 67
    assert by_id["劳动合同法-2012-12-28"].articles[50].heading == "第五章 特别规定　第一节 集体合同"
    leave = by_id["企业职工带薪年休假实施办法-2008-07-17"]
    assert (leave.kind, leave.issuer) == ("department_rule", "人力资源社会保障部")
