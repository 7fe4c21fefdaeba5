"""Policies in a real MongoDB: imported whole, once, and searched as soon as they are there."""

import threading
from dataclasses import replace
from datetime import date

import pytest

from services.query.policies.importing import import_files, import_statutes
from services.query.policies.library import Library
from services.query.policies.policy import DISCLAIMER
from services.query.policies.sources import statutes_path
from services.query.policies.views import article_view, policy_view
from shared.errors import Refused

TODAY = date(2026, 11, 21)

ACT = """# 中华人民共和国渡口劳动法

{year}年1月2日 第十三届全国人民代表大会常务委员会第九次会议通过

<!-- INFO END -->

## 第一章 总则

第一条 {rule}

第二条 本法自{year}年3月1日起施行。
"""


def an_act(folder, rule="摆渡人每日摆渡不超过八小时。", year=2019):
    folder = folder / "社会法"
    folder.mkdir(exist_ok=True)
    path = folder / f"渡口劳动法({year}-01-02).md"
    path.write_text(ACT.format(rule=rule, year=year), encoding="utf-8")
    return path


def test_importing_the_statutes_again_changes_nothing(database):
    told = []
    first = import_statutes(
        database, statutes_path(), lambda done, total: told.append((done, total))
    )
    stored = list(database["policies"].find().sort("_id"))
    revision = Library(database).revision()
    second = import_statutes(database, statutes_path())

    assert len(first.added) == len(stored) > 10
    assert told[-1] == (len(stored), len(stored))
    assert "工伤保险条例" in first.absent
    assert (second.added, second.changed) == ([], [])
    assert len(second.unchanged) == len(stored)
    assert list(database["policies"].find().sort("_id")) == stored
    assert Library(database).revision() == revision == 1


def test_a_changed_text_is_a_new_version_of_the_same_document(database, tmp_path):
    import_files(database, [an_act(tmp_path)])
    report = import_files(database, [an_act(tmp_path, rule="摆渡人每日摆渡不超过七小时。")])

    [stored] = database["policies"].find()
    assert report.changed == ["渡口劳动法-2019-01-02"]
    assert stored["version"] == 2
    assert "七小时" in stored["articles"][0]["text"]
    assert Library(database).revision() == 2


def test_a_later_version_of_a_law_supersedes_the_earlier(database, tmp_path):
    import_files(database, [an_act(tmp_path)])
    report = import_files(database, [an_act(tmp_path, year=2024)])
    library = Library(database)

    assert report.superseded == ["渡口劳动法-2019-01-02"]
    assert library.policy("渡口劳动法-2019-01-02", TODAY).status_on(TODAY) == "amended"
    assert library.policy("渡口劳动法-2024-01-02", TODAY).status_on(TODAY) == "in_force"
    again = import_files(database, [tmp_path])
    assert (again.added, again.changed, again.superseded) == ([], [], [])


def test_what_one_source_brought_another_does_not_overwrite(database, tmp_path):
    import_statutes(database, statutes_path())
    folder = tmp_path / "社会法"
    folder.mkdir()
    text = ACT.format(rule="错字。", year=2012).replace("渡口劳动法", "劳动合同法")
    (folder / "劳动合同法(2012-12-28).md").write_text(text, encoding="utf-8")

    report = import_files(database, [tmp_path])
    assert report.kept == ["劳动合同法-2012-12-28"]
    assert len(Library(database).policy("劳动合同法-2012-12-28", TODAY).articles) == 98


def test_a_broken_file_leaves_no_trace(database, tmp_path):
    path = an_act(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("第二条", "第四条"), encoding="utf-8")
    report = import_files(database, [tmp_path])

    assert [(f.file, f.line, f.code) for f in report.faults] == [
        (str(path), 11, "article_out_of_order")
    ]
    assert database["policies"].count_documents({}) == 0
    assert Library(database).revision() == 0


def test_imports_at_the_same_time_store_each_policy_once(database):
    failures = []

    def one():
        try:
            import_statutes(database, statutes_path())
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    again = import_statutes(database, statutes_path())
    assert (again.added, again.changed) == ([], [])
    assert database["policies"].count_documents({}) == len(again.unchanged)


def test_policies_and_articles_are_looked_up(database, tmp_path):
    import_files(database, [an_act(tmp_path)])
    library = Library(database)
    policy, article = library.article("渡口劳动法-2019-01-02", "第一条", TODAY)

    view = article_view(library, policy, article, "zh", today=TODAY, day=TODAY)
    assert view["text"].startswith("摆渡人")
    assert view["previous"] is None
    assert view["next"] == policy.article_url(policy.articles[1])
    assert view["policy"]["status"] == "in_force"
    whole = policy_view(library.policy(policy.id, TODAY), "en", TODAY)
    assert [a["number"] for a in whole["articles"]] == ["1", "2"]
    assert whole["disclaimer"] == DISCLAIMER.en
    for number in ("3", "x", "第一百条"):
        with pytest.raises(Refused, match="not_found"):
            library.article(policy.id, number, TODAY)
    with pytest.raises(Refused, match="not_found"):
        library.policy("劳动法-1066-10-14", TODAY)


def test_the_same_content_has_the_same_hash_whatever_supersedes_it(database, tmp_path):
    import_files(database, [an_act(tmp_path)])
    policy = Library(database).policy("渡口劳动法-2019-01-02", TODAY)
    assert replace(policy, superseded_by="x").content_hash == policy.content_hash
    assert replace(policy, status="repealed").content_hash != policy.content_hash
