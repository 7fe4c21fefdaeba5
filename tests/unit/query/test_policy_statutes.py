"""The statutes package: what it holds, and what happens when it is not what it should be."""

import sqlite3
from datetime import date

import pytest

from services.query.policies.policy import from_document
from services.query.policies.sources import read_statutes, statutes_path
from shared.errors import Permanent


@pytest.fixture(scope="module")
def reading():
    return read_statutes(statutes_path())


def a_statutes_file(path, rows, articles):
    database = sqlite3.connect(path)
    database.execute(
        "CREATE TABLE laws (law_id, law_name, issuing_body, publish_date, effective_date, status)"
    )
    database.execute(
        "CREATE TABLE articles (id INTEGER PRIMARY KEY, law_id, article_no, chapter, section,"
        " article_text)"
    )
    database.executemany("INSERT INTO laws VALUES (?, ?, ?, ?, ?, ?)", rows)
    database.executemany("INSERT INTO articles VALUES (NULL, ?, ?, ?, ?, ?)", articles)
    database.commit()
    database.close()
    return path


def test_the_labour_statutes_are_there_with_every_article(reading):
    counts = {policy.id: len(policy.articles) for policy in reading.policies}
    assert counts["劳动合同法-2012-12-28"] == 98
    assert counts["劳动争议调解仲裁法-2007-12-29"] == 54
    assert counts["劳动法-2018-12-29"] == 107
    assert counts["社会保险法-2018-12-29"] == 98
    assert reading.faults == []


def test_what_the_package_lacks_is_named(reading):
    assert "工伤保险条例" in reading.absent
    assert "劳动合同法" not in reading.absent


def test_only_statutes_about_work_in_their_version_in_force_are_taken(reading):
    titles = [policy.title for policy in reading.policies]
    assert len(titles) == len(set(titles))
    assert "中华人民共和国专利法" not in titles
    assert "中华人民共和国仲裁法" not in titles, "commercial arbitration does not hear labour cases"


def test_the_next_books_name_is_a_heading_and_not_the_end_of_an_article(reading):
    [procedure] = [p for p in reading.policies if p.id.startswith("民事诉讼法")]
    assert "第二编" not in procedure.articles[120].text
    assert procedure.articles[121].heading.startswith("第二编 审判程序")


def test_a_policy_survives_the_way_through_its_document(reading):
    for policy in reading.policies:
        again = from_document(policy.to_document())
        assert again == policy
        assert again.content_hash == policy.content_hash


def test_a_statute_with_a_missing_article_is_a_fault_and_left_out(tmp_path):
    path = a_statutes_file(
        tmp_path / "laws.db",
        [
            ("a", "渡口劳动法", "渡口会", "2020-01-01", "2020-02-01", "现行有效"),
            ("b", "渡口工资法", "渡口会", "2020-01-01", None, "现行有效"),
            ("c", "渡口工会法", None, None, None, "现行有效"),
            ("d", "渡口就业法", "渡口会", "2020-01-01", "2020-02-30", "现行有效"),
            ("e", "渡口职工法", "渡口会", "2020-01-01", "2020-02-01", "征求意见"),
        ],
        [
            ("a", "第一条", None, None, "摆渡。"),
            ("a", "第三条", None, None, "休息。"),
            ("b", "第一条", "第一章 总则", None, "船资。"),
            ("d", "第一条", None, None, "摆渡。"),
        ],
    )
    reading = read_statutes(path)
    assert [policy.id for policy in reading.policies] == ["渡口工资法-2020-01-01"]
    assert reading.policies[0].effective_on is None
    assert {fault.file: fault.code for fault in reading.faults} == {
        "渡口劳动法": "article_out_of_order",
        "渡口工会法": "no_articles",
        "渡口就业法": "bad_date",
    }


def test_older_versions_come_too_and_a_version_printed_twice_once(tmp_path):
    path = a_statutes_file(
        tmp_path / "laws.db",
        [
            ("old", "渡口劳动法", "渡口会", "2001-01-01", "2001-02-01", "历史版本"),
            ("new", "渡口劳动法", "渡口会", "2020-01-01", "2001-02-01", "现行有效"),
            ("again", "渡口劳动法", "渡口会", "2020-01-01", "2001-02-01", "历史版本"),
            ("gone", "渡口失业条例", "渡口会", "1999-01-01", None, "已废止"),
        ],
        [(law, "第一条", None, None, "摆渡。") for law in ("old", "new", "again", "gone")],
    )
    found = {policy.id: policy.status for policy in read_statutes(path).policies}
    assert found == {
        "渡口劳动法-2020-01-01": "in_force",
        "渡口劳动法-2001-01-01": "amended",
        "渡口失业条例-1999-01-01": "repealed",
    }


@pytest.mark.parametrize("content", [b"", b"this is no database" * 100])
def test_a_file_of_another_form_is_permanent(tmp_path, content):
    path = tmp_path / "laws.db"
    path.write_bytes(content)
    with pytest.raises(Permanent, match="statutes_unreadable"):
        read_statutes(path)


def test_a_missing_file_is_permanent(tmp_path):
    with pytest.raises(Permanent, match="statutes_unreadable"):
        read_statutes(tmp_path / "none.db")


def test_a_law_that_takes_effect_later_is_not_yet_in_force(reading):
    [insurance] = [p for p in reading.policies if p.id == "医疗保障法-2026-08-28"]
    assert insurance.status_on(date(2026, 12, 31)) == "not_yet_in_force"
    assert insurance.status_on(date(2027, 1, 1)) == "in_force"
