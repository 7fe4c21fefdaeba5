"""Policies in a real MongoDB: imported whole, once, and searched as soon as they are there."""

import threading
import time
from dataclasses import replace
from datetime import date

import pymongo
import pytest

from services.query.policies.importing import import_markdown, import_statutes
from services.query.policies.policy import DISCLAIMER, Library
from services.query.policies.sources import statutes_path
from services.query.policies.views import article_view, policy_view
from services.query.search import live_index
from services.query.search.index import SearchIndex
from services.query.search.live_index import LiveIndex
from services.query.search.question import Filters
from shared.errors import Refused, Transient

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


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def titles(live, question="摆渡"):
    return [hit.policy.id for hit in live.search(question, Filters(), today=TODAY).hits]


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
    assert (second.added, second.changed) == ((), ())
    assert len(second.unchanged) == len(stored)
    assert list(database["policies"].find().sort("_id")) == stored
    assert Library(database).revision() == revision == 1


def test_a_changed_text_is_a_new_version_of_the_same_document(database, tmp_path):
    import_markdown(database, [an_act(tmp_path)])
    report = import_markdown(database, [an_act(tmp_path, rule="摆渡人每日摆渡不超过七小时。")])

    [stored] = database["policies"].find()
    assert report.changed == ("渡口劳动法-2019-01-02",)
    assert stored["version"] == 2
    assert "七小时" in stored["articles"][0]["text"]
    assert Library(database).revision() == 2


def test_a_later_version_of_a_law_supersedes_the_earlier(database, tmp_path):
    import_markdown(database, [an_act(tmp_path)])
    report = import_markdown(database, [an_act(tmp_path, year=2024)])
    library = Library(database)

    assert report.superseded == ("渡口劳动法-2019-01-02",)
    assert library.policy("渡口劳动法-2019-01-02").status_on(TODAY) == "superseded"
    assert library.policy("渡口劳动法-2024-01-02").status_on(TODAY) == "in_force"
    again = import_markdown(database, [tmp_path])
    assert (again.added, again.changed, again.superseded) == ((), (), ())


def test_what_one_source_brought_another_does_not_overwrite(database, tmp_path):
    import_statutes(database, statutes_path())
    folder = tmp_path / "社会法"
    folder.mkdir()
    text = ACT.format(rule="错字。", year=2012).replace("渡口劳动法", "劳动合同法")
    (folder / "劳动合同法(2012-12-28).md").write_text(text, encoding="utf-8")

    report = import_markdown(database, [tmp_path])
    assert report.kept == ("劳动合同法-2012-12-28",)
    assert len(Library(database).policy("劳动合同法-2012-12-28").articles) == 98


def test_a_broken_file_leaves_no_trace(database, tmp_path):
    path = an_act(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("第二条", "第四条"), encoding="utf-8")
    report = import_markdown(database, [tmp_path])

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
    assert (again.added, again.changed) == ((), ())
    assert database["policies"].count_documents({}) == len(again.unchanged)


def test_policies_and_articles_are_looked_up(database, tmp_path):
    import_markdown(database, [an_act(tmp_path)])
    library = Library(database)
    policy, article = library.article("渡口劳动法-2019-01-02", "第一条")

    view = article_view(policy, article, "zh", TODAY)
    assert view["text"].startswith("摆渡人")
    assert view["previous"] is None
    assert view["next"] == policy.article_url(policy.articles[1])
    assert view["policy"]["status"] == "in_force"
    whole = policy_view(library.policy(policy.id), "en", TODAY)
    assert [a["number"] for a in whole["articles"]] == ["1", "2"]
    assert whole["disclaimer"] == DISCLAIMER.en
    for number in ("3", "x", "第一百条"):
        with pytest.raises(Refused, match="not_found"):
            library.article(policy.id, number)
    with pytest.raises(Refused, match="not_found"):
        library.policy("劳动法-1066-10-14")


def test_the_index_is_built_at_the_first_search_and_follows_imports(database, tmp_path):
    live = LiveIndex(database, check_seconds=0.05)
    assert titles(live) == []
    import_markdown(database, [an_act(tmp_path)])
    wait_for(lambda: titles(live) == ["渡口劳动法-2019-01-02"])
    import_markdown(database, [an_act(tmp_path, year=2024)])
    wait_for(lambda: titles(live) == ["渡口劳动法-2024-01-02", "渡口劳动法-2019-01-02"])
    assert [s.url for s in live.suggest("渡口")] == [
        Library(database).policy("渡口劳动法-2024-01-02").url
    ], "the superseded version is not offered"


def test_many_first_searches_at_once_share_one_build(database, tmp_path, monkeypatch):
    import_markdown(database, [an_act(tmp_path)])
    builds = []
    build = SearchIndex.build
    monkeypatch.setattr(
        live_index.SearchIndex, "build", lambda policies: builds.append(1) or build(policies)
    )
    live = LiveIndex(database)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(titles(live))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [["渡口劳动法-2019-01-02"]] * 8
    assert builds == [1]


def test_a_build_that_fails_leaves_the_old_index_and_is_tried_again(database, tmp_path):
    import_markdown(database, [an_act(tmp_path)])
    live = LiveIndex(database, check_seconds=0.05)
    assert titles(live) == ["渡口劳动法-2019-01-02"]

    database["policies"].insert_one({"_id": "no policy"})
    import_markdown(database, [an_act(tmp_path, year=2024)])
    for _ in range(10):
        assert titles(live) == ["渡口劳动法-2019-01-02"]
        time.sleep(0.03)
    database["policies"].delete_one({"_id": "no policy"})
    wait_for(lambda: len(titles(live)) == 2)


def test_without_mongodb_a_first_search_is_transient_and_bounded(monkeypatch):
    monkeypatch.setattr(live_index, "FIRST_BUILD_SECONDS", 0.2)
    client = pymongo.MongoClient("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=100)
    live = LiveIndex(client["nowhere"])
    started = time.monotonic()
    for _ in range(50):
        with pytest.raises(Transient):
            titles(live)
    with pytest.raises(Transient):
        Library(client["nowhere"]).policy("劳动法-2018-12-29")
    assert time.monotonic() - started < 3
    client.close()


def test_the_same_content_has_the_same_hash_whatever_supersedes_it(database, tmp_path):
    import_markdown(database, [an_act(tmp_path)])
    policy = Library(database).policy("渡口劳动法-2019-01-02")
    assert replace(policy, superseded_by="x").content_hash == policy.content_hash
    assert replace(policy, status="repealed").content_hash != policy.content_hash
