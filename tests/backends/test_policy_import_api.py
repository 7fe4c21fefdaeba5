"""Importing policies by HTTP and by command: who may, what is answered, nothing half-imported."""

import argparse
import io
import json
from unittest.mock import patch

import docx
import pytest

from services.query.policies import command
from services.query.policies.import_api import UPLOAD_MOST
from services.query.policies.library import Library
from tests.builders.policies import a_ferry_act, a_file
from tests.web import Web, problem

NOTICE = "渡口部关于船资的通知\n渡部发〔2024〕3号\n各渡口：\n一、按月给付。\n二、不得以鱼代替。\n"
PATH = "/v1/policies/imports"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def upload(web: Web, body, query="?promulgated=2024-05-01", kind="text/plain", token=None):
    headers = web.token("platform_admin") if token is None else token
    content = body.encode() if isinstance(body, str) else body
    return web.app.test_client().post(
        PATH + query, data=content, content_type=kind, headers=headers
    )


def test_a_policy_is_imported_once_and_can_be_read_at_once(query):
    first = upload(query, NOTICE)
    assert first.status_code == 200, first.get_data(as_text=True)
    told = first.get_json()
    assert (told["id"], told["result"]) == ("渡口部关于船资的通知-2024-05-01", "added")
    found = query.call("GET", told["url"]).get_json()
    assert (found["kind"], found["numbers"]) == ("normative_document", ["渡部发〔2024〕3号"])
    assert found["issuer"] == "渡口部"
    assert upload(query, NOTICE).get_json()["result"] == "unchanged"
    assert upload(query, NOTICE + "三、完。\n").get_json()["result"] == "changed"
    assert Library(query.database).revision() == 2


def test_what_is_stated_in_the_address_wins(query):
    stated = "?kind=question_and_answer&region=370000&title=船资问答&subject=工资&issuer=甲、乙"
    told = upload(query, "问：何时？\n答：按月。\n", stated + "&document_number=甲1号").get_json()
    found = query.call("GET", told["url"]).get_json()
    assert (found["id"], found["kind"], found["region"]) == (
        "船资问答",
        "question_and_answer",
        "370000",
    )
    assert (found["category"], found["issuers"], found["numbers"]) == (
        "工资",
        ["甲", "乙"],
        ["甲1号"],
    )


def test_every_form_of_file_is_taken(query):
    document = docx.Document()
    for line in NOTICE.splitlines():
        document.add_paragraph(line)
    content = io.BytesIO()
    document.save(content)
    page = "<h1>渡口部关于船资的通知</h1>" + "".join(f"<p>{x}" for x in NOTICE.splitlines()[1:])
    results = [
        upload(query, content.getvalue(), kind=WORD),
        upload(query, page, kind="text/html; charset=utf-8"),
        upload(query, NOTICE.encode("gb18030")),
        upload(query, f"# {NOTICE}", kind="text/markdown", query="?name=通知(2024-05-01).md"),
    ]
    assert [r.get_json()["result"] for r in results] == ["added", *["unchanged"] * 3]
    assert [len(r.get_json()["notes"]) for r in results] == [0, 0, 1, 0]


def test_a_faulty_file_is_refused_by_line_and_leaves_no_trace(query):
    answer = upload(query, "渡口条例\n第一条 摆渡。\n第三条 船资。\n", "?kind=local_rule")
    refused = problem(answer, 422, "policy_unreadable")
    [fault] = refused["faults"]
    assert (fault["line"], fault["code"]) == (3, "article_out_of_order")
    assert query.database.policies.count_documents({}) == 0
    assert Library(query.database).revision() == 0


@pytest.mark.parametrize(
    "asked,pointer",
    [
        ("?kind=sonnet", "/kind"),
        ("?region=渡口省", "/region"),
        ("?promulgated=soon", "/promulgated"),
        ("?colour=red", "/colour"),
        ("?status=asleep", "/status"),
    ],
)
def test_what_is_stated_wrongly_is_refused(query, asked, pointer):
    refused = problem(upload(query, NOTICE, asked), 422, "validation_failed")
    assert [e["pointer"] for e in refused["errors"]] == [pointer]


def test_a_file_may_have_two_mebibytes_and_no_byte_more(query):
    padded = NOTICE.encode() + b" " * (UPLOAD_MOST - len(NOTICE.encode()))
    assert upload(query, padded).status_code == 200
    problem(upload(query, padded + b" "), 413, "body_too_large")
    chunked = query.app.test_client().post(
        PATH,
        input_stream=io.BytesIO(padded + b" "),
        content_type="text/plain",
        headers={**query.token("platform_admin"), "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    problem(chunked, 413, "body_too_large")
    problem(upload(query, NOTICE, kind="application/pdf"), 415, "unsupported_media_type")


def test_only_administrators_of_the_whole_country_import(query):
    problem(upload(query, NOTICE, token={}), 401, "unauthorised")
    problem(upload(query, NOTICE, token=query.token("mediator")), 403, "forbidden")
    local = query.token("platform_admin", divisions=("37",))
    problem(upload(query, NOTICE, token=local), 404, "not_found")
    assert query.database.policies.count_documents({}) == 0


# --- the command -------------------------------------------------------------------------------


def run(query: Web, *arguments: str) -> int:
    """The exit status of `policies …`."""
    parser = argparse.ArgumentParser()
    for name, options in command.ARGUMENTS:
        parser.add_argument(name, **options)
    try:
        with patch.object(command, "connect", return_value=query.database):
            command.run(query.settings, parser.parse_args(arguments))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_the_command_imports_lists_and_removes(query, tmp_path, capsys):
    a_ferry_act(tmp_path)
    assert run(query, "import", str(tmp_path)) == 0
    assert capsys.readouterr().out.startswith("1 added, 0 changed, 0 unchanged")
    assert run(query, "list") == 0
    assert "渡口劳动法-2019-01-02  Law  in_force  3 articles" in capsys.readouterr().out
    assert run(query, "remove", "渡口劳动法-2019-01-02") == 0
    assert run(query, "remove", "渡口劳动法-2019-01-02") == 1
    assert query.database.policies.count_documents({}) == 0


def test_the_command_reports_by_file_and_line_and_imports_the_rest(query, tmp_path, capsys):
    a_ferry_act(tmp_path)
    bad = a_file(tmp_path, "社会法/坏法(2020-01-01).md", "# 坏法\n\n第二条 摆渡。\n")
    assert run(query, "import", str(tmp_path), "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["added"] == ["渡口劳动法-2019-01-02"]
    [fault] = told["faults"]
    assert (fault["file"], fault["line"], fault["code"]) == (str(bad), 3, "article_out_of_order")
    assert set(fault["message"]) == {"zh", "en"}


def test_the_command_states_what_files_do_not_tell(query, tmp_path, capsys):
    path = a_file(tmp_path, "守则.txt", "渡口守则\n第一条 摆渡。\n")
    assert run(query, "import", str(path)) == 1
    assert f"{path}:1: " in capsys.readouterr().out
    assert (
        run(query, "import", str(path), "--kind", "规范性文件", "--promulgated", "2024-05-01") == 0
    )
    assert query.database.policies.find_one({"_id": "渡口守则-2024-05-01"})
    assert run(query, "import", str(path), "--kind", "sonnet") == 2
    assert run(query, "import") == 2
