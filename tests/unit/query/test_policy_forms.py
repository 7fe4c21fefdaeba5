"""One law in every form of file: what is read of it is the same; what is broken is told by line."""

import codecs
import io
import struct
import zipfile
from datetime import date
from pathlib import Path

import docx
import pytest

from services.query.policies.composition import Origin
from services.query.policies.files import MAX_FILE_BYTES, read_files, read_text
from services.query.policies.sources import Unreadable
from services.query.policies.stated import Stated

TITLE = "渡口劳动管理办法"
HEAD = "（2019年3月1日渡口部令第12号公布　根据2021年5月6日《关于修改〈渡口劳动管理办法〉的决定》修正　自2021年7月1日起施行）"
BODY = [
    "第一章　总则",
    "第一条　渡口的劳动者每日摆渡不超过八小时。",
    "超过八小时的，按下列标准加付船资：",
    "（一）平日，一倍半；",
    "（二）休息日，二倍。",
    "第二章　附则",
    "第二条　船资依照本办法第一条计算。",
]
TEXT = "\n\n".join([TITLE, HEAD, *BODY])

PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>{title}_渡口政府网</title>
<style>p {{ margin: 0 }}</style><script>var 第九条 = 1;</script></head><body>
<nav><a>首页</a> &gt; <a>规章</a></nav>
<table><tr><td>发文机关：</td><td>渡口部</td><td>发文字号：</td><td>渡部令第12号</td></tr>
<tr><td>公布日期：</td><td>2019年3月1日</td></tr></table>
<div class="pages_content"><h1>{title}</h1>
{body}
</div>
<div class="foot">上一篇：渡口通知<br>版权所有</div></body></html>
"""


def a_page(lines=BODY, title=TITLE):
    return PAGE.format(title=title, body="\n".join(f"<p>{line}</p>" for line in lines)).encode()


def a_word_file(lines=(TITLE, HEAD, *BODY)):
    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    return saved(document)


def saved(document):
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def read(content, form="text", given=None, stem="办法", folders=("部门规章", "渡口部")):
    content = content.encode() if isinstance(content, str) else content
    return read_text(content, form, given or Stated(), Origin(stem, folders))


def the_fault(content, form="text", **more):
    with pytest.raises(Unreadable) as caught:
        read(content, form, **more)
    return caught.value.line, caught.value.code


@pytest.mark.parametrize(
    "content,form",
    [
        (TEXT, "text"),
        (f"# {TITLE}\n\n{HEAD}\n\n" + "\n\n".join(BODY), "markdown"),
        (a_word_file(), "docx"),
        (a_page([HEAD, *BODY]), "html"),
    ],
    ids=["text", "markdown", "docx", "html"],
)
def test_one_law_is_the_same_in_every_form(content, form):
    policy, notes = read(content, form)
    assert (policy.title, policy.kind) == (TITLE, "department_rule")
    assert policy.promulgated_on == date(2021, 5, 6)
    assert policy.effective_on == date(2021, 7, 1)
    assert policy.issuers == ("渡口部",)
    assert policy.numbers == (("渡部令第12号",) if form == "html" else ("渡口部令第12号",))
    assert [(a.label, a.heading) for a in policy.articles] == [
        ("第一条", "第一章 总则"),
        ("第二条", "第二章 附则"),
    ]
    assert policy.articles[0].text.endswith("（一）平日，一倍半；\n（二）休息日，二倍。")
    assert policy.articles[-1].text == "船资依照本办法第一条计算。"
    assert notes == ()


def test_a_plain_page_has_its_title_from_the_head_and_its_text_from_the_body():
    page = f"<html><head><title>{TITLE}</title></head><body>" + "".join(
        f"<p>{line}" for line in BODY
    )
    policy, _ = read(page, "html")
    assert policy.title == TITLE
    assert [a.number for a in policy.articles] == ["1", "2"]


def test_headings_and_tables_of_a_word_file_are_read():
    document = docx.Document()
    document.add_paragraph("摆渡人加班案")
    for heading, line in (("基本案情", "甲摆渡。"), ("裁判结果", "给付船资：")):
        document.add_heading(heading, 1)
        document.add_paragraph(line)
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "平日", "一倍半"
    policy, _ = read(saved(document), "docx", folders=("案例",))
    assert [(a.label, a.text) for a in policy.articles] == [
        ("基本案情", "甲摆渡。"),
        ("裁判结果", "给付船资：\n平日　一倍半"),
    ]


def test_numbers_that_word_only_draws_are_told():
    document = docx.Document()
    document.add_paragraph(TITLE)
    document.add_paragraph("第一条　摆渡。")
    document.add_paragraph("平日；", style="List Number")._p.get_or_add_pPr().get_or_add_numPr()
    _, notes = read(saved(document), "docx")
    assert [note.en for note in notes] == [
        "Automatic numbers are not in the text: not read",
        "No day of promulgation was found",
    ]


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode("gb18030"),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    ],
)
def test_other_encodings_are_read_with_a_note(content):
    policy, notes = read(content)
    assert policy.articles == read(TEXT).policy.articles
    assert len(notes) == 1
    assert notes[0].en.startswith("Read as ")


@pytest.mark.parametrize(
    "content,form,fault",
    [
        (TEXT.encode().replace("休息日".encode(), b"\x00\x01", 1), "text", (13, "binary")),
        (
            TEXT.encode().replace("休息日".encode(), "休息日".encode()[:-1], 1),
            "text",
            (13, "not_utf8"),
        ),
        (codecs.BOM_UTF16_LE + b"\x00\xd8a", "text", (1, "not_utf8")),
        (b"a" * (MAX_FILE_BYTES + 1), "text", (0, "too_large")),
        (b"", "text", (1, "title_missing")),
        ("第一条　摆渡。", "text", (1, "title_missing")),
        (b"", "html", (1, "no_page")),
        (b"<div>" * 100_000, "html", (1, "too_deep")),
        (("<div>" * 300 + "x").encode(), "html", (1, "too_deep")),
        (b"<html><body><p>x", "html", (1, "title_missing")),
        (b"PK\x03\x04 and no more", "docx", (0, "broken_docx")),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 100, "docx", (0, "broken_docx")),
        (a_word_file()[:-200], "docx", (0, "broken_docx")),
        (TEXT.replace("第二条", "第三条"), "text", (17, "article_out_of_order")),
        (a_page([*BODY[:-1], "第三条　船资。"]), "html", (13, "article_out_of_order")),
        (a_word_file([TITLE, *BODY[:-1], "第三条　船资。"]), "docx", (8, "article_out_of_order")),
        ("# " + "长" * 201, "markdown", (1, "too_long")),
        (f"{TITLE}\n\n## {'长' * 201}\n\n第一条 摆渡。", "text", (3, "too_long")),
    ],
    ids=lambda value: str(value) if isinstance(value, tuple) else "",
)
def test_a_bad_file_is_a_clear_fault(content, form, fault):
    assert the_fault(content, form) == fault


def a_package(parts):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in parts.items():
            package.writestr(name, part)
    return content.getvalue()


def test_a_word_file_that_unpacks_to_gigabytes_is_not_unpacked():
    bomb = a_package({"word/document.xml": b"0" * 40_000_000})
    assert len(bomb) < 50_000
    assert the_fault(bomb, "docx") == (0, "unpacks_too_large")
    assert the_fault(a_package({f"{i}.xml": b"" for i in range(2001)}), "docx") == (
        0,
        "unpacks_too_large",
    )


def test_a_word_file_that_lies_about_its_size_is_not_believed():
    """zipfile reads no more than is stated, and then finds that the sum is wrong."""
    honest = a_word_file()
    with zipfile.ZipFile(io.BytesIO(honest)) as package:
        size = package.getinfo("word/document.xml").file_size
    lying = honest.replace(struct.pack("<L", size), struct.pack("<L", 100))
    assert the_fault(lying, "docx") == (0, "broken_docx")


@pytest.mark.parametrize(
    "document_xml",
    [
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d '"
        + b"&b;" * 999
        + b"'>]><a>&d;</a>",
        b"<a>" * 5_000,
        b"no xml",
    ],
)
def test_a_word_file_with_strange_xml_is_a_fault(document_xml):
    honest = io.BytesIO(a_word_file())
    with zipfile.ZipFile(honest) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    assert the_fault(a_package({**parts, "word/document.xml": document_xml}), "docx") == (
        0,
        "broken_docx",
    )


def test_a_table_of_a_thousand_million_columns_costs_nothing():
    document = docx.Document()
    document.add_paragraph(TITLE)
    document.add_paragraph("第一条　摆渡：")
    table = document.add_table(rows=1, cols=1)
    table.cell(0, 0).text = "船资"
    table._tbl.tr_lst[0].tc_lst[0].get_or_add_tcPr().grid_span = 1_000_000_000
    policy, _ = read(saved(document), "docx")
    assert policy.articles[0].text == "摆渡：\n船资"


def test_many_lines_cost_time_in_proportion():
    policy, _ = read(f"{TITLE}\n第一条　摆渡：\n" + "（一）依照前款。\n" * 100_000)
    assert policy.articles[0].text.count("\n") == 100_000


def test_more_articles_than_any_law_has_are_a_fault():
    text = "# 渡口问答\n" + "## 问\n答。\n" * 10_001
    assert the_fault(text, "markdown", folders=("问答",)) == (20_002, "too_many_articles")


def test_files_of_unknown_forms_and_folders_named_like_files_are_faults(tmp_path):
    (tmp_path / "old.doc").write_bytes(b"x")
    (tmp_path / "folder.md").mkdir()
    reading = read_files([tmp_path / "old.doc", tmp_path / "folder.md", tmp_path / "none.txt"])
    assert [fault.code for fault in reading.faults] == ["unknown_form", "unreadable", "unreadable"]
    assert reading.policies == []


def test_no_more_of_a_file_is_read_than_may_be(tmp_path: Path):
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    [fault] = read_files([path]).faults
    assert fault.code == "too_large"
