"""Wordings of messages, changed by an administrator on a running system: checked, released, used."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.notify.handlers import Planning, handlers
from services.notify.people.messages import open_body
from services.notify.people.staff import StaffContacts
from services.notify.people.templates import LOOK_SECONDS, Templates
from services.notify.people.wordings import COLLECTION, Wordings
from shared.contracts.envelope import Event
from shared.sealing import Keyring
from tests.builders.events import a_submission, an_event
from tests.builders.notices import CASE_FACTS, QUERY_CODE, SERIAL
from tests.web import Web, problem, running

ALL = "/v1/message-templates"
SMS = f"{ALL}/application.supplemented/sms/zh"
EMAIL = f"{ALL}/application.supplemented/email/zh"
NUMBER = "{{ serial_number }}"
WORDS = f"【调解】已收到补充材料，流水号：{NUMBER}。"


def asked(web: Web, method: str, path: str, body: Any = None, **headers: str) -> Any:
    sent = {**web.token("platform_admin", subject="admin-7"), **headers}
    return web.call(method, path, body, headers=sent)


def got(web: Web, path: str) -> Any:
    answer = asked(web, "GET", path)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def release(web: Web, path: str, text: str, version: int, note: str = "改得更清楚") -> Any:
    body = {"text": text, "note": note}
    return asked(web, "PUT", path, body, **{"If-Match": f'"{version}"'})


class Worker:
    """The planning of a worker that runs all the time, and the clock it looks at."""

    def __init__(self, web: Web) -> None:
        self.now = 0.0
        self._web = web
        self.keyring = Keyring.parse(web.settings.contact_keys)
        releases = Wordings(web.database)
        templates = Templates(web.settings.public_url, releases=releases, clock=lambda: self.now)
        staff = StaffContacts(web.database, self.keyring)
        self._runner = web.runner(handlers(Planning(templates, self.keyring, staff)))
        persons = [{"party": "applicant", "index": 0, "phone": "+8613800000011", "email": None,
                    "language": "zh", "notify": True}]  # fmt: skip
        contacts = orjson.dumps({"persons": persons, "query_code": QUERY_CODE})
        sealed = self.keyring.seal(contacts, f"contacts:{SERIAL}")
        self.apply(a_submission(serial=SERIAL, contacts=sealed))

    def apply(self, event: Event) -> None:
        self._runner.apply([event.to_json()])
        assert [k["reason"] for k in self._web.database.set_aside.find()] == []

    def supplemented(self, sequence: int) -> tuple[int, str]:
        """Version and words of the message about a supplement."""
        facts = CASE_FACTS["application.supplemented"]
        self.apply(an_event("application.supplemented", serial=SERIAL, sequence=sequence, **facts))
        kept = self._web.database.messages.find_one(
            {"event_name": "application.supplemented", "sequence": sequence, "channel": "sms"}
        )
        assert kept is not None
        assert kept["template"] == "application.supplemented/sms.zh"
        return kept["template_version"], open_body(kept, self.keyring).text


def test_a_released_wording_is_what_new_messages_say_within_seconds_and_old_ones_keep_theirs(
    notify: Web,
) -> None:
    worker = Worker(notify)
    version, before = worker.supplemented(2)
    assert version == 1
    answer = release(notify, SMS, WORDS, 1)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.headers["ETag"] == '"2"'
    shown = answer.get_json()
    assert (shown["version"], shown["origin"], shown["released_by"]) == (2, "release", "admin-7")
    assert worker.supplemented(3) == (1, before), "it has looked a moment ago"
    worker.now += LOOK_SECONDS
    text = WORDS.replace(NUMBER, "2634 6268 8508 6477")
    assert worker.supplemented(4) == (2, text)
    kept = notify.database.messages.find({"event_name": "application.supplemented"})
    assert sorted((m["sequence"], m["template_version"]) for m in kept) == [(2, 1), (3, 1), (4, 2)]


def test_back_to_an_earlier_wording_is_its_text_released_anew(notify: Web) -> None:
    (first,) = got(notify, f"{SMS}/versions")["items"]
    assert release(notify, SMS, WORDS, 1).status_code == 200
    assert release(notify, SMS, first["text"], 2, "回到原来的").status_code == 200
    items = got(notify, f"{SMS}/versions")["items"]
    assert [(i["version"], i["origin"], i["note"]) for i in items] == [
        (3, "release", "回到原来的"), (2, "release", "改得更清楚"), (1, "file", None),
    ]  # fmt: skip
    assert items[0]["text"] == items[2]["text"] == first["text"]
    version, text = Worker(notify).supplemented(2)
    assert (version, text) == (3, first["text"].replace(NUMBER, "2634 6268 8508 6477").replace(
        '{{ "您代理的" if party == "agent" else "您的" }}', "您的"
    ))  # fmt: skip


def test_who_has_not_seen_the_newest_version_is_told_which_it_is(notify: Web) -> None:
    assert release(notify, SMS, WORDS, 1).status_code == 200
    stale = problem(release(notify, SMS, f"{WORDS}好。", 1), 412, "version_conflict")
    assert stale["current_version"] == 2
    body = {"text": WORDS, "note": "x"}
    problem(asked(notify, "PUT", SMS, body), 428, "version_required")
    problem(asked(notify, "PUT", SMS, body, **{"If-Match": "*"}), 428, "version_required")
    assert notify.database[COLLECTION].count_documents({}) == 1


def test_of_many_who_release_at_once_one_does(notify: Web) -> None:
    def put(number: int) -> int:
        return int(release(notify, SMS, f"{WORDS}（{number}）", 1).status_code)

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(put, range(6))) == [200, 412, 412, 412, 412, 412]
    assert [i["version"] for i in got(notify, f"{SMS}/versions")["items"]] == [2, 1]


def test_the_same_words_again_are_no_new_version(notify: Web) -> None:
    (first,) = got(notify, f"{SMS}/versions")["items"]
    same = release(notify, SMS, first["text"], 1)
    assert same.status_code == 200
    assert (same.get_json()["version"], same.get_json()["approval"]) == (1, None)
    assert notify.database[COLLECTION].count_documents({}) == 0


def test_what_must_not_go_out_is_refused_at_its_field_and_nothing_is_kept(notify: Web) -> None:
    text = "案件{{ query_code }}"
    for answer in (
        release(notify, SMS, text, 1),
        asked(notify, "POST", f"{SMS}/preview", {"text": text}),
    ):
        (error,) = problem(answer, 422, "validation_failed")["errors"]
        assert (error["pointer"], error["code"]) == ("/text", "unknown_variable")
    several = problem(release(notify, SMS, "请拨打13800000011", 1), 422, "validation_failed")
    assert {e["code"] for e in several["errors"]} == {
        "missing_variable", "signature_missing", "phone_forbidden",
    }  # fmt: skip
    english = asked(
        notify, "POST", f"{SMS}/preview", {"text": "请拨打"}, **{"Accept-Language": "en"}
    )
    assert "begins with" in str(english.get_json()["errors"])
    for body, pointer in (
        ({"text": WORDS}, "/note"), ({"note": "x"}, "/text"), ({"text": 1, "note": "x"}, "/text"),
        ({"text": "长" * 5001, "note": "x"}, "/text"), ({"text": WORDS, "note": "x" * 501}, "/note"),
        ({"text": WORDS, "note": "x", "version": 9}, "/version"), ({"text": "\x00", "note": "x"}, "/text"),
    ):  # fmt: skip
        refused = problem(
            asked(notify, "PUT", SMS, body, **{"If-Match": "1"}), 422, "validation_failed"
        )
        assert [e["pointer"] for e in refused["errors"]] == [pointer]
    assert notify.database[COLLECTION].count_documents({}) == 0


def test_a_preview_shows_every_reader_what_it_would_get_and_keeps_nothing(notify: Web) -> None:
    shown = asked(notify, "POST", f"{SMS}/preview", {"text": WORDS}).get_json()
    assert [(p["audience"], p["kind"], p["segments"]) for p in shown["previews"]] == [
        (audience, kind, 1)
        for kind in ("usual", "longest", "least")
        for audience in ("applicant", "agent")
    ]
    assert shown["previews"][0]["text"] == WORDS.replace(NUMBER, "2634 6268 8508 6477")
    assert shown["previews"][0]["cost"] == "按1条短信计费"
    assert "报备" in shown["approval"]
    assert shown["warnings"] == []
    email = asked(notify, "POST", f"{EMAIL}/preview", {}).get_json()
    assert email["approval"] is None
    assert email["previews"][0]["subject"]
    assert (email["previews"][0]["segments"], email["previews"][0]["cost"]) == (None, None)
    assert notify.database[COLLECTION].count_documents({}) == 0


def test_all_wordings_are_listed_with_where_their_newest_version_is_from(notify: Web) -> None:
    before = got(notify, ALL)["items"]
    assert {i["origin"] for i in before} == {"file"}
    assert {(i["channel"], i["language"]) for i in before} == {
        (channel, language) for channel in ("sms", "email") for language in ("zh", "en")
    }
    assert release(notify, SMS, WORDS, 1).status_code == 200
    changed = [i for i in got(notify, ALL)["items"] if i not in before]
    assert len(got(notify, ALL)["items"]) == len(before)
    (item,) = changed
    assert item["released_at"]
    del item["released_at"]
    assert item == {
        "wording": "application.supplemented", "channel": "sms", "language": "zh", "version": 2,
        "origin": "release", "released_by": "admin-7", "note": "改得更清楚",
    }  # fmt: skip


def test_a_wording_says_who_reads_it_what_it_may_say_and_what_it_says(notify: Web) -> None:
    shown = got(notify, f"{ALL}/case.consent_sought.respondent")
    assert (shown["event"], shown["audiences"]) == ("case.consent_sought", ["respondent"])
    values = {v["name"]: v for v in shown["values"]}
    assert values["code"]["required"]
    assert values["serial_number"]["required"]
    assert values["due_on"]["may_be_missing"]
    assert values["party"]["choices"] == ["respondent"]
    assert values["organisation"]["longest"] == 40
    assert all(v["meaning"] and v["example"] for v in shown["values"])
    assert [(t["channel"], t["language"], t["version"], t["in_use"]) for t in shown["texts"]] == [
        ("email", "en", 1, 1), ("email", "zh", 1, 1), ("sms", "en", 1, 1), ("sms", "zh", 1, 1),
    ]  # fmt: skip
    assert shown["warnings"] == []
    for item in got(notify, ALL)["items"]:
        assert got(notify, f"{ALL}/{item['wording']}")["warnings"] == []


def test_a_difference_between_the_languages_is_told_and_not_refused(notify: Web) -> None:
    text = f"{WORDS}{{{{ organisation }}}}"
    shown = release(notify, SMS, text, 1).get_json()
    assert any("organisation" in warning for warning in shown["warnings"])
    assert got(notify, f"{ALL}/application.supplemented")["warnings"]


def test_a_release_that_this_program_cannot_fill_is_shown_as_not_in_use(notify: Web) -> None:
    """A deployment may give other values than the one it was written for."""
    assert release(notify, SMS, WORDS, 1).status_code == 200
    notify.database[COLLECTION].update_one({}, {"$set": {"text": "【调解】{{ of_another_time }}"}})
    worker = Worker(notify)
    assert worker.supplemented(2)[0] == 1
    (text,) = [
        t
        for t in got(notify, f"{ALL}/application.supplemented")["texts"]
        if (t["channel"], t["language"]) == ("sms", "zh")
    ]
    assert (text["version"], text["in_use"]) == (2, 1)
    assert asked(notify, "POST", f"{SMS}/preview", {}).status_code == 200
    assert release(notify, SMS, WORDS, 2).get_json()["version"] == 3


@pytest.mark.parametrize(
    "path",
    [
        f"{ALL}/case.nonsense", f"{ALL}/case.archived", f"{ALL}/application.submitted.staff",
        f"{ALL}/..%2Fsecrets", f"{ALL}/phone.code_requested/email/zh/versions",
        f"{ALL}/case.closed/fax/zh/versions", f"{ALL}/case.closed/sms/fr/versions",
    ],
)  # fmt: skip
def test_there_are_no_other_wordings(notify: Web, path: str) -> None:
    problem(asked(notify, "GET", path), 404, "not_found")


def test_the_wording_of_the_country_is_for_platform_administrators_of_no_division(
    notify: Web,
) -> None:
    body = {"text": WORDS, "note": "x"}
    calls = [
        ("GET", ALL, None), ("GET", f"{ALL}/case.closed", None), ("GET", f"{SMS}/versions", None),
        ("POST", f"{SMS}/preview", {}), ("PUT", SMS, body),
    ]  # fmt: skip
    provincial = notify.token("platform_admin", divisions=("37",)) | {"If-Match": "1"}
    for method, path, content in calls:
        problem(notify.call(method, path, content, headers=provincial), 404, "not_found")
        problem(notify.call(method, path, content), 401, "unauthorised")
        for role in ("organisation_admin", "mediator", "applicant", "partner", "auditor"):
            refused = notify.call(method, path, content, headers=notify.token(role))
            problem(refused, 403, "forbidden")
    assert notify.database[COLLECTION].count_documents({}) == 0


def test_vendors_that_have_approved_the_words_are_not_asked_again(
    mongo_url: str, tmp_path: Path
) -> None:
    codes = tmp_path / "codes.json"
    codes.write_text(
        json.dumps(
            {
                "aliyun": {"SMS_1": "已收到补充材料，流水号：${number}。"},
                "tencent": {"1": "别的{1}。"},
            }
        ),
        "utf-8",
    )
    vendors = {"sms_providers": "aliyun,tencent", "sms_template_codes": str(codes)}
    with running("notify", mongo_url, tmp_path, **vendors) as web:
        shown = asked(web, "POST", f"{SMS}/preview", {"text": WORDS}).get_json()
        assert "tencent" in shown["approval"]
        assert "aliyun" not in shown["approval"]


def test_without_a_database_it_says_so(notify: Web) -> None:
    away = notify.beside(
        mongo_url="mongodb://127.0.0.1:1/?replicaSet=rs0", backend_timeout_seconds=0.3
    )
    for method, path, body in (("GET", ALL, None), ("POST", f"{SMS}/preview", {})):
        problem(asked(away, method, path, body), 503, "unavailable")
