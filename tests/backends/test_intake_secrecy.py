"""Nothing personal lies open: not in the database, the log, the metrics, or an error's text."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import orjson
import pytest

from services.intake import app as intake_app
from shared.sealing import new_key
from tests.builders.applications import an_agent, an_application, an_id_number
from tests.builders.evidence import PROGRAM, a_jpeg
from tests.web import Web

WORDS = {
    "/applicant/name": "欧阳慕雪",
    "/applicant/email": "muxue.ouyang@mail.example",
    "/applicant/phone": "13911112222",
    "/applicant/correspondence_address": "山东省济南市历下区无名巷77号",
    "/applicant/wechat": "muxue-wechat-77",
    "/respondents/0/name": "济南慕雪山庄有限公司（虚构）",
    "/respondents/0/legal_representative": "司徒望舒",
    "/respondents/0/contact_name": "诸葛经理",
    "/respondents/0/phone": "053144445555",
    "/respondents/0/address": "山东省济南市历下区慕雪山庄1号",
    "/dispute/facts_and_reasons": "我在慕雪山庄做保洁，被拖欠三个月工资。",
    "/dispute/cause": "慕雪山庄有限公司诸葛经理拖欠工资不付",
    "/claims/0/text": "请求支付欠我的血汗钱",
    "/attachments/0/file_name": "欧阳慕雪工资条.jpg",
    "/evidence_note": "材料在慕雪山庄前台",
}
AGENT = an_agent(name="百里屠苏", phone="13722223333", email="tusu@mail.example")
BODY: dict[str, Any] = an_application({**WORDS, "/agent": AGENT})


def secrets_of(body: dict[str, Any]) -> Iterator[str]:
    """Everything of the form that must not be readable anywhere."""
    yield from (str(value) for value in WORDS.values())
    yield from ("慕雪", "13911112222", "053144445555", "53144445555", "血汗钱", "无名巷")
    yield from (body["applicant"]["id_number"], body["respondents"][0]["uscc"])
    yield from (AGENT[name] for name in ("name", "phone", "email", "id_number"))


def found_in(text: str) -> list[str]:
    """Which of them are, in any of the forms a program writes text in."""
    forms = {
        word: (word, word.encode("unicode_escape").decode(), orjson.dumps(word).decode()[1:-1])
        for word in secrets_of(BODY)
    }
    return [word for word, written in forms.items() if any(form in text for form in written)]


def everything(web: Web) -> str:
    return web.dump().decode("utf-8", "replace")


def lived(web: Web) -> dict[str, Any]:
    """An application with evidence, a supplement, a withdrawal and a draft."""
    answer = web.call("POST", "/v1/applications", BODY).get_json()
    path = f"/v1/applications/{answer['serial_number']}"
    statement = WORDS["/dispute/facts_and_reasons"]
    added = {"statement": statement, "attachments": [BODY["attachments"][0]]}
    reason = {"reason": WORDS["/claims/0/text"]}
    calls: list[tuple[str, str, Any, int]] = [
        ("PUT", f"{path}/attachments/0", PROGRAM, 422),
        ("PUT", f"{path}/attachments/0", a_jpeg(), 200),
        ("POST", f"{path}/supplements", added, 201),
        ("GET", f"{path}/receipt", None, 200),
        ("POST", f"{path}/withdrawal", reason, 200),
        ("POST", "/v1/drafts", BODY, 201),
    ]
    for method, where, body, status in calls:
        holder = {"X-Query-Code": answer["query_code"]}
        assert web.call(method, where, body, headers=holder).status_code == status
    return dict(answer)


def test_the_database_holds_no_readable_word_of_anybody(intake: Web) -> None:
    answer = lived(intake)
    text = everything(intake)
    assert intake.count().keys() == {"applications", "drafts", "evidence.files", "evidence.chunks"}
    assert found_in(text) == []
    assert answer["query_code"] not in text
    assert answer["query_code"].replace("-", "") not in text
    assert answer["serial_number"] in text  # so the search does find what is there


def test_log_metrics_and_answers_hold_no_word_of_anybody_else(
    intake: Web, logged: io.StringIO
) -> None:
    lived(intake)
    broken = [
        intake.call("POST", "/v1/applications", {**BODY, "慕雪": 1, "claims": "血汗钱"}),
        intake.call("POST", "/v1/applications", {**BODY, "applicant": {**BODY["applicant"], "phone": "欧阳慕雪", "id_number": "慕雪"}}),
        intake.call("POST", "/v1/applications", orjson.dumps(BODY)[:-1]),
        intake.call("PUT", "/v1/applications/欧阳慕雪/attachments/0", b"x"),
        intake.call("GET", "/欧阳慕雪"),
        intake.call("GET", "/v1/drafts/欧阳慕雪"),
        intake.call("GET", "/v1/applications/2634626885086477/receipt?phone=13911112222",
                    headers={"X-Query-Code": "13911112222", "X-Request-Id": "欧阳慕雪".encode().decode("latin-1")}),
    ]  # fmt: skip
    with patch("services.intake.handlers.triage", side_effect=RuntimeError("欧阳慕雪 13911112222")):
        broken.append(intake.call("POST", "/v1/applications", BODY))
    assert broken[-1].status_code == 500
    for response in broken:
        assert 400 <= response.status_code <= 500
        told = response.get_data(as_text=True).replace("/慕雪", "")  # the caller's own field name
        assert found_in(told) == []
    metrics = intake.call("GET", "/metrics").get_data(as_text=True)
    assert 'tiaojie_request_seconds_bucket{le="0.001",method="POST",route="/v1/applications"' in metrics  # fmt: skip
    assert found_in(metrics) == []
    written = logged.getvalue()
    assert "request_refused" in written
    assert "request_failed" in written
    assert found_in(written) == []


def test_the_contact_data_in_the_event_opens_with_the_contact_keys_alone(intake: Web) -> None:
    lived(intake)
    (stored,) = intake.database.applications.find()
    event = stored["outbox"][0]["data"]
    assert event["contacts"].startswith("v1.c1.")
    assert event["cause"] is None  # it names people
    assert found_in(orjson.dumps(event).decode()) == []


# --- key rotation ----------------------------------------------------------------------------


def rotate(web: Web) -> None:
    with patch.object(intake_app, "connect", return_value=web.database):
        intake_app.SERVICE.commands["rotate-keys"].run(web.settings, None)


def test_after_a_rotation_the_old_key_can_go_and_everything_still_opens(
    intake: Web, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = intake.call("POST", "/v1/applications", BODY).get_json()
    path = f"/v1/applications/{answer['serial_number']}"
    holder = {"X-Query-Code": answer["query_code"]}
    draft = intake.call("POST", "/v1/drafts", BODY).get_json()
    intake.call("PUT", f"{path}/attachments/0", a_jpeg(), headers=holder)

    new = f"k2:{new_key()}"
    both = intake.beside(sealing_keys=f"{new},{intake.settings.sealing_keys}")
    # processes of the old and the new keyring serve side by side while it is changed
    for web in (both, intake.beside(sealing_keys=f"{intake.settings.sealing_keys},{new}")):
        added = {"statement": "补充说明"}
        assert web.call("POST", f"{path}/supplements", added, headers=holder).status_code == 201
    before = both.call("GET", f"{path}/receipt", headers=holder).data
    rotate(both)
    assert "1 application(s), 1 draft(s), 1 evidence file(s)" in capsys.readouterr().out
    rotate(both)
    assert "0 application(s), 0 draft(s), 0 evidence file(s)" in capsys.readouterr().out

    only_new = intake.beside(sealing_keys=new)
    assert only_new.call("GET", f"{path}/receipt", headers=holder).data == before
    file = only_new.call("GET", f"{path}/attachments/0", headers=holder)
    assert file.data == a_jpeg()
    assert only_new.call("GET", f"/v1/drafts/{draft['id']}").get_json() == draft
    added = {"attachments": [BODY["attachments"][0]]}
    assert only_new.call("POST", f"{path}/supplements", added, headers=holder).status_code == 201


def test_supplements_of_two_keyrings_are_both_sealed_again(intake: Web) -> None:
    new = f"k2:{new_key()}"
    both = intake.beside(sealing_keys=f"{new},{intake.settings.sealing_keys}")
    answer = both.call("POST", "/v1/applications", BODY).get_json()  # sealed with the new key
    path = f"/v1/applications/{answer['serial_number']}"
    holder = {"X-Query-Code": answer["query_code"]}
    old_first = intake.beside(sealing_keys=f"{intake.settings.sealing_keys},{new}")
    added = {"statement": "补充说明", "attachments": [BODY["attachments"][0]]}
    old_first.call("POST", f"{path}/supplements", added, headers=holder)  # with the old one
    rotate(both)
    only_new = intake.beside(sealing_keys=new)
    assert only_new.call("GET", f"{path}/receipt", headers=holder).status_code == 200


def test_without_the_key_a_receipt_fails_without_a_word(intake: Web, logged: io.StringIO) -> None:
    answer = intake.call("POST", "/v1/applications", BODY).get_json()
    other = intake.beside(sealing_keys=f"k9:{new_key()}")
    response = other.call(
        "GET",
        f"/v1/applications/{answer['serial_number']}/receipt",
        headers={"X-Query-Code": answer["query_code"]},
    )
    assert (response.status_code, response.get_json()["code"]) == (500, "internal")
    assert found_in(response.get_data(as_text=True)) == []
    assert an_id_number() not in logged.getvalue()
