"""The library over HTTP: versions over time, the parts of an article, who refers to whom."""

import pytest

from services.query.policies.importing import import_files, remove_policies
from tests.builders.policies import a_ferry_act, a_file
from tests.web import Web, problem

SEAMEN = """# 中华人民共和国船员法

第一条 船员每日工作不超过八小时。

第二条 违反的，按下列标准处罚：

（一）初次，警告；

（二）再次，罚款。

前款规定的罚款，依照《渡口劳动法》第一条、第三条执行。
"""


@pytest.fixture
def library(query: Web, tmp_path) -> Web:
    """Two versions of an act, of 2019 and of 2024, and a law that refers to it and it to that."""
    a_ferry_act(tmp_path)
    a_ferry_act(tmp_path, 2024, "摆渡人每日摆渡不超过七小时。")
    a_file(tmp_path, "社会法/船员法(2018-05-01).md", SEAMEN)
    report = import_files(query.database, [tmp_path])
    assert (len(report.added), report.faults) == (3, [])
    return query


def read(web: Web, path: str):
    answer = web.call("GET", f"/v1/policies/{path}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


@pytest.mark.parametrize(
    "path,version",
    [
        ("渡口劳动法", "2024"),
        ("中华人民共和国渡口劳动法", "2024"),
        ("渡口劳动法-2019-01-02", "2019"),
        ("渡口劳动法?as_of=2019-03-01", "2019"),
        ("渡口劳动法?as_of=2024-02-29", "2019"),
        ("渡口劳动法?as_of=2024-03-01", "2024"),
        ("渡口劳动法-2024-01-02?as_of=2020-01-01", "2019"),
    ],
)
def test_a_policy_is_read_in_the_version_of_a_day(library, path, version):
    assert read(library, path)["id"] == f"渡口劳动法-{version}-01-02"


def test_before_its_first_version_a_law_was_not_in_force_and_the_answer_says_when_it_was(library):
    answer = library.call("GET", "/v1/policies/渡口劳动法?as_of=2019-02-28")
    refused = problem(answer, 404, "not_found")
    assert "2019-03-01–2024-03-01" in refused["detail"]
    assert [e["code"] for e in refused["errors"]] == ["no_version_then"]
    answer = library.call("GET", "/v1/policies/渡口劳动法/articles/1?as_of=2019-02-28")
    problem(answer, 404, "not_found")
    answer = library.call("GET", "/v1/policies/渡口劳动法?as_of=yesterday")
    problem(answer, 422, "validation_failed")
    for unknown in ("渡口", "渡口劳动法-2020-01-01", "%00", ".*"):
        problem(library.call("GET", f"/v1/policies/{unknown}"), 404, "not_found")
        problem(library.call("GET", f"/v1/policies/{unknown}/versions"), 404, "not_found")


def test_all_versions_are_listed_with_the_days_on_which_they_held(library):
    found = read(library, "渡口劳动法/versions")["items"]
    assert [
        (v["id"][-10:], v["status"], v["in_force_from"], v["in_force_until"]) for v in found
    ] == [
        ("2019-01-02", "amended", "2019-03-01", "2024-03-01"),
        ("2024-01-02", "in_force", "2024-03-01", None),
    ]
    assert found[0]["superseded_by"] == found[1]["id"]
    assert read(library, "渡口劳动法-2019-01-02/versions")["items"] == found


def test_without_its_later_version_a_law_holds_again(library):
    assert remove_policies(library.database, ["渡口劳动法-2024-01-02", "none"]) == 1
    assert read(library, "渡口劳动法")["status"] == "in_force"


def test_an_article_shows_its_parts_and_its_references_in_the_version_of_the_day(library):
    article = read(library, "船员法/articles/第二条?as_of=2020-01-01")
    assert [(p["number"], [i["label"] for i in p["items"]]) for p in article["paragraphs"]] == [
        (1, ["（一）", "（二）"]),
        (2, []),
    ]
    before, first, third = article["references"]
    assert (before["article"], before["paragraph"]) == ("2", 1)
    assert article["text"][first["start"] : first["end"]] == "《渡口劳动法》第一条"
    assert "2019-01-02/articles/1" in first["url"]
    assert (third["text"], third["title"], third["article"]) == ("第三条", "渡口劳动法", "3")
    today = read(library, "船员法/articles/2")["references"]
    assert "2024-01-02/articles/1" in today[1]["url"]
    assert library.call("GET", today[1]["url"]).status_code == 200


def test_a_reference_to_what_the_library_has_not_leads_nowhere(library, tmp_path):
    text = "# 渡口通知\n\n第一条 依照《某某法》第一条、《船员法》第九条。\n"
    import_files(library.database, [a_file(tmp_path, "规范性文件/通知(2024-05-01).md", text)])
    references = read(library, "渡口通知/articles/1")["references"]
    assert [(r["title"], r["url"]) for r in references] == [("某某法", None), ("船员法", None)]


def test_an_article_names_those_that_refer_to_it_each_law_in_its_latest_version(library):
    found = read(library, "船员法/articles/2")["referred_by"]
    assert [(m["policy_id"], m["number"]) for m in found] == [("渡口劳动法-2024-01-02", "2")]
    found = read(library, "渡口劳动法-2019-01-02/articles/1")["referred_by"]
    assert [(m["policy_id"], m["number"]) for m in found] == [
        ("渡口劳动法-2019-01-02", "2"),
        ("船员法-2018-05-01", "2"),
    ]


def test_a_law_that_another_replaced_holds_until_that_day(query, tmp_path):
    text = "---\nstatus: superseded\nrepealed: 2008-05-01\nsuccessor: 船员法\n---\n# 渡口条例\n\n第一条 摆渡。\n"
    import_files(query.database, [a_file(tmp_path, "行政法规/条例(1993-07-06).md", text)])
    found = read(query, "渡口条例")
    assert (found["status"], found["successor"]) == ("superseded", "船员法")
    assert read(query, "渡口条例?as_of=2008-04-30")["id"] == found["id"]
    answer = query.call("GET", "/v1/policies/渡口条例?as_of=2008-05-01")
    problem(answer, 404, "not_found")
